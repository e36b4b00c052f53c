"""What a database fault becomes: worth another try or not, with a way out and without row content."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest

from cockpit.errors import CockpitError, TerminalError, TransientError
from cockpit.warehouse.faults import database_errors
from tests.conftest import Postgres


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        pytest.param("53100", TransientError, "the database's disk is full. Free space", id="disk full"),
        pytest.param("40P01", TransientError, "the database broke off", id="deadlock"),
        pytest.param("40001", TransientError, "the database broke off", id="serialisation failure"),
        pytest.param("57P01", TransientError, "the database broke off", id="server stops"),
        pytest.param("22012", TerminalError, "the database refused", id="division by zero"),
        pytest.param("42501", TerminalError, "the database refused", id="missing right"),
    ],
)
def test_a_fault_of_the_server_says_whether_another_try_can_help(
    postgres: Postgres, code: str, kind: type[CockpitError], says: str
) -> None:
    raising = f"do $$ begin raise exception 'broken' using errcode = '{code}', detail = 'row: 13912345678'; end $$"
    with (
        closing(psycopg2.connect(postgres.dsn("postgres"))) as connection,
        connection.cursor() as cursor,
        pytest.raises(kind) as caught,
        database_errors("core_order"),
    ):
        cursor.execute(raising)
    assert str(caught.value).startswith("core_order: ")
    assert says in str(caught.value)
    assert "13912345678" not in str(caught.value)


def test_a_connection_that_was_cut_is_worth_another_try(postgres: Postgres) -> None:
    with (
        closing(psycopg2.connect(postgres.dsn("postgres"))) as connection,
        connection.cursor() as cursor,
        pytest.raises(TransientError, match="Nothing of this step was kept"),
        database_errors("core_order"),
    ):
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")
