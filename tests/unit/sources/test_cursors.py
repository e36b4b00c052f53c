from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cockpit.errors import TerminalError
from cockpit.sources.databases.cursors import Cursor, cursor_of
from cockpit.sources.loading.reading import BACK_FILL, Window

LOCAL = "timestamp without time zone"
ZONED = "timestamp with time zone"
CHINA = timezone(timedelta(hours=8))
NOON = datetime.fromisoformat("2026-03-05 12:00")


@pytest.mark.parametrize(
    ("kind", "declared", "sample", "expected"),
    [
        pytest.param(sa.DateTime(), None, NOON, (LOCAL, False), id="datetime"),
        pytest.param(sa.DateTime(timezone=True), None, NOON, (ZONED, False), id="datetime with zone"),
        pytest.param(sa.DateTime(), None, "2026-03-05 12:00", (LOCAL, True), id="datetime kept as text"),
        pytest.param(sa.Date(), "timestamp", None, ("date", False), id="the catalogue decides first"),
        pytest.param(sa.Text(), "timestamp", "x", (LOCAL, True), id="text declared as timestamp"),
        pytest.param(sa.types.NullType(), "date", 7, ("date", True), id="no type declared as date"),
        pytest.param(sa.Text(), "text", "x", ("text", False), id="text"),
        pytest.param(sa.Text(), None, "x", ("text", False), id="text that is not declared"),
        pytest.param(sa.BigInteger(), None, 7, ("bigint", False), id="whole number"),
        pytest.param(sa.Numeric(12, 2), None, 7, ("numeric", False), id="decimal"),
        pytest.param(sa.Float(), None, 7.5, ("float", False), id="binary fraction"),
    ],
)
def test_the_type_of_a_cursor(kind: Any, declared: str | None, sample: object, expected: tuple[str, bool]) -> None:
    cursor = cursor_of("changed", kind, declared, sample)
    assert (cursor.position_type, cursor.is_text) == expected


@pytest.mark.parametrize(
    ("position_type", "received", "value"),
    [
        pytest.param(LOCAL, "2026-03-05T12:00:00", NOON, id="iso text"),
        pytest.param(LOCAL, " 2026-03-05 12:00 ", NOON, id="blanks around, no seconds"),
        pytest.param(LOCAL, "2026-03-05", NOON - timedelta(hours=12), id="a day is its beginning"),
        pytest.param(LOCAL, "2026-03-05T20:00:00+08:00", NOON, id="offset becomes UTC"),
        pytest.param(LOCAL, NOON.replace(tzinfo=CHINA), NOON - timedelta(hours=8), id="zone becomes UTC"),
        pytest.param(ZONED, "2026-03-05 12:00:00+00", NOON.replace(tzinfo=UTC), id="as PostgreSQL writes it"),
        pytest.param(ZONED, NOON, NOON.replace(tzinfo=UTC), id="without zone it is taken for UTC"),
        pytest.param("date", "2026-03-05 12:00:00", date(2026, 3, 5), id="day of a moment"),
        pytest.param("date", date(2026, 3, 5), date(2026, 3, 5), id="day"),
        pytest.param(LOCAL, "05/03/2026", None, id="no iso text"),
        pytest.param(LOCAL, "", None, id="empty"),
        pytest.param(LOCAL, 1772712000, None, id="a number is no moment"),
        pytest.param(LOCAL, "0001-01-01T00:00:00+14:00", None, id="before the first year in UTC"),
        pytest.param("bigint", "7", 7, id="digits"),
        pytest.param("bigint", Decimal("7.0"), 7, id="whole decimal"),
        pytest.param("bigint", 7.5, None, id="fraction"),
        pytest.param("bigint", 2**63, None, id="beyond bigint"),
        pytest.param("numeric", 0.1, Decimal("0.1"), id="as a fraction is written"),
        pytest.param("numeric", float("nan"), None, id="not a number"),
        pytest.param("numeric", b"7", None, id="bytes"),
        pytest.param("numeric", None, None, id="nothing"),
    ],
)
def test_values_are_read_or_left(position_type: str, received: object, value: object) -> None:
    found = Cursor("changed", position_type, sa.types.NullType(), is_text=True).read(received)
    assert (found, type(found)) == (value, type(value))


def test_a_limit_that_is_no_value_is_refused() -> None:
    with pytest.raises(TerminalError, match=r"no value of the cursor changed \(found 'noon'"):
        Cursor("changed", LOCAL, sa.DateTime()).bounds(Window(start="noon"))


def condition(cursor: Cursor, window: Window) -> str:
    clause = cursor.bounds(window).condition()
    return "" if clause is None else str(clause.compile(compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        pytest.param(Window(), "", id="everything"),
        pytest.param(Window(start="7"), "id IS NULL OR id >= 7", id="from a value on, and those without"),
        pytest.param(Window(start="7", end="9", label=BACK_FILL), "id >= 7 AND id < 9", id="an interval of the past"),
    ],
)
def test_conditions_on_native_values(window: Window, expected: str) -> None:
    assert condition(Cursor("id", "bigint", sa.BigInteger()), window) == expected


def test_conditions_on_texts_leave_a_day_around() -> None:
    cursor = Cursor("changed", LOCAL, sa.Text(), is_text=True)
    assert condition(cursor, Window(start="2026-03-05 12:00:00")) == (
        "changed IS NULL OR changed NOT LIKE '____-__-__%' OR changed >= '2026-03-04'"
    )
    assert condition(cursor, Window(start="0001-01-01", end="9999-12-31 10:00:00")) == (
        "changed >= '0001-01-01' AND changed < '9999-12-31'"
    )


WRITTEN = st.sampled_from(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%d %H:%M:%S.%f"])
MOMENTS = st.integers(-100_000, 100_000).map(lambda seconds: NOON + timedelta(seconds=seconds))


@given(rows=st.lists(st.tuples(MOMENTS, WRITTEN), max_size=20), start=MOMENTS, hours=st.integers(0, 100))
def test_of_texts_in_any_form_just_the_wanted_rows_arrive(
    rows: list[tuple[datetime, str]], start: datetime, hours: int
) -> None:
    end = start + timedelta(hours=hours)
    bounds = Cursor("changed", LOCAL, sa.Text(), is_text=True).bounds(Window(start=str(start), end=str(end)))
    clause = bounds.condition()
    assert clause is not None
    table = sa.table("t", sa.column("changed"))
    with sa.create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql("create table t (changed text)")
        for moment, form in rows:
            connection.exec_driver_sql("insert into t values (?)", (moment.strftime(form),))
        found = [value for (value,) in connection.execute(sa.select(table.c.changed).where(clause))]
    wanted = sorted(moment.strftime(form) for moment, form in rows if start <= moment < end)
    assert sorted(value for value in found if not bounds.exclude(bounds.cursor.read(value))) == wanted
