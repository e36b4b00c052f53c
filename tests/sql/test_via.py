"""A table that says how documents are counted leads to the months of the documents that name what changed."""

from __future__ import annotations

from datetime import datetime

from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.builds import Build, note_changed_rows
from cockpit.warehouse.runner import BuildContext, build
from tests.sql.database import Warehouse, context_of

MODEL, SHARES = "core_money_month", "core.core_order_category"
RECEIVED = "select month, product_line, amount from core.core_money_month where kind = 'received' order by 1, 2"


def built(warehouse: Warehouse, context: BuildContext, *, full: bool = False) -> Build:
    return build(warehouse.connection, context.graph[MODEL], context, full=full)


def test_months_of_an_orders_documents_are_computed_again(warehouse: Warehouse, huaxing: Workspace) -> None:
    context = context_of(huaxing, datetime.fromisoformat("2026-03-20T10:00+08:00"))
    warehouse.create_tables(context.graph.upstream(context.graph[MODEL]), context)
    for category, line in (("flow", "flow_meters"), ("level", "level_meters")):
        values = {"product_category": category, "product_line": line, "business_unit_code": "PI"}
        warehouse.insert("core.core_product_category", [values])
    for order, month in (("o1", "2026-01-01"), ("o2", "2026-02-01")):
        receipt = {"order_key": order, "received_month": month, "region_code": "CN-SH", "amount": 100}
        warehouse.insert("core.core_receipt_allocation", [{"allocation_key": order, **receipt}])
        share = {"order_key": order, "product_category": "flow", "share_from": 0, "share_to": 1}
        warehouse.insert(SHARES, [share])
    with warehouse.connection, warehouse.connection.cursor() as cursor:
        note_changed_rows(cursor, SHARES, ["o1", "o2"], "test", context.as_of, column="order_key")
    built(warehouse, context)
    assert [(line, amount) for _month, line, amount in warehouse.query(RECEIVED)] == [("flow_meters", 100)] * 2

    warehouse.execute(f"update {SHARES} set share_to = 0.25 where order_key = 'o1'")
    warehouse.insert(SHARES, [{"order_key": "o1", "product_category": "level", "share_from": 0.25, "share_to": 1}])
    # What nobody noted is not looked at: only months of the orders that are named are computed again.
    warehouse.execute(f"update {SHARES} set product_category = 'level' where order_key = 'o2'")
    with warehouse.connection, warehouse.connection.cursor() as cursor:
        note_changed_rows(cursor, SHARES, ["o1"], "test", context.as_of, column="order_key")
    second = built(warehouse, context)
    assert (second.kind, second.reason) == ("incremental", "keys")
    assert [(str(month), line, amount) for month, line, amount in warehouse.query(RECEIVED)] == [
        ("2026-01-01", "flow_meters", 25),
        ("2026-01-01", "level_meters", 75),
        ("2026-02-01", "flow_meters", 100),
    ]
    assert built(warehouse, context, full=True).changed == 2
