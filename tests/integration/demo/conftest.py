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
from tests.integration.demo.databases import ERP, ERP_OWNER, ETL, TRUTH, WAREHOUSE, DemoDatabases


@pytest.fixture(scope="module")
def databases(postgres: Any) -> Iterator[DemoDatabases]:
    made = DemoDatabases(postgres.create_database("demo_test_admin"))
    made.create()
    yield made
    made.drop()


@pytest.fixture
def erp(databases: DemoDatabases) -> Iterator[PgConnection]:
    with closing(databases.connect(ERP, ERP_OWNER)) as connection:
        yield connection


@pytest.fixture
def truth(databases: DemoDatabases) -> Iterator[PgConnection]:
    with closing(databases.connect(WAREHOUSE, TRUTH)) as connection:
        yield connection


@pytest.fixture
def etl(databases: DemoDatabases) -> Iterator[PgConnection]:
    """The warehouse as its pipelines see it."""
    with closing(databases.connect(WAREHOUSE, ETL)) as connection:
        yield connection


@pytest.fixture(scope="session")
def company() -> Company:
    as_of = datetime(2026, 11, 18, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    return generate(Scale.SMALL, as_of, seed=7)
