"""Find the words of a rule in a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from cockpit.domain.normalise.decided import decision_key


def any_word(words: Iterable[str], level: Callable[[str], str] = decision_key) -> re.Pattern[str]:
    """A pattern of any of the words, the longest first; Latin ones only where no letter goes on.

    Args:
        words: As in a rule file; without any the pattern matches nothing.
        level: Writes a word as the texts are written that are searched.
    """
    levelled = {level(word) for word in words} - {""}
    return re.compile("|".join(map(_bounded, sorted(levelled, key=lambda word: (-len(word), word)))) or r"(?!)")


def _bounded(word: str) -> str:
    before = r"(?<![a-z])" if "a" <= word[0] <= "z" else ""
    after = r"(?![a-z])" if "a" <= word[-1] <= "z" else ""
    return f"{before}{re.escape(word)}{after}"
