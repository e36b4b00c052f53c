"""Take differences out of a text that say nothing: width, invisible characters, space, traditional script."""

from __future__ import annotations

import functools
import re
import unicodedata

import opencc

# Longer ones are no value of any kind; they are not looked into, so that a hostile text costs nothing.
LONGEST_TEXT = 400

# Control characters, zero-width characters, direction marks, soft hyphen, byte order mark, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """One width (NFKC), no invisible characters, single spaces, none at the ends. Keeps case and script. Idempotent."""
    # Letters and digits in one width hold nothing that is taken out.
    if text.isalnum() and (text.isascii() or unicodedata.is_normalized("NFKC", text)):
        return text
    before = None
    # A removed mark may let a letter and an accent join.
    while text != before:
        before = text
        text = _SPACE.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).strip()
    return text


@functools.cache
def _traditional_to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def to_simplified(text: str) -> str:
    """Traditional characters as simplified ones; other characters stay. Joined texts cost less than single ones."""
    return text if text.isascii() else str(_traditional_to_simplified().convert(text))
