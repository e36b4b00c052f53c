"""Headcounts: intervals, their class, and what a person has to decide."""

from __future__ import annotations

from typing import Any

import opencc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.normalise.quantities.headcount import HeadcountDeclared, HeadcountRule, HeadcountStandardiser
from cockpit.domain.normalise.standard import Standard, to_json
from cockpit.rulebook.files import load
from cockpit.rulebook.workspace import REPOSITORY

RULE = load(REPOSITORY / "include/rules/normalisation/headcount.yml", HeadcountRule)
HEADCOUNT = HeadcountStandardiser(RULE, HeadcountDeclared())


@pytest.mark.parametrize(
    ("text", "low", "high", "size"),
    [
        # given
        ("50人", 50, 50, "1-50"), ("五十人", 50, 50, "1-50"), ("十几个人", 11, 19, "1-50"), ("三五十人", 30, 50, "1-50"), ("两百余", 201, 299, "201-500"),
        ("近千人", 900, 999, "501-1000"), ("七八个人", 7, 8, "1-50"),
        # exact
        ("1", 1, 1, "1-50"), ("1200", 1200, 1200, "1001+"), ("1,200", 1200, 1200, "1001+"), ("５００人", 500, 500, "201-500"), ("五〇〇人", 500, 500, "201-500"),
        ("200.0", 200, 200, "51-200"), ("1.2万人", 12000, 12000, "1001+"), ("两百五", 250, 250, "201-500"), ("一人", 1, 1, "1-50"), ("2个人", 2, 2, "1-50"),
        ("員工人數：５０", 50, 50, "1-50"), ("公司有50人", 50, 50, "1-50"), ("50名员工", 50, 50, "1-50"), ("员工300人左右的团队", 270, 330, "201-500"),
        ("fifty people", 50, 50, "1-50"), ("two hundred", 200, 200, "51-200"), ("one hundred and fifty", 150, 150, "51-200"), ("team of 50", 50, 50, "1-50"),
        ("50 employees", 50, 50, "1-50"), ("headcount: 300", 300, 300, "201-500"), ("中型（300人）", 300, 300, "201-500"), ("50 FTEs", 50, 50, "1-50"),
        # ranges
        ("1-50", 1, 50, "1-50"), ("51～200人", 51, 200, "51-200"), ("501—1000", 501, 1000, "501-1000"), ("100 to 200 employees", 100, 200, "51-200"),
        ("between 100 and 200", 100, 200, "51-200"), ("一至五十人", 1, 50, "1-50"), ("3-5百人", 300, 500, "201-500"), ("大于50小于100", 51, 99, "51-200"),
        ("60人以上100人以下", 60, 100, "51-200"), ("5-10", 5, 10, "1-50"), ("六十到一百人", 60, 100, "51-200"), ("2-3千人", 2000, 3000, "1001+"), ("[60, 100]", 60, 100, "51-200"),
        # limits
        (">1000", 1001, None, "1001+"), ("1001+", 1001, None, "1001+"), ("10000人以上", 10000, None, "1001+"), ("1万+", 10000, None, "1001+"), ("逾千人", 1001, None, "1001+"),
        ("50人以下", 1, 50, "1-50"), ("不到50人", 1, 49, "1-50"), ("<50", 1, 49, "1-50"), ("少于15人", 1, 14, "1-50"), ("50人以内", 1, 50, "1-50"), ("up to 50", 1, 50, "1-50"),
        ("fewer than 50 people", 1, 49, "1-50"), ("2K+", 2000, None, "1001+"), ("10,001+", 10001, None, "1001+"), ("≤50人", 1, 50, "1-50"), ("[2000, null]", 2000, None, "1001+"),
        # about
        ("约300人", 270, 330, "201-500"), ("20人左右", 18, 22, "1-50"), ("百来号人", 90, 110, "51-200"), ("十来个", 9, 11, "1-50"), ("50余人", 51, 59, "51-200"),
        ("两千多人", 2001, 2999, "1001+"), ("一百二十余人", 121, 129, "51-200"), ("五百余名员工", 501, 599, "501-1000"), ("近2000", 1800, 1999, "1001+"), ("二十几人", 21, 29, "1-50"),
        ("几个人", 2, 9, "1-50"), ("十七八个", 17, 18, "1-50"), ("二十七八人", 27, 28, "1-50"), ("一百七八十人", 170, 180, "51-200"), ("二三十人", 20, 30, "1-50"), ("三两个人", 2, 3, "1-50"),
        ("一两百人", 100, 200, "51-200"), ("三四千人", 3000, 4000, "1001+"), ("七、八十人", 70, 80, "51-200"), ("五十几号人", 51, 59, "51-200"), ("10几个人", 11, 19, "1-50"), ("百余人", 101, 199, "51-200"),
    ],
)  # fmt: skip
def test_a_headcount_in_one_class(text: str, low: int, high: int | None, size: str) -> None:
    found = HEADCOUNT.standardise(text)
    assert (found.value, found.outcome, found.details) == ([low, high], "ok", {"class": size})


@pytest.mark.parametrize(
    ("text", "low", "high", "classes"),
    [
        ("五十来人", 45, 55, ["1-50", "51-200"]), ("５０－１００人", 50, 100, ["1-50", "51-200"]), ("1千人以上", 1000, None, ["501-1000", "1001+"]),
        ("约200", 180, 220, ["51-200", "201-500"]), ("200-300人", 200, 300, ["51-200", "201-500"]), ("500+", 500, None, ["201-500", "501-1000", "1001+"]),
        ("几百人", 200, 999, ["51-200", "201-500", "501-1000"]), ("上千人", 1000, 9999, ["501-1000", "1001+"]), ("五六百", 500, 600, ["201-500", "501-1000"]),
        ("more than 500", 501, None, ["501-1000", "1001+"]), ("hundreds", 200, 999, ["51-200", "201-500", "501-1000"]), ("1,000-5,000", 1000, 5000, ["501-1000", "1001+"]),
        ("千把人", 900, 1100, ["501-1000", "1001+"]), ("不足百人", 1, 99, ["1-50", "51-200"]), ("about 50", 45, 55, ["1-50", "51-200"]), ("50-99人", 50, 99, ["1-50", "51-200"]),
    ],
)  # fmt: skip
def test_a_headcount_that_touches_several_classes_goes_to_a_person(
    text: str, low: int, high: int | None, classes: list[str]
) -> None:
    found = HEADCOUNT.standardise(text)
    assert (found.value, found.outcome, found.reason, found.details) == (
        [low, high],
        "review",
        "spans_classes",
        {"classes": classes},
    )


@pytest.mark.parametrize(
    ("text", "size"),
    [("小型", "1-50"), ("小型企业", "1-50"), ("微型", "1-50"), ("中型", "201-500"), ("大型", "1001+"), ("大型公司", "1001+"), ("公司规模：小型", "1-50"), ("Small", "1-50"), ("LARGE", "1001+"), ("中型企業", "201-500")],
)  # fmt: skip
def test_a_size_word_is_a_class_and_never_a_number(text: str, size: str) -> None:
    found = HEADCOUNT.standardise(text)
    assert found == Standard(None, "ok", 0.3, "size_word", {"class": size})


def test_a_size_word_of_several_classes_goes_to_a_person() -> None:
    assert HEADCOUNT.standardise("中小企业") == Standard(
        None, "review", 0.0, "size_word", {"classes": ["1-50", "51-200", "201-500"]}
    )


@pytest.mark.parametrize(
    ("text", "outcome", "reason"),
    [
        ("50 100", "review", "several_numbers"), ("100-200-300", "review", "several_numbers"), ("50/100", "review", "several_numbers"), ("20+5人", "review", "several_numbers"),
        ("1.000", "review", "decimal_comma"), ("50-10", "review", "descending"), ("三到五百人", "review", "unreadable"), ("千人", "review", "unit_only"),
        ("小型（300人）", "review", "size_conflict"), ("50人（含实习生）", "review", "surplus_text"), ("总部50人", "review", "surplus_text"), ("0", "review", "zero"), ("0人", "review", "zero"),
        ("5000000", "review", "implausible"), ("10月20日", "review", "damaged_by_spreadsheet"), ("Nov-50", "review", "damaged_by_spreadsheet"), ("1.2E+03", "review", "damaged_by_spreadsheet"),
        ("5²", "review", "unreadable"), ("①", "review", "unreadable"), ("二五人", "review", "ambiguous_numeral"), ("3,5", "review", "decimal_comma"),
        ("1.5人", "invalid", "not_whole"), ("-5", "invalid", "negative"), ("负五人", "invalid", "negative"), ("50%", "invalid", "percent"), ("2026-03-05", "invalid", "date_like"),
        ("2026年", "invalid", "date_like"), ("13800138000", "invalid", "phone_like"), ("50万元", "invalid", "money"), ("张三", "invalid", "no_number"), ("abc", "invalid", "no_number"),
        ("很多", "invalid", "no_number"), ("x" * 401, "invalid", "too_long"), ("", "absent", "empty"), (" 　", "absent", "empty"), ("无", "absent", "no_value"), ("-", "absent", "no_value"),
        ("N/A", "absent", "no_value"), ("不詳", "absent", "no_value"), ("保密", "absent", "no_value"), ("?", "absent", "no_value"),
    ],
)  # fmt: skip
def test_what_is_no_headcount(text: str, outcome: str, reason: str) -> None:
    found = HEADCOUNT.standardise(text)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_an_exact_number_is_surer_than_a_rough_one() -> None:
    sure = [HEADCOUNT.standardise(text).confidence for text in ("300人", "300人以下", "约300人", "几个人", "小型")]
    assert sure == [1, 0.9, 0.8, 0.6, 0.3]


PARTS = st.sampled_from(
    [*"0123456789.,-+()~<>/ ", *"一二三五七八十百千万两几多余来近约", "人", "个", "名", "员工", "以上", "以下", "左右", "到", "不到", "小型", "k", "people", "about", "to", "１", "（", "，"]
)  # fmt: skip
TEXTS = st.text() | st.lists(PARTS, max_size=7).map("".join)


@given(st.lists(TEXTS, max_size=6))
@example(["\ud800", "\x00", "\u202e50", "1" * 1_000_000, "十" * 400, "9" * 400])
def test_any_text_gives_the_same_alone_and_in_a_batch(texts: list[str]) -> None:
    assert HEADCOUNT.standardise_batch(texts) == [HEADCOUNT.standardise(text) for text in texts]


@given(TEXTS)
def test_a_printed_value_gives_itself(text: str) -> None:
    found = HEADCOUNT.standardise(text)
    if isinstance(found.value, list):
        assert HEADCOUNT.standardise(to_json(found.value)).value == found.value
    if isinstance(size := found.details.get("class"), str):
        assert HEADCOUNT.standardise(size).details["class"] == size


@given(TEXTS)
def test_an_interval_begins_before_it_ends_and_lies_in_its_classes(text: str) -> None:
    found = HEADCOUNT.standardise(text)
    if isinstance(found.value, list) and found.outcome == "ok":
        low, high = found.value
        assert isinstance(low, int)
        assert low >= 1
        assert high is None or low <= high  # type: ignore[operator]


FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
TO_TRADITIONAL = opencc.OpenCC("s2t")


@given(TEXTS)
def test_width_and_script_make_no_difference(text: str) -> None:
    found = HEADCOUNT.standardise(text)
    if text.isascii():
        assert HEADCOUNT.standardise(text.translate(FULL_WIDTH)) == found
    traditional = TO_TRADITIONAL.convert(text)
    if opencc.OpenCC("t2s").convert(traditional) == text:
        assert HEADCOUNT.standardise(traditional) == found


def rule(**changes: Any) -> HeadcountRule:
    return HeadcountRule.model_validate({**RULE.model_dump(by_alias=True), **changes})


@pytest.mark.parametrize(
    ("spanning", "text", "size"),
    [
        ("lowest", "40-100人", "1-50"), ("highest", "40-100人", "51-200"), ("most", "40-100人", "51-200"), ("most", "10-60人", "1-50"),
        ("lowest", "1千人以上", "501-1000"), ("highest", "1千人以上", "1001+"), ("most", "1千人以上", "1001+"), ("most", "五十来人", "1-50"),
    ],
)  # fmt: skip
def test_the_rule_decides_about_several_classes(spanning: str, text: str, size: str) -> None:
    found = HeadcountStandardiser(rule(spanning=spanning), HeadcountDeclared()).standardise(text)
    assert (found.outcome, found.reason, found.details["class"]) == ("ok", "spans_classes", size)


def test_the_rule_decides_about_classes_and_words() -> None:
    classes = [{"name": "S", "low": 1, "high": 99}, {"name": "L", "low": 100}]
    changed = HeadcountStandardiser(
        rule(classes=classes, size_words={"小型": ["S"]}, size_word_outcome="review"), HeadcountDeclared()
    )
    assert changed.standardise("五十来人").details == {"class": "S"}
    assert changed.standardise("小型") == Standard(None, "review", 0.3, "size_word", {"class": "S"})
    assert HeadcountStandardiser(RULE, HeadcountDeclared(decimal="comma")).standardise("1.200").value == [1200, 1200]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": [{"name": "S", "low": 2}]}, "class S begins at 2, expected 1"),
        ({"classes": [{"name": "S", "low": 1, "high": 9}, {"name": "L", "low": 11}]}, "class L begins at 11, expected 10"),
        ({"classes": [{"name": "S", "low": 1, "high": 9}]}, "the last class has to be open"),
        ({"classes": [{"name": "S", "low": 1}, {"name": "L", "low": 10}]}, "class L begins at 10, expected None"),
        ({"size_words": {"小型": ["tiny"]}}, "'小型' means tiny, which is no class"),
        ({"size_words": {"小型": []}}, "'小型' means -, which is no class"),
        ({"people": ["人", "约"]}, "the word '约' is listed with two meanings"),
        ({"confidence": {"exact": 1}}, "confidence of 'range' is missing"),
        ({"spanning": "guess"}, "Input should be"),
    ],
)  # fmt: skip
def test_rules_that_cannot_work_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rule(**changes)
