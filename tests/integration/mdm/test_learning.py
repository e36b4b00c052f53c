"""What is learnt from records and decisions: kept by versions, in force when a person says so, used by the next run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cockpit.cli import main as command
from cockpit.cli import platform
from cockpit.cli.output import width
from cockpit.demo.matching_sample import customer_records
from cockpit.mdm import decisions
from tests.integration.mdm.conftest import LI_NA, WANG, MasterData

COLUMNS = ["name", "credit_code", "phone", "email", "region_code", "address"]


class Learning:
    """Matched customers, people's answers, and the command."""

    def __init__(self, master: MasterData, capsys: pytest.CaptureFixture[str]) -> None:
        self.master = master
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self._capsys.readouterr()
        assert command.main(["mdm", *arguments]) == code, self._capsys.readouterr()
        out, err = self._capsys.readouterr()
        return out if code == 0 else err

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))

    def answer(self) -> int:
        """Say that all pairs that wait are two, and that those joined most surely are one: the machine is too sure."""
        connection = self.master.connection
        asked = self.master.query("select left_record, right_record from mdm.pair where outcome = 'review' order by 1")
        for left, right in asked:
            decisions.keep_apart(connection, "customer", left, right, WANG, "two licences")
        sure = self.master.query(
            "select left_record, right_record from mdm.pair where outcome = 'merge'"
            " order by (reasons ->> 'total')::float desc, 1, 2 limit 40"
        )
        decisions.merge_pairs(connection, "customer", sure, LI_NA, "one licence")
        return len(asked) + len(sure)

    def versions_of_pairs(self) -> list[str]:
        """What the compared pairs were weighed with."""
        return [version for (version,) in self.master.query("select distinct model_version from mdm.pair")]


@pytest.fixture
def learning(master: MasterData, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Learning:
    # The database runs already; starting it would lead the command to the platform's own.
    monkeypatch.setattr(platform, "with_database", lambda _tell: None)
    monkeypatch.setenv("COLUMNS", "80")
    records = customer_records(1_000, seed=3).records
    master.deliver(
        *(
            {"key": key, **{name: value for name, value in row.items() if isinstance(value, str)}}
            for key, row in zip(records["record_id"], records[COLUMNS].to_dict("records"), strict=True)
        )
    )
    master.build("core_customer_source")
    return Learning(master, capsys)


def test_nothing_new_is_learnt_from_the_same_records(learning: Learning) -> None:
    ((version,),) = learning.master.query("select version from mdm.model")
    told = learning("learn")
    assert f"Nothing new was learnt: version {version} stays in force." in told
    assert "too few to learn from" in told
    assert [each["version"] for each in learning.json("models")] == [version]


def test_a_version_is_learnt_from_decisions_used_and_taken_back(learning: Learning) -> None:
    master = learning.master
    (first,) = learning.versions_of_pairs()
    answered = learning.answer()
    found = learning.json("learn", "customer")
    assert (found["is_corrected"], found["is_in_force"], found["version_in_force_before"]) == (True, False, first)
    assert (found["decisions"], found["decisions_used"]) == (answered, answered)
    assert found["held_out"]["after"]["log_loss"] < found["held_out"]["before"]["log_loss"]
    assert {(each["before"], each["after"]) for each in found["moved"]} >= {("merge", "review")}
    second = found["version"]
    # It is kept; the next run goes on with the one in force.
    master.build("core_customer_source")
    assert learning.versions_of_pairs() == [first]

    told = learning("use", "customer", second, "--by", "li.na")
    assert told == f"Version {second} is in force from the next run on: './cockpit run huaxing'.\n"
    assert learning("use", "customer", second) == f"Version {second} is in force already.\n"
    (built,) = master.build("core_customer_source")
    assert built.kind != "fresh"
    assert learning.versions_of_pairs() == [second]
    (again,) = master.build("core_customer_source")
    assert again.kind == "fresh"
    # Learnt once more from the same: the same.
    assert f"version {second} stays in force" in learning("learn", "--yes")

    # A run that has to learn anew, as under another rule, learns from the decisions too.
    master.execute("update mdm.model set content = jsonb_set(content, '{rule}', '\"other\"')")
    master.build("core_customer_source", full=True)
    assert learning.versions_of_pairs() == [second]

    master.execute(
        "update mdm.model as old set content = jsonb_set(old.content, '{rule}', new.content -> 'rule')"
        " from mdm.model as new where new.is_current"
    )
    learning("use", "customer", first, "--by", "wang.wei")
    master.build("core_customer_source")
    assert learning.versions_of_pairs() == [first]
    listed = {each["version"]: each for each in learning.json("models", "customer")}
    assert {version: (each["is_current"], each["used_by"]) for version, each in listed.items()} == {
        first: (True, "wang.wei"),
        second: (False, "li.na"),
    }
    assert listed[second]["decisions"] == found["decisions_used"]
    assert master.query("select version, author, made_through from mdm.model_use order by use_id") == [
        (second, "li.na", "cli"),
        (first, "wang.wei", "cli"),
    ]


def test_a_precision_is_stated(learning: Learning) -> None:
    loose, strict = (learning.json("learn", "--precision", each) for each in ("0.9", "0.9999"))
    assert loose["threshold"]["found_by"] == strict["threshold"]["found_by"] == "model"
    assert loose["threshold"]["weight"] < strict["threshold"]["weight"]
    assert loose["after"]["joined"] > strict["after"]["joined"]
    learning("use", "customer", strict["version"])
    learning.master.build("core_customer_source")
    ((joined,),) = learning.master.query("select count(*) from mdm.pair where outcome = 'merge'")
    assert joined == strict["after"]["joined"]
    ((records,),) = learning.master.query("select content ->> 'records' from mdm.model where is_current")
    assert records == "1000"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_it_prints_fits_eighty_columns(lang: str, learning: Learning, monkeypatch: pytest.MonkeyPatch) -> None:
    learning.answer()
    monkeypatch.setenv("COCKPIT_LANG", lang)
    text = learning("learn", "--precision", "0.999", "--yes") + learning("models")
    assert [line for line in text.splitlines() if width(line) > 80] == []
    if lang == "en":
        for said in (
            "log loss",
            "calibration error",
            "The decisions are used",
            "Joined from +",
            "golden records",
            "in force",
        ):
            assert said in text


def test_what_is_wrong_is_said(learning: Learning) -> None:
    (version,) = learning.versions_of_pairs()
    assert f"there is no such version of a model (found 'abc'; allowed: {version}" in learning(
        "use", "customer", "abc", code=1
    )
    learning.master.execute("update mdm.model set content = jsonb_set(content, '{rule}', '\"other\"')")
    told = learning("use", "customer", version, code=1)
    assert "learnt under other rules" in told
    assert "./cockpit mdm learn customer" in told
    assert "of other rules" in learning("models")
    with pytest.raises(SystemExit):
        learning("learn", "--precision", "99.5")
