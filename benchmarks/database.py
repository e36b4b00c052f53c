"""A database of its own for a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2

from cockpit.stack.settings import REPOSITORY, Settings


@contextmanager
def workspace_database(settings: Settings, name: str) -> Iterator[str]:
    """The address of an empty workspace database; dropped at the end, whatever happened."""
    url = settings.admin_database_url(name).render_as_string(hide_password=False)

    def administer(statement: str) -> None:
        with closing(psycopg2.connect(settings.admin_database_url().render_as_string(hide_password=False))) as admin:
            admin.autocommit = True
            with admin.cursor() as cursor:
                cursor.execute(statement)

    administer(f"drop database if exists {name} with (force)")
    administer(f"create database {name}")
    try:
        with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
            for script in ("src/cockpit/stack/workspace.sql", "include/sql/security/provision.sql"):
                cursor.execute((REPOSITORY / script).read_text(encoding="utf-8"))
        yield url
    finally:
        administer(f"drop database if exists {name} with (force)")
