"""Arrange golden customers under each other: what stewards decided, what sources say, what names say; no circles.

Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cockpit.mdm.settle import Conflict, Parent

# What one customer is to the one above it.
RELATIONS = ("branch", "subsidiary", "group", "former_name")
BY_DECISION = "decision"
# Who is believed first.
_FOUND_BY = (BY_DECISION, "parent_key", "branch_name", "former_name")


@dataclass(frozen=True)
class Relation:
    """One customer above another, and how that is known.

    Attributes:
        child, parent: Golden ids.
        relation: branch, subsidiary, group or former_name: what the child is.
        found_by: decision, parent_key, branch_name or former_name.
        source, source_key: The record that says so; None for a decision.
        decision_id: None for what a rule found.
        since: When that record or decision was made.
    """

    child: str
    parent: str
    relation: str
    found_by: str
    source: str | None = None
    source_key: str | None = None
    decision_id: int | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Decided:
    """What decisions about parents come to.

    Attributes:
        above: Child -> the relation that a steward decided on, None for no one above it.
        never: Child -> customers that are not above it.
        conflicts: Decisions that contradict each other; none of them is in the others.
        superseded: Decisions whose author decided otherwise later.
    """

    above: Mapping[str, Relation | None] = field(default_factory=dict)
    never: Mapping[str, frozenset[str]] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    superseded: frozenset[int] = frozenset()


def settle_parents(parents: Iterable[Parent], golden_of: Callable[[str], str | None]) -> Decided:
    """Say which decisions about parents count, now that it is known which golden customer has which record.

    The newest of each author counts. Where two authors name different customers, or one excludes the customer that
    another names, none of these counts.

    Args:
        parents: Of `settle`, any order.
        golden_of: Record id -> golden id; None for one that has none.
    """
    named: dict[str, dict[str, Parent]] = defaultdict(dict)
    denied: dict[str, dict[str, dict[str, Parent]]] = defaultdict(lambda: defaultdict(dict))
    superseded: set[int] = set()

    def forget(earlier: Parent | None) -> None:
        if earlier is not None:
            superseded.add(earlier.decision_id)

    for each in sorted(parents, key=lambda parent: parent.decision_id):
        child, parent = golden_of(each.child_record), _golden(each.parent_record, golden_of)
        if child is None or child == parent or (each.parent_record is not None and parent is None):
            continue
        if each.is_parent or parent is None:
            forget(named[child].get(each.author))
            named[child][each.author] = each
            if parent:
                forget(denied[child][parent].pop(each.author, None))
        else:
            forget(denied[child][parent].get(each.author))
            denied[child][parent][each.author] = each
            own = named[child].get(each.author)
            if own and _golden(own.parent_record, golden_of) == parent:
                forget(named[child].pop(each.author))
    above: dict[str, Relation | None] = {}
    conflicts: list[Conflict] = []
    for child, by_author in named.items():
        found = {_golden(each.parent_record, golden_of) for each in by_author.values()}
        against = [each for parent in found if parent for each in denied[child].pop(parent, {}).values()]
        involved = sorted([*by_author.values(), *against], key=lambda each: each.decision_id)
        if len(found) > 1 or (against and found):
            records = tuple(dict.fromkeys(each.child_record for each in involved))
            conflicts.append(Conflict("parent", tuple(each.decision_id for each in involved), records))
        elif involved:
            newest, (parent,) = involved[-1], found
            above[child] = (
                Relation(
                    child, parent, newest.relation, BY_DECISION, decision_id=newest.decision_id, since=newest.made_at
                )
                if parent
                else None
            )
    never = {child: frozenset(parent for parent, by in each.items() if by) for child, each in denied.items()}
    conflicts.sort(key=lambda conflict: conflict.decision_ids)
    return Decided(above, never, tuple(conflicts), frozenset(superseded))


def arrange(found: Iterable[Relation], decided: Decided) -> list[Relation]:
    """Choose for each customer the one above it.

    Args:
        found: By sources and names, any order; the result does not depend on it.
        decided: By stewards.

    Returns:
        At most one relation for each child, in order of the children. One that would close a circle is left out.
    """
    wished = [relation for relation in decided.above.values() if relation]
    wished += [
        each
        for each in found
        if each.child not in decided.above and each.parent not in decided.never.get(each.child, frozenset())
    ]
    parent_of: dict[str, str] = {}
    chosen: dict[str, Relation] = {}
    for each in sorted(wished, key=lambda one: (_FOUND_BY.index(one.found_by), one.child, one.parent)):
        if each.child not in chosen and each.child != top(each.parent, parent_of):
            parent_of[each.child] = each.parent
            chosen[each.child] = each
    return [chosen[child] for child in sorted(chosen)]


def top(customer: str, parent_of: Mapping[str, str]) -> str:
    """The customer above all others above this one; itself when there is none."""
    while customer in parent_of:
        customer = parent_of[customer]
    return customer


def _golden(record: str | None, golden_of: Callable[[str], str | None]) -> str | None:
    return golden_of(record) if record is not None else None
