"""A run that follows a change leaves what a run over all records leaves, with the same model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.match import customers, staged
from cockpit.demo.matching_sample import customer_records
from cockpit.mdm import decisions
from cockpit.mdm.clusters import MatchingRules
from cockpit.rulebook.matching import load_match_rule
from tests.integration.mdm.conftest import AS_OF, LI_NA, WANG, MasterData

COUNT, FIRST = 1_500, 1_300


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Customers as dirty as real ones, in an order that mixes their sources."""
    made = customers.standardised(customer_records(COUNT, 3).records, workers=1)
    return made.sample(frac=1, random_state=3).reset_index(drop=True)


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Candidates come from blocks also in a short list, and blocks are soon full."""

    def of(models_folder: Path, entity: str) -> MatchingRules:
        folder = models_folder.parent / "rules"
        rule = load_match_rule(folder / "matching" / f"{entity}.yml")
        return MatchingRules(folder, rule.model_copy(update={"exhaustive_pairs": 0, "largest_block": 4}))

    monkeypatch.setattr(MatchingRules, "of", of)


@pytest.fixture
def many(master: MasterData, frame: pd.DataFrame, blocks: None) -> MasterData:
    del blocks
    add(master, frame[:FIRST])
    master.build("core_customer_source", "core_customer")
    return master


def add(master: MasterData, rows: pd.DataFrame) -> None:
    with master.connection, master.connection.cursor() as cursor:
        staged.add(cursor, rows, AS_OF)


def remove(master: MasterData, records: Sequence[str]) -> None:
    with master.connection, master.connection.cursor() as cursor:
        staged.remove(cursor, records, AS_OF)


def change(master: MasterData, rows: pd.DataFrame) -> None:
    remove(master, rows["record_id"].tolist())
    add(master, rows)


def last_run(master: MasterData) -> dict[str, Any]:
    ((run,),) = master.query("select content -> 'run' from mdm.run_report order by report_id desc limit 1")
    return dict(run)


def left(master: MasterData) -> dict[str, list[tuple[Any, ...]]]:
    """All that runs leave, but for reports and for what says when."""
    asked = {
        "core_customer_source": "select * from core.core_customer_source order by source, source_key",
        "pair": "select * from mdm.pair order by left_record, right_record",
        "membership": "select record_id, golden_id from mdm.membership order by 1",
        "former_member": "select record_id, golden_id from mdm.former_member order by 1",
        "golden_id": "select * from mdm.golden_id order by golden_id",
        "key": "select * from mdm.record_key_customer order by record_id",
        "full_key": "select * from mdm.full_key order by key",
        "state": "select * from mdm.matching_state",
        "decided_pair": "select * from mdm.decided_pair order by 2, 3, 4",
        "pin": "select * from mdm.golden_pin order by golden_id, field",
        "record_seen": "select * from mdm.record_seen order by record_id",
        "core_customer": "select * from core.core_customer order by customer_key",
    }
    return {name: master.query(statement) for name, statement in asked.items()}


def require_followed(master: MasterData) -> None:
    """The change was followed, and a run over all records changes nothing."""
    built = master.build("core_customer_source", "core_customer")
    # Where nothing changed for a golden record, none is computed again.
    assert built[0].kind == "incremental"
    assert built[1].kind in ("incremental", "fresh")
    assert last_run(master)["kind"] == "change"
    found, events = left(master), master.last_event()
    again = master.build("core_customer_source", "core_customer", full=True)
    assert [each.changed for each in again] == [0, 0]
    assert last_run(master)["kind"] == "all"
    everything = left(master)
    for name, rows in found.items():
        assert rows == everything[name], name
    assert master.last_event() == events


def test_new_changed_and_gone_records(many: MasterData, frame: pd.DataFrame) -> None:
    assert last_run(many) == {"kind": "all", "why": "no_model", "learnt": True}
    add(many, frame[FIRST:])
    require_followed(many)
    # Others move into the places of the first hundred.
    moved = frame[100:200].assign(record_id=frame["record_id"][:100].to_numpy())
    change(many, moved)
    require_followed(many)
    remove(many, frame["record_id"][300:420].tolist())
    change(many, frame[:60])
    require_followed(many)
    add(many, frame[300:420])
    require_followed(many)
    assert many.query("select 1 from mdm.full_key")


def test_a_record_that_bridges_two_comes_and_goes(many: MasterData, frame: pd.DataFrame) -> None:
    one, other = _strangers(many)
    before = many.ids()
    decisions.merge(many.connection, "customer", one, other, LI_NA, "one owner")
    require_followed(many)
    assert many.ids()[one] == many.ids()[other]
    bridge = frame[frame["record_id"] == one].assign(record_id="crm:bridge")
    add(many, bridge)
    require_followed(many)
    assert many.ids()["crm:bridge"] == many.ids()[one] == many.ids()[other]
    made = decisions.decisions_about(many.connection, "customer", one)[0].decision.decision_id
    decisions.undo(many.connection, made, WANG, "they are not")
    require_followed(many)
    assert many.ids()["crm:bridge"] == many.ids()[one] != many.ids()[other]
    remove(many, ["crm:bridge"])
    require_followed(many)
    assert many.ids() == before


def test_what_people_decide_is_followed(many: MasterData, frame: pd.DataFrame) -> None:
    golden = next(group for group in many.groups() if len(group) > 2)
    decisions.split(many.connection, "customer", golden[0], golden[:1], LI_NA, "a branch")
    require_followed(many)
    assert many.ids()[golden[0]] != many.ids()[golden[1]]
    decisions.keep_apart(many.connection, "customer", golden[1], golden[2], LI_NA, "namesakes")
    require_followed(many)
    # One of them goes, and what was decided about it with it; it speaks again when it returns.
    row = frame[frame["record_id"] == golden[1]]
    remove(many, [golden[1]])
    require_followed(many)
    add(many, row)
    require_followed(many)
    assert many.ids()[golden[1]] != many.ids()[golden[2]]


def test_nothing_that_is_far_away_is_touched(many: MasterData, frame: pd.DataFrame) -> None:
    add(many, frame[FIRST : FIRST + 3])
    require_followed(many)
    ((run,),) = many.query("select content -> 'run' from mdm.run_report where content -> 'run' ->> 'kind' = 'change'")
    assert run["changed"] == 3
    assert run["matched"] < 60


def test_what_cannot_be_followed_is_matched_as_a_whole(many: MasterData, frame: pd.DataFrame) -> None:
    change(many, frame[:600])
    many.build()
    assert last_run(many) == {"kind": "all", "why": "many_changed", "learnt": False}
    many.execute("delete from mdm.matching_state")
    add(many, frame[FIRST : FIRST + 1])
    many.build()
    assert last_run(many)["why"] == "first"
    # A list that has doubled since a model was learnt is another list.
    many.execute("update mdm.model set content = jsonb_set(content, '{records}', '600')")
    add(many, frame[FIRST + 1 : FIRST + 2])
    many.build()
    assert last_run(many) == {"kind": "all", "why": "grown", "learnt": True}


def _strangers(master: MasterData) -> tuple[str, str]:
    """Two golden records with nothing in common."""
    alone = [group[0] for group in master.groups() if len(group) == 1]
    linked = {record for pair in master.query("select left_record, right_record from mdm.pair") for record in pair}
    one, other = [record for record in alone if record not in linked][:2]
    return one, other
