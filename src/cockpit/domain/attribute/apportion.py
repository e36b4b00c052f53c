"""Round parts to whole units, such as cents, so that their sum stays what it is."""

from __future__ import annotations

import numpy as np

from cockpit.domain.attribute.paths import Indexes, Numbers

# Parts that differ by less are the same part, computed in another order.
_SAME = 6


def apportion(parts: Numbers, total: int) -> Indexes:
    """Whole numbers near the parts with exactly this sum, by the method of the largest remainder.

    Args:
        parts: In units; their sum is about `total`.
        total: In units.

    Returns:
        Each part rounded down, or up where its remainder is among the largest; of equal remainders the first ones.

    Raises:
        ValueError: the parts do not sum up to the total.
    """
    if abs(parts.sum() - total) > max(1.0, abs(total) * 1e-9):
        raise ValueError("the parts do not sum up to the total")
    exact = np.round(parts, _SAME)
    rounded = np.floor(exact).astype(np.int64)
    missing = total - int(rounded.sum())
    by_remainder = np.argsort(rounded - exact, kind="stable")
    # Above 0 as a rule; a sum of many parts may be a little off.
    chosen = by_remainder[:missing] if missing >= 0 else by_remainder[missing:]
    rounded[chosen] += np.sign(missing)
    return rounded
