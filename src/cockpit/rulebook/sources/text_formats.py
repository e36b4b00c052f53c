r"""How sources write dates and numbers as text, as patterns that staging applies.

A date pattern uses PostgreSQL's words (`YYYY`, `MM`, `DD`, `HH24`, `MI`, `SS`, `MS`); everything else stands for
itself, text in double quotes too: `DD.MM.YYYY`, `YYYYMMDD`, `YYYY年MM月DD日`. A text that has the pattern's form is put
into ISO order and only then cast, so that no text, the 31st of February included, can make a query fail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from cockpit.i18n import _
from cockpit.rulebook.files import MisfitError, Rule

# Days since 1899-12-30, as Excel stores dates: 45321 is 2024-01-30.
EXCEL_SERIAL = "excel_serial"
# What PostgreSQL reads by itself: 2024-01-30, 2024-01-30T08:00:00+08:00.
ISO = "iso"

_WORDS = {
    "YYYY": r"(\d{4})",
    "HH24": r"(\d{1,2})",
    "MM": r"(\d{1,2})",
    "DD": r"(\d{1,2})",
    "MI": r"(\d{2})",
    "SS": r"(\d{2})",
    "MS": r"(\d{1,6})",
}
# Two digits each where nothing stands between: 20240131 has one reading only.
_FIXED = {"HH24": r"(\d{2})", "MM": r"(\d{2})", "DD": r"(\d{2})"}
_WORD = re.compile(r'YYYY|HH24|MM|DD|MI|SS|MS|"[^"]*"|.', re.DOTALL)
_SPECIAL = re.compile(r"([\\.^$*+?()\[\]{}|])")


@dataclass(frozen=True)
class DatePattern:
    """A pattern as a regular expression and the ISO text made from its groups; both as PostgreSQL writes them."""

    expression: str
    replacement: str


def date_pattern(text: str) -> DatePattern:
    """Translate a pattern.

    Raises:
        ValueError: year, month or day is missing, a word comes twice, or a letter is no word.
    """
    groups: dict[str, int] = {}
    expression = ""
    words = _WORD.findall(text)
    for position, word in enumerate(words):
        if word in _WORDS:
            if word in groups:
                raise ValueError(word)
            groups[word] = len(groups) + 1
            neighbours = {*words[max(position - 1, 0) : position], *words[position + 1 : position + 2]}
            expression += _FIXED.get(word, _WORDS[word]) if neighbours & set(_WORDS) else _WORDS[word]
        elif word.isascii() and word.isalpha() and word != "T":
            raise ValueError(word)
        else:
            literal = word[1:-1] if len(word) > 1 else word
            expression += _SPECIAL.sub(r"\\\1", literal)
    if not {"YYYY", "MM", "DD"} <= set(groups):
        raise ValueError(text)
    replacement = rf"\{groups['YYYY']}-\{groups['MM']}-\{groups['DD']}"
    if "HH24" in groups:
        minute = rf"\{groups['MI']}" if "MI" in groups else "00"
        replacement += rf" \{groups['HH24']}:{minute}"
        replacement += rf":\{groups['SS']}" if "SS" in groups else ""
        replacement += rf".\{groups['MS']}" if {"SS", "MS"} <= set(groups) else ""
    return DatePattern(f"^{expression}$", replacement)


def require_date_formats(formats: tuple[str, ...], *at: str) -> None:
    """Refuse a pattern that staging could not apply.

    Raises:
        MisfitError: naming the pattern.
    """
    for text in formats:
        if text in (EXCEL_SERIAL, ISO):
            continue
        try:
            date_pattern(text)
        except ValueError:
            raise MisfitError(
                _("{text} is no pattern of a date", text=text),
                *at,
                allowed=f"{EXCEL_SERIAL}, {ISO}, YYYY MM DD HH24 MI SS MS",
            ) from None


class NumberFormat(Rule):
    """How numbers are written; a text of another form does not fit its column's type.

    Attributes:
        decimal: Between the whole part and the rest.
        thousands: Between groups of three digits, where they are separated.
    """

    decimal: Literal[".", ","] = "."
    thousands: str = Field(default="", pattern=r"^[.,' \u00a0\u202f]?$")

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.decimal == self.thousands:
            raise MisfitError(_("the same sign cannot separate both"), "thousands")
        return self

    @property
    def expression(self) -> str:
        """Regular expression that a number's text fits, as PostgreSQL writes it."""
        decimal = rf"\{self.decimal}" if self.decimal == "." else self.decimal
        whole = r"\d+"
        if self.thousands:
            thousands = r"\." if self.thousands == "." else self.thousands
            whole = rf"(\d{{1,3}}({thousands}\d{{3}})+|\d+)"
        return rf"^[+-]?({whole}({decimal}\d*)?|{decimal}\d+)([eE][+-]?\d+)?$"
