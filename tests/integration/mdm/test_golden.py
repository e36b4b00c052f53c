"""The SQL that chooses values for all golden records says what the pure function says for one."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cockpit.domain.survive import Candidate, survive
from cockpit.rulebook.contract import load_contract
from cockpit.rulebook.survivorship import Survivorship, load_survivorship
from cockpit.rulebook.workspace import REPOSITORY
from tests.integration.mdm.conftest import MasterData

MODELS = REPOSITORY / "include" / "sql"
SOURCES = ("erp", "crm", "legacy_crm", "nobody")
CODES = ("91310000600037341N", "91440300708461136T", "not a code", None)


def _record(random: random.Random, key: int) -> dict[str, Any]:
    made = random.choice([None, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=random.randrange(3))])
    row: dict[str, Any] = {
        "source": random.choice(SOURCES),
        "source_key": str(key),
        "customer_key": str(key),
        "name": random.choice(["甲公司", "乙公司", None]),
        "credit_code": random.choice(CODES),
        "region_code": random.choice(["CN-SH", "CN-BJ", None]),
        "owner_username": random.choice(["li.na", "wang.wei", None]),
        "phone": random.choice(["+8613800138000", "+862150504740", None]),
        "phone_kind": random.choice(["placeholder", "mobile", None]),
        "created_at": made,
    }
    filled = random.choice([None, ["region_code"], ["name", "credit_code"]])
    if filled:
        row["completed"] = json.dumps({name: {"rule": "r", "from": "x", "key": "1"} for name in filled if row[name]})
    return row


def _candidate(master: MasterData, rule: Survivorship, name: str, row: dict[str, Any]) -> Candidate:
    field = rule.fields[name]
    ranks = {source: each.trust for source, each in master.context.workspace.sources.items()} | field.trust
    valid = {
        None: True,
        rule.fields["credit_code"].valid: row["credit_code"] is not None and " " not in row["credit_code"],
        rule.fields["phone"].valid: row["phone_kind"] != "placeholder",
        rule.fields["address"].valid: row.get("division_code") is not None,
    }[field.valid]
    return Candidate(
        source=row["source"],
        source_key=row["source_key"],
        value=row.get(field.column),
        is_given=field.column not in json.loads(row.get("completed") or "{}"),
        is_valid=valid,
        trust=ranks.get(row["source"], 9),
        dated=row["created_at"],
        filled=sum(row.get(column) is not None for column in {each.column for each in rule.fields.values()}),
    )


@pytest.mark.parametrize("seed", range(3))
def test_sql_chooses_like_the_pure_function(master: MasterData, seed: int) -> None:
    source = random.Random(seed)
    rule = load_survivorship(master.context.workspace.models_folder, "customer")
    rows = [_record(source, number) for number in range(300)]
    golden = {row["source_key"]: f"C{source.randrange(90)}" for row in rows}
    pins = {("C1", "customer_name"): "丙公司", ("C2", "phone"): None, ("C3", "region_code"): "CN-GD"}
    context = master.context
    master.create_tables([context.graph["core_customer_source"]], context)
    master.insert("staging.stg_customer", rows)
    master.insert(
        "core.core_customer_source",
        [
            {"source": row["source"], "source_key": row["source_key"], "customer_key": golden[row["source_key"]]}
            for row in rows
        ],
    )
    master.insert(
        "mdm.golden_pin",
        [
            {"entity": "customer", "golden_id": key, "field": field, "value": value, "decision_id": 1}
            for (key, field), value in pins.items()
        ],
    )
    master.build("core_customer", "core_customer_value")

    expected = {}
    for key in set(golden.values()):
        members = [row for row in rows if golden[row["source_key"]] == key]
        for name in rule.fields:
            pinned = [pins[key, name]] if (key, name) in pins else []
            candidates = [_candidate(master, rule, name, row) for row in members]
            found = survive(candidates, rule.preferred(name), pinned)
            if found.reason:
                expected[key, name] = (found.value, found.source, found.source_key, found.reason)
    asked = "select customer_key, column_name, value, source, source_key, reason from core.core_customer_value"
    assert {(key, name): tuple(rest) for key, name, *rest in master.query(asked)} == expected


@pytest.mark.parametrize("entity", ["customer", "contact"])
def test_every_field_is_shown_in_the_history(entity: str) -> None:
    history = load_contract(MODELS / "core" / f"core_{entity}_history.yml")
    fields = set(load_survivorship(MODELS, entity).fields)
    assert set(history.columns) - {f"{entity}_key", "valid_from", "valid_to"} == fields


def test_every_field_is_shown_by_rows() -> None:
    fields = load_survivorship(MODELS, "customer").fields
    values = (MODELS / "core" / "core_customer_value.sql").read_text(encoding="utf-8")
    assert [name for name in fields if f"('{name}', customer.{name})" not in values] == []
