"""Prepared workspace databases for tests of models, copied from one template because making one takes seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit import warehouse
from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.tables import ensure_table
from tests.workspaces import WorkspaceDatabase, make_workspace_database

# Staging's triggers write to it.
_BOOKKEEPING = Path(str(warehouse.__file__)).parent / "schema.sql"


def context_of(workspace: Workspace, as_of: datetime, parameters: Mapping[str, Any] | None = None) -> BuildContext:
    """The context of a build, with some of the workspace's parameters replaced."""
    settings = workspace.settings.model_copy(
        update={"parameters": {**workspace.settings.parameters, **(parameters or {})}}
    )
    changed = workspace.model_copy(update={"settings": settings})
    return BuildContext(workspace=changed, graph=load_models(changed), as_of=as_of, run_id="test")


def use_as_warehouse(database: WorkspaceDatabase, patch: pytest.MonkeyPatch) -> None:
    """Let the connection id `warehouse` lead to this database, and the platform's secrets be found."""
    patch.setenv("AIRFLOW_CONN_WAREHOUSE", database.dsn("cockpit_etl"))
    patch.setenv("COCKPIT_HOME", str(database.postgres.settings.home))


def make_template(postgres: Any, name: str, workspace: Workspace) -> WorkspaceDatabase:
    """A workspace database after its preparation, without rows."""
    template = make_workspace_database(postgres, name)
    with pytest.MonkeyPatch.context() as patch:
        use_as_warehouse(template, patch)
        prepare(context_of(workspace, datetime.fromisoformat("2026-03-05T10:00+08:00")))
    return template


def copy_database(template: WorkspaceDatabase, name: str) -> WorkspaceDatabase:
    """A fresh copy; an older one of that name is dropped."""
    drop_database(template.postgres, name)
    _administer(
        template.postgres,
        sql.SQL("create database {} template {} strategy file_copy owner cockpit_etl").format(
            sql.Identifier(name), sql.Identifier(template.name)
        ),
    )
    return WorkspaceDatabase(template.postgres, name)


def drop_database(postgres: Any, name: str) -> None:
    _administer(postgres, sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _administer(postgres: Any, statement: sql.Composable) -> None:
    with closing(psycopg2.connect(postgres.dsn("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


class Warehouse:
    """A workspace database, open as the pipelines' role, with the few questions that tests ask of it."""

    def __init__(self, connection: PgConnection) -> None:
        self.connection = connection

    def create_tables(self, models: Sequence[Model], context: BuildContext) -> None:
        """The tables of these models, empty, as their contracts say."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(_BOOKKEEPING.read_text(encoding="utf-8"))
            for model in models:
                ensure_table(cursor, model, context.workspace.models_folder)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows as they are; absent columns stay null."""
        with self.connection, self.connection.cursor() as cursor:
            for row in rows:
                cursor.execute(
                    sql.SQL("insert into {} ({}) values ({})").format(
                        sql.Identifier(*table.split(".")),
                        sql.SQL(", ").join(map(sql.Identifier, row)),
                        sql.SQL(", ").join(sql.Placeholder() * len(row)),
                    ),
                    list(row.values()),
                )

    def execute(self, statement: str, values: Sequence[Any] | None = None) -> None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement, values)

    def query(self, statement: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()
