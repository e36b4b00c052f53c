"""The group around a golden customer: who is above and below, who says so, and what else seems to belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from psycopg2.extras import RealDictCursor

from cockpit.mdm.review_queue import query_text
from cockpit.rulebook.review import Review
from cockpit.rulebook.survivorship import Survivorship
from cockpit.warehouse.rows import one_row

_MOST_BELOW = 50
_MOST_FOUND = 10
# No group is so deep; a circle cannot be, but a page must not hang on one.
_DEEPEST = 30


@dataclass(frozen=True)
class Related:
    """Another golden customer of the group.

    Attributes:
        title: What it is called; None when core has it no more.
        depth: Steps from the customer that is looked at, 1 for a neighbour.
        relation: What the lower of the two is: branch, subsidiary, group or former_name.
        found_by: decision, parent_key, branch_name or former_name.
        record_id: That says so; None for a decision.
        decision_id, author, reason: Of the decision; None where a rule found it.
        since: When the record or decision was made; None when that is unknown.
    """

    golden_id: str
    title: str | None
    depth: int
    relation: str
    found_by: str
    record_id: str | None
    decision_id: int | None
    author: str | None
    reason: str | None
    since: datetime | None


@dataclass(frozen=True)
class GroupView:
    """What there is to see.

    Attributes:
        above: The customers above, the nearest first.
        below: Those below, each behind the one that it hangs on; the first fifty.
        below_count: All of them.
        size: Customers of the whole group, this one too.
        found: Who else is above it by what a source or a name says, and is not, because something stronger counts.
    """

    above: tuple[Related, ...]
    below: tuple[Related, ...]
    below_count: int
    size: int
    found: tuple[Related, ...]


def has_groups(connection: PgConnection, entity: str) -> bool:
    """Whether golden records of an entity are arranged under each other, and that is built."""
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s) is not null", (f"core.core_{entity}_hierarchy",))
        return bool(one_row(cursor)[0])


def look_around(connection: PgConnection, rule: Survivorship, review: Review, golden_id: str) -> GroupView:
    """The group around a golden record that `has_groups`, as the last run arranged it.

    Args:
        connection: To the workspace's database; the caller ends the transaction.
        golden_id: A living id.
    """
    names = {
        "hierarchy": sql.Identifier("core", f"core_{rule.entity}_hierarchy"),
        "relation": sql.Identifier("core", f"core_{rule.entity}_relation"),
        "golden": sql.Identifier("core", rule.table),
        "key": sql.Identifier(rule.key),
        "parent": sql.Identifier(f"parent_{rule.key}"),
        "top": sql.Identifier(f"group_{rule.key}"),
        "title": sql.Identifier(review.golden_title),
    }
    values = {"id": golden_id, "deepest": _DEEPEST, "below": _MOST_BELOW, "found": _MOST_FOUND}

    def read(query: str) -> tuple[Sequence[Mapping[str, Any]], tuple[Related, ...]]:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(sql.SQL(query_text(query)).format(**names), values)
            rows = cursor.fetchall()
        return rows, tuple(Related(**{name: row[name] for name in Related.__dataclass_fields__}) for row in rows)

    _rows, above = read("group_above")
    rows, below = read("group_below")
    _rows, found = read("group_found")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("select count(*) from {hierarchy} where {top} = %s").format(**names),
            (above[-1].golden_id if above else golden_id,),
        )
        (others,) = one_row(cursor)
    return GroupView(above, below, rows[0]["total"] if rows else 0, others + 1, found)
