"""Registration numbers, with the rule file as it is shipped."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError
from stdnum.cn import ric, uscc

from cockpit.domain.normalise.identifiers.credit_code import CreditCodeDeclared, CreditCodeRule, CreditCodeStandardiser
from cockpit.domain.normalise.identifiers.identity_card import looks_like_identity_card
from cockpit.domain.normalise.standard import Standard
from cockpit.rulebook.workspace import REPOSITORY

WRITTEN = yaml.safe_load((REPOSITORY / "include/rules/normalisation/credit_code.yml").read_text("utf-8"))
CODE = CreditCodeStandardiser(CreditCodeRule.model_validate(WRITTEN), CreditCodeDeclared())
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def told(standard: Standard) -> tuple[Any, str, str]:
    return standard.value, standard.outcome, standard.reason


def completed(body: str) -> str:
    """17 characters with the right 18th."""
    return body + uscc.calc_check_digit(body)


@pytest.mark.parametrize(
    "text",
    [
        "91440300708461136T", "91440300708461136t", " 91440300708461136T ", "9144 0300 7084 6113 6T", "91440300-70846113-6-T", "91440300_708461136_T", "91440300—708461136—T", "91440300.708461136.T", "９１４４０３００７０８４６１１３６Ｔ", "91440300708461136T\u200b", "91440300708461136T;", "“91440300708461136T”", "'91440300708461136T", '="91440300708461136T"', "(91440300708461136T)",
        "统一社会信用代码：91440300708461136T", "統一社會信用代碼：91440300708461136T", "税号91440300708461136T", "纳税人识别号: 91440300708461136t", "USCC: 91440300708461136T", "Tax ID 91440300708461136T", "营业执照号 91440300708461136T",
    ],
)  # fmt: skip
def test_one_code_however_written(text: str) -> None:
    standard = CODE.standardise(text)
    assert told(standard) == ("91440300708461136T", "ok", "")
    assert standard.confidence == 1.0
    assert standard.details == {"type": "credit_code", "authority": "market regulation", "authority_zh": "市场监管", "category_zh": "企业", "region": "440300", "organisation_code": "708461136"}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("91330100799655058B", "企业"), ("91350100M000100Y43", "企业"), ("91110000600037341L", "企业"), (completed("92440300708461136"), "个体工商户"), (completed("93440300708461136"), "农民专业合作社"), (completed("11100000000013127"), "机关"), (completed("12110000400686001"), "事业单位"), (completed("51440300708461136"), "社会团体"), (completed("52440300708461136"), "民办非企业单位"), (completed("31440000708461136"), "律师执业机构"), (completed("81440300708461136"), "基层工会"),
    ],
)  # fmt: skip
def test_categories(code: str, category: str) -> None:
    standard = CODE.standardise(code)
    assert (standard.value, standard.outcome, standard.details["category_zh"]) == (code, "ok", category)


@pytest.mark.parametrize(
    "region",
    ["440300", "440000", "100000", "110302", "320594", "310141", "330191", "422800", "429004", "659001", "500903", "520900", "133100", "810000", "512901", "421000", "132201", "231200"],
)  # fmt: skip
def test_regions_of_prefectures_the_country_zones_and_the_past(region: str) -> None:
    assert told(CODE.standardise(completed(f"91{region}708461136")))[1:] == ("ok", "")


@pytest.mark.parametrize(
    ("text", "value", "outcome", "reason"),
    [
        ("91999999600037341N", None, "invalid", "region"), (completed("91000000708461136"), None, "invalid", "region"), (completed("91830000708461136"), None, "invalid", "region"), (completed("91770100708461136"), None, "invalid", "region"), (completed("91449900708461136"), completed("91449900708461136"), "review", "region"),
        ("91440300708461136U", None, "invalid", "check_digit"), ("91440300708461163T", None, "invalid", "check_digit"), ("91440300708461137T", None, "invalid", "check_digit"), ("19440300708461136T", None, "invalid", "check_digit"), ("9l440300708461136T", None, "invalid", "check_digit"),
        (completed("01440300708461136"), None, "invalid", "authority"), (completed("9X440300708461136"), completed("9X440300708461136"), "review", "category"), (completed("91440300708461137"), completed("91440300708461137"), "ok", "organisation_code_check"), (completed("91440300000000000"), completed("91440300000000000"), "ok", "placeholder"),
        ("91440300708461136S", None, "invalid", "format"), ("91440300708461136V", None, "invalid", "format"), ("9144030070846113ZT", None, "invalid", "format"), ("91A40300708461136T", None, "invalid", "format"), ("91440300708461136华", None, "invalid", "format"),
        ("91440300708461136", None, "invalid", "wrong_length"), ("914403007084611366T", None, "invalid", "wrong_length"), ("9144030070846113", None, "invalid", "wrong_length"), ("1234", None, "invalid", "wrong_length"), ("abc", None, "invalid", "wrong_length"),
        ("9.14403E+17", None, "invalid", "damaged_by_spreadsheet"), ("9.14403E17", None, "invalid", "damaged_by_spreadsheet"), ("税号：9.1440300708461E+17", None, "invalid", "damaged_by_spreadsheet"), ("914403007084611000", None, "invalid", "damaged_by_spreadsheet"), ("########", None, "invalid", "damaged_by_spreadsheet"),
        ("111111111111111111", None, "invalid", "placeholder"), ("000000000000000000", None, "invalid", "placeholder"), ("123456789012345678", None, "invalid", "placeholder"), ("123456789", None, "invalid", "placeholder"), ("AAAAAAAAAAAAAAAAAA", None, "invalid", "placeholder"),
        ("91440300708461136T（深圳）", "91440300708461136T", "ok", "text_beside_code"), ("华星仪器91440300708461136T", "91440300708461136T", "ok", "text_beside_code"), ("91440300708461136T(1-1)", "91440300708461136T", "ok", "text_beside_code"), ("91440300708461136T/91330100799655058B", "91440300708461136T", "review", "several"),
        ("708461136", "708461136", "review", "organisation_code"), ("70846113-6", "708461136", "review", "organisation_code"), ("组织机构代码：60003734-1", "600037341", "review", "organisation_code"), ("70846113-7", None, "invalid", "check_digit"),
        ("DE136695976", "DE136695976", "ok", "vat_number"), ("de 136 695 976", "DE136695976", "ok", "vat_number"), ("FR 40 303 265 045", "FR40303265045", "ok", "vat_number"), ("ATU13585627", "ATU13585627", "ok", "vat_number"), ("GB 980 7806 84", "GB980780684", "ok", "vat_number"), ("VAT No. DE136695976", "DE136695976", "ok", "vat_number"), ("DE136695977", None, "invalid", "wrong_length"),
        ("", None, "absent", "empty"), (" \u3000", None, "absent", "empty"), ("无", None, "absent", "no_value"), ("無", None, "absent", "no_value"), ("N/A", None, "absent", "no_value"), ("--", None, "absent", "no_value"), ("办理中", None, "absent", "no_value"), ("税号：", None, "absent", "no_value"), ("统一社会信用代码：暂无", None, "absent", "no_value"),
        ("9" * 401, None, "invalid", "too_long"),
    ],
)  # fmt: skip
def test_what_is_said_about_a_text(text: str, value: str | None, outcome: str, reason: str) -> None:
    assert told(CODE.standardise(text)) == (value, outcome, reason)


@pytest.mark.parametrize(
    ("text", "type_"),
    [("440301103097413", "registration_number"), ("110000450012345", "registration_number"), ("310115400087654", "registration_number"), ("440300708461136", "tax_number"), ("11010260003734101", None), ("4403011030974", "registration_number"), ("123456789012345", "registration_number"), ("４４０３０１１０３０９７４１３", "registration_number")],
)  # fmt: skip
def test_numbers_from_before_2015_are_not_invalid(text: str, type_: str | None) -> None:
    standard = CODE.standardise(text)
    if type_ is None:
        assert standard.reason == "wrong_length"
        return
    assert (standard.outcome, standard.reason) == ("review", "old_registration_or_tax_number")
    assert standard.details["type"] == type_


def test_the_code_that_followed_a_tax_number_is_suggested() -> None:
    assert CODE.standardise("440300708461136").details["suggestion"] == "91440300708461136T"


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [("914403OO708461136T", "91440300708461136T"), ("9I440300708461136T", "91440300708461136T"), ("91440300708461I36t", "91440300708461136T"), ("9133010079965SOS8B", "91330100799655058B")],
)  # fmt: skip
def test_letters_that_no_code_holds(text: str, suggestion: str) -> None:
    standard = CODE.standardise(text)
    assert told(standard) == (None, "invalid", "format")
    assert standard.details == {"suggestion": suggestion}


@pytest.mark.parametrize(
    ("text", "masked"),
    [("110101199003077758", "1101**********7758"), ("11010119900307775X", "1101**********775X"), ("11010119900307775x", "1101**********775X"), ("110101 19900307 7758", "1101**********7758"), ("身份证号：110101199003077758", "1101**********7758"), ("110101199003077759", "1101**********7759"), ("11010119900307775801", "11010**********75801"), ("张三110101199003077758", "1101**********7758")],
)  # fmt: skip
def test_numbers_of_identity_cards_are_recognised_and_masked(text: str, masked: str) -> None:
    standard = CODE.standardise(text)
    assert told(standard) == (None, "invalid", "identity_card_number")
    assert standard.details == {"masked": masked}


def test_an_old_identity_card_number_is_not_given_back() -> None:
    standard = CODE.standardise("110105491231002")
    assert told(standard) == (None, "review", "old_registration_or_tax_number")
    assert standard.details == {"masked": "110*********002", "type": "maybe_identity_card"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prefectures": {"44": ["9-1"]}}, "is no range"),
        ({"prefectures": {"44": ["09-01"]}}, "is no range"),
        ({"prefectures": {}}, "prefectures"),
        ({"like_digits": {"A": "4"}}, "turn it round"),
        ({"like_digits": {"O": "I"}}, "turn it round"),
        ({"whole_regions": ["1"]}, "whole_regions"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_refused_rules(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CreditCodeRule.model_validate({**WRITTEN, **change})


@pytest.mark.realdata
def test_every_division_of_the_country_is_a_region(real_data: Path) -> None:
    for name in ("areas", "cities"):
        with gzip.open(real_data / f"cn_divisions/{name}.csv.gz", "rt", encoding="utf-8") as file:
            codes = [row["code"].ljust(6, "0") for row in csv.DictReader(file)]
        unknown = [code for code in codes if CODE.standardise(completed(f"91{code}708461136")).outcome != "ok"]
        assert (len(codes) > 300, unknown) == (True, [])


BODIES = st.from_regex(r"[1-9ANY][1-9](1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])0[0-3][0-9]{2}[0-9A-HJ-NPQRTUWXY]{9}", fullmatch=True)  # fmt: skip
LIKE_CODES = st.text("0123456789ABCDEXYTOIZSVaot -.税号无", max_size=24)


@given(BODIES)
def test_check_characters_agree_with_the_library(body: str) -> None:
    code = completed(body)
    reason = CODE.standardise(code).reason
    assert reason not in ("check_digit", "format", "wrong_length")
    other = "0" if code[17] != "0" else "1"
    assert CODE.standardise(body + other).reason in ("check_digit", "identity_card_number", "damaged_by_spreadsheet")


@given(st.dates(), st.sampled_from(["110101", "440305", "654001"]), st.integers(0, 999))
def test_identity_cards_agree_with_the_library(born: Any, region: str, serial: int) -> None:
    body = f"{region}{born:%Y%m%d}{serial:03d}"
    number = body + ric.calc_check_digit(body + "0")
    if 1900 <= born.year < 2050:
        assert looks_like_identity_card(number)
        assert CODE.standardise(number).reason == "identity_card_number"


@given(st.text(max_size=60) | LIKE_CODES | BODIES.map(completed))
@example("\ud800")
@example("٠" * 18)
@example("A" * 400)
@example("号" * 400)
def test_any_text_gives_a_result_that_does_not_change_again(text: str) -> None:
    standard = CODE.standardise(text)
    assert CODE.standardise_batch([text, text]) == [standard, standard]
    if standard.value is not None:
        again = CODE.standardise(str(standard.value))
        assert again.value == standard.value
        if standard.outcome == "ok":
            assert again.outcome == "ok"


@given(LIKE_CODES | BODIES.map(completed))
def test_width_and_case_are_no_difference(text: str) -> None:
    assert CODE.standardise(text.translate(FULL_WIDTH).replace(" ", "\u3000")) == CODE.standardise(text)
    assert CODE.standardise(text.lower()) == CODE.standardise(text)
