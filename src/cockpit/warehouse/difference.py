"""Make a table equal to freshly computed rows by writing only what differs.

The table itself stays, with its policies, grants and indexes, and every reader keeps the snapshot that it has
(ARCHITECTURE, decision 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse.models import Model
from cockpit.warehouse.rows import one_row

# Temporary tables of one build; they vanish with its transaction.
COMPUTED = "computed"
AFFECTED = "affected"
CHANGES = "changes"


@dataclass(frozen=True)
class Difference:
    """Rows that a build wrote."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        """Rows that differ from before."""
        return self.inserted + self.updated + self.deleted


def apply_difference(
    cursor: PgCursor, model: Model, tracked: Sequence[Sequence[str]], *, only_affected: bool
) -> Difference:
    """Merge table `computed` into the model's table.

    Args:
        cursor: In the transaction of the build.
        model: Its grain identifies rows; its other columns are compared, null equal to null.
        tracked: Sets of columns whose old and new values are kept in table `changes` for each changed row.
        only_affected: `computed` holds the rows of the keys in table `affected` alone; others are not missing.
    """
    columns = sorted({column for columns in tracked for column in columns})
    _make_changes_table(cursor, model, columns)
    cursor.execute(
        f"with change as ({_merge(model, only_affected=only_affected)}"
        f" returning merge_action() as action"
        f"{_list(f'old.{name} as old_{name}, new.{name} as new_{name}' for name in columns)})"
        f" insert into {CHANGES} select action, action <> 'INSERT', action <> 'DELETE'"
        f"{_list(f'old_{name}, new_{name}' for name in columns)} from change"
    )
    cursor.execute(
        "select count(*) filter (where action = 'INSERT'), count(*) filter (where action = 'UPDATE'),"
        f" count(*) filter (where action = 'DELETE') from {CHANGES}"
    )
    return Difference(*one_row(cursor))


def count_as_changed(cursor: PgCursor, model: Model, tracked: Sequence[Sequence[str]], keys: str) -> int:
    """Add rows to table `changes` although they came out as before.

    Args:
        cursor: In the transaction of the build, after `apply_difference`.
        model: With incremental keys.
        tracked: As for `apply_difference`, with the grain.
        keys: Table with the keys of the rows, key_1, key_2 and so on.

    Returns:
        How many were not among the changes.
    """
    contract = model.contract
    key = contract.incremental.key if contract.incremental else contract.grain
    names = ", ".join(f"key_{number}" for number in range(1, len(key) + 1))
    columns = sorted({column for columns in tracked for column in columns})
    new = ", ".join(f"changed.new_{name}" for name in contract.grain)
    cursor.execute(
        f"insert into {CHANGES} select 'UPDATE', true, true{_list(f't.{name}, t.{name}' for name in columns)}"
        f" from {model.qualified_name} as t where ({_row('t', key)}) in (select {names} from {keys})"
        f" and not exists (select from {CHANGES} as changed where ({new}) = ({_row('t', contract.grain)}))"
    )
    return cursor.rowcount


def _make_changes_table(cursor: PgCursor, model: Model, columns: Sequence[str]) -> None:
    shape = _list(f"t.{name} as old_{name}, t.{name} as new_{name}" for name in columns)
    cursor.execute(
        f"create temp table {CHANGES} on commit drop as"
        f" select cast(null as text) as action, false as old_exists, false as new_exists{shape}"
        f" from {model.qualified_name} as t where false"
    )


def _merge(model: Model, *, only_affected: bool) -> str:
    contract = model.contract
    same_key = " and ".join(f"t.{name} = c.{name}" for name in contract.grain)
    compared = [name for name in contract.columns if name not in contract.grain]
    update = ""
    if compared:
        assignments = ", ".join(f"{name} = c.{name}" for name in compared)
        update = (
            f" when matched and ({_row('t', compared)}) is distinct from ({_row('c', compared)})"
            f" then update set {assignments}"
        )
    incremental = contract.incremental if only_affected else None
    source = f"select computed.*, true as is_there from {COMPUTED} as computed"
    missing = " when not matched by source then delete"
    if incremental:
        # Rows that are no longer there, looked up by their keys: the rest of the table need not be read.
        keys = ", ".join(f"key_{number}" for number in range(1, len(incremental.key) + 1))
        same = " and ".join(f"computed.{name} = t.{name}" for name in contract.grain)
        source += (
            f" union all select {_row('t', contract.columns)}, false from {model.qualified_name} as t"
            f" where ({_row('t', incremental.key)}) in (select {keys} from {AFFECTED})"
            f" and not exists (select from {COMPUTED} as computed where {same})"
        )
        missing = ""
    return (
        f"merge into {model.qualified_name} as t using ({source}) as c on {same_key}"
        f" when matched and not c.is_there then delete{update}"
        f" when not matched then insert ({', '.join(contract.columns)}) values ({_row('c', contract.columns)}){missing}"
    )


def _row(alias: str, columns: Iterable[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in columns)


def _list(expressions: Iterable[str]) -> str:
    """Further expressions of a select list, each after a comma."""
    return "".join(f", {expression}" for expression in expressions)
