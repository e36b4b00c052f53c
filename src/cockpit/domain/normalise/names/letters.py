"""Characters of names: which are Chinese, Japanese or Korean, letters without accents, patterns of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
HAS_HAN = re.compile(f"[{HAN}]")


def alternatives(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; one that never fits when there are none."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return "|".join(map(re.escape, ordered)) or r"(?!)"


def plain_letters(text: str) -> str:
    """Letters without accents: société, societe."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(one for one in apart if not unicodedata.combining(one)))
