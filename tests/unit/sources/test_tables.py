from __future__ import annotations

import pytest

from cockpit.errors import TerminalError
from cockpit.rulebook.sources import SqlEntity
from cockpit.sources.databases.tables import Located, check_cursor, locate, present_name
from tests.integration.sources.site import described


def entity(**more: object) -> SqlEntity:
    columns: dict[str, object] = {**described(customer_id="bigint", changed="timestamp")}
    columns["phone"] = {**described(phone="text")["phone"], "synonyms": ["手机号", "mobile"]}
    return SqlEntity.model_validate({"table": "customer", "key": ["customer_id"], "columns": columns, **more})


@pytest.mark.parametrize(
    ("present", "name"),
    [
        pytest.param(["phone", "mobile"], "phone", id="its own name first"),
        pytest.param(["mobile", "手机号"], "手机号", id="then synonyms in their order"),
        pytest.param(["telephone"], None, id="none of them"),
    ],
)
def test_a_column_is_found_under_its_names(present: list[str], name: str | None) -> None:
    assert present_name(entity(), "phone", present) == name


def test_key_and_cursor_are_found_under_synonyms() -> None:
    found = locate("crm.customer", entity(key=["customer_id", "phone"], cursor="changed"),
                   ["mobile", "changed", "customer_id"])  # fmt: skip
    assert found == Located(key=("customer_id", "mobile"), cursor="changed")


def test_other_columns_may_be_missing() -> None:
    assert locate("crm.customer", entity(), ["customer_id"]) == Located(key=("customer_id",), cursor=None)


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        pytest.param({"key": ["phone"]}, "phone", id="key"),
        pytest.param({"cursor": "changed"}, "changed", id="cursor"),
        pytest.param({"cursor": "write_date"}, "write_date", id="cursor that is not declared"),
    ],
)
def test_without_key_or_cursor_nothing_is_read(more: dict[str, object], missing: str) -> None:
    with pytest.raises(TerminalError, match=rf"crm\.customer: customer: the column {missing} is missing"):
        locate("crm.customer", entity(**more), ["customer_id", "note"])


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        pytest.param({"cursor": "changed"}, "text", id="texts order differently"),
        pytest.param({"cursor": "changed", "overlap": "PT10M"}, "bigint", id="nothing to take off a number"),
    ],
)
def test_a_cursor_of_the_wrong_type_is_refused(more: dict[str, object], kind: str) -> None:
    with pytest.raises(TerminalError, match="has a type that does not fit"):
        check_cursor("crm.customer", entity(**more), kind)


def test_any_type_does_without_a_cursor() -> None:
    check_cursor("crm.customer", entity(), "text")
