"""Which decisions matching learns from, and what it says would change; no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from cockpit.domain.match.engine import MERGE, REVIEW, Matched, match
from cockpit.domain.match.rule import FieldRule, MatchRule
from cockpit.mdm.clusters import MatchingRules
from cockpit.mdm.learning import Lesson, study
from cockpit.mdm.settle import Decision, settle
from cockpit.rulebook.matching import load_field_types
from cockpit.stack.settings import REPOSITORY
from tests.unit.domain.match.people import people

RULE = MatchRule(
    fields={
        "given": FieldRule(type="person_name"),
        "family": FieldRule(type="person_name"),
        "born": FieldRule(type="date"),
        "city": FieldRule(type="region"),
        "email": FieldRule(type="email"),
    },
    # So that much is left to people.
    merge_at=14.0,
    review_at=-6.0,
)
RULES = MatchingRules(REPOSITORY / "include" / "rules", RULE)
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def decision(number: int, kind: str, left: tuple[str, ...], right: tuple[str, ...]) -> Decision:
    return Decision(
        number, "person", kind, left[0], right[0], left, right, None, None, None, "seen", "li.na", "cli", NOON
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return people(300, 140)[0]


@pytest.fixture(scope="module")
def found(frame: pd.DataFrame) -> Matched:
    return match(frame, RULE, load_field_types(RULES.folder, RULE))


@pytest.fixture(scope="module")
def pairs(found: Matched) -> Callable[[int], list[tuple[str, str]]]:
    def listed(outcome: int) -> list[tuple[str, str]]:
        rows = [row for row in range(len(found.left)) if found.outcome[row] == outcome]
        rows.sort(key=lambda row: -found.weight[row])
        return [(str(found.record_ids[found.left[row]]), str(found.record_ids[found.right[row]])) for row in rows]

    return listed


def lesson(frame: pd.DataFrame, decisions: list[Decision], **more: object) -> Lesson:
    settled = settle(decisions, set(frame["record_id"]))
    return study(frame, RULES, None, decisions, settled, {}, **more)  # type: ignore[arg-type]


def test_without_decisions_it_is_the_model_of_a_run(frame: pd.DataFrame, found: Matched) -> None:
    learnt = study(frame, RULES, found.model, [], settle([]), {})
    assert learnt.model.version == learnt.current
    assert (learnt.decision_count, learnt.used_count, learnt.supervised.is_kept, learnt.moved) == (0, 0, False, ())
    assert learnt.before == learnt.after


def test_only_what_speaks_of_shown_or_joined_pairs_is_used(
    frame: pd.DataFrame, pairs: Callable[[int], list[tuple[str, str]]]
) -> None:
    shown, joined = pairs(REVIEW), pairs(MERGE)
    records = sorted(frame["record_id"])
    given = [
        decision(1, "not_same", (shown[0][0],), (shown[0][1],)),
        decision(2, "merge", (shown[1][0],), (shown[1][1],)),
        decision(3, "split", (joined[0][0],), (joined[0][1],)),
        # Strangers whom the machine keeps apart, a record that is gone, a value that was decided.
        decision(4, "not_same", (records[0],), (records[-1],)),
        decision(5, "merge", (records[0],), ("list:gone",)),
        replace(decision(6, "pin", (records[0],), ("x",)), right_records=(), field="city", value="Bonn"),
        # One decision about several pairs counts as one.
        decision(7, "not_same", (shown[3][0], shown[4][0]), (shown[3][1], shown[4][1])),
    ]
    learnt = lesson(frame, given)
    assert (learnt.supervised.same_count, learnt.supervised.different_count) == (1, pytest.approx(3))
    assert (learnt.used_count, learnt.decision_count) == (4, 5)


def test_what_is_contradicted_or_taken_back_is_not_used(
    frame: pd.DataFrame, pairs: Callable[[int], list[tuple[str, str]]]
) -> None:
    left, right = pairs(REVIEW)[0]
    merged = decision(1, "merge", (left,), (right,))
    apart = replace(decision(2, "not_same", (left,), (right,)), author="wang.wei")
    undone = replace(decision(3, "undo", ("x",), ("x",)), undoes=1, left_records=(), right_records=())
    assert lesson(frame, [merged]).used_count == 1
    assert lesson(frame, [merged, apart]).used_count == 0
    assert lesson(frame, [merged, undone]).used_count == 0


def test_a_record_whose_key_was_given_away_is_not_meant(
    frame: pd.DataFrame, pairs: Callable[[int], list[tuple[str, str]]]
) -> None:
    left, right = pairs(REVIEW)[0]
    given = [decision(1, "merge", (left,), (right,))]
    for hours, used in ((-1, 1), (1, 0)):
        reused = {left: NOON + timedelta(hours=hours)}
        settled = settle(given, set(frame["record_id"]))
        assert study(frame, RULES, None, given, settled, reused).used_count == used


def test_what_would_change_is_said(
    frame: pd.DataFrame, found: Matched, pairs: Callable[[int], list[tuple[str, str]]]
) -> None:
    """People say of all that waits that it is two, and confirm what is joined: fewer are joined, none without need."""
    given = [
        decision(number, "not_same" if number < len(pairs(REVIEW)) else "merge", (left,), (right,))
        for number, (left, right) in enumerate([*pairs(REVIEW), *pairs(MERGE)[:40]])
    ]
    settled = settle(given, set(frame["record_id"]))
    learnt = study(frame, RULES, found.model, given, settled, {})
    assert learnt.supervised.is_kept
    assert learnt.model.factors
    assert learnt.before is not None
    for each in learnt.moved:
        assert each.before != each.after
        assert 0 < len(each.examples) <= min(3, each.count)
    gained = {name: sum(each.count for each in learnt.moved if each.after == name) for name in ("merge", "review")}
    lost = {name: sum(each.count for each in learnt.moved if each.before == name) for name in ("merge", "review")}
    assert learnt.after.joined - learnt.before.joined == gained["merge"] - lost["merge"]
    assert learnt.after.review - learnt.before.review == gained["review"] - lost["review"]


def test_the_order_of_records_and_decisions_says_nothing(
    frame: pd.DataFrame, pairs: Callable[[int], list[tuple[str, str]]]
) -> None:
    given = [
        decision(number, "not_same" if number % 3 else "merge", (left,), (right,))
        for number, (left, right) in enumerate(pairs(REVIEW)[:60])
    ]
    one = lesson(frame, given)
    other = lesson(frame.iloc[::-1].reset_index(drop=True), given[::-1])
    assert other.model.factors == pytest.approx(one.model.factors, abs=1e-3)
    assert (other.after, other.used_count, other.supervised.is_kept) == (
        one.after,
        one.used_count,
        one.supervised.is_kept,
    )


def test_a_precision_moves_the_threshold(frame: pd.DataFrame) -> None:
    rules = replace(RULES, rule=RULE.model_copy(update={"merge_at": 0.0}))
    settled = settle([])
    loose, strict = (study(frame, rules, None, [], settled, {}, precision=each) for each in (0.8, 0.9999))
    assert loose.threshold is not None
    assert strict.threshold is not None
    assert loose.model.merge_at == loose.threshold.weight <= strict.threshold.weight == strict.model.merge_at
    assert loose.after.joined >= strict.after.joined
    assert loose.model.version != strict.model.version
