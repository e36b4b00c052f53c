"""Fields against the form, without a service."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.intake.fields import check_fields
from cockpit.rulebook.sources import FormEntity, FormSource
from tests.conftest import Postgres


def form_of(**columns: dict[str, Any]) -> FormEntity:
    described = {
        name: {"description": "A field", "description_zh": "字段", **column} for name, column in columns.items()
    }
    return FormEntity.model_validate({"title": "Form", "title_zh": "表单", "columns": described})


def faults(form: FormEntity, sent: dict[str, Any], policy: Any = "warn") -> list[tuple[str, str]]:
    return [(fault.field, fault.message) for fault in check_fields(form, policy, sent, "en")]


RIGHT: dict[str, list[Any]] = {
    "text": ["a", "上海", 12, 0],
    "integer": ["12", -2147483648, "2147483647", "+7", " 5 "],
    "bigint": [9223372036854775807, "-9223372036854775808"],
    "numeric": ["12.5", "-.5", "1e5", "1.", 3],
    "date": ["2026-02-28", "2024-02-29"],
    "timestamp": ["2026-03-05T18:00:00+08:00", "2026-03-05 18:00", "2026-03-05T10:00:00.123456Z"],
    "boolean": [True, False, "true", "on", "NO", "0"],
}
WRONG: dict[str, list[Any]] = {
    "text": [[], {}, ["a"], True, "a\0"],
    "integer": ["1.5", "１２", "2147483648", "-2147483649", "9" * 400, "1e3", "0x1f", "1_000", True],
    "bigint": ["9223372036854775808", "-9223372036854775809"],
    "numeric": ["1,5", "NaN", "Infinity", "1e9999", "--1", "٣"],
    "date": ["2026-02-30", "05.03.2026", "2026-3-5", "20260305", "infinity", "today"],
    "timestamp": ["2026-03-05", "2026-03-05T25:00:00", "now", "1741140000"],
    "boolean": ["maybe", "2", "ja", "是"],
}
VALUES = [pytest.param(kind, value, id=f"{kind} {value!r:.20}") for kind, values in RIGHT.items() for value in values]
MISFITS = [pytest.param(kind, value, id=f"{kind} {value!r:.20}") for kind, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_what_fits_is_taken(kind: str, value: Any) -> None:
    assert faults(form_of(field={"type": kind}), {"field": value}) == []


@pytest.mark.parametrize(("kind", "value"), MISFITS)
def test_what_does_not_fit_is_named(kind: str, value: Any) -> None:
    assert [name for name, _message in faults(form_of(field={"type": kind}), {"field": value})] == ["field"]


def test_staging_can_cast_everything_that_is_taken(postgres: Postgres) -> None:
    """A value that the form takes must not become a misfit in staging."""
    types = {"timestamp": "timestamptz"}
    with psycopg2.connect(postgres.dsn("postgres")) as connection, connection.cursor() as cursor:
        for kind, values in RIGHT.items():
            for value in values:
                text = str(value).lower() if isinstance(value, bool) else str(value).strip()
                cursor.execute("select pg_input_is_valid(%s, %s)", (text, types.get(kind, kind)))
                assert cursor.fetchone() == (True,), (kind, value)


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner), max_leaves=9
)


@given(st.dictionaries(st.sampled_from(["name", "people", "day", "ok", "other"]) | st.text(max_size=9), ANYTHING))
def test_nothing_that_is_sent_breaks_the_check(sent: dict[str, Any]) -> None:
    form = form_of(
        name={"type": "text", "required": True, "max_length": 5},
        people={"type": "integer"},
        day={"type": "date"},
        ok={"type": "boolean", "values": ["true"]},
    )
    for fault in check_fields(form, "warn", sent, "zh"):
        assert fault.message
        # Of a longer value only the ends are shown.
        assert fault.found is None or fault.found.count("*") >= len(fault.found) - 2


def test_a_synonym_is_checked_like_the_field() -> None:
    form = form_of(phone={"type": "text", "required": True, "synonyms": ["mobile"], "pattern": "[0-9]+"})
    assert faults(form, {"mobile": "139"}) == []
    assert faults(form, {"mobile": "x"}) == [("mobile", "is not of the right form")]
    assert faults(form, {}) == [("phone", "is missing")]
    assert faults(form, {"mobile": "139"}, "stop") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"columns": {"received_at": {}}}, "is a column that the intake fills", id="own column"),
        pytest.param({"consent": "note"}, "does not name a boolean field", id="consent of another type"),
        pytest.param({"consent": "nobody"}, "does not name a boolean field", id="consent that is no field"),
        pytest.param({"origins": ["*"]}, "String should match pattern", id="any origin"),
        pytest.param({"origins": ["https://a.example/"]}, "String should match pattern", id="origin with a path"),
        pytest.param({"key": ["note"]}, "Input should be 'submission_id'", id="another key"),
        pytest.param({"max_bytes": 10_000_000}, "less than or equal to 1048576", id="ten megabytes"),
    ],
)
def test_a_form_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    note = {"type": "text", "description": "A note", "description_zh": "备注"}
    declared = {"title": "Form", "title_zh": "表单", "columns": {"note": note}}
    changed = declared | change | {"columns": declared["columns"] | change.get("columns", {})}  # type: ignore[operator]
    with pytest.raises(ValueError, match=message):
        FormEntity.model_validate(changed)


def test_consent_as_a_basis_has_to_be_asked_for() -> None:
    note = {"type": "text", "description": "A note", "description_zh": "备注"}
    source = {
        "source": "web", "title": "Web", "title_zh": "网页", "owner": "tests", "connector": "form",
        "personal_data": {"basis": "consent", "purpose": "To answer", "purpose_zh": "答复"},
        "entities": {"page": {"title": "Page", "title_zh": "页面", "columns": {"note": note}}},
    }  # fmt: skip
    with pytest.raises(ValueError, match="the form does not ask for it"):
        FormSource.model_validate(source)
