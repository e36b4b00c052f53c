"""How many people a company has, as people type it: 50人, 五十来人, 两百余, 50-100人, 1千人以上, "500+", 小型.

The value is an interval; which classes there are, and what becomes of an interval that touches several, is written in
include/rules/normalisation/headcount.yml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cockpit.domain.normalise.quantities.numerals import DecimalMark, NumeralError, has_ornamental_digits
from cockpit.domain.normalise.quantities.quantity import Quantity, QuantityReader
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
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.i18n import _

_MANNERS = ("exact", "range", "limit", "about", "nearly", "more", "several", "between", "order", "size_word")
_PLAIN = re.compile(r"([1-9][0-9]{0,6}) ?(\D{0,4})")
_INTERVAL = re.compile(r"([\[(]) ?([0-9]{1,9}) ?, ?([0-9]{1,9}|null|none|∞|inf)? ?([\])])")
_AROUND_TEXT = " 。.,，;；!！?？\"“”`'"
# 1.000 may be a thousand; 200.0 is what spreadsheets and programs make of 200.
_POINTED = re.compile(r"[0-9]+\.[0-9]+")
_FLOAT = re.compile(r"[0-9]+\.0{1,2}")


class HeadcountClass(BaseModel):
    """One class of sizes.

    Attributes:
        name: As it is shown and stored.
        low, high: Least and greatest number of people; the last class has no greatest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    low: int = Field(ge=1)
    high: int | None = None


class HeadcountRule(NormalisationRule):
    """Contents of `headcount.yml`.

    Attributes:
        classes: In rising order, without gaps; the first begins at 1, the last is open.
        spanning: What becomes of an interval that touches several classes: a person decides, or the lowest, the
            highest, or the class that holds most of it.
        no_value: Whole texts that say that nothing is known.
        people: Words for people, after or before the number.
        size_words: Words for a size, with the classes that they may mean; never a number.
        size_word_outcome: Whether a size word that means one class is used or shown to a person.
        words: About, at least, to, and so on.
        shares: How far "about" reaches.
        negative: Words and signs before a negative number.
        shapes: What is no number of people though it has digits.
        largest: Numbers above it are shown to a person.
        confidence: 0-1, by how the number was written: exact, range, limit, about, ..., size_word.
    """

    classes: tuple[HeadcountClass, ...] = Field(min_length=1)
    spanning: Literal["review", "lowest", "highest", "most"] = "review"
    no_value: tuple[str, ...]
    people: tuple[str, ...] = Field(min_length=1)
    size_words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    size_word_outcome: Literal["ok", "review"] = "ok"
    words: QuantityWords
    shares: Shares = Shares()
    negative: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()
    largest: int = Field(gt=0)
    confidence: dict[str, float]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        expected: int | None = 1
        for each in self.classes:
            if each.low != expected:
                raise ValueError(
                    _(
                        "class {name} begins at {low}, expected {expected}",
                        name=each.name,
                        low=each.low,
                        expected=expected,
                    )
                )
            if each.high is not None and each.high < each.low:
                raise ValueError(_("class {name} ends before it begins", name=each.name))
            expected = None if each.high is None else each.high + 1
        if expected is not None:
            raise ValueError(_("the last class has to be open: leave out its 'high'"))
        names = [each.name for each in self.classes]
        for word, classes in self.size_words.items():
            for name in classes or ("",):
                if name not in names:
                    raise ValueError(
                        _(
                            "'{word}' means {name}, which is no class; classes: {classes}",
                            word=word,
                            name=name or "-",
                            classes=", ".join(names),
                        )
                    )
        check_confidence(self.confidence, _MANNERS)
        # Finds words with two meanings.
        Vocabulary(_tokens(self))
        return self


class HeadcountDeclared(Declared):
    """What a contract may say of a column of headcounts.

    Attributes:
        decimal: The mark before decimals; with `comma`, 1.200 is 1200.
    """

    decimal: DecimalMark = "point"


def _tokens(rule: HeadcountRule) -> Iterable[Token]:
    yield from rule.words.tokens()
    yield from (Token("u", level(word)) for word in rule.people)
    yield from (Token("z", level(word), classes) for word, classes in rule.size_words.items())
    yield from (Token("N", level(word)) for word in rule.negative)
    yield from (Token("~", mark) for mark in ("~", "〜", "∼"))


class HeadcountStandardiser:
    """Numbers of people by one rule, for a column.

    The value is [low, high], high None without limit; `details` has the `class`, or the `classes` that the interval
    touches. A size word gives a class and no value.
    """

    def __init__(self, rule: HeadcountRule, declared: HeadcountDeclared) -> None:
        self._rule = rule
        self._mark = declared.decimal
        self._vocabulary = Vocabulary(_tokens(rule))
        self._reader = QuantityReader(rule.shares, 1)
        self._no_value = frozenset(map(level, rule.no_value))
        self._people = frozenset({"", *map(level, rule.people)})
        self._shapes = [(re.compile(shape.pattern), shape) for shape in rule.shapes]

    def standardise(self, text: str) -> Standard:
        """One text."""
        return self._plainly(text) or self._thoroughly(text, None)

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """As one by one; traditional characters of all texts are simplified together."""
        results = [self._plainly(text) for text in texts]
        rest = [index for index, result in enumerate(results) if result is None]
        folded = ["" if len(texts[index]) > LONGEST_TEXT else fold(texts[index]) for index in rest]
        # fold() leaves no line breaks, so that they can part the texts.
        levelled = to_simplified("\n".join(folded)).lower().split("\n") if folded else []
        for index, text in zip(rest, levelled, strict=True):
            results[index] = self._thoroughly(texts[index], text)
        return [result for result in results if result is not None]

    def _plainly(self, text: str) -> Standard | None:
        """Digits with at most a word for people; None when the text has to be looked at more closely."""
        match = _PLAIN.fullmatch(text)
        if match is None or match[2] not in self._people:
            return None
        number = Decimal(match[1])
        return self._judged(Quantity(number, number, "exact"), "", None)

    def _thoroughly(self, original: str, levelled: str | None) -> Standard:
        if len(original) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        text = level(original) if levelled is None else levelled
        if not text:
            return Standard.absent()
        if text in self._no_value:
            return Standard.absent("no_value")
        if has_ornamental_digits(original):
            return Standard.review("unreadable")
        if match := _INTERVAL.fullmatch(text):
            return self._interval(match)
        text = text.strip(_AROUND_TEXT)
        if not text or text in self._no_value:
            return Standard.absent("no_value")
        for pattern, shape in self._shapes:
            if pattern.search(text):
                return Standard.invalid(shape.reason) if shape.outcome == "invalid" else Standard.review(shape.reason)
        return self._worded(text)

    def _interval(self, match: re.Match[str]) -> Standard:
        """[50, 100], [1000, null]: the value as it is printed."""
        low = Decimal(match[2]) + (match[1] == "(")
        high = Decimal(match[3]) - (match[4] == ")") if match[3] and match[3].isdigit() else None
        if high is not None and high < low:
            return Standard.review("descending")
        manner: Literal["limit", "exact", "range"] = "limit" if high is None else "exact" if low == high else "range"
        return self._judged(Quantity(low, high, manner), "", None)

    def _worded(self, text: str) -> Standard:
        tokens = [token for token in self._vocabulary.tokens(text) if token.kind not in "L()"]
        sizes = [token.payload for token in tokens if token.kind == "z"]
        has_surplus = any(token.kind == "x" for token in tokens)
        known = [token for token in tokens if token.kind not in "xz"]
        if not any(token.kind in "nevf" for token in known):
            if len(sizes) != 1 or any(token.kind != "u" for token in known):
                return Standard.review("unreadable") if sizes else Standard.invalid("no_number")
            return Standard.review("surplus_text") if has_surplus else self._size_word(sizes[0])
        if known[0].kind in "-N" and sum(token.kind == "n" for token in known) == 1:
            return Standard.invalid("negative")
        has_word = has_surplus and not any(
            token.kind == "u" or (token.kind == "n" and any(map(str.isdigit, token.text))) for token in known
        )
        if has_word:
            # 张三 is no number.
            return Standard.invalid("no_number")
        try:
            for token in known:
                self._check_digits(token, known)
            quantity = self._reader.read(known, self._mark)
        except NumeralError as error:
            return self._fault(error, has_surplus=has_surplus)
        return self._judged(quantity, "surplus_text" if has_surplus else "", sizes[0] if sizes else None)

    def _check_digits(self, token: Token, tokens: Sequence[Token]) -> None:
        """Decimals are right only before a unit: 1.2万.

        Raises:
            NumeralError: a point without a unit, or a space that may have been a dash.
        """
        if token.kind != "n":
            return
        if " " in token.text:
            raise NumeralError("several")
        has_scale = any(each.kind == "s" for each in tokens)
        is_pointed = self._mark == "point" and _POINTED.fullmatch(token.text) is not None
        if is_pointed and not has_scale and not _FLOAT.fullmatch(token.text):
            raise NumeralError("decimal_comma" if token.text[-4:-3] == "." else "not_whole")

    @staticmethod
    def _fault(error: NumeralError, *, has_surplus: bool) -> Standard:
        if has_surplus:
            return Standard.review("several_numbers" if error.reason == "several" else "surplus_text")
        if error.reason in ("malformed_numeral", "not_whole"):
            return Standard.invalid(error.reason)
        names = {"several": "several_numbers", "unclear": "unreadable", "no_number": "unreadable"}
        return Standard.review(names.get(error.reason, error.reason))

    def _size_word(self, classes: tuple[str, ...]) -> Standard:
        confidence = self._rule.confidence["size_word"]
        if len(classes) > 1:
            return Standard.review("size_word", None, 0.0, classes=list(classes))
        return Standard(None, self._rule.size_word_outcome, confidence, "size_word", {"class": classes[0]})

    def _judged(self, quantity: Quantity, doubt: str, size: tuple[str, ...] | None) -> Standard:
        low = Decimal(1) if quantity.low is None else quantity.low
        high = quantity.high
        if any(end is not None and end != end.to_integral_value() for end in (low, high)):
            return Standard.invalid("not_whole")
        if high is not None and high < 1:
            return Standard.review("zero", [0, 0])
        if low > self._rule.largest or (high is not None and high > self._rule.largest):
            return Standard.review("implausible")
        # 约1 and 0-50: the classes begin at 1.
        low = max(low, Decimal(1))
        value: list[Json] = [int(low), None if high is None else int(high)]
        classes = self._classes(int(low), None if high is None else int(high))
        confidence = self._rule.confidence[quantity.manner]
        if size is not None and not set(size) & set(classes):
            doubt = doubt or "size_conflict"
        if quantity.manner == "exact" and quantity.numeral is not None and quantity.numeral.is_bare_unit:
            # 千人: an order of magnitude.
            doubt = doubt or "unit_only"
        if doubt:
            return Standard(value, "review", 0.0, doubt, {"classes": list(classes)})
        reasons = {"exact": "", "range": "", "limit": "limit"}
        if len(classes) == 1:
            return Standard(value, "ok", confidence, reasons.get(quantity.manner, "approximate"), {"class": classes[0]})
        if self._rule.spanning == "review":
            return Standard(value, "review", confidence, "spans_classes", {"classes": list(classes)})
        chosen = self._chosen(classes, int(low), None if high is None else int(high))
        return Standard(value, "ok", confidence, "spans_classes", {"class": chosen, "classes": list(classes)})

    def _classes(self, low: int, high: int | None) -> list[str]:
        return [
            each.name
            for each in self._rule.classes
            if (high is None or each.low <= high) and (each.high is None or each.high >= low)
        ]

    def _chosen(self, classes: Sequence[str], low: int, high: int | None) -> str:
        """The class of an interval that touches several, as `spanning` says; the lower one of equals."""
        if self._rule.spanning == "lowest":
            return classes[0]
        if self._rule.spanning == "highest" or high is None:
            return classes[-1]
        bounds = {each.name: each for each in self._rule.classes}

        def share(name: str) -> int:
            end = bounds[name].high
            return (high if end is None else min(high, end)) - max(low, bounds[name].low)

        return max(classes, key=share)
