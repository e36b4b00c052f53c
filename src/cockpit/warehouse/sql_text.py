"""What can be known from a model's SQL by reading it: tables, columns, parameters; and narrowing it to some keys."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from cockpit.errors import RuleFileError
from cockpit.i18n import _

Value: TypeAlias = str | int | float | date | datetime

# It notes every array subscript that it reads: hundreds of lines in the log of each task.
logging.getLogger("sqlglot").setLevel(logging.WARNING)

_DIALECT = "postgres"
_LINE = re.compile(r":[0-9]+$")
_WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.Lock)


@dataclass(frozen=True)
class Query:
    """One select statement and what reading it tells.

    Attributes:
        text: As written; part of the fingerprint of a build.
        reads: Schema-qualified tables, `core.core_order`, CTE names excluded.
        columns: Names of the final select, in order.
        parameters: Names used as `:name`.
    """

    text: str
    reads: frozenset[str]
    columns: tuple[str, ...]
    parameters: frozenset[str] = frozenset()

    @cached_property
    def tree(self) -> exp.Expr:
        """The parsed statement; parsing costs milliseconds, and most processes render a few of all models."""
        return sqlglot.parse_one(self.text, dialect=_DIALECT)

    def render(self, values: Mapping[str, Value]) -> str:
        """The SQL with each `:name` replaced by its quoted value."""
        return with_values(self.tree, values).sql(dialect=_DIALECT)

    def render_for_keys(self, values: Mapping[str, Value], keys: Mapping[str, tuple[Sequence[str], str]]) -> str:
        """The SQL over only those rows of its driving tables that belong to the affected keys.

        Args:
            values: Parameters.
            keys: Schema-qualified table -> (its key columns, the table of affected keys with these many columns
                named key_1, key_2, ...).
        """
        tree = with_values(self.tree, values)
        for table in list(tree.find_all(exp.Table)):
            if _qualified(table) in keys and not _is_cte(table):
                columns, affected = keys[_qualified(table)]
                left = ", ".join(columns)
                right = ", ".join(f"key_{number}" for number in range(1, len(columns) + 1))
                narrowed = sqlglot.parse_one(
                    f"select * from {_qualified(table)} where ({left}) in (select {right} from {affected})",
                    dialect=_DIALECT,
                )
                alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name))
                table.replace(exp.Subquery(this=narrowed, alias=alias))
        return tree.sql(dialect=_DIALECT)


def parse_query(text: str, where: str | Path) -> Query:
    """Parse one select statement.

    Raises:
        RuleFileError: not parsable, not exactly one select, a select that writes, a select star or a name missing or
            given twice at the end, a table without its schema, or a column that is named by its table's schema.
    """
    try:
        statements = [tree for tree in sqlglot.parse(text, dialect=_DIALECT) if tree is not None]
    except (ParseError, TokenError) as error:
        faults = getattr(error, "errors", [])
        line = faults[0].get("line", 1) if faults else 1
        reason = faults[0].get("description", str(error)) if faults else str(error)
        raise RuleFileError(_("SQL is not readable: {reason}", reason=reason), where=f"{where}:{line}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query) or statements[0].find(*_WRITES):
        raise RuleFileError(_("a model is exactly one select statement, which only reads"), where=f"{where}:1")
    tree = statements[0]
    columns = tuple(tree.named_selects)
    if "*" in columns or "" in columns or len(set(columns)) < len(columns):
        raise RuleFileError(
            _("the final select must give every column a name of its own"),
            where=f"{where}:1",
            found=", ".join(columns),
            allowed="expr as name",
        )
    query = Query(
        text=text,
        reads=frozenset(_tables(tree, where)),
        columns=columns,
        parameters=_parameters(tree),
    )
    query.__dict__["tree"] = tree
    return query


def _tables(tree: exp.Expr, where: str | Path) -> Iterator[str]:
    for table in tree.find_all(exp.Table):
        if _is_cte(table) or not isinstance(table.this, exp.Identifier):
            continue
        if not table.db:
            raise RuleFileError(
                _("table {name} has no schema", name=table.name),
                where=f"{where}:1",
                allowed="staging., core., marts.",
            )
        yield _qualified(table)
    for column in tree.find_all(exp.Column):
        if column.args.get("db"):
            # Narrowed to some keys, a table is a subquery, which only its alias can name.
            raise RuleFileError(
                _("column {name} is named by its schema", name=column.sql(dialect=_DIALECT)),
                where=f"{where}:1",
                fix=_("Give the table an alias and name the column by it."),
            )


def _parameters(tree: exp.Expr) -> frozenset[str]:
    return frozenset(node.name for node in tree.find_all(exp.Placeholder))


@dataclass(frozen=True)
class Subquery:
    """A part of an expression that asks tables of its own.

    Attributes:
        tables: Schema-qualified tables by the names that they have in it.
        columns: Columns that it looks at: the table's name in it, empty when it is not said, and the column.
        made: Names that it gives itself, to columns or to queries within it.
    """

    tables: Mapping[str, str]
    columns: frozenset[tuple[str, str]]
    made: frozenset[str]


@dataclass(frozen=True)
class Expression:
    """A parsed SQL expression, such as the condition of a check.

    Attributes:
        columns: Names of the columns of the row that it looks at; subqueries have columns of their own.
        parameters: Names used as `:name`.
        subqueries: Those that do not stand within another one.
    """

    tree: exp.Expr
    columns: frozenset[str]
    parameters: frozenset[str]
    subqueries: tuple[Subquery, ...] = ()

    @property
    def reads(self) -> frozenset[str]:
        """Schema-qualified tables that it asks."""
        return frozenset(table for query in self.subqueries for table in query.tables.values())

    def render(self, values: Mapping[str, Value], instead: Mapping[str, str] | None = None) -> str:
        """The SQL with each `:name` replaced by its quoted value.

        Args:
            values: Parameters.
            instead: Schema-qualified table -> the name of another one that is asked in its place.
        """
        tree = with_values(self.tree, values)
        for table in list(tree.find_all(exp.Table)):
            if instead and _qualified(table) in instead:
                alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name))
                table.replace(exp.Table(this=exp.to_identifier(instead[_qualified(table)]), alias=alias))
        return tree.sql(dialect=_DIALECT)


def parse_expression(text: str, where: str | Path) -> Expression:
    """Parse one SQL expression.

    Args:
        text: SQL.
        where: File or `file:line`, for messages.

    Raises:
        RuleFileError: not parsable as a single expression.
    """
    try:
        return _parsed_expression(text)
    except (ParseError, TokenError) as error:
        raise RuleFileError(_("SQL condition is not readable"), where=at_line(where), found=text) from error


@functools.lru_cache(maxsize=1024)
def _parsed_expression(text: str) -> Expression:
    tree = sqlglot.parse_one(text, dialect=_DIALECT, into=exp.Condition)
    columns = frozenset(column.name for column in tree.find_all(exp.Column) if not column.find_ancestor(exp.Select))
    outermost = [select for select in tree.find_all(exp.Select) if not select.find_ancestor(exp.Select)]
    return Expression(tree, columns, _parameters(tree), tuple(_subquery(select) for select in outermost))


def at_line(where: str | Path) -> str:
    """`file:line`; the first line of a file without one."""
    return where if isinstance(where, str) and _LINE.search(where) else f"{where}:1"


def _subquery(select: exp.Select) -> Subquery:
    named = [table for table in select.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    tables = [table for table in named if not _is_cte(table)]
    made = [node.alias for node in select.find_all(exp.Alias, exp.Subquery, exp.CTE) if node.alias]
    made += [table.alias_or_name for table in named if _is_cte(table)]
    return Subquery(
        tables={table.alias_or_name: _qualified(table) if table.db else table.name for table in tables},
        columns=frozenset((column.table, column.name) for column in select.find_all(exp.Column)),
        made=frozenset(made),
    )


def _qualified(table: exp.Table) -> str:
    return f"{table.db}.{table.name}"


def _is_cte(table: exp.Table) -> bool:
    if table.db:
        return False
    scope: exp.Expr | None = table
    while scope is not None:
        with_ = scope.args.get("with_") or scope.args.get("with")
        if with_ is not None and any(cte.alias == table.name for cte in with_.expressions):
            return True
        scope = scope.parent
    return False


def with_values(tree: exp.Expr, values: Mapping[str, Value]) -> exp.Expr:
    """A copy in which each `:name` is replaced by its quoted value."""

    def fill(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Placeholder):
            return _literal(values[node.name])
        return node

    return tree.copy().transform(fill)


def _literal(value: Value) -> exp.Expr:
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat()), "timestamptz", dialect=_DIALECT)
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date", dialect=_DIALECT)
    if isinstance(value, str):
        return exp.Literal.string(value)
    return exp.Literal.number(value)
