"""The company's own core with a few rows, as if it had just been built; marts are built from it by their own SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.warehouse.runner import BuildContext
from tests.sql.database import Warehouse

ROWS: Mapping[str, Mapping[str, Any]] = {
    "core.core_receipt": {
        "receipt_key": "erp:1", "source": "erp", "source_receipt_key": "1", "region_code": "CN-SH", "amount": 100,
        "received_at": "2026-03-02", "received_date": "2026-03-02", "received_month": "2026-03-01", "currency": "CNY",
    },
    "core.core_lead": {
        "lead_key": "crm:1", "source": "crm", "source_lead_key": "1", "region_code": "CN-SH",
        "created_at": "2026-03-02", "created_date": "2026-03-02", "phone": "13800138000",
    },
    "core.core_order": {
        "order_key": "erp:7", "source": "erp", "source_order_key": "7", "region_code": "CN-SH",
        "ordered_at": "2026-03-02", "ordered_date": "2026-03-02", "ordered_month": "2026-03-01", "status": "open",
        "is_cancellation": False, "currency": "CNY", "line_count": 1, "amount": 50, "net_amount": 50,
    },
    "core.core_order_line": {
        "order_line_key": "erp:7-1", "source": "erp", "source_order_key": "7", "order_key": "erp:7",
        "product_category": "pumps", "region_code": "CN-SH", "ordered_date": "2026-03-02",
        "ordered_month": "2026-03-01", "is_cancelled": False, "quantity": 1, "unit_price": 50, "amount": 50,
        "net_amount": 50,
    },
    "core.core_target": {"region_code": "CN-SH", "month": "2026-03-01", "kind": "receipt", "amount": 1000},
    "core.core_region": {"region_code": "CN-SH", "region_name_en": "Shanghai", "region_name_zh": "上海"},
    "core.core_calendar": {
        "calendar_date": "2026-03-02", "month": "2026-03-01", "is_working_day": True, "working_day_of_month": 1,
        "working_days_in_month": 22,
    },
}  # fmt: skip


def fill_core(warehouse: Warehouse, context: BuildContext) -> None:
    """All tables of core, some with one row."""
    warehouse.create_tables(context.graph.layer("core"), context)
    for table, row in ROWS.items():
        warehouse.insert(table, [row])
