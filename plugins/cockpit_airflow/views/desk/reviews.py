"""Texts whose meaning a person decides: which there are, and in how many rows."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.errors import UndefinedColumn, UndefinedTable
from psycopg2.extensions import connection as PgConnection

from cockpit.domain.normalise.decided import decision_key
from cockpit.warehouse.models import Model, ModelGraph
from cockpit.warehouse.standardised import memory_of
from cockpit_airflow.views.database import Row, select
from cockpit_airflow.views.desk.queue import SQL

MOST_DECISIONS = 50
# The first ones stand for most rows; the others come up when these are decided.
_MOST_TEXTS = 1_000


@dataclass(frozen=True)
class Waiting:
    """Texts of a kind that wait for a person, most rows first.

    Attributes:
        rows: Of undecided.sql.
        row_count: Rows of all sources that hold one of them.
    """

    rows: tuple[Row, ...]
    row_count: int


class _Remembered:
    """What waits, by kind, with the state that it was made of: it reads every row that holds such a text."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, tuple[Row, Waiting]] = {}

    def waiting(self, connection: PgConnection, graph: ModelGraph, kind: str) -> Waiting:
        state = select(connection, SQL / "state.sql")[0]
        with self._lock:
            made = self._made.get(kind)
            if made is None or made[0] != state:
                made = (state, _read(connection, graph, kind))
                self._made[kind] = made
            return made[1]


_remembered = _Remembered()


def waiting_texts(connection: PgConnection, graph: ModelGraph, kind: str) -> Waiting:
    """What waits of a kind, without what has been decided since the last run."""
    try:
        waiting = _remembered.waiting(connection, graph, kind)
        decided = {row["text"] for row in read_decisions(connection, kind) if row["undone_at"] is None}
    except (UndefinedTable, UndefinedColumn):
        # Nothing of this kind has been standardised yet.
        connection.rollback()
        return Waiting((), 0)
    if not decided:
        return waiting
    rows = tuple(row for row in waiting.rows if decision_key(row["text"]) not in decided)
    return Waiting(rows, sum(row["row_count"] for row in rows))


def read_decisions(connection: PgConnection, kind: str, limit: int = 10_000) -> list[Row]:
    """Decisions about texts of a kind, newest first."""
    return select(connection, SQL / "decisions.sql", {"kind": kind, "limit": limit})


def kinds_in_use(graph: ModelGraph) -> dict[str, list[tuple[Model, str]]]:
    """Kind -> the columns that are standardised as it."""
    kinds: dict[str, list[tuple[Model, str]]] = {}
    for model in graph.layer("staging"):
        for column in model.standardised:
            kinds.setdefault(column.kind, []).append((model, column.name))
    return kinds


def declared_by(graph: ModelGraph, kind: str) -> dict[str, dict[str, Any]]:
    """`source.entity.column` -> what its contract promises, for columns that promise something."""
    return {
        f"{place(model)}.{column.name}": json.loads(column.declared)
        for model in graph.layer("staging")
        for column in model.standardised
        if column.kind == kind and column.declared
    }


def place(model: Model) -> str:
    """`source.entity` of a typed model."""
    return model.name.removeprefix("stg_").replace("__", ".", 1)


def _read(connection: PgConnection, graph: ModelGraph, kind: str) -> Waiting:
    parts = [
        sql.SQL(
            "select {received} as text, {place} as place, count(*) as row_count from {table}"
            " where {outcome} = 'review' group by {received}"
        ).format(
            received=sql.Identifier(f"{column}_received"),
            outcome=sql.Identifier(f"{column}_outcome"),
            place=sql.Literal(f"{place(model)}.{column}"),
            table=sql.Identifier(model.layer, model.name),
        )
        for model, column in kinds_in_use(graph).get(kind, [])
    ]
    if not parts:
        return Waiting((), 0)
    rows = select(
        connection,
        SQL / "undecided.sql",
        waiting=sql.SQL(" union all ").join(parts).as_string(connection),
        memory=memory_of(kind),
    )
    return Waiting(tuple(rows[:_MOST_TEXTS]), sum(row["row_count"] for row in rows))
