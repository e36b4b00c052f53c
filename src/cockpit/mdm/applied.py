"""When decisions came into force: what the bookkeeping of builds knows of them.

A build notes how many decisions there were. They are written one after the other, so a build that has read as many has
read the first so many.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from datetime import datetime

from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse.rows import one_row

# Parents have no part in matching.
_ABOUT_PARENTS = ("parent", "no_parent")


def applied_at(cursor: PgCursor, entity: str, decision_ids: Collection[int]) -> dict[int, datetime]:
    """When the first run ended that obeyed each decision; for one that was taken back, the first that knew of that.

    Those that wait for a run are left out.
    """
    cursor.execute(
        "with numbered as ("
        " select decision_id, kind, undoes, row_number() over (order by decision_id) as place from mdm.decision)"
        " select made.decision_id, made.kind, coalesce(later.place, made.place) from numbered as made"
        " left join numbered as later on made.decision_id = later.undoes where made.decision_id = any(%s)",
        (list(decision_ids),),
    )
    found = {}
    runs: dict[str, list[tuple[int, datetime]]] = {}
    for number, kind, place in cursor.fetchall():
        model = _model(entity, kind)
        if model not in runs:
            runs[model] = _runs(cursor, model)
        position = bisect_left(runs[model], place, key=lambda run: run[0])
        if position < len(runs[model]):
            found[number] = runs[model][position][1]
    return found


def count_waiting(cursor: PgCursor, entity: str) -> int:
    """How many decisions about an entity, and withdrawals of decisions, no run has read."""
    cursor.execute(
        "with numbered as ("
        " select made.entity, coalesce(undone.kind, made.kind) as about,"
        " row_number() over (order by made.decision_id) as place"
        " from mdm.decision as made left join mdm.decision as undone on made.undoes = undone.decision_id)"
        " select about, array_agg(place) from numbered where entity = %s group by about",
        (entity,),
    )
    waiting = 0
    read: dict[str, int] = {}
    for about, places in cursor.fetchall():
        model = _model(entity, about)
        if model not in read:
            read[model] = max((count for count, _ended in _runs(cursor, model)), default=0)
        waiting += sum(place > read[model] for place in places)
    return waiting


def _model(entity: str, kind: str) -> str:
    """The table whose build obeys a decision."""
    return f"core_{entity}_{'hierarchy' if kind in _ABOUT_PARENTS else 'source'}"


def _runs(cursor: PgCursor, model: str) -> list[tuple[int, datetime]]:
    """How many decisions builds of a model have read, and when the first that had read so many ended; ascending."""
    cursor.execute("select to_regclass('ops.model_build') is not null")
    if not one_row(cursor)[0]:
        return []
    cursor.execute(
        "select cast(upstream ->> 'mdm.decision' as bigint) as read,"
        " min(started_at + make_interval(secs => cast(seconds as double precision)))"
        " from ops.model_build where model = %s and kind <> 'check' and upstream ->> 'mdm.decision' is not null"
        " group by 1 order by 1",
        (model,),
    )
    return [(int(read), ended) for read, ended in cursor.fetchall()]
