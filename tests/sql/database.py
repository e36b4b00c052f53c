"""Databases for tests of models, made of the scripts that make the platform's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.workspace import REPOSITORY, Workspace
from cockpit.warehouse.models import Model, load_models
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.tables import ensure_table

OWNER = "cockpit_etl"
_OWNER = sql.Identifier(OWNER)
_ADMINISTRATOR_SCRIPTS = (
    REPOSITORY / "src/cockpit/stack/workspace.sql",
    REPOSITORY / "include/sql/security/provision.sql",
)


def context_of(workspace: Workspace, as_of: datetime, parameters: Mapping[str, Any] | None = None) -> BuildContext:
    """The context of a build, with some of the workspace's parameters replaced."""
    settings = workspace.settings.model_copy(
        update={"parameters": {**workspace.settings.parameters, **(parameters or {})}}
    )
    changed = workspace.model_copy(update={"settings": settings})
    return BuildContext(workspace=changed, graph=load_models(changed), as_of=as_of, run_id="test")


class WarehouseTemplate:
    """A prepared, empty workspace database, and copies of it."""

    def __init__(self, postgres: Any, name: str) -> None:
        self._postgres = postgres
        self._name = name

    def create(self, workspace: Workspace) -> None:
        """Run every script that the platform runs on a new workspace database."""
        self._postgres.create_database(self._name)
        self._administer(sql.SQL("alter database {} owner to {}").format(sql.Identifier(self._name), _OWNER))
        with closing(psycopg2.connect(self._postgres.dsn(self._name))) as connection, connection:
            for script in _ADMINISTRATOR_SCRIPTS:
                connection.cursor().execute(script.read_text(encoding="utf-8"))
        with pytest.MonkeyPatch.context() as patch:
            self.connect_pipelines(patch, self._name)
            prepare(context_of(workspace, datetime.fromisoformat("2026-03-05T10:00+08:00")))

    def connect_pipelines(self, patch: pytest.MonkeyPatch, name: str) -> None:
        """Let the connection id `warehouse` lead to this database, and secrets be found."""
        patch.setenv("AIRFLOW_CONN_WAREHOUSE", self.address(name))
        patch.setenv("COCKPIT_HOME", str(self._postgres.settings.home))

    def copy(self, name: str) -> None:
        """A fresh copy of that name."""
        self.drop(name)
        self._administer(
            sql.SQL("create database {} template {} owner {}").format(
                sql.Identifier(name), sql.Identifier(self._name), _OWNER
            )
        )

    def drop(self, name: str) -> None:
        self._administer(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def address(self, name: str) -> str:
        return str(self._postgres.settings.database_address(OWNER, name).render_as_string(hide_password=False))

    def _administer(self, statement: sql.Composable) -> None:
        with closing(psycopg2.connect(self._postgres.dsn("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)


class WorkspaceDatabase:
    """A workspace database with the few questions that tests ask of it."""

    def __init__(self, connection: PgConnection) -> None:
        self.connection = connection

    def create_tables(self, models: Sequence[Model], context: BuildContext) -> None:
        """The tables of these models, empty, as their contracts say."""
        with self.connection, self.connection.cursor() as cursor:
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

    def query(self, statement: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()
