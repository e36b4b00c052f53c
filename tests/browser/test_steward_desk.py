"""The steward's desk inside Airflow: found in its navigation, worked with keys, readable on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, expect

_WAIT_MS = 60_000


@pytest.fixture
def airflow(stack, chromium) -> Iterator[Page]:
    """Airflow's first page, logged in as its administrator."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto(stack.airflow_url)
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", stack.password("admin"))
    page.click("button[type=submit]")
    expect(page.get_by_role("link", name="Dags", exact=True)).to_be_visible(timeout=_WAIT_MS)
    yield page
    context.close()


def desk(page: Page, address: str) -> FrameLocator:
    page.goto(f"{address}/plugin/desk")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Steward desk")).to_be_visible(timeout=_WAIT_MS)
    return frame


def test_a_row_is_found_checked_and_confirmed_with_keys(airflow, stack, pictures):
    frame = desk(airflow, stack.airflow_url)
    rows = frame.locator("tr[data-row]")
    expect(frame.locator("html[data-keys]")).to_be_attached(timeout=_WAIT_MS)
    frame.locator("body").press("j")
    frame.locator("body").press("j")
    expect(rows.nth(1)).to_have_class(re.compile("current"))
    frame.locator("tr.current a").press("x")
    expect(frame.locator("[data-count]")).to_have_text("1")
    airflow.screenshot(path=pictures / "desk_queue.png")
    frame.locator("tr.current a").press("?")
    expect(frame.get_by_role("heading", name="Keys")).to_be_visible()
    frame.get_by_role("button", name="Close").click()
    frame.locator("body").press("c")
    expect(frame.get_by_role("heading", name="Confirm that these rows are right")).to_be_visible(timeout=_WAIT_MS)
    frame.get_by_label("Reason").fill("seen the paper")
    frame.locator("button[data-confirm]").click()
    expect(frame.get_by_role("heading", name="Done")).to_be_visible(timeout=_WAIT_MS)
    airflow.screenshot(path=pictures / "desk_done.png")


def test_a_row_is_opened_and_looked_at_again_by_its_address(airflow, stack, pictures):
    frame = desk(airflow, stack.airflow_url)
    frame.locator("[data-open]").first.click()
    expect(frame.get_by_role("heading", name="Why it is held back")).to_be_visible(timeout=_WAIT_MS)
    airflow.screenshot(path=pictures / "desk_row.png")
    expect(airflow).to_have_url(re.compile(r"/plugin/desk/imports/desk/tasks/\d+$"), timeout=_WAIT_MS)
    airflow.reload()
    expect(frame.get_by_role("heading", name="History")).to_be_visible(timeout=_WAIT_MS)


@pytest.mark.parametrize("width", [390, 1400])
def test_no_page_is_wider_than_its_window(width, stack, chromium, airflow, pictures):
    context = chromium.new_context(viewport={"width": width, "height": 844})
    context.add_cookies(airflow.context.cookies())
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    names = ("", "tasks/1", "reviews", "reviews?kind=address", "rules", "rules?tab=contracts", "rules?tab=texts",
             "rules/phone_impossible?dry_run=1", "kinds/company")  # fmt: skip
    for name in names:
        page.goto(f"{stack.airflow_url}/imports/desk/{name}")
        page.screenshot(path=pictures / f"desk_{re.sub(r'[^a-z0-9]+', '_', name)}_{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    # A style or script that the page's own policy refuses is told here.
    assert complaints == []
    context.close()
