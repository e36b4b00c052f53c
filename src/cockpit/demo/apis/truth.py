"""Tell schema truth what was planted into the web APIs' data."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.demo.apis.marks import Marks

_MARKED = ("system", "entity", "key", "kind")
_PERSON = ("system", "entity", "key", "true_contact_id")


def tell_truth(truth: PgConnection, marks: Marks) -> None:
    """Add the marks to truth.anomaly, truth.boundary_case and truth.person, in one transaction; known rows stay.

    Args:
        truth: Owner of schema truth.
        marks: Of a fill or of a day.
    """
    with truth, truth.cursor() as cursor:
        _add(cursor, "anomaly", _MARKED, marks.anomalies)
        _add(cursor, "boundary_case", _MARKED, marks.boundary_cases)
        _add(cursor, "person", _PERSON, marks.persons)


def _add(truth: PgCursor, table: str, names: Sequence[str], rows: Sequence[tuple[str, str, str, str | int]]) -> None:
    if not rows:
        return
    types = ["bigint[]" if name == "true_contact_id" else "text[]" for name in names]
    arrays = ", ".join(f"cast(%s as {kind})" for kind in types)
    truth.execute(
        f"insert into truth.{table} ({', '.join(names)}) select * from unnest({arrays}) on conflict do nothing",
        [list(values) for values in zip(*rows, strict=True)],
    )
