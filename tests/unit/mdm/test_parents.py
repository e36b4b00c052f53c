"""One customer above each, no circles, and people before rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.mdm.parents import Decided, Relation, arrange, settle_parents
from cockpit.mdm.settle import Parent

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def says(number: int, child: str, parent: str | None, author: str = "li.na", *, is_parent: bool = True) -> Parent:
    """Records are called like their golden customers."""
    return Parent(number, child, parent, "subsidiary", is_parent, author, NOON)


def found(child: str, parent: str, by: str = "parent_key") -> Relation:
    return Relation(child, parent, "subsidiary", by)


def settled(*parents: Parent) -> Decided:
    return settle_parents(parents, lambda record: record if record != "gone" else None)


@pytest.mark.parametrize(
    ("parents", "above", "conflicts"),
    [
        pytest.param([says(1, "a", "b")], {"a": "b"}, [], id="one says so"),
        pytest.param([says(1, "a", "b"), says(2, "a", "c")], {"a": "c"}, [], id="and thinks again"),
        pytest.param([says(1, "a", "b"), says(2, "a", "b", "wang")], {"a": "b"}, [], id="two agree"),
        pytest.param([says(1, "a", "b"), says(2, "a", "c", "wang")], {}, [(1, 2)], id="two do not"),
        pytest.param([says(1, "a", "b"), says(2, "a", None, "wang")], {}, [(1, 2)], id="none against one"),
        pytest.param([says(1, "a", "b"), says(2, "a", "b", "wang", is_parent=False)], {}, [(1, 2)], id="not this one"),
        pytest.param([says(1, "a", "b"), says(2, "a", "b", is_parent=False)], {}, [], id="not this one after all"),
        pytest.param([says(1, "a", "b", is_parent=False), says(2, "a", "b")], {"a": "b"}, [], id="this one after all"),
        pytest.param([says(1, "a", None)], {"a": None}, [], id="nobody"),
        pytest.param([says(1, "a", "a"), says(2, "gone", "a"), says(3, "a", "gone")], {}, [], id="nothing to be said"),
    ],
)
def test_decisions(parents: list[Parent], above: dict[str, str | None], conflicts: list[tuple[int, ...]]) -> None:
    result = settled(*parents)
    assert {child: one.parent if one else None for child, one in result.above.items()} == above
    assert [each.decision_ids for each in result.conflicts] == conflicts


def test_a_denied_parent_makes_way_for_the_next() -> None:
    relations = [found("a", "b"), found("a", "c", "branch_name")]
    decided = settled(says(1, "a", "b", is_parent=False))
    assert [(each.child, each.parent) for each in arrange(relations, decided)] == [("a", "c")]


NAMES = st.sampled_from("abcdef")
RELATIONS = st.builds(found, NAMES, NAMES, st.sampled_from(["parent_key", "branch_name", "former_name"]))


@given(st.lists(RELATIONS), st.lists(st.builds(says, st.just(1), NAMES, NAMES)), st.randoms())
def test_there_is_never_a_circle_and_no_order(relations: list[Relation], parents: list[Parent], random: Any) -> None:
    decided = settled(*(says(number, each.child_record, each.parent_record) for number, each in enumerate(parents, 1)))
    arranged = arrange(relations, decided)
    above = {each.child: each.parent for each in arranged}
    assert len(above) == len(arranged)
    for child in above:
        seen, step = set[str](), child
        while step in above:
            assert step not in seen
            seen.add(step)
            step = above[step]
    random.shuffle(relations)
    assert arrange(relations, decided) == arranged
