"""Say which decisions of stewards count: what they ask of matching, and which of them contradict each other.

Pure. Decisions that contradict each other, directly or through a chain, are all named and none of them counts: the
machine does not choose between people. Who contradicts an own earlier decision has changed their mind: the later one
counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["merge", "not_same", "split", "pin", "parent", "no_parent", "undo"]
# in_force: it counts. undone: taken back. superseded: its author decided otherwise later. conflict: it waits until one
# of those that it contradicts is taken back. idle: its records have gone, or belong to somebody else by now.
State: TypeAlias = Literal["in_force", "undone", "superseded", "conflict", "idle"]
Pair: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Decision:
    """One decision as it was written; see `mdm.decision` for the meaning of each field."""

    decision_id: int
    entity: str
    kind: Kind
    left_id: str | None
    right_id: str | None
    left_records: tuple[str, ...]
    right_records: tuple[str, ...]
    field: str | None
    value: str | None
    undoes: int | None
    reason: str
    author: str
    through: str
    made_at: datetime
    made_with: int | None = None


@dataclass(frozen=True)
class Conflict:
    """Decisions that contradict each other.

    Attributes:
        kind: pair: some put two records together, one keeps them apart. pin: different values for one field. parent:
            different parents of one customer.
        decision_ids: All that are part of it, ascending; taking one back may settle it.
        records: For pair the two records; else the records by which the golden record is known.
        field: For pin.
    """

    kind: Literal["pair", "pin", "parent"]
    decision_ids: tuple[int, ...]
    records: tuple[str, ...]
    field: str | None = None


@dataclass(frozen=True)
class Pin:
    """A value that a steward decided on, for the golden record that has this record."""

    decision_id: int
    record_id: str
    field: str
    value: str | None
    author: str


@dataclass(frozen=True)
class Parent:
    """What a steward says about the customer above another, between the records that stand for the two.

    Attributes:
        parent_record: None when there is no customer above it.
        relation: What the child is; see `core_customer_hierarchy`.
        is_parent: False when just this one is not above it.
    """

    decision_id: int
    child_record: str
    parent_record: str | None
    relation: str
    is_parent: bool
    author: str
    made_at: datetime


@dataclass(frozen=True)
class InForce:
    """What counts.

    Attributes:
        merged: Pairs of records that belong together; each pair and all of them in order.
        apart: Pairs of records that never do.
        pins: Before it is known which golden record has which record; see `settle_pins`.
        parents: Likewise; see `cockpit.mdm.parents`.
        conflicts: About pairs.
        states: Of every decision, those that take others back aside.
    """

    merged: tuple[Pair, ...]
    apart: tuple[Pair, ...]
    pins: tuple[Pin, ...]
    parents: tuple[Parent, ...]
    conflicts: tuple[Conflict, ...]
    states: Mapping[int, State]


@dataclass(frozen=True)
class _Asked:
    """What one decision about pairs asks for."""

    decision: Decision
    merged: tuple[Pair, ...]
    apart: tuple[Pair, ...]

    def joins(self, pairs: Iterable[Pair]) -> bool:
        """Whether what it puts together includes one of these pairs."""
        group = _Groups(self.merged)
        return any(group.same(*pair) for pair in pairs)


def settle(
    decisions: Iterable[Decision],
    present: Collection[str] | None = None,
    reused_at: Mapping[str, datetime] | None = None,
) -> InForce:
    """What all decisions of an entity come to.

    Args:
        decisions: Any order.
        present: The records that there are; all when None. A record that has gone speaks again when it returns.
        reused_at: When the key of a record was last found to stand for somebody else: older decisions are not about it.
    """
    ordered = sorted(decisions, key=lambda decision: decision.decision_id)
    undone = {decision.undoes for decision in ordered if decision.undoes is not None}
    states: dict[int, State] = {}
    asked: list[_Asked] = []
    pins: list[Pin] = []
    parents: list[Parent] = []

    def there(decision: Decision, records: Sequence[str]) -> list[str]:
        return [
            record
            for record in records
            if (present is None or record in present)
            and not (reused_at and record in reused_at and reused_at[record] > decision.made_at)
        ]

    for decision in ordered:
        if decision.kind == "undo":
            continue
        states[decision.decision_id] = "undone" if decision.decision_id in undone else "in_force"
        if decision.decision_id in undone:
            continue
        left, right = there(decision, decision.left_records), there(decision, decision.right_records)
        if decision.kind in ("merge", "not_same", "split"):
            wish = _asked(decision, left, right)
            if wish.merged or wish.apart:
                asked.append(wish)
            else:
                states[decision.decision_id] = "idle"
        elif not left or (decision.right_records and not right):
            states[decision.decision_id] = "idle"
        elif decision.kind == "pin":
            pins.append(Pin(decision.decision_id, left[0], str(decision.field), decision.value, decision.author))
        else:
            parents.append(_parent(decision, left[0], right[0] if right else None))
    for superseded in _superseded(asked):
        states[superseded] = "superseded"
    counting = [wish for wish in asked if states[wish.decision.decision_id] == "in_force"]
    conflicts = _conflicts(counting)
    for conflict in conflicts:
        states.update(dict.fromkeys(conflict.decision_ids, "conflict"))
    counting = [wish for wish in counting if states[wish.decision.decision_id] == "in_force"]
    return InForce(
        merged=tuple(sorted({pair for wish in counting for pair in wish.merged})),
        apart=tuple(sorted({pair for wish in counting for pair in wish.apart})),
        pins=tuple(pins),
        parents=tuple(parents),
        conflicts=conflicts,
        states=states,
    )


def settle_pins(
    pins: Iterable[Pin], golden_of: Callable[[str], str | None]
) -> tuple[dict[tuple[str, str], Pin], tuple[Conflict, ...]]:
    """Which pins count, now that it is known which golden record has which record.

    Args:
        pins: Of `settle`.
        golden_of: Record id -> its golden id; None for one that has none.

    Returns:
        (golden id, field) -> the pin that counts, and those that contradict each other: none of them counts.
    """
    found: dict[tuple[str, str], dict[str, Pin]] = defaultdict(dict)
    for pin in sorted(pins, key=lambda pin: pin.decision_id):
        golden = golden_of(pin.record_id)
        if golden is not None:
            # The newest of each author.
            found[golden, pin.field][pin.author] = pin
    counting: dict[tuple[str, str], Pin] = {}
    conflicts: list[Conflict] = []
    for (golden, field), by_author in found.items():
        newest = sorted(by_author.values(), key=lambda pin: pin.decision_id)
        if len({pin.value for pin in newest}) == 1:
            counting[golden, field] = newest[-1]
        else:
            records = tuple(dict.fromkeys(pin.record_id for pin in newest))
            conflicts.append(Conflict("pin", tuple(pin.decision_id for pin in newest), records, field))
    return counting, tuple(sorted(conflicts, key=lambda conflict: conflict.decision_ids))


def _asked(decision: Decision, left: Sequence[str], right: Sequence[str]) -> _Asked:
    merged: Iterator[Pair] | tuple[()] = ()
    apart: Iterator[Pair] | tuple[()] = ()
    if decision.kind == "merge":
        # Those that stand for the two sides; what else belongs to each side is for matching to say.
        merged = zip(left[:1], right[:1], strict=False)
    else:
        apart = ((one, other) for one in left for other in right)
        if decision.kind == "split":
            merged = pairwise(left)
    return _Asked(decision, _pairs(merged), _pairs(apart))


def _parent(decision: Decision, child: str, parent: str | None) -> Parent:
    relation = decision.value or "subsidiary"
    is_parent = decision.kind == "parent"
    return Parent(decision.decision_id, child, parent, relation, is_parent, decision.author, decision.made_at)


def _pairs(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}))


def _superseded(asked: Sequence[_Asked]) -> Iterator[int]:
    """Decisions that their author contradicted later, by one that stands itself."""
    by_author: dict[str, list[_Asked]] = defaultdict(list)
    for wish in asked:
        by_author[wish.decision.author].append(wish)
    for own in by_author.values():
        standing: dict[str, list[_Asked]] = defaultdict(list)
        for wish in reversed(own):
            records = {record for pair in (*wish.merged, *wish.apart) for record in pair}
            later = {other.decision.decision_id: other for record in records for other in standing[record]}
            if any(wish.joins(other.apart) or other.joins(wish.apart) for other in later.values()):
                yield wish.decision.decision_id
                continue
            for record in records:
                standing[record].append(wish)


def _conflicts(asked: Sequence[_Asked]) -> tuple[Conflict, ...]:
    links: dict[Pair, set[int]] = defaultdict(set)
    for wish in asked:
        for pair in wish.merged:
            links[pair].add(wish.decision.decision_id)
    groups = _Groups(links)
    neighbours: dict[str, set[str]] = defaultdict(set)
    for one, other in links:
        neighbours[one].add(other)
        neighbours[other].add(one)
    found: list[Conflict] = []
    for wish in asked:
        contradicted = [pair for pair in wish.apart if groups.same(*pair)]
        if contradicted:
            ids = {wish.decision.decision_id}
            for pair in contradicted:
                for link in _links_between(*pair, neighbours):
                    ids |= links[link]
            found.append(Conflict("pair", tuple(sorted(ids)), contradicted[0]))
    return tuple(found)


def _links_between(start: str, end: str, neighbours: Mapping[str, set[str]]) -> set[Pair]:
    """The links on any way from one record to another that passes no record twice.

    With a link between the two added, these are the links of the biconnected component that has it (Tarjan).
    """

    def around(record: str) -> set[str]:
        more = {start: end, end: start}.get(record)
        return neighbours[record] | {more} if more else neighbours[record]

    number = {start: 0}
    lowest = {start: 0}
    open_links: list[Pair] = []
    # The added link is gone first, so that its component is the one that is closed at the start.
    stack: list[tuple[str, str | None, Iterator[str]]] = [(start, None, iter([end]))]
    while stack:
        record, parent, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            stack.pop()
            if parent is None:
                continue
            lowest[parent] = min(lowest[parent], lowest[record])
            if lowest[record] >= number[parent]:
                link = (parent, record)
                component = open_links[open_links.index(link) :]
                del open_links[len(open_links) - len(component) :]
                if link == (start, end):
                    pairs = {(min(pair), max(pair)) for pair in component}
                    added = (min(start, end), max(start, end))
                    return pairs if end in neighbours[start] else pairs - {added}
        elif following not in number:
            number[following] = lowest[following] = len(number)
            open_links.append((record, following))
            stack.append((following, record, iter(sorted(around(following)))))
        elif following != parent and number[following] < number[record]:
            lowest[record] = min(lowest[record], number[following])
            open_links.append((record, following))
    return set()


class _Groups:
    """Which records pairs put together."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._parent: dict[str, str] = {}
        for one, other in pairs:
            self._parent[self._root(one)] = self._root(other)

    def same(self, one: str, other: str) -> bool:
        return one in self._parent and other in self._parent and self._root(one) == self._root(other)

    def _root(self, record: str) -> str:
        parent = self._parent
        parent.setdefault(record, record)
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record
