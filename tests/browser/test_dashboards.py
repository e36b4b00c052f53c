"""Every dashboard is drawn for whoever may open it: no error, nothing without a picture, one language, a phone's width."""

from __future__ import annotations

import re

import pytest

from cockpit.bi.assets import DashboardAsset, load_assets
from cockpit.rulebook.security import load_security
from cockpit.rulebook.workspace import REPOSITORY

DASHBOARDS = load_assets(REPOSITORY / "superset").dashboards
ROLES = load_security(REPOSITORY / "include/rules/security").roles
PEOPLE = {"executive": "chen.jing", "region_manager": "zhao.min", "platform": "li.na"}
TAB = ".dashboard-component-tabs [role=tab]"
# What sources and people call their things is not ours to translate: logins, codes, names of tables, e-mail addresses.
_CODE = re.compile(r"[a-z]+(?:[._][a-z0-9]+)+|\b[A-Z]{2,}-?[A-Z0-9]+\b|\b[A-Z0-9]*[0-9][A-Za-z0-9-]*\b")


def visits() -> list[tuple[str, str]]:
    """Each dashboard with everybody who may open it."""
    return [(name, role) for role in PEOPLE for name in ROLES[role].dashboards]


def pages(dashboard: DashboardAsset) -> list[list[str]]:
    """The charts of each tab; of a dashboard without tabs, all in one."""
    parts = [tab.rows for tab in dashboard.tabs] or [dashboard.rows]
    return [[placed.chart for row in rows for placed in row.charts] for rows in parts]


def walk(cockpit, dashboard: DashboardAsset, name: str) -> str:
    """Look at each tab; returns what is written on all of them."""
    page, texts = cockpit.page, []
    for number, charts in enumerate(pages(dashboard)):
        if number:
            page.locator(TAB).nth(number).click()
        cockpit.wait_until_drawn(len(charts))
        page.screenshot(path=cockpit.picture.with_stem(f"{cockpit.picture.stem}_{name}_{number + 1}"))
        texts.append(page.locator("body").inner_text())
    assert cockpit.failures == []
    return "\n".join(texts)


@pytest.mark.parametrize(("name", "role"), visits())
def test_everybody_finds_their_dashboards_drawn(name, role, open_cockpit):
    dashboard = DASHBOARDS[name]
    walk(open_cockpit(PEOPLE[role], dashboard=dashboard.slug), dashboard, name)


@pytest.mark.parametrize("name", ROLES["executive"].dashboards)
def test_a_chinese_reader_reads_chinese(name, open_cockpit):
    dashboard = DASHBOARDS[name]
    text = walk(open_cockpit("chen.jing", lang="zh", dashboard=dashboard.slug), dashboard, name)
    words = re.findall(r"[A-Za-z]{3,}", _CODE.sub(" ", text))
    assert [word for word in words if not word.istitle()] == []


@pytest.mark.parametrize("name", ROLES["executive"].dashboards)
def test_a_phone_shows_one_column(name, open_cockpit):
    dashboard = DASHBOARDS[name]
    cockpit = open_cockpit("chen.jing", lang="zh", phone=True, dashboard=dashboard.slug)
    walk(cockpit, dashboard, name)
    assert cockpit.page.evaluate("document.documentElement.scrollWidth") <= 390
