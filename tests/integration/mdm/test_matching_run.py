"""Ids and decisions outlive everything: rebuilds, corrections, records that come and go, runs that are killed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import CockpitError, TerminalError
from cockpit.mdm import decisions, matching_run
from cockpit.mdm.assign import new_id
from cockpit.mdm.ids import find, replay_events
from cockpit.mdm.settle import Conflict
from cockpit.rulebook.survivorship import load_survivorship
from cockpit.warehouse.connections import connect
from tests.integration.mdm.conftest import LI_NA, WANG, MasterData

EAST, NORTH, SOUTH = "上海华东仪表有限公司", "沈阳北方阀门有限公司", "深圳南方电机有限公司"
CODE, OTHER_CODE = "91310000600037341N", "91440300708461136T"


def of(record: str) -> str:
    return new_id("customer", "C", record)


@pytest.fixture
def three(master: MasterData) -> MasterData:
    """Two records of one company, one of another, one of a third."""
    master.deliver(
        {"key": "crm:1", "name": EAST},
        {"key": "erp:1", "name": EAST, "credit_code": CODE},
        {"key": "erp:2", "name": NORTH},
        {"key": "erp:3", "name": SOUTH},
    )
    master.build()
    return master


def test_a_run_writes_events_membership_and_a_report(three: MasterData) -> None:
    assert three.ids() == {"crm:1": of("crm:1"), "erp:1": of("crm:1"), "erp:2": of("erp:2"), "erp:3": of("erp:3")}
    assert three.events() == [
        ("birth", of("crm:1"), None, "crm:1"),
        ("birth", of("erp:2"), None, "erp:2"),
        ("birth", of("erp:3"), None, "erp:3"),
        ("join", of("crm:1"), None, "erp:1"),
    ]
    ((entity, report),) = three.query("select entity, content from mdm.run_report")
    assert entity == "customer"
    assert (report["records"], report["golden_records"], report["events"]["birth"]) == (4, 3, 3)


def test_nothing_happens_while_nothing_changes(three: MasterData) -> None:
    assert {one.kind for one in three.build()} == {"fresh"}
    before = three.last_event()
    assert [one.changed for one in three.build(full=True)] == [0, 0, 0, 0]
    assert three.last_event() == before


def test_a_rebuild_from_nothing_gives_the_same_ids(three: MasterData) -> None:
    decisions.merge(three.connection, "customer", "erp:2", "erp:3", LI_NA, "one owner")
    three.build()
    three.deliver({"key": "aaa:0", "name": EAST})
    three.build()
    before, events = three.ids(), three.last_event()
    three.execute("drop schema core cascade; create schema core")
    three.execute("delete from ops.changed_key where model like 'core%%'")
    three.execute("delete from ops.model_build where model like 'core%%'")
    three.build()
    assert (three.ids(), three.last_event()) == (before, events)
    # The least record is another one by now, the id is not.
    assert before["aaa:0"] == of("crm:1")


def test_all_that_follows_from_events_can_be_made_again(three: MasterData) -> None:
    merged = decisions.merge(three.connection, "customer", "erp:2", "erp:3", LI_NA, "one owner")
    three.build()
    three.remove("crm:1")
    decisions.undo(three.connection, merged.decision_id, LI_NA, "they are not")
    three.build()
    three.deliver({"key": "erp:4", "name": SOUTH})
    three.build()
    before = three.state()
    three.execute("delete from mdm.membership; delete from mdm.former_member; delete from mdm.golden_id")
    with three.connection, three.connection.cursor() as cursor:
        replay_events(cursor, "customer")
    assert three.state() == before
    three.build(full=True)
    assert three.state() == before


@pytest.mark.parametrize("ids", [(of("erp:3"), of("erp:2")), ("erp:3", "erp:2"), ("erp:2", of("erp:3"))], ids=str)
def test_a_merge_counts_from_the_next_run_on_and_can_be_undone(three: MasterData, ids: tuple[str, str]) -> None:
    before = three.ids()
    made = decisions.merge(three.connection, "customer", *ids, LI_NA, "the same owner")
    assert three.ids() == before
    three.build()
    assert three.groups() == [["crm:1", "erp:1"], ["erp:2", "erp:3"]]
    with three.connection.cursor() as cursor:
        found = find(cursor, "customer", of("erp:3"))
    assert (found.golden_id, found.records, found.via) == (of("erp:2"), ("erp:2", "erp:3"), (of("erp:3"),))

    decisions.undo(three.connection, made.decision_id, WANG, "it was another one")
    three.build()
    assert three.ids() == before


def test_a_split_and_a_pair_kept_apart(three: MasterData) -> None:
    decisions.split(three.connection, "customer", of("crm:1"), ["erp:1"], LI_NA, "a branch")
    three.build()
    assert three.ids()["crm:1"] == of("crm:1")
    assert three.ids()["erp:1"] == of("erp:1")
    three.deliver({"key": "erp:4", "name": NORTH})
    three.build()
    assert three.ids()["erp:4"] == of("erp:2")
    decisions.keep_apart(three.connection, "customer", "erp:4", of("erp:2"), LI_NA, "a namesake")
    three.build()
    assert three.ids()["erp:4"] == of("erp:4")


def test_two_stewards_who_contradict_each_other_are_both_named(three: MasterData) -> None:
    before = three.ids()
    first = decisions.merge(three.connection, "customer", "erp:2", "erp:3", LI_NA, "one owner")
    assert first.conflicts == ()
    second = decisions.keep_apart(three.connection, "customer", "erp:2", "erp:3", WANG, "two owners")
    conflict = Conflict("pair", (first.decision_id, second.decision_id), ("erp:2", "erp:3"))
    assert second.conflicts == decisions.conflicts(three.connection, "customer") == (conflict,)
    three.build()
    assert three.ids() == before
    listed = decisions.decisions_about(three.connection, "customer", of("erp:2"))
    assert [(each.decision.decision_id, each.state) for each in listed] == [
        (second.decision_id, "conflict"),
        (first.decision_id, "conflict"),
    ]
    decisions.undo(three.connection, second.decision_id, WANG, "she is right")
    three.build()
    assert three.groups()[1] == ["erp:2", "erp:3"]


def test_many_pairs_are_merged_or_none(three: MasterData) -> None:
    with pytest.raises(TerminalError, match="nobody:9"):
        decisions.merge_pairs(
            three.connection, "customer", [("erp:2", "erp:3"), ("erp:1", "nobody:9")], LI_NA, "sure of it"
        )
    assert decisions.decisions_about(three.connection, "customer") == []
    made = decisions.merge_pairs(
        three.connection, "customer", [("erp:2", "erp:3"), ("erp:1", "erp:2")], LI_NA, "sure of it"
    )
    three.build()
    assert len(made) == 2
    assert len(three.groups()) == 1


def test_a_record_that_was_held_back_returns_to_its_id(three: MasterData) -> None:
    before = three.ids()
    three.remove("erp:3")
    three.build()
    assert "erp:3" not in three.ids()
    with three.connection.cursor() as cursor, pytest.raises(TerminalError, match=f"it belonged to {of('erp:3')}"):
        find(cursor, "customer", "erp:3")
    with three.connection.cursor() as cursor, pytest.raises(TerminalError, match="no record of this golden record"):
        find(cursor, "customer", of("erp:3"))
    three.connection.rollback()
    three.deliver({"key": "erp:3", "name": SOUTH})
    three.build()
    assert three.ids() == before


def test_a_source_that_uses_a_key_again_does_not_hand_over_the_id(master: MasterData) -> None:
    master.deliver(
        {"key": "erp:1", "name": EAST, "phone": "+862150504740"},
        {"key": "crm:5", "name": NORTH, "phone": "+8613800000001"},
    )
    master.build()
    decisions.merge(master.connection, "customer", "erp:1", "crm:5", LI_NA, "one owner")
    master.build()
    assert len(master.groups()) == 1
    since = master.last_event()
    master.deliver({"key": "erp:1", "name": SOUTH, "phone": "+8675526716688"})
    master.build()
    # What was decided on was another customer.
    assert master.ids() == {"crm:5": of("crm:5"), "erp:1": f"{of('erp:1')}-2"}
    assert [kind for kind, *_ids in master.events(since)] == ["reuse", "birth"]
    ((content,),) = master.query("select content from mdm.run_report order by report_id desc limit 1")
    assert content["reused_keys"] == {"count": 1, "records": ["erp:1"]}
    # A corrected name is none of that.
    since = master.last_event()
    master.deliver({"key": "erp:1", "name": f"{SOUTH[:-4]}股份有限公司", "phone": "+8675526716688"})
    master.build()
    assert master.events(since) == []


def test_a_pin_counts_and_is_taken_back(three: MasterData) -> None:
    rule = load_survivorship(three.context.workspace.models_folder, "customer")
    asked = "select customer_name, lineage -> 'customer_name' ->> 2 from core.core_customer where customer_key = %s"
    made = decisions.pin(three.connection, rule, of("erp:2"), "customer_name", "北方阀门集团", LI_NA, "as on the door")
    three.build()
    assert three.query(asked, [of("erp:2")]) == [("北方阀门集团", "pin")]
    # It moves with the record when ids do.
    decisions.merge(three.connection, "customer", "erp:2", of("crm:1"), LI_NA, "one owner")
    three.build()
    assert three.query(asked, [of("crm:1")]) == [("北方阀门集团", "pin")]
    assert three.query(asked, [of("erp:2")]) == []
    other = decisions.pin(three.connection, rule, "erp:1", "customer_name", "华东", WANG, "as on the invoice")
    assert [each.decision_ids for each in other.conflicts] == [(made.decision_id, other.decision_id)]
    three.build()
    decisions.undo(three.connection, made.decision_id, LI_NA, "the door was repainted")
    three.build()
    assert three.query(asked, [of("crm:1")]) == [("华东", "pin")]


def test_two_pins_of_one_field_are_a_conflict(three: MasterData) -> None:
    rule = load_survivorship(three.context.workspace.models_folder, "customer")
    first = decisions.pin(three.connection, rule, "erp:1", "industry", "energy", LI_NA, "their site says so")
    second = decisions.pin(three.connection, rule, "crm:1", "industry", "medical", WANG, "I asked them")
    assert [each.decision_ids for each in second.conflicts] == [(first.decision_id, second.decision_id)]
    three.build()
    assert three.query("select count(*) from mdm.golden_pin") == [(0,)]
    for field, value, message in (
        ("colour", "red", "no such field"),
        ("industry", "x" * 3000, "too long"),
    ):
        with pytest.raises(TerminalError, match=message):
            decisions.pin(three.connection, rule, "erp:1", field, value, LI_NA, "because")


def test_values_are_kept_from_when_to_when(three: MasterData) -> None:
    later = three.context.as_of.replace(day=6)
    three.deliver({"key": "erp:2", "name": f"{NORTH}（新）"})
    decisions.merge(three.connection, "customer", of("crm:1"), "erp:3", LI_NA, "one owner")
    three.build(as_of=later)
    found = three.query(
        "select customer_key, customer_name, valid_from, valid_to from core.core_customer_history order by 1, 3"
    )
    now = three.context.as_of
    assert sorted(found, key=str) == sorted(
        [
            (of("crm:1"), EAST, now, None),
            (of("erp:2"), NORTH, now, later),
            (of("erp:2"), f"{NORTH}（新）", later, None),
            (of("erp:3"), SOUTH, now, later),
        ],
        key=str,
    )
    # Of what changed twice within one moment the last is kept.
    three.deliver({"key": "erp:2", "name": "另一名称"})
    three.build(as_of=later)
    assert three.query("select customer_name from core.core_customer_history where valid_from = %s", [later]) == [
        ("另一名称",)
    ]


@pytest.mark.parametrize("point", ["events", "end"])
def test_a_run_that_is_killed_leaves_nothing(three: MasterData, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (three.ids(), three.state(), three.last_event(), three.query("select count(*) from mdm.run_report"))
    decisions.merge(three.connection, "customer", "erp:2", "erp:3", LI_NA, "one owner")
    name = {"events": "write_events", "end": "_write_pins"}[point]
    original: Callable[..., None] = getattr(matching_run, name)

    def kill(cursor: PgCursor, *arguments: object) -> None:
        original(cursor, *arguments)
        with closing(connect("warehouse")) as other, other, other.cursor() as killer:
            killer.execute("select pg_terminate_backend(%s)", (cursor.connection.info.backend_pid,))
        cursor.execute("select 1")

    with monkeypatch.context() as patch:
        patch.setattr(matching_run, name, kill)
        with pytest.raises(CockpitError):
            three.build("core_customer_source")
    with closing(connect("warehouse")) as connection:
        again = MasterData(connection, three.context)
        assert (
            again.ids(),
            again.state(),
            again.last_event(),
            again.query("select count(*) from mdm.run_report"),
        ) == before
        again.build()
        assert again.groups() == [["crm:1", "erp:1"], ["erp:2", "erp:3"]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda c: decisions.merge(c, "customer", "erp:2", "C000000000000", LI_NA, "x"), "there is no golden record and no record of this id .found 'C000000000000'; allowed: a golden id such as C", id="unknown"),
        pytest.param(lambda c: decisions.merge(c, "product", "erp:2", "erp:3", LI_NA, "x"), "no product has been matched yet", id="nothing matched"),
        pytest.param(lambda c: decisions.merge(c, "customer", "erp:2", of("erp:2"), LI_NA, "x"), "the same golden record", id="itself"),
        pytest.param(lambda c: decisions.keep_apart(c, "customer", of("crm:1"), of("crm:1"), LI_NA, "x"), "the same golden record", id="apart from itself"),
        pytest.param(lambda c: decisions.merge(c, "customer", "erp:2", "erp:3", LI_NA, " "), "a reason is needed", id="no reason"),
        pytest.param(lambda c: decisions.split(c, "customer", of("crm:1"), ["erp:2"], LI_NA, "x"), "not part of it .found 'erp:2'; allowed: crm:1, erp:1", id="a stranger leaves"),
        pytest.param(lambda c: decisions.split(c, "customer", of("crm:1"), ["erp:1", "crm:1"], LI_NA, "x"), "not all", id="all leave"),
        pytest.param(lambda c: decisions.undo(c, 99, LI_NA, "x"), "no such decision", id="nothing to undo"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_explained(three: MasterData, call: Callable[..., None], message: str) -> None:
    with pytest.raises(TerminalError, match=message):
        call(three.connection)


def test_a_decision_is_taken_back_once(three: MasterData) -> None:
    made = decisions.merge(three.connection, "customer", "erp:2", "erp:3", LI_NA, "one owner")
    number = decisions.undo(three.connection, made.decision_id, WANG, "two owners")
    with pytest.raises(TerminalError, match="taken back before"):
        decisions.undo(three.connection, made.decision_id, WANG, "two owners")
    with pytest.raises(TerminalError, match="cannot be undone"):
        decisions.undo(three.connection, number, WANG, "one owner")
    assert [each.state for each in decisions.decisions_about(three.connection, "customer")] == ["undone"]


@pytest.mark.parametrize("table", ["mdm.decision", "mdm.id_event"])
def test_what_was_written_once_stays(three: MasterData, table: str) -> None:
    for statement in (f"delete from {table}", f"truncate {table} cascade"):
        with pytest.raises(psycopg2.DatabaseError, match="written once"):
            three.execute(statement)


def test_a_group_account_is_arranged_by_people_before_rules(three: MasterData) -> None:
    three.deliver({"key": "erp:3", "name": SOUTH, "parent_key": "2"})
    models = ("core_customer_source", "core_customer_relation", "core_customer_hierarchy")
    three.build(*models)
    asked = "select customer_key, parent_customer_key, relation, found_by from core.core_customer_hierarchy"
    assert three.query(asked) == [(of("erp:3"), of("erp:2"), "subsidiary", "parent_key")]
    made = decisions.set_parent(three.connection, "erp:3", of("crm:1"), LI_NA, "sold in May", relation="branch")
    three.build(*models)
    assert three.query(asked) == [(of("erp:3"), of("crm:1"), "branch", "decision")]
    with pytest.raises(TerminalError, match=f"{of('crm:1')} → {of('erp:3')} → {of('crm:1')}"):
        decisions.set_parent(three.connection, "erp:1", "erp:3", LI_NA, "the other way round")
    other = decisions.set_no_parent(three.connection, "erp:3", None, WANG, "they are on their own")
    assert [each.decision_ids for each in other.conflicts] == [(made.decision_id, other.decision_id)]
    three.build(*models)
    assert three.query(asked) == [(of("erp:3"), of("erp:2"), "subsidiary", "parent_key")]


def test_one_customer_alone_can_be_matched(master: MasterData) -> None:
    master.deliver({"key": "erp:1", "name": EAST})
    master.build()
    assert master.ids() == {"erp:1": of("erp:1")}
    master.remove("erp:1")
    master.build()
    assert master.ids() == {}
