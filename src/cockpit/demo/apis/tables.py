"""Which generated columns go into which tables behind the web APIs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.demo.bulk_copy import CopyColumn, cents, day, moment, nullable_id, text, whole

_NULL = r"\N"


def moment_or_none(values: pd.Series, offset: str) -> list[str]:
    """Local time with the zone's offset; not-a-time as null."""
    times = values.to_numpy()
    written = np.datetime_as_string(times.astype("datetime64[s]"), unit="s").tolist()
    return [_NULL if none else value + offset for value, none in zip(written, np.isnat(times).tolist(), strict=True)]


CHANGED_AT = CopyColumn("changed_at", moment)

TABLES: dict[str, tuple[CopyColumn, ...]] = {
    "party": (
        CopyColumn("customer_id", whole),
        CopyColumn("name", text),
        CopyColumn("phone", text),
        CopyColumn("owner_username", text),
    ),
    "scm_shipment": (
        CopyColumn("shipment_id", whole),
        CopyColumn("order_number", text),
        CopyColumn("customer_id", whole),
        CopyColumn("part", whole),
        CopyColumn("warehouse_code", text),
        CopyColumn("carrier", text),
        CopyColumn("tracking_number", whole),
        CopyColumn("status", text),
        CopyColumn("weight_grams", whole),
        CopyColumn("freight", cents, "freight_cents"),
        CopyColumn("planned_on", day),
        CopyColumn("shipped_at", moment_or_none),
        CopyColumn("signed_at", moment_or_none),
        CHANGED_AT,
    ),
    "scm_stock": (
        CopyColumn("stock_id", whole),
        CopyColumn("warehouse_code", text),
        CopyColumn("product_code", text),
        CopyColumn("on_hand", whole),
        CopyColumn("reserved", whole),
        CHANGED_AT,
    ),
    "scm_material": (
        CopyColumn("material_id", whole),
        CopyColumn("material_number", text),
        CopyColumn("name", text),
        CopyColumn("name_en", text),
        CopyColumn("specification", text),
        CopyColumn("unit", text),
        CHANGED_AT,
    ),
    "wecom_contact": (
        CopyColumn("contact_id", whole),
        CopyColumn("customer_id", nullable_id),
        CopyColumn("name", text),
        CopyColumn("gender", whole),
        CopyColumn("mobile", text),
        CopyColumn("position_text", text),
        CopyColumn("add_way", text),
        CopyColumn("tags", text),
        CopyColumn("owner_username", text),
        CopyColumn("created_at", moment),
        CHANGED_AT,
    ),
    "wecom_chat": (
        CopyColumn("chat_id", whole),
        CopyColumn("contact_id", whole),
        CopyColumn("owner_username", text),
        CopyColumn("received_count", whole),
        CopyColumn("sent_count", whole),
        CopyColumn("first_reply_seconds", whole),
        CopyColumn("last_message_at", moment),
        CHANGED_AT,
    ),
    "feed_post": (
        CopyColumn("post_id", whole),
        CopyColumn("platform", text),
        CopyColumn("author", text),
        CopyColumn("body", text),
        CopyColumn("like_count", whole),
        CopyColumn("published_at", moment),
        CHANGED_AT,
    ),
    "feed_note": (
        CopyColumn("note_id", whole),
        CopyColumn("publisher", text),
        CopyColumn("title", text),
        CopyColumn("industry", text),
        CopyColumn("published_on", day),
        CHANGED_AT,
    ),
    "desk_ticket": (
        CopyColumn("ticket_id", whole),
        CopyColumn("customer_id", whole),
        CopyColumn("number_style", text),
        CopyColumn("contact_name", text),
        CopyColumn("subject", text),
        CopyColumn("product_code", text),
        CopyColumn("priority", text),
        CopyColumn("channel", text),
        CopyColumn("agent", text),
        CopyColumn("opened_at", moment),
        CopyColumn("first_reply_at", moment_or_none),
        CopyColumn("solved_at", moment_or_none),
        CHANGED_AT,
    ),
    "desk_event": (
        CopyColumn("event_id", whole),
        CopyColumn("ticket_id", whole),
        CopyColumn("kind", text),
        CopyColumn("author", text),
        CopyColumn("minutes", nullable_id),
        CopyColumn("score", nullable_id),
        CopyColumn("happened_at", moment),
        CHANGED_AT,
    ),
    "shop_member": (
        CopyColumn("member_id", whole),
        CopyColumn("name", text),
        CopyColumn("gender", whole),
        CopyColumn("birth_date", day),
        CopyColumn("mobile", text),
        CopyColumn("city", text),
        CopyColumn("registered_at", moment),
        CHANGED_AT,
    ),
    "shop_order": (
        CopyColumn("order_id", whole),
        CopyColumn("member_id", whole),
        CopyColumn("channel", text),
        CopyColumn("status", text),
        CopyColumn("payment", cents, "payment_cents"),
        CopyColumn("placed_at", moment),
        CopyColumn("paid_at", moment_or_none),
        CHANGED_AT,
    ),
    "shop_order_line": (
        CopyColumn("order_id", whole),
        CopyColumn("line_number", whole),
        CopyColumn("product_code", text),
        CopyColumn("title", text),
        CopyColumn("quantity", whole),
        CopyColumn("price", cents, "price_cents"),
    ),
    "shop_slip": (
        CopyColumn("slip_id", whole),
        CopyColumn("store_code", text),
        CopyColumn("member_id", nullable_id),
        CopyColumn("amount", cents, "amount_cents"),
        CopyColumn("pay_method", text),
        CopyColumn("paid_at", moment),
        CHANGED_AT,
    ),
    "ads_cost": (
        CopyColumn("cost_id", whole),
        CopyColumn("cost_date", day),
        CopyColumn("channel", text),
        CopyColumn("channel_code", text),
        CopyColumn("impressions", whole),
        CopyColumn("clicks", whole),
        CopyColumn("cost", cents, "cost_cents"),
        CopyColumn("currency", text),
        CHANGED_AT,
    ),
}
