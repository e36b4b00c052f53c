"""Settle a row that is held back: correct it, confirm that it is right, approve a confirmation, take an answer back.

An answer is written once and never changed. A correction is looked at by the same rules before it is accepted, and
staging lays it over what raw holds at the next run and at every rebuild; raw itself stays as received.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality import overlay
from cockpit.quality.overlay import RowId
from cockpit.quality.row_rules import failing_checks
from cockpit.rulebook.contract import Check
from cockpit.rulebook.sources import Entity
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.models import Model
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext, rows_of
from cockpit.warehouse.staging import TYPE_CHECK

Through: TypeAlias = Literal["desk", "link", "cli"]

_CANDIDATE = "candidate"

# Whoever brings new rows to the marts listens here.
_CHANNEL = "cockpit_raw"

# A value that somebody types; longer ones are a mistake or an attack.
LONGEST_VALUE = 2_000
LONGEST_REASON = 1_000


class RowGoneError(TerminalError):
    """The row is no longer in its source."""


@dataclass(frozen=True)
class Author:
    """Who answers, and by which way."""

    name: str
    through: Through


@dataclass(frozen=True)
class Answered:
    """What became of an answer.

    Attributes:
        correction_id: None when it was not accepted.
        failing: The checks that the row would still fail.
        needs_approval: A second person has to look at it first.
    """

    correction_id: int | None
    failing: tuple[Check, ...] = ()
    needs_approval: bool = False


@dataclass(frozen=True)
class Examined:
    """A row as it would be with other values.

    Attributes:
        values: Its columns in staging.
        failing: The checks that would hold it back.
    """

    values: Mapping[str, Any]
    failing: tuple[Check, ...]


@dataclass(frozen=True)
class Seen:
    """A row as a person who answers sees it.

    Attributes:
        received: Our name of each column -> its text as delivered, corrections laid over it; None for nothing.
        values: Its columns in staging.
        failing: The checks that hold it back.
        version: Changes with what was received or corrected.
    """

    received: Mapping[str, str | None]
    values: Mapping[str, Any]
    failing: tuple[Check, ...]
    version: str


@dataclass(frozen=True)
class _Held:
    payload: dict[str, Any]
    hash: bytes
    # Corrections in force, by the source's name of the column.
    patch: dict[str, Any]

    @property
    def corrected(self) -> dict[str, Any]:
        """The payload as staging reads it."""
        return {**self.payload, **self.patch}


def look(connection: PgConnection, context: BuildContext, row: RowId) -> Seen:
    """Show a row as it is now; nothing is kept.

    Raises:
        RowGoneError: its source has removed it.
    """
    with database_errors("quality.correction"), connection.cursor() as cursor:
        try:
            held = _held(cursor, row)
            entity = _entity(context, row)
            received = {
                entity.our_name(name): _text(held.corrected.get(_delivered(entity, name, held.payload)))
                for name in entity.columns
            }
            examined = _examine(cursor, context, row, {})
            version = hashlib.sha256(held.hash + json.dumps(held.patch, sort_keys=True).encode()).hexdigest()[:16]
            return Seen(received, examined.values, examined.failing, version)
        finally:
            connection.rollback()


def examine(connection: PgConnection, context: BuildContext, row: RowId, changes: Mapping[str, str | None]) -> Examined:
    """Say what would become of a row with other values; nothing is kept.

    Args:
        connection: To the workspace's database, not in a transaction.
        context: Clock, models.
        row: Which.
        changes: Our name of a column -> its new text, as the source would write it; None or empty for nothing.

    Raises:
        TerminalError: the row is gone, or a column cannot be corrected.
    """
    with database_errors("quality.correction"), connection.cursor() as cursor:
        try:
            held = _held(cursor, row)
            return _examine(cursor, context, row, _named(context, row, held, changes))
        finally:
            connection.rollback()


def correct(
    connection: PgConnection,
    context: BuildContext,
    row: RowId,
    changes: Mapping[str, str | None],
    reason: str,
    author: Author,
) -> Answered:
    """Replace values of a row, if it then passes.

    Args:
        changes: As for `examine`.
        reason: In the author's words; kept.

    Returns:
        The answer; not accepted while the row fails a check, and then nothing is written.

    Raises:
        TerminalError: the row is gone or not held back, nothing would change, or a column cannot be corrected.
    """
    with database_errors("quality.correction"), connection, connection.cursor() as cursor:
        held = _held(cursor, row, lock=True)
        named = _named(context, row, held, changes)
        examined = _examine(cursor, context, row, named)
        if examined.failing:
            connection.rollback()
            return Answered(None, examined.failing)
        stored = {name: {"before": _text(held.payload.get(name)), "after": value} for name, value in named.items()}
        correction_id = _insert(cursor, row, "correct", reason, author, changes=json.dumps(stored), raw_hash=held.hash)
        overlay.derive(cursor, row.source, row.entity, [row.key], f"answer__{correction_id}", context.as_of)
        _settle_task(cursor, row, "answered")
    return Answered(correction_id)


def confirm(connection: PgConnection, context: BuildContext, row: RowId, reason: str, author: Author) -> Answered:
    """Say that a row is right as it is: the rules that hold it back do not count for this version of it.

    Returns:
        The answer; it waits for a second person where a rule concerns money.

    Raises:
        TerminalError: the row is gone or not held back, or a value of it cannot be read at all.
    """
    with database_errors("quality.correction"), connection, connection.cursor() as cursor:
        held = _held(cursor, row, lock=True)
        rules = _open_rules(cursor, row)
        if not rules:
            raise TerminalError(_("the row is not held back"), where=f"{row.source}.{row.entity}")
        if TYPE_CHECK.rule_id in rules:
            raise TerminalError(
                _("a value that cannot be read cannot be confirmed"),
                where=f"{row.source}.{row.entity}",
                fix=_("Correct it."),
            )
        checks = {check.rule_id: check for check in _model(context, row).contract.checks}
        needs_approval = any(checks[rule].concerns_money for rule in rules if rule in checks)
        correction_id = _insert(
            cursor, row, "confirm", reason, author, rule_ids=rules, raw_hash=held.hash, needs_approval=needs_approval
        )
        if not needs_approval:
            overlay.derive(cursor, row.source, row.entity, [row.key], f"answer__{correction_id}", context.as_of)
        _settle_task(cursor, row, "waiting" if needs_approval else "answered")
    return Answered(correction_id, needs_approval=needs_approval)


def approve(
    connection: PgConnection, context: BuildContext, correction_id: int, *, is_approved: bool, reason: str, by: str
) -> None:
    """Decide as the second person on a confirmation that concerns money.

    Raises:
        TerminalError: there is no such confirmation, it has been decided on, or the same person made it.
    """
    with database_errors("quality.correction"), connection, connection.cursor() as cursor:
        row, made_by, waits = _answer(cursor, correction_id, "answer.needs_approval and approval.correction_id is null")
        if not waits:
            raise TerminalError(_("this answer does not wait for a second person"), found=correction_id)
        if made_by == by:
            raise TerminalError(_("a second person has to decide, not the one who confirmed"), found=by)
        cursor.execute(
            "insert into quality.approval (correction_id, is_approved, reason, decided_by) values (%s, %s, %s, %s)",
            (correction_id, is_approved, checked_reason(reason), by),
        )
        overlay.derive(cursor, row.source, row.entity, [row.key], f"answer__{correction_id}", context.as_of)
        _settle_task(cursor, row, "answered" if is_approved else "open")


def undo(connection: PgConnection, context: BuildContext, correction_id: int, reason: str, author: Author) -> int:
    """Take an answer back; the row is checked again at the next run.

    Returns:
        Number of the new answer.

    Raises:
        TerminalError: there is no such answer, or it was taken back before.
    """
    with database_errors("quality.correction"), connection, connection.cursor() as cursor:
        condition = (
            "answer.kind <> 'undo' and not exists"
            " (select from quality.correction as undo where undo.undoes = answer.correction_id)"
        )
        row, _made_by, stands = _answer(cursor, correction_id, condition)
        if not stands:
            raise TerminalError(_("this answer has been taken back before"), found=correction_id)
        undo_id = _insert(cursor, row, "undo", reason, author, undoes=correction_id)
        overlay.derive(cursor, row.source, row.entity, [row.key], f"answer__{undo_id}", context.as_of)
        _settle_task(cursor, row, "open")
    return undo_id


def correctable_columns(entity: Entity) -> dict[str, str]:
    """Our name of each column that may be corrected -> the source's name; the key stays what it is."""
    key = () if entity.key == "line" else entity.key
    return {entity.our_name(column): column for column in entity.columns if column not in key}


def checked_reason(reason: str) -> str:
    """A reason in a person's words, trimmed.

    Raises:
        TerminalError: it is empty or too long.
    """
    text = reason.replace("\x00", "").strip()
    if not text or len(text) > LONGEST_REASON:
        raise TerminalError(
            _("a reason is needed"), allowed=_("1 to {count} characters", count=LONGEST_REASON), where="reason"
        )
    return text


def _entity(context: BuildContext, row: RowId) -> Entity:
    return context.workspace.source(row.source).entities[row.entity]


def _model(context: BuildContext, row: RowId) -> Model:
    return context.graph[f"stg_{row.source}__{row.entity}"]


def _held(cursor: PgCursor, row: RowId, *, lock: bool = False) -> _Held:
    """The row as raw holds it; two answers about one row come one after the other."""
    if lock:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", (f"{row.raw_table} {row.key}",))
    cursor.execute(
        f"select held.payload, held.hash, coalesce(overlay.patch, '{{}}') from {row.raw_table} as held"
        " left join quality.overlay as overlay"
        " on overlay.source = %s and overlay.entity = %s and overlay.key = held.key"
        " where held.key = %s and held.deleted_at is null",
        (row.source, row.entity, row.key),
    )
    found = cursor.fetchone()
    if found is None:
        raise RowGoneError(_("the row is no longer in its source"), where=f"{row.source}.{row.entity}")
    return _Held(found[0], bytes(found[1]), found[2])


def _named(context: BuildContext, row: RowId, held: _Held, changes: Mapping[str, str | None]) -> dict[str, str | None]:
    """The changes under the names by which the source delivered the columns, without those that change nothing."""
    entity = _entity(context, row)
    columns = correctable_columns(entity)
    named: dict[str, str | None] = {}
    for name, value in changes.items():
        if name not in columns:
            raise TerminalError(
                _("this column cannot be corrected"),
                where=f"{row.source}.{row.entity}",
                found=name,
                allowed=", ".join(columns),
            )
        text = (value or "").strip() or None
        if text and (len(text) > LONGEST_VALUE or "\x00" in text):
            raise TerminalError(
                _("the value is too long or has characters that no value has"),
                where=f"{row.source}.{row.entity}.{name}",
                allowed=_("{count} characters", count=LONGEST_VALUE),
            )
        received = columns[name]
        delivered = _delivered(entity, received, held.payload)
        if text != _text(held.corrected.get(delivered)):
            named[delivered] = text
    if not named:
        raise TerminalError(
            _("nothing is changed"),
            where=f"{row.source}.{row.entity}",
            fix=_("Change a value, or confirm that the row is right."),
        )
    return named


def _delivered(entity: Entity, column: str, payload: Mapping[str, Any]) -> str:
    """The name under which the source delivered a column."""
    names = (column, *entity.columns[column].synonyms)
    return next((one for one in names if _text(payload.get(one))), column)


def _text(value: object) -> str | None:
    """A value of JSON as `->>` gives it; None for an empty one."""
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    return json.dumps(value, ensure_ascii=False)


def _examine(cursor: PgCursor, context: BuildContext, row: RowId, named: Mapping[str, str | None]) -> Examined:
    """Compute the row with the changes as staging would; the overlay is put back afterwards."""
    model = _model(context, row)
    cursor.execute("savepoint examined")
    # Times without an offset mean what they mean to staging; `rollback to` ends it.
    cursor.execute("set local time zone %s", (context.workspace.settings.time_zone,))
    cursor.execute(
        "insert into quality.overlay (source, entity, key, patch) values (%s, %s, %s, %s)"
        " on conflict (source, entity, key) do update set patch = quality.overlay.patch || excluded.patch",
        (row.source, row.entity, row.key, json.dumps(named)),
    )
    cursor.execute("create temp table examined_key (key_1 text) on commit drop")
    cursor.execute("insert into examined_key values (%s)", (row.key,))
    statement = rows_of(cursor, model, context, {row.raw_table: (("key",), "pg_temp.examined_key")})
    cursor.execute(f"create temp table {_CANDIDATE} on commit drop as {statement}")
    failing = failing_checks(cursor, model, context, _CANDIDATE, row.key)
    cursor.execute(f"select * from {_CANDIDATE}")
    values = one_row(cursor)
    names = [column.name for column in cursor.description or ()]
    cursor.execute("rollback to savepoint examined")
    return Examined(dict(zip(names, values, strict=True)), tuple(failing))


def _open_rules(cursor: PgCursor, row: RowId) -> list[str]:
    cursor.execute(
        "select rule_id from quality.quarantine"
        " where source = %s and entity = %s and key = %s and released_at is null order by rule_id",
        (row.source, row.entity, row.key),
    )
    return [rule for (rule,) in cursor.fetchall()]


def _insert(
    cursor: PgCursor, row: RowId, kind: Literal["correct", "confirm", "undo"], reason: str, author: Author, **more: Any
) -> int:
    cursor.execute(
        "select task_id from quality.task where source = %s and entity = %s and key = %s and closed_at is null",
        (row.source, row.entity, row.key),
    )
    task = cursor.fetchone()
    values = {
        "task_id": task[0] if task else None,
        "source": row.source,
        "entity": row.entity,
        "key": row.key,
        "kind": kind,
        "reason": checked_reason(reason),
        "made_by": author.name,
        "made_through": author.through,
        **more,
    }
    places = ", ".join(f"%({name})s" for name in values)
    cursor.execute(
        f"insert into quality.correction ({', '.join(values)}) values ({places}) returning correction_id", values
    )
    return int(one_row(cursor)[0])


def _answer(cursor: PgCursor, correction_id: int, condition: str) -> tuple[RowId, str, bool]:
    cursor.execute(
        f"select answer.source, answer.entity, answer.key, answer.made_by, {condition}"
        " from quality.correction as answer left join quality.approval as approval using (correction_id)"
        " where answer.correction_id = %s",
        (correction_id,),
    )
    found = cursor.fetchone()
    if found is None:
        raise TerminalError(_("there is no such answer"), found=correction_id)
    row = RowId(*found[:3])
    cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", (f"{row.raw_table} {row.key}",))
    # Once more, now that nobody else can answer.
    cursor.execute(
        f"select {condition} from quality.correction as answer"
        " left join quality.approval as approval using (correction_id) where answer.correction_id = %s",
        (correction_id,),
    )
    return row, found[3], bool(one_row(cursor)[0])


def _settle_task(cursor: PgCursor, row: RowId, state: Literal["open", "waiting", "answered"]) -> None:
    """A link that was sent is useless after an answer; a task that opens again gets a new one."""
    cursor.execute(
        "update quality.task set state = %s, link_version = link_version + 1"
        " where source = %s and entity = %s and key = %s and closed_at is null",
        (state, row.source, row.entity, row.key),
    )
    if state != "waiting":
        # Heard when the transaction is committed, by those who stage the source.
        for heard in (f"answers_{row.source}", f"{row.source}__{row.entity}"):
            cursor.execute(f"notify {_CHANNEL}, '{heard}'")
