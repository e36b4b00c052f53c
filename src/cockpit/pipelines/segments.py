"""Build `mart_segment_member`: which customers belong to which segments, and since when.

Rules are those that `core_segment` holds. Since when somebody belongs to a segment lies in `ops.segment_membership`,
which no rebuild drops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse.runner import BuilderInput
from cockpit.warehouse.sql_text import parse_expression

# Rows that are fetched at a time.
_BATCH = 10_000


# Members of segments whose week is not over, and since when the others belong to theirs.
_KEPT = """
select held.segment_id, held.customer_key, least(held.since, %(today)s), profile.region_code
from ops.segment_membership as held
inner join core.core_customer_profile as profile on held.customer_key = profile.customer_key
where held.until is null and held.segment_id = any(%(kept)s)
    and (%(customers)s::text[] is null or held.customer_key = any(%(customers)s))
"""
_ASKED = """
select judged.segment_id, profile.customer_key, least(held.since, %(today)s), profile.region_code
from core.core_customer_profile as profile
cross join lateral (values {rules}) as judged (segment_id, is_member)
left join ops.segment_membership as held
    on held.segment_id = judged.segment_id and held.customer_key = profile.customer_key
    -- Who left today and is back today was never away.
    and coalesce(held.until = %(today)s, true)
where judged.is_member and (%(customers)s::text[] is null or profile.customer_key = any(%(customers)s))
"""


@dataclass(frozen=True)
class _Definition:
    """A segment in force.

    Attributes:
        rule: As written.
        is_due: Whether the rule is asked now; otherwise its members stay until its week is over.
    """

    segment_id: str
    rule: str
    is_due: bool


def members(given: BuilderInput) -> Iterator[Sequence[object]]:
    """Ask each rule of every customer, or of those that changed.

    Yields:
        (segment_id, customer_key, since, region_code); since is the first day of a membership without gap.
    """
    parameters = given.context.parameters()
    today = given.context.as_of.astimezone(given.context.workspace.zone).date()
    customers = None if given.affected is None else [key for (key,) in given.affected]
    with given.connection.cursor() as cursor:
        cursor.execute("select set_config('TimeZone', %s, true)", (given.context.workspace.settings.time_zone,))
        definitions = _definitions(cursor, today)
    given.replaced = given.affected
    given.afterwards.append(partial(_remember, definitions=definitions, today=today, customers=customers))

    kept = [each.segment_id for each in definitions if not each.is_due]
    rules = [
        sql.SQL("({}, {})").format(
            sql.Literal(each.segment_id),
            # A per cent sign of a rule is one of its own, none of a placeholder.
            sql.SQL(parse_expression(each.rule, each.segment_id).render(parameters).replace("%", "%%")),
        )
        for each in definitions
        if each.is_due
    ]
    parts: list[sql.Composable] = [sql.SQL(_KEPT)]
    if rules:
        parts.append(sql.SQL(_ASKED).format(rules=sql.SQL(", ").join(rules)))
    query = sql.SQL("union all").join(parts)
    with given.connection.cursor("segment_members") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(query, {"today": today, "customers": customers, "kept": kept})
        yield from cursor


def _definitions(cursor: PgCursor, today: date) -> list[_Definition]:
    cursor.execute(
        "select segment.segment_id, segment.rule, not coalesce("
        " segment.refresh = 'weekly' and evaluation.rule = segment.rule and evaluation.evaluated_on <= %(today)s"
        " and date_trunc('week', evaluation.evaluated_on) = date_trunc('week', cast(%(today)s as date)), false)"
        " from core.core_segment as segment"
        " left join ops.segment_evaluation as evaluation on segment.segment_id = evaluation.segment_id"
        " order by segment.segment_id",
        {"today": today},
    )
    return [_Definition(*row) for row in cursor.fetchall()]


def _remember(
    cursor: PgCursor, definitions: Sequence[_Definition], today: date, customers: Sequence[str] | None
) -> None:
    """Write who joined and who left, and which rules were asked of everybody."""
    values = {"today": today, "customers": customers}
    cursor.execute(
        "update ops.segment_membership as held set until = %(today)s where held.until is null"
        " and (%(customers)s::text[] is null or held.customer_key = any(%(customers)s))"
        " and not exists (select from marts.mart_segment_member as member"
        " where member.segment_id = held.segment_id and member.customer_key = held.customer_key)",
        values,
    )
    cursor.execute(
        "insert into ops.segment_membership (segment_id, customer_key, since)"
        " select member.segment_id, member.customer_key, member.since from marts.mart_segment_member as member"
        " where (%(customers)s::text[] is null or member.customer_key = any(%(customers)s))"
        " and not exists (select from ops.segment_membership as held where held.segment_id = member.segment_id"
        " and held.customer_key = member.customer_key and held.until is null)"
        " on conflict (segment_id, customer_key, since) do update set until = null",
        values,
    )
    if customers is not None:
        # The week of a rule begins when everybody was asked.
        return
    for each in definitions:
        if each.is_due:
            cursor.execute(
                "insert into ops.segment_evaluation (segment_id, rule, evaluated_on) values (%s, %s, %s)"
                " on conflict (segment_id) do update set rule = excluded.rule, evaluated_on = excluded.evaluated_on",
                (each.segment_id, each.rule, today),
            )
