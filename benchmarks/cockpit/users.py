"""Several people at once, each of whom asks for a chart, waits for the answer and asks for the next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.cockpit.charts import Chart, charts_of, log_in
from benchmarks.cockpit.figures import milliseconds, quantile
from cockpit.bi.client import SupersetClient
from cockpit.errors import CockpitError
from cockpit.stack.settings import Settings


def measure_users(
    settings: Settings, usernames: Sequence[str], slug: str, seconds: float, *, force: bool
) -> dict[str, Any]:
    """A closed loop.

    Args:
        force: Whether each request passes by the cache.

    Returns:
        Requests, errors and milliseconds.
    """
    logged_in = [(client := log_in(settings, username), charts_of(client, slug)[0]) for username in usernames]
    deadline = time.monotonic() + seconds
    started = time.perf_counter()
    with ThreadPoolExecutor(len(usernames)) as pool:
        loops = [
            pool.submit(_ask_until, deadline, client, charts, place * len(charts) // len(usernames), force)
            for place, (client, charts) in enumerate(logged_in)
        ]
        answers = [loop.result() for loop in loops]
    elapsed = time.perf_counter() - started
    taken = [each for seconds_of_one, _errors in answers for each in seconds_of_one]
    return {
        "users": len(usernames),
        "requests": len(taken),
        "requests_per_second": round(len(taken) / elapsed, 1),
        "errors": sum(errors for _seconds, errors in answers),
        "p50_ms": milliseconds(quantile(taken, 0.5)),
        "p95_ms": milliseconds(quantile(taken, 0.95)),
    }


def _ask_until(
    deadline: float, client: SupersetClient, charts: Sequence[Chart], first: int, force: bool
) -> tuple[list[float], int]:
    """Each begins with another chart, so that they do not ask for the same one together."""
    taken: list[float] = []
    errors, number = 0, first
    while time.monotonic() < deadline:
        body = {**charts[number % len(charts)].body, "force": force}
        number += 1
        started = time.perf_counter()
        try:
            client.post("/api/v1/chart/data", body)
        except CockpitError:
            errors += 1
        taken.append(time.perf_counter() - started)
    return taken, errors
