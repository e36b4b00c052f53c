"""Numerals are read as people mean them; what can be read in two ways is not read."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import cn2an
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cockpit.domain.normalise.quantities.numerals import (
    CHARACTERS,
    Numeral,
    NumeralError,
    has_ornamental_digits,
    plain,
    read_digits,
    read_english,
    read_numeral,
    times,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("零", 0), ("〇", 0), ("两", 2), ("十", 10), ("十五", 15), ("二十", 20), ("廿五", 25), ("卅", 30), ("卅六", 36),
        ("一百", 100), ("一百一", 110), ("一百一十", 110), ("一百十五", 115), ("一百零一", 101), ("两百五", 250),
        ("二百五十", 250), ("二百零五", 205), ("一千一", 1100), ("一千零一", 1001), ("一千零一十", 1010), ("一千一百一", 1110),
        ("三千零五十", 3050), ("一万二", 12000), ("一万零二", 10002), ("一万零二百", 10200), ("一万二百", 10200),
        ("十二万五", 125000), ("十二万零五", 120005), ("一百二十万五", 1205000), ("十万八千", 108000), ("一百二十万", 1200000),
        ("一亿二", 120000000), ("一亿零五百", 100000500), ("二十亿零五千万", 2050000000), ("一万二千亿", 1200000000000),
        ("一万亿", 1000000000000), ("九千九百九十九亿", 999900000000),
        ("壹拾贰万叁仟肆佰伍拾陆", 123456), ("壹万零贰", 10002), ("贰万叁佰", 20300), ("参拾", 30), ("贰拾万零伍佰", 200500),
        ("二〇〇五", 2005), ("一二〇", 120), ("五〇〇", 500), ("五零", 50), ("一零五", 105), ("八八八", 888),
        ("零点五亿", 50000000), ("一点二万", 12000), ("二百点五", "200.5"), ("三点一四", "3.14"), ("3点5", "3.5"), ("一万点五", "10000.5"), ("一万零五点二", "10005.2"),
        ("半", "0.5"), ("半亿", 50000000), ("一万半", 15000), ("两万半", 25000), ("百万", 1000000), ("百十", 110), ("千万", 10000000), ("十万", 100000),
        ("3亿5千万", 350000000), ("1.2万", 12000), ("1,200万", 12000000), ("5百万", 5000000), ("1.5千", 1500), ("12千", 12000),
        ("15百万", 15000000), ("5十万", 500000), ("3万5", 35000), ("3千5", 3500), ("3千500", 3500), ("3百50", 350), ("3万500", 30500),
        ("12万3456", 123456), ("3亿5", 350000000), ("3万0500", 30500), ("3亿2500.5万", 325005000), ("1万2000.50", "12000.5"),
        ("1亿2000万", 120000000), ("2千3百4十5", 2345), ("1百万5千", 1005000), ("3万亿", 3000000000000), ("1兆", 1000000000000),
        ("一千五十", 1050),
    ],
)  # fmt: skip
def test_a_numeral_has_one_value(text: str, value: int | str) -> None:
    assert read_numeral(text).value == Decimal(value)
    assert "E" not in str(read_numeral(text).value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("壹万贰", "ambiguous_numeral"), ("贰佰伍", "ambiguous_numeral"), ("3亿5千", "ambiguous_numeral"), ("三亿五千", "ambiguous_numeral"),
        ("3万50", "ambiguous_numeral"), ("3千50", "ambiguous_numeral"), ("3万05", "ambiguous_numeral"), ("二五", "ambiguous_numeral"),
        ("一二三", "ambiguous_numeral"), ("1.2万5", "ambiguous_numeral"), ("1.2亿3000万", "ambiguous_numeral"),
        ("1.5千3百", "ambiguous_numeral"), ("零零", "ambiguous_numeral"), ("千八百", "ambiguous_numeral"), ("百八十", "ambiguous_numeral"), ("万二", "ambiguous_numeral"),
        ("一百零", "malformed_numeral"), ("十零五", "malformed_numeral"), ("二百零五十", "malformed_numeral"), ("一千零五百", "malformed_numeral"),
        ("一百百", "malformed_numeral"), ("三百千", "malformed_numeral"), ("万万", "malformed_numeral"), ("亿万", "malformed_numeral"),
        ("10万3亿", "malformed_numeral"), ("100万200万", "malformed_numeral"), ("十百", "malformed_numeral"), ("三点", "malformed_numeral"),
        ("点五", "malformed_numeral"), ("一点点", "malformed_numeral"), ("一万半半", "malformed_numeral"), ("", "malformed_numeral"),
        ("abc", "malformed_numeral"), ("五个", "malformed_numeral"), ("٣", "malformed_numeral"), ("一" * 401, "malformed_numeral"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_not_read(text: str, reason: str) -> None:
    with pytest.raises(NumeralError) as fault:
        read_numeral(text)
    assert fault.value.reason == reason


def test_how_it_was_written_is_known() -> None:
    assert read_numeral("壹佰") == Numeral(Decimal(100), is_chinese=True, is_formal=True)
    assert read_numeral("一百") == Numeral(Decimal(100), is_chinese=True)
    assert read_numeral("100") == Numeral(Decimal(100))
    assert read_numeral("千") == Numeral(Decimal(1000), is_chinese=True, is_bare_unit=True)
    assert read_numeral("十") == Numeral(Decimal(10), is_chinese=True)
    assert read_numeral("2兆").has_trillion


@given(
    st.integers(0, 10**12 - 1)
    | st.integers(0, 10**4)
    | st.builds(lambda n, zeros: n * 10**zeros, st.integers(1, 99), st.integers(0, 9))
)
def test_what_another_library_writes_is_read(number: int) -> None:
    assert read_numeral(cn2an.an2cn(number, "low")).value == number
    assert read_numeral(cn2an.an2cn(number, "up")).value == number


@given(st.decimals(0, 10**9, places=4))
def test_decimals_that_another_library_writes_are_read(number: Decimal) -> None:
    number = plain(number)
    assert read_numeral(cn2an.an2cn(format(number, "f"), "low")).value == number


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("0", "point", "0"), ("1200", "point", "1200"), ("1,200,000.50", "point", "1200000.5"), ("1 200 000", "point", "1200000"),
        ("12 500", "point", "12500"), ("1'200'000.5", "point", "1200000.5"), ("1’200", "point", "1200"), (".5", "point", "0.5"),
        ("5.", "point", "5"), ("12.3456789", "point", "12.3456789"), ("1.234", "comma", "1234"), ("1.234,56", "comma", "1234.56"),
        ("1,5", "comma", "1.5"), ("1,234", "comma", "1.234"), ("1 234,5", "comma", "1234.5"), ("1234", "comma", "1234"),
        ("0." + "0" * 60 + "1", "point", "0." + "0" * 60 + "1"), ("9" * 100, "point", "9" * 100),
    ],
)  # fmt: skip
def test_separators_by_convention(text: str, mark: str, value: str) -> None:
    assert read_digits(text, mark) == Decimal(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "mark", "reason", "candidate"),
    [
        ("3,5", "point", "decimal_comma", "3.5"), ("1.234,56", "point", "decimal_comma", "1234.56"),
        ("1.200.000", "point", "decimal_comma", "1200000"), ("1,20", "point", "decimal_comma", "1.2"),
        ("12,0000", "point", "grouping", None), ("12,34,567", "point", "grouping", None), ("1,2,3", "point", "grouping", None),
        ("100 200", "point", "grouping", None), ("12 34", "point", "grouping", None),
        ("1,200.50.30", "point", "malformed_numeral", None), ("1.2.3", "point", "malformed_numeral", None),
        ("0123", "point", "leading_zero", None), ("00", "point", "leading_zero", None), ("0,500", "point", "leading_zero", None),
        ("1,234.56", "comma", "decimal_point", "1234.56"), ("1.5", "comma", "decimal_point", "1.5"),
        ("1,234,567", "comma", "decimal_point", "1234567"), ("１", "point", "malformed_numeral", None),
    ],
)  # fmt: skip
def test_other_separators_are_a_fault(text: str, mark: str, reason: str, candidate: str | None) -> None:
    with pytest.raises(NumeralError) as fault:
        read_digits(text, mark)  # type: ignore[arg-type]
    assert fault.value.reason == reason
    assert fault.value.candidate == (None if candidate is None else Decimal(candidate))


@given(st.text(st.sampled_from(CHARACTERS + "0123456789.,' "), max_size=12) | st.text())
@example("0٣")
@example("一点٣")
def test_any_text_is_a_numeral_or_a_fault(text: str) -> None:
    for mark in ("point", "comma"):
        with contextlib.suppress(NumeralError):
            assert read_numeral(text, mark).value >= 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("zero", 0), ("five", 5), ("nineteen hundred", 1900), ("two hundred fifty thousand", 250000), ("one hundred and five", 105),
        ("twenty five", 25), ("half a million", 500000), ("a dozen", 12), ("two dozen", 24), ("one million two hundred thousand", 1200000),
        ("ten thousand", 10000), ("three billion", 3000000000),
    ],
)  # fmt: skip
def test_english_words(words: str, value: int) -> None:
    assert read_english(words.split()) == value


@pytest.mark.parametrize(
    "words",
    [
        "",
        "and",
        "five five",
        "twenty twelve",
        "thousand million",
        "half",
        "half five",
        "hello",
        "one zero",
        "two hundred hundred",
    ],
)
def test_english_words_that_are_no_number(words: str) -> None:
    with pytest.raises(NumeralError):
        read_english(words.split())


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_plain_number_is_the_same_number_without_exponent(number: Decimal) -> None:
    if number.adjusted() > 300 or number.adjusted() < -300:
        return
    assert plain(number) == number
    assert plain(plain(number)).as_tuple() == plain(number).as_tuple()
    assert number != plain(number) or plain(number).as_tuple().exponent <= 0


def test_nothing_is_rounded() -> None:
    assert times(Decimal("1234567890123456789012345678901234567890.5"), 10000) == Decimal(
        "12345678901234567890123456789012345678905000"
    )


@pytest.mark.parametrize("text", ["10²", "①100", "½", "㈠", "⒈5", "10₂", "㏠", "⓪"])
def test_digits_that_folding_would_misplace_are_seen(text: str) -> None:
    assert has_ornamental_digits(text)
    assert not has_ornamental_digits("１２３ 一百 ¥100")
