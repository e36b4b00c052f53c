"""`cockpit mdm` on a real database: looks, decisions, and what the next run makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cockpit.cli import main as command
from cockpit.cli import platform
from cockpit.cli.output import width
from cockpit.demo.matching_sample import customer_records
from tests import golden_records as given
from tests.integration.mdm.conftest import MasterData


class Mdm:
    """The command as it is typed."""

    def __init__(self, master: MasterData, capsys: pytest.CaptureFixture[str]) -> None:
        self.master = master
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self._capsys.readouterr()
        # One pass of the command holds no transaction open, so that the next one sees what it wrote.
        assert command.main(["mdm", *arguments]) == code, self._capsys.readouterr()
        out, err = self._capsys.readouterr()
        return out if code == 0 else err

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture
def mdm(master: MasterData, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mdm:
    given.fill(master, monkeypatch)
    # The database runs already; starting it would lead the command to the platform's own.
    monkeypatch.setattr(platform, "with_database", lambda _tell: None)
    monkeypatch.setenv("COLUMNS", "80")
    return Mdm(master, capsys)


def test_what_waits_begins_with_what_is_worth_most(mdm: Mdm) -> None:
    found = mdm.json("review")
    assert [(each["left"]["record_id"], each["stake"]) for each in found["pairs"]] == [
        ("crm:1", 500_000), ("crm:2", 90_000), ("erp:3", 0),
    ]  # fmt: skip
    text = mdm("review")
    assert "500,000" in text
    assert "Waiting for a decision: 3" in text
    assert [each["place"] for each in mdm.json("review", "--least", "0.9")["pairs"]] == [1]
    assert mdm.json("review", "--source", "legacy_crm")["pairs"][0]["left"]["record_id"] == "erp:3"
    assert mdm.json("review", "--text", "阀门")["total"] == 1
    assert mdm.json("review", "--text", "erp:1")["total"] == 1
    assert mdm.json("review", "--text", given.golden("crm:2"))["total"] == 1
    assert [each["veto"] for each in mdm.json("review", "--vetoed")["pairs"]] == ["branch_and_parent"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_it_prints_fits_eighty_columns(lang: str, mdm: Mdm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", lang)
    mdm("merge", "crm:1", "erp:1", "--reason", "the licence says so, and the address of both is the same house")
    mdm("apart", "crm:1", "erp:1", "--reason", "no", "--by", "wang.wei")
    for arguments in (
        ("review",),
        ("review", "--vetoed"),
        ("explain", "crm:1", "erp:1"),
        ("explain", "crm:6", "legacy_crm:6"),
        ("show", "crm:6"),
        ("conflicts",),
    ):
        text = mdm(*arguments)
        assert [line for line in text.splitlines() if width(line) > 80] == []


def test_it_says_field_by_field_why_two_may_be_one(mdm: Mdm) -> None:
    text = mdm("explain", "crm:1", "erp:1", "--unmasked")
    assert f"Apart: {given.golden('crm:1')} and {given.golden('erp:1')} are two." in text
    assert "for a person to decide (97.00%)" in text
    assert "+7.4" in text
    assert "same but for the legal form" in text
    assert "+862150801234" in text
    found = mdm.json("explain", given.golden("crm:1"), given.golden("erp:1"))
    assert [(each["name"], each["level"], each["weight"]) for each in found["pair"]["comparisons"]][:2] == [
        ("name", "form left out", 7.4), ("credit_code", None, 0.0),
    ]  # fmt: skip


def test_values_about_persons_are_masked(mdm: Mdm) -> None:
    for arguments in (("explain", "crm:1", "erp:1"), ("show", "crm:1"), ("show", "crm:1", "--json")):
        shown = mdm(*arguments)
        assert "862150801234" not in shown
        assert "李建国" not in shown
    assert "+862150801234" in mdm("show", "crm:1", "--json", "--unmasked")


def test_it_says_why_two_are_together_through_a_third(mdm: Mdm) -> None:
    text = mdm("explain", "crm:6", "legacy_crm:6")
    assert f"Together: both are {given.golden('crm:6')}." in text
    assert "these lead from one to the other" in text
    assert [step["right_record"] for step in mdm.json("explain", "crm:6", "legacy_crm:6")["path"]] == [
        "erp:6", "legacy_crm:6",
    ]  # fmt: skip


def test_it_says_what_keeps_two_apart(mdm: Mdm) -> None:
    text = mdm("explain", "erp:4", "erp:5")
    assert "kept apart: one is a branch of the other" in text
    assert "Nothing has been learnt yet" in mdm("explain", "erp:4", "erp:1")


def test_two_are_merged_from_the_next_run_on_and_parted_again(mdm: Mdm) -> None:
    said = mdm("merge", "crm:1", "erp:1", "--reason", "same licence", "--by", "li.na")
    assert said.splitlines() == [
        "Decision 1 is kept; './cockpit mdm undo 1 --reason ...' takes it back.",
        "It counts from the next run on, which Airflow begins by itself; without it: './cockpit run huaxing'.",
    ]
    # It waits for nobody any more, although nothing has been built.
    assert mdm.json("review")["total"] == 2
    mdm.master.build()
    assert mdm.master.ids()["erp:1"] == given.golden("crm:1")
    told = mdm("explain", "crm:1", "erp:1")
    assert "Together" in told
    assert "1 the same: crm:1 - erp:1 · li.na" in told
    assert f"{given.golden('erp:1')} was merged into it." in mdm("show", given.golden("erp:1"))
    assert "Decision 1 is taken back." in mdm("undo", "1", "--reason", "two licences after all")
    mdm.master.build()
    assert mdm.master.ids()["erp:1"] == given.golden("erp:1")


def test_two_are_kept_apart(mdm: Mdm) -> None:
    mdm("apart", "crm:2", "erp:2", "--reason", "father and son")
    assert mdm.json("review")["total"] == 2
    assert mdm.json("explain", "crm:2", "erp:2")["decisions"][0]["kind"] == "not_same"


def test_a_record_is_taken_out(mdm: Mdm) -> None:
    mdm("split", "crm:6", "legacy_crm:6", "--reason", "sold in 2020")
    mdm.master.build()
    ids = mdm.master.ids()
    assert ids["crm:6"] == ids["erp:6"] != ids["legacy_crm:6"]
    assert "taken out" in mdm("show", "crm:6")


def test_a_value_is_decided(mdm: Mdm) -> None:
    mdm("pin", "crm:6", "customer_name", "西部泵业集团", "--reason", "licence")
    mdm.master.build()
    values = {each["field"]: each for each in mdm.json("show", "crm:6")["values"]}
    assert (values["customer_name"]["value"], values["customer_name"]["reason"]) == ("西部泵业集团", "pin")
    assert (values["credit_code"]["value"], values["credit_code"]["record_id"]) == (given.THIRD_CODE, "erp:6")
    assert "a steward decided" in mdm("show", "crm:6")


def test_stewards_who_contradict_each_other_are_both_named(mdm: Mdm) -> None:
    assert mdm.json("conflicts") == []
    mdm("merge", "crm:1", "erp:1", "--reason", "same phone", "--by", "li.na")
    said = mdm("apart", "crm:1", "erp:1", "--reason", "other owner", "--by", "wang.wei")
    assert "It contradicts 1: none of them counts" in said
    text = mdm("conflicts")
    assert "1 the same" in text
    assert "2 not the same" in text
    ((conflict),) = mdm.json("conflicts")
    assert [each["author"] for each in conflict["decisions"]] == ["li.na", "wang.wei"]
    mdm("undo", "2", "--reason", "mixed up")
    assert mdm("conflicts") == "No decisions contradict each other.\n"


def test_a_customer_is_put_below_another(mdm: Mdm) -> None:
    mdm("parent", "erp:4", "crm:6", "--relation", "group", "--reason", "annual report")
    assert "(member of the group): erp:4 - crm:6" in " ".join(mdm("show", "erp:4").split())
    assert "waits for a run" in " ".join(mdm("show", "erp:4").split())
    assert "above itself" in mdm("parent", "crm:6", "erp:4", "--reason", "x", code=1)
    mdm("no-parent", "erp:5", "erp:4", "--reason", "sold")
    mdm("no-parent", "crm:6", "--reason", "independent")
    mdm.master.build(*given.GROUPS)
    assert mdm.master.query("select customer_key, parent_customer_key, relation from core.core_customer_hierarchy") == [
        (given.golden("erp:4"), mdm.master.ids()["crm:6"], "group")
    ]


def test_what_is_wrong_is_said(mdm: Mdm) -> None:
    for arguments, code, said in (
        (("merge", "crm:1", "crm:99", "--reason", "x"), 1, "no golden record and no record"),
        (("merge", "crm:1", "erp:1", "--reason", " "), 1, "a reason is needed"),
        (("merge", "crm:6", "crm:6", "--reason", "x"), 1, "both ids are the same golden record"),
        (("undo", "99", "--reason", "x"), 1, "there is no such decision"),
        (("split", "crm:6", "erp:1", "--reason", "x"), 1, "not part of it"),
        (("pin", "crm:6", "colour", "red", "--reason", "x"), 1, "no such field"),
        (("explain", "crm:6", "crm:6"), 1, "both ids are the same golden record"),
        (("parent", "crm:6", "erp:6", "--reason", "x"), 1, "cannot be above itself"),
        (("parent", "crm:6", "erp:1", "--relation", "uncle", "--reason", "x"), 1, "no such relation"),
        (("undo", "99", "--together", "--reason", "x"), 1, "there is no such decision"),
        (("--entity", "colour", "review"), 3, "there is no such entity"),
    ):
        assert said in mdm(*arguments, code=code), arguments
    # A record against the rest of the golden record that it is in.
    assert "Together" in mdm("explain", "crm:6", given.golden("crm:6"))


def test_hostile_values_do_nothing_in_a_terminal(mdm: Mdm) -> None:
    mdm.master.deliver({"key": "erp:3", "name": "\x1b[2Jevil\u202e"})
    text = mdm("review")
    assert "\x1b" not in text
    assert "\\u001b[2Jevil" in text


def test_nothing_is_decided_before_anything_is_matched(mdm: Mdm) -> None:
    mdm.master.execute("drop schema mdm cascade")
    assert "nothing has been matched yet" in mdm("review", code=1)


def test_pairs_of_a_real_run_are_explained_and_others_are_compared(
    master: MasterData, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "with_database", lambda _tell: None)
    monkeypatch.setenv("COLUMNS", "80")
    records = customer_records(1_000, seed=3).records
    texts = records[["name", "credit_code", "phone", "email", "region_code", "address"]]
    master.deliver(
        *(
            {"key": key, **{name: value for name, value in row.items() if isinstance(value, str)}}
            for key, row in zip(records["record_id"], texts.to_dict("records"), strict=True)
        )
    )
    master.build()
    mdm = Mdm(master, capsys)
    kept = master.query("select left_record, right_record, score from mdm.pair where outcome = 'merge' limit 1")
    ((left, right, score),) = kept
    found = mdm.json("explain", left, right)
    assert (found["is_together"], found["is_kept"], round(found["pair"]["score"], 3)) == (True, True, round(score, 3))
    assert {each["name"] for each in found["pair"]["comparisons"]} >= {"name", "credit_code", "phone"}
    # Two of which the run kept nothing.
    ids = master.ids()
    other = next(record for record in sorted(ids) if ids[record] != ids[left])
    now = mdm.json("explain", left, other)
    assert (now["is_together"], now["is_kept"], now["pair"]["outcome"]) == (False, False, "no")
    assert now["pair"]["comparisons"]
    assert "Compared just now" in mdm("explain", left, other)
    # Compared for a look as in the run.
    master.execute("delete from mdm.pair")
    again = mdm.json("explain", left, right)
    assert not again["is_kept"]
    assert again["pair"]["score"] == pytest.approx(score, abs=1e-3)
