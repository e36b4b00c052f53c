"""Matches in Chromium: decided with keys and taken back, readable in both languages on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from cockpit.mdm.decisions import Author, keep_apart, merge, set_parent
from tests.dags.matches_desk import MatchesDesk, matches_desk
from tests.golden_records import GROUPS, golden

PAGES = ("matches", "matches?tab=vetoed", "matches/pair?left=crm:1&right=erp:1", "matches/pair?left=erp:4&right=erp:5",
         "matches/pair?left=crm:6&right=legacy_crm:6", "matches/conflicts", "matches/decisions", "golden?text=泵",
         "golden?id=crm:6", "golden?id=erp:4", "golden?id=erp:4&parent=泵")  # fmt: skip
_WAIT_MS = 60_000
# What has no translation: keys, ids, names of systems and units, and what people and sources wrote.
_LATIN = re.compile(r"[A-Za-z]{4,}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


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
        expect(page.locator(".keyline kbd").first).to_be_visible()
        page.keyboard.press("j")
        arrived(page, "left=crm%3A2", "crm:2")
        page.keyboard.press("k")
        arrived(page, "left=crm%3A1", "crm:1")
        page.keyboard.press("r")
        page.keyboard.type("seen the licence")
        page.keyboard.press("Escape")
        page.keyboard.press("m")
        # The next pair, with what was done and a way back.
        arrived(page, r"left=crm%3A2.*done=decided", "crm:2")
        assert made.master.query("select kind, reason from mdm.decision order by decision_id desc limit 1") == [
            ("merge", "seen the licence")
        ]
        page.screenshot(path=pictures / f"matches_key_next_{lang}.png")
        page.keyboard.press("n")
        arrived(page, "left=erp%3A3", "erp:3")
        expect(page.locator("form.last")).to_contain_text(golden("crm:2"))
        page.keyboard.press("u")
        # The newer one is taken back first, and its pair is shown again.
        arrived(page, "done=undone", "crm:2")
        expect(page.locator("form.last")).to_contain_text("crm:1")
        page.keyboard.press("u")
        arrived(page, "done=undone", "crm:1")
        expect(page.locator("form.last")).to_have_count(0)
        assert made.master.query("select count(*) from mdm.decision where kind = 'undo'") == [(2,)]
        page.keyboard.press("b")
        expect(rows).to_have_count(3)
        page.screenshot(path=pictures / f"matches_key_back_{lang}.png")


@pytest.mark.parametrize("width", [1400, 390])
def test_every_page_fits_its_window(width, desk, chromium, pictures):
    lang, made = desk
    if not made.master.query("select 1 from mdm.decision where author = 'wang.wei'"):
        merge(made.master.connection, "customer", "crm:1", "erp:1", Author("ann", "desk"), "营业执照一致")
        keep_apart(made.master.connection, "customer", "crm:1", "erp:1", Author("wang.wei", "cli"), "股东不同")
        ann = Author("ann", "desk")
        set_parent(made.master.connection, "erp:4", "crm:6", ann, "年报披露", relation="group")
        made.master.build()
        made.master.build(*GROUPS)
        keep_apart(made.master.connection, "customer", "erp:3", "legacy_crm:3", ann, "两家公司")
    with opened(chromium, made, width) as page:
        for name in PAGES:
            page.goto(f"{made.address}/imports/desk/{name}")
            shown = re.sub(r"[^a-z0-9]+", "_", name)
            page.screenshot(path=pictures / f"{shown}_{lang}_{width}.png", full_page=width > 1000)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert overlapping(page) == [], name


def test_it_works_without_scripts(desk, chromium):
    _lang, made = desk
    with opened(chromium, made, 390, scripts=False) as page:
        page.goto(f"{made.address}/imports/desk/matches/pair?left=crm:2&right=erp:2")
        page.locator("button[value=not_same]").click()
        expect(page.locator("form.last")).to_be_visible()
        page.locator("button[data-undo]").click()
        expect(page.locator(".notice.good")).to_be_visible()


def overlapping(page: Page) -> list[str]:
    """Texts of the page's body that lie on each other, those of what sticks to the window's edge aside."""
    return list(
        page.evaluate(
            """() => {
              const sticks = (e) => e && (["sticky", "fixed"].includes(getComputedStyle(e).position) || sticks(e.parentElement));
              const shown = [...document.querySelectorAll("main *")].filter((e) =>
                e.checkVisibility() && !sticks(e) && !e.closest("select, svg")
                && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
              const lines = shown.flatMap((e) => [...e.childNodes].filter((n) => n.nodeType === 3 && n.textContent.trim())
                .flatMap((n) => { const r = document.createRange(); r.selectNodeContents(n);
                  return [...r.getClientRects()].map((box) => [e, n.textContent.trim(), box]); }));
              const found = [];
              for (let a = 0; a < lines.length; a++) for (let b = a + 1; b < lines.length; b++) {
                const [one, text, p] = lines[a], [other, more, q] = lines[b];
                if (one === other || one.contains(other) || other.contains(one)) continue;
                const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
                const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
                if (wide > 2 && high > 4) found.push(`${text} / ${more}`);
              }
              return found;
            }"""
        )
    )


def test_no_page_mixes_languages(desk, chromium):
    lang, made = desk
    with opened(chromium, made, 1400) as page:
        for name in PAGES:
            page.goto(f"{made.address}/imports/desk/{name}")
            # What people and sources wrote is not ours to translate.
            texts = page.evaluate(
                "() => { document.querySelectorAll('bdi, code, kbd, .said, .tree small, option, mark, input, textarea,"
                " select, .history b, .notice li, .unit, small, ins, del, title').forEach((e) => e.remove());"
                " return document.body.innerText.split('\\n').filter(Boolean); }"
            )
            strange = _LATIN if lang == "zh" else _CHINESE
            assert [text for text in texts if strange.search(text)] == [], name


@contextmanager
def in_airflow(chromium: Browser, desk: MatchesDesk, width: int) -> Iterator[tuple[Page, FrameLocator]]:
    """The desk as ann finds it in Airflow's navigation."""
    context = chromium.new_context(viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "_token", "value": desk.person("ann").token, "url": desk.address}])
    page = context.new_page()
    page.goto(f"{desk.address}/plugin/desk")
    frame = page.frame_locator("iframe")
    expect(frame.locator("html[data-keys]")).to_be_attached(timeout=_WAIT_MS)
    yield page, frame
    context.close()


@pytest.mark.parametrize("width", [1400, 390])
def test_inside_airflow_a_pair_is_decided_and_taken_back(width, desk, chromium, pictures):
    lang, made = desk
    before = made.master.query("select count(*) from mdm.decision")[0][0]
    with in_airflow(chromium, made, width) as (page, frame):
        frame.locator("header nav a[href$='/desk/matches']").click()
        expect(frame.locator("html[data-decision-keys]")).to_be_attached(timeout=_WAIT_MS)
        page.screenshot(path=pictures / f"frame_matches_{lang}_{width}.png")
        rows = frame.locator("[data-open]")
        waiting = rows.count()
        rows.last.click()
        expect(frame.locator("#decide")).to_be_visible(timeout=_WAIT_MS)
        # A key that is pressed before the page listens says nothing.
        expect(frame.locator("html[data-decision-keys]")).to_be_attached(timeout=_WAIT_MS)
        page.screenshot(path=pictures / f"frame_pair_{lang}_{width}.png")
        frame.locator("body").press("n")
        expect(frame.locator("form.last.good")).to_be_visible(timeout=_WAIT_MS)
        assert made.master.query("select count(*) from mdm.decision")[0][0] == before + 1
        page.screenshot(path=pictures / f"frame_decided_{lang}_{width}.png")
        expect(frame.locator("html[data-decision-keys]")).to_be_attached(timeout=_WAIT_MS)
        frame.locator("body").press("u")
        # Its question is open again.
        expect(frame.locator(".notice.good")).to_be_visible(timeout=_WAIT_MS)
        expect(rows).to_have_count(waiting, timeout=_WAIT_MS)
        assert made.master.query("select count(*) from mdm.decision")[0][0] == before + 2
        rows.last.click()
        frame.locator(".pair-layout aside a[href*='golden']").first.click()
        expect(frame.locator("#group")).to_be_visible(timeout=_WAIT_MS)
        expect(page).to_have_url(re.compile("/plugin/desk/imports/desk/golden"), timeout=_WAIT_MS)
        page.screenshot(path=pictures / f"frame_golden_{lang}_{width}.png")


def test_many_are_accepted_with_a_look_before_and_taken_back_at_once(desk, chromium, pictures):
    lang, made = desk
    with opened(chromium, made, 1400) as page:
        page.goto(f"{made.address}/imports/desk/matches")
        page.locator("form.accept select[name=least]").select_option("0.5")
        page.locator("form.accept button").click()
        expect(page.locator("button[data-confirm]")).to_be_visible()
        page.screenshot(path=pictures / f"bulk_{lang}_1400.png", full_page=True)
        page.locator("textarea[name=reason]").fill("核对过名录")
        page.locator("button[data-confirm]").click()
        expect(page.locator(".undo-all")).to_be_visible()
        page.screenshot(path=pictures / f"bulk_done_{lang}_1400.png")
        made_at_once = made.master.query("select count(*) from mdm.decision where reason = '核对过名录'")
        assert made_at_once[0][0] >= 1
        page.locator(".undo-all summary").click()
        page.locator(".undo-all textarea").fill("看错了")
        page.locator(".undo-all button").click()
        expect(page.locator(".notice.good")).to_be_visible()
        assert made.master.query("select count(*) from mdm.decision where reason = '看错了'") == made_at_once
