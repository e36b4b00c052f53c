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
    within = ""
    if only_affected and contract.incremental:
        keys = ", ".join(f"key_{number}" for number in range(1, len(contract.incremental.key) + 1))
        within = f" and ({_row('t', contract.incremental.key)}) in (select {keys} from {AFFECTED})"
    return (
        f"merge into {model.qualified_name} as t using {COMPUTED} as c on {same_key}{update}"
        f" when not matched then insert ({', '.join(contract.columns)}) values ({_row('c', contract.columns)})"
        f" when not matched by source{within} then delete"
    )


def _row(alias: str, columns: Iterable[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in columns)


def _list(expressions: Iterable[str]) -> str:
    """Further expressions of a select list, each after a comma."""
    return "".join(f", {expression}" for expression in expressions)
