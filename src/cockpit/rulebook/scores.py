"""How good data are measured, `scores.yml`, and whose money counts as held back, `held_amounts.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import Field, StringConstraints, model_validator

from cockpit.domain.normalise.standard import StandardKind
from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load_with_lines
from cockpit.rulebook.sources import Source
from cockpit.rulebook.yaml_lines import Location

Dimension: TypeAlias = Literal["completeness", "accuracy", "timeliness", "uniqueness", "validity"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

# Stands for the column in a reference about columns of a kind.
COLUMN = "{column}"

# `source.entity`, as the source's file names them.
EntityName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Name: TypeAlias = Annotated[str, StringConstraints(pattern=IDENTIFIER)]


class Importance(Rule):
    """How much some entities count in the scores above them."""

    entities: tuple[EntityName, ...] = Field(min_length=1)
    weight: float = Field(ge=0)


class Expected(Rule):
    """Columns, by our names, that ought to be filled although they are not required."""

    entities: tuple[EntityName, ...] = Field(min_length=1)
    columns: tuple[Name, ...] = Field(min_length=1)


class ReferenceColumns(Rule):
    """Every column that is standardised as this."""

    standard: StandardKind


class Reference(Rule):
    """A statement that is true of values that agree with a table of reference.

    Attributes:
        entities, column: The column that is right or wrong, in these entities.
        columns: Instead of these, all columns of a kind; `{column}` stands for each.
        right_when: SQL over the row's columns in staging; null counts neither way. Other tables of staging may be asked
            in subqueries that stand alone.
    """

    id: Name
    entities: tuple[EntityName, ...] = ()
    column: Name | None = None
    columns: ReferenceColumns | None = None
    right_when: str = Field(min_length=3)
    why: str = Field(min_length=3)
    why_zh: str = Field(min_length=2)

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        if (self.columns is None) != bool(self.entities and self.column):
            raise MisfitError(_("needs 'entities' and 'column', or 'columns'"))
        if self.columns is None and COLUMN in self.right_when:
            raise MisfitError(_("'{column}' is for a rule with 'columns'", column=COLUMN), "right_when")
        return self


class Golden(Rule):
    """A table of core with the golden record of each row.

    Attributes:
        table: With `source`, `source_key` and the column below.
        column: Key of the golden record.
        conformed: Entities that conform to this are matched in it.
    """

    table: Name
    column: Name
    conformed: Name


class Uniqueness(Rule):
    """What is about rows that stand there twice.

    Attributes:
        rules: Ids of checks with a condition that are; those of kind `unique` always are.
        golden: Several rows of one source for one golden record are one too many.
    """

    rules: tuple[Name, ...] = ()
    golden: tuple[Golden, ...] = ()


class Allowance(Rule):
    """How long these sources have after the time of their schedule."""

    sources: tuple[Name, ...] = Field(min_length=1)
    hours: float = Field(gt=0, le=240)


class Timeliness(Rule):
    """When rows have to be here.

    Attributes:
        days: Agreed times of so many days count.
        allowance_hours: After the time of its schedule a source has so long.
    """

    days: int = Field(default=7, ge=1, le=60)
    allowance_hours: float = Field(default=3, gt=0, le=240)
    allowances: tuple[Allowance, ...] = ()

    def hours(self, source: str) -> float:
        """The allowance of a source."""
        return next((each.hours for each in self.allowances if source in each.sources), self.allowance_hours)


class Thresholds(Rule):
    """From which score on a page calls something good, and fair."""

    good: float = Field(default=0.97, ge=0, le=1)
    fair: float = Field(default=0.9, ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fair > self.good:
            raise MisfitError(_("is above 'good'"), "fair", allowed=f"<= {self.good}")
        return self


class SampledEntity(Rule):
    """An entity whose rows people look at.

    Attributes:
        shown: Columns, by our names, that a person needs for the answer.
    """

    entity: EntityName
    shown: tuple[Name, ...] = Field(min_length=1)
    question: str = Field(min_length=3)
    question_zh: str = Field(min_length=2)


class Samples(Rule):
    """Rows that their owners look at every week.

    Attributes:
        rows_per_owner: So many a week and owner.
        weeks: The measured accuracy is made of the answers of so many weeks.
    """

    rows_per_owner: int = Field(default=5, ge=1, le=100)
    weeks: int = Field(default=13, ge=1, le=104)
    entities: tuple[SampledEntity, ...] = Field(min_length=1)


class CampaignRule(Rule):
    """What is verified again every quarter.

    Attributes:
        where: SQL over the row's columns; all rows when absent.
        shown: Columns, by our names, that a person needs.
    """

    id: Name
    title: str = Field(min_length=3)
    title_zh: str = Field(min_length=2)
    entity: EntityName
    where: str | None = None
    shown: tuple[Name, ...] = Field(min_length=1)


class ScoresFile(Rule):
    """Contents of scores.yml.

    Attributes:
        weights: Of the dimensions in the overall score; they add up to 1.
        owner_columns: Columns that name the person who answers for a row, the first that a row fills counts.
        keep_days: So many days of scores are kept.
    """

    version: int = 1
    weights: dict[Dimension, Annotated[float, Field(ge=0, le=1)]]
    importance: tuple[Importance, ...] = ()
    owner_columns: tuple[Name, ...] = ()
    expected: tuple[Expected, ...] = ()
    references: tuple[Reference, ...] = ()
    uniqueness: Uniqueness = Uniqueness()
    timeliness: Timeliness = Timeliness()
    thresholds: Thresholds = Thresholds()
    samples: Samples | None = None
    campaigns: tuple[CampaignRule, ...] = ()
    keep_days: int = Field(default=800, ge=30, le=5000)

    @model_validator(mode="after")
    def _weights_add_up(self) -> Self:
        missing = sorted(set(DIMENSIONS) - set(self.weights))
        if missing:
            raise MisfitError(_("has no weight for {names}", names=", ".join(missing)), "weights")
        total = sum(self.weights.values())
        if abs(total - 1) > 1e-9:
            raise MisfitError(_("add up to {total}, not to 1", total=round(total, 6)), "weights")
        return self

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        for place, ids in (
            ("references", [each.id for each in self.references]),
            ("campaigns", [each.id for each in self.campaigns]),
        ):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                raise MisfitError(_("two of them have the id {name}", name=twice[0]), place)
        return self

    def weight(self, entity: str) -> float:
        """How much `source.entity` counts."""
        return next((each.weight for each in self.importance if entity in each.entities), 1.0)

    def expected_columns(self, entity: str) -> set[str]:
        """Columns that ought to be filled beside the required ones."""
        return {column for each in self.expected if entity in each.entities for column in each.columns}


class Join(Rule):
    """Another entity that says more about a row.

    Attributes:
        name: By which expressions know it.
        by: Column of the row -> column of the other entity, which identify one row of it.
        holds: A row is held while the other one is.
    """

    name: Name
    entity: EntityName
    by: dict[Name, Name] = Field(min_length=1)
    holds: bool = False


class HeldSubject(Rule):
    """Where the money of a subject stands.

    Attributes:
        amount, date, region, currency: SQL over `t` and the joined entities. A row without a date counts in the month
            in which it came, one without a region in `unknown`, one without a currency in the workspace's.
    """

    title: str = Field(min_length=3)
    title_zh: str = Field(min_length=2)
    entity: EntityName
    joins: tuple[Join, ...] = ()
    amount: str = Field(min_length=1)
    date: str = Field(min_length=1)
    region: str = Field(min_length=1)
    currency: str = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = ["t", "batch", *(join.name for join in self.joins)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise MisfitError(_("the name {name} is taken", name=twice[0]), "joins")
        return self


class HeldAmountsFile(Rule):
    """Contents of held_amounts.yml."""

    version: int = 1
    subjects: dict[Name, HeldSubject] = Field(min_length=1)


@dataclass(frozen=True)
class Scores:
    """Both files, and where each part stands.

    Attributes:
        lines: Line of each part of scores.yml.
        held_lines: The same of held_amounts.yml.
    """

    folder: Path
    rules: ScoresFile
    held: HeldAmountsFile | None
    lines: Mapping[Location, int]
    held_lines: Mapping[Location, int]

    def place(self, *location: str | int) -> str:
        """`file:line` of a part of scores.yml."""
        return f"{self.folder / 'scores.yml'}:{self.lines.get(location, 1)}"

    def held_place(self, *location: str | int) -> str:
        """`file:line` of a part of held_amounts.yml."""
        return f"{self.folder / 'held_amounts.yml'}:{self.held_lines.get(location, 1)}"


def load_scores(folder: Path, sources: Mapping[str, Source]) -> Scores:
    """Read scores.yml and, where there is one, held_amounts.yml.

    Raises:
        RuleFileError: a file does not fit, or names a source, an entity or a column that is not there.
    """
    rules, lines = load_with_lines(folder / "scores.yml", ScoresFile)
    held, held_lines = None, dict[Location, int]()
    if (folder / "held_amounts.yml").exists():
        held, held_lines = load_with_lines(folder / "held_amounts.yml", HeldAmountsFile)
    scores = Scores(folder, rules, held, lines, held_lines)
    _refuse_strangers(scores, sources)
    return scores


def _refuse_strangers(scores: Scores, sources: Mapping[str, Source]) -> None:
    known = {
        f"{name}.{entity}": {definition.our_name(column) for column in definition.columns}
        for name, source in sources.items()
        for entity, definition in source.entities.items()
    }

    def entity(name: str, where: str) -> set[str]:
        if name not in known:
            raise RuleFileError(
                _("no source has this entity"), where=where, found=name, allowed=", ".join(sorted(known))
            )
        return known[name]

    def columns(name: str, wanted: tuple[str, ...], where: str) -> None:
        missing = [column for column in wanted if column not in entity(name, where)]
        if missing:
            raise RuleFileError(
                _("{entity} has no such column", entity=name),
                where=where,
                found=missing[0],
                allowed=", ".join(sorted(known[name])),
            )

    rules = scores.rules
    for number, importance in enumerate(rules.importance):
        for name in importance.entities:
            entity(name, scores.place("importance", number))
    for number, expected in enumerate(rules.expected):
        for name in expected.entities:
            columns(name, expected.columns, scores.place("expected", number))
    for number, reference in enumerate(rules.references):
        for name in reference.entities:
            columns(name, (str(reference.column),), scores.place("references", number))
    for number, allowance in enumerate(rules.timeliness.allowances):
        for name in allowance.sources:
            if name not in sources:
                raise RuleFileError(
                    _("there is no such source"),
                    where=scores.place("timeliness", "allowances", number),
                    found=name,
                    allowed=", ".join(sorted(sources)),
                )
    for number, sampled in enumerate(rules.samples.entities if rules.samples else ()):
        columns(sampled.entity, sampled.shown, scores.place("samples", "entities", number))
    for number, campaign in enumerate(rules.campaigns):
        columns(campaign.entity, campaign.shown, scores.place("campaigns", number))
    for name, subject in (scores.held.subjects if scores.held else {}).items():
        where = scores.held_place("subjects", name)
        entity(subject.entity, where)
        for join in subject.joins:
            columns(subject.entity, tuple(join.by), where)
            columns(join.entity, tuple(join.by.values()), where)
