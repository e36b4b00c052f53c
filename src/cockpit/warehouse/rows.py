"""Read single results without asking each time whether there is one."""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import cursor as PgCursor


def one_row(cursor: PgCursor) -> tuple[Any, ...]:
    """The next row of a statement that always gives one, such as an aggregate or `returning`."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("the statement gave no row")
    return row
