"""Recognise texts that nobody meant as a name: keys pressed in a row, numbers, addresses, broken encodings."""

from __future__ import annotations

import re
from collections.abc import Iterable

_E_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}")
_WEB_ADDRESS = re.compile(r"https?:|www\.[^\s.]+\.", re.IGNORECASE)
_FORMULA = re.compile(r"[=+\-@][a-z.]+\(", re.IGNORECASE)
_MARKUP = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
# A unified social credit code or an identity-card number.
_CODE = re.compile(r"(?=.*\d{6})[0-9a-z]{18}")
_RUN = 3
_SURE_LENGTH = 4


class NotAName:
    """Patterns that no name has.

    Args:
        rows: Rows of keys, lower case; four in a row, in either direction, are a pattern.
        words: Further patterns, lower case.
        damage: What a wrong encoding leaves behind.
    """

    def __init__(self, rows: Iterable[str], words: Iterable[str], damage: Iterable[str]) -> None:
        self._rows = [way for row in rows for way in (row, row[::-1])]
        self._starts = frozenset(row[at : at + _RUN] for row in self._rows for at in range(len(row) - _RUN + 1))
        self._words = frozenset(words)
        self._damage = re.compile("|".join(map(re.escape, damage)) or r"(?!)")
        self._suspicious = re.compile(
            f"{self._damage.pattern}|@|^https?:|^www\\.|^[0-9a-z]{{18}}$|^[=+-]|<", re.IGNORECASE
        )

    def fault(self, text: str) -> str:
        """Why a levelled, lower-case text is no name: a reason, empty when it may be one."""
        if not (text[:1].isalpha() or _LETTER.search(text)):
            if self._damage.search(text):
                return "damaged"
            return "digits_only" if _DIGIT.search(text) else "no_letters"
        if self.is_keyboard_pattern(text):
            return "keyboard_pattern"
        if not self._suspicious.search(text):
            return ""
        if self._damage.search(text):
            return "damaged"
        if _FORMULA.match(text):
            return "formula"
        if _MARKUP.search(text):
            return "markup"
        if "@" in text and _E_MAIL.fullmatch(text):
            return "e_mail"
        if _WEB_ADDRESS.match(text):
            return "web_address"
        if len(text) == 18 and _CODE.fullmatch(text):
            return "code"
        return ""

    def is_keyboard_pattern(self, text: str) -> bool:
        """Whether a levelled, lower-case text was typed by keys in a row or by one key."""
        if text in self._words:
            return True
        if len(text) < _RUN:
            return False
        if text[0] == text[1] and text.count(text[0]) == len(text):
            return True
        return text[:_RUN] in self._starts and self._is_run(text)

    @staticmethod
    def is_sure(text: str) -> bool:
        """Whether a pattern is too long for the initials of somebody's company."""
        return len(text) >= _SURE_LENGTH or not text.isascii()

    def _is_run(self, text: str) -> bool:
        if len(text) < _SURE_LENGTH:
            return False
        at = 0
        while at < len(text):
            end = at + _RUN
            if text[at:end] not in self._starts:
                return False
            while end < len(text) and any(text[at : end + 1] in row for row in self._rows):
                end += 1
            at = end
        return True
