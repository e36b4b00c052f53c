"""Whatever a source sends arrives in raw as it is, or is listed as rejected; COPY never breaks off."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2 import sql

from cockpit.sources.loading.copytext import COPY_COLUMNS, CopyText, encode_record, encode_rejected
from cockpit.sources.loading.reasons import EMPTY_KEY, KEY_TOO_LONG, NUL_CHARACTER, UNDECODABLE
from cockpit.sources.loading.statements import statement
from tests.integration.sources.site import Site

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)


def arrive(site: Site, *rows: str) -> list[tuple[Any, ...]]:
    """What PostgreSQL makes of lines for COPY."""
    site.warehouse.rollback()
    with site.warehouse.cursor() as cursor:
        cursor.execute(statement("create_incoming", position_type=sql.SQL("bigint")))
        columns = sql.SQL(", ").join(map(sql.Identifier, COPY_COLUMNS))
        cursor.copy_expert(
            sql.SQL("copy incoming ({}) from stdin").format(columns).as_string(cursor), CopyText(iter(rows))
        )
        cursor.execute(
            "select key, payload, encode(hash, 'hex'), label, position, line_number, reason, raw_text from incoming"
        )
        return cursor.fetchall()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.dictionaries(ANY_TEXT, JSON, max_size=6), key=ANY_TEXT | st.none(), raw=ANY_TEXT)
def test_every_record_arrives_or_is_rejected(site: Site, payload: dict[str, Any], key: str | None, raw: str) -> None:
    record, rejected = arrive(
        site, encode_record(payload, key=key, label="a\tb\\", position="7"), encode_rejected("broken", raw, label="x")
    )
    assert record[3:5] == ("a\tb\\", 7)
    if record[6] is None:
        assert record[0] == key
        assert set(record[1]) == set(payload)
    else:
        assert record[6] in (EMPTY_KEY, KEY_TOO_LONG, NUL_CHARACTER, UNDECODABLE)
        assert record[7] is not None
    assert rejected[6] == "broken"
    assert rejected[7] is not None


def test_fields_in_another_order_are_the_same_record(site: Site) -> None:
    one, other = arrive(
        site,
        encode_record({"a": 1, "b": {"c": 2, "d": 3}}, key="1", label="x"),
        encode_record({"b": {"d": 3, "c": 2}, "a": 1}, key="1", label="x"),
    )
    assert one[2] == other[2]


@pytest.mark.parametrize(
    ("value", "received"),
    [
        pytest.param(Decimal("12.50"), "12.50", id="decimal"),
        pytest.param(datetime(2026, 3, 5, 12, 0, 1, 500, tzinfo=UTC), "2026-03-05T12:00:01.000500+00:00", id="time"),
        pytest.param(date(2026, 3, 5), "2026-03-05", id="date"),
        pytest.param(timedelta(minutes=1), "60.000000 seconds", id="interval"),
        pytest.param(b"\x00\xff", "\\x00ff", id="bytes"),
        pytest.param(UUID(int=1), "00000000-0000-0000-0000-000000000001", id="uuid"),
        pytest.param(float("nan"), "NaN", id="not-a-number"),
        pytest.param(float("-inf"), "-Infinity", id="infinity"),
        pytest.param("a\\u0000b", "a\\u0000b", id="text-that-looks-like-an-escape"),
        pytest.param('华星 "A"\t\r\n\\N', '华星 "A"\t\r\n\\N', id="quotes-and-control-characters"),
    ],
)
def test_values_that_json_does_not_have_arrive_as_text(site: Site, value: object, received: object) -> None:
    ((_key, payload, *_rest),) = arrive(site, encode_record({"value": value}, key="1", label="x"))
    assert payload == json.loads(json.dumps({"value": received}))
