"""Tables that the intake writes to, and the rights of its login: to add submissions and ledger rows, no more."""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit.rulebook.sources import FormSource
from cockpit.sources.loading.statements import statement

# The intake's login; where a server does not have it, the intake logs in as the workspace's owner.
ROLE = "intake"


def prepare_tables(connection: PgConnection, source: FormSource) -> None:
    """Make the raw tables of a source's forms and let the intake's login add to them; can be repeated.

    Args:
        connection: As the workspace's owner; the ledger's tables must be there.
    """
    tables = [sql.Identifier("raw", f"{source.source}__{form}") for form in source.entities]
    with connection, connection.cursor() as cursor:
        # "if not exists" alone fails when two sessions create the same table at the same moment.
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('cockpit.sources.prepare', 0))")
        for table in tables:
            cursor.execute("select to_regclass(%s) is null", (table.as_string(cursor),))
            if cursor.fetchone() == (True,):
                cursor.execute(statement("create_raw_table", table=table))
                # The loader would add them after the first rows, which takes an owner.
                cursor.execute(statement("index_raw_table", table=table))
        cursor.execute("select current_database() from pg_roles where rolname = %s", (ROLE,))
        found = cursor.fetchone()
        if found:
            parts = {"role": sql.Identifier(ROLE), "database": sql.Identifier(found[0])}
            cursor.execute(statement("grant_intake", **parts, tables=sql.SQL(", ").join(tables)))
