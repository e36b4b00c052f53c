"""What is known of a model's builds: the last one that did something, and why it was of its kind."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse.connections import connect
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext


@dataclass(frozen=True)
class BuildFacts:
    """The last build of a model that computed rows.

    Attributes:
        kind: full or incremental.
        reason, about: As `cockpit.warehouse.builds.Reason` has it, and its table; empty for builds of older versions.
        changed: Rows that were inserted, updated, deleted.
        because_of: Tables that had changed since the build before.
        looked_at: When a run last saw that nothing had changed since; null when none has.
    """

    kind: str
    reason: str
    about: str
    run_id: str
    started_at: datetime
    seconds: float
    changed: tuple[int, int, int]
    because_of: tuple[str, ...]
    looked_at: datetime | None


def last_build_facts(context: BuildContext, model: Model) -> BuildFacts | None:
    """The last build of a model that computed rows; None before the first.

    Raises:
        StackError, TransientError: the database cannot be reached.
    """
    with closing(connect(context.workspace.settings.warehouse)) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('ops.model_build') is not null")
        if cursor.fetchone() != (True,):
            return None
        return _facts(cursor, model.name)


def _facts(cursor: PgCursor, name: str) -> BuildFacts | None:
    cursor.execute(
        "select build_id, kind, reason, run_id, started_at, cast(seconds as double precision), inserted, updated,"
        " deleted, upstream from ops.model_build where model = %s and kind in ('full', 'incremental')"
        " order by build_id desc limit 1",
        (name,),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    build_id, kind, text, run_id, started_at, seconds, inserted, updated, deleted, upstream = row
    cursor.execute(
        "select upstream from ops.model_build where model = %s and kind <> 'check' and build_id < %s"
        " order by build_id desc limit 1",
        (name, build_id),
    )
    before = cursor.fetchone()
    cursor.execute("select max(started_at) from ops.model_build where model = %s and kind = 'fresh'", (name,))
    (looked_at,) = cursor.fetchone() or (None,)
    reason, _blank, about = text.partition(" ")
    return BuildFacts(
        kind=kind,
        reason=reason,
        about=about,
        run_id=run_id,
        started_at=started_at,
        seconds=seconds,
        changed=(inserted, updated, deleted),
        because_of=tuple(
            sorted(table for table in upstream if before is not None and before[0].get(table) != upstream[table])
        ),
        looked_at=looked_at if looked_at and looked_at > started_at else None,
    )
