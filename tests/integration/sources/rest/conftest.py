from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.integration.sources.rest.api import Behaviour, Server, serve


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Starts a server that behaves as told and points the connection `test_api` at it."""
    with ExitStack() as stack:

        def start(behaviour: Behaviour, credentials: str = "", query: str = "") -> Server:
            server = stack.enter_context(serve(behaviour))
            place = f"{credentials}{'@' if credentials else ''}127.0.0.1:{server.port}"
            monkeypatch.setenv("AIRFLOW_CONN_TEST_API", f"http://{place}/{query}")
            return server

        yield start
