"""Which rows of a table a check has to look at: those about which it can find anything else than the last time.

A rule about a row alone is asked where the row has changed. A rule that asks other rows, for a list or a total, is
asked about every row once one of the tables that it asks has changed, and its verdicts are kept: it would find others
among some of the rows. Rows that failed are looked at again in any case, so that every row that is left out passes, and
the failures that are found are all that there are.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2.extensions import cursor as PgCursor
from sqlglot import exp

from cockpit.quality.quarantine import source_entity
from cockpit.quality.suite import RULE_COLUMN
from cockpit.quality.verdicts import passes
from cockpit.rulebook.contract import Check
from cockpit.warehouse import builds
from cockpit.warehouse.builds import CheckedState
from cockpit.warehouse.models import Model
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext

# Temporary tables of one check: keys of the rows to look at, and what was found about some of them already.
DUE = "due"
_VERDICTS = "verdicts"


@dataclass(frozen=True)
class DueRows:
    """What to look at.

    Attributes:
        table: What to read in place of the model's table, as `t`: a from clause.
        is_all: Whether it has every row.
        judged: Ids of the rules whose verdicts it has already, true or null where the row passes.
    """

    table: str
    is_all: bool
    judged: frozenset[str] = frozenset()


def collect(
    cursor: PgCursor, model: Model, context: BuildContext, last: CheckedState | None, now: CheckedState
) -> DueRows:
    """Find the rows; all of them when it cannot be said which ones changed.

    Args:
        cursor: In the transaction of the check; temporary tables are made in it.
        model: With checks, and built.
        context: Parameters.
        last: State that the last check saw; None when there was none.
        now: State now.
    """
    everything = DueRows(f"{model.qualified_name} as t", is_all=True)
    if last is None or last.rules != now.rules:
        return everything
    changed = {table for table, version in now.versions.items() if version != last.versions.get(table)}
    if not _can_be_named(cursor, model, last, changed):
        return everything
    key = ", ".join(model.contract.grain)
    cursor.execute(f"create temp table {DUE} on commit drop as select {key} from {model.qualified_name} where false")
    if model.qualified_name in changed:
        types = [model.contract.columns[name].type for name in model.contract.grain]
        since = last.versions[model.qualified_name]
        builds.collect_affected(cursor, DUE, model.qualified_name, model.contract.grain, types, since)
        _add_rivals(cursor, model)
    if model.is_source:
        _add_failed(cursor, model)
    judged = [check for check in model.contract.checks if _asks_of_all(check, model, changed)]
    _judge(cursor, model, context, judged)
    cursor.execute(f"analyze {DUE}")
    named = ", ".join(f"t.{name}" for name in model.contract.grain)
    return DueRows(
        f"(select * from {model.qualified_name} as t{_verdicts_joined(model) if judged else ''}"
        f" where ({named}) in (select {key} from {DUE})) as t",
        is_all=False,
        judged=frozenset(check.rule_id for check in judged),
    )


def _can_be_named(cursor: PgCursor, model: Model, last: CheckedState, changed: set[str]) -> bool:
    """Whether it is known which rows changed and which ones failed, and no check is about the table as a whole."""
    if any(check.expect == "row_count_change" for check in model.contract.checks):
        return False
    own = model.qualified_name
    if own in changed and not builds.keys_are_known(cursor, own, last.versions.get(own, 0)):
        return False
    if model.is_source:
        return True
    # Single rows that fail are listed for sources alone.
    cursor.execute(
        "select coalesce(bool_and(passed), false) from quality.check_result where model = %s and checked_at ="
        " (select max(newest.checked_at) from quality.check_result as newest where newest.model = %s)",
        (model.name, model.name),
    )
    return bool(one_row(cursor)[0])


def _add_rivals(cursor: PgCursor, model: Model) -> None:
    """Rows that have the values of a changed row, where these must not repeat."""
    key = ", ".join(model.contract.grain)
    for check in model.contract.checks:
        columns = check.columns or (str(check.column),)
        # Rows that repeat the table's own key there cannot be.
        if check.expect == "unique" and not {*model.contract.grain} <= {*columns}:
            named = ", ".join(columns)
            cursor.execute(
                f"insert into {DUE} select {key} from {model.qualified_name} where ({named}) in"
                f" (select {named} from {model.qualified_name} where ({key}) in (select {key} from {DUE}))"
            )


def _add_failed(cursor: PgCursor, model: Model) -> None:
    """Rows that are held back or warned about, and those about which somebody has given an answer."""
    cursor.execute(
        f"insert into {DUE}"
        " select key from quality.quarantine where source = %(source)s and entity = %(entity)s and released_at is null"
        " union select key from quality.warning where source = %(source)s and entity = %(entity)s and gone_at is null"
        " union select key from quality.correction where source = %(source)s and entity = %(entity)s",
        dict(zip(("source", "entity"), source_entity(model), strict=True)),
    )


def _asks_of_all(check: Check, model: Model, changed: set[str]) -> bool:
    """Whether it has to be asked about every row: its verdict on a row that stayed can be another now."""
    if check.expect == "references":
        return model.referred_table(check) in changed
    if not check.condition:
        return False
    expression = model.condition(check)
    # A window sees the rows beside it, of which some would be missing.
    return bool(expression.reads & changed) or expression.tree.find(exp.Window) is not None


def _judge(cursor: PgCursor, model: Model, context: BuildContext, checks: list[Check]) -> None:
    """Ask rules about every row; keep the verdicts on those that one of them finds wrong."""
    if not checks:
        return
    key = ", ".join(model.contract.grain)
    verdicts = {RULE_COLUMN + check.rule_id: passes(check, model, context).as_string(cursor) for check in checks}
    asked = "".join(f", {condition} as {name}" for name, condition in verdicts.items())
    # Without the offset PostgreSQL would ask each condition twice, for the filter and for the column.
    cursor.execute(
        f"create temp table {_VERDICTS} on commit drop as select * from"
        f" (select {key}{asked} from {model.qualified_name} as t offset 0) as judged"
        f" where not ({' and '.join(verdicts)})"
    )
    cursor.execute(f"insert into {DUE} select {key} from {_VERDICTS}")


def _verdicts_joined(model: Model) -> str:
    return f" left join {_VERDICTS} using ({', '.join(model.contract.grain)})"
