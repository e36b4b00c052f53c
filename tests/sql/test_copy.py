"""What copy_rows writes is what PostgreSQL reads back, whatever the text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.errors import RuleFileError
from cockpit.warehouse.copy import copy_rows
from tests.sql.database import Warehouse

# PostgreSQL has no NUL and no lone surrogates.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))
# hypothesis adds the zone; psycopg2 writes years of fewer digits in another form.
EARLIEST = datetime(1000, 1, 1)  # noqa: DTZ001
ROW = st.tuples(
    st.none() | TEXT,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=6),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.booleans(),
    st.none() | st.dates(),
    st.none() | st.datetimes(min_value=EARLIEST, timezones=st.just(UTC)),
    st.none() | st.lists(st.none() | TEXT),
)  # fmt: skip


def write_and_read(warehouse: Warehouse, types: str, rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    columns = [f"column_{number}" for number in range(len(rows[0]) if rows else 1)]
    shape = ", ".join(f"{name} {kind}" for name, kind in zip(columns, types.split(", "), strict=True))
    with warehouse.connection.cursor() as cursor:
        try:
            cursor.execute("set local timezone = 'Asia/Shanghai'")
            cursor.execute(f"create temp table written (position serial, {shape})")
            assert copy_rows(cursor, "written", columns, rows) == len(rows)
            cursor.execute(f"select {', '.join(columns)} from written order by position")
            return cursor.fetchall()
        finally:
            warehouse.connection.rollback()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=5))
def test_what_is_written_is_read(rows: list[tuple[object, ...]], warehouse: Warehouse) -> None:
    types = "text, bigint, numeric, double precision, boolean, date, timestamptz, text[]"
    assert write_and_read(warehouse, types, rows) == rows


@pytest.mark.parametrize(
    "text",
    ["\\N", "\\.", "a\tb", "a\nb\r\n", "\\\\", "'; drop table written; --", "", " ", "NULL", "华星🚀", "{}", '"'],
    ids=ascii,
)  # fmt: skip
def test_texts_that_mean_something_to_copy(text: str, warehouse: Warehouse) -> None:
    rows: list[tuple[object, ...]] = [(text, [text, None])]
    assert write_and_read(warehouse, "text, text[]", rows) == [(text, [text, None])]


def test_a_nul_is_replaced(warehouse: Warehouse) -> None:
    assert write_and_read(warehouse, "text, text[]", [("a\x00b", ["c\x00"])]) == [("a\ufffdb", ["c\ufffd"])]


def test_a_row_longer_than_one_chunk(warehouse: Warehouse) -> None:
    text = "长\t" * 200_000
    rows: list[tuple[object, ...]] = [(text, "x"), ("y", text)]
    assert write_and_read(warehouse, "text, text", rows) == rows


def test_no_rows(warehouse: Warehouse) -> None:
    assert write_and_read(warehouse, "text", []) == []


def test_a_value_without_a_form_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(TypeError, match="copy_rows cannot write a set"):
        write_and_read(warehouse, "text", [({1},)])


def test_an_error_of_the_rows_comes_through(warehouse: Warehouse) -> None:
    def rows() -> Iterator[tuple[object, ...]]:
        yield ("first",)
        raise RuleFileError("wrong", where="customer.yml:3")

    with pytest.raises(RuleFileError, match=r"^customer\.yml:3: wrong$"), warehouse.connection as connection:
        copy_rows(connection.cursor(), "ops.changed_key", ["model"], rows())
    assert warehouse.query("select count(*) from ops.changed_key") == [(0,)]


def test_dates_and_numbers_keep_their_precision(warehouse: Warehouse) -> None:
    rows: list[tuple[object, ...]] = [(date(2024, 2, 29), Decimal("0.1"), Decimal("1E+3"))]
    assert write_and_read(warehouse, "date, numeric, numeric", rows) == [
        (date(2024, 2, 29), Decimal("0.1"), Decimal(1000))
    ]
