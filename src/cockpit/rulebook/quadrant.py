"""How reps' activity is set against its result: over which time, by which measures, beside whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from cockpit.rulebook.files import Rule, load

Threshold: TypeAlias = Literal["median"] | Annotated[float, Field(ge=0)]
# SQL gets lists as one text.
Role: TypeAlias = Annotated[str, Field(pattern=r"^[^,]+$")]


class Activity(Rule):
    """What counts as activity, and from where on it is much.

    Attributes:
        threshold: `median` of the peers, or a value over the whole time.
    """

    measure: Literal["activity_count", "visit_count", "contact_minutes"]
    threshold: Threshold = "median"


class Result(Rule):
    """What counts as result, and from where on it is much.

    Attributes:
        threshold: `median` of the peers, or a value over the whole time.
    """

    measure: Literal["signed_amount", "won_amount", "won_count", "order_amount"]
    threshold: Threshold = "median"


class Name(Rule):
    """Name of a quadrant in both languages."""

    name: str = Field(min_length=1)
    name_zh: str = Field(min_length=1)


class Quadrants(Rule):
    """The four fields: much or little activity, much or little result."""

    star: Name
    efficient: Name
    busy_no_result: Name
    inactive: Name


class Quadrant(Rule):
    """Contents of `quadrant.yml`.

    Attributes:
        months: Whole months before the present one.
        roles: Of core_sales_rep; people in other roles are not shown.
        peers: Level of the organisation whose people are compared with each other.
        least_peers: Where fewer people belong to the level, all are compared.
    """

    version: int = 1
    months: int = Field(ge=1, le=60)
    roles: tuple[Role, ...] = Field(min_length=1)
    activity: Activity
    result: Result
    peers: Literal["team", "region", "sales_region", "business_unit", "company"]
    least_peers: int = Field(ge=1)
    quadrants: Quadrants

    def parameters(self) -> dict[str, float | str]:
        """Values that SQL models use as `:name`; a threshold of -1 stands for the median, roles are one text."""
        return {
            "quadrant_months": self.months,
            "quadrant_roles": ",".join(self.roles),
            "quadrant_activity": self.activity.measure,
            "quadrant_activity_from": _fixed(self.activity.threshold),
            "quadrant_result": self.result.measure,
            "quadrant_result_from": _fixed(self.result.threshold),
            "quadrant_peers": self.peers,
            "quadrant_least_peers": self.least_peers,
            "quadrant_names": self.quadrants.model_dump_json(),
        }


def _fixed(threshold: Threshold) -> float:
    return -1 if threshold == "median" else float(threshold)


def load_quadrant(file: Path) -> Quadrant:
    """Read the file.

    Raises:
        RuleFileError: it is missing or does not fit, with file and line.
    """
    return load(file, Quadrant)
