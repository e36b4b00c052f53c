"""Columns of a row as a steward reads them: what was delivered, what counts, what is wrong, and what was changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.quality.shown import UNSEEN, pointed_at, readable, visible
from cockpit.rulebook.contract import Check
from cockpit.rulebook.sources import Entity
from cockpit.warehouse.staging import TYPE_CHECK
from cockpit_airflow.views.desk import fields
from cockpit_airflow.views.desk.fields import RowOnPage

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENTITY = Entity.model_validate(
    {
        "key": ["Id"],
        "columns": {
            "Id": {"type": "bigint", "name": "deal_id", "description": "Deal", "description_zh": "商机"},
            "Tel": {
                "type": "text", "name": "phone", "synonyms": ["Telephone"], "sensitivity": "personal",
                "description": "Telephone", "description_zh": "电话",
            },
            "Amount": {"type": "numeric", "name": "amount", "description": "Amount", "description_zh": "金额"},
        },
    }
)  # fmt: skip
PHONE = Check(
    id="bad_phone", expect="condition", condition="true", offending=("phone_outcome",), message="No such number"
)


def row(payload: dict[str, object], patch: dict[str, object] | None = None, **values: object) -> RowOnPage:
    return RowOnPage(ENTITY, payload, patch or {}, values, (PHONE,))


def test_offending_columns_stand_first_and_the_key_cannot_be_changed() -> None:
    found = fields.fields_of(row({"Id": 1, "Telephone": "123", "Amount": 5}), SHANGHAI, sees_personal=True)
    assert [(one.name, one.is_marked, one.is_editable) for one in found] == [
        ("phone", True, True), ("deal_id", False, False), ("amount", False, True),
    ]  # fmt: skip
    assert (found[0].delivered, found[0].entered, found[2].entered) == ("123", "123", "5")


def test_who_may_only_look_sees_persons_masked_and_no_input() -> None:
    (phone, *_rest) = fields.fields_of(
        row({"Id": 1, "Tel": "13800138000"}, phone="+8613800138000"), SHANGHAI, sees_personal=False
    )
    assert (phone.delivered, phone.counts) == ("13*******00", "+86********000")
    assert (phone.entered, phone.is_editable, phone.is_masked) == ("", False, True)


def test_a_correction_in_force_is_shown_beside_what_was_delivered() -> None:
    (phone, *_rest) = fields.fields_of(row({"Id": 1, "Tel": "1"}, {"Tel": "2"}), SHANGHAI, sees_personal=True)
    assert (phone.delivered, phone.corrected, phone.entered) == ("1", "2", "2")
    (phone, *_rest) = fields.fields_of(row({"Id": 1, "Tel": "1"}, {"Tel": None}), SHANGHAI, sees_personal=True)
    assert (phone.delivered, phone.corrected, phone.entered) == ("1", "", "")


def test_what_was_typed_stays_with_what_is_wrong_with_it() -> None:
    (phone, *_rest) = fields.fields_of(
        row({"Id": 1, "Tel": "1"}), SHANGHAI, sees_personal=True, entered={"phone": "12"}, faults=[PHONE]
    )
    assert (phone.entered, phone.faults) == ("12", ("No such number",))


@pytest.mark.parametrize(
    ("entered", "changes"),
    [
        pytest.param({"phone": "1"}, {}, id="as it was"),
        pytest.param({"phone": " 1 "}, {}, id="blanks"),
        pytest.param({"phone": "2"}, {"phone": "2"}, id="another"),
        pytest.param({"phone": ""}, {"phone": None}, id="emptied"),
        pytest.param({}, {}, id="not in the form"),
        pytest.param({"deal_id": "9", "salary": "9"}, {}, id="what cannot be changed"),
        pytest.param({"amount": "9"}, {"amount": "9"}, id="where nothing was"),
    ],
)
def test_only_what_looks_different_is_a_change(entered: dict[str, str], changes: dict[str, str | None]) -> None:
    assert fields.changes_of(row({"Id": 1, "Tel": "1"}), entered) == changes


def test_a_value_that_no_input_can_hold_is_not_changed_by_sending_the_form() -> None:
    hostile = row({"Id": 1, "Tel": "1\x00\u202e2"})
    (phone, *_rest) = fields.fields_of(hostile, SHANGHAI, sees_personal=True)
    assert (phone.delivered, phone.entered) == ("1[U+0000][U+202E]2", "")
    assert fields.changes_of(hostile, {"phone": ""}) == {}


def test_columns_that_do_not_fit_their_type_are_marked() -> None:
    found = list(pointed_at(TYPE_CHECK, ["deal_id", "amount"], {"invalid_columns": ["amount", "gone"]}))
    assert found == ["amount"]


def test_a_line_of_the_queue_masks_persons_and_cuts_long_values() -> None:
    amount = Check(id="a", expect="condition", condition="true", offending=("amount",), message="x")
    shown = fields.wrong_values(ENTITY, {"Tel": "13800138000", "Amount": "9" * 100}, [PHONE, amount])
    assert shown[0] == ("Telephone", "13*******00")
    assert shown[1][1].startswith("9" * 60 + "…")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (Decimal("12000.00"), "12000"),
        (Decimal("1E+4"), "10000"),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime(2026, 3, 5, 2, 0, tzinfo=UTC), "2026-03-05 10:00"),
        (datetime(2026, 3, 5, 2, 0, 7, tzinfo=UTC), "2026-03-05 10:00:07"),
        ({"a": "张"}, '{"a": "张"}'),
        (True, "True"),
    ],
)
def test_values_of_staging_are_readable(value: object, text: str | None) -> None:
    assert readable(value, SHANGHAI) == text


@given(st.text())
def test_nothing_that_is_shown_hides_or_turns(text: str) -> None:
    shown = visible(text)
    assert not UNSEEN.search(shown)
    assert visible(shown) == shown or len(shown) > 300
