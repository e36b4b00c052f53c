"""Quantiles of measured seconds."""

from __future__ import annotations

from collections.abc import Sequence


def quantile(seconds: Sequence[float], share: float) -> float:
    """The least of the values that so many are not above: of 20 the 0.95 quantile is the second greatest."""
    ordered = sorted(seconds)
    return ordered[max(-int(-share * len(ordered) // 1), 1) - 1]


def milliseconds(seconds: float) -> float:
    """Rounded as it is kept."""
    return round(seconds * 1000, 1)
