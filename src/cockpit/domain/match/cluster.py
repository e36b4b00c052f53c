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

# Weights that no sum of others outweighs: what the machine, and what a person keeps apart.
VETOED, FORBIDDEN = -1e9, -1e12


def components(size: int, left: Ints, right: Ints) -> Ints:
    """Label per record: which ones are connected by pairs."""
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


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
        left, right, weight: Pairs of records, each once; VETOED and FORBIDDEN keep a pair apart for good.
        join_at: Least average of the weights of all pairs between two groups.
        unknown: Weight of pairs that were not compared.
        together: Pairs that belong together whatever their weight says. What fits one of them fits them all: a person
            knows that they are one although they differ.

    Returns:
        Groups of at least two records, each ascending; the order of the pairs makes no difference.
    """
    groups = _Groups(left, right, weight, unknown)
    for one, other in sorted(together):
        groups.tie(groups.of(one), groups.of(other))
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
        # Records that people tied together count as one where weights are averaged.
        self._counted = dict.fromkeys(self._links, 1)
        self._group_of: dict[int, int] = {}

    def of(self, record: int) -> int:
        """The group of a record; a new one where it has no pairs."""
        while record in self._group_of:
            record = self._group_of[record]
        self._links.setdefault(record, {})
        self.members.setdefault(record, [record])
        self._counted.setdefault(record, 1)
        return record

    def size(self, group: int) -> int:
        """Records in a group; 0 when it was joined to another."""
        return len(self.members.get(group, ()))

    def average(self, one: int, other: int) -> float:
        """Of all pairs between two groups."""
        total, known = self._links[one][other]
        pairs = self._counted[one] * self._counted[other]
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
        self._counted[kept] += self._counted[gone]
        for third, (total, known) in self._take(kept, gone):
            before, pairs = self._links[kept].get(third, (0.0, 0))
            self._link(kept, third, before + total, pairs + known)
        return kept

    def tie(self, one: int, other: int) -> None:
        """Two records, or records that were tied before, are one."""
        if one == other:
            return
        kept, gone = (one, other) if one < other else (other, one)
        for third, (value, _known) in self._take(kept, gone):
            before, known = self._links[kept].get(third, (value, 1))
            is_forbidden = min(value, before) <= FORBIDDEN
            self._link(kept, third, FORBIDDEN if is_forbidden else max(value, before), known)

    def _take(self, kept: int, gone: int) -> list[tuple[int, tuple[float, int]]]:
        """Put the members of one group to another; returns what the one was linked to besides."""
        self.members[kept] += self.members.pop(gone)
        self._group_of[gone] = kept
        self._links[kept].pop(gone, None)
        links = self._links.pop(gone)
        links.pop(kept, None)
        for third in links:
            del self._links[third][gone]
        return list(links.items())

    def _link(self, one: int, other: int, total: float, known: int) -> None:
        self._links[one][other] = self._links[other][one] = (total, known)
