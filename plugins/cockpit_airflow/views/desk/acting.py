"""Answers from the desk: what a person saw is what is answered, and one task gets one answer at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality import answers
from cockpit.quality.answers import Answered, Author
from cockpit.quality.overlay import RowId
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.models import ModelGraph
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views.desk.queue import PLACE, raw_rows


class ChangedError(TerminalError):
    """The row or its task is not as the person saw it."""


@dataclass
class Confirmed:
    """What became of one confirmation for many rows.

    Attributes:
        done: Rows that go on at the next run.
        waiting: Rows that wait for a second person.
        refused: Why others were left as they are, and how many.
    """

    done: int = 0
    waiting: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def correct(
    connection: PgConnection,
    context: BuildContext,
    row: RowId,
    version: str,
    changes: Mapping[str, str | None],
    reason: str,
    by: str,
) -> Answered:
    """Correct a row with an open task, if it is still the version that the person saw.

    Raises:
        ChangedError: it is another one, or somebody else has answered.
        TerminalError: as for `answers.correct`.
    """
    with _alone(connection, row):
        _require_open(connection, row)
        _require_version(connection, context, row, version)
        return answers.correct(connection, context, row, changes, reason, Author(by, "desk"))


def confirm(
    connection: PgConnection, context: BuildContext, row: RowId, version: str, reason: str, by: str
) -> Answered:
    """Confirm a row with an open task; errors as for `correct`."""
    with _alone(connection, row):
        _require_open(connection, row)
        _require_version(connection, context, row, version)
        return answers.confirm(connection, context, row, reason, Author(by, "desk"))


def confirm_many(
    connection: PgConnection, context: BuildContext, chosen: Sequence[tuple[RowId, str]], reason: str, by: str
) -> Confirmed:
    """Confirm rows with one reason, each by itself: what is wrong with one does not keep the others back.

    Args:
        chosen: Rows, each with the hash of what its source had delivered when the person saw it.

    Raises:
        TerminalError: there is no reason; nothing was confirmed.
        TransientError: the database broke off; rows that were confirmed before stay so.
    """
    answers.checked_reason(reason)
    result = Confirmed()
    for row, version in chosen:
        try:
            with _alone(connection, row):
                _require_open(connection, row)
                if delivered_version(connection, context.graph, row) != version:
                    raise ChangedError(_("the row has changed meanwhile"))
                answered = answers.confirm(connection, context, row, reason, Author(by, "desk"))
        except TerminalError as error:
            result.refused[error.message] += 1
            continue
        if answered.needs_approval:
            result.waiting += 1
        else:
            result.done += 1
    return result


def delivered_version(connection: PgConnection, graph: ModelGraph, row: RowId) -> str | None:
    """Hash of what the source delivered; None when the row is gone."""
    with connection:
        asked = {"source": row.source, "entity": row.entity, "key": row.key}
        found = raw_rows(connection, graph, [asked]).get((row.source, row.entity, row.key))
    return found["version"] if found else None


@contextmanager
def _alone(connection: PgConnection, row: RowId) -> Iterator[None]:
    """Hold the lock that every answer about a row takes; the same session may take it again."""
    name = (f"{row.raw_table} {row.key}",)
    with database_errors(PLACE), connection, connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtextextended(%s, 1))", name)
    try:
        yield
    finally:
        if not connection.closed:
            connection.rollback()
            with connection, connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 1))", name)


def _require_open(connection: PgConnection, row: RowId) -> None:
    with database_errors(PLACE), connection, connection.cursor() as cursor:
        cursor.execute(
            "select state from quality.task where source = %s and entity = %s and key = %s and closed_at is null",
            (row.source, row.entity, row.key),
        )
        found = cursor.fetchone()
    if found != ("open",):
        raise ChangedError(_("somebody has answered meanwhile"))


def _require_version(connection: PgConnection, context: BuildContext, row: RowId, version: str) -> None:
    if answers.look(connection, context, row).version != version:
        raise ChangedError(_("the row has changed meanwhile"))
