"""Remember answers about texts that repeat, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

# Pages, browsers and visitors repeat; with the length below this is at most some 50 MB.
_MOST = 1 << 15
_LONGEST = 512


def remembering(function: Callable[[str], T]) -> Callable[[str], T]:
    """The same pure function; a long text is asked anew each time, or it would make the bound worthless."""
    remembered = lru_cache(_MOST)(function)

    def call(text: str) -> T:
        return remembered(text) if len(text) <= _LONGEST else function(text)

    return call
