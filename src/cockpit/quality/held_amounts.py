"""The view `quality.held_amount`: money of rows that are held back, per month, region, subject and currency.

A view, so that it is always about the rows that staging flags now: what a total lacks and what is held add up.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2.extensions import cursor as PgCursor
from sqlglot import exp

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.scores import HeldSubject, Join, Scores
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import parse_expression
from cockpit.warehouse.tables import FLAG

VIEW = "quality.held_amount"

_LONGEST_CODE = 20

_NOTHING = (
    "select '' as subject, cast(null as date) as month, '' as region_code, '' as currency,"
    " cast(0 as numeric) as amount, cast(0 as bigint) as row_count, cast(0 as bigint) as unknown_count where false"
)


def view(context: BuildContext) -> str:
    """The statement that makes the view; an empty one where no rule says what money is.

    A subject whose expressions are wrong is left out, so that it stops nothing else; `require_sound` says so.
    """
    rows = "\nunion all\n".join(_subjects(context)[0]) or _NOTHING
    return f"create view {VIEW} as\n{rows}"


def require_sound(context: BuildContext) -> None:
    """Refuse expressions that do not fit the tables.

    Raises:
        RuleFileError: an expression cannot be read, or names a column that is not there.
    """
    for error in _subjects(context)[1]:
        raise error


def _subjects(context: BuildContext) -> tuple[list[str], list[RuleFileError]]:
    scores = context.workspace.scores
    if scores is None or scores.held is None:
        return [], []
    # Tables of a source whose file is wrong are not known; no mart is built until it is right again.
    broken = set(context.workspace.broken_sources)
    found: list[str] = []
    errors: list[RuleFileError] = []
    for name, subject in scores.held.subjects.items():
        if broken & _sources(subject):
            continue
        try:
            found.append(_subject(name, subject, scores, context))
        except RuleFileError as error:
            errors.append(error)
    return found, errors


def drop(cursor: PgCursor) -> None:
    """Take the view away while its tables get another shape; in the transaction that makes it again."""
    cursor.execute(f"drop view if exists {VIEW}")


def _subject(name: str, subject: HeldSubject, scores: Scores, context: BuildContext) -> str:
    tables = {"t": _model(context, subject.entity)}
    tables.update({join.name: _model(context, join.entity) for join in subject.joins})
    held = [_flag("t", tables["t"])]
    joins = [_join(join, tables[join.name], context) for join in subject.joins]
    held += [f"coalesce({_flag(join.name, tables[join.name])}, false)" for join in subject.joins if join.holds]
    amount, date, region, currency = (
        _expression(getattr(subject, place), tables, scores.held_place("subjects", name, place))
        for place in ("amount", "date", "region", "currency")
    )
    settings = context.workspace.settings
    day = (
        f"cast({date.text} as date)" if date.types == {"date"} else f"({date.text} at time zone '{settings.time_zone}')"
    )
    came = f"(batch.finished_at at time zone '{settings.time_zone}')"
    joins.append("left join ops.import_batch as batch on batch.batch_id = t.batch_id")
    return (
        f"select '{name}' as subject, cast(date_trunc('month', coalesce({day}, {came})) as date) as month,"
        f" coalesce(nullif({_code(region.text)}, ''), 'unknown') as region_code,"
        f" coalesce(nullif({_code(currency.text)}, ''), '{settings.currency}') as currency,"
        f" coalesce(sum({amount.text}), 0) as amount, count(*) as row_count,"
        f" count(*) filter (where {amount.text} is null) as unknown_count"
        f"\nfrom {tables['t'].qualified_name} as t\n"
        + "\n".join(joins)
        + f"\nwhere {' or '.join(held)}\ngroup by 2, 3, 4"
    )


def _sources(subject: HeldSubject) -> set[str]:
    return {entity.split(".")[0] for entity in (subject.entity, *(join.entity for join in subject.joins))}


def _join(join: Join, model: Model, context: BuildContext) -> str:
    """At most one row of the other entity, so that no amount counts twice."""
    source, name = join.entity.split(".")
    entity = context.workspace.source(source).entities[name]
    columns = tuple(join.by.values())
    table = model.qualified_name
    if entity.key == "line" or {entity.our_name(column) for column in entity.key} != set(columns):
        names = ", ".join(columns)
        table = f"(select distinct on ({names}) * from {table} order by {names}, source_key)"
    return f"left join {table} as {join.name} on " + " and ".join(
        f"{join.name}.{theirs} = t.{own}" for own, theirs in join.by.items()
    )


def _code(text: str) -> str:
    """A held row may hold any text where a code belongs; one that cannot be a code is not known."""
    return f"case when char_length({text}) > {_LONGEST_CODE} then 'unknown' else btrim({text}) end"


def _flag(alias: str, model: Model) -> str:
    return f"{alias}.{FLAG}" if model.is_gated else "false"


def _model(context: BuildContext, entity: str) -> Model:
    return context.graph[f"stg_{entity.replace('.', '__')}"]


@dataclass(frozen=True)
class _Text:
    """SQL, and the types of the columns that it names."""

    text: str
    types: set[str]


def _expression(text: str, tables: dict[str, Model], where: str) -> _Text:
    expression = parse_expression(text, where)
    types = set()
    for column in expression.tree.find_all(exp.Column):
        known = tables.get(column.table)
        if known is None or column.name not in known.contract.columns:
            raise RuleFileError(
                _("names an unknown column"),
                where=where,
                found=column.sql(dialect="postgres"),
                allowed=", ".join(
                    f"{name}.{each}" for name, model in tables.items() for each in model.contract.columns
                ),
            )
        types.add(known.contract.columns[column.name].type)
    return _Text(expression.render({}), types)
