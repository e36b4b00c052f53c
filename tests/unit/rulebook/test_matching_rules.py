"""include/rules/matching: the rules for lists and entities are right, and what is wrong is said with its line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cockpit.domain.match.fields.company import CompanyName
from cockpit.domain.match.rule import FieldType
from cockpit.errors import RuleFileError
from cockpit.pipelines.lists.columns import LINE, find_columns
from cockpit.rulebook.match_rule_names import COMPANY_KEYS, key_names
from cockpit.rulebook.matching import load_field_types, load_file_columns, load_match_rule, load_words, ready_lists
from cockpit.rulebook.workspace import REPOSITORY
from cockpit.sources.lists import ListFile

RULES = REPOSITORY / "include" / "rules"

PERSONS = """\
fields:
  given_name: {type: person_name, columns: [first, 名]}
  family_name: {type: person_name}
  full_name: {type: person_name, parts: [given_name, family_name]}
  birth_date: {type: date, is_apart: true}
swapped: [[given_name, family_name]]
related: [[given_name, birth_date]]
"""


def rule_file(tmp_path: Path, before: str = "", after: str = "") -> Path:
    assert before in PERSONS
    path = tmp_path / "persons.yml"
    path.write_text(PERSONS.replace(before, after, 1), encoding="utf-8")
    return path


def test_a_rule_is_read(tmp_path: Path) -> None:
    rule = load_match_rule(rule_file(tmp_path))
    assert rule.fields["given_name"].columns == ("first", "名")
    assert rule.fields["birth_date"].is_apart
    assert rule.swapped == (("given_name", "family_name"),)
    assert rule.merge_at == 0.0


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        pytest.param("type: date", "type: day", 5, "found 'day'; allowed: 'company_name', 'person_name'", id="type"),
        pytest.param("is_apart", "apart", 5, "is not a known key", id="key"),
        pytest.param("is_apart: true", "is_apart: often", 5, "is neither true nor false", id="truth value"),
        pytest.param(
            "[[given_name, family_name]]", "[[given_name, surname]]", 6,
            "swapped.0.1 names a field that is not there (found 'surname'; allowed: given_name, family_name", id="swapped",
        ),
        pytest.param(
            "[[given_name, birth_date]]", "[[given_name], [dob]]", 7, "related.1.0 names a field that is not there",
            id="related",
        ),
        pytest.param(
            "parts: [given_name, family_name]", "parts: [given, family_name]", 4,
            "fields.full_name.parts.0 names a field that is not there", id="parts",
        ),
        pytest.param(
            "swapped: [[given_name, family_name]]", "swapped: [[given_name, birth_date]]", 6,
            "swapped is for names of persons (found 'birth_date'; allowed: given_name, family_name, full_name)",
            id="swapped date",
        ),
        pytest.param("related: [[given_name, birth_date]]", "related: given_name", 7, "is not a list", id="no list"),
        pytest.param("related: [[given_name, birth_date]]", "related: [[[given_name]]]", 7, "found ['given_name']", id="deep list"),
        pytest.param("related: [[given_name, birth_date]]", "largest_block: 1", 7, "allowed: >= 2", id="block"),
        pytest.param("related: [[given_name, birth_date]]", "merge_at: high", 7, "not a number", id="number"),
        pytest.param(PERSONS, "fields: {}\n", 1, "too few entries", id="no fields"),
        pytest.param(PERSONS, "swapped: [[a, b]]\n", 1, "fields: is missing", id="no key fields"),
        pytest.param(PERSONS, "- fields\n", 1, "is not a mapping", id="a list"),
        pytest.param("related:", "swapped:", 7, "is given twice", id="key twice"),
    ],
)  # fmt: skip
def test_faults_are_named_by_line(tmp_path: Path, before: str, after: str, line: int, message: str) -> None:
    path = rule_file(tmp_path, before, after)
    with pytest.raises(RuleFileError) as fault:
        load_match_rule(path)
    assert str(fault.value).startswith(f"{path}:{line}: "), str(fault.value)
    assert message in str(fault.value)


RELATED = "related: [[given_name, birth_date]]"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("written", "line", "english", "chinese", "allowed"),
    [
        pytest.param("blocks: [[surname.exact]]", 7, "blocks.0.0 names a field that is not there", "blocks.0.0 中的字段不存在", "given_name, family_name", id="field of a block"),
        pytest.param("blocks: [[birth_date.year]]", 7, "the field has no such key", "该字段没有此键", "birth_date.exact, birth_date.month, birth_date.day", id="key of a block"),
        pytest.param("blocks: [[birth_date]]", 7, "the field has no such key", "该字段没有此键", "birth_date.exact", id="block without a key"),
        pytest.param("blocks: [[given_name.alike]]", 7, "the field has no such key", "该字段没有此键", "given_name.sound", id="likeness that is not offered"),
        pytest.param("blocks:\n  - [birth_date.day]\n  - []", 9, "a block is one key or two", "一个分块由一个或两个键组成", "", id="block of nothing"),
        pytest.param("blocks: [[birth_date.day, given_name.begin, family_name.begin]]", 7, "a block is one key or two", "一个分块由一个或两个键组成", "", id="block of three"),
        pytest.param("blocks: birth_date.day", 7, "is not a list", "不是列表", "", id="blocks that are no list"),
        pytest.param("blocks: [[birth_date.day, 7]]", 7, "is not a text", "不是文字", "", id="key that is no text"),
        pytest.param("proof: {field: given_name, sure: [exactly], by: [birth_date]}", 7, "the comparison finds no such level", "比较结果中没有此级别", "exact, one slip", id="level of a proof"),
        pytest.param("proof: {field: name, sure: [exact], by: [birth_date]}", 7, "proof.field names a field that is not there", "proof.field 中的字段不存在", "given_name", id="field of a proof"),
        pytest.param("proof: [{field: given_name, sure: [exact], by: [phone]}]", 7, "proof.0.by.0 names a field that is not there", "proof.0.by.0 中的字段不存在", "given_name", id="by of a proof"),
        pytest.param("made_of: {mail: [given_name]}", 7, "made_of.mail names a field that is not there", "made_of.mail 中的字段不存在", "given_name", id="field of an address"),
        pytest.param("made_of: {birth_date: [given_name]}", 7, "made_of is for e-mail addresses", "made_of 用于电子邮箱", "", id="address that is a date"),
        pytest.param("precision: 1", 7, "is outside the allowed range", "", "< 1", id="precision of one"),
        pytest.param("precision: 99.5", 7, "is outside the allowed range", "", "< 1", id="precision in percent"),
        pytest.param("precision: 0.5", 7, "is outside the allowed range", "", "> 0.5", id="precision of chance"),
        pytest.param("precision: 0.99\nmerge_at: 3", 1, "merge_at and precision say the same", "merge_at 与 precision 含义相同", "", id="two thresholds"),
        pytest.param("review_at: 2", 7, "review_at is above merge_at", "review_at 高于 merge_at", "<= 0.0", id="review above merge"),
        pytest.param("merge_at: .nan", 7, "is not a number of the right kind", "", "", id="no number"),
        pytest.param("review_at: -.inf", 7, "is not a number of the right kind", "", "", id="endless"),
        pytest.param("largest_block: 2.5", 7, "is not a number of the right kind", "", "", id="half a record"),
        pytest.param("exhaustive_pairs: -1", 7, "is outside the allowed range", "", ">= 0", id="fewer than no pairs"),
        pytest.param("cut_off: 3", 7, "is not a known key", "", "", id="key"),
    ],
)  # fmt: skip
def test_faults_in_what_is_mentioned_are_named_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, line: int, english: str, chinese: str, allowed: str,
    lang: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("COCKPIT_LANG", lang)
    path = rule_file(tmp_path, RELATED, written)
    with pytest.raises(RuleFileError) as fault:
        load_match_rule(path)
    text = str(fault.value)
    assert text.startswith(f"{path}:{line}: "), text
    assert (english if lang == "en" else chinese) in text
    assert (english in text) == (lang == "en")
    assert allowed in text


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        pytest.param({"full_name": "full_name"}, 4, id="itself"),
        pytest.param({"full_name": "given_name", "given_name": "full_name"}, 2, id="each other"),
    ],
)
def test_a_field_is_no_part_of_itself(tmp_path: Path, parts: dict[str, str], line: int) -> None:
    path = tmp_path / "persons.yml"
    fields = [
        f"  {name}: {{type: person_name, parts: [{parts[name]}]}}"
        if name in parts
        else f"  {name}: {{type: person_name}}"
        for name in ("given_name", "family_name", "full_name")
    ]
    path.write_text("\n".join(["fields:", *fields, ""]), encoding="utf-8")
    with pytest.raises(RuleFileError, match=f"persons.yml:{line}: the field is a part of itself"):
        load_match_rule(path)


def test_two_names_that_are_swapped_are_two(tmp_path: Path) -> None:
    path = rule_file(tmp_path, "[[given_name, family_name]]", "[[given_name, given_name]]")
    with pytest.raises(RuleFileError, match=r"persons\.yml:6: swapped names one field twice"):
        load_match_rule(path)


def test_keys_that_blocks_may_name_are_those_that_the_types_offer() -> None:
    rule = load_match_rule(ready_lists(RULES)["companies"])
    company = load_field_types(RULES, rule)["company_name"]
    assert tuple(company.keys(company.read(pd.Series(["上海华东仪表有限公司"], dtype=object)))) == COMPANY_KEYS
    assert key_names("organisation") == ("exact", "begin", "rarest", "alike")
    for kind in get_args(FieldType):
        assert key_names(kind)


# Beside the rules stand words, and names of columns.
MATCH_RULES = [
    path
    for path in sorted((RULES / "matching").rglob("*.yml"))
    if path.parent.name != "words" and path.stem != "file_columns"
]


@pytest.mark.parametrize("path", MATCH_RULES, ids=lambda path: path.stem)
def test_all_rules_are_right(path: Path) -> None:
    load_match_rule(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="cannot be read"):
        load_match_rule(tmp_path / "nothing.yml")


@pytest.mark.parametrize(
    ("columns", "taken"),
    [
        pytest.param(
            ["first", "family_name", "full_name"], {"given_name": "first", "family_name": "family_name"}, id="parts"
        ),
        pytest.param(["名", "full_name"], {"given_name": "名", "full_name": "full_name"}, id="one part"),
        pytest.param(["名", "first"], {"given_name": "first"}, id="the first name counts"),
        pytest.param(["given_name"], {}, id="the field's name is not a column where there are others"),
    ],
)
def test_fields_take_their_columns(tmp_path: Path, columns: list[str], taken: dict[str, str]) -> None:
    assert load_match_rule(rule_file(tmp_path)).columns_in(columns) == taken


def test_the_rules_for_lists_are_ready() -> None:
    ready = ready_lists(RULES)
    assert list(ready) == ["companies", "organisations", "persons"]
    for path in ready.values():
        load_match_rule(path)


@pytest.mark.parametrize("entity", ["customer", "contact", "product"])
def test_the_rules_of_entities_are_about_columns_that_are_there(entity: str) -> None:
    from cockpit.rulebook.contract import Contract
    from cockpit.rulebook.files import load

    rule = load_match_rule(RULES / "matching" / f"{entity}.yml")
    staged = load(REPOSITORY / "include" / "sql" / "staging" / f"stg_{entity}.yml", Contract)
    assert rule.columns_in(staged.columns).keys() == rule.fields.keys()


HEADERS = {
    "persons": [
        (
            "First Name, Surname, DOB, Mobile No., E-mail, Post Code, Town",
            "given_name family_name birth_date phone email",
        ),
        (
            "surname, first_name, dob, postcode_fake, suburb, soc_sec_id",
            "given_name family_name birth_date postcode city",
        ),
        (
            "Vorname, Nachname, Geburtsdatum, Straße, PLZ, Ort, Telefon",
            "given_name family_name birth_date address city",
        ),
        (
            "Nombre, Apellidos, Fecha de nacimiento, Código postal, Ciudad",
            "given_name family_name birth_date postcode city",
        ),
        ("Prénom, Nom, Date de naissance, Courriel, Ville", "given_name family_name birth_date email city"),
        (
            "fname, lname, birthdate, addr1, addr2, zip",
            "given_name family_name birth_date address second_address postcode",
        ),
        ("Full Name, Telephone No, Email ID, Pin Code", "full_name phone email postcode"),
        ("Patient Name, D.O.B., NHS Number, Postal Code", "full_name birth_date identity_number postcode"),
        ("姓名, 手机号码, 身份证号, 出生日期, 住址", "full_name phone identity_number birth_date address"),
        ("联系人, 电话, 邮箱, 单位", "full_name phone email organisation"),
    ],
    "organisations": [
        ("Organisation Name, Address Line 1, Town, Postcode, Charity Number", "name address city postcode identifier"),
        ("School Name, Street Address, City, State, ZIP Code, Phone Number", "name address city state postcode phone"),
        ("Hospital, Physical Address, County, Telephone No", "name address state phone"),
        ("Facility Name, DBA, Website URL, Fax No", "name second_name website fax"),
        ("Einrichtung, Anschrift, PLZ, Ort, Telefonnummer, E-Mail", "name address postcode city phone email"),
        ("Site name, Address, Zip, Phone", "name address postcode phone"),
        ("Razón social, Dirección, Municipio, Correo electrónico", "name address city email"),
        ("Provider Name, NPI, Main Phone, Web Address", "name identifier phone website"),
        ("学校名称, 地址, 电话, 城市", "name address phone city"),
        ("单位名称, 统一社会信用代码, 联系电话", "name identifier phone"),
    ],
    "companies": [
        ("Company Name, phone_number, Website, Contact Person", "name phone website contact_name"),
        ("公司名称, 电话, 联系人, 统一社会信用代码", "name phone contact_name credit_code"),
        ("企业名称, 法定代表人, 注册地址, 所在城市", "name contact_name address city"),
        ("客户全称, 联系方式, 邮箱, 省份", "name phone email region"),
        ("供应商, 纳税人识别号, 办公电话", "name credit_code phone"),
        ("Firma, Straße, PLZ, Ort, Ansprechpartner", "name address postcode city contact_name"),
        ("Raison sociale, SIREN, Adresse, Code postal, Ville", "name identifier address postcode city"),
        ("Razón social, CIF, Teléfono, Provincia", "name identifier phone region"),
        ("account_name, billing_phone, VAT No, country", "name identifier country"),
        ("Vendor, Tax ID, Street Address, E-mail Address", "name identifier address email"),
    ],
}


@pytest.mark.parametrize(
    ("ready", "header", "fields"),
    [pytest.param(ready, *row, id=f"{ready} {row[0]}") for ready, rows in HEADERS.items() for row in rows],
)
def test_columns_of_lists_are_found_by_how_people_call_them(ready: str, header: str, fields: str) -> None:
    rule = load_match_rule(ready_lists(RULES)[ready])
    columns = tuple(header.split(", "))
    table = pa.table({column: pa.array([], pa.string()) for column in columns})
    file = ListFile(Path("list.csv"), table, np.empty(0, dtype=np.int64), (), None, None)
    found = find_columns(file, rule, load_file_columns(RULES), {}, LINE)
    assert set(fields.split()) <= found.fields.keys()


def test_no_column_of_a_list_is_two_things() -> None:
    usual = load_file_columns(RULES)
    for path in ready_lists(RULES).values():
        named = [name for field in load_match_rule(path).fields.values() for name in field.columns]
        assert sorted({name for name in named if named.count(name) > 1}) == []
        assert set(named).isdisjoint(usual.id)


def test_the_standardiser_of_companies_is_loaded_where_it_is_asked_for() -> None:
    ready = ready_lists(RULES)
    assert isinstance(load_field_types(RULES, load_match_rule(ready["companies"]))["company_name"], CompanyName)
    assert "company_name" not in load_field_types(RULES, load_match_rule(ready["persons"]))


def test_words_are_read() -> None:
    words = load_words(RULES)
    assert "ltd" in words.organisations.legal_forms | {
        short for shorts in words.organisations.short_forms.values() for short in shorts
    }
    assert words.persons.nicknames
    assert words.addresses.street_kinds
    assert words.mail.hosts


@pytest.mark.parametrize(
    ("file", "before", "after", "line", "message"),
    [
        pytest.param("persons.yml", "nicknames:", "nicnames:", None, "is not a known key", id="key"),
        pytest.param(
            "addresses.yml", "version: 1", "version: one", 2, "is not a number of the right kind", id="version"
        ),
    ],
)
def test_faults_in_words_are_named_by_line(
    tmp_path: Path, file: str, before: str, after: str, line: int | None, message: str
) -> None:
    folder = tmp_path / "matching" / "words"
    shutil.copytree(RULES / "matching" / "words", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    number = line or next(n for n, each in enumerate(text.splitlines(), 1) if each.startswith(before))
    with pytest.raises(RuleFileError) as fault:
        load_words(tmp_path)
    assert str(fault.value).startswith(f"{folder / file}:{number}"), str(fault.value)
    assert message in str(fault.value)
