"""Measure a running cockpit: row policies, charts beside their SQL, the first view, several people at once.

`./cockpit bench cockpit` starts it and shows what it writes: one JSON object per line, `{"step": ...}` for each stage
and `{"result": ...}` at the end. Charts are those of this platform's Superset; policies are measured in a database of
their own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import psycopg2

from benchmarks.cockpit.charts import Chart, dashboard_of, log_in, measure_charts, slowest_sql
from benchmarks.cockpit.figures import milliseconds, quantile
from benchmarks.cockpit.policies import measure_policies
from benchmarks.cockpit.users import measure_users
from benchmarks.kept import keep, machine, table
from cockpit.bi.landing import SLUGS
from cockpit.bi.warm import by_importance, warm
from cockpit.errors import TerminalError
from cockpit.rulebook.security import SecurityRules, load_security
from cockpit.rulebook.workspace import find_workspace
from cockpit.stack.settings import Settings

# The product's requirements.
BAR_TIMES = {"full": 1.15, "part": 1.5}
BAR_ABOVE_SQL_MS = 120
BAR_FIRST_VIEW_S = 5.0
BAR_USERS_MS = 1500
BAR_SQL_MS = 100

_SLUG = SLUGS[0]
_USERS = 8
_SLOWEST_SHOWN = 10


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    settings = Settings.load()
    workspace = find_workspace("huaxing")
    if workspace.settings.security is None:
        raise TerminalError("the workspace has no people")
    rules = load_security(workspace.folder / workspace.settings.security)
    leader = by_importance(rules)[0]
    tell("policies")
    policies = measure_policies(settings, given.rows, max(given.rounds, 15))
    tell("charts")
    charts, left_out = measure_charts(settings, leader, _SLUG, given.rounds)
    tell("first_view")
    first_view = measure_first_view(settings, leader, given.rounds)
    tell("users")
    usernames = openers(rules, _SLUG)[:_USERS]
    users = measure_users(settings, usernames, _SLUG, given.seconds, force=True)
    tell("users_cached")
    users_cached = measure_users(settings, usernames, _SLUG, given.seconds / 4, force=False)
    tell("sql")
    people = {slug: found[0] for slug in SLUGS if (found := openers(rules, slug))}
    sql = sorted(slowest_sql(settings, people, 3), key=lambda each: -each[2])
    result = summary(policies, charts, first_view, users, users_cached, sql)
    result |= {
        "machine": machine(),
        "versions": f"PostgreSQL {_server_version(settings)}, Superset with {settings.superset_workers} workers",
        "scan_rows": given.rows,
        "fact_rows": _fact_rows(settings),
        "left_out": left_out,
    }
    write(result)
    print(json.dumps({"result": result}), flush=True)


def tell(step: str) -> None:
    """Say what is measured now."""
    print(json.dumps({"step": step}), flush=True)


def openers(rules: SecurityRules, slug: str) -> list[str]:
    """Who may open a dashboard, the most important first."""
    name = slug.replace("-", "_")
    return [
        username
        for username in by_importance(rules)
        if any(name in rules.roles[role].dashboards for role in rules.people[username].roles)
    ]


def measure_first_view(settings: Settings, username: str, rounds: int) -> list[float]:
    """Seconds until the last chart of the first tab is drawn, with everything in the caches."""
    password = settings.secret(f"user_{username}")
    warm(settings.superset_address, [username], {username: password}, ["en"], at_a_time=1, seconds=120)
    with log_in(settings, username) as client:
        charts = len(dashboard_of(client, _SLUG).shown)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.cockpit.page", settings.superset_address),
            *(_SLUG, username, str(charts), str(rounds)),
        ],
        input=password,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(each) for each in json.loads(done.stdout.splitlines()[-1])]


def summary(
    policies: dict[str, Any],
    charts: Sequence[Chart],
    first_view: Sequence[float],
    users: dict[str, Any],
    users_cached: dict[str, Any],
    sql: Sequence[tuple[str, str, float]],
) -> dict[str, Any]:
    """Figures, bars, and what was met, as JSON knows it."""
    chart_ms = milliseconds(quantile([each for chart in charts for each in chart.chart_seconds], 0.95))
    sql_ms = milliseconds(quantile([each for chart in charts for each in chart.sql_seconds], 0.95))
    met = {
        **{f"policies_{name}": policies[name]["times"] <= bar for name, bar in BAR_TIMES.items()},
        "charts": chart_ms <= sql_ms + BAR_ABOVE_SQL_MS,
        "first_view": statistics.median(first_view) <= BAR_FIRST_VIEW_S,
        "users": users["p95_ms"] <= BAR_USERS_MS and not users["errors"],
        "sql": sql[0][2] * 1000 <= BAR_SQL_MS,
    }
    return {
        "policies": policies | {name: {**policies[name], "bar": bar} for name, bar in BAR_TIMES.items()},
        "charts": {
            "count": len(charts),
            "requests": sum(len(chart.chart_seconds) for chart in charts),
            "p95_ms": chart_ms,
            "sql_p95_ms": sql_ms,
            "bar_ms": round(sql_ms + BAR_ABOVE_SQL_MS, 1),
            "each": [
                {
                    "name": chart.name,
                    "p95_ms": milliseconds(quantile(chart.chart_seconds, 0.95)),
                    "sql_p95_ms": milliseconds(quantile(chart.sql_seconds, 0.95)),
                }
                for chart in charts
            ],
        },
        "first_view": {
            "seconds": round(statistics.median(first_view), 2),
            "longest": round(max(first_view), 2),
            "rounds": len(first_view),
            "bar": BAR_FIRST_VIEW_S,
        },
        "users": {**users, "bar_ms": BAR_USERS_MS},
        "users_cached": users_cached,
        "sql": {
            "count": len(sql),
            "slow_count": sum(seconds * 1000 > BAR_SQL_MS for _slug, _name, seconds in sql),
            "bar_ms": BAR_SQL_MS,
            "slowest": [
                {"dashboard": slug, "chart": name, "ms": milliseconds(seconds)}
                for slug, name, seconds in sql[:_SLOWEST_SHOWN]
            ],
        },
        "met": met,
        "is_met": all(met.values()),
    }


def _server_version(settings: Settings) -> str:
    with closing(psycopg2.connect(_warehouse(settings))) as connection:
        number = connection.server_version
    return f"{number // 10000}.{number % 10000}"


def _fact_rows(settings: Settings) -> int:
    """Orders, which say how large the platform's company is."""
    with closing(psycopg2.connect(_warehouse(settings))) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from core.core_order")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _warehouse(settings: Settings) -> str:
    return settings.admin_database_url("cockpit").render_as_string(hide_password=False)


def write(result: dict[str, Any]) -> None:
    """Keep the result for people and for programs."""
    charts, users, cached, first, sql = (
        result[name] for name in ("charts", "users", "users_cached", "first_view", "sql")
    )

    def verdict(name: str) -> str:
        return "met" if result["met"][name] else "missed"

    policies = result["policies"]
    full, part, bare, indexed = (policies[name] for name in ("full", "part", "full_bare", "part_indexed"))
    loop = f"{users['requests']} requests, {users['requests_per_second']}/s, {users['errors']} errors"
    scan = f"scan of {result['scan_rows']:,} rows,"
    rows = [
        (f"{scan} all in scope, to plain WHERE", f"{full['times']:.2f}", f"{full['bar']}", verdict("policies_full")),
        ("the same without any WHERE", f"{bare['times']:.2f}", "", ""),
        (f"{scan} a quarter, to plain WHERE", f"{part['times']:.2f}", f"{part['bar']}", verdict("policies_part")),
        ("the same, plain WHERE by an index on the region", f"{indexed['times']:.2f}", "", ""),
        (
            f"{charts['count']} charts, one person, not cached: p95 ms (SQL alone {charts['sql_p95_ms']})",
            f"{charts['p95_ms']}",
            f"{charts['bar_ms']}",
            verdict("charts"),
        ),
        (
            f"first view, cached: s (longest {first['longest']})",
            f"{first['seconds']}",
            f"{first['bar']}",
            verdict("first_view"),
        ),
        (
            f"{users['users']} people, not cached: p95 ms ({loop})",
            f"{users['p95_ms']}",
            f"{users['bar_ms']}",
            verdict("users"),
        ),
        (
            f"the same, cached: p95 ms ({cached['requests_per_second']}/s, {cached['errors']} errors)",
            f"{cached['p95_ms']}",
            "",
            "",
        ),
        (
            f"slowest SQL of {sql['count']} charts: ms ({sql['slow_count']} above the bar)",
            f"{sql['slowest'][0]['ms']}",
            f"{sql['bar_ms']}",
            verdict("sql"),
        ),
    ]
    about = (
        f"Written by `./cockpit bench cockpit`: a company with {result['fact_rows']:,} orders. Policies and plain SQL\n"
        "take turns, medians count; charts are asked past the cache, each followed by its SQL as the same person."
    )
    lines = ["# Cockpit", "", about, "", f"{result['machine']}; {result['versions']}.", ""]
    lines += [*table(("what", "measured", "at most", ""), rows, numbers_from=1), ""]
    slowest = [(each["dashboard"], each["chart"], f"{each['ms']}") for each in sql["slowest"]]
    lines += [*table(("dashboard", "slowest SQL", "ms"), slowest, numbers_from=2), ""]
    singles = [
        (each["name"], f"{each['p95_ms']}", f"{each['sql_p95_ms']}")
        for each in sorted(charts["each"], key=lambda each: -float(each["p95_ms"]))
    ]
    keep("cockpit", result, [*lines, *table((f"chart of {_SLUG}", "p95 ms", "SQL p95 ms"), singles, numbers_from=1)])


if __name__ == "__main__":
    main()
