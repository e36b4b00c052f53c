"""Read numerals, in digits, in Chinese characters or in both: 1,200.5, 三百二十, 叁佰, 3亿5千万, 1.2万, 一点五亿.

What can be read in two ways is not read at all: 3,5 and 壹万贰元 are faults. Words around a number (currencies, about,
at least) are none of this module's business. The texts are folded, simplified and in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from cockpit.domain.normalise.text import LONGEST_TEXT

DecimalMark: TypeAlias = Literal["point", "comma"]

# Wide enough for every text that is looked into: nothing is ever rounded.
EXACT = Context(prec=3 * LONGEST_TEXT)

_PLAIN_DIGITS = "零一二三四五六七八九"
_FORMAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"
DIGITS = {
    **{character: digit for digit, character in enumerate(_PLAIN_DIGITS)},
    **{character: digit for digit, character in enumerate(_FORMAL_DIGITS)},
    "〇": 0,
    "○": 0,
    "两": 2,
    "参": 3,
    "貮": 2,
    "弐": 2,
    "壱": 1,
}
_ZEROS = frozenset("零〇○")
_FORMAL = frozenset(_FORMAL_DIGITS[1:] + "参貮弐壱拾佰仟")
_TENS = {"廿": 20, "卅": 30, "卌": 40}
SMALL_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
BIG_UNITS = {"万": 10**4, "亿": 10**8, "兆": 10**12}
_POINT = "点"
_HALF = "半"

# All characters that a Chinese numeral may hold.
CHARACTERS = "".join((*DIGITS, *_TENS, *SMALL_UNITS, *BIG_UNITS, _POINT, _HALF))
# A number in digits; which separators are right is decided when it is read. A space only where three digits follow.
DIGIT_GROUPS = r"(?:[0-9]+(?:[,.'’][0-9]+| [0-9]{3}(?![0-9]))*\.?|\.[0-9]+)"

# Digits that fold() would make ordinary ones: 10² must not become 102, nor ① 100 become 1 100.
_ORNAMENTAL = re.compile("[²³¹¼-¾⁰-₟⅐-⅟↉①-⓿❶-➓㈀-㋿㍘-㏾\U0001f100-\U0001f10c]")

_BY_POINT = re.compile(r"(?:\d+|\d{1,3}(?:([,'’ ])\d{3})(?:\1\d{3})*)(?:\.\d*)?|\.\d+")
_BY_COMMA = re.compile(r"(?:\d+|\d{1,3}(?:([.'’ ])\d{3})(?:\1\d{3})*)(?:,\d*)?")
_NO_DIGITS_FOR = {"point": re.compile(r"[,'’ ]"), "comma": re.compile(r"[.'’ ]")}
_BIG_UNIT = re.compile(f"([{''.join(BIG_UNITS)}])")
_DIGIT = re.compile("[0-9]")
_NOT_DIGITS = re.compile(r"[^0-9.,'’ ]")
_BARE_UNITS = re.compile(f"[百佰千仟{''.join(BIG_UNITS)}][{''.join((*SMALL_UNITS, *BIG_UNITS))}]*")
_SPACED_PAIR = re.compile("[0-9]{3} [0-9]{3}")
_ATOM = re.compile(rf"{DIGIT_GROUPS}|.", re.DOTALL)

_ENGLISH_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_ENGLISH_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH_SMALL = {
    **{word: number for number, word in enumerate(_ENGLISH_ONES)},
    **{word: 10 * number for number, word in enumerate(_ENGLISH_TENS, 2)},
}
_ENGLISH_BIG = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ENGLISH_FILL = frozenset({"a", "an", "and"})
ENGLISH_WORDS = frozenset({*_ENGLISH_SMALL, *_ENGLISH_BIG, "hundred", "dozen", "half"})


class NumeralError(ValueError):
    """A text that is no numeral, or can be read in two ways.

    Attributes:
        reason: decimal_comma, decimal_point, grouping, leading_zero, ambiguous_numeral: a person can tell;
            malformed_numeral: nobody can.
        candidate: The most likely meaning, if there is one.
    """

    def __init__(self, reason: str, candidate: Decimal | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.candidate = candidate


class Numeral(NamedTuple):
    """A number as it was written.

    Attributes:
        is_chinese: Without digits.
        is_formal: With the characters of vouchers, 壹 贰 佰.
        is_bare_unit: A unit without a number before it: 千, 百万; more an order of magnitude than a number.
        has_trillion: With 兆, which means 10^12 or 10^6, depending on who writes.
    """

    value: Decimal
    is_chinese: bool = False
    is_formal: bool = False
    is_bare_unit: bool = False
    has_trillion: bool = False


def has_ornamental_digits(text: str) -> bool:
    """Whether the text, not yet folded, has raised, circled, bracketed or broken digits that folding would misplace."""
    return not text.isascii() and _ORNAMENTAL.search(text) is not None


def plain(number: Decimal) -> Decimal:
    """The number without superfluous zeros and without exponent in front of the point; no negative zero."""
    if number == (whole := number.to_integral_value(context=EXACT)):
        return Decimal(int(whole))
    return number.normalize(EXACT)


def times(number: Decimal, factor: Decimal | int) -> Decimal:
    """The exact product, plain."""
    return plain(EXACT.multiply(number, Decimal(factor)))


def read_digits(text: str, mark: DecimalMark = "point") -> Decimal:
    """A number in digits with separators: 1,200,000.50, 1'200, 1 200; with `comma`: 1.200.000,50.

    Raises:
        NumeralError: the groups are not of three digits, the marks are those of the other convention, a zero leads.
    """
    if len(text) > LONGEST_TEXT or (not text.isascii() and not text.replace("’", "'").isascii()):
        raise NumeralError("malformed_numeral")
    pattern = _BY_POINT if mark == "point" else _BY_COMMA
    if not pattern.fullmatch(text):
        raise _digits_fault(text, mark)
    bare = _NO_DIGITS_FOR[mark].sub("", text)
    if mark == "comma":
        bare = bare.replace(",", ".")
    if _SPACED_PAIR.fullmatch(text):
        # 100 200: two numbers as likely as one.
        raise NumeralError("grouping")
    if bare[0] == "0" and bare[1:2].isdigit():
        raise NumeralError("leading_zero")
    return plain(Decimal(bare))


def _digits_fault(text: str, mark: DecimalMark) -> NumeralError:
    """Why the text cannot be read with this mark."""
    other: DecimalMark = "comma" if mark == "point" else "point"
    if re.fullmatch(r"\d+,(\d{4,})", text) and mark == "point":
        # 12,0000: groups of four are as likely as decimals.
        return NumeralError("grouping")
    if (_BY_POINT if other == "point" else _BY_COMMA).fullmatch(text):
        try:
            return NumeralError(f"decimal_{other}", read_digits(text, other))
        except NumeralError:
            return NumeralError(f"decimal_{other}")
    points, commas = text.count("."), text.count(",")
    if (points > 1 and commas) or (points > 1 and not re.fullmatch(r"\d{1,3}(\.\d{3})+", text) and mark == "point"):
        return NumeralError("malformed_numeral")
    return NumeralError("grouping")


def read_numeral(text: str, mark: DecimalMark = "point") -> Numeral:
    """A numeral in digits, Chinese characters or both. 一万二 is 12000 and 两百五 is 250, as people say it.

    Args:
        text: Folded, simplified, lower case, without 个 and spaces between its parts.
        mark: What separates decimals of digits.

    Raises:
        NumeralError: no numeral, or one that can be read in two ways: 壹万贰 (12000 or 10002), 3亿5千, 3万50.
    """
    if not text or len(text) > LONGEST_TEXT:
        raise NumeralError("malformed_numeral")
    if not _NOT_DIGITS.search(text):
        return Numeral(read_digits(text, mark))
    parts = _BIG_UNIT.split(text)
    value = _section(text, mark, True).value if len(parts) == 1 else _with_big_units(parts, mark)
    return Numeral(
        value=plain(value),
        is_chinese=_DIGIT.search(text) is None,
        is_formal=not _FORMAL.isdisjoint(text),
        is_bare_unit=_BARE_UNITS.fullmatch(text) is not None,
        has_trillion="兆" in text,
    )


class _Section(NamedTuple):
    """What stands between two of the units 万, 亿, 兆."""

    value: Decimal
    # Whether a zero leads (零五, 05), whether it is one bare digit (五, 5), how many digits it has if only digits.
    leading_zero: bool = False
    bare_digit: bool = False
    digits: int = 0
    is_formal: bool = False
    has_fraction: bool = False
    is_half: bool = False


def _with_big_units(parts: Sequence[str], mark: DecimalMark) -> Decimal:
    """The value of sections and units by turns: 3 亿 5千 万 and what follows the last unit, maybe nothing."""
    total = Decimal(0)
    below = 10**16  # the unit that the next one has to stay below
    is_raised = has_fraction = False
    for position, (text, unit) in enumerate(_grouped(parts)):
        if has_fraction:
            # 1.2亿3000万
            raise NumeralError("ambiguous_numeral")
        section = _section(text, mark, position == 0) if text else _Section(Decimal(1))
        if section.is_half and position:
            raise NumeralError("malformed_numeral")
        if unit >= below:
            # 一万二千亿: what came before counts in the larger unit too; only once, and only when complete.
            is_complete = section.leading_zero or section.digits == 4 or (not section.digits and section.value >= 1000)
            if is_raised or unit == below or not position or not is_complete or section.value >= below:
                raise NumeralError("malformed_numeral")
            total = EXACT.multiply(EXACT.add(total, section.value), Decimal(unit))
            is_raised = True
        else:
            amount = EXACT.multiply(section.value, Decimal(unit))
            if position and amount >= below:
                raise NumeralError("malformed_numeral")
            total = EXACT.add(total, amount)
        has_fraction = section.has_fraction
        below = unit
    if not parts[-1]:
        return total
    if has_fraction or not parts[0]:
        # 1.2万5; 万二
        raise NumeralError("ambiguous_numeral")
    return EXACT.add(total, _after_unit(parts[-1], below, mark))


def _grouped(parts: Sequence[str]) -> list[tuple[str, int]]:
    """Each section with its unit; units that follow one another, rising, multiply: 三万亿."""
    groups: list[tuple[str, int]] = []
    last = 0
    for text, character in zip(parts[:-1:2], parts[1::2], strict=True):
        unit = BIG_UNITS[character]
        if text or not groups:
            groups.append((text, unit))
        elif unit > last:
            groups[-1] = (groups[-1][0], groups[-1][1] * unit)
        else:
            raise NumeralError("malformed_numeral")
        last = unit
    return groups


def _after_unit(text: str, unit: int, mark: DecimalMark) -> Decimal:
    """The value of what follows the last of 万, 亿, 兆."""
    section = _section(text, mark, False)
    if section.is_half:
        return Decimal(unit // 2)
    if section.bare_digit and not section.leading_zero:
        # 一万二. On vouchers 零 may be missing: there it could be 10002.
        if section.is_formal:
            raise NumeralError("ambiguous_numeral")
        return section.value * (unit // 10)
    if section.value >= unit:
        raise NumeralError("malformed_numeral")
    is_complete = section.leading_zero or (
        section.digits in (len(str(unit)) - 1, 3 if unit == 10**4 else 0)
        if section.digits
        # 三亿五千 may be 350 million or 300,005,000.
        else unit == 10**4
    )
    if not is_complete:
        raise NumeralError("ambiguous_numeral")
    return section.value


# The same few thousand numbers below 10,000 come again and again.
@lru_cache(maxsize=32_768)
def _section(text: str, mark: DecimalMark, is_first: bool) -> _Section:
    """A number without 万, 亿, 兆.

    Raises:
        NumeralError: as read_numeral.
    """
    atoms = _ATOM.findall(text)
    if not atoms:
        raise NumeralError("malformed_numeral")
    if text == _HALF:
        return _Section(Decimal("0.5"), is_half=True, has_fraction=True)
    if len(atoms) == 1 and _is_digits(text):
        return _digit_section(text, mark, is_first=is_first)
    if _POINT in atoms:
        return _pointed(atoms, mark, is_first=is_first)
    if all(atom in DIGITS for atom in atoms):
        return _digit_by_digit(atoms)
    return _with_small_units(atoms, mark)


def _is_digits(atom: str) -> bool:
    return atom.isascii() and (atom[0].isdigit() or atom[0] == ".") and len(atom.strip(".")) > 0


def _digit_section(text: str, mark: DecimalMark, *, is_first: bool) -> _Section:
    leading_zero = not is_first and text[0] == "0" and text.isdigit() and len(text) > 1
    if leading_zero and len(text) not in (4, 8):
        # 3万05
        raise NumeralError("ambiguous_numeral")
    value = Decimal(int(text)) if leading_zero else read_digits(text, mark)
    has_fraction = value != value.to_integral_value(context=EXACT)
    # Decimals after a complete group: 1万2000.50.
    digits = len(str(int(value))) if has_fraction else sum(character.isdigit() for character in text)
    return _Section(
        value,
        leading_zero=leading_zero,
        bare_digit=len(text) == 1,
        digits=digits,
        has_fraction=has_fraction,
    )


def _pointed(atoms: Sequence[str], mark: DecimalMark, *, is_first: bool) -> _Section:
    """一点五, 三百二十点五, 3点5; after a unit also 点五 alone: 一万点五."""
    at = atoms.index(_POINT)
    after = atoms[at + 1 :]
    if not after or (at == 0 and is_first):
        raise NumeralError("malformed_numeral")
    if all(atom in DIGITS for atom in after):
        fraction = "".join(str(DIGITS[atom]) for atom in after)
    elif len(after) == 1 and after[0].isascii() and after[0].isdigit():
        fraction = after[0]
    else:
        raise NumeralError("malformed_numeral")
    whole = _section("".join(atoms[:at]), mark, True) if at else _Section(Decimal(0), leading_zero=True)
    if whole.value != whole.value.to_integral_value(context=EXACT):
        raise NumeralError("malformed_numeral")
    return _Section(
        EXACT.add(whole.value, Decimal(f"0.{fraction}")),
        leading_zero=whole.leading_zero,
        digits=len(str(int(whole.value))),
        has_fraction=True,
    )


def _digit_by_digit(atoms: Sequence[str]) -> _Section:
    """五, 零五, 二〇〇, 一二〇. Not 二三 or 二三四, which mean two or three."""
    digits = [DIGITS[atom] for atom in atoms]
    is_formal = not _FORMAL.isdisjoint(atoms)
    if len(digits) == 1:
        return _Section(Decimal(digits[0]), bare_digit=True, is_formal=is_formal)
    if len(digits) == 2 and digits[0] == 0 and digits[1]:
        return _Section(Decimal(digits[1]), leading_zero=True, bare_digit=True, is_formal=is_formal)
    has_zero = not _ZEROS.isdisjoint(atoms)
    runs_up = all(right == left + 1 for left, right in pairwise(digits))
    if digits[0] == 0 or (len(digits) == 2 and not has_zero) or (runs_up and not has_zero):
        raise NumeralError("ambiguous_numeral")
    return _Section(Decimal(int("".join(map(str, digits)))), digits=len(digits), is_formal=is_formal)


def _with_small_units(atoms: Sequence[str], mark: DecimalMark) -> _Section:
    """千 百 十 in falling order, each with its digit: 三千零五十, 十五, 廿五, 5百, 3千5."""
    total = Decimal(0)
    below = 10**4
    index = 0
    has_zero = False
    leading_zero = atoms[0] in _ZEROS
    is_formal = not _FORMAL.isdisjoint(atoms)
    while index < len(atoms):
        atom = atoms[index]
        if atom in _ZEROS:
            has_zero = True
            index += 1
            continue
        if atom in _TENS:
            _check_unit(10, below, has_zero=has_zero, is_first=index == 0 or leading_zero)
            total += _TENS[atom]
            below, has_zero, index = 10, False, index + 1
            continue
        coefficient, length = _coefficient(atoms, index, mark, is_first=index == 0)
        unit = SMALL_UNITS.get(atoms[index + length]) if index + length < len(atoms) else None
        if unit is None:
            if index + length != len(atoms) or length == 0:
                raise NumeralError("malformed_numeral")
            return _Section(
                EXACT.add(total, _after_small_unit(atom, coefficient, below, has_zero=has_zero, is_formal=is_formal)),
                leading_zero=leading_zero,
                is_formal=is_formal,
                has_fraction=coefficient != coefficient.to_integral_value(context=EXACT),
            )
        _check_unit(unit, below, has_zero=has_zero, is_first=index == 0 or (leading_zero and total == 0))
        if length == 0 and unit != 10:
            _check_bare(atoms, index)
        amount = EXACT.multiply(coefficient, Decimal(unit))
        if index > 0 and amount >= below:
            raise NumeralError("malformed_numeral")
        total = EXACT.add(total, amount)
        index += length + 1
        if coefficient != coefficient.to_integral_value(context=EXACT) and index < len(atoms):
            # 1.5千3百
            raise NumeralError("ambiguous_numeral")
        below, has_zero = unit, False
        # 5百万's own unit was taken off before; 3百千 is none.
        if index < len(atoms) and atoms[index] in SMALL_UNITS and atoms[index] not in "十拾":
            raise NumeralError("malformed_numeral")
    if has_zero:
        raise NumeralError("malformed_numeral")
    fraction = total != total.to_integral_value(context=EXACT) or (
        "." in atoms[0] or ("," in atoms[0] and mark == "comma")
    )
    return _Section(total, leading_zero=leading_zero, is_formal=is_formal, has_fraction=fraction)


def _coefficient(atoms: Sequence[str], index: int, mark: DecimalMark, *, is_first: bool) -> tuple[Decimal, int]:
    """The number before a unit and how many atoms it takes; 1 and 0 where the unit stands alone (十五)."""
    atom = atoms[index]
    if atom in SMALL_UNITS:
        return Decimal(1), 0
    if atom in DIGITS:
        return Decimal(DIGITS[atom]), 1
    if atom == _HALF and is_first:
        return Decimal("0.5"), 1
    if _is_digits(atom):
        return read_digits(atom, mark), 1
    raise NumeralError("malformed_numeral")


def _check_bare(atoms: Sequence[str], index: int) -> None:
    # 百 and 千 stand without a digit only at the beginning, alone or in 百十; 千八百 is 800 to 1000 as people say it.
    if index > 0:
        raise NumeralError("malformed_numeral")
    if len(atoms) > 1 and list(atoms) != ["百", "十"]:
        raise NumeralError("malformed_numeral" if atoms[1] in SMALL_UNITS else "ambiguous_numeral")


def _check_unit(unit: int, below: int, *, has_zero: bool, is_first: bool) -> None:
    # 零 stands for a unit that is left out, and only for that: not 二百零五十.
    if unit >= below or (has_zero and not is_first and unit * 10 == below):
        raise NumeralError("malformed_numeral")


def _after_small_unit(atom: str, number: Decimal, below: int, *, has_zero: bool, is_formal: bool) -> Decimal:
    """What follows the last unit: 十五, 一百零五, and 两百五 for 250."""
    if below == 10**4:
        # No unit came before: 零五.
        return number
    if atom in DIGITS:
        if has_zero and below == 10:
            raise NumeralError("malformed_numeral")
        if has_zero or below == 10:
            return number
        if is_formal:
            raise NumeralError("ambiguous_numeral")
        return number * (below // 10)
    if not (atom.isascii() and atom.isdigit()) or (atom[0] == "0" and len(atom) > 1):
        raise NumeralError("ambiguous_numeral")
    if number >= below:
        raise NumeralError("malformed_numeral")
    if len(atom) == len(str(below)) - 1 or has_zero:
        return number
    if len(atom) == 1:
        return number * (below // 10)
    raise NumeralError("ambiguous_numeral")


def read_english(words: Sequence[str]) -> Decimal:
    """A number in English words, lower case: two hundred (and) fifty thousand, half a million, a dozen.

    Raises:
        NumeralError: no numeral.
    """
    parts = [word for word in words if word not in _ENGLISH_FILL]
    if not parts:
        raise NumeralError("malformed_numeral")
    if parts[0] == "half":
        if len(parts) != 2 or parts[1] not in {*_ENGLISH_BIG, "dozen"}:
            raise NumeralError("malformed_numeral")
        return Decimal({**_ENGLISH_BIG, "dozen": 12}[parts[1]] // 2)
    if parts[-1] == "dozen":
        return 12 * (read_english(parts[:-1]) if len(parts) > 1 else Decimal(1))
    total = current = 0
    below, room = 10**15, 1000
    for position, word in enumerate(parts):
        if word in _ENGLISH_SMALL:
            number = _ENGLISH_SMALL[word]
            # After twenty only one to nine, after hundred all below hundred.
            if number >= room or (number == 0 and len(parts) > 1):
                raise NumeralError("malformed_numeral")
            current += number
            room = 10 if number >= 20 else 0
        elif word == "hundred":
            if current >= 20 or (current == 0 and position) or (current and current % 100 == 0):
                raise NumeralError("malformed_numeral")
            current = (current or 1) * 100
            room = 100
        elif word in _ENGLISH_BIG:
            unit = _ENGLISH_BIG[word]
            if unit >= below or (current == 0 and position):
                raise NumeralError("malformed_numeral")
            total += (current or 1) * unit
            current, below, room = 0, unit, 1000
        else:
            raise NumeralError("malformed_numeral")
    return Decimal(total + current)


def is_unit_word(words: Sequence[str]) -> bool:
    """Whether English words say a unit and no number: million."""
    return len(words) == 1 and (words[0] == "hundred" or words[0] in _ENGLISH_BIG)
