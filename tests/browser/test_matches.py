"""Matches in Chromium: decided with keys and taken back, readable in both languages on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from cockpit.mdm.decisions import Author, keep_apart, merge
from tests.dags.matches_desk import MatchesDesk, matches_desk
from tests.golden_records import golden

PAGES = ("matches", "matches?tab=vetoed", "matches/pair?left=crm:1&right=erp:1", "matches/pair?left=erp:4&right=erp:5",
         "matches/pair?left=crm:6&right=legacy_crm:6", "matches/conflicts", "matches/decisions", "golden?text=泵",
         "golden?id=crm:6")  # fmt: skip


@pytest.fixture(scope="module", params=["en", "zh"])
def desk(request, postgres, tmp_path_factory) -> Iterator[tuple[str, MatchesDesk]]:
    with matches_desk(postgres, "test_matches_browser", tmp_path_factory.mktemp("airflow"), request.param) as made:
        yield request.param, made


@contextmanager
def opened(chromium: Browser, desk: MatchesDesk, width: int, *, scripts: bool = True) -> Iterator[Page]:
    """A page of ann's, with what its own policy refused or what failed in it."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    context.add_cookies([{"name": "_token", "value": desk.person("ann").token, "url": desk.address}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []
    context.close()


def arrived(page: Page, address: str, first_title: str | None = None) -> None:
    """The page has come and hears keys."""
    expect(page).to_have_url(re.compile(address))
    if first_title:
        expect(page.locator(".head-side").first).to_contain_text(first_title)
    expect(page.locator("html[data-decision-keys]")).to_be_attached()


def test_pairs_are_decided_with_keys_and_the_last_decision_is_taken_back(desk, chromium, pictures):
    lang, made = desk
    with opened(chromium, made, 1400) as page:
        page.goto(f"{made.address}/imports/desk/matches")
        arrived(page, "matches$")
        rows = page.locator("tr[data-row]")
        expect(rows).to_have_count(3)
        page.keyboard.press("j")
        expect(rows.first).to_have_class(re.compile("current"))
        page.keyboard.press("Enter")
        arrived(page, r"left=crm%3A1&right=erp%3A1", "crm:1")
        page.screenshot(path=pictures / f"matches_key_pair_{lang}.png")
        page.keyboard.press("l")
        arrived(page, "left=crm%3A2", "crm:2")
        page.keyboard.press("h")
        arrived(page, "left=crm%3A1", "crm:1")
        page.keyboard.press("r")
        page.keyboard.type("seen the licence")
        page.keyboard.press("Escape")
        page.keyboard.press("s")
        # The next pair, with what was done and a way back.
        arrived(page, r"left=crm%3A2.*done=decided", "crm:2")
        assert made.master.query("select kind, reason from mdm.decision order by decision_id desc limit 1") == [
            ("merge", "seen the licence")
        ]
        page.screenshot(path=pictures / f"matches_key_next_{lang}.png")
        page.keyboard.press("n")
        arrived(page, "left=erp%3A3", "erp:3")
        expect(page.locator("form.last")).to_contain_text(golden("crm:2"))
        page.keyboard.press("z")
        # The newer one is taken back first, and its pair is shown again.
        arrived(page, "done=undone", "crm:2")
        expect(page.locator("form.last")).to_contain_text("crm:1")
        page.keyboard.press("z")
        arrived(page, "done=undone", "crm:1")
        expect(page.locator("form.last")).to_have_count(0)
        assert made.master.query("select count(*) from mdm.decision where kind = 'undo'") == [(2,)]
        page.keyboard.press("u")
        expect(rows).to_have_count(3)
        page.screenshot(path=pictures / f"matches_key_back_{lang}.png")


@pytest.mark.parametrize("width", [1400, 390])
def test_every_page_fits_its_window(width, desk, chromium, pictures):
    lang, made = desk
    if not made.master.query("select 1 from mdm.decision where author = 'wang.wei'"):
        merge(made.master.connection, "customer", "crm:1", "erp:1", Author("ann", "desk"), "营业执照一致")
        keep_apart(
            made.master.connection, "customer", "crm:1", "erp:1", Author("wang.wei", "cli"), "the owner is another"
        )
    with opened(chromium, made, width) as page:
        for name in PAGES:
            page.goto(f"{made.address}/imports/desk/{name}")
            shown = re.sub(r"[^a-z0-9]+", "_", name)
            page.screenshot(path=pictures / f"{shown}_{lang}_{width}.png", full_page=width > 1000)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_it_works_without_scripts(desk, chromium):
    _lang, made = desk
    with opened(chromium, made, 390, scripts=False) as page:
        page.goto(f"{made.address}/imports/desk/matches/pair?left=crm:2&right=erp:2")
        page.locator("button[value=not_same]").click()
        expect(page.locator("form.last")).to_be_visible()
        page.locator("button[data-undo]").click()
        expect(page.locator(".notice.good")).to_be_visible()
