"""Read how much a text says, exactly or not: 约50万, 10-20万, 五十来个, 两百余, 三五十, 1000以上, "more than 500".

Which words say about, at least or up to is written in the rule files; here is how they change a number. Numerals
themselves are read in numerals.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal, NamedTuple, TypeAlias

from cockpit.domain.normalise.quantities.numerals import (
    BIG_UNITS,
    DIGITS,
    ENGLISH_WORDS,
    EXACT,
    SMALL_UNITS,
    DecimalMark,
    Numeral,
    NumeralError,
    is_unit_word,
    plain,
    read_english,
    read_numeral,
    times,
)
from cockpit.domain.normalise.quantities.words import SINGLE_DIGITS, Bound, Shares, Token

# How a quantity was written; the rule files give a confidence to each.
Manner: TypeAlias = Literal["exact", "range", "limit", "about", "nearly", "more", "several", "between", "order"]

_LOWER = frozenset({"over", "at_least"})
_UPPER = frozenset({"under", "at_most"})

_BIG = r"(?P<big>万亿|千万|百万|十万|万|亿)?"
_MORE = re.compile(rf"(?P<number>.+)[多余]{_BIG}")
_AROUND = re.compile(rf"(?P<number>.+)[来把]{_BIG}")
_SEVERAL = re.compile(rf"(?P<before>.*[十百千万亿]|[0-9]+)?好?[几数](?P<unit>[十百千])?{_BIG}")
_PAIR = re.compile(
    rf"(?P<before>.*[零十百千万亿廿卅])?(?P<low>[{SINGLE_DIGITS}])(?P<high>[{SINGLE_DIGITS}])(?P<unit>[十百千])?{_BIG}"
)
_TWO_DIGITS = re.compile(f"[{SINGLE_DIGITS}]{{2}}")
_INEXACT = re.compile("[几数多余来把]")
_FACTOR = re.compile("[十百千万亿]+$")


class Quantity(NamedTuple):
    """From `low` to `high`; the same when exact.

    Attributes:
        low: None when nothing bounds it below.
        high: None when nothing bounds it above.
        said: The number that was written, where there is one number.
        numeral: How it was written, where there is one number.
    """

    low: Decimal | None
    high: Decimal | None
    manner: Manner
    said: Decimal | None = None
    numeral: Numeral | None = None


@dataclass(slots=True)
class _Side:
    """A number with the words that belong to it."""

    bounds: list[Bound] = field(default_factory=list)
    chunk: str = ""
    english: list[str] = field(default_factory=list)
    factor: Decimal = Decimal(1)
    scale: str = ""
    few: bool = False
    many: int = 0
    is_over: bool = False  # a word stood after the number: what comes now belongs to the next one

    @property
    def has_number(self) -> bool:
        return bool(self.chunk or self.english or self.many or self.few)


class QuantityReader:
    """Reads tokens as a quantity.

    Args:
        shares: How far inexact words reach.
        least_step: By how much "more than" is more: 1 for whole things, 0 for amounts.
    """

    def __init__(self, shares: Shares, least_step: int) -> None:
        self._shares = shares
        self._step = Decimal(least_step)

    def read(self, tokens: Sequence[Token], mark: DecimalMark = "point") -> Quantity:
        """The quantity that the tokens say; nouns and fillers among them are skipped.

        Raises:
            NumeralError: a number cannot be read; or `no_number`, `several`, `contradiction`, `unclear`, `descending`.
        """
        core = "".join([token.kind for token in tokens if token.kind not in "uL"])
        if core == "n":
            # The common case: a number and nothing that changes it.
            chunk = next(token.text for token in tokens if token.kind == "n")
            return self._chunk(chunk.replace("个", ""), mark)
        sides, links = _sides(tokens)
        if not sides:
            raise NumeralError("no_number")
        if len(sides) == 1:
            return self._bounded(sides[0], mark)
        if len(sides) > 2:
            raise NumeralError("several")
        if links[0] == "to":
            return self._range(sides[0], sides[1], mark)
        first, second = (self._bounded(side, mark) for side in sides)
        if first.high is None and second.low is None and first.low is not None and second.high is not None:
            # 50人以上100人以下
            return _ordered(first.low, second.high)
        raise NumeralError("several")

    def _bounded(self, side: _Side, mark: DecimalMark) -> Quantity:
        quantity = self._written(side, mark)
        bounds = set(side.bounds)
        if not bounds or quantity.low is None or quantity.high is None:
            return quantity
        lower, upper = bounds & _LOWER, bounds & _UPPER
        if lower and upper:
            raise NumeralError("contradiction")
        low, high, said, numeral = quantity.low, quantity.high, quantity.said, quantity.numeral
        if lower:
            return Quantity(self._above(low) if "over" in bounds else low, None, "limit", said, numeral)
        if upper:
            return Quantity(None, self._below(high) if "under" in bounds else high, "limit", said, numeral)
        if "about" in bounds:
            return self._about(quantity) if quantity.manner == "exact" else quantity
        if quantity.manner != "exact":
            raise NumeralError("unclear")
        if "nearly" in bounds:
            reach = EXACT.multiply(high, self._shares.nearly)
            return Quantity(self._down(EXACT.subtract(high, reach)), self._below(high), "nearly", said, numeral)
        if "more" in bounds:
            step = Decimal(10) ** _trailing_zeros(high)
            return self._more(low, EXACT.add(high, step), said, numeral)
        # 上千: only an order of magnitude can follow.
        if numeral is None or not numeral.is_bare_unit:
            raise NumeralError("unclear")
        return Quantity(low, self._below(times(low, 10)), "order", said, numeral)

    def _more(self, low: Decimal, below: Decimal, said: Decimal | None, numeral: Numeral | None) -> Quantity:
        """两百余: more than 200, less than 300."""
        low, high = self._above(low), self._below(below)
        if low > high or said == 0:
            raise NumeralError("malformed_numeral")
        return Quantity(low, high, "more", said, numeral)

    def _about(self, quantity: Quantity) -> Quantity:
        number = quantity.low
        if number is None:
            return quantity
        reach = EXACT.multiply(number.copy_abs(), self._shares.about)
        low, high = self._down(EXACT.subtract(number, reach)), self._up(EXACT.add(number, reach))
        return Quantity(low, high, "about", quantity.said, quantity.numeral)

    def _range(self, left: _Side, right: _Side, mark: DecimalMark) -> Quantity:
        """10-20万: the left end takes the unit of the right one where that keeps them in order."""
        bounds = {*left.bounds, *right.bounds} - {"about"}
        if bounds:
            raise NumeralError("unclear")
        first, second = self._written(left, mark), self._written(right, mark)
        if "several" in (first.manner, second.manner) or None in (first.low, second.high):
            raise NumeralError("unclear")
        low, high = first.low, second.high
        carried = self._carried(left, right, mark)
        if carried is not None:
            low = carried
        if low is None or high is None:
            raise NumeralError("unclear")
        quantity = _ordered(low, high)
        if left.bounds or right.bounds:
            return Quantity(quantity.low, quantity.high, "between")
        return quantity

    def _carried(self, left: _Side, right: _Side, mark: DecimalMark) -> Decimal | None:
        if left.english or right.english or left.factor != 1:
            return None
        own = _FACTOR.search(left.chunk)
        if right.factor != 1:
            number, unit = read_numeral(right.chunk, mark).value, right.factor
        else:
            found = _FACTOR.search(right.chunk)
            if found is None or found.start() == 0:
                return None
            units, bare = found[0], right.chunk[: found.start()]
            if own is not None and any(character in BIG_UNITS for character in own[0]):
                return None
            if not bare[-1].isdigit():
                return self._carried_chinese(left, right, mark)
            number, unit = read_numeral(bare, mark).value, Decimal(1)
            for character in units:
                unit *= BIG_UNITS.get(character) or SMALL_UNITS[character]
        if own is not None:
            return None
        said = read_numeral(left.chunk, mark).value
        return times(said, unit) if said < number else None

    def _carried_chinese(self, left: _Side, right: _Side, mark: DecimalMark) -> Decimal | None:
        """三十到五十万 is 300,000 to 500,000; 三到五百 may begin at 3 or at 300."""
        big = right.chunk[-1]
        said = read_numeral(left.chunk, mark).value
        if big in BIG_UNITS:
            number = read_numeral(right.chunk[:-1], mark).value
            return times(said, BIG_UNITS[big]) if said < number else None
        if len(left.chunk) == 1 and left.chunk in DIGITS and not (said == 1 and big == "十"):
            whole = read_numeral(right.chunk, mark).value
            if said * SMALL_UNITS[big] < whole:
                raise NumeralError("unclear")
        return None

    def _written(self, side: _Side, mark: DecimalMark) -> Quantity:
        """The number without the words before and after it."""
        if side.many or (side.few and not side.chunk):
            unit = times(side.factor, side.many or 1)
            return Quantity(times(unit, self._shares.several), self._below(times(unit, 10)), "several")
        if side.english:
            quantity = _exact(Numeral(read_english(side.english), is_bare_unit=is_unit_word(side.english)))
        else:
            quantity = self._chunk(side.chunk.replace("个", ""), mark)
        if side.factor == 1:
            return quantity
        low, high, said = (
            None if n is None else times(n, side.factor) for n in (quantity.low, quantity.high, quantity.said)
        )
        return Quantity(low, high, quantity.manner, said, quantity.numeral)

    def _chunk(self, chunk: str, mark: DecimalMark) -> Quantity:
        """A numeral with 几, 多, 余, 来, 把 in it or with two digits side by side."""
        if chunk.isascii():
            return _exact(read_numeral(chunk, mark))
        if not _INEXACT.search(chunk):
            pair = _PAIR.fullmatch(chunk) if _TWO_DIGITS.search(chunk) else None
            return (self._pair(pair, mark) if pair else None) or _exact(read_numeral(chunk, mark))
        if match := _MORE.fullmatch(chunk):
            # 五十多万: more than 50, less than 60, in units of 10,000.
            factor = _factor(match["big"])
            numeral = read_numeral(match["number"], mark)
            step = Decimal(10) ** _trailing_zeros(numeral.value)
            said = times(numeral.value, factor)
            return self._more(said, times(EXACT.add(numeral.value, step), factor), said, numeral)
        if match := _AROUND.fullmatch(chunk):
            numeral = read_numeral(match["number"], mark)
            said = times(numeral.value, _factor(match["big"]))
            return self._about(Quantity(said, said, "exact", said, numeral))
        if match := _SEVERAL.fullmatch(chunk):
            unit, factor = SMALL_UNITS.get(match["unit"] or "", 1), _factor(match["big"])
            base, least = Decimal(0), self._shares.several
            if match["before"]:
                base = read_numeral(match["before"], mark).value
                last = 10 ** _trailing_zeros(base) if match["before"].isdigit() else _last_unit(match["before"])
                if unit * 10 != last:
                    # 一百几 may be 101 to 109 or 110 to 190.
                    raise NumeralError("ambiguous_numeral")
                least = 1
            low = times(EXACT.add(base, least * unit), factor)
            return Quantity(low, self._below(times(EXACT.add(base, 10 * unit), factor)), "several")
        # 十几二十
        raise NumeralError("ambiguous_numeral")

    def _pair(self, pair: re.Match[str], mark: DecimalMark) -> Quantity | None:
        """七八 is 7 to 8, 三五十 30 to 50, 十七八 17 to 18; None where the digits are not such a pair."""
        first, second = DIGITS[pair["low"]], DIGITS[pair["high"]]
        if second != first + 1 and (first, second) not in ((3, 5), (3, 2)):
            return None
        low, high = sorted((first, second))
        unit, base = SMALL_UNITS.get(pair["unit"] or "", 1), Decimal(0)
        if before := pair["before"]:
            last = _last_unit(before)
            if before.endswith("零"):
                base = read_numeral(before[:-1], mark).value
            else:
                base = read_numeral(before, mark).value
                # 一百七八 is 170 to 180.
                unit = unit if pair["unit"] else max(last // 10, 1)
            if unit >= last:
                raise NumeralError("malformed_numeral")
        factor = _factor(pair["big"])
        least, most = EXACT.add(base, low * unit), EXACT.add(base, high * unit)
        return Quantity(times(least, factor), times(most, factor), "between")

    def _above(self, number: Decimal) -> Decimal:
        """The least number that is more."""
        return EXACT.add(number, self._step)

    def _below(self, number: Decimal) -> Decimal:
        """The greatest number that is less."""
        return EXACT.subtract(number, self._step)

    def _down(self, number: Decimal) -> Decimal:
        return plain(number.to_integral_value(ROUND_FLOOR, EXACT) if self._step else number)

    def _up(self, number: Decimal) -> Decimal:
        return plain(number.to_integral_value(ROUND_CEILING, EXACT) if self._step else number)


def _exact(numeral: Numeral) -> Quantity:
    return Quantity(numeral.value, numeral.value, "exact", numeral.value, numeral)


def _ordered(low: Decimal, high: Decimal) -> Quantity:
    if low > high:
        raise NumeralError("descending")
    return Quantity(low, high, "range")


def _factor(units: str | None) -> int:
    product = 1
    for character in units or "":
        product *= BIG_UNITS.get(character) or SMALL_UNITS[character]
    return product


def _last_unit(text: str) -> int:
    """The value of the last unit in a numeral; 廿 and 卅 count as 十."""
    for character in reversed(text):
        if unit := SMALL_UNITS.get(character) or BIG_UNITS.get(character):
            return unit
        if character in "廿卅":
            return 10
    return 1


def _trailing_zeros(number: Decimal) -> int:
    """How many zeros a plain number ends with; negative for decimals."""
    _sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or exponent < 0:
        return exponent if isinstance(exponent, int) else 0
    text = "".join(map(str, digits))
    return len(text) - len(text.rstrip("0")) if number else 0


def _sides(tokens: Sequence[Token]) -> tuple[list[_Side], list[str]]:
    """The numbers with their words, and what stands between them.

    Raises:
        NumeralError: a word stands where it means nothing.
    """
    sides: list[_Side] = []
    links: list[str] = []
    side = _Side()
    link = ""
    is_between = False

    def close(new_link: str) -> None:
        nonlocal side, link
        if side.has_number:
            if sides:
                links.append(link)
            sides.append(side)
            link = new_link
        elif side.bounds or new_link:
            raise NumeralError("unclear")
        side = _Side()

    for index, token in enumerate(tokens):
        match token.kind:
            case "n":
                if side.has_number:
                    close("")
                side.chunk = token.text
            case "e":
                if side.chunk or side.is_over or side.many:
                    close("")
                side.english.append(token.text)
            case "s":
                if side.english and token.text in ENGLISH_WORDS and side.factor == 1:
                    side.english.append(token.text)
                elif side.has_number and not side.is_over and _may_follow(token, side):
                    side.factor = times(side.factor, token.payload)
                    side.scale = token.text
                elif token.text in ENGLISH_WORDS and not side.has_number:
                    side.english.append(token.text)
                else:
                    raise NumeralError("unclear")
            case "v" | "f":
                if side.has_number:
                    close("")
                side.many, side.few = token.payload or 0, token.kind == "f"
            case "b":
                if side.has_number and "after" in token.payload:
                    side.bounds.append(token.payload["after"])
                    side.is_over = True
                elif "before" in token.payload:
                    if side.has_number:
                        close("")
                    side.bounds.append(token.payload["before"])
                else:
                    raise NumeralError("unclear")
            case "t" | "-":
                close("to")
            case "&" if is_between or not side.has_number:
                if is_between:
                    close("to")
            case "&":
                # two hundred and fifty, else a join that joins nothing.
                if not (side.english and index + 1 < len(tokens) and tokens[index + 1].kind == "e"):
                    raise NumeralError("several")
            case "~":
                if side.has_number:
                    close("to")
                else:
                    side.bounds.append("about")
            case "d":
                is_between = True
            case "c":
                if side.has_number:
                    close("")
            case "L" | "u":
                pass
            case _other:
                raise NumeralError("unclear")
    if side.has_number:
        close("")
    elif side.bounds or link == "to":
        raise NumeralError("unclear")
    return sides, links


def _may_follow(scale: Token, side: _Side) -> bool:
    """Whether the number may be multiplied: 5千w and "2 hundred thousand", not 5万w and 10kw."""
    if side.scale:
        return side.scale in ENGLISH_WORDS and scale.text in ENGLISH_WORDS and side.factor <= 1000
    return not any(character in BIG_UNITS for character in side.chunk)
