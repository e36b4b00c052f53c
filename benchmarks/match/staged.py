"""Put standardised customers into staging, as a build of `stg_customer` leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse import builds
from cockpit.warehouse.builds import Build
from cockpit.warehouse.copy import copy_rows

# Column of stg_customer -> of the standardised records.
_COLUMNS = {
    "name": "name",
    "name_parts": "name_parts",
    "former_name": "former_name",
    "credit_code": "credit_code",
    "phone": "phone",
    "matching_phone": "phone",
    "email": "email",
    "website": "website",
    "own_domain": "own_domain",
    "address": "address",
    "address_rest": "address_rest",
    "division_code": "division_code",
    "region_code": "region_code",
    "contact_name": "contact_name",
}
_MODEL = "stg_customer"


def add(cursor: PgCursor, records: pd.DataFrame, as_of: datetime) -> None:
    """Add records and note which, so that what is built of them follows.

    Args:
        cursor: In a transaction.
        records: See `benchmarks.match.customers.standardised`.
        as_of: Business time.
    """
    given = records.astype(object).where(records.notna(), None)
    places = [record.partition(":")[::2] for record in given["record_id"]]
    columns = [given[name].tolist() for name in _COLUMNS.values()]
    copy_rows(
        cursor,
        f"staging.{_MODEL}",
        ["source", "source_key", "customer_key", *_COLUMNS],
        ((*place, place[1], *values) for place, *values in zip(places, *columns, strict=True)),
    )
    cursor.execute(f"analyze staging.{_MODEL}")
    note(cursor, places, as_of)


def remove(cursor: PgCursor, records: Sequence[str], as_of: datetime) -> None:
    """Take records out and note which."""
    cursor.execute(f"delete from staging.{_MODEL} where source || ':' || source_key = any(%s)", (list(records),))
    note(cursor, [record.partition(":")[::2] for record in records], as_of)


def note(cursor: PgCursor, places: Sequence[Sequence[str]], as_of: datetime) -> None:
    """Say that the rows of these sources and keys have changed."""
    build = Build(0, _MODEL, "incremental", len(places), 0, 0, "", {}, 0.0)
    build_id = builds.record(cursor, build, "bench", as_of, has_changed_keys=True)
    cursor.execute(
        "insert into ops.changed_key (build_id, model, columns, key)"
        " select %s, %s, 'source,source_key', jsonb_build_array(source, key)"
        " from unnest(cast(%s as text[]), cast(%s as text[])) as changed (source, key)",
        (build_id, _MODEL, [source for source, _key in places], [key for _source, key in places]),
    )
