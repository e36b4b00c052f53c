"""A real Chromium at the running platform; every test leaves a picture of what it saw."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from cockpit.stack.browser import find_chromium, how_to_install

PHONE = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
_WAIT_MS = 60_000
CHART_COUNT = 10
# Of the tab that is open: charts of a tab that was left stay in the page.
HOLDER = ".dashboard-component-chart-holder:visible"
ERRORS = f"{HOLDER} [role=alert]"
# What a chart consists of, whether it has rows or says that there are none.
DRAWN = "canvas, table, .tile-map, .header-line, .handlebars, .ant-empty, [class*=empty]"


def log_in(page: Page, stack: Any, username: str, lang: str) -> None:
    """By the form, in a language; ends at the person's first dashboard."""
    page.goto(f"{stack.superset_url}/lang/{lang}")
    page.goto(f"{stack.superset_url}/login/")
    page.fill("#username", username)
    page.fill("input[type=password]", stack.password(username))
    page.click("button[type=submit]")
    expect(page).to_have_url(re.compile(r"^[^?]*/superset/dashboard/"), timeout=_WAIT_MS)


@dataclass
class Cockpit:
    """The cockpit as one person sees it."""

    page: Page
    picture: Path
    failures: list[str] = field(default_factory=list)

    def wait_until_drawn(self, chart_count: int) -> None:
        """All charts have their data and are painted."""
        holders = self.page.locator(HOLDER)
        expect(holders).to_have_count(chart_count, timeout=_WAIT_MS)
        expect(holders.locator(".loading")).to_have_count(0, timeout=_WAIT_MS)
        # A chart waits for the browser's next quiet moment, then grows from zero for about a second.
        assert self.page.locator(ERRORS).all_inner_texts() == []
        # A template that cannot be read says so in the chart's place.
        expect(holders.filter(has_text="Parse error")).to_have_count(0)
        for number in range(chart_count):
            expect(holders.nth(number).locator(DRAWN).first).to_be_visible(timeout=_WAIT_MS)
        self.page.wait_for_timeout(1_500)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.fail(f"no Chromium. {how_to_install('chromium')}")
    with sync_playwright() as playwright:
        # Chromium's own sandbox refuses to run as root, as in a container.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=program, args=[*sandbox, "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """`COCKPIT_PICTURES`, so that a build can keep them; else a temporary folder."""
    folder = Path(os.environ.get("COCKPIT_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def open_cockpit(stack, chromium, pictures, request) -> Iterator[Callable[..., Cockpit]]:
    """Log in through the form and arrive at the cockpit."""
    contexts = []

    def open_as(
        username: str, *, lang: str = "en", phone: bool = False, dark: bool = False, dashboard: str = ""
    ) -> Cockpit:
        # Tall enough for all charts: Superset fetches a chart when it comes into view, and a picture of more than
        # the window makes it lay out the page anew.
        size = ViewportSize(width=390, height=3800) if phone else ViewportSize(width=1600, height=1800)
        context = chromium.new_context(
            viewport=size, user_agent=PHONE if phone else None, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        name = re.sub(r"\W+", "_", request.node.name).strip("_")
        cockpit = Cockpit(page, pictures / f"{name}.png")
        page.on(
            "response",
            lambda answer: cockpit.failures.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        )
        log_in(page, stack, username, lang)
        if dashboard:
            variant = f"{dashboard}{'-phone' if phone else ''}{'-zh' if lang == 'zh' else ''}"
            page.goto(f"{stack.superset_url}/superset/dashboard/{variant}/")
            return cockpit
        cockpit.wait_until_drawn(CHART_COUNT)
        page.screenshot(path=cockpit.picture)
        return cockpit

    yield open_as
    for context in contexts:
        context.close()
