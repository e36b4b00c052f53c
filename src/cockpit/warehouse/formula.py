"""Read formulas of metrics: SQL expressions of which only a short list of forms is let through.

What is not named here is refused, so that a formula can neither run anything nor read another table, and gives a number
whatever the rows are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from cockpit.errors import RuleFileError
from cockpit.i18n import _

_DIALECT = "postgres"

ValueType: TypeAlias = Literal["number", "text", "date", "time", "boolean", "other", "null"]
# How many rows a part looks at: none, one, or all of a group.
Level: TypeAlias = Literal["constant", "row", "group"]

# Would end the expression, hide a part of it, or mean something to Superset's templates.
_FORBIDDEN = re.compile(r";|--|/\*|\*/|[{}$\\\"]")
_NUMBER = re.compile(r"^[0-9]{1,18}(\.[0-9]{1,12})?$")
_DATE_PARTS = ("year", "quarter", "month", "week", "day", "dow", "isodow", "doy")
_NUMERIC_TYPES = re.compile(r"^(numeric|decimal|integer|int|bigint|smallint|real|double precision)")

_CALCULATIONS = (exp.Add, exp.Sub, exp.Mul, exp.Div)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_OF_NUMBERS = (exp.Neg, exp.Abs, exp.Round, exp.Ceil, exp.Floor)
_OF_ALIKE = (exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)
_STATISTICS = (exp.Avg, exp.Median, exp.Stddev, exp.StddevSamp, exp.StddevPop)
_EXTREMES = (exp.Min, exp.Max)
_AGGREGATES = (exp.Sum, exp.Count, *_STATISTICS, *_EXTREMES, exp.WithinGroup)
# For messages and documents; the visitor below decides.
AGGREGATES = (
    "sum", "count", "count distinct", "avg", "median", "percentile_cont", "min", "max", "stddev", "stddev_samp",
    "stddev_pop",
)  # fmt: skip
OPERATORS = ("+ - * /", "= <> < <= > >=", "and or not", "between", "in", "is null")
FUNCTIONS = ("abs", "case", "cast", "ceil", "coalesce", "extract", "floor", "greatest", "least", "nullif", "round")


@dataclass(frozen=True)
class Term:
    """What is known about a part of a formula.

    Attributes:
        is_additive: Whether its value over all rows is the sum of its values over parts of them.
    """

    type: ValueType
    level: Level
    is_additive: bool = False


@dataclass(frozen=True)
class Names:
    """What a formula may name.

    Attributes:
        columns: Of the mart, with their types.
        parameters: Names used as `:name`, with their types.
        metrics: Further names that are allowed; they have been put in by then, so these are for messages only.
    """

    columns: Mapping[str, ValueType]
    parameters: Mapping[str, ValueType]
    metrics: tuple[str, ...] = ()


def value_type(postgres_type: str) -> ValueType:
    """What can be done with a column of a type of PostgreSQL."""
    kind = postgres_type.lower()
    if _NUMERIC_TYPES.match(kind) and not kind.endswith("[]"):
        return "number"
    if kind in ("text", "date", "boolean"):
        return kind  # type: ignore[return-value]
    return "time" if kind.startswith("timestamp") else "other"


def parse_formula(text: str, where: str) -> exp.Expr:
    """The tree of one expression, as written; `check_formula` decides whether it is allowed.

    Raises:
        RuleFileError: it is no single expression, or has a comment or a mark that none needs.
    """
    if found := _FORBIDDEN.search(text):
        raise RuleFileError(
            _("a formula is one expression without comments, semicolons, quoted names and templates"),
            where=where,
            found=found[0],
            fix=_("Take it out; notes belong into the description."),
        )
    try:
        return sqlglot.parse_one(text, dialect=_DIALECT, into=exp.Condition)
    except (ParseError, TokenError, RecursionError) as error:
        raise RuleFileError(_("the formula is not readable"), where=where, found=_shortened(text)) from error


def check_formula(tree: exp.Expr, names: Names, where: str) -> Term:
    """Refuse whatever is not allowed, and tell what the formula gives.

    Raises:
        RuleFileError: an unknown name or function, a part that does not fit beside another one, columns beside
            aggregates.
    """
    try:
        return _Visitor(names, where).term(tree)
    except RecursionError as error:
        raise RuleFileError(_("the formula is not readable"), where=where) from error


def finished(tree: exp.Expr) -> exp.Expr:
    """The formula as PostgreSQL runs it: a division by zero gives null, and whole numbers are divided as decimals."""

    def finish(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Div):
            numerator, divisor = node.this, node.expression
            if not isinstance(divisor, exp.Literal):
                divisor = exp.Nullif(this=_bare(divisor), expression=exp.Literal.number(0))
            return exp.Div(this=_numeric(numerator), expression=divisor, typed=True, safe=False)
        if isinstance(node, exp.Round):
            # PostgreSQL rounds floating point numbers to whole ones only.
            return exp.Round(this=_numeric(node.this), decimals=node.args.get("decimals"))
        aggregate = node.this if isinstance(node, exp.Filter) else node
        if isinstance(aggregate, exp.Median | exp.WithinGroup) and not isinstance(node.parent, exp.Filter):
            # A floating point number otherwise, which the rounding above would not take.
            return _numeric(node)
        return node

    return _post_order(tree.copy(), finish)


def restricted(tree: exp.Expr, condition: exp.Expr) -> exp.Expr:
    """The formula over only those rows for which the condition is true."""

    def restrict(node: exp.Expr) -> exp.Expr:
        inner = node.this if isinstance(node, exp.Filter) else node
        if isinstance(node, exp.Filter):
            both = exp.And(this=_parenthesised(node.expression.this), expression=_parenthesised(condition))
            return exp.Filter(this=inner.copy(), expression=exp.Where(this=both))
        if isinstance(node, _AGGREGATES) and not isinstance(node.parent, exp.Filter):
            return exp.Filter(this=node.copy(), expression=exp.Where(this=condition.copy()))
        return node

    return _post_order(tree.copy(), restrict)


def replaced(tree: exp.Expr, trees: Mapping[str, exp.Expr]) -> exp.Expr:
    """The formula with names replaced by what they stand for."""

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name in trees:
            return _parenthesised(trees[node.name])
        return node

    return _post_order(tree.copy(), replace)


def named_columns(tree: exp.Expr) -> tuple[str, ...]:
    """Names of the columns in it, each once, sorted."""
    return tuple(sorted({column.name for column in tree.find_all(exp.Column)}))


def quotient(numerator: exp.Expr, denominator: exp.Expr, when_zero: float | None) -> exp.Expr:
    """The ratio of two parts; the value for a denominator of 0 is null unless one is given."""
    ratio = exp.Div(this=_parenthesised(numerator), expression=_parenthesised(denominator), typed=True, safe=False)
    if when_zero is None:
        return ratio
    is_zero = exp.EQ(this=_parenthesised(denominator), expression=exp.Literal.number(0))
    # Not a negative literal, which sqlglot has no node for.
    value = exp.Literal.number(abs(when_zero))
    return exp.Case(ifs=[exp.If(this=is_zero, true=exp.Neg(this=value) if when_zero < 0 else value)], default=ratio)


def _post_order(node: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Change the parts first, so that what a change adds is not changed again."""
    for child in list(node.iter_expressions()):
        new = _post_order(child, change)
        if new is not child:
            child.replace(new)
    return change(node)


def _numeric(node: exp.Expr) -> exp.Expr:
    return exp.cast(_bare(node).copy(), "decimal", dialect=_DIALECT)


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node.copy()


def _parenthesised(node: exp.Expr) -> exp.Expr:
    return node.copy() if isinstance(node, exp.Column | exp.Literal | exp.Paren) else exp.Paren(this=node.copy())


def _is_sum_or_zero(node: exp.Expr, terms: list[Term]) -> bool:
    """`coalesce(sum(...), 0)`: a sum over nothing is 0."""
    rest = node.expressions
    is_zero = len(rest) == 1 and isinstance(rest[0], exp.Literal) and float(rest[0].name) == 0
    return isinstance(node, exp.Coalesce) and terms[0].is_additive and is_zero


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


class _Visitor:
    """Goes through a formula from the leaves up; each form that is allowed has a branch."""

    def __init__(self, names: Names, where: str) -> None:
        self._names = names
        self._where = where

    def term(self, node: exp.Expr) -> Term:
        match node:
            case exp.Paren():
                return self.term(node.this)
            case exp.Literal():
                return self._literal(node)
            case exp.Null():
                return Term("null", "constant")
            case exp.Boolean():
                return Term("boolean", "constant")
            case exp.Placeholder():
                return self._parameter(node)
            case exp.Column():
                return self._column(node)
            case exp.Filter():
                return self._filter(node)
            case exp.WithinGroup():
                return self._percentile(node)
            case exp.Count() | exp.Sum() | exp.Min() | exp.Max():
                return self._aggregate(node)
            case _ if isinstance(node, _STATISTICS):
                return self._aggregate(node)
            case exp.Extract():
                return self._date_part(node)
            case exp.Cast():
                return self._cast(node)
            case exp.Case():
                return self._case(node)
            case exp.Is():
                return Term("boolean", self._level(node, [self.term(part) for part in node.iter_expressions()]))
            case exp.And() | exp.Or() | exp.Not():
                return Term("boolean", self._level(node, self._all(node, "boolean")))
            case _ if isinstance(node, _COMPARISONS):
                return self._comparison(node)
            case _ if isinstance(node, _CALCULATIONS):
                return self._calculation(node)
            case _ if isinstance(node, _OF_NUMBERS):
                terms = self._all(node, "number")
                return Term("number", self._level(node, terms), isinstance(node, exp.Neg) and terms[0].is_additive)
            case _ if isinstance(node, _OF_ALIKE):
                terms = self._terms(node)
                return Term(self._common_type(node, terms), self._level(node, terms), _is_sum_or_zero(node, terms))
        raise self._refusal(
            _("is not allowed in a formula"),
            node,
            allowed=", ".join((*OPERATORS, *AGGREGATES, *FUNCTIONS)),
        )

    def _terms(self, node: exp.Expr) -> list[Term]:
        """All parts, whatever they are called: one that is not looked at could be anything."""
        return [self.term(part) for part in node.iter_expressions()]

    def _all(self, node: exp.Expr, wanted: ValueType) -> list[Term]:
        terms = self._terms(node)
        for part, term in zip(node.iter_expressions(), terms, strict=True):
            self._require(part, term, wanted)
        return terms

    def _require(self, part: exp.Expr, term: Term, *wanted: ValueType) -> None:
        if term.type not in (*wanted, "null"):
            fix = None
            if term.type == "boolean":
                fix = _("Count rows with 'count(*) filter (where ...)'.")
            raise self._refusal(
                _("is of the type {type}, which does not fit here", type=term.type),
                part,
                allowed=", ".join(wanted),
                fix=fix,
            )

    def _level(self, node: exp.Expr, terms: list[Term]) -> Level:
        levels = {term.level for term in terms}
        if {"row", "group"} <= levels:
            raise self._refusal(
                _("has columns of single rows beside an aggregate"),
                node,
                fix=_("Put each column into an aggregate such as sum(...)."),
            )
        return "group" if "group" in levels else "row" if "row" in levels else "constant"

    def _common_type(self, node: exp.Expr, terms: list[Term]) -> ValueType:
        types = {term.type for term in terms} - {"null"}
        if len(types) > 1:
            raise self._refusal(_("mixes types: {types}", types=", ".join(sorted(types))), node)
        return next(iter(types), "null")

    def _literal(self, node: exp.Literal) -> Term:
        if not node.is_string and not _NUMBER.match(node.name):
            raise self._refusal(_("is no number of the right size"), node, allowed="0.5, 10000")
        return Term("text" if node.is_string else "number", "constant")

    def _parameter(self, node: exp.Placeholder) -> Term:
        known = self._names.parameters
        if node.name not in known:
            raise self._unknown(_("uses an unknown parameter"), node.name, [*known])
        return Term(known[node.name], "constant")

    def _column(self, node: exp.Column) -> Term:
        known = self._names.columns
        if node.table or not isinstance(node.this, exp.Identifier):
            raise self._refusal(_("names a table; a formula is about one mart"), node)
        if node.name not in known:
            raise self._unknown(
                _("names an unknown column or metric"), node.name, [*sorted(known), *self._names.metrics]
            )
        return Term(known[node.name], "row")

    def _inside(self, node: exp.Expr, aggregate: exp.Expr) -> Term:
        """A part of an aggregate: it looks at single rows."""
        term = self.term(node)
        if term.level == "group":
            raise self._refusal(_("has an aggregate within an aggregate"), aggregate)
        return term

    def _aggregate(self, node: exp.Expr) -> Term:
        parts = list(node.iter_expressions())
        if len(parts) != 1:
            raise self._refusal(_("an aggregate is over one thing"), node)
        inner = parts[0]
        if isinstance(node, exp.Count):
            if isinstance(inner, exp.Distinct):
                for part in inner.iter_expressions():
                    self._inside(part, node)
                if len(list(inner.iter_expressions())) != 1:
                    raise self._refusal(_("an aggregate is over one thing"), node)
                return Term("number", "group")
            if not isinstance(inner, exp.Star) or list(inner.iter_expressions()):
                self._inside(inner, node)
            return Term("number", "group", is_additive=True)
        term = self._inside(inner, node)
        if isinstance(node, _EXTREMES):
            self._require(inner, term, "number", "date", "time")
            return Term(term.type, "group")
        self._require(inner, term, "number")
        return Term("number", "group", is_additive=isinstance(node, exp.Sum))

    def _percentile(self, node: exp.WithinGroup) -> Term:
        """`percentile_cont(0.9) within group (order by column)`."""
        function, order = node.this, node.expression
        share = function.this if isinstance(function, exp.PercentileCont) else None
        ordered = list(order.expressions) if isinstance(order, exp.Order) else []
        if (
            not isinstance(share, exp.Literal)
            or share.is_string
            or len(ordered) != 1
            or not 0 <= float(share.name) <= 1
        ):
            raise self._refusal(
                _("is not allowed in a formula"), node, allowed="percentile_cont(0.9) within group (order by ...)"
            )
        self._require(ordered[0].this, self._inside(ordered[0].this, node), "number")
        return Term("number", "group")

    def _filter(self, node: exp.Filter) -> Term:
        if not isinstance(node.this, _AGGREGATES):
            raise self._refusal(_("is not allowed in a formula"), node, allowed=", ".join(AGGREGATES))
        term = self.term(node.this)
        condition = node.expression.this
        self._require(condition, self._inside(condition, node), "boolean")
        return term

    def _date_part(self, node: exp.Extract) -> Term:
        unit = node.this.name.lower()
        if unit not in _DATE_PARTS:
            raise self._refusal(_("is not allowed in a formula"), node, allowed=", ".join(_DATE_PARTS))
        term = self.term(node.expression)
        # Of a moment it would depend on the time zone of whoever asks.
        self._require(node.expression, term, "date")
        return Term("number", term.level)

    def _cast(self, node: exp.Cast) -> Term:
        target = node.to.sql(dialect=_DIALECT).lower()
        term = self.term(node.this)
        if isinstance(node.this, exp.Literal) and node.this.is_string and target == "date":
            self._date(node.this)
            return Term("date", "constant")
        wanted: dict[str, ValueType] = {"decimal": "number", "int": "boolean"}
        if target not in wanted or any(node.args.get(key) for key in ("format", "action", "default")):
            raise self._refusal(
                _("is not allowed in a formula"), node, allowed="cast(number as numeric), cast(true or false as int)"
            )
        # A text that is no number, and a number that is too great, would stop the table.
        self._require(node.this, term, wanted[target])
        return Term("number", term.level, is_additive=term.is_additive)

    def _case(self, node: exp.Case) -> Term:
        subject = node.this
        terms = [self.term(subject)] if subject is not None else []
        results: list[Term] = []
        for branch in node.args["ifs"]:
            condition = self.term(branch.this)
            if subject is None:
                self._require(branch.this, condition, "boolean")
            else:
                self._comparable(branch.this, subject, condition, terms[0])
            terms.append(condition)
            results.append(self.term(branch.args["true"]))
        if node.args.get("default") is not None:
            results.append(self.term(node.args["default"]))
        return Term(self._common_type(node, results), self._level(node, terms + results))

    def _comparison(self, node: exp.Expr) -> Term:
        if isinstance(node, exp.In) and any(node.args.get(key) for key in ("query", "unnest", "field")):
            raise self._refusal(_("is not allowed in a formula"), node, allowed="in ('a', 'b')")
        parts = list(node.iter_expressions())
        terms = [self.term(part) for part in parts]
        for part, term in zip(parts[1:], terms[1:], strict=True):
            self._comparable(part, parts[0], term, terms[0])
        return Term("boolean", self._level(node, terms))

    def _comparable(self, one: exp.Expr, other: exp.Expr, first: Term, second: Term) -> None:
        """Both of one type; a text may stand for a date."""
        for text, term, date_term in ((one, first, second), (other, second, first)):
            if isinstance(text, exp.Literal) and term.type == "text" and date_term.type == "date":
                self._date(text)
                return
        if "null" not in (first.type, second.type) and first.type != second.type:
            raise self._refusal(_("mixes types: {types}", types=f"{second.type}, {first.type}"), one.parent or one)

    def _date(self, node: exp.Literal) -> None:
        try:
            date.fromisoformat(node.name)
        except ValueError as error:
            raise self._refusal(_("is no date"), node, allowed="'2026-03-05'") from error

    def _calculation(self, node: exp.Expr) -> Term:
        first, second = node.this, node.expression
        left, right = self.term(first), self.term(second)
        level = self._level(node, [left, right])
        if isinstance(node, exp.Sub) and left.type == right.type == "date":
            return Term("number", level)
        if isinstance(node, exp.Add | exp.Sub) and left.type == "date" and right.type == "number":
            self._require_whole_days(second)
            return Term("date", level)
        self._require(first, left, "number")
        self._require(second, right, "number")
        if isinstance(node, exp.Div) and isinstance(_bare(second), exp.Literal) and float(_bare(second).name) == 0:
            raise self._refusal(_("divides by zero"), node)
        if isinstance(node, exp.Add | exp.Sub):
            additive = left.is_additive and right.is_additive
        elif isinstance(node, exp.Mul):
            additive = {left.level, right.level} == {"group", "constant"} and (left.is_additive or right.is_additive)
        else:
            additive = left.is_additive and right.level == "constant"
        return Term("number", level, is_additive=additive)

    def _require_whole_days(self, node: exp.Expr) -> None:
        if not isinstance(node, exp.Literal) or "." in node.name:
            raise self._refusal(
                _("days that are added to a date are a whole number"), node, allowed="received_date + 30"
            )

    def _unknown(self, message: str, found: str, known: list[str]) -> RuleFileError:
        near = difflib.get_close_matches(found, known, n=1)
        return RuleFileError(
            message,
            where=self._where,
            found=found,
            allowed=", ".join(known),
            fix=_("Did you mean {name}?", name=near[0]) if near else None,
        )

    def _refusal(
        self, message: str, node: exp.Expr, allowed: str | None = None, fix: str | None = None
    ) -> RuleFileError:
        found = _shortened(node.sql(dialect=_DIALECT))
        return RuleFileError(message, where=self._where, found=found, allowed=allowed, fix=fix)
