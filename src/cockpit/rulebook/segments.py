"""Segments of customers, `include/rules/segments/<id>.yml`: who belongs to one, by a rule over what is known of each.

Whether the rule fits the columns is found out with the models.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load_with_lines

Family: TypeAlias = Literal["profile", "behaviour", "transaction", "interaction", "risk"]
Refresh: TypeAlias = Literal["daily", "weekly"]


class SegmentExample(Rule):
    """A customer and whether it belongs to the segment; the tests ask PostgreSQL.

    Attributes:
        row: Values by column of core_customer_profile; null for columns that are not listed.
        day: The business day.
        member: What has to come out.
    """

    row: dict[str, Any]
    day: date = date(2026, 3, 5)
    member: bool


class Segment(Rule):
    """Who belongs to a segment.

    Attributes:
        id: The file's name.
        rule: SQL over the columns of core_customer_profile, with `:business_date` and the parameters of the
            workspace; null is no.
        owner: Who answers for the rule.
        refresh: `weekly` looks again once a week; within the week only customers that are gone leave.
    """

    version: int = 1
    id: str = Field(pattern=IDENTIFIER)
    family: Family
    name_en: str = Field(min_length=2)
    name_zh: str = Field(min_length=1)
    description: str = Field(min_length=3)
    description_zh: str = Field(min_length=1)
    rule: str = Field(min_length=3)
    owner: str = Field(min_length=2)
    refresh: Refresh = "daily"
    examples: tuple[SegmentExample, ...] = ()

    @model_validator(mode="after")
    def _shows_both_sides(self) -> Self:
        if self.examples and {example.member for example in self.examples} != {True, False}:
            raise MisfitError(_("needs an example that belongs to it and one that does not"), "examples")
        return self


@dataclass(frozen=True)
class PlacedSegment:
    """A segment and where its rule stands, as `file:line`."""

    segment: Segment
    origin: str


@dataclass(frozen=True)
class Segments:
    """All segments of a workspace, in the order of their ids."""

    placed: tuple[PlacedSegment, ...] = ()

    def __iter__(self) -> Iterator[Segment]:
        return (each.segment for each in self.placed)

    def parameters(self) -> dict[str, float | str]:
        """`:segments` of SQL models: the definitions as JSON."""
        return {"segments": json.dumps([each.model_dump(exclude={"examples"}) for each in self], ensure_ascii=False)}


def load_segments(folder: Path) -> Segments:
    """Read every segment of a folder.

    Raises:
        RuleFileError: the folder is missing, a file does not fit, or its id is not its name.
    """
    if not folder.is_dir():
        raise RuleFileError(
            _("there is no such folder"), where=str(folder), fix=_("Correct 'segments' in workspace.yml.")
        )
    placed: list[PlacedSegment] = []
    for file in sorted(folder.glob("*.yml")):
        segment, lines = load_with_lines(file, Segment)
        if segment.id != file.stem:
            raise RuleFileError(
                _("id differs from the file's name"),
                where=f"{file}:{lines.get(('id',), 1)}",
                found=segment.id,
                allowed=file.stem,
            )
        placed.append(PlacedSegment(segment, f"{file}:{lines.get(('rule',), 1)}"))
    return Segments(tuple(placed))
