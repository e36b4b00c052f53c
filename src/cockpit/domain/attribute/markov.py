"""How much would be lost without a channel: the removal effect in a Markov chain of first order.

The states are a start, the channels, and two ends: conversion and nothing. A step's probability is its share among all
steps from the same state; a channel that comes twice in a row leads to itself. Without a channel, every step to it
leads to nothing. What is lost then, in proportion over the channels, is their share (Anderl, Becker, von Wangenheim and
Schumann: Mapping the customer journey, 2016).
"""

from __future__ import annotations

import numpy as np

from cockpit.domain.attribute.paths import Numbers, Paths, sum_by_channel
from cockpit.domain.attribute.shares import linear


def removal_effects(paths: Paths, values: Numbers, channels: int) -> Numbers:
    """Of each channel the share of all value that is lost without it, 0-1; their sum is seldom 1.

    Args:
        values: What each path brought, over all its journeys; 0 where they led to nothing.
        channels: How many there are.

    Returns:
        0 for all where nothing was brought.
    """
    start = channels
    here = np.where(paths.is_first, start, np.concatenate(([start], paths.channel[:-1])))
    weights = paths.count[paths.path]
    steps = np.zeros((channels + 1, channels + 1))
    np.add.at(steps, (here, paths.channel), weights)
    ended, brought = np.zeros(channels + 1), np.zeros(channels + 1)
    last = paths.channel[paths.is_last]
    np.add.at(ended, last, paths.count)
    np.add.at(brought, last, values)
    leaving = steps.sum(axis=1) + ended
    leaving[leaving == 0] = 1
    # visits[i, j]: how often a journey that is in i comes to j, counting the beginning.
    visits = np.linalg.inv(np.eye(channels + 1) - steps / leaving[:, None])
    worth = visits @ (brought / leaving)
    if worth[start] <= 0:
        return np.zeros(channels)
    # Whoever comes to a channel at all brings what a journey from there is worth; without it, nothing.
    reached = visits[start, :channels] / np.diag(visits)[:channels]
    effects: Numbers = np.clip(reached * worth[:channels] / worth[start], 0, 1)
    return effects


def markov(paths: Paths, values: Numbers, channels: int) -> Numbers:
    """Credit of each touch; that of all touches of a channel is its part of the sum of removal effects.

    Within a channel, which the chain cannot tell apart, credit goes in proportion to the linear model's over all paths.

    Args:
        values: What each path brought, over all its journeys.
        channels: How many there are.

    Returns:
        In sum what the paths brought; where that is nothing or a loss, which no channel can have prevented, the linear
        model's credit.
    """
    effects = removal_effects(paths, values, channels)
    total = effects.sum()
    if total <= 0:
        return linear(paths) * values[paths.path]
    weights = linear(paths) * paths.count[paths.path]
    of_channel = sum_by_channel(paths, weights, channels)
    of_channel[of_channel == 0] = 1
    credit: Numbers = values.sum() * (effects / total / of_channel)[paths.channel] * weights
    return credit
