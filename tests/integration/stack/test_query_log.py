"""The log of a real server: every statement of bi_reader with its person, and no way for bi_reader to leave it out."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

from cockpit.bi.identity import connection_option, log_name, sign_identity
from cockpit.stack import lifecycle, query_log
from cockpit.stack.settings import Settings
from tests.integration.stack.conftest import prepare_environment


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with pytest.MonkeyPatch.context() as patch:
        prepare_environment(patch, tmp_path_factory.mktemp("queries") / "home")
        try:
            yield lifecycle.up(Settings.load(), services=["postgres"])
        finally:
            lifecycle.down(Settings.load())


def run(settings: Settings, person: str | None, *statements: str, options: str = "") -> None:
    """As Superset connects."""
    url = settings.database_address("bi_reader", "cockpit").render_as_string(hide_password=False)
    connection = psycopg2.connect(url, application_name=log_name(person), options=options)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def asked(settings: Settings, mark: str, count: int = 1) -> list[tuple[str, bool]]:
    """Who sent the statements with that mark; the collector may be a moment behind."""
    deadline = time.monotonic() + 10
    while True:
        today = datetime.now(ZoneInfo(settings.time_zone)).date()
        found = [each for each in query_log.of_day(settings, today) if mark in each.statement]
        if len(found) >= count or time.monotonic() > deadline:
            return [(each.person, each.has_other_name) for each in found]
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        ("zhao.min", "zhao.min"),
        (None, "(nobody)"),
        ("陈 静", "陈 静"),
        ("a\n2026-11-23 bi_reader", "a\n2026-11-23 bi_reader"),
        ("%a%u$(x)`~", "%a%u$(x)`~"),
        ("w" * 100, "w" * 46 + "~6ff1386a6f0d444e"),
    ],
)
def test_each_statement_has_its_person(database: Settings, person: str | None, shown: str) -> None:
    mark = f"mark {hash(person)}"

    run(database, person, f"select '{mark}'", f"\n/* {mark} */\nselect 2")

    assert asked(database, mark, 2) == [(shown, False)] * 2


def test_only_the_servers_user_reads_it(database: Settings) -> None:
    run(database, "zhao.min", "select 1")

    files = list(database.query_logs.iterdir())
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(database.query_logs.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "statement",
    [
        "set log_statement = 'none'",
        "set local log_statement = 'none'",
        "alter role bi_reader set log_statement = 'none'",
        "alter role bi_reader in database cockpit set log_statement = 'none'",
        "alter role bi_reader reset log_statement",
        "alter system set log_statement = 'none'",
        "set log_destination = 'syslog'",
        "set log_line_prefix = ''",
        "set log_min_messages = 'panic'",
    ],
)
def test_bi_reader_cannot_turn_it_off(database: Settings, statement: str) -> None:
    with pytest.raises((InsufficientPrivilege, psycopg2.errors.CantChangeRuntimeParam)):
        run(database, "zhao.min", "set default_transaction_read_only = off", statement)


def test_resetting_the_role_leaves_it_on(database: Settings) -> None:
    mark = "after the reset"

    run(database, "zhao.min", "set default_transaction_read_only = off", "alter role bi_reader reset all")
    run(database, "zhao.min", "reset all", f"select '{mark}'")

    assert asked(database, mark) == [("zhao.min", False)]


def test_options_of_the_connection_cannot_turn_it_off(database: Settings) -> None:
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        run(database, "zhao.min", options="-c log_statement=none")


def test_another_name_does_not_hide_the_person(database: Settings) -> None:
    mark = "in the name of somebody else"

    run(database, "zhao.min", "set application_name = 'chen.jing'", f"select '{mark}'")

    assert asked(database, mark) == [("zhao.min", True)]


def test_the_signature_is_not_in_any_log(database: Settings) -> None:
    identity = sign_identity("zhao.min", b"k" * 32, 2_000_000_000)
    mark = "signed"

    run(database, "zhao.min", f"select '{mark}'", options=connection_option(identity))

    assert asked(database, mark) == [("zhao.min", False)]
    logs = [path.read_text() for path in database.logs.rglob("*") if path.is_file()]
    assert not any(identity.rsplit("|", 1)[1] in text for text in logs)
