"""Open a dashboard in Chromium again and again and print the seconds until its last chart was drawn, as JSON.

Run by the Python of the environment `dev`, which has the library for browsers.
"""

from __future__ import annotations

import json
import os
import re
import sys

from playwright.sync_api import sync_playwright

from cockpit.stack.browser import find_chromium

_WAIT_MS = 120_000
# Milliseconds since the navigation began, once every chart of the tab is there and drawn; else false.
_DRAWN = """count => {
    const holders = [...document.querySelectorAll('.dashboard-component-chart-holder')];
    const charts = holders.filter(each => each.offsetParent);
    const isDrawn = each => !each.querySelector('.loading')
        && each.querySelector('canvas, table, .tile-map, .header-line, .handlebars, .ant-empty, [class*=empty]');
    return charts.length >= count && charts.every(isDrawn) && performance.now();
}"""


def main() -> None:
    """Arguments: address, slug, user name, number of charts, rounds; the password comes in on the input."""
    address, slug, username, charts, rounds = sys.argv[1:]
    password = sys.stdin.readline().strip()
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=[*sandbox, "--disable-gpu", "--disable-background-networking"]
        )
        # Tall enough for all charts: Superset fetches a chart when it comes into view.
        page = browser.new_context(viewport={"width": 1600, "height": 2000}).new_page()
        page.goto(f"{address}/lang/en")
        page.goto(f"{address}/login/")
        page.fill("#username", username)
        page.fill("input[type=password]", password)
        page.click("button[type=submit]")
        page.wait_for_url(re.compile(r"^[^?]*/superset/dashboard/"), timeout=_WAIT_MS)
        seconds = []
        # The first time fills the browser's own cache.
        for _round in range(int(rounds) + 1):
            page.goto("about:blank")
            page.goto(f"{address}/superset/dashboard/{slug}/", wait_until="commit")
            drawn = page.wait_for_function(_DRAWN, arg=int(charts), timeout=_WAIT_MS, polling=50)
            seconds.append(drawn.json_value() / 1000)
        browser.close()
    print(json.dumps(seconds[1:]))


if __name__ == "__main__":
    main()
