"""The rule file of amounts, include/rules/normalisation/amount.yml, and what a contract may declare about them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cockpit.domain.normalise.quantities.numerals import DecimalMark
from cockpit.domain.normalise.quantities.words import (
    QuantityWords,
    Shape,
    Shares,
    Token,
    Vocabulary,
    check_confidence,
    level,
)
from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.i18n import _

CURRENCY_CODE = r"^[A-Z]{3}$"

Tax: TypeAlias = Literal["included", "excluded"]
Per: TypeAlias = Literal["per_period", "per_unit"]
_MANNERS = ("range", "limit", "about", "nearly", "more", "several", "between", "order")

_RATE = "{rate}"
_RATE_PATTERN = r"\d+(?:\.\d+)?%\s?的?"
_BEFORE_TEXT = ' 。,，;；!！"“”`'
_AFTER_TEXT = _BEFORE_TEXT + "."


class SharedWord(BaseModel):
    """A word that more than one currency uses.

    Attributes:
        means: Currencies; the first, unless another of them is declared or named beside it.
        beside: Further currencies that may be named beside it (港币 100 元).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[str, ...] = Field(min_length=1)
    means: tuple[str, ...] = Field(min_length=1)
    beside: tuple[str, ...] = ()


class AmountRule(NormalisationRule):
    """Contents of `amount.yml`.

    Attributes:
        no_value: Whole texts that say that nothing is known.
        negotiable: Words that say that the amount is still open.
        free: Whole texts that mean an amount of 0; a person confirms it.
        currencies: By ISO code, further words for it.
        shared_words: Words of several currencies: 元, $, ¥.
        decimal_commas: Currencies of countries that write a comma before decimals. Where the contract does not say
            which mark a column uses, three digits after a single mark may be either: €1.234.
        minor: Parts of a currency's unit: 角 is 0.1.
        bare_minor_after: Words of a unit after which a single digit is tenths: 三块五.
        whole: Words at the end of an amount that say that nothing follows: 整.
        words: About, at least, to, and so on.
        shares: How far "about" reaches; for the interval that a person is shown.
        negative: Words and signs before a negative amount; a minus and brackets always are.
        tax: Words that say whether tax is in the amount; `{rate}` stands for a percentage.
        per: Words that make it an amount per period or per unit.
        shapes: What is no amount though it has digits.
        digits: Whole numbers, without anything beside them, that are likely something else.
        largest: Amounts above it are shown to a person.
        unclear_units: Units that people understand differently.
        confidence: 0-1, by how the amount was written: range, limit, about, ...
    """

    no_value: tuple[str, ...]
    negotiable: tuple[str, ...]
    free: tuple[str, ...] = ()
    currencies: dict[str, tuple[str, ...]] = Field(min_length=1)
    shared_words: tuple[SharedWord, ...] = ()
    decimal_commas: tuple[str, ...] = ()
    minor: dict[str, Decimal] = Field(default_factory=dict)
    bare_minor_after: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    words: QuantityWords
    shares: Shares = Shares()
    negative: tuple[str, ...] = ()
    tax: dict[Tax, tuple[str, ...]] = Field(default_factory=dict)
    per: dict[Per, tuple[str, ...]] = Field(default_factory=dict)
    shapes: tuple[Shape, ...] = ()
    digits: tuple[Shape, ...] = ()
    largest: Decimal = Field(gt=0)
    unclear_units: tuple[str, ...] = ()
    confidence: dict[str, float]

    @field_validator("minor")
    @classmethod
    def _parts(cls, minor: dict[str, Decimal]) -> dict[str, Decimal]:
        for word, part in minor.items():
            if not 0 < part < 1:
                raise ValueError(_("{word} is {part} of a unit; write a number between 0 and 1", word=word, part=part))
        return minor

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = set(self.currencies)
        for code in self.currencies:
            if not re.match(CURRENCY_CODE, code):
                raise ValueError(_("{code} is no ISO currency code; write three capital letters", code=code))
        words = [code for shared in self.shared_words for code in (*shared.means, *shared.beside)]
        for code in (*words, *self.decimal_commas):
            if code not in known:
                raise ValueError(_("{code} is not listed under currencies", code=code))
        check_confidence(self.confidence, _MANNERS)
        # Finds words with two meanings.
        Vocabulary(amount_tokens(self, "CNY"))
        return self


class AmountDeclared(Declared):
    """What a contract may say of a column of amounts.

    Attributes:
        currency: ISO code of amounts that name none.
        decimal: The mark before decimals; with `comma`, 1.234,56 and 1.234 are read. Without one it is a point, and
            €1.234 is doubtful.
    """

    currency: str = Field(default="CNY", pattern=CURRENCY_CODE)
    decimal: DecimalMark | None = None


@dataclass(frozen=True)
class Mention:
    """What a word says about the currency; the first of `means` unless something else decides."""

    means: tuple[str, ...]
    beside: frozenset[str]


class Phrases:
    """Words that are taken out of a text before it is read, the longest first; Latin ones only as whole words."""

    def __init__(self, words: Mapping[Any, Iterable[str]]) -> None:
        meanings = {level(word): meaning for meaning, texts in words.items() for word in texts}
        ordered = sorted(meanings, key=len, reverse=True)
        self._patterns = {meaning: _alternatives([w for w in ordered if meanings[w] == meaning]) for meaning in words}
        self._any = _alternatives(ordered)
        # Most texts hold none of these characters, so that they need not be searched.
        digits = "0123456789" if any(word.startswith(_RATE) for word in ordered) else ""
        self._first = frozenset([*(word[0] for word in ordered), *digits])

    def take(self, text: str) -> tuple[frozenset[str], str]:
        """What the text says, and the text without it."""
        if self._first.isdisjoint(text):
            return frozenset(), text
        found = frozenset(
            meaning
            for match in self._any.finditer(text)
            for meaning, pattern in self._patterns.items()
            if pattern.fullmatch(match[0])
        )
        return found, trim(self._any.sub(" ", text)) if found else text


def amount_tokens(rule: AmountRule, declared: str) -> Iterable[Token]:
    """The words of the rule; beside the kinds of Token: u currency, j part of a unit, w 整, N minus, g negotiable."""
    yield from rule.words.tokens()
    for code, words in {declared: (), **rule.currencies}.items():
        mention = Mention((code,), frozenset())
        yield from (Token("u", level(word), mention) for word in {level(code), *map(level, words)})
    for shared in rule.shared_words:
        mention = Mention(shared.means, frozenset(shared.beside))
        yield from (Token("u", level(word), mention) for word in shared.words)
    yield from (Token("j", level(word), part) for word, part in rule.minor.items())
    yield from (Token("w", level(word)) for word in rule.whole)
    yield from (Token("N", level(word)) for word in rule.negative)
    yield from (Token("g", level(word)) for word in rule.negotiable)
    yield from (Token("~", mark) for mark in ("~", "〜", "∼"))


def _alternatives(words: Sequence[str]) -> re.Pattern[str]:
    """A pattern that finds the words, in their order; none finds nothing."""
    parts = []
    for word in words:
        escaped = _RATE_PATTERN.join(re.escape(part) for part in word.split(_RATE))
        start = r"(?<![a-z])" if word[0].isascii() and word[0].isalpha() else ""
        end = r"(?![a-z])" if word[-1].isascii() and word[-1].isalpha() else ""
        parts.append(f"{start}{escaped}{end}")
    return re.compile("|".join(parts) or "(?!)")


def trim(text: str) -> str:
    """Without marks at the ends; a point in front stays, it may be that of .5."""
    return text.lstrip(_BEFORE_TEXT).rstrip(_AFTER_TEXT)
