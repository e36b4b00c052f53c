"""Rules about rows that look wrong to the business, in `include/rules/quality/*.yml`, one file per subject.

A rule says when a row is wrong; it becomes a check of the typed staging table of each entity that it is about.
Whether the SQL fits these tables is found out with the models.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from cockpit.domain.normalise.standard import StandardKind
from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER, Check
from cockpit.rulebook.files import MisfitError, Rule, load_with_lines
from cockpit.rulebook.sources import Entity, Source

# `source.entity`, as the source's file names them.
_ENTITY = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"

# Stands for the column in a rule about columns: its name in SQL, what it means in messages.
COLUMN = "{column}"

# What the rules of a file that cannot be read are about, as far as its lines tell.
_ABOUT = re.compile(r"^[ \t-]*entit(?:y|ies):(.*?)(?=^[ \t-]*[a-z_]+:|\Z)", re.MULTILINE | re.DOTALL)
_RULE_KEYS = (re.compile(r"^[ \t-]*id:", re.MULTILINE), re.compile(r"^[ \t-]*wrong_when:", re.MULTILINE))

# Room for the name of the longest column in the name of a check.
_LONGEST_ID = 58

Row: TypeAlias = dict[str, Any]


class QualityExample(Rule):
    """A row and whether the rule calls it wrong; the tests ask PostgreSQL.

    Attributes:
        row: Values by column; null for columns that are not listed. In a rule about columns, `{column}` names it.
        given: Further rows by `source.entity`, also of the row's own entity.
        wrong: What has to come out.
    """

    row: Row
    given: dict[str, tuple[Row, ...]] = Field(default_factory=dict)
    wrong: bool


class EachColumn(Rule):
    """The rule is about columns instead of rows.

    Attributes:
        standard: Columns that are standardised as this.
        entities: Only columns of these, `source.entity`; of all when absent.
        without: All but these.
    """

    standard: StandardKind
    entities: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.entities and self.without:
            raise MisfitError(_("names entities in one way only"), "without", allowed="entities | without")
        return self


class QualityRule(Rule):
    """When a row is wrong, what follows, and what its owner is told.

    Attributes:
        id: Unique over all files; stays when the rule changes.
        entity: `source.entity`.
        entities: Several of them, with the same columns.
        columns: One check for each column of a kind; then `{column}` stands for it in `wrong_when`, `offending` and
            the messages.
        wrong_when: SQL over the row's columns in staging; null is not wrong. Tables of staging may be asked in
            subqueries that stand alone, so that PostgreSQL reads each once.
        severity: `quarantine` holds the row back until it is corrected or confirmed; `warn` lists it.
        owner_column: Column with the user name of the person who answers for the row; the entity's owner when absent,
            and where the column is null.
        concerns_money: A confirmation that the row is right needs a second person.
        offending: Columns to mark on the page.
        why, why_zh: What would go wrong with such a row, or why it is only a warning.
    """

    id: str = Field(pattern=IDENTIFIER, max_length=_LONGEST_ID)
    entity: str | None = Field(default=None, pattern=_ENTITY)
    entities: tuple[str, ...] = ()
    columns: EachColumn | None = None
    wrong_when: str = Field(min_length=3)
    severity: Literal["quarantine", "warn"]
    owner_column: str | None = Field(default=None, pattern=IDENTIFIER)
    concerns_money: bool = False
    offending: tuple[str, ...] = Field(min_length=1)
    message: str = Field(min_length=3)
    message_zh: str = Field(min_length=2)
    why: str | None = None
    why_zh: str | None = None
    examples: tuple[QualityExample, ...] = ()

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        if sum(map(bool, (self.entity, self.entities, self.columns))) != 1:
            raise MisfitError(_("needs one of 'entity', 'entities' and 'columns'"))
        if not self.columns and COLUMN in self.wrong_when:
            raise MisfitError(_("'{column}' is for a rule with 'columns'", column=COLUMN), "wrong_when")
        return self

    @model_validator(mode="after")
    def _explains_a_warning(self) -> Self:
        if self.severity == "warn" and not self.why:
            raise MisfitError(_("a rule that only warns says why"), "severity")
        return self

    @model_validator(mode="after")
    def _says_why_in_both_languages(self) -> Self:
        if (self.why is None) != (self.why_zh is None):
            raise MisfitError(_("'why' and 'why_zh' go together"), "why")
        return self

    @model_validator(mode="after")
    def _shows_both_sides(self) -> Self:
        if self.examples and {example.wrong for example in self.examples} != {True, False}:
            raise MisfitError(_("needs an example that is wrong and one that is not"), "examples")
        return self

    @property
    def named_entities(self) -> tuple[str, ...]:
        """`source.entity` of each that the rule names."""
        of_columns = (*self.columns.entities, *self.columns.without) if self.columns else ()
        return (*filter(None, (self.entity,)), *self.entities, *of_columns)

    def concerns(self, entity: str) -> bool:
        """Whether the rule is about `source.entity`, as far as the entity's columns do not decide it."""
        if self.columns:
            return entity in self.columns.entities if self.columns.entities else entity not in self.columns.without
        return entity == self.entity or entity in self.entities


class QualityFile(Rule):
    """Contents of one file."""

    version: int = 1
    rules: tuple[QualityRule, ...] = Field(min_length=1)


@dataclass(frozen=True)
class PlacedRule:
    """A rule and where it stands.

    Attributes:
        file: Path of the file.
        line: Where its condition begins.
    """

    rule: QualityRule
    file: Path
    line: int

    @property
    def subject(self) -> str:
        """Name of the file: what the rule is about."""
        return self.file.stem

    @property
    def origin(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class BrokenFile:
    """A file whose rules cannot be applied.

    Attributes:
        entities: `source.entity` of all that its rules are about; None when that cannot be known.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    error: RuleFileError
    entities: frozenset[str] | None


@dataclass(frozen=True)
class Quality:
    """All rules of a workspace, in the order of files and lines.

    Attributes:
        broken: Files that are wrong. No row passes because of them: what they are about is not staged.
    """

    rules: tuple[PlacedRule, ...] = ()
    broken: tuple[BrokenFile, ...] = ()

    def fault(self, entity: str) -> RuleFileError | None:
        """Why the rules about `source.entity` are not all known; None when they are."""
        return next(
            (file.error for file in self.broken if file.entities is None or entity in file.entities),
            None,
        )

    def checks(self, source: str, name: str, entity: Entity, *, is_standardised: bool) -> Iterator[Check]:
        """The checks of one entity's typed table.

        Args:
            source: Name of the source.
            name: Name of the entity.
            entity: With its columns completed by the dictionary.
            is_standardised: Whether the workspace standardises texts at all.
        """
        for placed in self.rules:
            if not placed.rule.concerns(f"{source}.{name}"):
                continue
            if placed.rule.columns is None:
                yield _check(placed, entity)
                continue
            for received, column in entity.columns.items():
                if is_standardised and column.standard == placed.rule.columns.standard:
                    texts = {"en": column.description, "zh": column.description_zh}
                    yield _check(for_column(placed, entity.our_name(received), texts), entity)

    def of_id(self, rule_id: str) -> PlacedRule | None:
        """The rule that a check came from, by the check's id."""
        return next(
            (
                placed
                for placed in self.rules
                if placed.rule.id == rule_id or (placed.rule.columns and rule_id.startswith(f"{placed.rule.id}__"))
            ),
            None,
        )


def for_column(placed: PlacedRule, column: str, texts: Mapping[str, str]) -> PlacedRule:
    """A rule about columns for one of them.

    Args:
        placed: With `columns`.
        column: Our name of the column.
        texts: What the column is called in messages, by language.
    """
    rule = placed.rule
    update = {
        "id": f"{rule.id}__{column}",
        "wrong_when": rule.wrong_when.replace(COLUMN, column),
        "offending": tuple(name.replace(COLUMN, column) for name in rule.offending),
        "message": rule.message.replace(COLUMN, texts["en"]),
        "message_zh": rule.message_zh.replace(COLUMN, texts["zh"]),
    }
    return replace(placed, rule=rule.model_copy(update=update))


def _check(placed: PlacedRule, entity: Entity) -> Check:
    """The check that a rule is for one entity."""
    rule = placed.rule
    # Of several entities only some may have it; a single one is told of a wrong name.
    has_owner = rule.entity or rule.owner_column in {entity.our_name(column) for column in entity.columns}
    check = Check(
        id=rule.id,
        expect="condition",
        # Null is not wrong, as in the other checks.
        condition=f"not ({rule.wrong_when})",
        on_fail=rule.severity,
        message=rule.message,
        message_zh=rule.message_zh,
        why=rule.why,
        why_zh=rule.why_zh,
        owner_column=rule.owner_column if has_owner else None,
        concerns_money=rule.concerns_money,
        offending=rule.offending,
    )
    return check.found_at(placed.origin)


def load_quality(folder: Path, sources: Mapping[str, Source], broken_sources: Collection[str] = ()) -> Quality:
    """Read every rule of a folder; a file that is wrong is kept with its error.

    A file is wrong when it does not fit, when a rule has the id of another one, or is about an entity that no source
    has.

    Args:
        folder: Of the rule files.
        sources: Those that can be used.
        broken_sources: Names of those that cannot; what entities they have is not known.

    Raises:
        RuleFileError: the folder is missing.
    """
    if not folder.is_dir():
        raise RuleFileError(
            _("there is no such folder"), where=str(folder), fix=_("Correct 'quality' in workspace.yml.")
        )
    known = {f"{name}.{entity}" for name, source in sources.items() for entity in source.entities}
    rules: list[PlacedRule] = []
    broken: list[BrokenFile] = []
    for file in sorted(folder.glob("*.yml")):
        try:
            rules += _rules_of(file, known, broken_sources, rules)
        except RuleFileError as error:
            broken.append(BrokenFile(error, _named_entities(file, known)))
    return Quality(tuple(rules), tuple(broken))


def _rules_of(
    file: Path, known: Collection[str], broken_sources: Collection[str], before: list[PlacedRule]
) -> list[PlacedRule]:
    content, lines = load_with_lines(file, QualityFile)
    rules: list[PlacedRule] = []
    for number, rule in enumerate(content.rules):
        place = f"{file}:{lines.get(('rules', number), 1)}"
        twin = next((placed for placed in (*before, *rules) if placed.rule.id == rule.id), None)
        if twin:
            raise RuleFileError(
                _("another rule has this id"), where=place, found=rule.id, fix=_("See {place}.", place=twin.origin)
            )
        unknown = sorted(
            name for name in set(rule.named_entities) - set(known) if name.split(".")[0] not in broken_sources
        )
        if unknown:
            raise RuleFileError(
                _("no source has this entity"), where=place, found=unknown[0], allowed=", ".join(sorted(known))
            )
        rules.append(PlacedRule(rule, file, lines.get(("rules", number, "wrong_when"), 1)))
    return rules


def _named_entities(file: Path, known: Collection[str]) -> frozenset[str] | None:
    """What a wrong file's rules are about; None unless each of them names entities that there are, and no others."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    about = [re.findall(r"[^\s,\[\]{}'\"-]+", found[1]) for found in _ABOUT.finditer(text)]
    rules = max(len(key.findall(text)) for key in _RULE_KEYS)
    names = {name for names in about for name in names}
    if len(about) < max(rules, 1) or not all(about) or not names <= set(known):
        return None
    return frozenset(names)
