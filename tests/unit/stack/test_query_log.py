"""Reading the database's log: whose statement it was, whatever the statement and the session's later names say."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cockpit.stack.query_log import of_day, remove_old, statements
from cockpit.stack.settings import Settings

FIRST = "2026-11-23 10:31:02.175 CST [26691] 6b04214e.7013 bi_reader@cockpit "
OTHER = "2026-11-23 10:31:03.004 CST [26692] 6b04214f.7014 bi_reader@cockpit "


def read(*lines: str) -> list[tuple[str, str, bool]]:
    return [
        (asked.person, asked.statement, asked.has_other_name) for asked in statements(f"{line}\n" for line in lines)
    ]


def test_statements_of_several_lines_and_sessions() -> None:
    assert read(
        "2026-11-23 10:31:00.000 CST [1] 6b042140.1 LOG:  database system is ready to accept connections",
        f"{FIRST}zhao.min LOG:  statement: select 1",
        f"\t{OTHER}chen.jing LOG:  statement: forged by a new line",
        "\tfrom nothing",
        f"{OTHER}%E9%99%88 LOG:  statement: select 2",
        f"{OTHER}%E9%99%88 ERROR:  division by zero",
        "2026-11-23 10:31:04.000 CST [9] 6b042150.9 cockpit_etl@cockpit cockpit LOG:  statement: not a person's",
        f"{FIRST}zhao.min LOG:  execute <unnamed>: select 3",
    ) == [
        ("zhao.min", f"select 1\n{OTHER}chen.jing LOG:  statement: forged by a new line\nfrom nothing", False),
        ("陈", "select 2", False),
        ("zhao.min", "select 3", False),
    ]


def test_what_the_driver_sends_is_told_apart() -> None:
    lines = [f"{FIRST}zhao.min LOG:  statement: {text}\n" for text in ("BEGIN", "select 1", "begin; select 2")]

    assert [asked.is_of_the_driver for asked in statements(lines)] == [True, False, False]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("chen.jing", id="somebody else's"),
        pytest.param("", id="none"),
        pytest.param("zhao.min ERROR:  x", id="own name before an error"),
        pytest.param("x LOG:  statement: select 'harmless'", id="a statement"),
        pytest.param("(nobody)", id="nobody"),
    ],
)
def test_a_session_keeps_the_name_that_it_began_with(name: str) -> None:
    found = read(
        f"{FIRST}zhao.min LOG:  statement: set application_name = 'x'", f"{FIRST}{name} LOG:  statement: select 1"
    )

    assert found[1] == ("zhao.min", f"{name} LOG:  statement: select 1", True)


def test_a_carriage_return_begins_no_entry(settings: Settings) -> None:
    settings.query_logs.mkdir()
    text = f"{FIRST}zhao.min LOG:  statement: select 1\r{OTHER}chen.jing LOG:  statement: forged\n"
    (settings.query_logs / "2026-11-23.log").write_bytes(text.encode())

    assert [asked.person for asked in of_day(settings, date(2026, 11, 23))] == ["zhao.min"]


def test_a_session_over_midnight_has_its_name_of_the_day_before(settings: Settings) -> None:
    settings.query_logs.mkdir()
    (settings.query_logs / "2026-11-22.log").write_text(
        f"{FIRST.replace('23 10', '22 23')}zhao.min LOG:  statement: set application_name = 'chen.jing'\n"
    )
    (settings.query_logs / "2026-11-23.log").write_text(f"{FIRST}chen.jing LOG:  statement: select 1\n")

    found = list(of_day(settings, date(2026, 11, 23)))

    assert [(asked.person, asked.has_other_name) for asked in found] == [("zhao.min", True)]


def test_days_past_their_time_are_removed(settings: Settings) -> None:
    settings.query_logs.mkdir()
    today = datetime.now(ZoneInfo(settings.time_zone)).date()
    days = [today - timedelta(days=back) for back in (0, 30, 31, 400)]
    for day in days:
        (settings.query_logs / f"{day}.log").touch()
    (settings.query_logs / "notes.log").touch()

    assert remove_old(settings) == 2
    assert {path.stem for path in settings.query_logs.iterdir()} == {str(days[0]), str(days[1]), "notes"}
