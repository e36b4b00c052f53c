"""Charts of a running cockpit: what Superset takes for them, beside the same SQL by itself, as the same person."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection as PgConnection

from cockpit.bi.client import SupersetClient
from cockpit.bi.first_view import Dashboard, ask_first_view, read_dashboard
from cockpit.bi.identity import connection_option, log_name, read_identity_key, sign_identity
from cockpit.stack.settings import Settings


@dataclass
class Chart:
    """A chart, its request and the SQL that Superset made of it.

    Attributes:
        chart_seconds: Of requests past the cache.
        sql_seconds: Of the SQL alone, all its statements together.
    """

    name: str
    body: dict[str, Any]
    statements: tuple[str, ...] = ()
    chart_seconds: list[float] = field(default_factory=list)
    sql_seconds: list[float] = field(default_factory=list)


def log_in(settings: Settings, username: str) -> SupersetClient:
    """A session of a person's."""
    return SupersetClient(settings.superset_address, username, settings.secret(f"user_{username}"))


def connect_as(settings: Settings, username: str) -> PgConnection:
    """The warehouse as Superset reaches it for a person, signed for the length of a measurement."""
    key = read_identity_key(Path(settings.secrets / "identity_key"))
    identity = sign_identity(username, key, int(time.time()) + 3600)
    url = settings.database_address("bi_reader", "cockpit").render_as_string(hide_password=False)
    connection = psycopg2.connect(url, options=connection_option(identity), application_name=log_name(username))
    connection.autocommit = True
    return connection


def dashboard_of(client: SupersetClient, slug: str, tabs: int | None = 1) -> Dashboard:
    """A dashboard as the person's browser reads it."""
    path = f"/api/v1/dashboard/{slug}"
    return read_dashboard(client.get(path)["result"], client.get(f"{path}/charts")["result"], tabs)


def charts_of(client: SupersetClient, slug: str) -> tuple[list[Chart], list[str]]:
    """The charts of all tabs, within what the filters hold at first, and the names of those only a browser can ask."""
    names = {
        int(entry["id"]): str(entry["slice_name"]) for entry in client.get(f"/api/v1/dashboard/{slug}/charts")["result"]
    }
    dashboard = dashboard_of(client, slug, tabs=None)
    bodies = ask_first_view(dashboard, lambda body: client.post("/api/v1/chart/data", body)["result"][0]["data"])
    charts = {int(body["form_data"]["slice_id"]): body for body in bodies}
    left_out = [names[number] for number in dashboard.shown if number not in charts]
    return [Chart(names[number], body) for number, body in charts.items()], left_out


def ask(client: SupersetClient, chart: Chart) -> float:
    """One request past the cache; keeps its seconds and its SQL."""
    started = time.perf_counter()
    results = client.post("/api/v1/chart/data", {**chart.body, "force": True})["result"]
    seconds = time.perf_counter() - started
    if any(result.get("is_cached") for result in results):
        raise RuntimeError(f"{chart.name} came out of the cache")
    chart.statements = tuple(str(result["query"]).rstrip(";\n ") for result in results if result.get("query"))
    chart.chart_seconds.append(seconds)
    return seconds


def ask_sql(connection: PgConnection, chart: Chart) -> None:
    """The chart's SQL by itself."""
    seconds = 0.0
    with connection.cursor() as cursor:
        for statement in chart.statements:
            started = time.perf_counter()
            # Without parameters psycopg2 leaves per cent signs alone.
            cursor.execute(statement)
            cursor.fetchall()
            seconds += time.perf_counter() - started
    chart.sql_seconds.append(seconds)


def measure_charts(settings: Settings, username: str, slug: str, rounds: int) -> tuple[list[Chart], list[str]]:
    """Requests of one person, one after the other, each followed by its SQL; a round before warms."""
    with log_in(settings, username) as client, closing(connect_as(settings, username)) as connection:
        charts, left_out = charts_of(client, slug)
        for number in range(rounds + 1):
            for chart in charts:
                ask(client, chart)
                ask_sql(connection, chart)
                if not number:
                    chart.chart_seconds.clear()
                    chart.sql_seconds.clear()
    return charts, left_out


def slowest_sql(settings: Settings, people: dict[str, str], rounds: int) -> Iterator[tuple[str, str, float]]:
    """Dashboard, chart and median seconds of its SQL, for each chart of these dashboards.

    Args:
        people: Slug of a dashboard -> the person who asks.
    """
    for slug, username in people.items():
        with log_in(settings, username) as client, closing(connect_as(settings, username)) as connection:
            for chart in charts_of(client, slug)[0]:
                ask(client, chart)
                for _round in range(rounds):
                    ask_sql(connection, chart)
                yield slug, chart.name, statistics.median(chart.sql_seconds)
