"""How far a share that was measured on a sample may lie from the true one."""

from __future__ import annotations

import math

# Quantile of the standard normal distribution for 95 % confidence, both sides.
Z_95 = 1.959963984540054


def wilson_interval(good: int, total: int, z: float = Z_95) -> tuple[float, float] | None:
    """The score interval of a proportion.

    Formula: E. B. Wilson, Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 22
    (1927); it stays within 0-1 and holds for small samples and shares near the ends, where the normal approximation
    does not (L. D. Brown, T. T. Cai, A. DasGupta, Interval estimation for a binomial proportion, Stat. Sci. 16, 2001).

    Args:
        good: 0 to total.
        total: Number of answers.
        z: Quantile of the standard normal distribution.

    Returns:
        (low, high), each 0-1; None without answers.

    Raises:
        ValueError: good is not within 0 and total.
    """
    if not 0 <= good <= total:
        raise ValueError(f"{good} of {total} is no share")
    if total == 0:
        return None
    share, square = good / total, z * z / total
    centre = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / total + square / (4 * total)) / (1 + square)
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if good == 0 else max(0.0, centre - half)
    high = 1.0 if good == total else min(1.0, centre + half)
    return low, high
