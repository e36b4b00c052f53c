"""Golden ids in the database: what earlier runs left is read, what a run decided is written, as events first.

`mdm.id_event` is the truth; membership, former members and the list of ids follow from it and can be made again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.mdm.assign import EVENT_COLUMNS, Assigned, Known, new_id, replay
from cockpit.mdm.frames import read_texts
from cockpit.warehouse.copy import copy_rows
from cockpit.warehouse.rows import one_row

_DERIVED = ("mdm.membership", "mdm.former_member", "mdm.golden_id")


@dataclass(frozen=True)
class Found:
    """The golden record or the single record that somebody named.

    Attributes:
        golden_id: The living id; of a record the one that it belongs to.
        records: Its records that are in their sources now, the founding one first; of a record itself alone.
        via: Ids that were merged away and led to it, as they were followed.
    """

    golden_id: str
    records: tuple[str, ...]
    via: tuple[str, ...] = ()


def read_known(cursor: PgCursor, entity: str) -> Known:
    """What earlier runs left for an entity."""
    return _read_known(cursor, {"entity": entity}, "", "", "")


def read_known_about(cursor: PgCursor, entity: str, letter: str, records: Collection[str]) -> Known:
    """What earlier runs left about these records, and about every id that could be given to one of them.

    Args:
        cursor: In the transaction of the run.
        entity, letter: As for `assign`.
        records: Those that were matched again, and those that have gone.
    """
    named = sorted(records)
    values = {"entity": entity, "records": named, "names": [new_id(entity, letter, record) for record in named]}
    # Ids that these records have or had, that one of them founded, or that a new one would be called.
    cursor.execute(
        """
        with recursive reached (golden_id) as (
            select golden_id from mdm.membership where entity = %(entity)s and record_id = any(%(records)s)
            union
            select golden_id from mdm.former_member where entity = %(entity)s and record_id = any(%(records)s)
            union
            select golden_id from mdm.golden_id where entity = %(entity)s and founding_record = any(%(records)s)
            union
            select golden_id from mdm.golden_id where entity = %(entity)s and golden_id = any(%(names)s)
        ),
        living (golden_id) as (
            select golden_id from reached
            union
            select golden.redirect_to from living
            inner join mdm.golden_id as golden on golden.entity = %(entity)s and golden.golden_id = living.golden_id
            where golden.redirect_to is not null
        )
        select golden_id from living
        """,
        values,
    )
    values["ids"] = [golden for (golden,) in cursor.fetchall()]
    return _read_known(
        cursor,
        values,
        " and golden_id = any(%(ids)s)",
        " and record_id = any(%(records)s)",
        " and golden_id = any(%(ids)s)",
    )


def _read_known(cursor: PgCursor, values: Mapping[str, Any], member: str, former: str, golden: str) -> Known:
    """All of an entity, narrowed by a further condition for each of the three tables."""
    members = read_texts(
        cursor, f"select record_id, golden_id from mdm.membership where entity = %(entity)s{member}", values
    )
    formers = read_texts(
        cursor, f"select record_id, golden_id from mdm.former_member where entity = %(entity)s{former}", values
    )
    ids = read_texts(
        cursor,
        "select golden_id, founding_record, redirect_to, born_event as born, coalesce(merged_event, -1) as merged,"
        f" is_reused from mdm.golden_id where entity = %(entity)s{golden}",
        values,
    )
    for name in ("born", "merged"):
        ids[name] = ids[name].to_numpy(dtype=object).astype(np.int64)
    ids["is_reused"] = (ids["is_reused"] == "t").to_numpy(dtype=bool)
    return Known(members, formers, ids)


def write_events(cursor: PgCursor, entity: str, assigned: Assigned, run_id: str, as_of: datetime) -> None:
    """Write what a run decided, and bring what follows from the events up to date.

    Args:
        cursor: In the transaction of the run; nobody else may write events of the entity meanwhile.
        entity: Whose ids they are.
        assigned: Computed from what `read_known` gives in the same transaction.
        run_id, as_of: Who asked, and the business time.
    """
    if assigned.events.empty:
        return
    cursor.execute("select coalesce(max(event_id), 0) from mdm.id_event")
    (last,) = one_row(cursor)
    moment = as_of.isoformat()
    columns = (assigned.events[name].tolist() for name in EVENT_COLUMNS)
    copy_rows(
        cursor,
        "mdm.id_event",
        ["entity", "run_id", "as_of", *EVENT_COLUMNS],
        ((entity, run_id, moment, *event) for event in zip(*columns, strict=True)),
    )
    cursor.execute("analyze mdm.id_event")
    cursor.execute("select not exists (select from mdm.golden_id where entity = %s)", (entity,))
    statements = _FIRST if one_row(cursor)[0] else _FURTHER
    for statement in statements:
        cursor.execute(statement, {"entity": entity, "last": last})
    for table in _DERIVED:
        cursor.execute(f"analyze {table}")


# Where there is nothing yet to be compared with.
_FIRST = (
    """
    insert into mdm.membership (entity, record_id, golden_id, since)
    select entity, record_id, golden_id, as_of from mdm.id_event
    where entity = %(entity)s and event_id > %(last)s and kind in ('birth', 'join')
    """,
    """
    insert into mdm.golden_id (entity, golden_id, founding_record, born_event)
    select entity, golden_id, record_id, event_id from mdm.id_event
    where entity = %(entity)s and event_id > %(last)s and kind = 'birth'
    """,
)

_FURTHER = (
    """
    insert into mdm.former_member (entity, record_id, golden_id, left_at)
    select entity, record_id, golden_id, as_of from mdm.id_event
    where entity = %(entity)s and event_id > %(last)s and kind = 'leave'
    on conflict (entity, record_id) do update set golden_id = excluded.golden_id, left_at = excluded.left_at
    """,
    """
    delete from mdm.membership as member using mdm.id_event as event
    where event.entity = %(entity)s and event.event_id > %(last)s and event.kind = 'leave'
    and member.entity = event.entity and member.record_id = event.record_id
    """,
    """
    delete from mdm.former_member as former using mdm.id_event as event
    where event.entity = %(entity)s and event.event_id > %(last)s and event.kind in ('birth', 'join')
    and former.entity = event.entity and former.record_id = event.record_id
    """,
    """
    insert into mdm.membership (entity, record_id, golden_id, since)
    select entity, record_id, golden_id, as_of from mdm.id_event
    where entity = %(entity)s and event_id > %(last)s and kind in ('birth', 'join')
    on conflict (entity, record_id) do update set golden_id = excluded.golden_id, since = excluded.since
    """,
    """
    update mdm.golden_id as golden set is_reused = true from mdm.id_event as event
    where event.entity = %(entity)s and event.event_id > %(last)s and event.kind = 'reuse'
    and golden.entity = event.entity and golden.founding_record = event.record_id
    """,
    """
    insert into mdm.golden_id (entity, golden_id, founding_record, born_event)
    select entity, golden_id, record_id, event_id from mdm.id_event
    where entity = %(entity)s and event_id > %(last)s and kind = 'birth'
    on conflict (entity, golden_id) do update set
    founding_record = excluded.founding_record, born_event = excluded.born_event, redirect_to = null,
    merged_event = null, is_reused = false
    """,
    """
    update mdm.golden_id as golden set redirect_to = event.other_id, merged_event = event.event_id
    from mdm.id_event as event
    where event.entity = %(entity)s and event.event_id > %(last)s and event.kind = 'merge'
    and golden.entity = event.entity and golden.golden_id = event.golden_id
    """,
)


def replay_events(cursor: PgCursor, entity: str) -> Known:
    """Make membership, former members and the list of ids of an entity again from its events alone.

    For a database in which they were lost; a matching run never needs it.
    """
    events = read_texts(
        cursor,
        "select event_id, kind, golden_id, other_id, record_id, as_of from mdm.id_event where entity = %(entity)s",
        {"entity": entity},
    )
    events["event_id"] = events["event_id"].astype(np.int64)
    known = replay(events)
    moments = _latest_moments(events)
    for table in _DERIVED:
        cursor.execute(f"delete from {table} where entity = %s", (entity,))
    for table, moment, pairs in (
        ("mdm.membership", "since", known.members),
        ("mdm.former_member", "left_at", known.former),
    ):
        rows = zip(pairs["record_id"].tolist(), pairs["golden_id"].tolist(), strict=True)
        copy_rows(
            cursor,
            table,
            ["entity", "record_id", "golden_id", moment],
            ((entity, record, golden, moments[record]) for record, golden in rows),
        )
    ids = known.ids.astype({"merged": object})
    ids.loc[ids["merged"] < 0, "merged"] = None
    names = ["golden_id", "founding_record", "born", "redirect_to", "merged", "is_reused"]
    copy_rows(
        cursor,
        "mdm.golden_id",
        ["entity", "golden_id", "founding_record", "born_event", "redirect_to", "merged_event", "is_reused"],
        ((entity, *row) for row in zip(*(ids[name].tolist() for name in names), strict=True)),
    )
    return known


def _latest_moments(events: pd.DataFrame) -> dict[str, str]:
    """When each record came to where it is, or went."""
    of_records = events[events["record_id"].notna()].sort_values("event_id")
    latest = of_records.drop_duplicates("record_id", keep="last")
    return dict(zip(latest["record_id"].tolist(), latest["as_of"].tolist(), strict=True))


def find(cursor: PgCursor, entity: str, named: str) -> Found:
    """The golden record behind an id, also one that was merged away, or the record of that name.

    Args:
        cursor: In any transaction.
        entity: Such as customer.
        named: A golden id, or a record as `source:key`.

    Raises:
        TerminalError: there is none, or no record of it is in its source any more.
    """
    wanted = named.strip()
    cursor.execute("select golden_id from mdm.membership where entity = %s and record_id = %s", (entity, wanted))
    row = cursor.fetchone()
    if row is not None:
        return Found(row[0], (wanted,))
    cursor.execute(
        "with recursive step (golden_id, redirect_to, place) as ("
        " select golden_id, redirect_to, 0 from mdm.golden_id where entity = %(entity)s and golden_id = %(named)s"
        " union all"
        " select golden.golden_id, golden.redirect_to, step.place + 1 from step"
        " join mdm.golden_id as golden on golden.entity = %(entity)s and golden.golden_id = step.redirect_to"
        ") select golden_id from step order by place",
        {"entity": entity, "named": wanted},
    )
    path = [golden for (golden,) in cursor.fetchall()]
    if not path:
        raise _unknown(cursor, entity, wanted)
    cursor.execute(
        "select member.record_id from mdm.membership as member"
        " join mdm.golden_id as golden using (entity, golden_id)"
        " where member.entity = %s and member.golden_id = %s"
        ' order by member.record_id <> golden.founding_record, member.record_id collate "C"',
        (entity, path[-1]),
    )
    records = tuple(record for (record,) in cursor.fetchall())
    if not records:
        raise TerminalError(
            _("no record of this golden record is in its source any more"),
            where=entity,
            found=wanted,
            fix=_("It returns with its records."),
        )
    return Found(path[-1], records, tuple(path[:-1]))


def _unknown(cursor: PgCursor, entity: str, named: str) -> TerminalError:
    cursor.execute("select golden_id from mdm.former_member where entity = %s and record_id = %s", (entity, named))
    former = cursor.fetchone()
    if former is not None:
        return TerminalError(
            _("this record has gone from its source, or a check holds it back; it belonged to {id}", id=former[0]),
            where=entity,
            found=named,
            fix=_("It returns to its golden record by itself."),
        )
    cursor.execute("select golden_id from mdm.golden_id where entity = %s limit 1", (entity,))
    example = cursor.fetchone()
    return TerminalError(
        _("there is no golden record and no record of this id"),
        where=entity,
        found=named,
        allowed=_("a golden id such as {example}, or a record as source:key", example=example[0])
        if example
        else _("nothing: no {entity} has been matched yet", entity=entity),
        fix=None if example else _("Build core first: './cockpit run'."),
    )
