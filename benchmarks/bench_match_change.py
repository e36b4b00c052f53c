"""Measure matching when a few records are new among many: seconds, and whether a full run finds the same.

`./cockpit bench match-change` starts it and shows what it writes: one JSON object per line, `{"step": ...}` for each
stage and `{"result": ...}` at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg2
from psycopg2.extensions import connection as PgConnection

from benchmarks.database import workspace_database
from benchmarks.kept import keep, machine, table
from benchmarks.match import customers, staged
from cockpit.demo.matching_sample import customer_records
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.workspace import load_workspace
from cockpit.stack.settings import REPOSITORY, Settings
from cockpit.warehouse.builds import Build
from cockpit.warehouse.runner import BuildContext, build

DATABASE = "cockpit_bench_match"
AS_OF = datetime(2030, 1, 1, tzinfo=UTC)
SOURCE, GOLDEN = "core_customer_source", "core_customer"

# The product's requirement: so many new records into a million.
BAR_SECONDS, BAR_ROWS, BAR_NEW = 10.0, 1_000_000, 1_000
_SEED = 7

_TITLES = {
    "match_all": "first run: all records, a model is learnt",
    "golden_all": "golden records of the first run",
    "match_change": "matching the new records",
    "golden_change": "golden records after it",
    "match_again": "all records again with the same model",
}
# What a run leaves, besides the cross reference.
_LEFT = (
    "mdm.pair",
    "mdm.membership",
    "mdm.record_key_customer",
    "mdm.full_key",
    "mdm.matching_state",
    f"core.{SOURCE}",
)


class Bench:
    """A database with customers and the clock."""

    def __init__(self, connection: PgConnection, context: BuildContext) -> None:
        self.connection = connection
        self.context = context
        self.seconds: dict[str, float] = {}

    def build(self, step: str, model: str, *, full: bool = False) -> Build:
        """Bring a table up to date."""
        tell(step)
        started = time.perf_counter()
        built = build(self.connection, self.context.graph[model], self.context, full=full)
        self.seconds[step] = time.perf_counter() - started
        return built

    def left(self) -> dict[str, Any]:
        """What the runs have left, as a number for each table that does not depend on the order of its rows."""
        with self.connection, self.connection.cursor() as cursor:
            found = {}
            for table in _LEFT:
                cursor.execute(
                    f"select count(*), sum(cast(hashtextextended(cast(t as text), 0) as numeric)) from {table} as t"
                )
                found[table] = cursor.fetchone()
            return found

    def report(self) -> dict[str, Any]:
        """What the newest run says about itself."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("select content -> 'run' from mdm.run_report order by report_id desc limit 1")
            row = cursor.fetchone()
            return dict(row[0]) if row else {}


def tell(step: str) -> None:
    """Say what is measured now."""
    print(json.dumps({"step": step}), flush=True)


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=BAR_ROWS)
    parser.add_argument("--new", type=int, default=BAR_NEW)
    given = parser.parse_args()
    tell("rows")
    records = customer_records(given.rows + given.new, _SEED).records
    tell("texts")
    frame = customers.standardised(records)
    is_new = np.zeros(len(frame), dtype=bool)
    is_new[np.random.default_rng(_SEED).choice(len(frame), given.new, replace=False)] = True
    with workspace_database(Settings.load(), DATABASE) as url:
        os.environ["AIRFLOW_CONN_WAREHOUSE"] = url
        context = run_context(load_workspace(REPOSITORY / "include" / "workspace.yml"), as_of=AS_OF, run_id="bench")
        prepare(context)
        with closing(psycopg2.connect(url)) as connection:
            bench = Bench(connection, context)
            with connection, connection.cursor() as cursor:
                staged.add(cursor, frame[~is_new], AS_OF)
            bench.build("match_all", SOURCE)
            bench.build("golden_all", GOLDEN)
            with connection, connection.cursor() as cursor:
                staged.add(cursor, frame[is_new], AS_OF)
            kind = bench.build("match_change", SOURCE).kind
            followed = bench.report()
            bench.build("golden_change", GOLDEN)
            after = bench.left()
            changed = bench.build("match_again", SOURCE, full=True).changed
            is_equal = changed == 0 and after == bench.left()
            version = connection.server_version
    result = {
        "machine": machine(),
        "versions": f"PostgreSQL {version // 10000}.{version % 10000}, Python {platform.python_version()}",
        "rows": given.rows,
        "new": given.new,
        "measures": [{"name": name, "seconds": round(taken, 2)} for name, taken in bench.seconds.items()],
        "is_followed": kind == "incremental",
        "run": followed,
        "is_equal": is_equal,
        "bar_seconds": BAR_SECONDS,
        "is_met": kind == "incremental" and is_equal and bench.seconds["match_change"] <= BAR_SECONDS,
    }
    write(result)
    print(json.dumps({"result": result}), flush=True)


def write(result: dict[str, Any]) -> None:
    """Keep the result for people and for programs."""
    equal = "the same" if result["is_equal"] else "SOMETHING ELSE"
    about = (
        f"Written by `./cockpit bench match-change`: {result['new']:,} new customers among {result['rows']:,}.\n"
        f"A full run with the same model leaves {equal}: cross reference, pairs, ids and keys."
    )
    lines = ["# Matching what changed", "", about, "", f"{result['machine']}; {result['versions']}.", ""]
    rows = [
        (
            _TITLES[each["name"]],
            f"{each['seconds']:.1f}",
            f"{BAR_SECONDS:.0f}" if each["name"] == "match_change" else "",
        )
        for each in result["measures"]
    ]
    keep("match_change", result, [*lines, *table(("what", "s", "at most"), rows, numbers_from=1)])


if __name__ == "__main__":
    main()
