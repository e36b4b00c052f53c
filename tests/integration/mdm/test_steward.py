"""What a steward sees of decisions: when they count, what many at once lead to, the group around a customer."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cockpit.errors import TerminalError
from cockpit.mdm import decisions
from cockpit.mdm.applied import count_waiting
from cockpit.mdm.decisions import Author
from cockpit.mdm.foreseen import foresee
from cockpit.mdm.group_view import GroupView, has_groups, look_around
from cockpit.rulebook.review import load_review
from cockpit.rulebook.survivorship import load_survivorship
from tests import golden_records as given
from tests.integration.mdm.conftest import LI_NA, WANG, MasterData

PAIRS = [("crm:1", "erp:1"), ("crm:2", "erp:2"), ("erp:1", "crm:2")]


@pytest.fixture
def matched(master: MasterData, monkeypatch: pytest.MonkeyPatch) -> MasterData:
    given.fill(master, monkeypatch)
    return master


def waiting(master: MasterData, entity: str = "customer") -> int:
    with master.connection, master.connection.cursor() as cursor:
        return count_waiting(cursor, entity)


def applied(master: MasterData) -> dict[int, datetime | None]:
    listed = decisions.decisions_about(master.connection, "customer")
    return {each.decision.decision_id: each.applied_at for each in listed}


def states(master: MasterData) -> dict[int, str]:
    listed = decisions.decisions_about(master.connection, "customer")
    return {each.decision.decision_id: each.state for each in listed}


def group_of(master: MasterData, record: str) -> GroupView:
    folder = master.context.workspace.models_folder
    rule, review = load_survivorship(folder, "customer"), load_review(folder, "customer")
    golden_id = master.ids()[record]
    with master.connection:
        return look_around(master.connection, rule, review, golden_id)


def test_a_decision_counts_from_the_run_that_has_read_it(matched: MasterData) -> None:
    first = decisions.merge(matched.connection, "customer", "crm:1", "erp:1", LI_NA, "x").decision_id
    assert (applied(matched)[first], waiting(matched), waiting(matched, "contact")) == (None, 1, 0)
    matched.build()
    at = applied(matched)[first]
    assert at is not None
    second = decisions.set_parent(matched.connection, "erp:4", "crm:6", LI_NA, "x").decision_id
    # Matching does not put it below the other.
    matched.build()
    assert (applied(matched), waiting(matched)) == ({first: at, second: None}, 1)
    matched.build(*given.GROUPS)
    assert waiting(matched) == 0
    # Later runs change nothing about when it began.
    matched.deliver({"key": "crm:9", "name": "新客户"})
    matched.build()
    assert applied(matched)[first] == at
    decisions.undo(matched.connection, first, LI_NA, "y")
    assert (applied(matched)[first], waiting(matched)) == (None, 1)
    matched.build()
    ended = applied(matched)[first]
    assert ended is not None
    assert timedelta(0) < ended - at


def test_who_notices_decisions_is_told_when_they_are_committed(matched: MasterData) -> None:
    matched.connection.rollback()
    with matched.connection.cursor() as cursor:
        cursor.execute("listen cockpit_raw")
    matched.connection.commit()
    with pytest.raises(TerminalError):
        decisions.merge(matched.connection, "customer", "crm:1", "erp:1", LI_NA, " ")
    matched.connection.poll()
    assert matched.connection.notifies == []
    decisions.merge(matched.connection, "customer", "crm:1", "erp:1", LI_NA, "x")
    matched.connection.poll()
    assert [heard.payload for heard in matched.connection.notifies] == ["mdm_decisions"]


def test_many_at_once_are_foreseen_and_taken_back_together(matched: MasterData) -> None:
    decisions.keep_apart(matched.connection, "customer", "crm:1", "erp:2", WANG, "x")
    foreseen = foresee(matched.connection, "customer", PAIRS, LI_NA)
    assert (foreseen.before, foreseen.after, foreseen.largest) == (4, 1, 4)
    assert [conflict.records for conflict in foreseen.conflicts] == [("crm:1", "erp:2")]
    assert foresee(matched.connection, "customer", PAIRS[:2], LI_NA).conflicts == ()
    assert foresee(matched.connection, "customer", [], LI_NA).before == 0
    assert matched.query("select count(*) from mdm.decision") == [(1,)]

    single = decisions.merge(matched.connection, "customer", "erp:3", "legacy_crm:3", LI_NA, "x").decision_id
    made = decisions.merge_pairs(matched.connection, "customer", PAIRS, LI_NA, "list")
    together = {
        each.decision.decision_id: each.together for each in decisions.decisions_about(matched.connection, "customer")
    }
    assert [together[number] for number in (single, *made)] == [0, 3, 3, 3]
    decisions.undo(matched.connection, made[1], LI_NA, "not this one")
    # By any of them, and only what stands.
    assert len(decisions.undo_together(matched.connection, made[2], WANG, "wrong list")) == 2
    assert decisions.undo_together(matched.connection, made[0], WANG, "again") == []
    assert states(matched)[single] == "in_force"
    assert {states(matched)[number] for number in made} == {"undone"}
    with pytest.raises(TerminalError):
        decisions.undo_together(matched.connection, 10_000, WANG, "x")


def test_a_group_is_shown_from_the_top_with_who_says_so(matched: MasterData) -> None:
    assert has_groups(matched.connection, "customer")
    assert not has_groups(matched.connection, "contact")
    matched.connection.rollback()
    decisions.set_parent(matched.connection, "erp:4", "crm:6", LI_NA, "annual report", relation="group")
    matched.build(*given.GROUPS)
    group = group_of(matched, "erp:5")
    assert [(each.golden_id, each.depth, each.relation, each.found_by) for each in group.above] == [
        (given.golden("erp:4"), 1, "subsidiary", "parent_key"),
        (matched.ids()["crm:6"], 2, "group", "decision"),
    ]
    assert (group.above[0].record_id, group.above[1].author, group.above[1].reason) == (
        "erp:5",
        "li.na",
        "annual report",
    )
    assert (group.below, group.size) == ((), 3)
    top = group_of(matched, "crm:6")
    assert [(each.golden_id, each.depth) for each in top.below] == [
        (given.golden("erp:4"), 1),
        (given.golden("erp:5"), 2),
    ]
    assert (top.above, top.below_count, top.size) == ((), 2, 3)
    # A refused one is still known to be said.
    decisions.set_no_parent(matched.connection, "erp:5", "erp:4", WANG, "sold")
    matched.build(*given.GROUPS)
    alone = group_of(matched, "erp:5")
    assert (alone.above, alone.size) == ((), 1)
    assert [(each.golden_id, each.found_by) for each in alone.found] == [(given.golden("erp:4"), "parent_key")]


def test_who_decides_anew_about_a_value_or_a_parent_has_changed_their_mind(matched: MasterData) -> None:
    rule = load_survivorship(matched.context.workspace.models_folder, "customer")
    desk = Author("li.na", "desk")
    for value in ("一", "二"):
        decisions.pin(matched.connection, rule, "crm:1", "customer_name", value, desk, "x")
    for parent in ("crm:6", "crm:2"):
        decisions.set_parent(matched.connection, "erp:4", parent, desk, "x")
    decisions.set_no_parent(matched.connection, "erp:4", "crm:2", desk, "x")
    assert list(reversed(states(matched).values())) == [
        "superseded",
        "in_force",
        "superseded",
        "superseded",
        "in_force",
    ]


def test_a_circle_names_the_decisions_that_close_it(matched: MasterData) -> None:
    decisions.set_parent(matched.connection, "crm:1", "crm:2", LI_NA, "x")
    decisions.set_parent(matched.connection, "crm:2", "erp:4", LI_NA, "x")
    with pytest.raises(TerminalError, match="above itself") as caught:
        decisions.set_parent(matched.connection, "erp:4", "crm:1", LI_NA, "x")
    assert "1, 2" in str(caught.value)
    assert matched.query("select count(*) from mdm.decision") == [(2,)]
