"""Which generated columns go into which tables of the ERP and of schema truth."""

from __future__ import annotations

from cockpit.demo.bulk_copy import CopyColumn, cents, day, e4, milli, moment, nullable_id, text, whole

UPDATED_AT = CopyColumn("updated_at", moment)

ERP_TABLES: dict[str, tuple[CopyColumn, ...]] = {
    "region": (
        CopyColumn("region_code", text),
        CopyColumn("name_en", text),
        CopyColumn("name_zh", text),
        CopyColumn("sales_region_code", text),
        UPDATED_AT,
    ),
    "customer": (
        CopyColumn("customer_id", whole),
        CopyColumn("name", text),
        CopyColumn("credit_code", text),
        CopyColumn("phone", text),
        CopyColumn("region_code", text),
        CopyColumn("industry", text),
        CopyColumn("owner_username", text),
        CopyColumn("created_at", moment),
        UPDATED_AT,
    ),
    "product": (
        CopyColumn("product_id", whole),
        CopyColumn("product_code", text),
        CopyColumn("name_en", text),
        CopyColumn("name_zh", text),
        CopyColumn("category", text),
        CopyColumn("list_price", cents, "list_price_cents"),
        UPDATED_AT,
    ),
    "sales_order": (
        CopyColumn("order_id", whole),
        CopyColumn("order_number", text),
        CopyColumn("customer_id", whole),
        CopyColumn("region_code", text),
        CopyColumn("ordered_at", moment),
        CopyColumn("status", text),
        CopyColumn("currency", text),
        UPDATED_AT,
    ),
    "sales_order_line": (
        CopyColumn("order_id", whole),
        CopyColumn("line_number", whole),
        CopyColumn("product_id", whole),
        CopyColumn("quantity", milli, "quantity_milli"),
        CopyColumn("unit_price", e4, "unit_price_e4"),
        CopyColumn("amount", cents, "amount_cents"),
        UPDATED_AT,
    ),
    "receipt": (
        CopyColumn("receipt_id", whole),
        CopyColumn("receipt_number", text),
        CopyColumn("customer_id", whole),
        CopyColumn("order_id", nullable_id),
        CopyColumn("region_code", text),
        CopyColumn("received_at", moment),
        CopyColumn("amount", cents, "amount_cents"),
        CopyColumn("currency", text),
        UPDATED_AT,
    ),
    "region_target": (
        CopyColumn("region_code", text),
        CopyColumn("month", day),
        CopyColumn("kind", text),
        CopyColumn("amount", cents, "amount_cents"),
        UPDATED_AT,
    ),
}

_MARKED = (CopyColumn("kind", text), CopyColumn("entity", text), CopyColumn("key", text))

TRUTH_TABLES: dict[str, tuple[CopyColumn, ...]] = {
    "customer_cluster": (
        CopyColumn("customer_id", whole),
        CopyColumn("true_customer_id", whole),
        CopyColumn("variant", text),
    ),
    "anomaly": _MARKED,
    "boundary_case": _MARKED,
    "cause": (
        CopyColumn("kind", text),
        CopyColumn("description_en", text),
        CopyColumn("description_zh", text),
        CopyColumn("region_code", text),
        CopyColumn("month", day),
    ),
    "region_month": (
        CopyColumn("region_code", text),
        CopyColumn("month", day),
        CopyColumn("received_amount", cents, "received_cents"),
        CopyColumn("ordered_amount", cents, "ordered_cents"),
        CopyColumn("target_amount", cents, "target_cents"),
    ),
    "expected": (CopyColumn("figure", text), CopyColumn("value", text)),
}
