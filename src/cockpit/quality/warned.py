"""List the single rows that rules warn about: they go on, and whoever answers for them can look at each."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2.extensions import cursor as PgCursor

from cockpit.quality.quarantine import source_entity
from cockpit.quality.suite import Outcome
from cockpit.warehouse.models import Model


def apply(cursor: PgCursor, model: Model, outcomes: Sequence[Outcome]) -> None:
    """Make `quality.warning` equal to what the checks found, writing only what differs.

    Args:
        cursor: In the transaction of the check.
        model: A typed model of a source.
        outcomes: Of all its checks; only those that warn are listed.
    """
    source, entity = source_entity(model)
    cursor.execute("create temp table warned (key text, rule_id text) on commit drop")
    for outcome in outcomes:
        if outcome.failing_rows and outcome.check.on_fail == "warn":
            cursor.execute(
                f"insert into warned select source_key, %s from ({outcome.failing_rows.rstrip(';')}) as f",
                (outcome.check.rule_id,),
            )
    cursor.execute("analyze warned")
    cursor.execute(
        "update quality.warning as entry set gone_at = now() where source = %s and entity = %s and gone_at is null"
        " and not exists (select from warned as w where w.key = entry.key and w.rule_id = entry.rule_id)",
        (source, entity),
    )
    cursor.execute(
        "insert into quality.warning (source, entity, key, rule_id, batch_id)"
        f" select %s, %s, w.key, w.rule_id, t.batch_id from warned as w"
        f" join {model.qualified_name} as t on t.source_key = w.key"
        " on conflict (source, entity, key, rule_id) where gone_at is null do nothing",
        (source, entity),
    )
