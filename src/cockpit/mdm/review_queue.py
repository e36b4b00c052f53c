"""Pairs of golden records about which a person decides: narrowed, in the order of what is at stake."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor
from psycopg2.extras import RealDictCursor

from cockpit.mdm.reasons import Reasons, read_reasons
from cockpit.mdm.record_view import find_records
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.review import Review, ValueAtStake
from cockpit.warehouse.rows import one_row

Sort: TypeAlias = Literal["stake", "likely", "unlikely"]
ReasonKind: TypeAlias = Literal["agree", "differ", "veto"]

SORTS: Final[Mapping[Sort, str]] = {
    "stake": "greatest(one.amount, 0) + greatest(other.amount, 0) desc, question.score desc",
    "likely": "question.score desc",
    "unlikely": "question.score asc",
}
_SQL = Path(__file__).parent / "sql"
_NO_WORTH = "select cast(null as text) as golden_id, cast(null as numeric) as amount where false"


@dataclass(frozen=True)
class PairFilter:
    """Which pairs a person asked for; what is None does not narrow.

    Attributes:
        is_vetoed: Those that a rule keeps apart, instead of those that wait for a decision.
        source: Of one of the two records.
        reason: agree or differ and a field, or veto and its name.
        least_score, most_score: Probability, 0 to 1; the latter is not part of the band.
        text: Part of what a record is called, or an id.
    """

    is_vetoed: bool = False
    source: str | None = None
    reason: tuple[ReasonKind, str] | None = None
    least_score: float | None = None
    most_score: float | None = None
    text: str | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything narrows."""
        return any((self.source, self.reason, self.least_score, self.most_score, self.text))


@dataclass(frozen=True)
class Question:
    """Whether two golden records are one.

    Attributes:
        left_record, right_record: Their likeliest pair of records.
        left_golden, right_golden: The golden records.
        score: Probability that the pair is one.
        pair_count: Pairs of records that ask the same.
        stake: What depends on it, in the workspace's currency; None where the entity has no such amounts.
        place, total: Where it stands in the queue, from 1, and how long that is.
    """

    left_record: str
    right_record: str
    left_golden: str
    right_golden: str
    score: float
    outcome: str
    reasons: Reasons
    model_version: str
    pair_count: int
    stake: Decimal | None
    place: int
    total: int


@dataclass(frozen=True)
class Choice:
    """Something that the queue can be narrowed by, and how many pairs have it."""

    kind: Literal["source", "agree", "differ", "veto"]
    name: str
    pairs: int


def read_questions(
    connection: PgConnection,
    rule: Review,
    staged: Contract,
    wanted: PairFilter,
    sort: Sort = "stake",
    *,
    offset: int = 0,
    limit: int,
) -> list[Question]:
    """One page of the queue.

    Args:
        connection: To the workspace's database; the caller ends the transaction.
        rule: Of the entity.
        staged: Contract of its conformed table.
        wanted, sort: What the person asked for.
        offset, limit: Which part of it.
    """
    page = "place > %(offset)s and place <= %(offset)s + %(limit)s"
    return _read(connection, rule, staged, wanted, sort, page, {"offset": offset, "limit": limit})


def read_around(
    connection: PgConnection, rule: Review, staged: Contract, wanted: PairFilter, sort: Sort, golden: tuple[str, str]
) -> list[Question]:
    """The question about two golden records with the one before it and the one behind; empty when it is not open."""
    here = (
        "place - (select here.place from ordered as here"
        " where here.lesser = %(lesser)s and here.greater = %(greater)s) between -1 and 1"
    )
    lesser, greater = sorted(golden)
    return _read(connection, rule, staged, wanted, sort, here, {"lesser": lesser, "greater": greater})


def read_choices(cursor: PgCursor, rule: Review, is_vetoed: bool) -> list[Choice]:
    """What the queue can be narrowed by, of each kind those first that most pairs have."""
    cursor.execute(query_text("choices"), {"entity": rule.entity, "is_vetoed": is_vetoed})
    return [Choice(*row) for row in cursor.fetchall()]


def read_pairs(
    cursor: PgCursor, entity: str, left_records: Sequence[str], right_records: Sequence[str]
) -> list[tuple[str, str, float, str, Reasons]]:
    """Compared pairs with one record on either side, likeliest first: left, right, score, outcome, reasons."""
    cursor.execute(
        "select left_record, right_record, score, outcome, reasons from mdm.pair"
        " where entity = %(entity)s and (left_record = any(%(left)s) and right_record = any(%(right)s)"
        " or left_record = any(%(right)s) and right_record = any(%(left)s))"
        " order by score desc, left_record, right_record",
        {"entity": entity, "left": list(left_records), "right": list(right_records)},
    )
    return [(left, right, score, outcome, read_reasons(found)) for left, right, score, outcome, found in cursor]


def stakes(cursor: PgCursor, rule: Review, golden_ids: Sequence[str]) -> dict[str, Decimal]:
    """What is at stake with each golden record; empty where the entity has no such amounts."""
    worth = _worth_of(cursor, rule)
    if worth is None:
        return {}
    cursor.execute(
        f"select {worth.key}, greatest(sum({worth.amount}), 0) from {worth.table}"
        f" where {worth.key} = any(%s) group by {worth.key}",
        (list(golden_ids),),
    )
    return {**dict.fromkeys(golden_ids, Decimal(0)), **dict(cursor.fetchall())}


@functools.cache
def query_text(name: str) -> str:
    """A query of `mdm/sql` without its comment."""
    lines = (_SQL / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def _read(
    connection: PgConnection,
    rule: Review,
    staged: Contract,
    wanted: PairFilter,
    sort: Sort,
    page: str,
    values: Mapping[str, Any],
) -> list[Question]:
    found = [] if wanted.text is None else [wanted.text, *find_records(connection, staged, rule.title, wanted.text)]
    kind, name = wanted.reason or ("", None)
    with connection.cursor() as cursor:
        worth = _worth_of(cursor, rule)
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        text = query_text("waiting").replace("{worth}", _worth(worth))
        cursor.execute(
            text.replace("{order}", SORTS[sort]).replace("{page}", page),
            {
                "entity": rule.entity,
                "is_vetoed": wanted.is_vetoed,
                "source": wanted.source,
                "least": wanted.least_score,
                "most": wanted.most_score,
                "is_searched": wanted.text is not None,
                "found": found,
                "reason_kind": kind,
                "reason_name": name,
                "reason_sign": -1 if kind == "differ" else 1,
                **values,
            },
        )
        return [
            Question(
                **{
                    **row,
                    "reasons": read_reasons(row["reasons"]),
                    "stake": row["stake"] if worth else None,
                }
            )
            for row in cursor.fetchall()
        ]


def _worth_of(cursor: PgCursor, rule: Review) -> ValueAtStake | None:
    """Where amounts are; None where the entity has none, and before their table is built."""
    if rule.value_at_stake is None:
        return None
    cursor.execute("select to_regclass(%s) is not null", (rule.value_at_stake.table,))
    return rule.value_at_stake if one_row(cursor)[0] else None


def _worth(worth: ValueAtStake | None) -> str:
    if worth is None:
        return _NO_WORTH
    return (
        f"select involved.golden_id, sum(fact.{worth.amount}) as amount"
        " from (select left_golden as golden_id from open_questions"
        " union select right_golden from open_questions) as involved"
        f" left join {worth.table} as fact on involved.golden_id = fact.{worth.key} group by involved.golden_id"
    )
