"""From tickets, calls, shipments, invoices and page views to the timeline: only what changed gives the same as all."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.runner import BuildContext
from tests.sql.changing_tables import ChangingTables, build_in_part_then_in_full
from tests.sql.database import Warehouse, context_of

BEGIN = datetime.fromisoformat("2026-01-01T00:00+08:00")
CUSTOMERS = [f"C{number}" for number in range(6)]
REGIONS = ["CN-SH", "CN-GD", None]
# In the order of building.
MODELS = (
    "core_exchange_rate",
    "core_shipment",
    "core_invoice",
    "core_ticket",
    "core_interaction",
    "core_page_view",
    "core_web_visitor",
    "core_web_session",
    "core_material_view",
    "core_lead_customer",
    "core_lead",
    "core_attachment",
    "core_customer_stage",
    "mart_lead",
    "mart_service_month",
    "mart_customer_timeline",
    "core_customer_profile",
    "mart_segment_member",
    "mart_customer",
    "mart_customer_group",
)

# No customer of these rounds enters or leaves a segment.
EXERCISED = {*MODELS} - {"mart_segment_member"}


class Service(ChangingTables):
    """What the models read of tickets, calls, shipments, invoices, page views and leads."""

    def change(self, random: Random, *, master_data: bool) -> None:
        """A few rows of each table come, change or go; customers and rates, which all rows hang on, now and then."""
        self.write("core_order", [self._order(random) for _time in range(random.randint(0, 3))])
        self.write("stg_shipment", [self._shipment(random) for _time in range(random.randint(0, 3))])
        self.write("stg_invoice", [self._invoice(random) for _time in range(random.randint(0, 3))])
        self.write("stg_ticket", [self._ticket(random) for _time in range(random.randint(1, 3))])
        self.write("stg_ticket_event", [self._event(random) for _time in range(random.randint(0, 4))])
        self.write("stg_interaction", [self._interaction(random) for _time in range(random.randint(0, 3))])
        self.write("stg_page_view", [self._page_view(random) for _time in range(random.randint(2, 9))])
        self.write("stg_lead", [self._lead(random) for _time in range(random.randint(0, 2))])
        if master_data:
            self.write("core_customer", [customer(random.choice(CUSTOMERS), random)])
            self.write("stg_exchange_rate", [self._rate(random)])

    def _order(self, random: Random) -> dict[str, Any]:
        key, moment, amount = random.randint(1, 25), self._moment(random), random.randint(1, 10) ** 6
        return {
            "order_key": f"erp:{key}",
            "source": "erp",
            "source_order_key": str(key),
            # One number in ten belongs to another order as well.
            "order_number": f"SO{key if random.random() < 0.9 else 1}",
            "customer_key": random.choice(CUSTOMERS),
            "region_code": random.choice(REGIONS),
            "ordered_at": moment,
            "ordered_date": moment.date(),
            "ordered_month": moment.date().replace(day=1),
            "status": "delivered",
            "is_cancellation": random.random() < 0.1,
            "currency": "CNY",
            "line_count": 1,
            "document_amount": amount,
            "exchange_rate": 1,
            "amount": amount,
            "net_amount": amount,
        }

    def _shipment(self, random: Random) -> dict[str, Any]:
        key, shipped = str(random.randint(1, 30)), self._moment(random)
        return {
            "source": "scm",
            "source_key": key,
            "shipment_key": key,
            "order_source": "erp",
            "order_number": f"SO{random.randint(1, 28)}",
            "status": "signed",
            "planned_date": shipped.date(),
            "shipped_at": shipped,
            "signed_at": random.choice([None, shipped + timedelta(hours=30)]),
            "freight_amount": random.randint(1, 99),
        }

    def _invoice(self, random: Random) -> dict[str, Any]:
        key = str(random.randint(1, 30))
        order, amount = random.choice([None, str(random.randint(1, 28))]), random.randint(-5, 20) * 100
        return {
            "source": "erp",
            "source_key": key,
            "invoice_key": key,
            "invoice_number": f"I{key}",
            "order_key": order,
            "order_or_invoice_key": order or f"invoice {key}",
            "customer_key": str(random.randint(0, len(CUSTOMERS))),
            "kind": "special",
            "state": "red" if amount < 0 else "issued",
            "amount": amount,
            "net_amount": amount,
            "tax_amount": 0,
            "currency": random.choice(["CNY", "USD"]),
            "issued_on": self._moment(random).date(),
        }

    def _ticket(self, random: Random) -> dict[str, Any]:
        key, opened = str(random.randint(1, 30)), self._moment(random)
        return {
            "source": "service_desk",
            "source_key": key,
            "ticket_key": key,
            "customer_source": "erp",
            "customer_key": str(random.randint(0, len(CUSTOMERS))),
            "product_code": random.choice(["P1", "P9", None]),
            "subject": "报警",
            "priority": random.choice(["P1", "P3", None]),
            "status": random.choice(["open", "solved"]),
            "opened_at": opened,
            "first_reply_at": opened + timedelta(minutes=random.randint(1, 99)),
            "solved_at": random.choice([None, opened + timedelta(hours=random.randint(1, 99))]),
        }

    def _event(self, random: Random) -> dict[str, Any]:
        return {
            "source": "service_desk",
            "source_key": str(random.randint(1, 60)),
            "ticket_key": str(random.randint(1, 32)),
            "kind": random.choice(["reply", "solved", "satisfaction"]),
            "occurred_at": self._moment(random),
            "minutes": random.choice([None, 5]),
            "satisfaction_score": random.choice([None, 1, 5]),
        }

    def _interaction(self, random: Random) -> dict[str, Any]:
        key, order = str(random.randint(1, 30)), random.choice([None, f"SO{random.randint(1, 28)}"])
        return {
            "source": "call_centre",
            "source_key": key,
            "link_key": order or f"call_centre {key}",
            "interaction_key": key,
            "kind": "call",
            "direction": random.choice(["inbound", "outbound"]),
            "phone": f"+86139000000{random.randint(0, 7):02}",
            "order_number": order,
            "occurred_at": self._moment(random),
            "minutes": random.randint(1, 30),
        }

    def _page_view(self, random: Random) -> dict[str, Any]:
        return {
            "source": "web_log",
            "source_key": f"access.log:{random.randint(1, 200)}",
            "site": "website",
            "visitor": f"v{random.randint(1, 12)}",
            "username": random.choice([None, None, f"u{random.randint(1, 7)}"]),
            # Within some hours, so that views join and part visits.
            "visited_at": BEGIN + timedelta(minutes=random.randint(0, 600)),
            "event": "page_view",
            "path": random.choice(["/", "/products/p1", "/downloads/p1.pdf", "/products/p2"]),
            "utm_source": random.choice([None, "baidu"]),
        }

    def _lead(self, random: Random) -> dict[str, Any]:
        key = str(random.randint(1, 25))
        return {
            "source": "crm",
            "source_key": key,
            "lead_key": key,
            "phone": f"+86139000000{random.randint(0, 7):02}",
            "region_code": random.choice(REGIONS),
            "lead_source": random.choice(["baidu", None]),
            "created_at": self._moment(random),
            "status": random.choice(["new", "qualified"]),
        }

    @staticmethod
    def _rate(random: Random) -> dict[str, Any]:
        month = random.randint(1, 4)
        return {
            "source": "manual",
            "source_key": f"USD {month}",
            "currency": "USD",
            "valid_from": date(2026, month, 1),
            "rate": random.randint(680, 740) / 100,
        }

    @staticmethod
    def _moment(random: Random) -> datetime:
        return BEGIN + timedelta(minutes=random.randint(0, 150 * 24 * 60))


def customer(key: str, random: Random) -> dict[str, Any]:
    """With a telephone that two of them share."""
    phone = f"+86139000000{min(int(key[1:]), 4):02}"
    return {
        "customer_key": key,
        "customer_name": f"{key} {random.randint(0, 99)}",
        "phone": phone,
        "region_code": random.choice(REGIONS),
        "created_at": BEGIN,
    }


@pytest.fixture
def context(warehouse: Warehouse, huaxing: Workspace) -> BuildContext:
    """With customers whose records of the ERP are numbered from 0, and their accounts of the web site."""
    context = context_of(huaxing, datetime.fromisoformat("2026-06-10T10:00+08:00"))
    for name in MODELS:
        warehouse.create_tables([*context.graph.upstream(context.graph[name]), context.graph[name]], context)
    random = Random(1)
    groups = [
        {"customer_key": key, "group_customer_key": group} for key, group in (("C1", "C0"), ("C2", "C0"), ("C4", "C3"))
    ]
    warehouse.insert("core.core_customer_hierarchy", groups)
    warehouse.insert("core.core_customer", [customer(key, random) for key in CUSTOMERS])
    records = [
        {"source": "erp", "source_key": str(number), "source_customer_key": str(number), "customer_key": key}
        for number, key in enumerate(CUSTOMERS)
    ]
    warehouse.insert("core.core_customer_source", records)
    # A seventh name that people log in with is nobody's account.
    accounts = [
        {"source": "erp", "source_key": f"u{n}", "username": f"u{n}", "customer_key": str(n - 1)} for n in range(1, 7)
    ]
    warehouse.insert("staging.stg_web_account", accounts)
    return context


@pytest.mark.parametrize("rounds", [12, pytest.param(100, marks=pytest.mark.full)])
def test_incremental_equals_full(warehouse: Warehouse, context: BuildContext, rounds: int) -> None:
    service, random = Service(warehouse, context), Random(7)
    for _time in range(12):
        service.change(random, master_data=True)
    models = [context.graph[name] for name in MODELS]
    incremental: set[str] = set()
    for number in range(rounds):
        incremental |= build_in_part_then_in_full(warehouse, models, context)
        counted = warehouse.query("select sum(ticket_count) from marts.mart_service_month")
        assert counted == warehouse.query("select count(*) from core.core_ticket")
        service.change(random, master_data=number % 4 == 3)
    # What was never built from changes alone would prove nothing.
    assert incremental == {model.name for model in models if model.contract.incremental} & EXERCISED
