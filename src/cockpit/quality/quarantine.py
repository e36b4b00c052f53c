"""Hold single rows back and release them: the flag in staging and the entry with its reason, always together."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2.extensions import cursor as PgCursor

from cockpit.quality import tasks
from cockpit.quality.suite import Outcome
from cockpit.warehouse.models import Model
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.tables import FLAG

# Temporary table with the tracked columns of each row whose flag changed.
CHANGES = "flag_changes"


def source_entity(model: Model) -> tuple[str, str]:
    """Source and entity of a typed staging model."""
    source, entity = model.name.removeprefix("stg_").split("__", 1)
    return source, entity


def count(cursor: PgCursor, model: Model) -> int:
    """Rows that are held back now."""
    if not model.is_gated:
        return 0
    # Not by their flags, for which the whole table would be read.
    cursor.execute(
        "select count(distinct key) from quality.quarantine where source = %s and entity = %s and released_at is null",
        source_entity(model),
    )
    return int(one_row(cursor)[0])


def apply(cursor: PgCursor, model: Model, outcomes: Sequence[Outcome], tracked: Sequence[Sequence[str]]) -> int:
    """Make flags and entries equal to what the checks found, writing only what differs.

    Args:
        cursor: In the transaction of the check.
        model: A gated model.
        outcomes: Of all its checks; those that only warn hold nothing back.
        tracked: Sets of columns whose values are kept in `CHANGES` for rows whose flag changed.

    Returns:
        The number of flags that changed.
    """
    source, entity = source_entity(model)
    _collect_failing(cursor, outcomes)
    _leave_out_confirmed(cursor, source, entity)
    cursor.execute(
        "update quality.quarantine as entry set released_at = now()"
        " where source = %s and entity = %s and released_at is null"
        " and not exists (select from failing as f where f.key = entry.key and f.rule_id = entry.rule_id)",
        (source, entity),
    )
    cursor.execute(
        "insert into quality.quarantine (source, entity, key, rule_id, batch_id, message, message_zh)"
        f" select %s, %s, f.key, f.rule_id, t.batch_id, f.message, f.message_zh"
        f" from failing as f join {model.qualified_name} as t on t.source_key = f.key"
        " on conflict (source, entity, key, rule_id) where released_at is null do nothing",
        (source, entity),
    )
    changed = _set_flags(cursor, model, sorted({column for columns in tracked for column in columns}))
    tasks.settle(cursor, model, source, entity)
    return changed


def _collect_failing(cursor: PgCursor, outcomes: Sequence[Outcome]) -> None:
    cursor.execute("create temp table failing (key text, rule_id text, message text, message_zh text) on commit drop")
    for outcome in outcomes:
        if outcome.failing_rows and outcome.check.on_fail == "quarantine":
            cursor.execute(
                f"insert into failing select source_key, %s, %s, %s from ({outcome.failing_rows.rstrip(';')}) as f",
                (outcome.check.rule_id, outcome.check.message, outcome.check.message_zh),
            )
    cursor.execute("analyze failing")


def _leave_out_confirmed(cursor: PgCursor, source: str, entity: str) -> None:
    """A person has said that the row is right; that counts for the version of the row that the person saw."""
    cursor.execute(
        "delete from failing using quality.waiver as waived"
        f" inner join raw.{source}__{entity} as held on held.key = waived.key and held.hash = waived.raw_hash"
        " where waived.source = %s and waived.entity = %s"
        " and failing.key = waived.key and failing.rule_id = waived.rule_id",
        (source, entity),
    )


def _set_flags(cursor: PgCursor, model: Model, columns: Sequence[str]) -> int:
    shape = "".join(f", t.{name} as old_{name}, t.{name} as new_{name}" for name in columns)
    cursor.execute(
        f"create temp table {CHANGES} on commit drop as select true as old_exists, true as new_exists{shape}"
        f" from {model.qualified_name} as t where false"
    )
    returned = "".join(f", t.{name} as old_{name}, t.{name} as new_{name}" for name in columns)
    names = "".join(f", old_{name}, new_{name}" for name in columns)
    cursor.execute(
        f"with flag as (update {model.qualified_name} as t set {FLAG} = not {FLAG}"
        f" where {FLAG} <> (t.source_key in (select f.key from failing as f)) returning t.source_key{returned})"
        f" insert into {CHANGES} select true, true{names} from flag"
    )
    return int(cursor.rowcount)
