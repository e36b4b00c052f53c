"""Compare the columns that a source delivers with its contract and with what it delivered before.

Each deviation is written once to `ops.schema_change`, with what was done about it. A column whose absence would
quarantine every row (key, cursor, required) stops the load whatever the policy says.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor
from rapidfuzz.fuzz import ratio

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources import CursorEntity, DriftPolicy, Entity
from cockpit.sources.loading.reading import Observed
from cockpit.sources.loading.statements import statement

logger = logging.getLogger(__name__)

# Two names this alike, 0-100, are worth a hint; nothing is decided by it.
_ALIKE = 60

Kind = Literal["new", "missing", "retyped", "returned"]


@dataclass(frozen=True)
class Change:
    """One column that is not as the contract or the last load says.

    Attributes:
        suggestion: A new column that may be the missing one under another name.
        stops: Whether the load must not go on.
    """

    column: str
    kind: Kind
    type_before: str | None
    type_now: str | None
    stops: bool
    suggestion: str | None = None


@dataclass(frozen=True)
class KnownColumn:
    """What ops.observed_column holds about a column."""

    type: str
    is_present: bool


class EntityDrift:
    """The columns of one entity during one run.

    Attributes:
        changes: Deviations that were accepted or warned of so far.
    """

    def __init__(self, source: str, name: str, run_id: str, entity: Entity, policy: DriftPolicy) -> None:
        self._source = source
        self._name = name
        self._run_id = run_id
        self._entity = entity
        self._policy = policy
        self.changes: list[Change] = []

    @property
    def where(self) -> str:
        """`source.entity`, for messages."""
        return f"{self._source}.{self._name}"

    def accept(self, connection: PgConnection, observed: Observed) -> None:
        """Look at the columns, outside a transaction: write what changed, go on or stop.

        Raises:
            TerminalError: the policy or a missing key stops the load; what was found is written all the same.
        """
        with connection, connection.cursor() as cursor:
            changes = self.look(cursor, observed)
            stopping = [change for change in changes if change.stops]
            self._write(cursor, stopping or changes, observed)
        if stopping:
            raise self._refusal(stopping, observed)

    def accept_within(self, cursor: PgCursor, observed: Observed) -> None:
        """The same within the transaction that loads the rows which told the columns.

        Raises:
            DriftStopError: to be answered by `write_stop` once that transaction is undone.
        """
        changes = self.look(cursor, observed)
        stopping = [change for change in changes if change.stops]
        if stopping:
            raise DriftStopError(self._refusal(stopping, observed), stopping, observed)
        self._write(cursor, changes, observed)

    def write_stop(self, connection: PgConnection, stop: DriftStopError) -> None:
        """Note what stopped a load whose transaction was undone."""
        with connection, connection.cursor() as cursor:
            self._write(cursor, stop.changes, stop.observed)

    def look(self, cursor: PgCursor, observed: Observed) -> list[Change]:
        """What deviates now; an unchanged deviation that was accepted before is none."""
        cursor.execute(
            "select column_name, type, is_present from ops.observed_column where source = %s and entity = %s",
            (self._source, self._name),
        )
        known = {name: KnownColumn(kind, is_present) for name, kind, is_present in cursor.fetchall()}
        return list(compare(self._entity, self._policy, known, observed))

    def _write(self, cursor: PgCursor, changes: list[Change], observed: Observed) -> None:
        for change in changes:
            action = "stopped" if change.stops else "warned" if self._policy == "warn" else "accepted"
            values: dict[str, str | None] = {
                "run_id": self._run_id,
                "source": self._source,
                "entity": self._name,
                "column_name": change.column,
                "kind": change.kind,
                "type_before": change.type_before,
                "type_now": change.type_now,
                "policy": self._policy,
                "action": action,
                "suggestion": change.suggestion,
            }
            cursor.execute(statement("insert_schema_change"), values)
            if action == "warned":
                logger.warning("%s: column %s is %s", self.where, change.column, change.kind)
        if any(change.stops for change in changes):
            return
        self.changes += changes
        place = {"source": self._source, "entity": self._name}
        missing = {change.column for change in changes if change.kind == "missing"}
        for column, kind in observed.columns.items():
            cursor.execute(statement("note_column"), {**place, "column_name": column, "type": kind, "is_present": True})
        for column in missing:
            gone = {**place, "column_name": column, "type": "", "is_present": False}
            cursor.execute(statement("note_column"), gone)

    def _refusal(self, stopping: list[Change], observed: Observed) -> TerminalError:
        first = stopping[0]
        text = {
            "missing": _("the column {name} is missing", name=", ".join(_names(stopping, "missing"))),
            "new": _("the column {name} is new", name=first.column),
            "returned": _("the column {name} is back", name=first.column),
            "retyped": _(
                "the column {name} has changed its type from {before} to {now}",
                name=first.column,
                before=first.type_before,
                now=first.type_now,
            ),
        }[first.kind]
        if first.suggestion:
            fix = _(
                "If {new} is its new name, add 'synonyms: [{new}]' to the column; else correct the contract.",
                new=first.suggestion,
            )
        else:
            fix = _("Correct the contract in the source file, or set 'drift: warn'.")
        return TerminalError(
            text, where=self.where, found=", ".join(observed.columns), allowed=", ".join(self._entity.columns), fix=fix
        )


class DriftStopError(Exception):
    """Carries a stop out of the transaction that it undoes."""

    def __init__(self, refusal: TerminalError, changes: list[Change], observed: Observed) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.changes = changes
        self.observed = observed


def schema_hash(observed: Observed) -> str:
    """SHA-256 of the columns' names and types; their order does not matter."""
    described = "\n".join(f"{name} {kind}" for name, kind in sorted(observed.columns.items()))
    return hashlib.sha256(described.encode()).hexdigest()


def compare(
    entity: Entity, policy: DriftPolicy, known: Mapping[str, KnownColumn], observed: Observed
) -> Iterator[Change]:
    """Deviations of the observed columns, missing ones first.

    At the first load undeclared columns are taken as they are: only a contract that was right can be broken.

    Args:
        entity: Its columns and their synonyms are the contract.
        known: What earlier loads have seen; empty before the first.
        observed: Where it is not complete, only an absent required column counts as missing.
    """
    declared = {name: (name, *column.synonyms) for name, column in entity.columns.items()}
    accepted_names = {name for names in declared.values() for name in names}
    new = [name for name in observed.columns if name not in accepted_names and name not in known] if known else []
    for column, names in declared.items():
        if any(name in observed.columns for name in names):
            continue
        is_vital = _is_vital(entity, column)
        was_noted = column in known and not known[column].is_present
        if not observed.is_complete and not is_vital:
            continue
        if was_noted and not is_vital and policy != "stop":
            continue
        before = known[column].type if column in known else entity.columns[column].type
        yield Change(column, "missing", before, None, is_vital or policy == "stop", _most_alike(column, new))
    for column in new:
        yield Change(column, "new", None, observed.columns[column], policy == "stop")
    for column, kind in observed.columns.items():
        if column not in known:
            continue
        held = known[column]
        if not held.is_present:
            yield Change(column, "returned", None, kind, False)
        elif kind and held.type and kind != held.type:
            yield Change(column, "retyped", held.type, kind, policy == "stop" and column in accepted_names)


def _names(changes: list[Change], kind: Kind) -> list[str]:
    return [change.column for change in changes if change.kind == kind]


def _is_vital(entity: Entity, column: str) -> bool:
    cursor = entity.cursor if isinstance(entity, CursorEntity) else None
    return entity.columns[column].required or column == cursor or (entity.key != "line" and column in entity.key)


def _most_alike(column: str, names: list[str]) -> str | None:
    if len(names) == 1:
        return names[0]
    best = max(names, key=lambda name: ratio(column, name), default=None)
    return best if best is not None and ratio(column, best) >= _ALIKE else None
