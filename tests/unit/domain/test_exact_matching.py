"""Records that are surely one company are joined, and no others."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.match.exact import ExactRule, Membership, Record, group_exact, level_code, level_name
from cockpit.rulebook.files import load
from cockpit.rulebook.workspace import REPOSITORY

SHIPPED = load(REPOSITORY / "include/rules/matching/customer.yml", ExactRule)
RULE = ExactRule(
    keys=("credit_code", "phone", "name"),
    distinguishes="credit_code",
    name_field="name",
    name_replacements={"有限责任公司": "有限公司", "(集团)": "集团"},
)
CODE, OTHER_CODE = "91310000600037341N", "91440300708461136T"


def record(record_id: str, name: str | None = None, code: str | None = None, phone: str | None = None) -> Record:
    return Record(record_id, {"name": name, "credit_code": code, "phone": phone})


def groups(records: list[Record], rule: ExactRule = RULE) -> set[frozenset[str]]:
    members: dict[str, set[str]] = defaultdict(set)
    for member in group_exact(records, rule):
        members[member.group_id].add(member.record_id)
    return {frozenset(ids) for ids in members.values()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("华东仪表有限公司", "华东仪表有限责任公司"),
        ("腾讯（深圳）有限公司", "腾讯(深圳)有限公司"),
        ("华东（集团）有限公司", "华东集团有限责任公司"),
        ("华东 仪表　有限公司", "华东仪表有限公司"),
        ("ＡＢＣ Co., Ltd.", "abc co ltd"),
        ("A.B.C. Company", "ABC company"),
        ("STRASSE 1", "Straße 1"),
        ("O'Neil & Sons", "O’Neil & sons"),
        ("华东·仪表有限公司", "华东仪表有限公司"),
    ],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert groups([record("a", one), record("b", other)], SHIPPED) == {frozenset("ab")}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("华为技术有限公司", "华为技术有限公司上海分公司"),
        ("腾讯（深圳）", "腾讯（北京）"),
        ("北京字节跳动", "上海字节跳动"),
        ("华信能源", "华信新能源"),
        ("第一商贸", "第二商贸"),
        ("东方贸易", "西方贸易"),
        ("中国石化集团有限公司", "中国石化股份有限公司"),
        ("华为技术有限公司", "华为"),
        ("八骏科技", "八峻科技"),
    ],
)
def test_names_that_no_machine_may_join(one: str, other: str) -> None:
    assert groups([record("a", one), record("b", other)], SHIPPED) == {frozenset("a"), frozenset("b")}


@pytest.mark.parametrize(
    "code", [CODE.lower(), "91310000-600037341-N", " 91310000 600037341N", "９１３１００００６０００３７３４１Ｎ"]
)
def test_codes_are_the_same_however_they_are_written(code: str) -> None:
    assert groups([record("a", code=CODE), record("b", code=code)]) == {frozenset("ab")}


@pytest.mark.parametrize("nothing", [None, "", " ", "-", "。"])
def test_nothing_is_not_a_value(nothing: str | None) -> None:
    assert groups([record("a", nothing, nothing, nothing), record("b", nothing, nothing, nothing)]) == {
        frozenset("a"),
        frozenset("b"),
    }
    # An empty code does not distinguish either.
    assert groups([record("a", "X", CODE), record("b", "X", nothing)]) == {frozenset("ab")}


def test_different_codes_are_never_joined_by_name_or_phone() -> None:
    assert groups([record("a", "X", CODE, "1"), record("b", "X", OTHER_CODE, "1")]) == {frozenset("a"), frozenset("b")}


def test_a_chain_through_a_record_without_code_does_not_join_two_codes() -> None:
    chain = [record("a", "X", CODE, "1"), record("b", "Y", None, "1"), record("c", "Y", OTHER_CODE, "2")]
    assert groups(chain) == {frozenset("ab"), frozenset("c")}


def test_a_record_without_code_joins_the_first_that_fits() -> None:
    members = group_exact([record("a", "X"), record("b", "X", OTHER_CODE), record("c", "X", CODE)], RULE)
    assert members == [Membership("a", "a", "name"), Membership("b", "a", "name"), Membership("c", "c", "single")]


def test_the_strongest_key_is_the_reason() -> None:
    members = group_exact([record("a", "X", CODE), record("b", "X", CODE), record("c", "x")], RULE)
    assert members == [
        Membership("a", "a", "credit_code"),
        Membership("b", "a", "credit_code"),
        Membership("c", "a", "name"),
    ]


NAMES = st.sampled_from(["甲有限公司", "甲有限责任公司", "乙（集团）", "乙集团", "丙", "", None])
CODES = st.sampled_from([CODE, CODE.lower(), OTHER_CODE, "X1", None, None, None])
PHONES = st.sampled_from(["1", "2", "3", None, None])
RECORDS = st.lists(st.tuples(NAMES, CODES, PHONES), max_size=12).map(
    lambda rows: [record(f"r{number:02}", *row) for number, row in enumerate(rows)]
)


@given(RECORDS, st.integers())
def test_the_order_of_records_does_not_matter(records: list[Record], seed: int) -> None:
    shuffled = records.copy()
    random.Random(seed).shuffle(shuffled)
    assert group_exact(shuffled, RULE) == group_exact(records, RULE)


@given(RECORDS)
def test_no_group_holds_two_codes(records: list[Record]) -> None:
    codes = {record.record_id: record.fields["credit_code"] for record in records}
    for ids in groups(records):
        assert len({level_code(code) for id_ in ids if (code := codes[id_])}) <= 1


@given(RECORDS)
def test_every_record_has_one_group_named_by_its_least_member(records: list[Record]) -> None:
    members = group_exact(records, RULE)
    assert [member.record_id for member in members] == sorted(record.record_id for record in records)
    for ids in groups(records):
        assert {member.group_id for member in members if member.record_id in ids} == {min(ids)}
        reasons = {member.matched_by for member in members if member.record_id in ids}
        assert (reasons == {"single"}) == (len(ids) == 1)


@given(RECORDS)
def test_records_of_one_code_are_together(records: list[Record]) -> None:
    group_of = {member.record_id: member.group_id for member in group_exact(records, RULE)}
    by_code: dict[str, set[str]] = defaultdict(set)
    for each in records:
        if code := each.fields["credit_code"]:
            by_code[level_code(code)].add(group_of[each.record_id])
    assert all(len(found) == 1 for found in by_code.values())


TEXT = st.text() | st.text(st.sampled_from("有限责任公司(集团)（） .ａＡß'’ͅ"))


@given(TEXT)
@example("((集团))")
@example("e.\u0301")
@example("有限责有限责任公司任公司")
def test_levelling_twice_is_levelling_once(name: str) -> None:
    once = level_name(name, RULE.name_replacements)
    assert level_name(once, RULE.name_replacements) == once
    assert level_code(level_code(name)) == level_code(name)


@pytest.mark.parametrize(
    ("replacements", "message"),
    [
        ({"公司": "有限公司"}, "有限公司 is not shorter than 公司"),
        ({"（集团）": "集团"}, r"（集团） never occurs in a levelled name; write \(集团\)"),
        ({"": ""}, "is not shorter than"),
    ],
)
def test_replacements_that_cannot_work_are_refused(replacements: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ExactRule(keys=("name",), distinguishes="credit_code", name_field="name", name_replacements=replacements)
