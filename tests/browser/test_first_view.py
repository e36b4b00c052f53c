"""After warming, a browser finds everything that it asks for first: our queries are its own, for every dashboard."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from cockpit.bi.warm import warm
from tests.browser.conftest import HOLDER, log_in

_WAIT_MS = 60_000
# One person for each dashboard at which people arrive.
PEOPLE = ("chen.jing", "zhao.min", "yang.hui", "tang.ning", "han.xue", "deng.ping", "li.na", "feng.yu")


@pytest.fixture
def answers(stack, chromium):
    """Opens Superset as a person; what it answered for charts and filters where they arrive."""
    contexts = []

    def open_as(username: str, lang: str) -> list[dict[str, object]]:
        context = chromium.new_context(viewport={"width": 1600, "height": 2400})
        contexts.append(context)
        page = context.new_page()
        found = []

        def note(response) -> None:
            if "/api/v1/chart/data" in response.url:
                source = json.loads(response.request.post_data)["form_data"]
                name = source.get("slice_id") or source["native_filter_id"]
                found.extend((name, response.status, part.get("is_cached")) for part in response.json()["result"])

        page.on("requestfinished", lambda request: note(request.response()))
        log_in(page, stack, username, lang)
        expect(page.locator(HOLDER).first).to_be_visible(timeout=_WAIT_MS)
        page.wait_for_timeout(1_500)
        expect(page.locator(f"{HOLDER} .loading")).to_have_count(0, timeout=_WAIT_MS)
        page.wait_for_timeout(1_000)
        return found

    yield open_as
    for context in contexts:
        context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("username", PEOPLE)
def test_a_browser_finds_its_first_view(username, lang, stack, answers):
    passwords = {username: stack.password(username)}
    warmed = warm(stack.superset_url, [username], passwords, [lang], at_a_time=1, seconds=60)
    assert (warmed.people, warmed.failed, warmed.refused, warmed.left_out) == (1, 0, [], 0)

    found = answers(username, lang)

    assert len(found) >= 5
    # A filter whose values hang on another filter is asked again where that one has a value of its own accord.
    assert [answer for answer in found if answer[1:] != (200, True)] == []
