"""Keep what golden records said before: a version of each, from when to when, that no rebuild forgets."""

from __future__ import annotations

from psycopg2.extensions import cursor as PgCursor

from cockpit.rulebook.survivorship import Survivorship, load_survivorship
from cockpit.warehouse.received_text import quoted
from cockpit.warehouse.runner import BuildContext


def versions(cursor: PgCursor, context: BuildContext, table: str, changed: str | None) -> None:
    """Keep the versions of golden records; called by the build of `core_<entity>`.

    Args:
        cursor: In the transaction of the build.
        context: The business time is the moment of the change.
        table: That was built, without its schema.
        changed: Table with the keys of changed rows, before and after; all rows are looked at when None.
    """
    entity = table.removeprefix("core_")
    rule = load_survivorship(context.workspace.models_folder, entity)
    keys = f"select old_{rule.key} from {changed} union select new_{rule.key} from {changed}"
    cursor.execute(
        "create temp table version_now on commit drop as"
        f" select golden.{rule.key} as golden_id, {_content(rule)} as content from core.{rule.table} as golden"
        + (f" where golden.{rule.key} in ({keys})" if changed else "")
    )
    cursor.execute("create unique index on version_now (golden_id)")
    cursor.execute("analyze pg_temp.version_now")
    values = {"entity": entity, "as_of": context.as_of, "run_id": context.run_id}
    opened = "old.entity = %(entity)s and old.valid_to is null"
    if changed:
        opened += f" and old.golden_id in ({keys})"
    is_gone = "not exists (select from pg_temp.version_now as now where now.golden_id = old.golden_id)"
    is_other = "old.golden_id = now.golden_id and old.content <> now.content"
    # What was said within the same moment was never said.
    is_of_now = "old.valid_from >= %(as_of)s"
    now = "from pg_temp.version_now as now"
    cursor.execute(f"delete from mdm.golden_version as old where {opened} and {is_of_now} and {is_gone}", values)
    cursor.execute(
        f"update mdm.golden_version as old set content = now.content, run_id = %(run_id)s {now}"
        f" where {opened} and {is_of_now} and {is_other}",
        values,
    )
    ended = "update mdm.golden_version as old set valid_to = %(as_of)s"
    cursor.execute(f"{ended} where {opened} and {is_gone}", values)
    cursor.execute(f"{ended} {now} where {opened} and {is_other}", values)
    cursor.execute(
        "insert into mdm.golden_version (entity, golden_id, valid_from, content, run_id)"
        f" select %(entity)s, now.golden_id, %(as_of)s, now.content, %(run_id)s {now}"
        " left join mdm.golden_version as old"
        " on old.entity = %(entity)s and old.golden_id = now.golden_id and old.valid_to is null"
        " where old.golden_id is null"
        " on conflict (entity, golden_id, valid_from) do update set content = excluded.content, valid_to = null",
        values,
    )


def _content(rule: Survivorship) -> str:
    """The fields of a golden record that have a value."""
    parts = ", ".join(f"{quoted(name)}, golden.{name}" for name in rule.fields)
    return f"jsonb_strip_nulls(jsonb_build_object({parts}))"
