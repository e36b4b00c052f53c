"""The queue: which tasks there are, narrowed, sorted and page by page; and what stands in their rows."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from psycopg2 import sql
from psycopg2.errors import UndefinedTable
from psycopg2.extensions import connection as PgConnection

from cockpit.warehouse.models import ModelGraph
from cockpit_airflow.views.database import Row, connected, select

SQL: Final = Path(__file__).parent / "sql"
PLACE: Final = "quality.task"
TASKS_PER_PAGE = 50
# A decision about more rows than a person can have thought about is a rule that has to be changed.
MOST_AT_ONCE = 500

OPEN_STATES = ("open", "waiting", "answered")
STATES = (*OPEN_STATES, "released", "gone")
AGES = (1, 3, 7, 30)

# How tasks are sorted: by what, and which come behind the last one of a page.
_BEHIND = "(select {columns} from quality.task as last_one where last_one.task_id = %(after)s)"
SORTS: Final[Mapping[str, tuple[str, str]]] = {
    "newest": ("task.task_id desc", "task.task_id < %(after)s"),
    "oldest": ("task.task_id", "task.task_id > %(after)s"),
    "owner": (
        "task.owner, task.task_id",
        "(task.owner, task.task_id) > " + _BEHIND.replace("{columns}", "last_one.owner, last_one.task_id"),
    ),
    "row": (
        "task.source, task.entity, task.key, task.task_id",
        "(task.source, task.entity, task.key, task.task_id) > "
        + _BEHIND.replace("{columns}", "last_one.source, last_one.entity, last_one.key, last_one.task_id"),
    ),
}


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks a person asked for; what is None does not narrow.

    Attributes:
        days: Opened more than so many days ago.
        text: Part of the key or of the owner's name.
    """

    state: str = "open"
    source: str | None = None
    entity: str | None = None
    rule: str | None = None
    owner: str | None = None
    days: int | None = None
    text: str | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything beside the state narrows."""
        return any((self.source, self.entity, self.rule, self.owner, self.days, self.text))

    def values(self, *states: str) -> dict[str, object]:
        """For task_conditions.sql."""
        asked = list(states or (self.state,))
        return {
            "states": asked,
            "is_closed": any(state not in OPEN_STATES for state in asked),
            "source": self.source,
            "entity": self.entity,
            "rule": self.rule,
            "owner": self.owner,
            "days": self.days,
            "text": self.text,
        }


@dataclass(frozen=True)
class QueuePage:
    """Some tasks, and what is around them.

    Attributes:
        counts: Open tasks by state that fit the filter.
        choices: Rows of task_choices.sql.
    """

    rows: list[Row]
    has_more: bool
    counts: Mapping[str, int]
    choices: Sequence[Row]


class _Remembered:
    """The last choices with the state that they were made of: they read every open task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: Row = {}
        self._rows: list[Row] = []

    def rows(self, connection: PgConnection) -> list[Row]:
        state = select(connection, SQL / "state.sql")[0]
        with self._lock:
            if self._state != state:
                self._rows = select(connection, SQL / "task_choices.sql")
                self._state = state
            return self._rows


_remembered = _Remembered()


def read_queue(wanted: TaskFilter, sort: str, after: int | None) -> QueuePage:
    """One page of the queue; empty before the workspace was prepared for the first time."""
    order, beyond = SORTS[sort]
    conditions = _conditions()
    with connected(PLACE) as connection:
        try:
            rows = select(
                connection,
                SQL / "tasks.sql",
                {**wanted.values(), "after": after, "limit": TASKS_PER_PAGE + 1},
                conditions=conditions,
                beyond=beyond if after else "true",
                order=order,
            )
            counted = select(connection, SQL / "task_counts.sql", wanted.values(*OPEN_STATES), conditions=conditions)
            choices = _remembered.rows(connection)
        except UndefinedTable:
            return QueuePage([], False, dict.fromkeys(OPEN_STATES, 0), [])
    counts = {**dict.fromkeys(OPEN_STATES, 0), **{row["state"]: row["tasks"] for row in counted}}
    return QueuePage(rows[:TASKS_PER_PAGE], len(rows) > TASKS_PER_PAGE, counts, choices)


def chosen_tasks(connection: PgConnection, wanted: TaskFilter, numbers: Iterable[int] | None) -> list[Row]:
    """The open tasks that a decision is to be about: those of the filter, or only some of them by number."""
    return select(
        connection,
        SQL / "bulk_tasks.sql",
        {
            **wanted.values("open"),
            "numbers": None if numbers is None else sorted(numbers),
            "limit": MOST_AT_ONCE,
        },
        conditions=_conditions(),
    )


def raw_rows(connection: PgConnection, graph: ModelGraph, rows: Iterable[Row]) -> dict[tuple[str, str, str], Row]:
    """What sources delivered for rows, and what is laid over it, by source, entity and key.

    Rows of tables that no source has any more, and deleted ones, are left out.
    """
    keys: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        keys.setdefault((row["source"], row["entity"]), []).append(row["key"])
    found: dict[tuple[str, str, str], Row] = {}
    with connection.cursor() as cursor:
        for (source, entity), wanted in keys.items():
            if f"stg_{source}__{entity}" not in graph.models:
                continue
            cursor.execute(
                sql.SQL(
                    "select held.key, held.payload, encode(held.hash, 'hex'), coalesce(overlay.patch, '{{}}')"
                    " from {raw} as held left join quality.overlay as overlay"
                    " on overlay.source = %s and overlay.entity = %s and overlay.key = held.key"
                    " where held.key = any(%s) and held.deleted_at is null"
                ).format(raw=sql.Identifier("raw", f"{source}__{entity}")),
                (source, entity, wanted),
            )
            for key, payload, version, patch in cursor.fetchall():
                found[source, entity, key] = {"payload": payload, "version": version, "patch": patch}
    return found


def _conditions() -> str:
    # Comments of the file would end up in the middle of others.
    text = (SQL / "task_conditions.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))
