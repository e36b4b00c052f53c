"""Amounts: what people type, what it means, and what no machine may decide."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import opencc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.normalise.quantities.amount import AmountStandardiser
from cockpit.domain.normalise.quantities.amount_rule import AmountDeclared, AmountRule
from cockpit.domain.normalise.standard import Standard
from cockpit.rulebook.files import load
from cockpit.rulebook.workspace import REPOSITORY

RULE = load(REPOSITORY / "include/rules/normalisation/amount.yml", AmountRule)
AMOUNT = AmountStandardiser(RULE, AmountDeclared())
COMMA = AmountStandardiser(RULE, AmountDeclared(currency="EUR", decimal="comma"))


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        # given
        ("3亿5千万", 350000000, "CNY"), ("一万二", 12000, "CNY"), ("两百五", 250, "CNY"), ("二百零五", 205, "CNY"), ("十二万五", 125000, "CNY"),
        ("壹拾贰万叁仟肆佰伍拾陆元柒角捌分", "123456.78", "CNY"), ("¥1.2万", 12000, "CNY"), ("120万元", 1200000, "CNY"),
        ("一百二十万", 1200000, "CNY"), ("1,200,000.00", 1200000, "CNY"), ("12.5w", 125000, "CNY"), ("（1,000.50）", "-1000.5", "CNY"),
        ("1000-", -1000, "CNY"), ("一百二十万美元", 1200000, "USD"), ("USD 3.5k", 3500, "USD"), ("１２３", 123, "CNY"), ("0.5个亿", 50000000, "CNY"),
        # digits
        ("0", 0, "CNY"), ("-0", 0, "CNY"), ("0.00", 0, "CNY"), (".5", "0.5", "CNY"), ("100.", 100, "CNY"), ("+1000", 1000, "CNY"),
        ("3.14159265358979", "3.14159265358979", "CNY"), ("1 200 000.50", "1200000.5", "CNY"), ("12 500", 12500, "CNY"),
        ("1'234.56", "1234.56", "CNY"), ("1’234’567", 1234567, "CNY"), ("１，２００，０００．００", 1200000, "CNY"), ('"1,000"', 1000, "CNY"),
        ("'1000", 1000, "CNY"), (" 1 000 ", 1000, "CNY"), ("1,000.000", 1000, "CNY"),
        # units
        ("3000w", 30000000, "CNY"), ("12.5Ｗ", 125000, "CNY"), ("1２万", 120000, "CNY"), ("5千w", 50000000, "CNY"), ("2.5K", 2500, "CNY"),
        ("3.5 million", 3500000, "CNY"), ("2 hundred thousand", 200000, "CNY"), ("1.5MM", 1500000, "CNY"), ("EUR 3 Mio.", 3000000, "EUR"),
        ("1.5百万美元", 1500000, "USD"), ("0.05亿", 5000000, "CNY"), ("1亿5", 150000000, "CNY"), ("12万3", 123000, "CNY"), ("3 万", 30000, "CNY"),
        ("50 lakhs INR", 5000000, "INR"), ("5,000万日元", 50000000, "JPY"), ("10mUSD", 10000000, "USD"), ("12kusd", 12000, "USD"),
        # currencies
        ("RMB 50万", 500000, "CNY"), ("50万人民币", 500000, "CNY"), ("RMB¥50,000.00元整", 50000, "CNY"), ("CNY 2.3bn", 2300000000, "CNY"),
        ("港币100万元", 1000000, "HKD"), ("HK$ 1,200", 1200, "HKD"), ("NT$ 1,200元", 1200, "TWD"), ("新臺幣壹佰萬元整", 1000000, "TWD"),
        ("US$3.5m", 3500000, "USD"), ("5000刀", 5000, "USD"), ("A$100k", 100000, "AUD"), ("£3m", 3000000, "GBP"), ("100 pounds", 100, "GBP"),
        ("100 €", 100, "EUR"), ("100欧元", 100, "EUR"), ("100万円", 1000000, "JPY"), ("100万韩元", 1000000, "KRW"), ("1 million yuan", 1000000, "CNY"),
        ("100元人民币", 100, "CNY"), ("美金五万", 50000, "USD"), ("5萬港紙", 50000, "HKD"), ("100 SGD", 100, "SGD"), ("CHF 1'200.50", "1200.5", "CHF"),
        # signs
        ("-1000", -1000, "CNY"), ("−1000.5", "-1000.5", "CNY"), ("－1000", -1000, "CNY"), ("- 5000", -5000, "CNY"), ("¥-1000", -1000, "CNY"),
        ("-$5,000.00", -5000, "USD"), ("(¥1,000)", -1000, "CNY"), ("(500) USD", -500, "USD"), ("USD (500.00)", -500, "USD"), ("(0)", 0, "CNY"),
        ("¥12,000.00-", -12000, "CNY"), ("△1000", -1000, "CNY"), ("▲1,000", -1000, "CNY"), ("负5万", -50000, "CNY"), ("負五萬", -50000, "CNY"),
        ("-100万", -1000000, "CNY"), ("minus $5", -5, "USD"), ("negative 500", -500, "CNY"),
        # 元 角 分
        ("三块五毛八", "3.58", "CNY"), ("3块5", "3.5", "CNY"), ("三块半", "3.5", "CNY"), ("9块9", "9.9", "CNY"), ("5毛", "0.5", "CNY"), ("贰角伍分", "0.25", "CNY"),
        ("12元5角8分", "12.58", "CNY"), ("12元05分", "12.05", "CNY"), ("十二元零五分", "12.05", "CNY"), ("叁佰元零伍分", "300.05", "CNY"),
        ("1000元0角0分", 1000, "CNY"), ("100块钱", 100, "CNY"), ("两万五千块", 25000, "CNY"), ("零元整", 0, "CNY"),
        ("叁万伍仟零玖拾陆元贰角整", "35096.2", "CNY"), ("人民币伍拾陆万柒仟捌佰玖拾元零壹角贰分", "567890.12", "CNY"), ("壹萬貳仟圓整", 12000, "CNY"),
        ("伍拾萬圓正", 500000, "CNY"), ("叁仟贰佰万圆整", 32000000, "CNY"), ("1200万元整", 12000000, "CNY"),
        # both writings
        ("人民币壹佰万元整（¥1,000,000.00）", 1000000, "CNY"), ("人民币（大写）：壹佰万元整 小写：¥1,000,000", 1000000, "CNY"),
        ("50,000（伍万元整）", 50000, "CNY"), ("1000 (一千)", 1000, "CNY"), ("100万元（1,000,000.00）", 1000000, "CNY"),
        ("总价款为人民币1,200,000.00元（大写：壹佰贰拾万元整）", 1200000, "CNY"),
        # labels and words
        ("金额：100万", 1000000, "CNY"), ("合同总价：人民币120万元", 1200000, "CNY"), ("Total: $1,000.00", 1000, "USD"), ("共计叁拾万元", 300000, "CNY"),
        ("two hundred thousand dollars", 200000, "USD"), ("half a million", 500000, "CNY"), ("One Hundred Thousand Dollars Only", 100000, "USD"),
        ("one hundred twenty-three", 123, "CNY"), ("one million two hundred thousand USD", 1200000, "USD"),
        ("一百二十三万四千五百六十七点八九", "1234567.89", "CNY"), ("半个亿", 50000000, "CNY"), ("一个亿", 100000000, "CNY"), ("两亿", 200000000, "CNY"),
    ],
)  # fmt: skip
def test_an_amount_that_reads_in_one_way(text: str, value: int | str, unit: str) -> None:
    found = AMOUNT.standardise(text)
    assert (found.value, found.outcome, found.confidence, found.reason, found.details["unit"]) == (
        Decimal(value),
        "ok",
        1,
        "",
        unit,
    )


@pytest.mark.parametrize(
    ("text", "reason", "value"),
    [
        ("3,5", "decimal_comma", None), ("1.234,56 €", "decimal_comma", None), ("1.200.000", "decimal_comma", None), ("1,20", "decimal_comma", None),
        ("0,5", "decimal_comma", None), ("12,34,567", "grouping", None), ("￥12,0000", "grouping", None), ("100 200", "grouping", None),
        ("0123", "leading_zero", None), ("3亿5千", "ambiguous_numeral", None), ("3万50", "ambiguous_numeral", None), ("贰佰伍元整", "ambiguous_numeral", None),
        ("10-20万", "range", None), ("10万到20万之间", "range", None), ("$10-15k", "range", None), ("30万~50万", "range", None), ("一到两万", "range", None),
        ("between 10k and 20k", "range", None), ("10万以上20万以下", "range", None), ("500-1万", "range", None),
        ("约50万", "approximate", 500000), ("50万左右", "approximate", 500000), ("~30万", "approximate", 300000), ("about 50k", "approximate", 50000),
        ("近百万", "approximate", 1000000), ("三十多万", "approximate", 300000), ("百来块", "approximate", 100), ("千把块钱", "approximate", 1000),
        ("一万出头", "approximate", 10000), ("上百万", "approximate", 1000000), ("五六百万", "approximate", None), ("几十万", "approximate", None),
        ("10几万", "approximate", None), ("三五十万", "approximate", None), ("三、四万", "approximate", None), ("数十万元", "approximate", None),
        ("several million", "approximate", None), ("大概一百万吧", "approximate", 1000000),
        ("不超过100万", "limit", 1000000), ("100万以上", "limit", 1000000), ("100w+", "limit", 1000000), (">=10万", "limit", 100000), ("五万不到", "limit", 50000),
        ("50万内", "limit", 500000), ("more than $500", "limit", 500), ("up to 2 million RMB", "limit", 2000000), ("超千万", "limit", 10000000),
        ("$100元", "currency_conflict", 100), ("¥100 USD", "currency_conflict", 100), ("€100元人民币", "currency_conflict", 100),
        ("120万元/年", "per_period", 1200000), ("5000 per month", "per_period", 5000), ("月租5000元", "per_period", 5000), ("USD 250k/yr", "per_period", 250000),
        ("每台5000元", "per_unit", 5000), ("10元/个", "per_unit", 10), ("$5 each", "per_unit", 5),
        ("首付30万尾款70万", "several_amounts", None), ("50元100元", "several_amounts", None), ("100万 200万", "several_amounts", None),
        ("含税100万，不含税88万", "several_amounts", None), ("1000/2000", "several_amounts", None), ("$100 (¥700)", "several_amounts", None),
        ("100万元（2,000,000.00）", "several_amounts", None), ("5000*3", "calculation", None), ("30万+70万", "calculation", None),
        ("首付30万", "surplus_text", 300000), ("亏损100万", "surplus_text", 1000000), ("税后100万", "surplus_text", 1000000), ("HT2026001", "surplus_text", None),
        ("<b>100</b>", "surplus_text", None), ("5,000.00 CR", "surplus_text", None), ("1O000", "surplus_text", None),
        ("100万面议", "negotiable", 1000000), ("TBD (approx. 100k)", "negotiable", None),
        ("(壹佰元)", "sign_unclear", None), ("-(1000)", "sign_unclear", None), ("(1000元)", "sign_unclear", None), ("30万-", "sign_unclear", None),
        ("13912345678", "phone_like", 13912345678), ("20260305", "date_like", 20260305), ("6222021234567890123", "identifier_like", 6222021234567890123),
        ("99999999999999", "implausible", 99999999999999), ("1.2E+06", "damaged_by_spreadsheet", 1200000), ("########", "damaged_by_spreadsheet", None),
        ("百万", "unit_only", 1000000), ("万元", "unit_only", 10000), ("a million dollars", "unit_only", 1000000), ("1兆", "ambiguous_unit", 1000000000000),
        ("免费", "free_of_charge", 0), ("2026年预算100万", "date_like", None), ("10²", "unreadable", None), ("①100万", "unreadable", None), ("½万", "unreadable", None),
        ("—1000", "unreadable", None), ("10kw", "unreadable", None), ("12元15角", "malformed_numeral", None),
    ],
)  # fmt: skip
def test_an_amount_that_a_person_decides(text: str, reason: str, value: int | None) -> None:
    found = AMOUNT.standardise(text)
    assert (found.outcome, found.reason, found.value) == ("review", reason, None if value is None else Decimal(value))
    assert found.confidence < 1


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("10-20万", 100000, 200000), ("约50万", 450000, 550000), ("100万以上", 1000000, None), ("不超过100万", None, 1000000), ("十几万", 110000, 200000),
        ("三五十万", 300000, 500000), ("五十多万", 500000, 600000), ("1.5~2万", 15000, 20000), ("5000-1万", 5000, 10000), ("300-500k", 300000, 500000),
        ("1.2万多", 12000, 13000), ("几十w", 200000, 1000000), ("tens of thousands", 20000, 100000),
    ],
)  # fmt: skip
def test_a_person_is_shown_the_interval(text: str, low: int | None, high: int | None) -> None:
    assert AMOUNT.standardise(text).details["interval"] == [low, high]


@pytest.mark.parametrize(
    ("text", "outcome", "reason"),
    [
        ("50%", "invalid", "percent"), ("100％", "invalid", "percent"), ("百分之三十", "invalid", "percent"), ("三成", "invalid", "percent"), ("8.5折", "invalid", "percent"),
        ("2026-03-05", "invalid", "date_like"), ("2026年3月5日", "invalid", "date_like"), ("二〇二六年三月五日", "invalid", "date_like"), ("14:30", "invalid", "date_like"),
        ("021-68888888", "invalid", "phone_like"), ("138 0013 8000", "invalid", "phone_like"), ("+86 138 0013 8000", "invalid", "phone_like"),
        ("电话13812345678", "invalid", "phone_like"), ("50台", "invalid", "measure"), ("3个月", "invalid", "measure"), ("#VALUE!", "invalid", "spreadsheet_error"),
        ("=SUM(A1:A3)", "invalid", "formula"), ("1,200.50.30", "invalid", "malformed_numeral"), ("1.2.3", "invalid", "malformed_numeral"),
        ("壹佰元整伍角", "invalid", "malformed_numeral"), ("一百零", "invalid", "malformed_numeral"), ("壹佰万元整（¥1,000,001.00）", "invalid", "parts_contradict"),
        ("张三", "invalid", "no_number"), ("三一重工", "invalid", "no_number"), ("abc", "invalid", "no_number"), ("元", "invalid", "no_number"),
        ("x" * 401, "invalid", "too_long"), ("", "absent", "empty"), ("　\t\u200b", "absent", "empty"), ("无", "absent", "no_value"), ("-", "absent", "no_value"),
        ("N/A", "absent", "no_value"), ("null", "absent", "no_value"), ("未知", "absent", "no_value"), ("。", "absent", "no_value"), ("保密", "absent", "no_value"),
        ("面议", "absent", "negotiable"), ("面議", "absent", "negotiable"), ("待定", "absent", "negotiable"), ("价格：面议", "absent", "negotiable"),
        ("详谈", "absent", "negotiable"), ("TBD", "absent", "negotiable"), ("Price on request", "absent", "negotiable"),
    ],
)  # fmt: skip
def test_what_is_no_amount(text: str, outcome: str, reason: str) -> None:
    assert AMOUNT.standardise(text) == Standard(None, outcome, 0.0, reason, {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value", "tax"),
    [
        ("含税100万", 1000000, "included"), ("100万（不含税）", 1000000, "excluded"), ("100万(含13%税)", 1000000, "included"), ("100万 不含增值税", 1000000, "excluded"),
        ("价税合计：1,130.00", 1130, "included"), ("$1,000 excl. VAT", 1000, "excluded"), ("1000 incl. 6% VAT", 1000, "included"), ("100万", 1000000, None),
    ],
)  # fmt: skip
def test_tax_is_noted(text: str, value: int, tax: str | None) -> None:
    found = AMOUNT.standardise(text)
    assert (found.outcome, found.value, found.details.get("tax")) == ("ok", value, tax)


@pytest.mark.parametrize(
    ("text", "declared", "value", "unit"),
    [
        ("120", {"currency": "USD"}, 120, "USD"), ("100元", {"currency": "HKD"}, 100, "HKD"), ("100元", {"currency": "USD"}, 100, "CNY"),
        ("$100", {"currency": "HKD"}, 100, "HKD"), ("$100", {"currency": "EUR"}, 100, "USD"), ("¥100", {"currency": "JPY"}, 100, "JPY"),
        ("¥100", {"currency": "USD"}, 100, "CNY"), ("100 XAF", {"currency": "XAF"}, 100, "XAF"), ("HK$100", {"currency": "USD"}, 100, "HKD"),
        ("1.234,56 €", {"decimal": "comma"}, "1234.56", "EUR"), ("1.234", {"decimal": "comma"}, 1234, "CNY"), ("1,5", {"decimal": "comma"}, "1.5", "CNY"),
        ("1.234.567", {"decimal": "comma"}, 1234567, "CNY"), ("1,2万", {"decimal": "comma"}, 12000, "CNY"), ("1,5 Mio. EUR", {"decimal": "comma"}, 1500000, "EUR"),
        ("1'234,50", {"decimal": "comma"}, "1234.5", "CNY"),
    ],
)  # fmt: skip
def test_what_the_contract_declares(text: str, declared: dict[str, Any], value: int | str, unit: str) -> None:
    found = AmountStandardiser(RULE, AmountDeclared(**declared)).standardise(text)
    assert (found.outcome, found.value, found.details["unit"]) == ("ok", Decimal(value), unit)


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("€1.234", (1234, "1.234")), ("€1,234", (1234, "1.234")), ("1.234 EUR", (1234, "1.234")), ("12,500欧元", (12500, "12.5")),
        ("EUR 100.000", (100000, 100)), ("Rp 1.500", (1500, "1.5")), ("１．２３４€", (1234, "1.234")),
        ("-€1.234", None), ("(€1.234)", None), ("1.234万欧元", None), ("EUR 1,234 million", None), ("约€1.234", None),
        ("€1.234-€2.500", None), ("€1.234含税", None), ("1.234欧元整", None), ("壹仟贰佰叁拾肆欧元（€1.234）", None),
    ],
)  # fmt: skip
def test_a_single_mark_before_three_digits_is_doubtful_where_commas_stand_before_decimals(
    text: str, candidates: tuple[int | str, int | str] | None
) -> None:
    found = AMOUNT.standardise(text)
    assert (found.outcome, found.reason, found.value, found.confidence) == ("review", "ambiguous_decimal", None, 0)
    assert found.details["unit"] in ("EUR", "IDR")
    if candidates:
        assert found.details["candidates"] == [Decimal(each) for each in candidates]
    assert AMOUNT.standardise_batch([text]) == [found]


@pytest.mark.parametrize(
    ("text", "declared", "value"),
    [
        ("€1.23", {}, "1.23"), ("€1.2345", {}, "1.2345"), ("€0.123", {}, "0.123"), ("€1234.567", {}, "1234.567"),
        ("€1,234.56", {}, "1234.56"), ("€1,234,567", {}, 1234567), ("1'234.500 EUR", {}, "1234.5"), ("€1 234.500", {}, "1234.5"),
        ("€1234", {}, 1234), ("$1.234", {}, "1.234"), ("£1,234", {}, 1234), ("1.234", {}, "1.234"), ("1,234元", {}, 1234),
        ("€1.234", {"decimal": "point"}, "1.234"), ("€1,234", {"decimal": "point"}, 1234),
        ("€1.234", {"decimal": "comma"}, 1234), ("€1,234", {"decimal": "comma"}, "1.234"),
        ("1.234", {"currency": "EUR", "decimal": "point"}, "1.234"), ("¥1.234", {"currency": "EUR"}, "1.234"),
    ],
)  # fmt: skip
def test_other_marks_say_what_they_mean(text: str, declared: dict[str, Any], value: int | str) -> None:
    found = AmountStandardiser(RULE, AmountDeclared(**declared)).standardise(text)
    assert (found.outcome, found.value) == ("ok", Decimal(value))


def test_the_currency_of_the_column_makes_a_single_mark_doubtful_too() -> None:
    found = AmountStandardiser(RULE, AmountDeclared(currency="EUR")).standardise("1.234")
    assert (found.outcome, found.reason) == ("review", "ambiguous_decimal")


@pytest.mark.parametrize(
    ("text", "reason"), [("1.5", "decimal_point"), ("1,234.56", "decimal_point"), ("1,234,567", "decimal_point")]
)
def test_points_are_a_fault_where_commas_are_declared(text: str, reason: str) -> None:
    found = COMMA.standardise(text)
    assert (found.outcome, found.reason, found.value) == ("review", reason, None)


PARTS = st.sampled_from(
    [*"0123456789.,-+()%~$¥€ ", *"零一二三五十百千万亿两半几多余来", "元", "角", "分", "整", "万元", "USD", "人民币", "港币", "k", "w", "million", "约", "以上", "含税", "/年", "面议", "到", "，", "（", "）", "１", "壹", "佰", "萬", "圓"]
)  # fmt: skip
TEXTS = st.text() | st.lists(PARTS, max_size=8).map("".join) | st.decimals(allow_nan=False).map(str)


@given(st.lists(TEXTS, max_size=6))
@example(["\ud800", "\x00", "\u202e100", "1" * 1_000_000, "一" * 400, "9" * 400, "万" * 300, "0٣", "١٢٣"])
def test_any_text_gives_the_same_alone_and_in_a_batch(texts: list[str]) -> None:
    assert AMOUNT.standardise_batch(texts) == [AMOUNT.standardise(text) for text in texts]
    assert COMMA.standardise_batch(texts) == [COMMA.standardise(text) for text in texts]


@given(TEXTS)
def test_a_printed_value_gives_itself(text: str) -> None:
    found = AMOUNT.standardise(text)
    assert (found.value is None) >= (found.outcome in ("invalid", "absent"))
    if isinstance(found.value, Decimal):
        printed = format(found.value, "f")
        again = AMOUNT.standardise(printed)
        assert again.value == found.value
        if found.outcome == "ok" and again.outcome == "ok":
            with_unit = AMOUNT.standardise(f"{printed} {found.details['unit']}")
            assert (with_unit.outcome, with_unit.value, with_unit.details["unit"]) == (
                "ok",
                found.value,
                found.details["unit"],
            )


FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
TO_TRADITIONAL = opencc.OpenCC("s2t")


@given(TEXTS)
def test_width_and_script_make_no_difference(text: str) -> None:
    found = AMOUNT.standardise(text)
    if text.isascii():
        assert AMOUNT.standardise(text.translate(FULL_WIDTH)) == found
    traditional = TO_TRADITIONAL.convert(text)
    if opencc.OpenCC("t2s").convert(traditional) == text:
        assert AMOUNT.standardise(traditional) == found


@given(st.integers(0, 10**9), st.sampled_from(["", "元", "万元", "万", "w", " USD", "万美元"]))
def test_the_quick_way_is_the_thorough_way(number: int, unit: str) -> None:
    quick = AMOUNT.standardise(f"{number}{unit}")
    # A label keeps it from the quick way.
    thorough = AMOUNT.standardise(f"金额:{number}{unit}")
    if quick.outcome == "ok" and thorough.outcome == "ok":
        assert (quick.value, quick.details) == (thorough.value, thorough.details)


def rule(**changes: Any) -> AmountRule:
    return AmountRule.model_validate({**RULE.model_dump(by_alias=True), **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"currencies": {"CNY": ["元"], "usd": []}}, "usd is no ISO currency code"),
        ({"shared_words": [{"words": ["元"], "means": ["XTS"]}]}, "XTS is not listed under currencies"),
        ({"decimal_commas": ["XTS"]}, "XTS is not listed under currencies"),
        ({"minor": {"角": 10}}, "角 is 10 of a unit"),
        ({"negotiable": ["万元", "约"]}, "the word '约' is listed with two meanings"),
        ({"confidence": {"range": 2}}, "confidence of 'range' is missing or outside 0-1"),
        ({"shapes": [{"reason": "odd", "outcome": "invalid", "pattern": "(", "fits": ["x"]}]}, "is no regular expression"),
        ({"shapes": [{"reason": "odd", "outcome": "invalid", "pattern": "x*", "fits": ["x"]}]}, "fits every text"),
        ({"shapes": [{"reason": "odd", "outcome": "invalid", "pattern": "x", "fits": ["y"]}]}, "does not fit 'y'"),
        ({"words": {**RULE.words.model_dump(), "scales": {"k": 0}}}, "k multiplies by 0"),
        ({"largest": 0}, "greater than 0"),
        ({"version": 0}, "greater than or equal to 1"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)  # fmt: skip
def test_rules_that_cannot_work_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rule(**changes)


def test_the_rule_decides() -> None:
    changed = rule(largest=1000, free=(), currencies={**RULE.currencies, "XTS": ["贝壳"]}, negotiable=["看情况"])
    standardiser = AmountStandardiser(changed, AmountDeclared())
    assert standardiser.standardise("1001").reason == "implausible"
    assert standardiser.standardise("免费").outcome == "invalid"
    assert standardiser.standardise("100贝壳").details["unit"] == "XTS"
    assert standardiser.standardise("看情况").reason == "negotiable"
    assert standardiser.standardise("面议").outcome == "invalid"


def test_a_contract_may_declare_only_what_is_known() -> None:
    with pytest.raises(ValidationError):
        AmountDeclared(currency="yuan")
    with pytest.raises(ValidationError):
        AmountDeclared.model_validate({"decimal": "dot"})
