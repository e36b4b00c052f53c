"""Rows that name what another table adds to them are computed again when that changes, and no others."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydantic import ValidationError

from cockpit.rulebook.contract import Incremental
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.runner import build
from tests.sql.database import Warehouse, context_of

TIMELINE = "marts.mart_customer_timeline"


def test_events_follow_their_customer_to_another_region(warehouse: Warehouse, huaxing: Workspace) -> None:
    context = context_of(huaxing, datetime.fromisoformat("2026-03-05T10:00:00+08:00"))
    graph = context.graph
    timeline, customers = graph["mart_customer_timeline"], graph["core_customer_profile"]
    warehouse.create_tables(graph.upstream(timeline) + graph.upstream(customers), context)
    warehouse.insert(
        "core.core_receipt",
        [
            {
                "receipt_key": f"erp:{key}",
                "source": "erp",
                "customer_key": key,
                "received_at": "2026-03-01",
                "amount": 1,
            }
            for key in "AB"
        ],
    )

    def regions() -> dict[str, str]:
        return dict(warehouse.query(f"select customer_key, region_code from {TIMELINE}"))

    def move(key: str, region: str) -> None:
        """What a build of core_customer writes and notes."""
        warehouse.execute(
            "merge into core.core_customer as t using (values (%s, %s)) as s (customer_key, region_code)"
            " on t.customer_key = s.customer_key when matched then update set region_code = s.region_code"
            " when not matched then insert (customer_key, region_code) values (s.customer_key, s.region_code)",
            (key, region),
        )
        warehouse.execute(
            "with built as (insert into ops.model_build (model, run_id, as_of, kind, inserted, updated, deleted,"
            " fingerprint, upstream, has_changed_keys, started_at, seconds) values ('core_customer', 'test', now(),"
            " 'incremental', 0, 1, 0, '', '{}', true, now(), 0) returning build_id)"
            " insert into ops.changed_key (build_id, model, columns, key)"
            " select build_id, 'core_customer', 'customer_key', jsonb_build_array(cast(%s as text)) from built",
            (key,),
        )

    move("A", "CN-SH")
    build(warehouse.connection, timeline, context)
    assert regions() == {"A": "CN-SH", "B": "unknown"}

    move("A", "CN-BJ")
    moved = build(warehouse.connection, timeline, context)
    assert (moved.kind, moved.inserted, moved.updated, moved.deleted) == ("incremental", 0, 1, 0)
    # The customer becomes known after its receipt.
    move("B", "CN-GD")
    known = build(warehouse.connection, timeline, context)
    assert (known.kind, known.updated) == ("incremental", 1)
    assert regions() == {"A": "CN-BJ", "B": "CN-GD"}
    assert build(warehouse.connection, timeline, context, full=True).changed == 0


def test_a_table_drives_in_one_way_only() -> None:
    with pytest.raises(ValidationError, match="names a table twice"):
        Incremental(key=("a",), reads={"core.x": ("a",)}, through={"core.x": {"b": "b"}})
