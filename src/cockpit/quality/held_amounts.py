"""The view `quality.held_amount`: money of rows that are held back, per month, region, subject and currency.

A view, so that it is always about the rows that staging flags now: what a total lacks and what is held add up.
"""

from __future__ import annotations

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.scores import HeldSubject, Scores
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import parse_expression
from cockpit.warehouse.tables import FLAG

VIEW = "quality.held_amount"

_NOTHING = (
    "select '' as subject, cast(null as date) as month, '' as region_code, '' as currency,"
    " cast(0 as numeric) as amount, cast(0 as bigint) as row_count, cast(0 as bigint) as unknown_count where false"
)


def view(context: BuildContext) -> str:
    """The statements that make the view; an empty one where no rule says what money is.

    Raises:
        RuleFileError: an expression cannot be read, or names a column that is not there.
    """
    scores = context.workspace.scores
    subjects = scores.held.subjects if scores and scores.held else {}
    parts = [_subject(name, subject, scores, context) for name, subject in subjects.items() if scores]
    rows = "\nunion all\n".join(parts) or _NOTHING
    return f"drop view if exists {VIEW};\ncreate view {VIEW} as\n{rows}"


def _subject(name: str, subject: HeldSubject, scores: Scores, context: BuildContext) -> str:
    where = scores.held_place("subjects", name)
    tables = {"t": _model(context, subject.entity)}
    tables.update({join.name: _model(context, join.entity) for join in subject.joins})
    held = [_flag("t", tables["t"])]
    joins = []
    for join in subject.joins:
        # One row of it at most, so that no amount counts twice.
        names = ", ".join(join.by.values())
        joins.append(
            f"left join (select distinct on ({names}) * from {tables[join.name].qualified_name}"
            f" order by {names}, source_key) as {join.name}"
            f" on {' and '.join(f'{join.name}.{theirs} = t.{own}' for own, theirs in join.by.items())}"
        )
        if join.holds:
            held.append(f"coalesce({_flag(join.name, tables[join.name])}, false)")
    texts = {
        place: _expression(getattr(subject, place), tables, scores.held_place("subjects", name, place) or where)
        for place in ("amount", "date", "region", "currency")
    }
    zone = context.workspace.settings.time_zone
    came = f"(batch.finished_at at time zone '{zone}')"
    day = f"coalesce({_local(texts['date'], zone)}, {came})"
    currency = f"coalesce(nullif(btrim({texts['currency']}), ''), '{context.workspace.settings.currency}')"
    region = f"coalesce(nullif(btrim({texts['region']}), ''), 'unknown')"
    return (
        f"select '{name}' as subject, cast(date_trunc('month', {day}) as date) as month, {region} as region_code,"
        f" {currency} as currency, coalesce(sum({texts['amount']}), 0) as amount, count(*) as row_count,"
        f" count(*) filter (where {texts['amount']} is null) as unknown_count"
        f"\nfrom {tables['t'].qualified_name} as t\n"
        + "\n".join([*joins, "left join ops.import_batch as batch on batch.batch_id = t.batch_id"])
        + f"\nwhere {' or '.join(held)}\ngroup by 2, 3, 4"
    )


def _local(text: str, zone: str) -> str:
    """A day or moment as business time; which of the two it is shows only in the database."""
    return f"(cast({text} as timestamptz) at time zone '{zone}')" if text.endswith("_at") else f"cast({text} as date)"


def _flag(alias: str, model: Model) -> str:
    return f"{alias}.{FLAG}" if model.is_gated else "false"


def _model(context: BuildContext, entity: str) -> Model:
    return context.graph[f"stg_{entity.replace('.', '__')}"]


def _expression(text: str, tables: dict[str, Model], where: str) -> str:
    expression = parse_expression(text, where)
    for column in expression.tree.find_all(_column_type()):
        known = tables.get(column.table)
        if known is None or column.name not in known.contract.columns:
            raise RuleFileError(
                _("names an unknown column"),
                where=where,
                found=column.sql(dialect="postgres"),
                allowed=", ".join(f"{alias}.{name}" for alias, model in tables.items() for name in model.contract.columns),
            )
    return expression.render({})
