"""Rules by which records are matched: `include/rules/matching`, of entities, of lists in files, and their words."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from pydantic import Field

from cockpit.domain.match.engine import field_types
from cockpit.domain.match.fields.field import Field as FieldOfType
from cockpit.domain.match.fields.measure import ProductWords
from cockpit.domain.match.fields.words import AddressWords, MailWords, OrganisationWords, PersonWords, WordLists
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.domain.normalise.names.company_rule import CompanyRule
from cockpit.rulebook.files import Rule, load, load_with_lines
from cockpit.rulebook.match_rule_names import check_names
from cockpit.rulebook.normalisation import load_rule

_SUFFIX = ".yml"


class FileColumns(Rule):
    """Contents of `include/rules/matching/file_columns.yml`: how columns that are no fields are called in files.

    Capitals, blanks and punctuation of names say nothing; the first that is there is taken.

    Attributes:
        id: What a record is known by within its file.
        source: In a truth, the file that a record stands in.
        cluster: In a truth, which records are one.
        left, right: In a truth of pairs, the two records.
        left_source, right_source: Their files.
        is_match: In a truth of pairs, whether the two are one: 0, no or false for those that are not.
    """

    id: tuple[str, ...] = Field(min_length=1)
    source: tuple[str, ...] = Field(min_length=1)
    cluster: tuple[str, ...] = Field(min_length=1)
    left: tuple[str, ...] = Field(min_length=1)
    right: tuple[str, ...] = Field(min_length=1)
    left_source: tuple[str, ...] = ()
    right_source: tuple[str, ...] = ()
    is_match: tuple[str, ...] = ()


def load_match_rule(path: Path) -> MatchRule:
    """Read a rule of matching.

    Raises:
        RuleFileError: the file is wrong, with file and line.
    """
    return load_with_lines(path, MatchRule, lambda data, lines: check_names(path, data, lines))[0]


def ready_lists(rules: Path) -> dict[str, Path]:
    """Rules for any list, by name.

    Args:
        rules: Folder `include/rules`.
    """
    return {path.stem: path for path in sorted((rules / "matching" / "lists").glob(f"*{_SUFFIX}"))}


def load_file_columns(rules: Path) -> FileColumns:
    """How columns that are no fields are called in files.

    Raises:
        RuleFileError: the file is wrong, with file and line.
    """
    return load(rules / "matching" / f"file_columns{_SUFFIX}", FileColumns)


def load_field_types(rules: Path, rule: MatchRule) -> dict[FieldType, FieldOfType]:
    """The types of fields, with their words; those of names of companies only where the rule has such a field.

    Args:
        rules: Folder `include/rules`.

    Raises:
        RuleFileError: a file with words is wrong, with file and line.
    """
    has_companies = any(field.type == "company_name" for field in rule.fields.values())
    company = cast(CompanyRule, load_rule(rules / "normalisation", "company")) if has_companies else None
    return field_types(company, load_words(rules))


def load_words(rules: Path) -> WordLists:
    """Words of names and addresses: `include/rules/matching/words`.

    Args:
        rules: Folder `include/rules`.

    Raises:
        RuleFileError: a file is wrong, with file and line.
    """
    folder = rules / "matching" / "words"
    return WordLists(
        organisations=load(folder / f"organisations{_SUFFIX}", OrganisationWords),
        addresses=load(folder / f"addresses{_SUFFIX}", AddressWords),
        persons=load(folder / f"persons{_SUFFIX}", PersonWords),
        mail=load(folder / f"mail{_SUFFIX}", MailWords),
        products=load(folder / f"products{_SUFFIX}", ProductWords),
    )
