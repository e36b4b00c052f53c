"""Put records together that belong together by the average of what all their pairs say.

A record joins a group only if the group as a whole speaks for it: one pair alone makes no chain, and a pair that is
kept apart is never in one group.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cockpit.domain.match.fields.values import Ints


def components(size: int, left: Ints, right: Ints) -> Ints:
    """Label per record: which ones are connected by pairs."""
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def group(
    left: Sequence[int],
    right: Sequence[int],
    weight: Sequence[float],
    join_at: float,
    unknown: float,
    together: Iterable[tuple[int, int]] = (),
) -> list[list[int]]:
    """Join groups with the highest average weight first, while it is at least `join_at`.

    Args:
        left, right, weight: Pairs of records, each once; a very low weight keeps a pair apart for good.
        join_at: Least average of the weights of all pairs between two groups.
        unknown: Weight of pairs that were not compared.
        together: Pairs that belong together whatever their weight says.

    Returns:
        Groups of at least two records, each ascending; the order of the pairs makes no difference.
    """
    groups = _Groups(left, right, weight, unknown)
    for one, other in sorted(together):
        groups.join(groups.of(one), groups.of(other))
    # Equal averages are joined in the order of the least records, so that the order of input says nothing.
    heap = [entry for one in groups.members for entry in groups.offers(one, join_at, above=one)]
    heapq.heapify(heap)
    while heap:
        _negative, one, other, size_one, size_other = heapq.heappop(heap)
        if groups.size(one) != size_one or groups.size(other) != size_other:
            continue
        for entry in groups.offers(groups.join(one, other), join_at):
            heapq.heappush(heap, entry)
    return [sorted(each) for each in groups.members.values() if len(each) > 1]


class _Groups:
    """Groups of records, called by their least one, and the sum of the weights between any two."""

    def __init__(self, left: Sequence[int], right: Sequence[int], weight: Sequence[float], unknown: float) -> None:
        self._unknown = unknown
        self._links: dict[int, dict[int, tuple[float, int]]] = {}
        for one, other, value in zip(left, right, weight, strict=True):
            self._links.setdefault(one, {})[other] = (value, 1)
            self._links.setdefault(other, {})[one] = (value, 1)
        self.members = {record: [record] for record in self._links}
        self._group_of: dict[int, int] = {}

    def of(self, record: int) -> int:
        """The group of a record; a new one where it has no pairs."""
        while record in self._group_of:
            record = self._group_of[record]
        self._links.setdefault(record, {})
        self.members.setdefault(record, [record])
        return record

    def size(self, group: int) -> int:
        """Records in a group; 0 when it was joined to another."""
        return len(self.members.get(group, ()))

    def average(self, one: int, other: int) -> float:
        """Of all pairs between two groups."""
        total, known = self._links[one][other]
        pairs = len(self.members[one]) * len(self.members[other])
        return (total + self._unknown * (pairs - known)) / pairs

    def offers(self, one: int, join_at: float, above: int = -1) -> Iterator[tuple[float, int, int, int, int]]:
        """What a group could be joined to, as entries of a heap."""
        for other in self._links[one]:
            if other > above and (value := self.average(one, other)) >= join_at:
                first, second = (one, other) if one < other else (other, one)
                yield -value, first, second, len(self.members[first]), len(self.members[second])

    def join(self, one: int, other: int) -> int:
        """Two groups become one, called by the lesser name."""
        if one == other:
            return one
        kept, gone = (one, other) if one < other else (other, one)
        self.members[kept] += self.members.pop(gone)
        self._group_of[gone] = kept
        self._links[kept].pop(gone, None)
        for third, (total, known) in self._links.pop(gone).items():
            if third == kept:
                continue
            before, pairs = self._links[kept].get(third, (0.0, 0))
            self._links[kept][third] = self._links[third][kept] = (before + total, pairs + known)
            del self._links[third][gone]
        return kept
