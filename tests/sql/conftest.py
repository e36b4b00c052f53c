"""A workspace database as the platform makes it; each test works in a fresh copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from tests.sql.database import WarehouseTemplate, WorkspaceDatabase

from cockpit.rulebook.workspace import REPOSITORY, Workspace, load_workspace

TEMPLATE, COPY, ERP = "sql_test_template", "sql_test", "sql_test_erp"


@pytest.fixture(scope="session")
def huaxing() -> Workspace:
    """The company's own workspace."""
    return load_workspace(REPOSITORY / "include" / "workspace.yml")


@pytest.fixture(scope="session")
def warehouse_template(postgres: Any, huaxing: Workspace) -> Iterator[WarehouseTemplate]:
    template = WarehouseTemplate(postgres, TEMPLATE)
    template.create(huaxing)
    yield template
    template.drop(COPY)
    template.drop(TEMPLATE)


@pytest.fixture
def database(warehouse_template: WarehouseTemplate, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkspaceDatabase]:
    """An empty workspace database, open as cockpit_etl; the connection id `warehouse` leads to it."""
    warehouse_template.copy(COPY)
    warehouse_template.connect_pipelines(monkeypatch, COPY)
    with closing(psycopg2.connect(warehouse_template.address(COPY))) as connection:
        yield WorkspaceDatabase(connection)


@pytest.fixture
def erp(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty ERP database, open as its owner; the connection id `erp` leads to it."""
    address = postgres.create_database(ERP)
    monkeypatch.setenv("AIRFLOW_CONN_ERP", address)
    with closing(psycopg2.connect(address)) as connection:
        yield connection
