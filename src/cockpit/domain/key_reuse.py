"""Tell a record that was corrected from a key that its source has given to somebody else."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz

# One value that differs may be a correction.
_LEAST_COMPARED = 2


def is_somebody_else(
    before: Sequence[str | None], now: Sequence[str | None], *, name_at: int | None, other_name_below: float
) -> bool:
    """Whether two versions of a record are plainly about two different customers.

    Args:
        before, now: The same columns of both versions; None where one has no value.
        name_at: Which of the columns is a name.
        other_name_below: A name is another one when less of it is left than this share, 0 to 1.

    Returns:
        True when the versions differ in every column that both have, and these are two at least; False when in doubt.
    """
    compared = 0
    for place, (old, new) in enumerate(zip(before, now, strict=True)):
        if old is None or new is None:
            continue
        compared += 1
        if old == new:
            return False
        if place == name_at and _likeness(old, new) >= other_name_below:
            return False
    return compared >= _LEAST_COMPARED


def _likeness(one: str, other: str) -> float:
    return fuzz.ratio(_plain(one), _plain(other)) / 100


def _plain(name: str) -> str:
    """A name without differences that say nothing: width, case, spaces, punctuation."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))
