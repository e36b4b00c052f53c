"""What a check asks of a row, in SQL: one meaning for tables, their changed rows and a row that is not in one yet.

Great Expectations asks the simple kinds of a table itself; a row that is only proposed has nobody else to ask them.
"""

from __future__ import annotations

from collections.abc import Mapping

from psycopg2 import sql

from cockpit.rulebook.contract import Check
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext

# Kinds of checks that look at a row and not at the table as a whole.
OF_ROWS = frozenset({"not_null", "unique", "between", "in_set", "matches", "condition", "references"})


def passes(
    check: Check, model: Model, context: BuildContext, in_place_of: Mapping[str, str] | None = None
) -> sql.Composable:
    """An expression over `t`, true where a row passes and never null: what is not known fails no row.

    Args:
        check: Of a kind in `OF_ROWS`.
        model: Whose check it is.
        context: Parameters of conditions.
        in_place_of: Table that conditions ask -> what they ask instead.

    Raises:
        LookupError: the check looks at no single row.
    """
    asked: sql.Composable
    column = sql.SQL("t.{}").format(sql.Identifier(str(check.column)))
    match check.expect:
        case "not_null":
            asked = sql.SQL("{} is not null").format(column)
        case "between":
            low = sql.SQL("{} >= {}").format(column, sql.Literal(check.min)) if check.min is not None else None
            high = sql.SQL("{} <= {}").format(column, sql.Literal(check.max)) if check.max is not None else None
            asked = sql.SQL(" and ").join(part for part in (low, high) if part)
        case "in_set":
            asked = sql.SQL("{} = any({})").format(column, sql.Literal(list(check.values)))
        case "matches":
            asked = sql.SQL("{} ~ {}").format(column, sql.Literal(check.pattern))
        case "unique":
            # As in SQL: a row without one of the values repeats nothing.
            named = sql.SQL(", ").join(
                sql.SQL("t.{}").format(sql.Identifier(name)) for name in check.columns or (str(check.column),)
            )
            asked = sql.SQL("num_nulls({0}) > 0 or count(*) over (partition by {0}) = 1").format(named)
        case "references":
            # Uncorrelated, so that PostgreSQL hashes the other table once instead of searching it for each row.
            asked = sql.SQL("{0} is null or {0} in (select r.{1} from {2} as r where r.{1} is not null)").format(
                column, sql.Identifier(str(check.refers_to).split(".")[1]), sql.SQL(model.referred_table(check))
            )
        case "condition":
            asked = sql.SQL(model.condition(check).render(context.parameters(), in_place_of))
        case _:
            raise LookupError(check.expect)
    return sql.SQL("coalesce({}, true)").format(asked)
