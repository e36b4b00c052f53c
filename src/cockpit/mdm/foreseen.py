"""What accepting many pairs as the same would lead to, before somebody does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg2.extensions import connection as PgConnection

from cockpit.mdm.decisions import WHERE, Author, read_decisions, settled_now
from cockpit.mdm.ids import find
from cockpit.mdm.settle import Conflict, Decision
from cockpit.warehouse.faults import database_errors


@dataclass(frozen=True)
class Foreseen:
    """What merging pairs would lead to.

    Attributes:
        before, after: Golden records that the pairs are about, and those that they would become.
        largest: Records in the largest of these.
        conflicts: Contradictions that there would be and are not now.
    """

    before: int
    after: int
    largest: int
    conflicts: tuple[Conflict, ...]


def foresee(connection: PgConnection, entity: str, pairs: Sequence[tuple[str, str]], author: Author) -> Foreseen:
    """What `merge_pairs` would lead to; nothing is written.

    Raises:
        TerminalError: an id is unknown.
    """
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        sides = [(find(cursor, entity, left), find(cursor, entity, right)) for left, right in pairs]
        made = read_decisions(cursor, entity)
        number = max((each.decision_id for each in made), default=0)
        wished = [
            Decision(
                number + place, entity, "merge", left.records[0], right.records[0], left.records, right.records,
                None, None, None, "", author.name, author.through, datetime.now(UTC),
            )
            for place, (left, right) in enumerate(sides, start=1)
        ]  # fmt: skip
        standing = set(settled_now(cursor, entity, made).conflicts)
        coming = settled_now(cursor, entity, [*made, *wished]).conflicts
        ids = {golden for left, right in sides for golden in (left.golden_id, right.golden_id)}
        cursor.execute(
            "select golden_id, count(*) from mdm.membership where entity = %s and golden_id = any(%s)"
            " group by golden_id",
            (entity, sorted(ids)),
        )
        sizes = dict(cursor.fetchall())
    groups = _joined([(left.golden_id, right.golden_id) for left, right in sides])
    return Foreseen(
        before=len(ids),
        after=len(groups),
        largest=max((sum(sizes[golden] for golden in group) for group in groups), default=0),
        conflicts=tuple(each for each in coming if each not in standing),
    )


def _joined(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """What pairs put together, directly or through others."""
    group: dict[str, set[str]] = {}
    for one, other in pairs:
        both = group.get(one, {one}) | group.get(other, {other})
        group.update(dict.fromkeys(both, both))
    return list({id(each): each for each in group.values()}.values())
