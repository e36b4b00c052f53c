"""Models that look at one path at a time: the share of each of its touches, 1 in sum over the path.

What a path brought, times the share of a touch, is that touch's credit.
"""

from __future__ import annotations

import numpy as np

from cockpit.domain.attribute.paths import Numbers, Paths, sum_by_path


def first_touch(paths: Paths) -> Numbers:
    """All for the touch that came first."""
    return paths.is_first.astype(float)


def last_touch(paths: Paths) -> Numbers:
    """All for the touch that came last."""
    return paths.is_last.astype(float)


def linear(paths: Paths) -> Numbers:
    """The same for every touch; a channel that comes twice counts twice."""
    return 1 / paths.length[paths.path]


def time_decay(paths: Paths, half_life_days: float) -> Numbers:
    """In proportion to 2^(-days before the end / half-life).

    Args:
        half_life_days: A touch that is older by so many days counts half; above 0.
    """
    # Counted from the newest touch of the path, so that old paths do not vanish in rounding.
    newest = np.full(len(paths.count), np.inf)
    np.minimum.at(newest, paths.path, paths.days_before)
    weights = np.exp2(-(paths.days_before - newest[paths.path]) / half_life_days)
    return _in_proportion(paths, weights)


def position(paths: Paths, first: float = 0.4, last: float = 0.4) -> Numbers:
    """Fixed shares for the first and the last touch, the rest in equal parts for those between.

    Of two touches each gets in proportion to the two shares; a single one gets all.

    Args:
        first, last: 0-1, together at most 1.
    """
    length = paths.length[paths.path]
    between = (1 - first - last) / np.maximum(length - 2, 1)
    weights = np.where(length > 2, between, 0.0)
    ends = (first, last) if first + last > 0 else (0.5, 0.5)
    has_middle = length > 2
    weights = np.where(paths.is_first, np.where(has_middle, first, ends[0]), weights)
    weights = np.where(paths.is_last & ~paths.is_first, np.where(has_middle, last, ends[1]), weights)
    return _in_proportion(paths, np.where(length == 1, 1.0, weights))


def shapley(paths: Paths) -> Numbers:
    """The same for every distinct channel of the path, in equal parts for its touches.

    This is the Shapley value of the game in which a group of channels is worth what the paths brought that touch no
    channel outside of it: each path is a game of unanimity among its channels, whose value is an equal share, and the
    value is additive over games (Zhao, Mahboobi and Bagheri: Shapley value methods for attribution modeling in online
    advertising, 2018, section 3). So it is exact without going through all groups.
    """
    channels = int(paths.channel.max(initial=0)) + 1
    _pairs, pair_of_touch, touches = np.unique(
        paths.path * channels + paths.channel, return_inverse=True, return_counts=True
    )
    return _in_proportion(paths, 1 / touches[pair_of_touch])


def _in_proportion(paths: Paths, weights: Numbers) -> Numbers:
    return weights / sum_by_path(paths, weights)[paths.path]
