"""The examples that stand in health/opportunity.yml: an opportunity with these measures gets this score."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from cockpit.rulebook.health import Example, Measure, load_health
from cockpit.rulebook.workspace import REPOSITORY, Workspace
from cockpit.warehouse.runner import build
from tests.sql.database import Warehouse, context_of

AS_OF = datetime.fromisoformat("2026-03-05T10:00+08:00")
TYPICAL_DAYS = 10
EXAMPLES = load_health(REPOSITORY / "include" / "rules" / "health").examples


def rows(number: int, measures: Mapping[Measure, float]) -> dict[str, dict[str, Any]]:
    """Rows of core in which an opportunity has these measures; the contact's date carries the next step."""
    today, key = AS_OF.date(), f"crm:{number}"
    ratio = measures.get("stage_dwell_ratio")
    entered = AS_OF - timedelta(days=(ratio or 0) * TYPICAL_DAYS)
    contacted = AS_OF - timedelta(days=measures["days_since_activity"])
    overdue = measures.get("days_overdue")
    budget_ratio = measures.get("amount_to_budget_ratio")
    stage = "proposal" if ratio is not None else "contact"
    return {
        "core.core_opportunity": {
            "opportunity_key": key,
            "region_code": "CN-SH",
            "outcome": "open",
            "stage": stage,
            "amount": 1000 * (budget_ratio or 1),
            "budget_amount": None if budget_ratio is None else 1000,
            "competitor": ",".join(["Northwind"] * int(measures["competitor_count"])) or None,
            "expected_close_date": None if overdue is None else today - timedelta(days=overdue),
            "created_date": today - timedelta(days=100),
        },
        "core.core_opportunity_stage": {
            "opportunity_key": key,
            "entry_number": 1,
            "stage": stage,
            "entered_at": entered,
        },
        "core.core_activity": {
            "activity_key": key,
            "opportunity_key": key,
            "started_at": contacted,
            "started_date": contacted.date(),
            "next_step": None if measures["next_step_missing"] else "报价",
        },
    }


def test_the_examples_in_the_file_come_out(warehouse: Warehouse, huaxing: Workspace) -> None:
    assert EXAMPLES
    context = context_of(huaxing, AS_OF)
    model = context.graph["mart_opportunity"]
    warehouse.create_tables(context.graph.upstream(model), context)
    # What is typical is known of this stage alone.
    dwell = {"stage": "proposal", "stay_count": 1000, "typical_days": TYPICAL_DAYS}
    warehouse.insert("core.core_stage_dwell", [dwell])
    for number, example in enumerate(EXAMPLES):
        for table, row in rows(number, example.measures).items():
            warehouse.insert(table, [row])

    build(warehouse.connection, model, context)

    found = warehouse.query(
        "select health_score, health_grade, health_reasons from marts.mart_opportunity order by opportunity_key"
    )
    assert [_shown(*row) for row in found] == [_expected(example) for example in EXAMPLES]


def _shown(score: Any, grade: str, reasons: list[dict[str, Any]]) -> tuple[float, str, set[str]]:
    assert 100 + sum(reason["points"] for reason in reasons) == pytest.approx(float(score))
    return float(score), grade, {reason["code"] for reason in reasons}


def _expected(example: Example) -> tuple[float, str, set[str]]:
    return example.score, example.grade, set(example.codes)
