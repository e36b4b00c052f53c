"""Raw tables of entities that have not been loaded yet."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit.sources.loading.statements import statement


def make_missing(connection: PgConnection, names: Iterable[str]) -> None:
    """Make empty tables, so that a source that has never answered keeps nobody from staging the others.

    Args:
        connection: As the workspace's owner.
        names: Tables in schema raw, `<source>__<entity>`. The first load indexes them.
    """
    with connection, connection.cursor() as cursor:
        # Two sessions that create the same table at the same moment would fail.
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('cockpit.sources.prepare', 0))")
        for name in names:
            table = sql.Identifier("raw", name)
            cursor.execute("select to_regclass(%s) is null", (table.as_string(cursor),))
            if cursor.fetchone() == (True,):
                cursor.execute(statement("create_raw_table", table=table))
