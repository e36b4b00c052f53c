"""Bring a model's table to its contract: columns, key, indexes, and the row policies of a mart.

All of it happens in the transaction of the build, so that a mart is never visible without its policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from psycopg2.extensions import cursor as PgCursor

from cockpit.rulebook.contract import Column
from cockpit.warehouse.models import Model
from cockpit.warehouse.rows import one_row

# Columns that a build never writes: checks decide them afterwards.
CHECKED_LATER = "is_quarantined"

_PROTECTION = Path("security") / "protect_table.sql"


def ensure_table(cursor: PgCursor, model: Model, models_folder: Path) -> bool:
    """Create or alter the table so that it fits the contract.

    Returns:
        True when its shape changed, so that every row has to be computed again.
    """
    columns = model.contract.columns
    existing = _existing_columns(cursor, model)
    if not existing:
        definitions = [f"{name} {column.type}" for name, column in columns.items()]
        if model.is_gated:
            definitions.append(f"{CHECKED_LATER} boolean")
        key = ", ".join(model.contract.grain)
        cursor.execute(f"create table {model.qualified_name} ({', '.join(definitions)}, primary key ({key}))")
        _ensure_indexes(cursor, model)
        if model.layer == "marts":
            cursor.execute(protection(model, models_folder))
        return True
    changed = _alter(cursor, model, columns, existing)
    _ensure_indexes(cursor, model)
    if changed and model.layer == "marts":
        cursor.execute(protection(model, models_folder))
    return changed


def _existing_columns(cursor: PgCursor, model: Model) -> dict[str, str]:
    cursor.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
        (model.qualified_name,),
    )
    return dict(cursor.fetchall())


def _alter(cursor: PgCursor, model: Model, columns: Mapping[str, Column], existing: dict[str, str]) -> bool:
    actions = [f"drop column {name}" for name in existing if name not in columns and name != CHECKED_LATER]
    for name, column in columns.items():
        if name not in existing:
            actions.append(f"add column {name} {column.type}")
            continue
        cursor.execute(
            "select format_type(%s::regtype, null) = format_type(%s::regtype, null)", (column.type, existing[name])
        )
        if not one_row(cursor)[0]:
            actions.append(f"drop column {name}, add column {name} {column.type}")
    if model.is_gated and CHECKED_LATER not in existing:
        actions.append(f"add column {CHECKED_LATER} boolean")
    cursor.execute(
        "select array_agg(attname::text order by position), min(conname) from pg_constraint,"
        " unnest(conkey) with ordinality as part(attnum, position)"
        " join pg_attribute using (attnum) where attrelid = conrelid and conrelid = to_regclass(%s) and contype = 'p'",
        (model.qualified_name,),
    )
    grain, constraint = one_row(cursor)
    if list(model.contract.grain) != list(grain or ()) or any(name in " ".join(actions) for name in grain or ()):
        # Rows of the old grain may clash under the new one; they are computed again in this transaction.
        cursor.execute(f"delete from {model.qualified_name}")
        if constraint:
            cursor.execute(f"alter table {model.qualified_name} drop constraint {constraint}")
        actions.append(f"add primary key ({', '.join(model.contract.grain)})")
    if actions:
        # Only the last action may need the columns that the others add.
        key = [action for action in actions if action.startswith("add primary key")]
        plain = [action for action in actions if action not in key]
        for batch in (plain, key):
            if batch:
                cursor.execute(f"alter table {model.qualified_name} {', '.join(batch)}")
    return bool(actions)


def _ensure_indexes(cursor: PgCursor, model: Model) -> None:
    for columns in model.contract.indexes:
        name = f"{model.name}_{'_'.join(columns)}"[:63]
        cursor.execute(f"create index if not exists {name} on {model.qualified_name} ({', '.join(columns)})")


def protection(model: Model, models_folder: Path) -> str:
    """The statements that let BI users read this mart, each only the rows of their scope."""
    template = (models_folder / _PROTECTION).read_text(encoding="utf-8")
    scope = model.contract.row_scope
    if scope is None:
        raise LookupError(f"{model.name} has no row_scope; load_models refuses such a mart")
    places = {"{table}": model.qualified_name, "{scope_column}": scope.column, "{scope_kind}": f"'{scope.kind}'"}
    for place, value in places.items():
        template = template.replace(place, value)
    return template
