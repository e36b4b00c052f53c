"""One writer per table: an advisory lock that dies with its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extensions import connection as PgConnection


@contextmanager
def exclusive(connection: PgConnection, name: str) -> Iterator[None]:
    """Hold a named lock; transactions opened inside read one snapshot that is taken after the lock.

    A transaction-level lock would not do: its snapshot is taken before the wait for the lock, so that the
    work of the previous holder would not be seen.
    """
    connection.set_session(autocommit=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (name,))
    connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, autocommit=False)
    try:
        yield
    finally:
        if not connection.closed:
            connection.rollback()
            connection.set_session(autocommit=True)
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (name,))
            connection.set_session(autocommit=False)
