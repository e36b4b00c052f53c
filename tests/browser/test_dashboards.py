"""Every dashboard is drawn for whoever may open it: no error, nothing without a picture, a phone's width."""

from __future__ import annotations

import re

import pytest

from cockpit.bi.assets import DashboardAsset, load_assets
from cockpit.rulebook.security import load_security
from cockpit.rulebook.workspace import REPOSITORY

DASHBOARDS = load_assets(REPOSITORY / "superset").dashboards
ROLES = load_security(REPOSITORY / "include/rules/security").roles
PEOPLE = {"executive": "chen.jing", "region_manager": "zhao.min", "platform": "li.na", "hr": "deng.ping"}
# Texts of the page itself; cells and templates hold names and codes as people have them.
OWN_TEXTS = """() => {
    const texts = [];
    const own = element => element.checkVisibility() && !element.closest("td, .handlebars, script, style");
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        if (own(walker.currentNode.parentElement)) texts.push(walker.currentNode.textContent);
    }
    for (const element of document.querySelectorAll("[placeholder], [title]")) {
        if (own(element)) texts.push(element.getAttribute("placeholder") || element.getAttribute("title"));
    }
    return texts;
}"""
# Abbreviations such as ERP are Chinese too.
ENGLISH = re.compile(r"[A-Za-z]*[a-z]{2,}")
TAB = ".dashboard-component-tabs [role=tab]"


def visits() -> list[tuple[str, str]]:
    """Each dashboard with everybody who may open it."""
    return [(name, role) for role in PEOPLE for name in ROLES[role].dashboards]


def pages(dashboard: DashboardAsset) -> list[list[str]]:
    """The charts of each tab; of a dashboard without tabs, all in one."""
    parts = [tab.rows for tab in dashboard.tabs] or [dashboard.rows]
    return [[placed.chart for row in rows for placed in row.charts] for rows in parts]


def nothing(_page) -> None:
    """What is looked for on a tab beside its charts."""


def walk(cockpit, dashboard: DashboardAsset, name: str, look=nothing) -> None:
    """Look at each tab."""
    page = cockpit.page
    for number, charts in enumerate(pages(dashboard)):
        if number:
            page.locator(TAB).nth(number).click()
        cockpit.wait_until_drawn(len(charts))
        page.screenshot(path=cockpit.picture.with_stem(f"{cockpit.picture.stem}_{name}_{number + 1}"))
        look(page)
    assert cockpit.failures == []


@pytest.mark.parametrize(("name", "role"), visits())
def test_everybody_finds_their_dashboards_drawn(name, role, open_cockpit):
    dashboard = DASHBOARDS[name]
    walk(open_cockpit(PEOPLE[role], dashboard=dashboard.slug), dashboard, name)


@pytest.mark.parametrize("name", ROLES["executive"].dashboards)
def test_a_phone_shows_one_column(name, open_cockpit):
    dashboard = DASHBOARDS[name]
    cockpit = open_cockpit("chen.jing", lang="zh", phone=True, dashboard=dashboard.slug)
    walk(cockpit, dashboard, name)
    assert cockpit.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", ROLES["executive"].dashboards)
def test_a_chinese_page_holds_no_english(name, open_cockpit):
    """In the dark, which is drawn as well as the light."""
    dashboard = DASHBOARDS[name]

    def look(page) -> None:
        assert {text for text in page.evaluate(OWN_TEXTS) if ENGLISH.search(text)} == set()

    walk(open_cockpit("chen.jing", lang="zh", dark=True, dashboard=dashboard.slug), dashboard, name, look)
