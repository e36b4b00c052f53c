"""The examples of include/rules/lifecycle.yml: on which day a customer is in which stage of life, and what it is worth."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.runner import build
from tests.sql.database import Warehouse, context_of


def test_examples_come_out(warehouse: Warehouse, huaxing: Workspace) -> None:
    assert huaxing.customers
    examples = huaxing.customers.lifecycle.examples
    assert {example.stage for example in examples} == set(huaxing.customers.lifecycle.stages)
    context = context_of(huaxing, datetime.fromisoformat("2026-03-05T10:00:00+08:00"))
    model = context.graph["core_customer_stage"]
    warehouse.create_tables(context.graph.upstream(model), context)
    for number, example in enumerate(examples):
        warehouse.insert("core.core_customer", [{"customer_key": f"{number}"}])
        orders = [
            {
                "order_key": f"{number}:{day}",
                "customer_key": f"{number}",
                "ordered_date": day,
                "net_amount": 1,
                "is_cancellation": False,
            }
            for day in example.orders
        ]
        warehouse.insert("core.core_order", orders)

    build(warehouse.connection, model, context)

    for number, example in enumerate(examples):
        found = warehouse.query(
            "select stage from core.core_customer_stage"
            " where customer_key = %s and valid_from <= %s and coalesce(valid_to > %s, true)",
            (f"{number}", example.day, example.day),
        )
        assert found == [(example.stage,)], example


def test_lifetime_values_come_out(warehouse: Warehouse, huaxing: Workspace) -> None:
    assert huaxing.customers
    examples = huaxing.customers.lifecycle.lifetime_value_examples
    context = context_of(huaxing, datetime.fromisoformat("2026-03-05T10:00:00+08:00"))
    model = context.graph["core_customer_profile"]
    warehouse.create_tables(context.graph.upstream(model), context)
    for number, example in enumerate(examples):
        key = {"customer_key": f"{number}"}
        day = {"ordered_date": "2026-03-05", "is_cancellation": False}
        warehouse.insert("core.core_customer", [key])
        warehouse.insert("core.core_customer_stage", [{**key, "valid_from": "2026-03-05", "stage": example.stage}])
        warehouse.insert(
            "core.core_order", [{**key, **day, "order_key": f"{number}", "net_amount": example.ordered_amount}]
        )
        warehouse.insert(
            "core.core_service_cost", [{**key, "service_cost_key": f"{number}", "amount": example.service_cost}]
        )

    build(warehouse.connection, model, context)

    found = warehouse.query(
        "select lifetime_value from core.core_customer_profile order by cast(customer_key as integer)"
    )
    assert [value for (value,) in found] == [example.lifetime_value for example in examples]
    assert Decimal(64000) in {example.lifetime_value for example in examples}
