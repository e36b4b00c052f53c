"""Rules by which missing values are filled from other rows, in `include/rules/completion/*.yml`, one file per subject.

A rule says for one column of a conformed entity where a value may be taken from, the preferred place first. Whether
columns and expressions fit the tables is found out with the models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load_with_lines
from cockpit.rulebook.sources import Source

# `source.entity`, as the source's file names them.
_ENTITY = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"


class CompletionStep(Rule):
    """One place where a value may be found.

    Attributes:
        entity: `source.entity` whose typed table has it.
        value: SQL over the columns of that table.
        same: Column of the conformed entity -> column of the table that must hold the same. Absent: the value stands in
            the row itself, in another column.
        where: SQL over the table's columns; only rows for which it is true give a value.
        latest_by: Column of the table; of several rows only those with the greatest count. Absent: all must agree.
        into: Sources whose rows are completed; of all when absent. Needed where `same` names a key, because a key means
            something only within its source.
        starts_with: Beginning of the found text -> value; the longest one that fits counts, none gives no value.
    """

    entity: str = Field(pattern=_ENTITY)
    value: str = Field(min_length=1)
    same: dict[str, str] = Field(default_factory=dict)
    where: str | None = Field(default=None, min_length=3)
    latest_by: str | None = Field(default=None, pattern=IDENTIFIER)
    into: tuple[str, ...] = ()
    starts_with: dict[str, str] = Field(default_factory=dict)

    @property
    def source(self) -> str:
        """The source part of `entity`."""
        return self.entity.split(".")[0]

    @property
    def name(self) -> str:
        """The entity's name within its source."""
        return self.entity.split(".")[1]

    @model_validator(mode="after")
    def _finds_rows(self) -> Self:
        if not self.same:
            for key in ("latest_by", "into"):
                if getattr(self, key):
                    raise MisfitError(_("is for a step that finds other rows by 'same'"), key)
        keys = [column for column in self.same if column.endswith("_key")]
        if keys and not self.into:
            raise MisfitError(
                _("{column} is a key, which means something only within its source; add 'into'", column=keys[0]),
                "same",
                keys[0],
                allowed=f"into: [{self.source}]",
            )
        if any(not beginning or not value for beginning, value in self.starts_with.items()):
            raise MisfitError(_("has an empty beginning or value"), "starts_with")
        return self


class CompletionRule(Rule):
    """How one column of a conformed entity is completed where it is null.

    Attributes:
        id: Unique over all files; stays when the rule changes.
        entity: Conformed entity, such as customer.
        enabled: False switches the rule off; its values are null again after the next run.
        steps: In order of preference. The first that finds something decides; when it finds several different
            values, the column stays null.
        min_confidence: 0-1; standardised columns that a step looks at count from this confidence on.
        why: Why a value found so is right for the row.
    """

    id: str = Field(pattern=IDENTIFIER)
    entity: str = Field(pattern=IDENTIFIER)
    column: str = Field(pattern=IDENTIFIER)
    enabled: bool = True
    steps: tuple[CompletionStep, ...] = Field(alias="from", min_length=1)
    min_confidence: float = Field(ge=0, le=1)
    why: str = Field(min_length=3)
    why_zh: str = Field(min_length=2)


class CompletionFile(Rule):
    """Contents of one file."""

    version: int = 1
    rules: tuple[CompletionRule, ...] = Field(min_length=1)


@dataclass(frozen=True)
class PlacedCompletion:
    """A rule and where it stands.

    Attributes:
        lines: Of each step.
    """

    rule: CompletionRule
    file: Path
    line: int
    lines: tuple[int, ...]

    @property
    def origin(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"

    def step_origin(self, number: int) -> str:
        """`file:line` of a step, counted from 0."""
        return f"{self.file}:{self.lines[number]}"


@dataclass(frozen=True)
class Completion:
    """All rules of a workspace, in the order of files and lines."""

    rules: tuple[PlacedCompletion, ...] = ()

    def of(self, entity: str) -> tuple[PlacedCompletion, ...]:
        """The rules about a conformed entity, switched-off ones too."""
        return tuple(placed for placed in self.rules if placed.rule.entity == entity)


def load_completion(folder: Path, sources: Mapping[str, Source]) -> Completion:
    """Read every rule of a folder.

    Raises:
        RuleFileError: the folder is missing, a file does not fit, two rules have one id or complete one column, or a
            rule names a source or an entity that is not there.
    """
    if not folder.is_dir():
        raise RuleFileError(
            _("there is no such folder"), where=str(folder), fix=_("Correct 'completion' in workspace.yml.")
        )
    rules: list[PlacedCompletion] = []
    for file in sorted(folder.glob("*.yml")):
        content, lines = load_with_lines(file, CompletionFile)
        for number, rule in enumerate(content.rules):
            at = ("rules", number)
            steps = tuple(lines.get((*at, "from", step), 1) for step in range(len(rule.steps)))
            placed = PlacedCompletion(rule, file, lines.get(at, 1), steps)
            for other in rules:
                _refuse_twin(placed, other)
            _check_names(placed, sources)
            rules.append(placed)
    return Completion(tuple(rules))


def _refuse_twin(placed: PlacedCompletion, other: PlacedCompletion) -> None:
    see = _("See {place}.", place=other.origin)
    rule, twin = placed.rule, other.rule
    if rule.id == twin.id:
        raise RuleFileError(_("another rule has this id"), where=placed.origin, found=rule.id, fix=see)
    if (rule.entity, rule.column) == (twin.entity, twin.column):
        raise RuleFileError(
            _("another rule completes this column; put the steps into one rule, in their order"),
            where=placed.origin,
            found=f"{rule.entity}.{rule.column}",
            fix=see,
        )


def _check_names(placed: PlacedCompletion, sources: Mapping[str, Source]) -> None:
    conforming = dict(_conforming(sources))
    _refuse_unknown(
        _("no source has rows of this conformed entity"),
        placed.origin,
        placed.rule.entity,
        {entity for entities in conforming.values() for entity in entities},
    )
    givers = {name for name, entities in conforming.items() if placed.rule.entity in entities}
    known = set(conforming)
    for number, step in enumerate(placed.rule.steps):
        where = placed.step_origin(number)
        _refuse_unknown(_("no source has this entity"), where, step.entity, known)
        if not step.same:
            message = _(
                "a step without 'same' is about rows of {entity}, and these are none", entity=placed.rule.entity
            )
            _refuse_unknown(message, where, step.entity, givers)
        for source in step.into:
            message = _("this source has no rows of {entity}", entity=placed.rule.entity)
            _refuse_unknown(message, where, source, {giver.split(".")[0] for giver in givers})


def _conforming(sources: Mapping[str, Source]) -> Iterator[tuple[str, frozenset[str]]]:
    """`source.entity` -> conformed entities that its rows become."""
    for source_name, source in sources.items():
        for name, entity in source.entities.items():
            yield f"{source_name}.{name}", frozenset(entity.conforms_to)


def _refuse_unknown(message: str, where: str, found: str, known: set[str]) -> None:
    if found not in known:
        raise RuleFileError(message, where=where, found=found, allowed=", ".join(sorted(known)))
