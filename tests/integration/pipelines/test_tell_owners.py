"""People are told about rows that are held back: once, with links of their own, and no more than they can answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.errors import CockpitError, TerminalError
from cockpit.pipelines.tell_owners import Told, issue_link, send_messages, tell_owners
from cockpit.quality import answers
from cockpit.quality.answers import Author
from tests.conftest import Postgres
from tests.integration.intake.deals import Deals, make_database, open_deals
from tests.integration.push import dingtalk_robot, mail_server
from tests.workspaces import WorkspaceDatabase

LINK = re.compile(r"http://127\.0\.0\.1:\d+/tasks/(\S+)")


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_database(postgres, "test_tell_owners")


@pytest.fixture
def deals(tmp_path: Path, database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deals]:
    with open_deals(tmp_path, database, monkeypatch) as made:
        yield made


@pytest.fixture
def mail(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[mail_server.MailServer]:
    certificate = mail_server.make_certificate(tmp_path_factory.mktemp("mail"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server.mail_server(certificate) as made:
        monkeypatch.setenv("AIRFLOW_CONN_DEALS_SMTP", made.url)
        yield made


def test_from_the_row_to_the_mail_to_the_mart_and_back(deals: Deals, mail: mail_server.MailServer) -> None:
    deals.put(1)
    deals.put(2, opened="2025-12-01")
    deals.run()
    (message,) = mail.mails
    assert message.recipients == ["<rep1@deals.example>"]
    text = message.body("plain")
    assert "CRM deal 1: Signed before it was opened" in text
    for secret in ("139", "note 1", "500", "2026-01-01"):
        assert secret not in text.replace(LINK.search(text)[0], "")  # type: ignore[index]
    (token,) = LINK.findall(text)
    assert deals.answer(token, signed="2026-02-02", reason="typo").status_code == 200
    deals.run()
    assert (deals.total(), deals.get(token).status_code, len(mail.mails)) == ([("1000", 2)], 410, 1)
    # The answer is taken back: the row leaves the mart, and its owner is asked again by a new link.
    (number,) = deals.query("select correction_id from quality.correction")[0]
    answers.undo(deals.connection, deals.context(), number, "was right", Author("ann", "desk"))
    deals.run()
    assert deals.total() == [("500", 1)]
    (again,) = LINK.findall(mail.mails[1].body("plain"))
    assert (deals.get(token).status_code, deals.get(again).status_code) == (410, 200)
    assert deals.answer(again, signed="2026-02-03").status_code == 200
    deals.run()
    assert deals.total() == [("1000", 2)]
    # The source mends the value: the correction ends and says so.
    deals.put(1, signed="2026-03-01", amount="700")
    deals.run()
    assert deals.total() == [("1200", 2)]
    assert deals.query("select column_name from quality.correction_end") == [("signed",)]
    assert deals.query("select signed::text from staging.stg_crm__deal where source_key = '1'") == [("2026-03-01",)]


def test_nobody_is_told_twice(deals: Deals, mail: mail_server.MailServer) -> None:
    deals.put(1)
    deals.run()
    deals.run()
    assert tell_owners(deals.context(), "crm") == Told(waiting=1)
    assert len(mail.mails) == 1
    # A link whose time is over is followed by another one.
    deals.query("update quality.notice set expires_at = now()")
    assert tell_owners(deals.context(), "crm") == Told(waiting=1, links=1, messages=1)


def test_more_tasks_than_links_are_counted_and_follow(deals: Deals, mail: mail_server.MailServer) -> None:
    for number in range(1, 5):
        deals.put(number)
    deals.run()
    text = mail.mails[0].body("plain")
    first = LINK.findall(text)
    assert (len(first), "2 more wait" in text, mail.mails[0].parsed["Subject"]) == (
        2, True, "4 rows to correct or confirm",
    )  # fmt: skip
    assert "Open 1: http" in text
    deals.run()
    assert len(mail.mails) == 1
    assert deals.answer(first[0], signed="2026-02-02").status_code == 200
    deals.run()
    second = LINK.findall(mail.mails[1].body("plain"))
    assert len(second) == 1
    assert len({*first, *second}) == 3
    assert deals.get(second[0]).status_code == 200


def test_each_link_is_of_its_person(deals: Deals, mail: mail_server.MailServer) -> None:
    deals.put(1)
    deals.put(2, rep="bob")
    deals.put(3, rep="")
    deals.put(4, rep="somebody who left")
    deals.run()
    found = {message.recipients[0]: LINK.findall(message.body("plain")) for message in mail.mails}
    assert {person: len(links) for person, links in found.items()} == {
        "<rep1@deals.example>": 1, "<bob@deals.example>": 1, "<ann@deals.example>": 2,
    }  # fmt: skip
    # The unit's own row, and one whose owner has no address: not Ann's, so personal values are hidden.
    pages = [deals.get(link).text for link in found["<ann@deals.example>"]]
    assert sorted(("note 3" in page, "139 1234 5678" in page) for page in pages) == [(False, False), (True, True)]


def test_without_a_connection_tasks_wait_in_the_desk(deals: Deals, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="cockpit.pipelines")
    deals.put(1)
    deals.put(2)
    deals.run()
    lines = [record.getMessage() for record in caplog.records if "wait in the desk" in record.getMessage()]
    assert lines == ["crm: 2 of 2 open tasks wait in the desk: no connected channel reaches their people"]
    assert deals.query("select count(*) from push.outbox") == [(0,)]
    assert deals.query("select count(*) from quality.notice") == [(0,)]


def test_a_group_reads_totals_only(deals: Deals, monkeypatch: pytest.MonkeyPatch) -> None:
    with dingtalk_robot.robot() as robot:
        monkeypatch.setenv("AIRFLOW_CONN_DEALS_TEAM", robot.url)
        deals.put(1)
        deals.put(2)
        deals.run()
        deals.run()
        assert len(robot.messages) == 1
        text = str(robot.messages[0])
    assert "CRM: 2 rows wait for an answer, 0 of them new" in text
    assert "/tasks/" not in text


def test_a_mail_server_that_is_away_does_not_fail_the_data(
    deals: Deals, mail: mail_server.MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    deals.put(1)
    deals.put(2, opened="2025-12-01")
    mail.answers["AUTH"] = ["535 5.7.8 no"] * 5
    deals.run()
    assert deals.total() == [("500", 1)]
    assert "people were not told" in caplog.text
    assert deals.query("select state from push.outbox") == [("queued",)]
    deals.query("update push.outbox set next_try_at = now()")
    mail.answers.clear()
    assert send_messages(deals.context()).sent == 1
    mail.answers["AUTH"] = ["535 5.7.8 no"] * 5
    deals.put(3, rep="bob")
    deals.run()
    deals.query("update push.outbox set next_try_at = now()")
    with pytest.raises(CockpitError):
        send_messages(deals.context())


def test_a_link_to_try_out(deals: Deals) -> None:
    deals.put(1)
    deals.run()
    link = issue_link(deals.context(), deals.task_id())
    assert link.person == "rep1"
    assert deals.get(link.address.rpartition("/")[2]).status_code == 200
    with pytest.raises(TerminalError, match="no open task of this number"):
        issue_link(deals.context(), 4711)
