"""Which decisions count: none that contradict each other, directly or through a chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.mdm.settle import Decision, InForce, Kind, Pin, settle, settle_pins

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def decision(number: int, kind: Kind, left: str = "", right: str = "", author: str = "li.na", **more: Any) -> Decision:
    """Each letter is a record; made `number` hours after noon."""
    made = Decision(number, "customer", kind, None, None, tuple(left), tuple(right), None, None, None, "because", author, "desk", NOON + timedelta(hours=number))  # fmt: skip
    return replace(made, **more)


def merge(number: int, left: str, right: str, author: str = "li.na") -> Decision:
    return decision(number, "merge", left, right, author)


def apart(number: int, left: str, right: str, author: str = "li.na") -> Decision:
    return decision(number, "not_same", left, right, author)


def split(number: int, left: str, right: str, author: str = "li.na") -> Decision:
    return decision(number, "split", left, right, author)


def undo(number: int, undoes: int) -> Decision:
    return decision(number, "undo", undoes=undoes)


def pin(number: int, left: str, value: str | None, author: str = "li.na", field: str = "industry") -> Decision:
    return decision(number, "pin", left, author=author, field=field, value=value)


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((pair[0], pair[1]) for pair in text.split())


def conflicts(found: InForce) -> list[tuple[int, ...]]:
    return [conflict.decision_ids for conflict in found.conflicts]


@pytest.mark.parametrize(
    ("decisions", "merged", "kept_apart"),
    [
        pytest.param([merge(1, "ab", "cd")], "ac", "", id="of two sets those that stand for them"),
        pytest.param([apart(1, "ab", "cd")], "", "ac ad bc bd", id="apart is everybody from everybody"),
        pytest.param([split(1, "cd", "ab")], "cd", "ac ad bc bd", id="who leaves stays together"),
        pytest.param([split(1, "cde", "a")], "cd de", "ac ad ae", id="a chain is enough"),
        pytest.param([merge(1, "b", "a"), merge(2, "a", "b")], "ab", "", id="said twice"),
        pytest.param([merge(1, "a", "b"), undo(2, 1)], "", "", id="taken back"),
        pytest.param([merge(1, "a", "b"), apart(2, "c", "d")], "ab", "cd", id="about others"),
        pytest.param([merge(1, "a", "b"), apart(2, "b", "c")], "ab", "bc", id="a neighbour"),
    ],
)
def test_what_is_asked(decisions: list[Decision], merged: str, kept_apart: str) -> None:
    found = settle(decisions)
    assert (found.merged, found.apart, found.conflicts) == (pairs(merged), pairs(kept_apart), ())


@pytest.mark.parametrize(
    ("decisions", "named", "merged", "kept_apart"),
    [
        pytest.param([merge(1, "a", "b"), apart(2, "a", "b", "wang")], [(1, 2)], "", "", id="two people"),
        pytest.param([apart(1, "a", "b", "wang"), merge(2, "a", "b")], [(1, 2)], "", "", id="in the other order"),
        pytest.param([merge(1, "a", "b"), merge(2, "b", "c"), apart(3, "a", "c")], [(1, 2, 3)], "", "", id="a chain, also of one person"),
        pytest.param([merge(1, "a", "b"), merge(2, "b", "c"), merge(3, "c", "d"), apart(4, "a", "c", "wang")], [(1, 2, 4)], "cd", "", id="the rest of the chain counts"),
        pytest.param([merge(1, "a", "b"), merge(2, "b", "c"), merge(3, "a", "d"), merge(4, "d", "c"), apart(5, "a", "c", "wang")], [(1, 2, 3, 4, 5)], "", "", id="two ways round"),
        pytest.param([merge(1, "a", "b"), merge(2, "b", "d"), merge(3, "a", "b", "wang"), apart(4, "a", "d", "zhao")], [(1, 2, 3, 4)], "", "", id="said by two"),
        pytest.param([merge(1, "a", "b"), split(2, "b", "a", "wang")], [(1, 2)], "", "", id="a split"),
        pytest.param([split(1, "bc", "a", "wang"), apart(2, "b", "c")], [(1, 2)], "", "", id="who leaves together"),
        pytest.param([merge(1, "a", "b"), apart(2, "ax", "by", "wang")], [(1, 2)], "", "", id="all of a decision or nothing"),
        pytest.param([merge(1, "a", "b"), apart(2, "a", "b", "wang"), apart(3, "b", "a", "zhao")], [(1, 2), (1, 3)], "", "", id="two against one"),
    ],
)  # fmt: skip
def test_contradictions_are_named_and_not_obeyed(
    decisions: list[Decision], named: list[tuple[int, ...]], merged: str, kept_apart: str
) -> None:
    found = settle(decisions)
    assert conflicts(found) == named
    assert (found.merged, found.apart) == (pairs(merged), pairs(kept_apart))
    assert {number for number, state in found.states.items() if state == "conflict"} == {
        n for ids in named for n in ids
    }


@pytest.mark.parametrize(
    ("decisions", "superseded", "merged", "kept_apart"),
    [
        pytest.param([merge(1, "a", "b"), apart(2, "a", "b")], [1], "", "ab", id="merge, then not the same"),
        pytest.param([merge(1, "a", "b"), split(2, "b", "ac")], [1], "", "ab bc", id="merge, then split"),
        pytest.param([apart(1, "a", "b"), merge(2, "a", "b")], [1], "ab", "", id="not the same, then merge"),
        pytest.param([merge(1, "a", "b"), apart(2, "a", "b"), merge(3, "a", "b")], [2], "ab", "", id="and back again"),
        pytest.param([merge(1, "a", "b"), apart(2, "a", "b"), undo(3, 2)], [], "ab", "", id="and taken back"),
    ],
)  # fmt: skip
def test_who_contradicts_themselves_has_changed_their_mind(
    decisions: list[Decision], superseded: list[int], merged: str, kept_apart: str
) -> None:
    found = settle(decisions)
    assert [number for number, state in found.states.items() if state == "superseded"] == superseded
    assert (found.merged, found.apart, found.conflicts) == (pairs(merged), pairs(kept_apart), ())


def test_when_one_is_taken_back_the_others_count() -> None:
    both = [merge(1, "a", "b"), apart(2, "a", "b", "wang")]
    assert settle([*both, undo(3, 1)]).apart == (("a", "b"),)
    assert settle([*both, undo(3, 2)]).merged == (("a", "b"),)


def test_a_record_that_has_gone_says_nothing_until_it_returns() -> None:
    made = [merge(1, "ab", "c"), apart(2, "d", "e")]
    found = settle(made, present={"b", "c", "d"})
    assert (found.merged, found.apart) == ((("b", "c"),), ())
    assert found.states == {1: "in_force", 2: "idle"}
    assert settle(made, present=set("abcde")).merged == (("a", "c"),)


def test_a_key_that_was_given_away_is_not_what_was_decided_on() -> None:
    made = [merge(1, "a", "b"), merge(3, "a", "c")]
    found = settle(made, reused_at={"a": NOON + timedelta(hours=2)})
    assert (found.merged, found.states) == ((("a", "c"),), {1: "idle", 3: "in_force"})


def test_pins_follow_the_first_record_that_is_there() -> None:
    found = settle([pin(1, "ab", "energy"), pin(2, "ab", None, field="region_code")], present={"b"})
    assert found.pins == (Pin(1, "b", "industry", "energy", "li.na"), Pin(2, "b", "region_code", None, "li.na"))
    assert settle([pin(1, "a", "energy")], present=set()).states == {1: "idle"}


@pytest.mark.parametrize(
    ("pins", "counting", "named"),
    [
        pytest.param([pin(1, "a", "x"), pin(2, "a", "y")], 2, [], id="the later of one person"),
        pytest.param([pin(1, "a", "x"), pin(2, "b", "y", "wang")], None, [(1, 2)], id="two people about one"),
        pytest.param([pin(1, "a", "x"), pin(2, "b", "x", "wang")], 2, [], id="who agree"),
        pytest.param([pin(1, "a", "x"), pin(2, "b", None, "wang")], None, [(1, 2)], id="none is a value too"),
        pytest.param([pin(1, "a", "x"), pin(2, "b", "y", "wang"), pin(3, "a", "y")], 3, [], id="who come to agree"),
    ],
)
def test_pins_of_a_golden_record(pins: list[Decision], counting: int | None, named: list[tuple[int, ...]]) -> None:
    found, conflict = settle_pins(settle(pins).pins, {"a": "G", "b": "G"}.get)
    assert {place: one.decision_id for place, one in found.items()} == (
        {("G", "industry"): counting} if counting else {}
    )
    assert [each.decision_ids for each in conflict] == named


def test_pins_of_records_that_nobody_knows_are_left() -> None:
    assert settle_pins(settle([pin(1, "a", "x")]).pins, {}.get) == ({}, ())


RECORDS = st.text("abcdef", min_size=1, max_size=2)
WISH = st.tuples(
    st.sampled_from(["merge", "not_same", "split"]), RECORDS, RECORDS, st.sampled_from(["li.na", "wang", "zhao"])
)


@settings(max_examples=200)
@given(st.lists(WISH, max_size=10), st.randoms())
def test_what_counts_never_contradicts_itself_and_knows_no_order(wishes: Sequence[Any], random: Any) -> None:
    made = [decision(number, kind, left, right, author) for number, (kind, left, right, author) in enumerate(wishes, 1)]
    found = settle(made)
    group = {record: record for record in "abcdef"}
    for one, other in found.merged:
        old = group[one]
        group = {record: group[other] if root == old else root for record, root in group.items()}
    assert not [pair for pair in found.apart if group[pair[0]] == group[pair[1]]]
    random.shuffle(made)
    assert settle(made) == found


@settings(max_examples=200)
@given(st.lists(WISH, max_size=8))
def test_a_conflict_holds_nothing_that_has_no_part_in_it(wishes: Sequence[Any]) -> None:
    made = [decision(number, kind, left, right, author) for number, (kind, left, right, author) in enumerate(wishes, 1)]
    for conflict in settle(made).conflicts:
        members = [each for each in made if each.decision_id in conflict.decision_ids]
        assert settle(members).conflicts, "the members alone contradict each other"
