"""The intake as it runs: uvicorn on a free port, with its own login, against a workspace database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from tests.conftest import Postgres
from tests.integration.intake.service import FORMS, Intake, write_workspace
from tests.workspaces import WorkspaceDatabase, make_workspace_database

NAME = "cockpit_test_intake"


@pytest.fixture(scope="session")
def intake_database(postgres: Postgres) -> WorkspaceDatabase:
    database = make_workspace_database(postgres, NAME)
    with psycopg2.connect(postgres.dsn(NAME)) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("grant connect on database {} to intake").format(sql.Identifier(NAME)))
    return database


@pytest.fixture
def start(
    intake_database: WorkspaceDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Intake]]:
    """Starts the service with these forms; a second call is a restart on the same rows."""
    monkeypatch.setenv("AIRFLOW_CONN_SITE_WAREHOUSE", intake_database.dsn("cockpit_etl"))
    monkeypatch.setenv("AIRFLOW_CONN_SITE_WAREHOUSE_INTAKE", intake_database.dsn("intake"))
    with psycopg2.connect(intake_database.dsn("cockpit_etl")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables"
            " where table_schema in ('raw', 'ops')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"drop table {table} cascade")
    running: list[Intake] = []

    def start_service(forms: dict[str, Any] = FORMS, **source: Any) -> Intake:
        for each in running:
            each.stop()
        workspace = write_workspace(tmp_path, forms, **source)
        service = Intake(workspace, intake_database, tmp_path / "secrets")
        running.append(service)
        service.start()
        return service

    yield start_service
    for each in running:
        each.stop()


@pytest.fixture
def intake(start: Callable[..., Intake]) -> Intake:
    """The service with the forms of this folder's tests."""
    return start()
