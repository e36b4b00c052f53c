"""Every dashboard is drawn for whoever may open it: no error, nothing without a picture, a phone's width."""

from __future__ import annotations

import pytest

from cockpit.bi.assets import DashboardAsset, load_assets
from cockpit.rulebook.security import load_security
from cockpit.rulebook.workspace import REPOSITORY

DASHBOARDS = load_assets(REPOSITORY / "superset").dashboards
ROLES = load_security(REPOSITORY / "include/rules/security").roles
PEOPLE = {"executive": "chen.jing", "region_manager": "zhao.min", "platform": "li.na", "hr": "deng.ping"}
TAB = ".dashboard-component-tabs [role=tab]"


def visits() -> list[tuple[str, str]]:
    """Each dashboard with everybody who may open it."""
    return [(name, role) for role in PEOPLE for name in ROLES[role].dashboards]


def pages(dashboard: DashboardAsset) -> list[list[str]]:
    """The charts of each tab; of a dashboard without tabs, all in one."""
    parts = [tab.rows for tab in dashboard.tabs] or [dashboard.rows]
    return [[placed.chart for row in rows for placed in row.charts] for rows in parts]


def walk(cockpit, dashboard: DashboardAsset, name: str) -> None:
    """Look at each tab."""
    page = cockpit.page
    for number, charts in enumerate(pages(dashboard)):
        if number:
            page.locator(TAB).nth(number).click()
        cockpit.wait_until_drawn(len(charts))
        page.screenshot(path=cockpit.picture.with_stem(f"{cockpit.picture.stem}_{name}_{number + 1}"))
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
