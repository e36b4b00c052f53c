"""The newest report of an entity's matching, and its largest golden records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor as PgCursor


@dataclass(frozen=True)
class RunView:
    """A run.

    Attributes:
        run_id: Who asked for it.
        as_of: Business time.
        made_at: When it was written.
        content: As `mdm.matching_run` writes it; older runs may lack what was added since.
        largest: Golden ids with their numbers of records as of now, the largest first; of one record none.
    """

    run_id: str
    as_of: datetime
    made_at: datetime
    content: Mapping[str, Any]
    largest: tuple[tuple[str, int], ...]


def newest_run(cursor: PgCursor, entity: str, *, limit: int = 5) -> RunView | None:
    """The newest run; None before the first one.

    Args:
        cursor: In any transaction.
        entity: Such as customer.
        limit: Largest golden records to name.
    """
    cursor.execute(
        "select run_id, as_of, made_at, content from mdm.run_report where entity = %s order by report_id desc limit 1",
        (entity,),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    cursor.execute(
        "select golden_id, count(*) from mdm.membership where entity = %s"
        ' group by golden_id having count(*) > 1 order by count(*) desc, golden_id collate "C" limit %s',
        (entity, limit),
    )
    run_id, as_of, made_at, content = row
    return RunView(run_id, as_of, made_at, content, tuple(cursor.fetchall()))
