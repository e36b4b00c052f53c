"""A person's own session at the running Superset, as a browser would use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from cockpit.bi.client import SupersetClient
from tests.superset import browser_session

EXECUTIVE, MANAGER, UNMAPPED = "chen.jing", "zhao.min", "wu.bin"


class Viewer:
    """Logs in as a person and posts queries as the cockpit's charts do."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self.client = SupersetClient(base_url, username, password)
        self.base_url = base_url
        self.username = username
        self._token = {"Authorization": self.client._session.headers["Authorization"]}

    def chart(self, title: str) -> dict[str, Any]:
        """A chart of the list that this person sees."""
        return next(entry for entry in self.client.list("/api/v1/chart/") if entry["slice_name"] == title)

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {**self._token, **more.pop("headers", {})}
        return requests.request(method, self.base_url + path, headers=headers, timeout=60, **more)

    def query(self, chart: dict[str, Any], *, force: bool = False, **query: Any) -> requests.Response:
        """POST /api/v1/chart/data with one query in the name of a chart."""
        dataset = {"id": chart["datasource_id"], "type": "table"}
        return self.request(
            "POST",
            "/api/v1/chart/data",
            json={
                "datasource": dataset,
                "force": force,
                "queries": [{"row_limit": 1000, **query}],
                "form_data": {"slice_id": chart["id"], "datasource": f"{dataset['id']}__table"},
                "result_format": "json",
                "result_type": "full",
            },
        )


@pytest.fixture(scope="session")
def viewer(stack):
    """Makes a viewer by username; each logs in once."""
    viewers: dict[str, Viewer] = {}

    def log_in(username: str) -> Viewer:
        if username not in viewers:
            viewers[username] = Viewer(stack.superset_url, username, stack.password(username))
        return viewers[username]

    return log_in


@pytest.fixture(scope="session")
def administrator(stack):
    client = SupersetClient(stack.superset_url, "admin", stack.admin_password).allow_writes()
    yield client
    client.__exit__(None, None, None)


@pytest.fixture(scope="session")
def browser(stack) -> Callable[[str], requests.Session]:
    """Logs a person in by the form, once."""
    sessions: dict[str, requests.Session] = {}

    def log_in(username: str) -> requests.Session:
        if username not in sessions:
            sessions[username] = browser_session.browser(stack.superset_url, username, stack.password(username))
        return sessions[username]

    return log_in
