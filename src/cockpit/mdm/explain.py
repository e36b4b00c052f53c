"""Say why two records are one customer, or why they are not."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.mdm.clusters import MatchingRules
from cockpit.mdm.compared import compare_now
from cockpit.mdm.decisions import Listed, decisions_about
from cockpit.mdm.ids import Found, find
from cockpit.mdm.reasons import Reasons
from cockpit.mdm.review_queue import read_pairs
from cockpit.rulebook.contract import Contract

_MOST_DECISIONS = 1_000
# Pairs that are compared for one look.
_MOST_COMPARED = 400


@dataclass(frozen=True)
class ComparedPair:
    """Two records that matching compared.

    Attributes:
        score: Probability that they are one, 0 to 1.
        outcome: merge, review or no.
    """

    left_record: str
    right_record: str
    score: float
    outcome: str
    reasons: Reasons


@dataclass(frozen=True)
class Explanation:
    """Why two ids are together or apart.

    Attributes:
        is_kept: The newest run kept the comparison of the pair; else it was compared for this look.
        is_together: They are the same golden record now.
        pair: Their likeliest pair of records; None when nothing has been learnt to compare them by.
        pair_count: How many pairs of them the run kept.
        path: When no record of one was compared with one of the other: compared pairs that lead from one to the other
            inside their golden record, each with one record of the next. Empty when nothing does.
        decisions: Those of stewards that are about both, newest first.
    """

    left: Found
    right: Found
    is_together: bool
    pair: ComparedPair | None
    is_kept: bool
    pair_count: int
    path: tuple[ComparedPair, ...]
    decisions: tuple[Listed, ...]


def explain(
    connection: PgConnection, rules: MatchingRules, staged: Contract, entity: str, left_id: str, right_id: str
) -> Explanation:
    """Why two ids are together or apart.

    Args:
        connection: To the workspace's database, not in a transaction.
        rules: Of the entity's matching.
        staged: Contract of its conformed table.
        entity: Such as customer.
        left_id, right_id: Golden ids, also those that were merged away, or record ids as `source:key`.

    Raises:
        TerminalError: an id is unknown, or both name the same.
    """
    with connection, connection.cursor() as cursor:
        left, right = find(cursor, entity, left_id), find(cursor, entity, right_id)
        if left.records == right.records:
            raise TerminalError(
                _("both ids are the same golden record"),
                where=entity,
                found=f"{left_id}, {right_id}",
                allowed=_("two of its records: {records}", records=", ".join(left.records[:10]))
                if len(left.records) > 1
                else None,
            )
        # A record against the golden record that it is in: against the others there.
        own = tuple(record for record in left.records if record not in right.records) or left.records
        its = tuple(record for record in right.records if record not in left.records) or right.records
        pairs = [ComparedPair(*pair) for pair in read_pairs(cursor, entity, own, its)]
        is_together = left.golden_id == right.golden_id
        path = () if pairs or not is_together else _path(cursor, entity, left.golden_id, own, its)
        compared = [] if pairs else _compared(cursor, rules, staged, entity, own, its)
    decisions = [
        listed
        for listed in decisions_about(connection, entity, left_id, limit=_MOST_DECISIONS)
        if _is_about(listed, own, its)
    ]
    likeliest = next(iter([*pairs, *compared]), None)
    return Explanation(left, right, is_together, likeliest, bool(pairs), len(pairs), path, tuple(decisions))


def _compared(
    cursor: PgCursor,
    rules: MatchingRules,
    staged: Contract,
    entity: str,
    own: Sequence[str],
    its: Sequence[str],
) -> list[ComparedPair]:
    """Pairs that the run did not keep, compared now, the likeliest first."""
    wanted = [(one, other) for one in own for other in its if one != other][:_MOST_COMPARED]
    found = compare_now(cursor, rules, staged, entity, wanted)
    pairs = [ComparedPair(left, right, score, "no", reasons) for left, right, score, reasons in found]
    return sorted(pairs, key=lambda pair: -pair.score)


def _is_about(listed: Listed, own: Collection[str], its: Collection[str]) -> bool:
    left, right = set(listed.decision.left_records), set(listed.decision.right_records)
    return any(left & set(one) and right & set(other) for one, other in ((own, its), (its, own)))


def _path(
    cursor: PgCursor, entity: str, golden_id: str, start: Sequence[str], end: Sequence[str]
) -> tuple[ComparedPair, ...]:
    """The fewest compared pairs inside a golden record that lead from one record to another."""
    members = find(cursor, entity, golden_id).records
    following: dict[str, list[tuple[str, ComparedPair]]] = defaultdict(list)
    for found in read_pairs(cursor, entity, members, members):
        pair = ComparedPair(*found)
        if pair.outcome != "no":
            following[pair.left_record].append((pair.right_record, pair))
            following[pair.right_record].append((pair.left_record, pair))
    came: dict[str, tuple[str, ComparedPair] | None] = dict.fromkeys(start)
    waiting = deque(start)
    while waiting:
        record = waiting.popleft()
        if record in end:
            return _walked(came, record)
        for other, pair in following[record]:
            if other not in came:
                came[other] = (record, pair)
                waiting.append(other)
    return ()


def _walked(came: dict[str, tuple[str, ComparedPair] | None], record: str) -> tuple[ComparedPair, ...]:
    path: list[ComparedPair] = []
    while (step := came[record]) is not None:
        record, pair = step
        path.append(pair)
    return tuple(reversed(path))
