"""Apply a model's checks to one row that is not in its table yet, with the meaning that the suite gives them."""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

from cockpit.quality.verdicts import OF_ROWS, passes
from cockpit.rulebook.contract import Check
from cockpit.warehouse.models import Model, ModelGraph
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.tables import FLAG

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

    Raises:
        RuleFileError: a rule file about these rows is wrong.
    """
    model.require_rules()
    checks = _holding_back(model)
    if not checks:
        return []
    asked = asked_columns(model, context.graph)[model.qualified_name] - {FLAG}
    columns = sql.SQL(", ").join(map(sql.Identifier, sorted(asked)))
    passed = sql.SQL(", ").join(
        sql.SQL("{} as {}").format(
            passes(check, model, context, {model.qualified_name: _ALL_ROWS}), sql.Identifier(f"check_{number}")
        )
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


def count_failing(
    cursor: PgCursor, model: Model, context: BuildContext, check: Check, shown: int
) -> tuple[int, int, list[str]]:
    """What a check would find in the rows of a table as they are; nothing is kept.

    Args:
        cursor: In a transaction.
        model: A typed staging model.
        context: Clock and parameters.
        check: One that looks at rows.
        shown: So many keys are named.

    Returns:
        Rows of the table, rows that fail, and the first keys of these.
    """
    cursor.execute("set local time zone %s", (context.workspace.settings.time_zone,))
    cursor.execute(
        sql.SQL(
            "with judged as (select t.source_key, {passes} as is_passed from {present} as t)"
            " select count(*), count(*) filter (where not is_passed),"
            " (select array_agg(source_key order by source_key) from"
            " (select source_key from judged where not is_passed order by source_key limit {shown}) as first)"
            " from judged"
        ).format(
            present=sql.SQL(model.qualified_name),
            passes=passes(check, model, context),
            shown=sql.Literal(shown),
        )
    )
    rows, failing, keys = one_row(cursor)
    return int(rows), int(failing), list(keys or ())


def asked_columns(model: Model, graph: ModelGraph) -> dict[str, set[str]]:
    """Table -> the columns that must be read to say whether a row of the model would be held back.

    A name that could belong to several tables counts for each.
    """
    asked = {model.qualified_name: {"source_key", FLAG}}
    known = {each.qualified_name: {*each.contract.columns, FLAG} for each in graph.models.values()}
    for check in _holding_back(model):
        asked[model.qualified_name] |= {*check.columns, *filter(None, (check.column,))}
        if check.expect == "references":
            asked.setdefault(model.referred_table(check), set()).add(str(check.refers_to).split(".")[1])
        if not check.condition:
            continue
        expression = model.condition(check)
        asked[model.qualified_name] |= expression.columns
        for query in expression.subqueries:
            for table in query.tables.values():
                asked.setdefault(table, set())
            for alias, column in query.columns:
                # A name that is no table's within the subquery is the row's own.
                tables = {query.tables[alias]} if alias in query.tables else {*query.tables.values()}
                for table in {*tables, model.qualified_name}:
                    asked[table].add(column)
    return {table: columns & known.get(table, columns) for table, columns in asked.items()}


def _holding_back(model: Model) -> list[Check]:
    return [check for check in model.contract.checks if check.on_fail == "quarantine" and check.expect in OF_ROWS]
