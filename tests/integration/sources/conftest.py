"""A workspace for each test; its warehouse and its source share one database, emptied in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as PgConnection

from tests.integration.sources.site import Site


@pytest.fixture(scope="session")
def database(postgres: Any) -> str:
    return str(postgres.create_database("cockpit_test_sources"))


@pytest.fixture
def site(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("AIRFLOW_CONN_SITE_WAREHOUSE", database)
    with closing(psycopg2.connect(database)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("drop schema if exists raw, ops, public cascade; create schema public")
        yield Site(tmp_path, connection)


@pytest.fixture
def shop(site: Site, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PgConnection]:
    """A source database with one table; the connection's name is `shop`."""
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", database)
    with closing(psycopg2.connect(database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "create table sale (sale_id bigint, shop text, amount numeric(12, 2), note text, changed timestamptz)"
            )
        yield connection
