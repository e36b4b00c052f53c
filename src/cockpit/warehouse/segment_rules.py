"""Whether the rules of segments can be asked of `core_customer_profile`: known columns, and SQL that only compares."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlglot import exp

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.segments import PlacedSegment, Segments
from cockpit.warehouse.sql_text import parse_expression

# Nothing else: a rule may neither ask other tables nor call functions that do more than compute.
_ALLOWED: tuple[type[exp.Expr], ...] = (
    *(exp.And, exp.Or, exp.Not, exp.Paren),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ),
    *(exp.Is, exp.In, exp.Between, exp.Like, exp.ILike),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg),
    *(exp.Null, exp.Boolean, exp.Literal, exp.Placeholder, exp.Column, exp.Identifier),
    *(exp.Abs, exp.Coalesce, exp.Greatest, exp.Least, exp.Nullif, exp.Round, exp.Lower, exp.Upper, exp.Length),
    *(exp.Case, exp.If, exp.Interval, exp.Var, exp.Cast, exp.DataType, exp.DataTypeParam),
)
_ALLOWED_TEXT = (
    "and, or, not, comparisons, is, in, between, like, + - * /, case, cast, interval, abs, coalesce, greatest, least,"
    " length, lower, nullif, round, upper"
)
_TYPES = {"BIGINT", "BOOLEAN", "DATE", "DECIMAL", "INT", "TEXT", "VARCHAR"}
_ANSWERS = (exp.Predicate, exp.And, exp.Or, exp.Not, exp.Boolean, exp.Column)


def check_segments(segments: Segments, columns: Collection[str], parameters: Collection[str]) -> None:
    """Look at every rule before it is asked.

    Args:
        segments: Of the workspace.
        columns: Of core_customer_profile.
        parameters: Names that may be used as `:name`.

    Raises:
        RuleFileError: a rule is not readable, names an unknown column or parameter, does more than compare, divides by
            what may be 0, or is no condition; with file and line.
    """
    for placed in segments.placed:
        for fault in _faults(placed, columns, parameters):
            raise fault


def _faults(placed: PlacedSegment, columns: Collection[str], parameters: Collection[str]) -> Iterator[RuleFileError]:
    rule, where = placed.segment.rule, placed.origin
    expression = parse_expression(rule, where)
    for node in expression.tree.walk():
        if not isinstance(node, _ALLOWED) or (isinstance(node, exp.Column) and node.table):
            found = node.sql(dialect="postgres")
            yield RuleFileError(
                _("a segment's rule only compares columns"), where=where, found=found, allowed=_ALLOWED_TEXT
            )
        if isinstance(node, exp.Cast) and getattr(node.to.this, "name", None) not in _TYPES:
            yield RuleFileError(
                _("a segment's rule only compares columns"),
                where=where,
                found=node.sql(dialect="postgres"),
                allowed=", ".join(sorted(kind.lower() for kind in _TYPES)),
            )
        if isinstance(node, exp.Div) and not _is_never_zero(node.expression):
            yield RuleFileError(
                _("a segment's rule divides by what may be 0"),
                where=where,
                found=node.expression.sql(dialect="postgres"),
                fix=_("Write nullif(x, 0): a customer without an answer does not belong to it."),
            )
    for names, known, message in (
        (expression.columns, columns, _("a segment's rule names an unknown column")),
        (expression.parameters, parameters, _("a segment's rule uses an unknown parameter")),
    ):
        for name in sorted(set(names) - set(known)):
            yield RuleFileError(message, where=where, found=name, allowed=", ".join(sorted(known)))
    if not isinstance(expression.tree.unnest(), _ANSWERS):
        yield RuleFileError(_("a segment's rule is no condition"), where=where, found=rule)


def _is_never_zero(divisor: exp.Expr) -> bool:
    plain = divisor.unnest()
    if isinstance(plain, exp.Literal) and not plain.is_string:
        return float(plain.this) != 0
    return isinstance(plain, exp.Nullif)
