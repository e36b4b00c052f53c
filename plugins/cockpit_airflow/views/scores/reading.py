"""Scores as pages show them: one line per place with its dimensions, its change and its trend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from psycopg2.errors import UndefinedTable

from cockpit_airflow.views.database import Row, connected, select

PLACE = "quality.score_daily"
QUERIES = Path(__file__).parent / "sql"
OVERALL = "overall"


@dataclass(frozen=True)
class Cell:
    """One score.

    Attributes:
        change: Against seven days before, -1 to 1; None without a score of that day.
    """

    score: float
    good: int | None
    total: int | None
    change: float | None


@dataclass
class Line:
    """One place: the company, a source, a table, a column or an owner.

    Attributes:
        cells: By dimension; what cannot be measured is missing.
        trend: Overall scores of a quarter by day.
    """

    source: str
    entity: str
    column: str
    owner: str
    cells: dict[str, Cell] = field(default_factory=dict)
    trend: list[tuple[date, float]] = field(default_factory=list)

    @property
    def overall(self) -> Cell | None:
        """The overall score."""
        return self.cells.get(OVERALL)


@dataclass(frozen=True)
class Reading:
    """Lines of one level.

    Attributes:
        day: Of the newest measurement; None before the first.
    """

    day: date | None
    lines: tuple[Line, ...]


def read_scores(
    level: str, *, source: str | None = None, entity: str | None = None, owner: str | None = None
) -> Reading:
    """Scores of the newest day; none before anything was measured."""
    rows = read("scores", level=level, source=source, entity=entity, owner=owner)
    return Reading(rows[0]["newest_day"] if rows else None, tuple(_lines(rows)))


def read(name: str, /, **values: object) -> list[Row]:
    """The rows of a query of this area; none before the workspace was prepared for the first time."""
    with connected(PLACE) as connection:
        try:
            return select(connection, QUERIES / f"{name}.sql", values)
        except UndefinedTable:
            return []


def _lines(rows: Iterable[Row]) -> Iterable[Line]:
    places: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        place = (row["source"], row["entity"], row["column_name"], row["owner"])
        places.setdefault(place, []).append(row)
    for place, found in places.items():
        newest = found[0]["newest_day"]
        line = Line(*place)
        before = {row["dimension"]: float(row["score"]) for row in found if row["day"] == newest - timedelta(days=7)}
        for row in found:
            score = float(row["score"])
            if row["dimension"] == OVERALL:
                line.trend.append((row["day"], score))
            if row["day"] == newest:
                earlier = before.get(row["dimension"])
                change = None if earlier is None else score - earlier
                line.cells[row["dimension"]] = Cell(score, row["good"], row["total"], change)
        if line.cells:
            yield line


def spark(trend: Sequence[tuple[date, float]], width: int = 120, height: int = 28) -> dict[str, Any]:
    """What a template needs to draw a trend: points of a line, and its last point.

    A line of equal days; the scale reaches over the values, but never so close that noise looks like a change.
    """
    if not trend:
        return {"points": "", "end": None, "width": width, "height": height}
    first, last = trend[0][0], trend[-1][0]
    days = max((last - first).days, 1)
    low, high = min(score for _day, score in trend), max(score for _day, score in trend)
    middle, span = (low + high) / 2, max(high - low, 0.02)
    edge = 3.0

    def place(day: date, score: float) -> tuple[float, float]:
        x = width - edge if first == last else edge + (width - 2 * edge) * (day - first).days / days
        return x, edge + (height - 2 * edge) * (0.5 - (score - middle) / span)

    points = [place(day, score) for day, score in trend]
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return {"points": text if len(points) > 1 else "", "end": points[-1], "width": width, "height": height}
