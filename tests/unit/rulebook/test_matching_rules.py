"""include/rules/matching: the rules for lists and entities are right, and what is wrong is said with its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cockpit.domain.match.fields.company import CompanyName
from cockpit.errors import RuleFileError
from cockpit.rulebook.matching import load_field_types, load_file_columns, load_match_rule, load_words, ready_lists
from cockpit.rulebook.workspace import REPOSITORY

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
    # Products may come with more than today's sources give.
    assert set(rule.columns_in(staged.columns)) | {"spec", "unit"} >= rule.fields.keys()


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
