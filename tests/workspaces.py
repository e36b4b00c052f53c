"""Databases with the layers and rights of a workspace, for tests that need one of their own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit.stack.settings import REPOSITORY
from tests.conftest import Postgres


@dataclass(frozen=True)
class WorkspaceDatabase:
    """One empty workspace database and the roles that use it."""

    postgres: Postgres
    name: str

    def dsn(self, role: str) -> str:
        """Its URL for one of the platform's roles."""
        return self.postgres.settings.database_address(role, self.name).render_as_string(hide_password=False)

    def connect(self, role: str = "cockpit_etl", **options: str) -> PgConnection:
        """A connection as one of the platform's roles."""
        return psycopg2.connect(self.dsn(role), **options)


def make_workspace_database(postgres: Postgres, name: str) -> WorkspaceDatabase:
    """An empty database with the layers of a workspace, set up by the platform's own scripts."""
    admin = postgres.create_database(name)
    with closing(psycopg2.connect(admin)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("alter database {} owner to cockpit_etl").format(sql.Identifier(name)))
            for script in ("src/cockpit/stack/workspace.sql", "include/sql/security/provision.sql"):
                cursor.execute((REPOSITORY / script).read_text(encoding="utf-8"))
            cursor.execute(sql.SQL("grant connect on database {} to bi_reader").format(sql.Identifier(name)))
    return WorkspaceDatabase(postgres, name)
