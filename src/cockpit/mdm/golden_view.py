"""One golden record as people look at it: its values and where they come from, its records, its past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import sql
from psycopg2.errors import UndefinedTable
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor
from psycopg2.extras import RealDictCursor

from cockpit.errors import TerminalError
from cockpit.mdm.ids import find
from cockpit.mdm.record_view import RecordRow, read_records
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.review import Review
from cockpit.rulebook.survivorship import Survivorship

_MOST_EVENTS = 300
_MOST_VERSIONS = 100
_MOST_FOUND = 50


@dataclass(frozen=True)
class GoldenValue:
    """One field of a golden record.

    Attributes:
        value: As it is in core; None for none.
        record_id: The record that it comes from; None where a steward decided, or there is no value.
        reason: What put it before others: a criterion of the survivorship rule, `only`, `order` or `pin`; None without
            a value, and before core is built.
        pinned: The steward's value that counts from the last run on, with the decision's number; None without one.
    """

    field: str
    value: Any
    record_id: str | None
    reason: str | None
    pinned: tuple[str | None, int] | None


@dataclass(frozen=True)
class Member:
    """One record of a golden record.

    Attributes:
        since: Business time of the run that put it there.
        row: Its columns in staging; empty when it has just gone from there.
    """

    record_id: str
    since: datetime
    row: RecordRow


@dataclass(frozen=True)
class IdEvent:
    """Something that happened to a golden id; see `mdm.id_event`.

    Attributes:
        record_ids: Of births, joins, leaves and reuses that happened at once.
    """

    kind: str
    golden_id: str
    other_id: str | None
    record_ids: tuple[str, ...]
    run_id: str
    as_of: datetime


@dataclass(frozen=True)
class Version:
    """What a golden record said in a period; `valid_to` is None for what holds now."""

    valid_from: datetime
    valid_to: datetime | None
    content: Mapping[str, Any]


@dataclass(frozen=True)
class GoldenView:
    """What there is to see.

    Attributes:
        golden_id: The living id.
        via: Ids that were merged away and led to it.
        earlier: Further ids that lead to it.
        is_built: Whether core has it; its values are absent before.
    """

    golden_id: str
    via: tuple[str, ...]
    earlier: tuple[str, ...]
    is_built: bool
    values: tuple[GoldenValue, ...]
    members: tuple[Member, ...]
    events: tuple[IdEvent, ...]
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class FoundGolden:
    """A line of a search."""

    golden_id: str
    title: str | None
    records: int


def look(connection: PgConnection, rule: Survivorship, staged: Contract, named: str) -> GoldenView:
    """Everything about a golden record.

    Args:
        connection: To the workspace's database; the caller ends the transaction.
        rule: Of the entity.
        staged: Contract of its conformed table.
        named: A golden id, also one that was merged away, or a record as `source:key`.

    Raises:
        TerminalError: there is none, or no record of it is in its source any more.
    """
    with connection.cursor() as cursor:
        found = find(cursor, rule.entity, named)
        whole = find(cursor, rule.entity, found.golden_id)
        members = _members(cursor, rule, staged, whole.records)
        earlier = _earlier(cursor, rule.entity, found.golden_id)
        pins = _pins(cursor, rule.entity, found.golden_id)
        events = _events(cursor, rule.entity, (found.golden_id, *earlier))
        versions = _versions(cursor, rule.entity, found.golden_id)
    core = _core_row(connection, rule, found.golden_id)
    return GoldenView(
        golden_id=found.golden_id,
        via=found.via,
        earlier=earlier,
        is_built=core is not None,
        values=_values(rule, core or {}, whole.records, pins),
        members=members,
        events=events,
        versions=versions,
    )


def search(connection: PgConnection, rule: Survivorship, review: Review, text: str) -> list[FoundGolden]:
    """Golden records by an id or by part of what they are called; the first fifty."""
    with connection.cursor() as cursor:
        try:
            exact = [find(cursor, rule.entity, text).golden_id]
        except TerminalError:
            exact = []
        try:
            cursor.execute(
                sql.SQL(
                    "select {key}, {title}, source_record_count from {table}"
                    " where {key} = any(%(ids)s) or position(lower(%(text)s) in lower({title})) > 0"
                    " order by {key} = any(%(ids)s) desc, source_record_count desc, {title}, {key} limit %(most)s"
                ).format(
                    key=sql.Identifier(rule.key),
                    title=sql.Identifier(review.golden_title),
                    table=sql.Identifier("core", rule.table),
                ),
                {"ids": exact, "text": text, "most": _MOST_FOUND},
            )
        except UndefinedTable:
            connection.rollback()
            return []
        return [FoundGolden(*row) for row in cursor.fetchall()]


def _members(cursor: PgCursor, rule: Survivorship, staged: Contract, records: Sequence[str]) -> tuple[Member, ...]:
    cursor.execute(
        "select record_id, since from mdm.membership where entity = %s and record_id = any(%s)",
        (rule.entity, list(records)),
    )
    since = dict(cursor.fetchall())
    rows = read_records(cursor, staged, records)
    return tuple(Member(record, since[record], rows.get(record, {})) for record in records)


def _earlier(cursor: PgCursor, entity: str, golden_id: str) -> tuple[str, ...]:
    """Ids that were merged into it, directly or through others."""
    cursor.execute(
        "with recursive led (golden_id) as ("
        " select golden_id from mdm.golden_id where entity = %(entity)s and redirect_to = %(golden)s"
        " union select golden.golden_id from led"
        " join mdm.golden_id as golden on golden.entity = %(entity)s and golden.redirect_to = led.golden_id"
        ") select golden_id from led order by golden_id",
        {"entity": entity, "golden": golden_id},
    )
    return tuple(golden for (golden,) in cursor.fetchall())


def _pins(cursor: PgCursor, entity: str, golden_id: str) -> dict[str, tuple[str | None, int]]:
    cursor.execute(
        "select field, value, decision_id from mdm.golden_pin where entity = %s and golden_id = %s", (entity, golden_id)
    )
    return {field: (value, decision) for field, value, decision in cursor.fetchall()}


def _events(cursor: PgCursor, entity: str, golden_ids: Sequence[str]) -> tuple[IdEvent, ...]:
    """What happened to these ids, newest first; what happened to several records at once stands in one line."""
    cursor.execute(
        "select kind, golden_id, other_id, coalesce(array_agg(record_id order by event_id)"
        " filter (where record_id is not null), '{}'), run_id, as_of from mdm.id_event"
        " where entity = %(entity)s and (golden_id = any(%(ids)s)"
        " or other_id = any(%(ids)s) and kind in ('merge', 'split'))"
        " group by kind, golden_id, other_id, run_id, as_of order by max(event_id) desc limit %(most)s",
        {"entity": entity, "ids": list(golden_ids), "most": _MOST_EVENTS},
    )
    return tuple(
        IdEvent(kind, golden, other, tuple(records), run, as_of)
        for kind, golden, other, records, run, as_of in cursor.fetchall()
    )


def _versions(cursor: PgCursor, entity: str, golden_id: str) -> tuple[Version, ...]:
    cursor.execute(
        "select valid_from, valid_to, content from mdm.golden_version where entity = %s and golden_id = %s"
        " order by valid_from desc limit %s",
        (entity, golden_id, _MOST_VERSIONS),
    )
    return tuple(Version(*row) for row in cursor.fetchall())


def _core_row(connection: PgConnection, rule: Survivorship, golden_id: str) -> dict[str, Any] | None:
    """Values and lineage in core; None before it is built with this golden record."""
    names = [*rule.fields, "lineage"]
    try:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(
                sql.SQL("select {columns} from {table} where {key} = %s").format(
                    columns=sql.SQL(", ").join(map(sql.Identifier, names)),
                    table=sql.Identifier("core", rule.table),
                    key=sql.Identifier(rule.key),
                ),
                (golden_id,),
            )
            row = cursor.fetchone()
    except UndefinedTable:
        connection.rollback()
        return None
    return None if row is None else dict(row)


def _values(
    rule: Survivorship,
    core: Mapping[str, Any],
    records: Sequence[str],
    pins: Mapping[str, tuple[str | None, int]],
) -> tuple[GoldenValue, ...]:
    lineage: Mapping[str, Sequence[str | None]] = core.get("lineage") or {}
    values = []
    for field in rule.fields:
        value = core.get(field)
        source, key, reason = (*lineage.get(field, ()), None, None, None)[:3]
        record = f"{source}:{key}" if source else None
        if value is not None and reason is None and len(records) == 1:
            record, reason = records[0], "only"
        values.append(GoldenValue(field, value, record, reason, pins.get(field)))
    return tuple(values)
