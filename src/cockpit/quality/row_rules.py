"""Apply a model's checks to one row that is not in its table yet, with the meaning that the suite gives them."""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

from cockpit.rulebook.contract import Check
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import parse_expression
from cockpit.warehouse.tables import FLAG

# Kinds of checks that look at a row and not at the table as a whole.
_OF_ROWS = frozenset({"not_null", "unique", "between", "in_set", "matches", "condition", "references"})

# The model's table as it would be with the candidate; a name that stands for it within one statement.
_ALL_ROWS = "rows_with_candidate"


def failing_checks(cursor: PgCursor, model: Model, context: BuildContext, table: str, key: str) -> list[Check]:
    """The checks that hold rows back and that a row would fail if it took the place of the present one.

    Args:
        cursor: In a transaction.
        model: A typed staging model.
        context: Clock and parameters.
        table: Temporary table in the shape of the model, with the row as it would be.
        key: Its source_key.
    """
    checks = [check for check in model.contract.checks if check.on_fail == "quarantine" and check.expect in _OF_ROWS]
    if not checks:
        return []
    columns = sql.SQL(", ").join(map(sql.Identifier, model.contract.columns))
    passed = sql.SQL(", ").join(
        sql.SQL("coalesce({}, true) as {}").format(_passes(check, model, context), sql.Identifier(f"check_{number}"))
        for number, check in enumerate(checks)
    )
    cursor.execute(
        sql.SQL(
            "with {all} as (select {columns}, {flag} from {present} where source_key <> {key}"
            " union all select {columns}, false from {candidate}),"
            " judged as (select t.source_key, {passed} from {all} as t)"
            " select {names} from judged where source_key = {key}"
        ).format(
            all=sql.Identifier(_ALL_ROWS),
            columns=columns,
            flag=sql.Identifier(FLAG),
            present=sql.SQL(model.qualified_name),
            candidate=sql.Identifier(table),
            key=sql.Literal(key),
            passed=passed,
            names=sql.SQL(", ").join(sql.Identifier(f"check_{number}") for number in range(len(checks))),
        )
    )
    found = cursor.fetchone() or ()
    return [check for check, is_passed in zip(checks, found, strict=True) if not is_passed]


def _passes(check: Check, model: Model, context: BuildContext) -> sql.Composable:
    column = sql.SQL("t.{}").format(sql.Identifier(check.column)) if check.column else sql.SQL("null")
    match check.expect:
        case "not_null":
            return sql.SQL("{} is not null").format(column)
        case "between":
            low = sql.SQL("{} >= {}").format(column, sql.Literal(check.min)) if check.min is not None else None
            high = sql.SQL("{} <= {}").format(column, sql.Literal(check.max)) if check.max is not None else None
            return sql.SQL("({})").format(sql.SQL(" and ").join(part for part in (low, high) if part))
        case "in_set":
            return sql.SQL("{} = any({})").format(column, sql.Literal(list(check.values)))
        case "matches":
            return sql.SQL("{} ~ {}").format(column, sql.Literal(check.pattern))
        case "unique":
            names = check.columns or ((check.column,) if check.column else ())
            given = sql.SQL(" and ").join(sql.SQL("t.{} is not null").format(sql.Identifier(name)) for name in names)
            group = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in names)
            return sql.SQL("(not ({}) or count(*) over (partition by {}) = 1)").format(given, group)
        case "references":
            referred = str(check.refers_to).split(".")[1]
            return sql.SQL("({0} is null or {0} in (select r.{1} from {2} as r where r.{1} is not null))").format(
                column, sql.Identifier(referred), sql.SQL(model.referred_table(check))
            )
        case _condition:
            condition = parse_expression(str(check.condition), check.origin or model.origin)
            text = condition.render(context.parameters(), {model.qualified_name: _ALL_ROWS})
            return sql.SQL("({})").format(sql.SQL(text))
