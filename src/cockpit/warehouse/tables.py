"""Bring a model's table to its contract: columns, key, indexes, row policies of a mart, counts of a source's rows.

All of it happens in the transaction of the build, so that a mart is never visible without its policies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from psycopg2.extensions import cursor as PgCursor

from cockpit.rulebook.contract import RowScope
from cockpit.warehouse.models import Model
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.staged_batches import count_batches

# Builds never write it: checks do. A row that a build has just changed stays held back until it is checked again.
FLAG = "is_quarantined"
_FLAG_DEFINITION = f"{FLAG} boolean not null default false"

_PROTECTION = Path("security") / "protect_table.sql"
_MASKING = Path("security") / "mask_columns.sql"


def ensure_table(cursor: PgCursor, model: Model, models_folder: Path) -> bool:
    """Create or alter the table so that it fits the contract.

    Returns:
        True when its shape changed, so that every row has to be computed again.
    """
    existing = _existing_columns(cursor, model)
    changed = _alter(cursor, model, existing) if existing else _create(cursor, model)
    if model.layer == "marts":
        protect(cursor, model, models_folder)
    if model.is_source:
        count_batches(cursor, model)
    return changed


def missing_tables(cursor: PgCursor, names: Iterable[str]) -> set[str]:
    """Which of these schema-qualified tables and views are not there."""
    cursor.execute(
        "select name from unnest(cast(%s as text[])) as needed (name) where to_regclass(name) is null", (sorted(names),)
    )
    return {name for (name,) in cursor.fetchall()}


def protect(cursor: PgCursor, model: Model, models_folder: Path) -> None:
    """Give a mart the row policies of include/sql/security, unless it has just these; a table that is not there waits.

    The policies are replaced under a lock that readers wait for, so this happens only when they have changed.
    """
    statements = protection(model, models_folder)
    mark = f"protected {hashlib.sha256(statements.encode()).hexdigest()[:16]}"
    cursor.execute(
        "select to_regclass(%s) is null or obj_description(to_regclass(%s), 'pg_class') is not distinct from %s",
        (model.qualified_name, model.qualified_name, mark),
    )
    if not one_row(cursor)[0]:
        cursor.execute(statements)
        cursor.execute(f"comment on table {model.qualified_name} is %s", (mark,))


def add_keys(cursor: PgCursor, model: Model) -> None:
    """Add the primary key and the indexes that are not there."""
    if not _primary_key(cursor, model):
        cursor.execute(f"alter table {model.qualified_name} add primary key ({', '.join(model.contract.grain)})")
    for columns in model.contract.indexes:
        cursor.execute(
            f"create index if not exists {_index_name(model, columns)} on {model.qualified_name} ({', '.join(columns)})"
        )


def drop_keys(cursor: PgCursor, model: Model) -> None:
    """Take key and indexes away: building them after many rows is several times faster than keeping them up."""
    for columns in model.contract.indexes:
        cursor.execute(f"drop index if exists {model.layer}.{_index_name(model, columns)}")
    _drop_primary_key(cursor, model)


def masked_view(name: str) -> str:
    """The view that shows a mart's personal columns masked to whoever may not see them."""
    return f"{name}_masked"


def protection(model: Model, models_folder: Path) -> str:
    """The statements that let BI users read this mart, each only the rows of their scope, personal columns masked."""
    if model.contract.row_scope is None:
        raise LookupError(f"{model.name} has no row_scope; load_models refuses such a mart")
    in_scope = _row_conditions(model.name, model.contract.row_scope)
    places = {
        "{table}": model.qualified_name,
        "{view}": masked_view(model.qualified_name),
        "{row_is_in_scope}": "\n    or ".join(in_scope),
    }
    template = (models_folder / _PROTECTION).read_text(encoding="utf-8")
    if model.contract.personal:
        template += (models_folder / _MASKING).read_text(encoding="utf-8")
        columns, personal = model.contract.columns, model.contract.personal
        sees = " or ".join(_row_conditions(model.name, model.contract.row_scope, personal=True))
        places |= {
            "{open_columns}": ", ".join(name for name in columns if name not in personal),
            "{shown_columns}": ",\n    ".join(
                f"case when {sees} then mart.{name} else security.mask_{column.mask}(mart.{name}) end as {name}"
                if name in personal
                else f"mart.{name}"
                for name, column in columns.items()
            ),
        }
    for place, value in places.items():
        template = template.replace(place, value)
    return template


def _row_conditions(mart: str, scope: RowScope, *, personal: bool = False) -> list[str]:
    """Any of these lets a person read a row: everything, or one for each kind of scope that the columns can answer.

    Asked in a sub-select: evaluated once per statement, not once per row, and plans stay parallel.
    """
    ending = ", true" if personal else ""
    if scope.everybody:
        return [f"(select security.reads('{mart}'{ending}))"]
    both = f"{scope.region} || '|' || {scope.business_unit}" if scope.region and scope.business_unit else None
    keys = {
        "region": scope.region,
        "business_unit": scope.business_unit,
        "region|business_unit": both,
        "rep": scope.rep,
        "customer": scope.customer,
    }
    return [
        f"(select security.has_full_scope('{mart}'{ending}))",
        *(
            f"{expression} in (select unnest(security.scope_keys('{mart}', '{kind}'{ending})))"
            for kind, expression in keys.items()
            if expression
        ),
    ]


def _create(cursor: PgCursor, model: Model) -> bool:
    definitions = [f"{name} {column.type}" for name, column in model.contract.columns.items()]
    if model.is_gated:
        definitions.append(_FLAG_DEFINITION)
    cursor.execute(f"create table {model.qualified_name} ({', '.join(definitions)})")
    add_keys(cursor, model)
    return True


def _alter(cursor: PgCursor, model: Model, existing: dict[str, str]) -> bool:
    columns = model.contract.columns
    kept = {name for name, column in columns.items() if name in existing and _same(cursor, column.type, existing[name])}
    # A view of core on it is made again with it; what protects a mart must never go silently.
    how = " cascade" if model.layer == "core" else ""
    actions = [f"drop column {name}{how}" for name in existing if name not in kept and name != FLAG]
    actions += [f"add column {name} {column.type}" for name, column in columns.items() if name not in kept]
    if model.is_gated and FLAG not in existing:
        actions.append(f"add column {_FLAG_DEFINITION}")
    grain = _primary_key(cursor, model)
    if grain != list(model.contract.grain) or not set(grain) <= kept:
        # Rows of the old grain may clash under the new one; they are computed again in this transaction.
        cursor.execute(f"delete from {model.qualified_name}")
        _drop_primary_key(cursor, model)
    if actions:
        if model.layer == "marts":
            # Made again with the policies, in this transaction.
            cursor.execute(f"drop view if exists {masked_view(model.qualified_name)}")
            cursor.execute(f"comment on table {model.qualified_name} is null")
        cursor.execute(f"alter table {model.qualified_name} {', '.join(actions)}")
    add_keys(cursor, model)
    return bool(actions) or grain != list(model.contract.grain)


def _same(cursor: PgCursor, one: str, other: str) -> bool:
    """Whether two names mean the same type, such as `timestamptz` and `timestamp with time zone`."""
    cursor.execute("select cast(%s as regtype) = cast(%s as regtype)", (one, other))
    return bool(one_row(cursor)[0])


def _existing_columns(cursor: PgCursor, model: Model) -> dict[str, str]:
    cursor.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
        (model.qualified_name,),
    )
    return dict(cursor.fetchall())


def _primary_key(cursor: PgCursor, model: Model) -> list[str]:
    cursor.execute(
        "select coalesce(array_agg(cast(attname as text) order by position), '{}')"
        " from pg_constraint, unnest(conkey) with ordinality as part (attnum, position)"
        " join pg_attribute using (attnum)"
        " where contype = 'p' and conrelid = to_regclass(%s) and attrelid = conrelid",
        (model.qualified_name,),
    )
    return list(one_row(cursor)[0])


def _drop_primary_key(cursor: PgCursor, model: Model) -> None:
    cursor.execute(
        "select conname from pg_constraint where contype = 'p' and conrelid = to_regclass(%s)", (model.qualified_name,)
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'alter table {model.qualified_name} drop constraint "{name}"')


def _index_name(model: Model, columns: tuple[str, ...]) -> str:
    return f"{model.name}_{'_'.join(columns)}"[:63]
