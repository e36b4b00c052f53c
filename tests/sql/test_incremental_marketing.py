"""From leads, visits and opportunities to what channels are credited with: only what changed gives the same as all."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.runner import BuildContext
from tests.sql.changing_tables import ChangingTables, build_in_part_then_in_full
from tests.sql.database import Warehouse, context_of

BEGIN = datetime.fromisoformat("2026-01-01T00:00+08:00")
CUSTOMERS = [f"C{number}" for number in range(6)]
CHANNELS = ["baidu", "douyin", "website", "trade_fair"]
# In the order of building.
MODELS = (
    "core_channel",
    "core_marketing_cost",
    "core_lead_customer",
    "core_lead",
    "core_touch",
    "core_campaign",
    "core_opportunity_lead",
    "core_opportunity_touch",
    "core_attribution",
    "mart_attribution",
    "mart_channel_month",
    "mart_campaign",
)


class Marketing(ChangingTables):
    """What the models read of leads, visits, calls, opportunities and cost."""

    def change(self, random: Random) -> None:
        """A few rows of each table come, change or go."""
        self.write("stg_lead", [self._lead(random) for _time in range(random.randint(1, 4))])
        self.write("core_web_session", [self._visit(random) for _time in range(random.randint(0, 3))])
        self.write("core_interaction", [self._call(random) for _time in range(random.randint(0, 2))])
        self.write("core_opportunity", [self._opportunity(random) for _time in range(random.randint(1, 4))])
        self.write("stg_marketing_cost", [self._cost(random) for _time in range(random.randint(0, 2))])

    def _lead(self, random: Random) -> dict[str, Any]:
        key = str(random.randint(1, 40))
        return {
            "source": "crm",
            "source_key": key,
            "lead_key": key,
            "phone": None if random.random() < 0.2 else f"+86139000000{random.randint(0, 7):02}",
            "lead_source": random.choice([*CHANNELS, None]),
            "campaign": random.choice(["spring", "", None]),
            "created_at": self._moment(random),
            "status": random.choice(["new", "qualified", "invalid"]),
        }

    def _visit(self, random: Random) -> dict[str, Any]:
        moment = self._moment(random)
        return {
            "session_key": f"s{random.randint(1, 30)}",
            "source": "web_log",
            "visitor": "v",
            "customer_key": random.choice([*CUSTOMERS, None]),
            "started_at": moment,
            "started_date": moment.date(),
            "channel_code": random.choice([*CHANNELS, "direct"]),
            "utm_campaign": random.choice(["spring", None]),
        }

    def _call(self, random: Random) -> dict[str, Any]:
        key = str(random.randint(1, 20))
        return {
            "interaction_key": f"call_centre:{key}",
            "source": "call_centre",
            "source_interaction_key": key,
            "kind": "call",
            "topic": random.choice(["报价", "投诉"]),
            "customer_key": random.choice(CUSTOMERS),
            "occurred_at": self._moment(random),
            "is_from_customer": random.random() < 0.8,
        }

    def _opportunity(self, random: Random) -> dict[str, Any]:
        key, created, outcome = (
            random.randint(1, 25),
            self._moment(random),
            random.choice(["open", "won", "won", "lost"]),
        )
        closed = None if outcome == "open" else created + timedelta(days=random.randint(0, 60))
        return {
            "opportunity_key": f"crm:{key}",
            "source": "crm",
            "source_opportunity_key": str(key),
            "customer_key": random.choice([*CUSTOMERS, None]),
            "outcome": outcome,
            "amount": random.choice([None, random.randint(1, 10**7) / 100]),
            "created_at": created,
            "closed_at": closed,
            "closed_month": closed.date().replace(day=1) if closed else None,
        }

    def _cost(self, random: Random) -> dict[str, Any]:
        day = self._moment(random).date()
        return {
            "source": "ads",
            "source_key": str(day),
            "platform_code": "baidu",
            "campaign": "spring",
            "cost_date": day,
            "amount": random.randint(1, 1000),
            "currency": "CNY",
            "clicks": 1,
            "impressions": 2,
        }

    @staticmethod
    def _moment(random: Random) -> datetime:
        return BEGIN + timedelta(minutes=random.randint(0, 150 * 24 * 60))


@pytest.fixture
def context(warehouse: Warehouse, huaxing: Workspace) -> BuildContext:
    """With customers who are known by their telephone, and one whose telephone another one has too."""
    context = context_of(huaxing, datetime.fromisoformat("2026-06-10T10:00+08:00"))
    for name in MODELS:
        warehouse.create_tables(context.graph.upstream(context.graph[name]), context)
    phones = [f"+86139000000{min(number, 4):02}" for number in range(len(CUSTOMERS))]
    warehouse.insert(
        "core.core_customer",
        [{"customer_key": key, "phone": phone} for key, phone in zip(CUSTOMERS, phones, strict=True)],
    )
    rate = {"currency": "CNY", "valid_from": "0001-01-01", "rate": 1}
    warehouse.insert("core.core_exchange_rate", [rate])
    return context


@pytest.mark.parametrize("rounds", [12, pytest.param(100, marks=pytest.mark.full)])
def test_incremental_equals_full(warehouse: Warehouse, context: BuildContext, rounds: int) -> None:
    marketing, random = Marketing(warehouse, context), Random(7)
    for _time in range(8):
        marketing.change(random)
    models = [context.graph[name] for name in MODELS]
    incremental: set[str] = set()
    for _round in range(rounds):
        incremental |= build_in_part_then_in_full(warehouse, models, context)
        won = warehouse.query(
            "select closed_month, count(*), sum(coalesce(amount, 0)) from core.core_opportunity"
            " where outcome = 'won' group by closed_month order by closed_month"
        )
        for rules in context.workspace.attribution.models.models if context.workspace.attribution else ():
            credited = warehouse.query(
                "select conversion_month, sum(credited_count), sum(credited_amount) from marts.mart_attribution"
                " where model = %s group by conversion_month order by conversion_month",
                [rules.id],
            )
            assert credited == won, rules.id
        marketing.change(random)
    # What was never built from changes alone would prove nothing.
    assert incremental == {model.name for model in models if model.contract.incremental}
