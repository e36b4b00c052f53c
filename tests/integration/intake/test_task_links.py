"""A link opens one task for one person, once, as long as the task is open; the page shows a hostile row inert."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from cockpit.domain.task_link import TaskLink, make_token
from tests.conftest import Postgres
from tests.integration.intake.deals import KEY, Deals, inputs, make_database, open_deals
from tests.workspaces import WorkspaceDatabase


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_database(postgres, "test_task_links")


@pytest.fixture
def deals(tmp_path: Path, database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deals]:
    with open_deals(tmp_path, database, monkeypatch) as made:
        yield made


def test_a_row_is_corrected_by_its_link_and_reaches_the_mart(deals: Deals) -> None:
    deals.put(1)
    deals.put(2, opened="2025-12-01")
    deals.run()
    assert deals.total() == [("500", 1)]
    token = deals.token()
    page = deals.get(token)
    assert page.status_code == 200
    assert "Signed before it was opened" in page.text
    refused = deals.answer(token, signed="2026-01-15")
    assert refused.status_code == 422
    assert re.search(r'id="e-signed">Signed before it was opened', refused.text)
    assert 'value="2026-01-15"' in refused.text
    assert deals.query("select count(*) from quality.correction") == [(0,)]
    accepted = deals.answer(token, signed="2026-02-02", reason="typo")
    assert (accepted.status_code, "Thank you" in accepted.text) == (200, True)
    assert deals.query("select changes, made_by, made_through, reason from quality.correction") == [
        ({"signed": {"before": "2026-01-01", "after": "2026-02-02"}}, "rep1", "link", "typo")
    ]
    deals.run()
    assert deals.total() == [("1000", 2)]


def test_one_link_gives_one_answer(deals: Deals) -> None:
    deals.put(1)
    deals.run()
    token = deals.token()
    form = inputs(deals.get(token).text) | {"action": "correct", "value.signed": "2026-02-02"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _number: deals.post(token, form), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 410, 410, 410]
    assert deals.query("select count(*) from quality.correction") == [(1,)]
    again = deals.get(token)
    assert (again.status_code, "has been answered already" in again.text) == (410, True)
    assert "2026" not in again.text


def test_a_link_is_of_no_use_after_release(deals: Deals) -> None:
    deals.put(1)
    deals.put(2)
    deals.run()
    released, gone = deals.token(1), deals.token(2)
    form = inputs(deals.get(released).text) | {"action": "confirm", "reason": "in advance"}
    deals.put(1, signed="2026-02-09")
    deals.query("delete from deal where deal_id = 2")
    deals.run()
    assert deals.tasks() == [("1", "rep1", "released"), ("2", "rep1", "gone")]
    for answer in (deals.get(released), deals.post(released, form)):
        assert (answer.status_code, "This is settled" in answer.text) == (410, True)
    assert deals.get(gone).status_code == 410
    assert deals.query("select count(*) from quality.correction") == [(0,)]


def test_a_link_that_is_not_good(deals: Deals) -> None:
    deals.put(1)
    deals.run()
    good = deals.token()
    key, payload, signature = good.split(".")
    other = make_token(TaskLink(deals.task_id(), "rep1", 1, 4_000_000_000), [b"x" * 32])
    for token, status, words in (
        (deals.token(seconds=-1), 410, "has expired"),
        (deals.token(version=0), 410, "newer link"),
        (deals.token(version=2), 410, "newer link"),
        (make_token(TaskLink(4711, "rep1", 1, 4_000_000_000), [KEY]), 410, "newer link"),
        (other, 404, "cannot be used"),
        (good[:-3], 404, "cannot be used"),
        (f"{key}.{payload}A.{signature}", 404, "cannot be used"),
        (f"{other.split('.')[0]}.{payload}.{signature}", 404, "cannot be used"),
        ("1", 404, "cannot be used"),
        ("x" * 5000, 404, "cannot be used"),
        ("%00", 404, "cannot be used"),
        ("..%2f..%2fhealthz", 404, ""),
    ):
        answer = deals.get(token)
        assert (answer.status_code, words in answer.text) == (status, True), token
        for secret in ("Signed before", "139", "2026-01-01", "rep1", "note 1"):
            assert secret not in answer.text
    assert deals.get(good).status_code == 200


def test_a_link_opens_no_other_task(deals: Deals) -> None:
    deals.put(1, note="mine")
    deals.put(2, note="the other's", rep="rep2")
    deals.run()
    mine, other = deals.token(1), deals.token(2, person="rep2")
    assert "the other's" not in deals.get(mine).text
    form = inputs(deals.get(other).text) | {"action": "correct", "value.signed": "2026-02-02"}
    # The form of one task at the address of another.
    assert deals.post(mine, form).status_code == 403
    assert deals.post(mine, form | {"token": mine}).status_code == 422
    # The key is no input, and neither is what the page does not show.
    for extra in ({"value.deal_id": "2"}, {"value.salary": "1"}, {"value.rep": "rep2", "value.deal_id": "2"}):
        deals.post(mine, inputs(deals.get(mine).text) | {"action": "correct"} | extra)
    assert deals.query("select changes, key from quality.correction") == []
    assert deals.answer(mine, signed="2026-02-02").status_code == 200
    assert deals.query("select key from quality.correction") == [("1",)]
    assert deals.tasks() == [("1", "rep1", "answered"), ("2", "rep2", "open")]


def test_a_confirmation_needs_a_reason_and_money_a_second_person(deals: Deals) -> None:
    deals.put(1)
    deals.put(2, opened="2025-12-01", amount="0")
    deals.run()
    silent = deals.answer(deals.token(1), "confirm", reason=" \x00 ")
    assert (silent.status_code, "Say in a few words" in silent.text) == (422, True)
    first = deals.answer(deals.token(1), "confirm", reason="signed in advance")
    assert (first.status_code, "next run" in first.text) == (200, True)
    token = deals.token(2)
    second = deals.answer(token, "confirm", reason="framework")
    assert (second.status_code, "second person" in second.text) == (200, True)
    assert "answered already" in deals.get(token).text
    deals.run()
    assert deals.passed() == ["1"]
    assert deals.tasks() == [("1", "rep1", "released"), ("2", "rep1", "waiting")]


def test_a_value_that_cannot_be_read_cannot_be_confirmed(deals: Deals) -> None:
    deals.put(1, signed="soon", opened="2025-12-01")
    deals.run()
    token = deals.token()
    page = deals.get(token)
    assert 'value="confirm"' not in page.text
    assert re.search(r'field marked">\s*<label for="f-signed"', page.text)
    assert "not understood" in page.text
    assert deals.answer(token, "confirm", reason="it is").status_code == 422
    wrong = deals.answer(token, signed="later")
    assert re.search(r'id="e-signed">A value does not fit the type', wrong.text)
    wrong = deals.answer(token, signed="2026-01-01", amount="a lot")
    assert re.search(r'id="e-amount">A value does not fit the type', wrong.text)
    assert deals.answer(token, signed="2026-01-02").status_code == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, "Nothing is changed", id="nothing"),
        pytest.param({"signed": " 2026-01-01 "}, "Nothing is changed", id="blanks"),
        pytest.param({"signed": "9" * 2001}, "longer than 2000", id="long"),
        pytest.param({"note": "a\x00b"}, "signs that no value has", id="NUL"),
        pytest.param({"reason": "x" * 1001, "signed": "2026-02-02"}, "reason is longer", id="long reason"),
        pytest.param({"note": "note 0", "signed": "2026-02-02"}, "An earlier deal has this note", id="another row"),
        pytest.param({"version": "0123456789abcdef", "signed": "2026-02-02"}, "has changed in the meantime", id="version"),
        pytest.param({"phone": "139", "signed": "2026-02-02"}, "The phone number cannot be one", id="standardised"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_taken(changes: dict[str, str], words: str, deals: Deals) -> None:
    deals.put(0, opened="2025-12-01")
    deals.put(1)
    deals.run()
    answer = deals.answer(deals.token(), **changes)
    assert (answer.status_code, words in answer.text) == (422, True), answer.text
    assert deals.query("select count(*) from quality.correction") == [(0,)]
    assert deals.query("select count(*) from quality.overlay") == [(0,)]
    assert deals.tasks() == [("1", "rep1", "open")]


FAKE_BUILD = (
    "insert into ops.model_build (model, run_id, as_of, kind, inserted, updated, deleted, fingerprint, upstream,"
    " has_changed_keys, started_at, seconds)"
    " values ('stg_crm__deal', 'x', now(), 'full', 0, 0, 1, 'x', '{}', false, now(), 0)"
)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def test_hostile_values_are_shown_inert_and_come_back_as_they_are(deals: Deals) -> None:
    deals.put(
        1, note=f"{HOSTILE}\r\nsecond line \u202egnorw\u202c =1+1 {{{{ 7*7 }}}}", stage="</select><b>", rep="rep1"
    )
    deals.put(2, note="x" * 1_000_000, rep="rep1")
    deals.run()
    page = deals.get(deals.token(1))
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "<b>" not in page.text
    assert "{{ 7*7 }}" in page.text
    assert "[U+202E]" in page.text or "\u202e" in inputs(page.text)["value.note"]
    policy = page.headers["content-security-policy"]
    assert ("default-src 'none'" in policy, "script-src" in policy, "unsafe" in policy) == (True, False, False)
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-frame-options"] == "DENY"
    assert "set-cookie" not in page.headers
    # What nobody touched is no change.
    assert deals.answer(deals.token(1), signed="2026-02-02").status_code == 200
    assert deals.query("select changes from quality.correction")[0][0].keys() == {"signed"}
    long = deals.get(deals.token(2))
    assert len(long.content) < 30_000
    assert "(1,000,000 characters)" in long.text
    assert deals.answer(deals.token(2), signed="2026-02-02").status_code == 200
    assert deals.query("select changes from quality.correction order by 1")[-1][0].keys() == {"signed"}


def test_personal_values_are_for_who_acts_for_the_owner(deals: Deals) -> None:
    deals.put(1)
    deals.put(2, rep="", note="of the unit")
    deals.run()
    own, of_another, of_the_team = deals.token(1), deals.token(1, person="bob"), deals.token(2, person="ann")
    assert "139 1234 5678" in deals.get(own).text
    assert "139 1234 5678" in deals.get(of_the_team).text
    masked = deals.get(of_another)
    assert ("139 1234 5678" in masked.text, "13912345678" in masked.text) == (False, False)
    assert "value.phone" not in masked.text
    # Not shown, not editable, not changed.
    assert deals.answer(of_another, signed="2026-02-02", phone="13812345678").status_code == 200
    assert deals.query("select changes, made_by from quality.correction") == [
        ({"signed": {"before": "2026-01-01", "after": "2026-02-02"}}, "bob")
    ]


def test_received_beside_what_counts(deals: Deals) -> None:
    deals.put(1, opened="2026-02-01 08:00", amount="0500.00")
    deals.run()
    page = re.sub(r"\s+", " ", deals.get(deals.token()).text)
    assert 'value="139 1234 5678"' in page
    assert "counts as <bdi>+8613912345678</bdi>" in page
    assert "counts as <bdi>500</bdi>" in page
    # A time without an offset is one of the company.
    assert "counts as <bdi>2026-02-01 08:00</bdi>" not in page
    assert re.search(r"<option selected>won</option> <option>lost</option>", page)


@pytest.mark.parametrize(
    ("query", "accepted", "words"),
    [
        pytest.param("", "zh-CN,zh;q=0.9,en;q=0.5", "签约早于创建", id="browser"),
        pytest.param("?lang=zh", "en", "签约早于创建", id="switch"),
        pytest.param("?lang=fr", "en", "Signed before it was opened", id="unknown"),
    ],
)
def test_the_page_speaks_the_readers_language(query: str, accepted: str, words: str, deals: Deals) -> None:
    deals.put(1)
    deals.run()
    page = deals.http.get(f"/tasks/{deals.token()}{query}", headers={"Accept-Language": accepted})
    assert words in page.text
    if words[0] == "签":
        visible = re.sub(
            r"<style>.*?</style>|<[^>]+>|\S*\d\S*|rep1|won|lost|deal|Deals|CNY|English", "", page.text, flags=re.DOTALL
        )
        assert re.findall(r"[A-Za-z]{3,}", visible) == []


def test_a_form_of_another_page_is_not_taken(deals: Deals) -> None:
    deals.put(1)
    deals.run()
    token = deals.token()
    form = inputs(deals.get(token).text) | {"action": "correct", "value.signed": "2026-02-02"}
    assert deals.post(token, form, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert deals.post(token, {name: value for name, value in form.items() if name != "token"}).status_code == 403
    assert deals.http.post(f"/tasks/{token}", json=form).status_code == 415
    assert (
        deals.http.post(
            f"/tasks/{token}", content=b"%ff=1", headers={"Content-Type": "application/x-www-form-urlencoded"}
        ).status_code
        == 400
    )
    large = deals.http.post(
        f"/tasks/{token}",
        content=b"a=" + b"x" * (1 << 20),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert large.status_code == 413
    assert deals.post(token, form, **{"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_too_many_looks_are_slowed_down(deals: Deals) -> None:
    deals.put(1)
    deals.run()
    token = deals.token()
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _number: deals.get(token).status_code, range(60)))
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 30


def test_a_row_that_changed_is_looked_at_again(deals: Deals) -> None:
    deals.put(1)
    deals.run()
    token = deals.token()
    form = inputs(deals.get(token).text) | {"action": "confirm", "reason": "in advance"}
    deals.put(1, amount="90000")
    deals.run()
    answer = deals.post(token, form)
    assert (answer.status_code, "has changed in the meantime" in answer.text) == (422, True)
    assert 'value="90000"' in answer.text
    assert deals.query("select count(*) from quality.correction") == [(0,)]


def test_the_login_of_the_pages_reads_rows_of_open_tasks_only(deals: Deals) -> None:
    deals.put(1)
    deals.put(2, opened="2025-12-01", phone="13800001111")
    deals.run()
    with closing(deals.database.connect("cockpit_tasks")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select key from raw.crm__deal")
            assert cursor.fetchall() == [("1",)]
            cursor.execute("select count(*) from staging.std_phone")
            assert cursor.fetchone() == (0,)
            cursor.execute("select source_key, amount from staging.stg_crm__deal order by 1")
            assert [key for key, _amount in cursor.fetchall()] == ["1", "2"]
            answer = "insert into quality.correction (task_id, source, entity, key, kind, changes, reason, made_by, made_through)"
            task = deals.task_id(1)
            for statement in (
                "select phone from staging.stg_crm__deal",
                "select rep from staging.stg_crm__deal",
                "select * from staging.stg_deal",
                "select * from core.core_deal",
                "select * from marts.mart_deal_total",
                "select * from push.outbox",
                "select * from quality.notice",
                "select * from security.identity_key",
                "select made_by from quality.correction",
                "update raw.crm__deal set payload = '{}'",
                "update staging.stg_crm__deal set is_quarantined = false",
                "update quality.quarantine set released_at = now()",
                "update quality.task set owner = 'me'",
                "update quality.task set state = 'released'",
                f"{answer} values ({task}, 'crm', 'deal', '1', 'correct', '{{}}', 'x', 'me', 'desk')",
                f"{answer} values ({task}, 'crm', 'deal', '2', 'correct', '{{}}', 'x', 'me', 'link')",
                "insert into quality.overlay values ('crm', 'deal', '2', '{}')",
                "insert into quality.approval (correction_id, is_approved, reason, decided_by) values (1, true, 'x', 'me')",
                FAKE_BUILD,
                "delete from quality.correction",
                "create table quality.mine (x int)",
                "create table public.mine (x int)",
            ):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(statement)
            cursor.execute("update quality.task set state = 'answered' where false")


def test_other_logins_see_what_they_saw(deals: Deals) -> None:
    deals.put(1)
    deals.run()
    deals.query("grant usage on schema raw to intake; grant select on raw.crm__deal to intake")
    with closing(deals.database.connect("intake")) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from raw.crm__deal")
        assert cursor.fetchone() == (1,)


def test_the_database_away_is_said_and_nothing_is_lost(deals: Deals, monkeypatch: pytest.MonkeyPatch) -> None:
    deals.put(1)
    deals.run()
    token = deals.token()
    form = inputs(deals.get(token).text) | {"action": "correct", "value.signed": "2026-02-02"}
    there = os.environ["AIRFLOW_CONN_DEALS_WAREHOUSE_TASKS"]
    monkeypatch.setenv("AIRFLOW_CONN_DEALS_WAREHOUSE_TASKS", "postgresql://x:y@127.0.0.1:1/none")
    for answer in (deals.get(token), deals.post(token, form)):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "127.0.0.1" not in answer.text
    monkeypatch.setenv("AIRFLOW_CONN_DEALS_WAREHOUSE_TASKS", there)
    assert deals.post(token, form).status_code == 200


def test_a_replaced_key_keeps_older_links_until_it_is_removed(deals: Deals) -> None:
    deals.put(1)
    deals.run()
    token = deals.token()
    file = deals.folder / "secrets" / "task_link_key"
    file.write_bytes(b"f" * 32 + b"\n" + KEY + b"\n")
    assert deals.get(token).status_code == 200
    file.write_bytes(b"f" * 32 + b"\n")
    assert deals.get(token).status_code == 404
    file.write_bytes(b"short\n")
    assert deals.get(token).status_code == 503


def test_no_token_stands_in_a_log(deals: Deals, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    deals.put(1)
    deals.run()
    token = deals.token()
    deals.answer(token, signed="2026-02-02")
    logged = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("http", "asyncio"))
    )
    assert f"task {deals.task_id()}: correct, accepted: True" in logged
    for secret in (token, "rep1", "139 1234 5678", "note 1"):
        assert secret not in logged
