"""A workspace database as the platform makes it; each test works in a fresh copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from cockpit.rulebook.workspace import REPOSITORY, Workspace, load_workspace
from tests.conftest import Postgres
from tests.sql.database import Warehouse, copy_database, drop_database, make_template, use_as_warehouse
from tests.workspaces import WorkspaceDatabase

TEMPLATE, COPY = "test_sql_template", "test_sql"


@pytest.fixture(scope="session")
def huaxing() -> Workspace:
    """The company's own workspace."""
    return load_workspace(REPOSITORY / "include" / "workspace.yml")


@pytest.fixture(scope="session")
def template(postgres: Postgres, huaxing: Workspace) -> Iterator[WorkspaceDatabase]:
    yield make_template(postgres, TEMPLATE, huaxing)
    for name in (COPY, TEMPLATE):
        drop_database(postgres, name)


@pytest.fixture
def warehouse(template: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """An empty workspace database, open as cockpit_etl; the connection id `warehouse` leads to it."""
    database = copy_database(template, COPY)
    use_as_warehouse(database, monkeypatch)
    with closing(database.connect()) as connection:
        yield Warehouse(connection)
