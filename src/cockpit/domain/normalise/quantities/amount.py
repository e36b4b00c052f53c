"""Amounts of money as people type them: ¥1.2万, 一百二十万美元, (1,000.50), 12.5w, 壹拾贰万元整, "USD 3.5k".

Which words mean which currency, what is tax, what is "to be agreed" is written in
include/rules/normalisation/amount.yml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from cockpit.domain.normalise.quantities.amount_rule import (
    AmountDeclared,
    AmountRule,
    Mention,
    Phrases,
    amount_tokens,
    trim,
)
from cockpit.domain.normalise.quantities.numerals import (
    BIG_UNITS,
    DIGITS,
    EXACT,
    SMALL_UNITS,
    DecimalMark,
    NumeralError,
    has_ornamental_digits,
    plain,
    read_numeral,
    times,
)
from cockpit.domain.normalise.quantities.quantity import Quantity, QuantityReader
from cockpit.domain.normalise.quantities.words import Shape, Token, Vocabulary, level
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified

_DIGITS = "0123456789.,"
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?e[+-]?[0-9]{1,2}")
_FAST = re.compile(
    r"([-+]?)([^0-9\s.,()+-]{0,9}?) ?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,20})(\.[0-9]{1,20})? ?"
    r"([^0-9\s.,()+-]*(?: [a-z]+)?)",
    re.IGNORECASE,
)
# Units that may stand between digits and a currency; numerals.py knows their meaning.
_UNITS = ("十", "百", "千", "万", "十万", "百万", "千万", "亿", "十亿", "百亿", "千亿", "万亿", "个亿")
_SHORTEST_SUSPECT = 6

# Kinds of tokens, looked at as one word; see Token. A text of these only is an amount and nothing else.
_CLEAN = "nsuwj"
# Of these only, it is one if it can be read; its form says no more.
_READABLE = _CLEAN + "bt-~"
_HAS_NUMBER = re.compile("[nesvf]")
_BRACKETED = re.compile(r"(u*)\(u*ns*u*(\))u*")
_SIGN_BEFORE = re.compile(r"(u*)[-Nb](?=u*[ne])")
_SIGN_AFTER = re.compile("u*n-")
_WHOLE_AT_END = re.compile("^[^w]*[nuje]wu*$")
# The characters of vouchers: what contradicts itself there is wrong, not unclear.
_FORMAL = re.compile("[壹贰叁肆伍陆柒捌玖拾佰仟]")
_ZERO_DIGIT = re.compile("0[0-9]")
_BARE_MINOR = re.compile("u*nu+n")
# Three digits after a single mark: thousands to some, thousandths to others. No group begins with 0.
_EITHER_MARK = re.compile(r"(?<![0-9.,'’ ])([1-9][0-9]{0,2})[.,]([0-9]{3})(?![0-9.,'’])")


class _Written(NamedTuple):
    """An amount as it was read."""

    quantity: Quantity
    is_negative: bool = False


class AmountStandardiser:
    """Amounts by one rule, for a column.

    The value is a Decimal; `details` has the currency as `unit`, `tax` when the text says included or excluded, and
    `interval` where the text gives no single number.
    """

    def __init__(self, rule: AmountRule, declared: AmountDeclared) -> None:
        self._rule = rule
        self._declared = declared
        self._mark: DecimalMark = declared.decimal or "point"
        self._doubtful = frozenset(() if declared.decimal else rule.decimal_commas)
        self._vocabulary = Vocabulary(amount_tokens(rule, declared.currency))
        self._reader = QuantityReader(rule.shares, 0)
        self._no_value = frozenset(map(level, rule.no_value))
        self._free = frozenset(map(level, rule.free))
        self._negotiable = frozenset(map(level, rule.negotiable))
        self._bare_minor_after = frozenset(map(level, rule.bare_minor_after))
        self._unclear_units = tuple(map(level, rule.unclear_units))
        self._shapes = [(re.compile(shape.pattern), shape) for shape in rule.shapes]
        self._digits = [(re.compile(shape.pattern), shape) for shape in rule.digits]
        self._tax = Phrases(rule.tax)
        self._per = Phrases(rule.per)
        self._largest = rule.largest
        self._units: dict[tuple[Mention | None, Mention | None], Mapping[str, Json] | None] = {}
        mentions = {token.text: token.payload for token in amount_tokens(rule, declared.currency) if token.kind == "u"}
        self._prefixes: dict[str, Mention | None] = {"": None, **mentions}
        self._suffixes = self._all_suffixes(mentions)

    def _all_suffixes(self, mentions: Mapping[str, Mention]) -> dict[str, tuple[int | Decimal, Mention | None]]:
        """What may follow the digits of an amount that is written plainly, without spaces."""
        factors: dict[str, int | Decimal] = {"": 1}
        for unit in _UNITS:
            factor = 1
            for character in unit.removeprefix("个"):
                factor *= BIG_UNITS.get(character) or SMALL_UNITS[character]
            if not any(unclear in unit for unclear in self._unclear_units):
                factors[unit] = factor
        factors.update({level(word): factor for word, factor in self._rule.words.scales.items()})
        wholes = tuple(map(level, self._rule.whole))
        return {
            f"{unit}{word}{ending}".replace(" ", ""): (factor, mention)
            for unit, factor in factors.items()
            for word, mention in ({"": None, **mentions}).items()
            for ending in ("", *(wholes if mention is not None and len(mention.means) > 1 else ()))
        }

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
        """An amount of digits with at most a currency and a unit; None when it has to be looked at more closely."""
        match = _FAST.fullmatch(text)
        if match is None:
            return None
        sign, prefix, digits, decimals, suffix = match.groups()
        if prefix:
            prefix = prefix.lower()
        if suffix:
            suffix = suffix.replace(" ", "").lower()
        ending = self._suffixes.get(suffix)
        if ending is None or prefix not in self._prefixes:
            return None
        factor, after = ending
        before = self._prefixes[prefix]
        if digits[0] == "0" and len(digits) > 1:
            return None
        if "," in digits or decimals:
            if self._mark == "comma":
                return None
            digits = digits.replace(",", "") + (decimals or "")
        elif not prefix and not suffix and len(digits) >= _SHORTEST_SUSPECT and self._is_suspect(digits):
            return None
        value = plain(Decimal(digits)) if decimals else Decimal(digits)
        if factor != 1:
            value = times(value, factor)
        if value > self._largest:
            return None
        try:
            unit = self._units[before, after]
        except KeyError:
            unit = self._units[before, after] = self._unit_details([each for each in (before, after) if each])
        if unit is None:
            return None
        if unit["unit"] in self._doubtful and _EITHER_MARK.fullmatch(match[3] + (decimals or "")):
            return None
        if sign == "-" and value:
            value = value.copy_negate()
        return Standard(value, "ok", 1.0, "", unit)

    def _is_suspect(self, digits: str) -> bool:
        return any(pattern.fullmatch(digits) for pattern, _shape in self._digits)

    def _unit_details(self, mentions: Sequence[Mention]) -> Mapping[str, Json] | None:
        code = self._currency(mentions)
        return None if code is None else {"unit": code}

    def _currency(self, mentions: Sequence[Mention]) -> str | None:
        """The ISO code; None when the words contradict each other."""
        declared = self._declared.currency
        if not mentions:
            return declared
        possible = set(mentions[0].means) | mentions[0].beside
        for mention in mentions[1:]:
            possible &= {*mention.means, *mention.beside}
        named = {mention.means[0] for mention in mentions if len(mention.means) == 1 and not mention.beside}
        if named:
            return named.pop() if len(named) == 1 and named <= possible else None
        if all(declared in mention.means for mention in mentions):
            return declared
        first = {mention.means[0] for mention in mentions}
        return first.pop() if len(first) == 1 else None

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
        text = trim(text).removeprefix("'").strip()
        if not text or text in self._no_value:
            return Standard.absent("no_value")
        if text in self._negotiable:
            return Standard.absent("negotiable")
        if text in self._free:
            return Standard.review("free_of_charge", Decimal(0), unit=self._declared.currency)
        return (self._plainly(text) if text != original else None) or self._in_digits(text) or self._worded(text)

    def _in_digits(self, text: str) -> Standard | None:
        """Digits that are likely no amount."""
        if text.isascii() and text.isdigit():
            for pattern, shape in self._digits:
                if pattern.fullmatch(text):
                    return self._as_shape(shape, Decimal(text) if text[0] != "0" else None)
        if "e" in text and _SCIENTIFIC.fullmatch(text):
            candidate = plain(Decimal(text))
            return Standard.review("damaged_by_spreadsheet", candidate, unit=self._declared.currency)
        return None

    def _shaped(self, text: str) -> Standard | None:
        """What is told by its form."""
        for pattern, shape in self._shapes:
            if match := pattern.search(text):
                # 2026年预算100万 holds an amount beside the date.
                rest = text[: match.start()].rstrip(_DIGITS) + " " + text[match.end() :].lstrip(_DIGITS)
                if any(token.kind == "n" for token in self._vocabulary.tokens(rest)):
                    return Standard.review(shape.reason)
                return self._as_shape(shape, None)
        return None

    def _as_shape(self, shape: Shape, candidate: Decimal | None) -> Standard:
        if shape.outcome == "invalid":
            return Standard.invalid(shape.reason)
        if candidate is None:
            return Standard.review(shape.reason)
        return Standard.review(shape.reason, candidate, unit=self._declared.currency)

    def _worded(self, text: str) -> Standard:
        """An amount with words around it."""
        taxes, without_tax = self._tax.take(text)
        pers, text = self._per.take(without_tax)
        tokens = self._vocabulary.tokens(text)
        kinds = "".join([token.kind for token in tokens])
        if (pers or kinds.strip(_READABLE)) and (shaped := self._shaped(without_tax)):
            return shaped
        known = [token for token in tokens if token.kind not in "xgL"] if kinds.strip(_CLEAN) else tokens
        has_surplus = len(taxes) > 1 or "x" in kinds
        if not _HAS_NUMBER.search(kinds):
            if "g" in kinds:
                return Standard.review("negotiable") if has_surplus else Standard.absent("negotiable")
            return Standard.invalid("no_number")
        said: dict[str, Json] = {}
        code = self._currency([token.payload for token in known if token.kind == "u"])
        if code is not None:
            said["unit"] = code
        if len(taxes) == 1:
            (said["tax"],) = taxes
        if has_surplus and not self._looks_like_amount(known):
            return Standard.invalid("no_number")
        if code in self._doubtful and any(token.kind == "n" and _EITHER_MARK.search(token.text) for token in known):
            return _either_way(known, said)
        try:
            written = self._read(_without_empty_brackets(known) if "(" in kinds else known)
        except NumeralError as error:
            return self._shaped(without_tax) or self._fault(error, known, kinds, said, has_surplus=has_surplus)
        doubt = ""
        if code is None:
            doubt = "currency_conflict"
        elif pers:
            doubt = min(pers)
        elif "g" in kinds:
            doubt = "negotiable"
        elif has_surplus:
            doubt = "surplus_text"
        return self._judged(written, doubt, tokens, said)

    @staticmethod
    def _looks_like_amount(tokens: Sequence[Token]) -> bool:
        """Whether a text with unknown words speaks of an amount: 张三 does not."""
        return any(
            token.kind in "u-Nsj"
            or (
                token.kind == "n"
                and (any(map(str.isdigit, token.text)) or (token.text[-1] in "万亿" and token.text[1:]))
            )
            for token in tokens
        )

    def _fault(
        self, error: NumeralError, tokens: Sequence[Token], kinds: str, said: Mapping[str, Json], *, has_surplus: bool
    ) -> Standard:
        numbers = [token.text for token in tokens if token.kind == "n"]
        is_one = len(numbers) == 1 or any(_FORMAL.search(text) for text in numbers)
        if error.reason in ("malformed_numeral", "parts_contradict") and not has_surplus and is_one:
            return Standard.invalid(error.reason)
        details = dict(said)
        if error.candidate is not None and [token.kind for token in tokens if token.kind != "u"] == ["n"]:
            details["candidate"] = error.candidate
        names = {"several": "several_amounts", "unclear": "unreadable", "no_number": "unreadable"}
        reason = names.get(error.reason, error.reason)
        if "g" in kinds:
            reason = "negotiable"
        elif has_surplus and reason != "several_amounts":
            reason = "surplus_text"
        return _review(reason, details)

    def _judged(self, written: _Written, doubt: str, tokens: Sequence[Token], said: Mapping[str, Json]) -> Standard:
        quantity = written.quantity
        if quantity.manner != "exact":
            if written.is_negative:
                return _review("sign_unclear", said)
            value = None if quantity.manner in ("range", "between", "several") else quantity.said
            interval: Json = [quantity.low, quantity.high]
            names = {"range": "range", "limit": "limit"}
            reason = doubt or names.get(quantity.manner, "approximate")
            confidence = 0.0 if doubt or value is None else self._rule.confidence[quantity.manner]
            return _review(reason, {**said, "interval": interval}, value, confidence)
        value = quantity.low
        if value and written.is_negative:
            # A minus before the name would round.
            value = value.copy_negate()
        if doubt:
            # HT2026001 is no candidate.
            is_code = doubt == "surplus_text" and any(token.kind == "x" and token.text.isascii() for token in tokens)
            return _review(doubt, said, None if is_code else value)
        if value is None or value.copy_abs() > self._largest:
            return _review("implausible", said, value)
        if quantity.numeral is not None and quantity.numeral.is_bare_unit:
            return _review("unit_only", said, value)
        if any(unit in token.text for unit in self._unclear_units for token in tokens if token.kind in "ns"):
            return _review("ambiguous_unit", said, value)
        return Standard(value, "ok", 1.0, "", said)

    def _read(self, tokens: list[Token]) -> _Written:
        """The amount, with its sign, and with its parts added up.

        Raises:
            NumeralError: as QuantityReader.read; `sign_unclear`, `parts_contradict`.
        """
        shape = "".join([token.kind for token in tokens])
        signed = self._signed(tokens, shape) if shape.strip(_CLEAN) else None
        if signed is not None:
            return signed
        try:
            return _Written(self._single(tokens))
        except NumeralError as error:
            try:
                return _Written(self._two_writings(tokens))
            except NumeralError as other:
                raise (other if other.reason == "parts_contradict" else error) from None

    def _signed(self, tokens: Sequence[Token], shape: str) -> _Written | None:
        """An amount with a sign or in brackets; None when it has neither."""
        if match := _BRACKETED.fullmatch(shape):
            # Accounting: only digits, and only signs of currencies. (壹佰元) and (1000元) are more likely remarks.
            inner = [token for token in tokens if token.kind not in "()"]
            inside = tokens[match.end(1) + 1 : match.start(2)]
            if any(not token.text.isascii() and (token.kind != "u" or token.text.isalpha()) for token in inside):
                raise NumeralError("sign_unclear")
            return _Written(self._single(inner), is_negative=True)
        if "(" in shape or ")" in shape:
            return _Written(self._two_writings(tokens))
        if match := _SIGN_BEFORE.match(shape):
            mark = tokens[match.end(1)]
            rest = [*tokens[: match.end(1)], *tokens[match.end() :]]
            if mark.kind != "b":
                return _Written(self._single(rest), is_negative=True)
            if mark.text == "+":
                return _Written(self._single(rest))
        if _SIGN_AFTER.fullmatch(shape):
            if not tokens[-2].text.isascii():
                raise NumeralError("sign_unclear")
            return _Written(self._single(tokens[:-1]), is_negative=True)
        if "N" in shape:
            raise NumeralError("sign_unclear")
        return None

    def _single(self, tokens: Sequence[Token]) -> Quantity:
        """One amount, with 元, 角, 分 and 整."""
        shape = "".join([token.kind for token in tokens])
        if "w" in shape:
            if not _WHOLE_AT_END.search(shape):
                raise NumeralError("malformed_numeral")
            tokens = [token for token in tokens if token.kind != "w"]
            shape = shape.replace("w", "")
        if "j" in shape:
            return self._with_minor(tokens, shape)
        if shape.endswith("un") and _BARE_MINOR.fullmatch(shape) and tokens[-2].text in self._bare_minor_after:
            return self._with_bare_minor(tokens)
        return self._reader.read(tokens, self._mark)

    def _with_minor(self, tokens: Sequence[Token], shape: str) -> Quantity:
        """五元三角二分, 三块五毛八, 5毛."""
        if not re.fullmatch(r"u*(?:nu+)?(?:nj)+n?u*", shape):
            raise NumeralError("unclear")
        total = Decimal(0)
        last: Decimal | None = None
        numbers = [index for index, kind in enumerate(shape) if kind == "n"]
        for index in numbers:
            text = tokens[index].text
            if last is not None and _ZERO_DIGIT.fullmatch(text):
                # 12元05分
                text = text[1]
            number = read_numeral(text, self._mark).value
            follows = shape[index + 1 : index + 2]
            part = tokens[index + 1].payload if follows == "j" else Decimal(1)
            if last is not None and follows != "j":
                # 三块五毛八
                if last != Decimal("0.1") or len(text) > 1:
                    raise NumeralError("several")
                part = Decimal("0.01")
            is_whole = number == number.to_integral_value(context=EXACT)
            # 十五角 alone is 1.5; after 元 no more than nine, and no more than one of each.
            if last is not None and (part >= last or number >= 10 or not is_whole):
                raise NumeralError("malformed_numeral")
            if not is_whole and len(numbers) > 1:
                raise NumeralError("malformed_numeral")
            total = EXACT.add(total, times(number, part))
            last = part
        return Quantity(plain(total), plain(total), "exact", plain(total))

    def _with_bare_minor(self, tokens: Sequence[Token]) -> Quantity:
        """三块五, 三块半."""
        first = next(token for token in tokens if token.kind == "n").text
        last = tokens[-1].text
        if last != "半" and (len(last) != 1 or not (last.isdigit() or last in DIGITS)):
            raise NumeralError("several")
        tenths = Decimal("0.5") if last == "半" else times(read_numeral(last).value, Decimal("0.1"))
        total = plain(EXACT.add(read_numeral(first, self._mark).value, tenths))
        return Quantity(total, total, "exact", total)

    def _two_writings(self, tokens: Sequence[Token]) -> Quantity:
        """One amount in characters and again in digits: 人民币壹佰万元整（¥1,000,000.00）.

        Raises:
            NumeralError: `parts_contradict` when they differ, `several` when it is something else.
        """
        for cut in range(1, len(tokens)):
            halves = [[token for token in half if token.kind not in "()c"] for half in (tokens[:cut], tokens[cut:])]
            numbers = [[token for token in half if token.kind == "n"] for half in halves]
            if not all(numbers):
                continue
            in_digits = [any(any(map(str.isdigit, token.text)) for token in half) for half in numbers]
            is_twice = all(in_digits) and tokens[cut].kind == "("
            if in_digits[0] == in_digits[1] and not is_twice:
                continue
            try:
                first, second = (self._single(half) for half in halves)
            except NumeralError:
                continue
            is_unit = any(each.numeral is not None and each.numeral.is_bare_unit for each in (first, second))
            if first.manner != "exact" or second.manner != "exact" or is_unit:
                continue
            if first.low != second.low:
                raise NumeralError("several" if is_twice else "parts_contradict")
            return first
        numbers_found = sum(token.kind == "n" for token in tokens)
        raise NumeralError("several" if numbers_found > 1 else "sign_unclear")


def _review(reason: str, said: Mapping[str, Json], value: Json = None, confidence: float = 0.0) -> Standard:
    return Standard(value, "review", confidence, reason, said)


def _either_way(tokens: Sequence[Token], said: Mapping[str, Json]) -> Standard:
    """A text whose mark may be that before decimals or that between thousands; both readings where it says no more."""
    bare = [token.text for token in tokens if token.kind != "u"]
    match = _EITHER_MARK.fullmatch(bare[0]) if len(bare) == 1 else None
    if match is None:
        return _review("ambiguous_decimal", said)
    whole, rest = match.groups()
    return _review(
        "ambiguous_decimal", {**said, "candidates": [Decimal(whole + rest), plain(Decimal(f"{whole}.{rest}"))]}
    )


def _without_empty_brackets(tokens: Sequence[Token]) -> list[Token]:
    """Without brackets whose content meant nothing for the number."""
    found: list[Token] = []
    for token in tokens:
        if token.kind == ")" and found and found[-1].kind == "(":
            found.pop()
        else:
            found.append(token)
    return found
