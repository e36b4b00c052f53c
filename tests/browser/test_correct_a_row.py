"""From a message to the mart: the person told opens the link on a phone, corrects the row, and its money counts.

Once in a small workspace with a mail server and runs of its own, once in the whole platform, where Airflow hears of the
answer by itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from cockpit.pipelines.run_context import run_context
from cockpit.quality import answers
from cockpit.quality.answers import Author
from tests.conftest import Postgres
from tests.integration.intake.deals import Deals, make_database, open_deals
from tests.integration.push import mail_server
from tests.workspaces import WorkspaceDatabase

# From the answer over stage_erp and build_core to build_marts, on a busy machine.
_MART_SECONDS = 420
_PERSON = "zhao.min"


_LINK = re.compile(r"http://127\.0\.0\.1:\d+/tasks/\S+")


@pytest.fixture(scope="module")
def deals_database(postgres: Postgres) -> WorkspaceDatabase:
    return make_database(postgres, "test_correct_a_row")


@pytest.fixture
def deals(tmp_path, deals_database, monkeypatch) -> Iterator[Deals]:
    with open_deals(tmp_path, deals_database, monkeypatch) as made:
        yield made


@pytest.fixture
def mail(tmp_path_factory, monkeypatch) -> Iterator[mail_server.MailServer]:
    certificate = mail_server.make_certificate(tmp_path_factory.mktemp("mail"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server.mail_server(certificate) as made:
        monkeypatch.setenv("AIRFLOW_CONN_DEALS_SMTP", made.url)
        yield made


@pytest.fixture
def query(stack) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    with closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection:
        connection.autocommit = True

        def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture
def phone(chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", has_touch=True)
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    yield page
    context.close()


def wait_for(found: Callable[[], object], wanted: object) -> None:
    deadline = time.monotonic() + _MART_SECONDS
    while found() != wanted and time.monotonic() < deadline:
        time.sleep(2)
    assert found() == wanted


def no_complaints(page: Page) -> bool:
    """Nothing that the page's own policy refuses; that an answer or an old link was refused is told too."""
    return [line for line in page.complaints if "status of 4" not in line] == []


def test_a_mail_opened_on_a_phone(deals, mail, phone, pictures):
    deals.put(1, note="<b>Müller</b> & 女儿 \u202egnorw", amount="90000", stage="wone")
    deals.put(2, opened="2025-12-01")
    deals.run()
    assert deals.total() == [("500", 1)]
    (link,) = _LINK.findall(mail.mails[0].body("plain"))
    phone.goto(link)
    assert phone.locator(".field.marked label").all_inner_texts() == ["Signed", "Opened"]
    expect(phone.locator("details")).not_to_have_attribute("open", "")
    phone.screenshot(path=pictures / "task_phone.png", full_page=True)
    phone.locator("summary").click()
    expect(phone.locator("[name='value.note']")).to_have_value("<b>Müller</b> & 女儿 \u202egnorw")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    signed = phone.locator("[name='value.signed']")
    signed.fill("2026-01-15")
    phone.get_by_role("button", name="Correct").click()
    expect(phone.locator("#e-signed")).to_have_text("Signed before it was opened")
    expect(signed).to_have_value("2026-01-15")
    phone.screenshot(path=pictures / "task_phone_fault.png", full_page=True)
    phone.get_by_role("link", name="中文").click()
    expect(phone.locator("h1")).to_have_text("一条待更正或确认的数据")
    phone.screenshot(path=pictures / "task_phone.zh.png", full_page=True)
    phone.locator("summary").click()
    phone.locator("[name='value.stage']").select_option("won")
    signed.fill("2026-02-02")
    phone.locator("[name=reason]").fill("录入错误")
    phone.get_by_role("button", name="更正").click()
    expect(phone.locator("h1")).to_have_text("谢谢，您的答复已保存")
    phone.screenshot(path=pictures / "task_phone_thanks.zh.png")
    deals.run()
    assert deals.total() == [("90500", 2)]
    phone.goto(link)
    expect(phone.locator("h1")).to_have_text("This is settled")
    phone.screenshot(path=pictures / "task_phone_settled.png")
    assert no_complaints(phone)
    # Taken back: its money leaves the mart again, and the owner is asked by another mail.
    (number,) = deals.query("select correction_id from quality.correction")[0]
    answers.undo(deals.connection, deals.context(), number, "was right after all", Author("ann", "desk"))
    deals.run()
    assert deals.total() == [("500", 1)]
    (again,) = _LINK.findall(mail.mails[1].body("plain"))
    phone.goto(again)
    phone.locator("[name=reason]").fill("signed in advance")
    phone.get_by_role("button", name="It is right as it is").click()
    expect(phone.locator("h1")).to_have_text(re.compile("Thank you"))
    deals.run()
    assert deals.total() == [("90500", 2)]


def test_the_page_on_a_desk(deals, chromium, pictures):
    deals.put(1, amount="0", signed="soon")
    deals.run()
    context = chromium.new_context(
        viewport={"width": 1200, "height": 900}, color_scheme="dark", java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"{deals.intake.url}/tasks/{deals.token()}")
    page.screenshot(path=pictures / "task_desk_dark.png", full_page=True)
    expect(page.get_by_role("button", name="It is right as it is")).to_have_count(0)
    page.get_by_role("button", name="Correct").click()
    expect(page.locator("[role=alert]")).to_contain_text("Nothing is changed")
    context.close()


@pytest.mark.timeout(1800)
def test_from_the_message_to_the_mart_and_back(stack, cockpit, query, phone, pictures, monkeypatch):
    # A receipt without a currency, and nothing else wrong with it.
    key, region, day, amount = query(
        "select r.source_key, r.region_code, cast(r.received_at at time zone 'Asia/Shanghai' as date), r.amount"
        " from staging.stg_erp__receipt as r inner join quality.quarantine as q on q.key = r.source_key"
        " where q.source = 'erp' and q.entity = 'receipt' and q.released_at is null"
        " group by r.source_key having min(q.rule_id) = 'currency_not_null' and count(*) = 1 order by 1 limit 1"
    )[0]

    def in_mart() -> Decimal:
        figures = query(
            "select received_amount from marts.mart_receipt_daily where region_code = %s and received_date = %s",
            region, day,
        )  # fmt: skip
        return figures[0][0] if figures else Decimal(0)

    before = in_mart()
    query(
        "update quality.task set owner = %s where source = 'erp' and entity = 'receipt' and key = %s"
        " and closed_at is null",
        _PERSON, key,
    )  # fmt: skip
    # A mail server that nobody answers at: the message stays in the outbox, where this test reads it.
    told = cockpit("sources", "stage", "erp", AIRFLOW_CONN_SMTP="smtp://nobody:nothing@127.0.0.1:9")
    assert told.returncode == 0, told.stderr
    ((link, text),) = query("select link, text_markdown from push.outbox where recipient = %s", _PERSON)
    assert f"receipt {key}: Currency" in text.replace("\\", "") or "currency" in text.lower()
    assert str(amount) not in text

    phone.goto(link)
    expect(phone.locator(".field.marked label")).to_have_count(1)
    phone.screenshot(path=pictures / "correct_a_row.png", full_page=True)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    field = phone.locator("input[name='value.currency']")
    field.fill("yuan")
    phone.get_by_role("button", name="Correct").click()
    expect(phone.locator("#e-currency")).to_contain_text("ISO 4217")
    expect(field).to_have_value("yuan")
    phone.get_by_role("link", name="中文").click()
    phone.screenshot(path=pictures / "correct_a_row.zh.png", full_page=True)
    assert "更正" in phone.locator("body").inner_text()
    phone.get_by_role("link", name="English").click()
    field.fill("CNY")
    phone.get_by_role("button", name="Correct").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(re.compile("Thank you"))
    phone.screenshot(path=pictures / "correct_a_row_done.png")
    phone.goto(link)
    expect(phone.get_by_role("heading", level=1)).to_have_text("This has been answered already")
    assert no_complaints(phone)

    # Airflow hears of the answer by itself.
    wait_for(in_mart, before + amount)
    (answer,) = query("select correction_id from quality.correction where key = %s and made_by = %s", key, _PERSON)[0]
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", stack.dsn("cockpit_etl", "cockpit"))
    with closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection:
        answers.undo(connection, run_context(), answer, "was right after all", Author("li.na", "desk"))
    wait_for(in_mart, before)
