"""Telephone numbers, with the rule file as it is shipped."""

from __future__ import annotations

from typing import Any

import phonenumbers
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.normalise.contacts.phone import PhoneStandardiser
from cockpit.domain.normalise.contacts.phone_plan import chinese_plan
from cockpit.domain.normalise.contacts.phone_rule import PhoneDeclared, PhoneRule
from cockpit.domain.normalise.standard import Standard
from cockpit.domain.normalise.text import fold
from cockpit.rulebook.normalisation import load_standardiser
from cockpit.rulebook.workspace import REPOSITORY

RULES = REPOSITORY / "include/rules/normalisation"
WRITTEN = yaml.safe_load((RULES / "phone.yml").read_text("utf-8"))
PHONE = PhoneStandardiser(PhoneRule.model_validate(WRITTEN), PhoneDeclared())
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def read(text: str, **declared: str) -> Standard:
    return load_standardiser(RULES, "phone", declared).standardise(text)


def told(standard: Standard) -> tuple[Any, str, str]:
    return standard.value, standard.outcome, standard.reason


MOBILE = "+8613912345670"


@pytest.mark.parametrize(
    "text",
    [
        "13912345670", " 13912345670 ", "139 1234 5670", "139-1234-5670", "139.1234.5670", "139·1234·5670", "139_1234_5670", "139—1234—5670", "1 3 9 1 2 3 4 5 6 7 0", "13 912 345 670",
        "１３９１２３４５６７０", "１３９－１２３４－５６７０", "①③⑨①②③④⑤⑥⑦⓪", "1️⃣3️⃣9️⃣12345670", "١٣٩١٢٣٤٥٦٧٠", "📱13912345670", "☎ 13912345670", "℡13912345670",
        "+8613912345670", "+86 139 1234 5670", "+86-139-1234-5670", "(+86)13912345670", "（＋86）13912345670", "+86 (139) 1234-5670", "+ 86 13912345670", "86+13912345670", "+86+13912345670", "+86 86 13912345670",
        "008613912345670", "0086-139 1234 5670", "8613912345670", "86-13912345670", "086-13912345670", "+86 0 139 1234 5670", "+86(0)13912345670", "013912345670", "1795113912345670", "17951 13912345670", "1259313912345670",
        "手机：13912345670", "手机号：13912345670", "手機：13912345670", "联系电话13912345670", "電話：139 1234 5670", "Tel:13912345670", "TEL. 13912345670", "T: 139 1234 5670", "M:+86 13912345670", "Mobile 13912345670", "Phone No.: 13912345670", "微信：13912345670", "13912345670(微信同号)", "13912345670（手机）",
        "13912345670.0", "13912345670.00", "1.3912345670E+10", "1.3912345670e10", "'13912345670", '="13912345670"', '"13912345670"', "13912345670;", "，13912345670，", "13912345670。", "[13912345670]",
        "一三九一二三四五六七零", "一三九 一二三四 五六七〇", "幺三九幺二三四五六七零", "壹叁玖 壹贰叁肆 伍陆柒零", "139一二三四5670", "一三九12345670", "\u202e13912345670\u202c", "139\u200b12345670", "13912345670\x00",
        "13912345670/13912345670",
    ],
)  # fmt: skip
def test_one_mobile_number_however_written(text: str) -> None:
    assert told(read(text)) == (MOBILE, "ok", "")
    assert read(text).details == {"type": "mobile", "country": "CN"}
    assert read(text).confidence == 1.0


@pytest.mark.parametrize(
    ("text", "value", "details"),
    [
        ("021-68886666", "+862168886666", {}), ("02168886666", "+862168886666", {}), ("(021)68886666", "+862168886666", {}), ("（021）6888-6666", "+862168886666", {}), ("021 6888 6666", "+862168886666", {}), ("021.6888.6666", "+862168886666", {}), ("021—68886666", "+862168886666", {}), ("021)68886666", "+862168886666", {}),
        ("+86(0)21 6888 6666", "+862168886666", {}), ("+86-21-68886666", "+862168886666", {}), ("+862168886666", "+862168886666", {}), ("+8602168886666", "+862168886666", {}), ("0086-21-68886666", "+862168886666", {}), ("0086(0)21-68886666", "+862168886666", {}), ("86 21 6888 6666", "+862168886666", {}), ("(86-21)68886666", "+862168886666", {}), ("8621-68886666", "+862168886666", {}), ("17951-021-68886666", "+862168886666", {}),
        ("座机：０２１－６８８８６６６６", "+862168886666", {}), ("零二一 六八八八六六六六", "+862168886666", {}),
        ("021-68888888转8001", "+862168888888", {"extension": "8001"}), ("021-68886666 转 8001", "+862168886666", {"extension": "8001"}), ("021-68886666轉8001", "+862168886666", {"extension": "8001"}), ("021-68886666-8001", "+862168886666", {"extension": "8001"}), ("021-6888-6666-801", "+862168886666", {"extension": "801"}), ("021-68886666分机8001", "+862168886666", {"extension": "8001"}), ("021-68886666 分机号：8001", "+862168886666", {"extension": "8001"}), ("021-68886666（分机801）", "+862168886666", {"extension": "801"}), ("021-68886666(801)", "+862168886666", {"extension": "801"}), ("021-68886666 ext. 801", "+862168886666", {"extension": "801"}), ("021-68886666 EXT801", "+862168886666", {"extension": "801"}), ("021-68886666x801", "+862168886666", {"extension": "801"}), ("021-68886666#801", "+862168886666", {"extension": "801"}), ("021-68886666转八零零一", "+862168886666", {"extension": "8001"}), ("86-21-68886666-801", "+862168886666", {"extension": "801"}), ("tel:+86-21-6888-6666;ext=801", "+862168886666", {"extension": "801"}),
        ("010-65001234", "+861065001234", {}), ("0571-88886666", "+8657188886666", {}), ("0755-26770001", "+8675526770001", {}), ("0835-2886666", "+868352886666", {}), ("0312-5266660", "+863125266660", {}), ("0754-88886660", "+8675488886660", {}), ("0592-5166660", "+865925166660", {}), ("0991-2886660", "+869912886660", {}), ("0898-66886660", "+8689866886660", {}),
    ],
)  # fmt: skip
def test_landlines(text: str, value: str, details: dict[str, str]) -> None:
    standard = read(text)
    assert told(standard) == (value, "ok", "")
    assert standard.details == {"type": "landline", "country": "CN", **details}


@pytest.mark.parametrize(
    ("text", "value", "type_"),
    [
        ("400-820-8820", "+864008208820", "toll_free"), ("4008208820", "+864008208820", "toll_free"), ("400 8208 820", "+864008208820", "toll_free"), ("4000-555-880", "+864000555880", "toll_free"), ("800-810-1818", "+868008101818", "toll_free"), ("+86 400 820 8820", "+864008208820", "toll_free"), ("客服热线：400-820-8820", "+864008208820", "toll_free"), ("400-888-8888", "+864008888888", "toll_free"),
        ("95588", "95588", "service"), ("９５５８８", "95588", "service"), ("955881", "955881", "service"), ("12345", "12345", "service"), ("110", "110", "service"), ("119", "119", "service"), ("10086", "10086", "service"), ("10000", "10000", "service"), ("12306", "12306", "service"), ("12315", "12315", "service"), ("96118", "96118", "service"), ("1010 9777", "10109777", "service"), ("95013123456", "95013123456", "service"), ("116114", "116114", "service"), ("021-95588", "95588", "service"), ("+86 95588", "95588", "service"), ("10690123456789", "10690123456789", "service"),
        ("+852 2123 4567", "+85221234567", "international"), ("00852-21234567", "+85221234567", "international"), ("+853 2833 3333", "+85328333333", "international"), ("+886 2 2345 6789", "+886223456789", "international"), ("+886 912 345 678", "+886912345678", "international"), ("+1 (650) 253-0000", "+16502530000", "international"), ("001 650 253 0000", "+16502530000", "international"), ("+44 (0)20 7946 0958", "+442079460958", "international"), ("+49 (0)89 1234567", "+49891234567", "international"), ("+81-3-1234-5678", "+81312345678", "international"), ("+65 6123 4567", "+6561234567", "international"),
        ("17012345670", "+8617012345670", "mobile"), ("19912345670", "+8619912345670", "mobile"), ("16612345670", "+8616612345670", "mobile"), ("14912345670", "+8614912345670", "mobile"),
    ],
)  # fmt: skip
def test_types(text: str, value: str, type_: str) -> None:
    standard = read(text)
    assert told(standard) == (value, "ok", "")
    assert standard.details["type"] == type_


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("13912345670/13700001111", ["+8613912345670", "+8613700001111"]),
        ("13912345670、13700001111", ["+8613912345670", "+8613700001111"]),
        ("13912345670;13700001111", ["+8613912345670", "+8613700001111"]),
        ("13912345670；13700001111", ["+8613912345670", "+8613700001111"]),
        ("13912345670，13700001111", ["+8613912345670", "+8613700001111"]),
        ("13912345670或13700001111", ["+8613912345670", "+8613700001111"]),
        ("13912345670 or 13700001111", ["+8613912345670", "+8613700001111"]),
        ("13912345670 13700001111", ["+8613912345670", "+8613700001111"]),
        ("13912345670\n13700001111", ["+8613912345670", "+8613700001111"]),
        ("139 1234 5670 137 0000 1111", ["+8613912345670", "+8613700001111"]),
        ("13912345670-13700001111", ["+8613912345670", "+8613700001111"]),
        ("13912345670(13700001111)", ["+8613912345670", "+8613700001111"]),
        ("手机13912345670 电话021-68886666", ["+8613912345670", "+862168886666"]),
        ("021-68886666/13912345670", ["+862168886666", "+8613912345670"]),
        ("021-68886666转801/13912345670", ["+862168886666", "+8613912345670"]),
        ("021-68886666/68886667", ["+862168886666", "+862168886667"]),
        ("021-68886666 68886667", ["+862168886666", "+862168886667"]),
        ("021-68886666/67", ["+862168886666", "+862168886667"]),
        ("010-65001234/5/6", ["+861065001234", "+861065001235", "+861065001236"]),
        ("电话:021-68886666 传真:021-68886667", ["+862168886666", "+862168886667"]),
    ],
)
def test_several_numbers(text: str, numbers: list[str]) -> None:
    standard = read(text)
    assert (standard.value, standard.outcome, standard.reason) == (numbers[0], "ok", "several")
    assert standard.details["numbers"] == numbers


@pytest.mark.parametrize(
    ("text", "value", "outcome", "reason"),
    [
        # What a person has to decide.
        ("68886666", None, "review", "area_code_missing"), ("6888-6666", None, "review", "area_code_missing"), ("8886660", None, "review", "area_code_missing"), ("68886666转801", None, "review", "area_code_missing"),
        ("(415) 555-2671", "+864155552671", "review", "country_doubtful"), ("1-650-253-0000", "+8616502530000", "review", "country_doubtful"), ("+13912345670", MOBILE, "review", "country_doubtful"),
        ("13912345670已停机", MOBILE, "review", "doubtful"), ("不是13912345670", MOBILE, "review", "doubtful"), ("13912345670（空號）", MOBILE, "review", "doubtful"), ("13912345670 wrong number", MOBILE, "review", "doubtful"), ("old: 13912345670", MOBILE, "review", "doubtful"),
        ("139l2345670", MOBILE, "review", "letters_for_digits"), ("1391234567O", MOBILE, "review", "letters_for_digits"), ("1391234567013700001111", MOBILE, "review", "run_together"), ("021-68886666 801", "+862168886666", "review", "extension_doubtful"),
        # Read, but not without a remark.
        ("张三 13912345670", MOBILE, "ok", "text_beside_number"), ("张三13912345670", MOBILE, "ok", "text_beside_number"), ("王一13912345670", MOBILE, "ok", "text_beside_number"), ("13912345670（张经理）", MOBILE, "ok", "text_beside_number"), ("Mr. Wang +86 139 1234 5670", MOBILE, "ok", "text_beside_number"),
        ("2168886666", "+862168886666", "ok", "leading_zero_missing"), ("21-68886666", "+862168886666", "ok", "leading_zero_missing"), ("571-88886666", "+8657188886666", "ok", "leading_zero_missing"), ("57188886666", "+8657188886666", "ok", "leading_zero_missing"), ("1065001234", "+861065001234", "ok", "leading_zero_missing"),
        ("852-2123-4567", "+85221234567", "ok", "plus_missing"), ("85221234567", "+85221234567", "ok", "plus_missing"), ("886-2-23456789", "+886223456789", "ok", "plus_missing"),
        ("139/1234/5670", MOBILE, "ok", "separators"), ("139,1234,5670", MOBILE, "ok", "separators"), ("传真：021-68886666", "+862168886666", "ok", "fax"),
        ("13912345670/12", MOBILE, "ok", "part_invalid"), ("13912345670 zhang@qq.com", MOBILE, "ok", "part_invalid"), ("021-68886666转801、802", "+862168886666", "ok", "part_invalid"), ("QQ 12345678 手机 13912345670", MOBILE, "ok", "part_invalid"),
        # No numbers.
        ("0571-8888888", None, "invalid", "wrong_length"), ("010-6500123", None, "invalid", "wrong_length"), ("0835-28866660", None, "invalid", "wrong_length"), ("139123456", None, "invalid", "wrong_length"), ("1391234567", None, "invalid", "wrong_length"), ("139123456701", None, "invalid", "wrong_length"), ("+86 1391234567", None, "invalid", "wrong_length"), ("400-820-882", None, "invalid", "wrong_length"), ("95", None, "invalid", "wrong_length"), ("+852 2123 45678", None, "invalid", "unassigned_number"), ("+1 650 253 00", None, "invalid", "wrong_length"),
        ("15412345670", None, "invalid", "unassigned_prefix"), ("12012345670", None, "invalid", "unassigned_prefix"), ("0365-8886660", None, "invalid", "unknown_area_code"), ("+999 1234567", None, "invalid", "unknown_country"),
        ("1.38E+10", None, "invalid", "damaged_by_spreadsheet"), ("1.39123E+10", None, "invalid", "damaged_by_spreadsheet"), ("8.61391E+12", None, "invalid", "damaged_by_spreadsheet"), ("1.38e10", None, "invalid", "damaged_by_spreadsheet"), ("########", None, "invalid", "damaged_by_spreadsheet"), ("#REF!", None, "invalid", "damaged_by_spreadsheet"),
        ("110101199003077758", None, "invalid", "identity_card_number"), ("11010119900307775x", None, "invalid", "identity_card_number"), ("１１０１０１１９９００３０７７７５８", None, "invalid", "identity_card_number"), ("110101 19900307 7758", None, "invalid", "identity_card_number"),
        ("zhang@qq.com", None, "invalid", "email"), ("zhang13912345670@163.com", None, "invalid", "email"), ("http://www.a.com/13912345670", None, "invalid", "web_address"), ("QQ:12345678", None, "invalid", "other_account"), ("2026-03-05", None, "invalid", "date"), ("2026/3/5", None, "invalid", "date"), ("abc", None, "invalid", "no_number"),
        # Nothing.
        ("", None, "absent", "empty"), (" \u3000\u200b", None, "absent", "empty"), ("无", None, "absent", "no_value"), ("無", None, "absent", "no_value"), ("N/A", None, "absent", "no_value"), ("Ｎ／Ａ", None, "absent", "no_value"), ("-", None, "absent", "no_value"), ("———", None, "absent", "no_value"), ("???", None, "absent", "no_value"), ("未知", None, "absent", "no_value"), ("手机：", None, "absent", "no_value"), ("电话：无", None, "absent", "no_value"), ("0", None, "absent", "no_value"), ("#N/A", None, "absent", "no_value"),
        ("1" * 401, None, "invalid", "too_long"), ("x" * 1_000_000, None, "invalid", "too_long"),
    ],
)  # fmt: skip
def test_what_is_said_about_a_text(text: str, value: str | None, outcome: str, reason: str) -> None:
    assert told(read(text)) == (value, outcome, reason)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("13800138000", "+8613800138000"), ("手机：１３８００１３８０００", "+8613800138000"), ("13800138000.0", "+8613800138000"), ("+86 138 0013 8000", "+8613800138000"), ("13888888888", "+8613888888888"), ("13000000000", "+8613000000000"), ("13912345678", "+8613912345678"), ("18887654321", "+8618887654321"), ("0571-88888888", "+8657188888888"), ("021-12345678", "+862112345678"), ("0835-1234567", "+868351234567"), ("400-123-4567", "+864001234567"), ("01000000000", "+861000000000"),
    ],
)  # fmt: skip
def test_placeholders_are_standardised_but_flagged(text: str, value: str) -> None:
    standard = read(text)
    assert told(standard) == (value, "ok", "placeholder")
    assert standard.confidence < 1


@pytest.mark.parametrize("text", ["00000000", "11111111111", "12345678", "12345678901", "88888888", "0000", "123456789", "987654321", "000-00000000"])  # fmt: skip
def test_placeholders_that_are_no_numbers(text: str) -> None:
    assert told(read(text)) == (None, "invalid", "placeholder")


@pytest.mark.parametrize("text", ["13800138001", "13888888808", "021-68888888", "13811112222", "13912340000", "12345", "95588"])  # fmt: skip
def test_look_alikes_of_placeholders(text: str) -> None:
    assert read(text).outcome == "ok"
    assert read(text).reason == ""


def test_a_placeholder_beside_a_real_number_is_not_chosen() -> None:
    assert told(read("13800138000/13912345670")) == (MOBILE, "ok", "several")


@pytest.mark.parametrize(
    ("text", "declared", "value", "outcome", "reason"),
    [
        ("68886666", {"area_code": "021"}, "+862168886666", "ok", "area_code_declared"),
        ("8886666", {"area_code": "021"}, None, "review", "area_code_missing"),
        ("0571-88886666", {"area_code": "021"}, "+8657188886666", "ok", ""),
        ("13912345670", {"area_code": "021"}, MOBILE, "ok", ""),
        ("650-253-0000", {"country": "US"}, "+16502530000", "ok", ""),
        ("(650) 253-0000 x123", {"country": "US"}, "+16502530000", "ok", ""),
        ("+86 139 1234 5670", {"country": "US"}, MOBILE, "ok", ""),
        ("13912345670", {"country": "US"}, MOBILE, "review", "country_doubtful"),
        ("2123 4567", {"country": "HK"}, "+85221234567", "ok", ""),
        ("030 901820", {"country": "DE"}, "+4930901820", "ok", ""),
        ("0912-345-678", {"country": "TW"}, "+886912345678", "ok", ""),
    ],
)
def test_what_a_contract_declares(
    text: str, declared: dict[str, str], value: str | None, outcome: str, reason: str
) -> None:
    assert told(read(text, **declared)) == (value, outcome, reason)


def test_no_identity_card_number_is_given_back() -> None:
    for text in ("110101199003077758", "身份证110101199003077758手机13912345670", "110101199003077758/13912345670"):
        assert "110101199003077758" not in repr(read(text))
    assert read("身份证110101199003077758手机13912345670").value == MOBILE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numerals": {"十二": "2"}}, "not one Chinese character"),
        ({"numerals": {"a": "2"}}, "not one Chinese character"),
        ({"labels": ["手机"], "doubts": ["手機"]}, "leave it in one"),
        ({"labels": [" "]}, "nothing that could be found"),
        ({"service_numbers": ["abc"]}, "service_numbers"),
        ({"further_landlines": {"0312": 9}}, "further_landlines"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_refused_rules(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PhoneRule.model_validate({**WRITTEN, **change})


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"country": "XX"}, "XX is no country"),
        ({"area_code": "21"}, "21 is no Chinese area code"),
        ({"area_code": "0365"}, "0365 is no Chinese area code"),
        ({"area_code": "021", "country": "US"}, "country CN only"),
    ],
)
def test_refused_declarations(declared: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PhoneDeclared.model_validate(declared)


def test_a_plan_that_has_grown() -> None:
    rule = PhoneRule.model_validate({**WRITTEN, "further_mobile_prefixes": ["1540"], "further_landlines": {"0312": 8}})
    grown = PhoneStandardiser(rule, PhoneDeclared())
    assert told(grown.standardise("15402345671")) == ("+8615402345671", "ok", "")
    assert told(grown.standardise("0312-52666601")) == ("+8631252666601", "ok", "")
    assert told(grown.standardise("0312-5266660")) == ("+863125266660", "ok", "")


def test_every_area_of_the_demo_is_known() -> None:
    regions = yaml.safe_load((REPOSITORY / "include/rules/demo/regions.yml").read_text("utf-8"))
    cities = [city for region in regions["regions"] for city in region["cities"]]
    assert len(cities) > 50
    for city in cities:
        assert read(f"{city['area_code']}-{'6288666066'[: city['phone_digits']]}").outcome == "ok", city["name"]


DIGITS = st.text("0123456789", min_size=1, max_size=13)
CHARACTERS = st.sampled_from(
    list("0123456789") * 4 + list("+-() ./转x一三八零手机传真张") + ["86", "021", "138", "0571", "400"]
)
LIKE_NUMBERS = st.lists(CHARACTERS, max_size=24).map("".join)
SHAPED = st.from_regex(r"(手机：?|Tel: )?(\+86|0086|86|\+86-)?[ -]?((1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4})|\(?0[0-9]{2,3}\)?[ -]?[0-9]{7,8}((-|转| ext )[0-9]{1,6})?)", fullmatch=True)  # fmt: skip


@given(st.text(max_size=60) | LIKE_NUMBERS | SHAPED)
@example("\ud800")
@example("٠" * 20)
@example("+" * 400)
@example("1(" * 200)
@example("1 " * 200)
@example("@" * 400)
@example("一" * 400)
def test_any_text_gives_a_result_that_does_not_change_again(text: str) -> None:
    standard = PHONE.standardise(text)
    assert PHONE.standardise_batch([text, text]) == [standard, standard]
    assert (standard.value is None) or standard.outcome in ("ok", "review")
    if standard.value is not None:
        again = PHONE.standardise(str(standard.value))
        assert again.value == standard.value
        assert again.outcome == "ok"


@given(LIKE_NUMBERS | SHAPED)
def test_width_is_no_difference(text: str) -> None:
    assert PHONE.standardise(text.translate(FULL_WIDTH).replace(" ", "\u3000")) == PHONE.standardise(text)


@given(SHAPED | LIKE_NUMBERS)
@settings(max_examples=300)
def test_the_short_way_is_the_long_way(text: str) -> None:
    folded = fold(text)
    if folded:
        assert PHONE.standardise(text) == PHONE._read_text(folded)


@given(DIGITS | st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True) | st.from_regex(r"0[1-9][0-9]{8,10}", fullmatch=True))
@settings(max_examples=300)
def test_plain_numbers_agree_with_the_library(digits: str) -> None:
    plain = PhoneStandardiser(PhoneRule.model_validate({"version": 1, "examples": [{"in": ""}]}), PhoneDeclared())
    standard = plain.standardise(digits)
    if standard.outcome != "ok" or standard.details["type"] not in ("mobile", "landline", "toll_free"):
        return
    number = phonenumbers.parse(digits, "CN")
    assert phonenumbers.is_valid_number(number)
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == standard.value


@pytest.mark.parametrize("prefix", [f"1{second}{third}" for second in range(3, 10) for third in range(10)])
def test_mobile_prefixes_agree_with_the_library(prefix: str) -> None:
    digits = f"{prefix}20304050"
    is_valid = phonenumbers.is_valid_number(phonenumbers.parse(digits, "CN"))
    assert bool(chinese_plan().mobile.fullmatch(digits)) == is_valid
    assert (PHONE.standardise(digits).outcome == "ok") == (is_valid or prefix in WRITTEN["further_mobile_prefixes"])
