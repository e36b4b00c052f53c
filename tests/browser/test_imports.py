"""The import ledger inside Airflow: found in its navigation, read in its frame, left to the run of a batch."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, expect

_WAIT_MS = 60_000
# A link to one batch; the page of sources has none.
BATCH = "tbody th a[href*='/batches/']"


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


def imports(page: Page, address: str) -> FrameLocator:
    page.goto(f"{address}/plugin/imports")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Imports")).to_be_visible(timeout=_WAIT_MS)
    return frame


def test_from_a_source_to_the_run_of_its_batch(airflow, stack, pictures):
    frame = imports(airflow, stack.airflow_url)
    airflow.screenshot(path=pictures / "imports.png")
    frame.get_by_role("link", name="Huaxing ERP").click()
    frame.locator(BATCH).first.click()
    run = frame.locator("a[data-airflow]")
    expect(run).to_be_visible(timeout=_WAIT_MS)
    # The frame may not leave itself; the run opens in Airflow around it.
    run.click()
    expect(airflow).to_have_url(re.compile(r"/dags/load_erp/runs/"), timeout=_WAIT_MS)
    expect(airflow.locator("iframe")).to_have_count(0, timeout=_WAIT_MS)


def test_the_address_of_a_batch_can_be_passed_on(airflow, stack):
    frame = imports(airflow, stack.airflow_url)
    frame.get_by_role("link", name="Batches").click()
    number = frame.locator(BATCH).first.inner_text()
    frame.locator(BATCH).first.click()
    expect(airflow).to_have_url(re.compile(rf"/plugin/imports/imports/batches/{number}$"), timeout=_WAIT_MS)
    airflow.reload()
    expect(airflow.frame_locator("iframe").get_by_role("heading", level=2)).to_contain_text(number, timeout=_WAIT_MS)


@pytest.mark.parametrize("width", [390, 1400])
def test_no_page_is_wider_than_its_window(width, stack, chromium, airflow, pictures):
    cookies = airflow.context.cookies()
    context = chromium.new_context(viewport={"width": width, "height": 844})
    context.add_cookies(cookies)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for name in ("", "batches", "batches?rejected=1", "batches/1", "changes"):
        page.goto(f"{stack.airflow_url}/imports/{name}")
        page.screenshot(path=pictures / f"imports_{name.partition('?')[0].replace('/', '_')}_{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    # A style or script that the page's own policy refuses is told here.
    assert complaints == []
    context.close()
