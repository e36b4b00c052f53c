from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.company import Company, generate
from cockpit.demo.profile import Scale
from cockpit.demo.systems import Systems
from tests.integration.demo.databases import ETL, WAREHOUSE, DemoDatabases


@pytest.fixture(scope="module")
def databases(postgres: Any) -> Iterator[DemoDatabases]:
    made = DemoDatabases(postgres.create_database("demo_test_admin"))
    made.create()
    yield made
    made.drop()


@pytest.fixture
def systems(databases: DemoDatabases) -> Iterator[Systems]:
    opened = databases.systems()
    with closing(opened.erp), closing(opened.crm), closing(opened.truth):
        yield opened


@pytest.fixture
def erp(systems: Systems) -> PgConnection:
    return systems.erp


@pytest.fixture
def crm(systems: Systems) -> PgConnection:
    return systems.crm


@pytest.fixture
def truth(systems: Systems) -> PgConnection:
    return systems.truth


@pytest.fixture
def etl(databases: DemoDatabases) -> Iterator[PgConnection]:
    """The warehouse as its pipelines see it."""
    with closing(databases.connect(WAREHOUSE, ETL)) as connection:
        yield connection


@pytest.fixture(scope="session")
def company() -> Company:
    as_of = datetime(2026, 11, 18, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    return generate(Scale.SMALL, as_of, seed=7)
