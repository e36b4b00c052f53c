"""Measure the checks of a table: a contract of fifteen, beside plain SQL that counts the same failures.

`./cockpit bench quality` starts it and shows what it writes: one JSON object per line, `{"step": ...}` for each stage
and `{"result": ...}` at the end.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection as PgConnection

from benchmarks.database import workspace_database
from benchmarks.kept import keep, machine, table
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.workspace import prepare
from cockpit.quality.gate import GateResult, check
from cockpit.rulebook.workspace import load_workspace
from cockpit.stack.settings import Settings
from cockpit.warehouse import builds
from cockpit.warehouse.builds import Build
from cockpit.warehouse.runner import BuildContext

FOLDER = Path(__file__).parent / "quality"
DATABASE = "cockpit_bench_quality"
MODEL = "stg_shop__line"
AS_OF = datetime(2030, 1, 1, tzinfo=UTC)

# The product's requirement, for a million rows.
BAR_SECONDS, BAR_ROWS = 10.0, 1_000_000

_TITLES = {
    "plain": "plain SQL that counts the same failures",
    "check": "first check: 15 expectations, rows held back, pages",
    "recheck": "later check, the same rows fail",
}


class Bench:
    """A filled table and the clock."""

    def __init__(self, connection: PgConnection, context: BuildContext) -> None:
        self.connection = connection
        self.context = context
        self.seconds: dict[str, list[float]] = {}

    def fill(self, rows: int) -> None:
        """Rows in staging, as a build leaves them."""
        tell("rows")
        text = (FOLDER / "lines.sql").read_text(encoding="utf-8")
        self.run(text.format(rows=rows, customers=max(rows // 20, 10)))

    def count_plainly(self, rounds: int) -> tuple[Any, ...]:
        """The failures of each rule, by one statement."""
        tell("plain")
        statement = (FOLDER / "plain.sql").read_text(encoding="utf-8")
        for _round in range(rounds):
            with self.measured("plain"), self.connection, self.connection.cursor() as cursor:
                cursor.execute(statement, {"as_of": AS_OF})
                counts = cursor.fetchone()
        return tuple(counts or ())

    def check(self, name: str, rounds: int) -> GateResult:
        """The gate, after a build that changed something."""
        tell(name)
        for _round in range(rounds):
            with self.connection, self.connection.cursor() as cursor:
                build = Build(0, MODEL, "full", 0, 1, 0, "", {}, 0.0)
                builds.record(cursor, build, "bench", AS_OF, has_changed_keys=False)
            with self.measured(name):
                result = check(self.connection, self.context.graph[MODEL], self.context)
        return result

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Take the time of one round."""
        started = time.perf_counter()
        yield
        self.seconds.setdefault(name, []).append(time.perf_counter() - started)

    def run(self, statement: str) -> None:
        """Run statements in one transaction."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement)


def tell(step: str) -> None:
    """Say what is measured now."""
    print(json.dumps({"step": step}), flush=True)


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=BAR_ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    settings = Settings.load()
    with tempfile.TemporaryDirectory(dir=settings.home) as folder, workspace_database(settings, DATABASE) as url:
        os.environ |= {"AIRFLOW_CONN_BENCH_QUALITY": url, "COCKPIT_DATA_DOCS": folder}
        context = run_context(load_workspace(FOLDER / "workspace" / "workspace.yml"), as_of=AS_OF, run_id="bench")
        prepare(context)
        with closing(psycopg2.connect(url)) as connection:
            bench = Bench(connection, context)
            bench.fill(given.rows)
            failures = bench.count_plainly(given.rounds)
            started = time.perf_counter()
            importlib.import_module("great_expectations.expectations.core")
            import_seconds = time.perf_counter() - started
            held_back = bench.check("check", 1).held_back
            bench.check("recheck", given.rounds)
            version = connection.server_version
    result = summary(bench, given.rows, failures, held_back, import_seconds, version)
    write(result)
    print(json.dumps({"result": result}), flush=True)


def summary(
    bench: Bench, rows: int, failures: tuple[Any, ...], held_back: int, import_seconds: float, version: int
) -> dict[str, Any]:
    """Everything as JSON knows it."""
    medians = {name: statistics.median(taken) for name, taken in bench.seconds.items()}
    checks = bench.context.graph[MODEL].contract.checks
    server = f"PostgreSQL {version // 10000}.{version % 10000}"
    return {
        "machine": machine(),
        "versions": f"{server}, Great Expectations {metadata.version('great_expectations')}",
        "rows": rows,
        "checks": len(checks),
        "failures": int(sum(failures)),
        "held_back": held_back,
        "import_seconds": round(import_seconds, 2),
        "measures": [
            {"name": name, "seconds": round(taken, 3), "times_plain": round(taken / medians["plain"], 2)}
            for name, taken in medians.items()
        ],
        "bar_seconds": BAR_SECONDS,
        "is_met": medians["check"] <= BAR_SECONDS,
    }


def write(result: dict[str, Any]) -> None:
    """Keep the result for people and for programs."""
    about = (
        f"Written by `./cockpit bench quality`: {result['checks']} checks on {result['rows']:,} rows of staging, of"
        f" which {result['held_back']:,} are held back.\nSeconds of the median round; a process imports Great"
        f" Expectations once, in {result['import_seconds']:.1f} s more."
    )
    rows = [
        (
            _TITLES[each["name"]],
            f"{each['seconds']:.2f}",
            f"{each['times_plain']:.1f}",
            f"{BAR_SECONDS:.0f}" if each["name"] == "check" else "",
        )
        for each in result["measures"]
    ]
    lines = ["# Checks", "", about, "", f"{result['machine']}; {result['versions']}.", ""]
    keep("quality", result, [*lines, *table(("what", "s", "to plain SQL", "at most"), rows, numbers_from=1)])


if __name__ == "__main__":
    main()
