"""Paths as columns: the touches of many paths, one after the other, so that millions are handled at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Paths:
    """Touches in the order of their paths, within a path in the order of time.

    Attributes:
        path: Number of each touch's path, from 0 without gaps and never falling: every path has a touch.
        channel: Number of each touch's channel.
        days_before: Days from each touch to the end of its path, not negative.
        count: How many journeys went along each path.
    """

    path: Indexes
    channel: Indexes
    days_before: Numbers
    count: Numbers

    @classmethod
    def of(
        cls,
        channels: Sequence[Sequence[int]],
        count: Sequence[float] | None = None,
        days_before: Sequence[Sequence[float]] | None = None,
    ) -> Self:
        """From one sequence of channels for each path; each path once and all touches on its last day by default.

        Raises:
            ValueError: a path has no touch.
        """
        lengths = [len(path) for path in channels]
        days = [0.0] * sum(lengths) if days_before is None else [day for path in days_before for day in path]
        if 0 in lengths:
            raise ValueError("a path without a touch has nobody to credit")
        return cls(
            np.repeat(np.arange(len(channels)), lengths),
            np.array([channel for path in channels for channel in path], dtype=np.int64),
            np.array(days, dtype=float),
            np.ones(len(channels)) if count is None else np.array(count, dtype=float),
        )

    @property
    def length(self) -> Indexes:
        """Touches of each path."""
        return np.bincount(self.path, minlength=len(self.count))

    @property
    def is_first(self) -> NDArray[np.bool_]:
        """Of each touch, whether it is the first of its path."""
        return np.diff(self.path, prepend=-1) > 0

    @property
    def is_last(self) -> NDArray[np.bool_]:
        """Of each touch, whether it is the last of its path."""
        return np.diff(self.path, append=len(self.count)) > 0


def sum_by_path(paths: Paths, weights: Numbers) -> Numbers:
    """The sum over the touches of each path."""
    return np.asarray(np.bincount(paths.path, weights=weights, minlength=len(paths.count)), dtype=float)


def sum_by_channel(paths: Paths, credit: Numbers, channels: int) -> Numbers:
    """The sum over the touches of each channel.

    Args:
        credit: Of each touch.
        channels: How many there are.
    """
    return np.asarray(np.bincount(paths.channel, weights=credit, minlength=channels), dtype=float)
