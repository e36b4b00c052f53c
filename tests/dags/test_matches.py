"""Matches on the steward's desk: who may look and decide, and what becomes of the decisions."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
import requests

from tests import golden_records as given
from tests.conftest import Postgres
from tests.dags.matches_desk import MatchesDesk, matches_desk
from tests.dags.test_desk import Person, text_of

PAGES = ("matches", "matches?tab=vetoed", "matches/pair?left=crm:1&right=erp:1", "matches/conflicts",
         "matches/decisions", "golden", "golden?id=crm:6", "matches?entity=contact", "golden?entity=contact&text=x")  # fmt: skip
PHONE = "+862150801234"


@pytest.fixture(scope="module")
def desk(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MatchesDesk]:
    with matches_desk(postgres, "test_matches", tmp_path_factory.mktemp("airflow")) as made:
        yield made


@pytest.fixture(scope="module")
def ann(desk: MatchesDesk) -> Person:
    return desk.person("ann")


@pytest.fixture(scope="module")
def ben(desk: MatchesDesk) -> Person:
    return desk.person("ben")


@pytest.fixture(scope="module")
def eve(desk: MatchesDesk) -> Person:
    return desk.person("eve")


def fields_of(page: str, form: str) -> dict[str, str]:
    """Hidden fields of the form that sends there."""
    found = re.search(rf'<form method="post" action="/imports/desk/{form}".*?</form>', page, re.DOTALL)
    assert found, form
    named = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0])
    return {name: html.unescape(value) for name, value in named}


def pairs_on(page: str) -> list[tuple[str, str]]:
    found = re.findall(r'href="/imports/desk/matches/pair\?([^"]*)" data-open', page)
    return [(re.search(r"left=([^&]*)", one)[1], re.search(r"right=([^&]*)", one)[1])  # type: ignore[index]
            for one in (html.unescape(each).replace("%3A", ":") for each in found)]  # fmt: skip


def decide(person: Person, left: str, right: str, do: str, **more: str) -> requests.Response:
    page = person.page("matches/pair", left=left, right=right)
    return person.send("matches/pair", {**fields_of(page, "matches/pair"), "do": do, "reason": "seen", **more})


def take_back(desk: MatchesDesk, person: Person) -> requests.Response:
    number = desk.master.query(
        "select max(decision_id) from mdm.decision as made where kind <> 'undo' and author = %s"
        " and not exists (select from mdm.decision as later where later.undoes = made.decision_id)",
        [person.username],
    )[0][0]
    form = fields_of(person.page("matches"), "matches/undo")
    return person.send("matches/undo", {**form, "decision": str(number), "page": "matches"})


@pytest.mark.parametrize("path", PAGES)
def test_who_sees_what(path: str, ann: Person, eve: Person) -> None:
    assert ann.get(f"/imports/desk/{path}", signed_in=False).status_code == 401
    mine, theirs = ann.get(f"/imports/desk/{path}"), eve.get(f"/imports/desk/{path}")
    assert (mine.status_code, theirs.status_code) == (200, 200)
    assert '<form method="post"' not in theirs.text
    assert PHONE not in theirs.text
    assert "李建国" not in theirs.text
    assert given.SCRIPT not in mine.text


def test_a_reader_cannot_decide(desk: MatchesDesk, ann: Person, eve: Person) -> None:
    fields = fields_of(ann.page("matches/pair", left="crm:1", right="erp:1"), "matches/pair")
    theirs = {**fields, "do": "same", "reason": "x"}
    assert eve.send("matches/pair", theirs).status_code == 403
    token = re.search(r'name="token" value="([^"]+)"', eve.page("kinds/phone"))[1]  # type: ignore[index]
    for path in ("matches/pair", "matches/undo", "matches/decision", "matches/choice", "golden"):
        assert eve.send(path, {**theirs, "token": token}).status_code == 403, path
    assert ann.send("matches/pair", {**theirs, "token": "x"}).status_code == 403
    assert desk.master.query("select count(*) from mdm.decision") == [(0,)]


def test_the_queue_begins_with_what_is_worth_most_and_narrows(ann: Person) -> None:
    page = ann.page("matches")
    assert pairs_on(page) == [("crm:1", "erp:1"), ("crm:2", "erp:2"), ("erp:3", "legacy_crm:3")]
    assert "500,000" in page
    assert html.escape(given.SCRIPT) in page
    assert pairs_on(ann.page("matches", sort="unlikely"))[0] == ("erp:3", "legacy_crm:3")
    assert pairs_on(ann.page("matches", least="0.9")) == [("crm:1", "erp:1")]
    assert pairs_on(ann.page("matches", least="0.5", most="0.58")) == [("erp:3", "legacy_crm:3")]
    assert pairs_on(ann.page("matches", source="legacy_crm")) == [("erp:3", "legacy_crm:3")]
    assert pairs_on(ann.page("matches", why="differ:phone")) == [("crm:2", "erp:2")]
    assert pairs_on(ann.page("matches", why="agree:phone")) == [("crm:1", "erp:1")]
    assert pairs_on(ann.page("matches", text="阀门")) == [("crm:2", "erp:2")]
    assert "No pair fits this filter." in text_of(ann.page("matches", text="' or 1=1 --"))
    assert pairs_on(ann.page("matches", tab="vetoed", why="veto:branch_and_parent")) == [("erp:4", "erp:5")]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("matches?sort=x", id="sort"),
        pytest.param("matches?least=2", id="least"),
        pytest.param("matches?why=x:y", id="reason"),
        pytest.param("matches?offset=x", id="offset"),
        pytest.param("matches?entity=%00", id="NUL"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(path: str, ann: Person) -> None:
    assert ann.get(f"/imports/desk/{path}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "matches?entity=colour",
        "golden?id=crm:99",
        "matches/pair?left=crm:1&right=x",
        "matches/pair?left=crm:1&right=crm:1",
    ],
)
def test_what_is_not_there_is_said(path: str, ann: Person) -> None:
    assert ann.get(f"/imports/desk/{path}").status_code == 404


def test_two_stand_side_by_side_with_reasons(ann: Person) -> None:
    page = text_of(ann.page("matches/pair", left="crm:1", right="erp:1"))
    assert "97 %" in page
    assert "same but for the legal form · strongly for" in page
    assert "+22.0" in page
    assert PHONE in page
    # Not compared, and one of them has it.
    assert "李建国" in page
    kept_apart = text_of(ann.page("matches/pair", left="erp:4", right="erp:5"))
    assert "94 % alike, and kept apart by a rule" in kept_apart
    assert "Kept apart because: one is a branch of the other" in kept_apart
    assert "only a person can say that they are one" in kept_apart
    assert "Kept apart because: one is a branch of the other" in text_of(ann.page("matches", tab="vetoed"))
    through = text_of(ann.page("matches/pair", left="crm:6", right="legacy_crm:6"))
    assert "They are one golden record." in through
    assert "these lead from one to the other" in through
    assert "Nothing has been learnt yet" in text_of(ann.page("matches/pair", left="erp:1", right="erp:4"))


def test_a_decision_leads_to_the_next_pair_counts_at_the_next_run_and_is_taken_back(
    desk: MatchesDesk, ann: Person
) -> None:
    done = decide(ann, "crm:1", "erp:1", "same")
    assert done.status_code == 303
    assert "left=crm%3A2&right=erp%3A2" in done.headers["location"]
    assert pairs_on(ann.page("matches")) == [("crm:2", "erp:2"), ("erp:3", "legacy_crm:3")]
    assert "Your last decision: the same" in text_of(ann.page("matches"))
    waiting = text_of(ann.page("matches/decisions"))
    assert "Decisions that wait for a run: 1" in waiting
    assert "waits for a run" in waiting
    desk.master.build()
    after = text_of(ann.page("matches/decisions"))
    assert "Decisions that wait" not in after
    assert re.search(r"in force from the run at \d{4}-\d\d-\d\d \d\d:\d\d", after)
    assert desk.master.ids()["erp:1"] == desk.master.ids()["crm:1"]
    golden = text_of(ann.page("golden", id=given.golden("erp:1")))
    assert "was merged into it" in golden
    assert "“seen”" in golden
    assert take_back(desk, ann).status_code == 303
    assert "Decisions that wait for a run: 1" in text_of(ann.page("matches"))
    desk.master.build()
    assert "out of force from the run at" in text_of(ann.page("matches/decisions"))
    assert desk.master.ids()["erp:1"] == given.golden("erp:1")
    assert pairs_on(ann.page("matches"))[0] == ("crm:1", "erp:1")


def test_not_the_same_is_about_all_records_of_both(desk: MatchesDesk, ann: Person) -> None:
    assert decide(ann, "crm:6", "erp:1", "not_same").status_code == 303
    kind, left, right = desk.master.query(
        "select kind, left_records, right_records from mdm.decision order by decision_id desc limit 1"
    )[0]
    assert (kind, sorted(left), right) == ("not_same", ["crm:6", "erp:6", "legacy_crm:6"], ["erp:1"])
    assert take_back(desk, ann).status_code == 303


def test_what_was_decided_meanwhile_is_shown_first(desk: MatchesDesk, ann: Person, ben: Person) -> None:
    page = ann.page("matches/pair", left="crm:2", right="erp:2")
    assert decide(ben, "crm:2", "erp:2", "not_same").status_code == 303
    answer = ann.send("matches/pair", {**fields_of(page, "matches/pair"), "do": "same", "reason": "looks alike"})
    assert answer.status_code == 409
    assert "somebody has decided about these two" in text_of(answer.text)
    assert "looks alike" in answer.text
    # Who has seen it may contradict; then neither counts, and both are named.
    assert decide(ann, "crm:2", "erp:2", "same").status_code == 303
    both = text_of(ann.page("matches/pair", left="crm:2", right="erp:2"))
    assert "ann : the same – “seen” ben : not the same – “seen”" in both
    conflicts = text_of(ann.page("matches/conflicts"))
    assert "take back the decision that is wrong" in conflicts
    assert "None of these decisions counts" in conflicts
    assert "ann at the desk" in conflicts
    assert "ben at the desk" in conflicts
    assert take_back(desk, ann).status_code == 303
    assert "No decisions contradict each other." in text_of(ann.page("matches/conflicts"))
    assert take_back(desk, ben).status_code == 303


def test_many_are_accepted_after_a_look_at_them(desk: MatchesDesk, ann: Person) -> None:
    form = fields_of(ann.page("matches"), "matches/choice")
    shown = ann.send("matches/choice", {**form, "least": "0.5"})
    assert "Accept all as the same (3)" in text_of(shown.text)
    assert "6 → 3 golden records now → golden records after the next run" in text_of(shown.text)
    fields = fields_of(shown.text, "matches/decision")
    pairs = [("pair", html.unescape(one)) for one in re.findall(r'name="pair" value="([^"]*)"', shown.text)]
    sent = [*((name, value) for name, value in fields.items() if name != "pair"), *pairs]
    assert ann.send("matches/decision", [*sent, ("reason", " ")]).status_code == 409
    decide(ann, "erp:3", "legacy_crm:3", "not_same")
    done = text_of(ann.send("matches/decision", [*sent, ("reason", "checked")]).text)
    assert "2 accepted as the same" in done
    assert "1 left as they are" in done
    assert desk.master.query("select count(*) from mdm.decision where reason = 'checked'") == [(2,)]
    assert "made at once with it and standing: 2" in text_of(ann.page("matches/decisions"))
    assert "No pair waits for a decision." in text_of(ann.page("matches"))
    # What a rule keeps apart is never accepted by the hundred.
    assert ann.send("matches/choice", {**form, "least": "0.5", "tab": "vetoed"}).status_code == 400
    # All of it is taken back at once, and a second time does nothing.
    last = fields_of(ann.page("matches"), "matches/undo")
    assert last["do"] == "together"
    for _time in range(2):
        assert ann.send("matches/undo", {**last, "page": "matches"}).status_code == 303
    assert desk.master.query(
        "select count(*) from mdm.decision as made where reason = 'checked' and kind <> 'undo'"
        " and not exists (select from mdm.decision as later where later.undoes = made.decision_id)"
    ) == [(0,)]
    assert take_back(desk, ann).status_code == 303
    assert len(pairs_on(ann.page("matches"))) == 3


def test_records_are_taken_out_and_a_value_is_decided(desk: MatchesDesk, ann: Person) -> None:
    page = ann.page("golden", id="crm:6")
    assert "from the source that is trusted most" in text_of(page)
    form = fields_of(page, "golden")
    send = {name: form[name] for name in ("token", "entity", "id")}
    refused = ann.send("golden", {**send, "do": "split", "reason": "x"})
    assert refused.status_code == 409
    assert ann.send("golden", {**send, "do": "split", "record": "legacy_crm:6", "reason": "sold"}).status_code == 303
    pinned = {**send, "do": "pin", "field": "customer_name", "value": "西部泵业集团", "reason": "licence"}
    assert ann.send("golden", pinned).status_code == 303
    desk.master.build()
    ids = desk.master.ids()
    assert ids["crm:6"] == ids["erp:6"] != ids["legacy_crm:6"]
    after = text_of(ann.page("golden", id="crm:6"))
    assert "西部泵业集团 decided by a steward" in after
    assert "taken out" in after


def test_what_many_would_contradict_is_said_before(desk: MatchesDesk, ann: Person, ben: Person) -> None:
    # Two pairs lead from crm:1 over erp:1 to crm:2, which ben keeps apart.
    desk.master.execute(
        "insert into mdm.pair (entity, left_record, right_record, score, outcome, reasons, model_version)"
        " select entity, 'crm:2', 'erp:1', 0.96, outcome, reasons, 'more' from mdm.pair where left_record = 'crm:1'"
    )
    assert decide(ben, "crm:1", "crm:2", "not_same").status_code == 303
    form = fields_of(ann.page("matches"), "matches/choice")
    shown = text_of(ann.send("matches/choice", {**form, "least": "0.95"}).text)
    assert "Accept all as the same (2)" in shown
    assert "3 → 1 golden records now" in shown
    assert "1 contradictions with earlier decisions" in shown
    assert desk.master.query(
        "select count(*) from mdm.decision where kind = 'merge' and author = 'ann' and reason = ''"
    ) == [(0,)]
    desk.master.execute("delete from mdm.pair where model_version = 'more'")
    assert take_back(desk, ben).status_code == 303


def parent_form(person: Person, child: str, searched: str) -> dict[str, str]:
    page = person.page("golden", id=child, parent=searched)
    found = re.search(r'<input type="hidden" name="searched".*?</form>', page, re.DOTALL)
    assert found, text_of(page)
    (parent,) = re.findall(r'name="parent" value="([^"]+)"', found[0])
    fields = fields_of(page, "golden")
    sent = {name: fields[name] for name in ("token", "entity", "id")}
    return {**sent, "parent": parent, "searched": searched, "relation": "group", "reason": "annual report"}


def group_on(person: Person, record: str) -> str:
    found = re.search(r'<ul class="tree">.*?</ul>', person.page("golden", id=record), re.DOTALL)
    return text_of(found[0]) if found else ""


def test_a_customer_is_put_below_another_and_taken_away_again(desk: MatchesDesk, ann: Person, eve: Person) -> None:
    def run() -> None:
        desk.master.build()
        desk.master.build(*given.GROUPS)

    # What a source says.
    assert "中原机械有限公司洛阳分公司 this one subsidiary its source names the one above" in group_on(ann, "erp:5")
    assert "中原机械有限公司洛阳分公司 subsidiary" in group_on(eve, "erp:4")
    # By a steward, who finds it by its name or id; it changes with the next run.
    assert given.golden("crm:6") in ann.page("golden", id="erp:4", parent="西部泵业")
    form = parent_form(ann, "erp:4", "crm:6")
    assert ann.send("golden", {**form, "do": "parent"}).status_code == 303
    assert "waits for a run" in text_of(ann.page("golden", id="erp:4"))
    run()
    tree = group_on(ann, "erp:5")
    assert re.search("西部泵业.* 中原机械有限公司 member of the group a steward decided: ann “annual report” "
                     "中原机械有限公司洛阳分公司 this one", tree)  # fmt: skip
    assert "Customers of the group: 3" in text_of(ann.page("golden", id="erp:5"))
    # Nobody is above themselves, directly or through others.
    refused = ann.send("golden", {**form, "id": given.golden("crm:6"), "parent": given.golden("erp:4"), "do": "parent"})
    assert refused.status_code == 409
    assert "the customer would be above itself" in text_of(refused.text)
    own = ann.send("golden", {**form, "parent": form["id"], "do": "parent"})
    assert own.status_code == 409
    assert "a customer cannot be above itself" in text_of(own.text)
    assert ann.send("golden", {**form, "relation": "'; drop table", "do": "parent"}).status_code == 409
    # What a source says is refused, and the steward's own is taken back.
    refuse = {**form, "id": given.golden("erp:5"), "parent": given.golden("erp:4"), "do": "no_parent"}
    assert ann.send("golden", refuse).status_code == 303
    run()
    assert group_on(ann, "erp:5") == ""
    assert "Sources or names also say" in text_of(ann.page("golden", id="erp:5"))
    for _decision in range(2):
        assert take_back(desk, ann).status_code == 303
    run()
    assert "this one subsidiary its source names the one above" in group_on(ann, "erp:5")
    assert "西部泵业" not in group_on(ann, "erp:5")


def test_names_are_only_text_also_in_groups(desk: MatchesDesk, ann: Person) -> None:
    form = parent_form(ann, "legacy_crm:3", "erp:3")
    assert ann.send("golden", {**form, "do": "parent", "reason": given.SCRIPT}).status_code == 303
    desk.master.build()
    desk.master.build(*given.GROUPS)
    for page in (
        ann.page("golden", id="legacy_crm:3", parent=given.SCRIPT),
        ann.page("golden", id="erp:3"),
        ann.page("matches/decisions"),
        ann.page("matches"),
        ann.page("golden", text=given.SCRIPT),
    ):
        assert given.SCRIPT not in page
        assert html.escape(given.SCRIPT) in page
    assert take_back(desk, ann).status_code == 303
    desk.master.build(*given.GROUPS)


def test_a_golden_record_is_found_by_name_and_id(ann: Person) -> None:
    for text in ("阀门厂", "crm:2", given.golden("crm:2")):
        assert "北方阀门厂" in ann.page("golden", text=text)
    assert "No golden record has this id or name." in text_of(ann.page("golden", text="nobody"))


def test_the_queue_answers_in_time_with_20_000_pairs(desk: MatchesDesk, ann: Person) -> None:
    desk.master.execute(
        "insert into mdm.membership (entity, record_id, golden_id, since)"
        " select 'customer', 'erp:m' || n, 'Cm' || n, now() from generate_series(1, 40000) as n"
    )
    desk.master.execute(
        "insert into mdm.pair (entity, left_record, right_record, score, outcome, reasons, model_version)"
        " select 'customer', 'erp:m' || n, 'erp:m' || n + 20000, 0.5 + (n % 500) / 1001.0, 'review',"
        " (select reasons from mdm.pair where left_record = 'crm:2'), 'test' from generate_series(1, 20000) as n"
    )
    desk.master.execute("analyze mdm.pair, mdm.membership")
    ann.page("matches")
    for query in ({}, {"why": "differ:phone"}, {"sort": "unlikely", "offset": "10000"}, {"text": "erp:m77"}):
        seconds = [ann.get("/imports/desk/matches", **query).elapsed.total_seconds() for _attempt in range(3)]
        assert min(seconds) <= 2, (query, seconds)
    assert ann.get("/imports/desk/matches/pair", left="erp:m1", right="erp:m20001").elapsed.total_seconds() <= 3
    desk.master.execute("delete from mdm.pair where model_version = 'test' and left_record like 'erp:m%'")
    desk.master.execute("delete from mdm.membership where record_id like 'erp:m%'")
