"""Measure loading: PostgreSQL, CSV and SQLite to raw, beside plain COPY, dlt and pandas.

`./cockpit bench load` starts it and shows what it writes: one JSON object per line, `{"step": ...}` for each stage and
`{"result": ...}` at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import psycopg2

from benchmarks.load import results
from benchmarks.load.site import Site, open_site
from cockpit.sources.load import load_entity
from cockpit.stack.settings import Settings

PEERS = ("dlt_arrow", "dlt_arrow_merge", "dlt_arrow_csv", "dlt_connectorx")


class Bench:
    """One run of the benchmark.

    Args:
        rows: Of a measure.
        peer_rows: Of pandas, which takes minutes for a million, and of SQLite.
        rounds: Of each measure; the median counts.
    """

    def __init__(self, site: Site, settings: Settings, rows: int, peer_rows: int, rounds: int) -> None:
        self.site = site
        self.settings = settings
        self.rows = rows
        self.peer_rows = min(peer_rows, rows)
        self.rounds = rounds
        self.measured_rows: dict[str, int] = {}
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def measure(self, name: str, rows: int, action: Callable[[], object]) -> None:
        """Take the time of one round."""
        tell(name)
        started = time.perf_counter()
        action()
        self.seconds[name].append(time.perf_counter() - started)
        self.measured_rows[name] = rows

    def load(self, source: str, rows: int, loaded: int) -> None:
        """Load the workspace's `sale` and make sure that it did what is measured."""
        result = load_entity(self.site.workspace, source, "sale", "bench")
        if (result.received, result.loaded) != (rows, loaded):
            raise RuntimeError(
                f"{source}: received {result.received}, loaded {result.loaded}, expected {rows}, {loaded}"
            )

    def run_postgres(self) -> None:
        """First load and later loads, with COPY of the same rows in each round."""
        tell("rows")
        for percent in (0, 10, 100):
            self.site.make_rows(f"sale_{percent}", self.rows, percent)
        for _round in range(self.rounds):
            self.site.forget()
            self.measure("copy", self.rows, lambda: self.site.copy_plain("sale_0", "text"))
            self.measure("copy_binary", self.rows, lambda: self.site.copy_plain("sale_0", "binary"))
            with self.site.as_sale("sale_0"):
                self.measure("first", self.rows, lambda: self.load("shop", self.rows, self.rows))
                self.measure("unchanged", self.rows, lambda: self.load("shop", self.rows, 0))
            with self.site.as_sale("sale_10"):
                self.measure("changed_10", self.rows, lambda: self.load("shop", self.rows, self.rows // 10))
            with self.site.as_sale("sale_100"):
                self.measure("changed_100", self.rows, lambda: self.load("shop", self.rows, self.rows))

    def run_csv(self) -> None:
        """The same rows as a file."""
        tell("file")
        path = self.site.write_csv("sale_0")
        for _round in range(self.rounds):
            self.site.forget()
            self.measure("csv_copy", self.rows, lambda: self.site.copy_csv(path))
            self.measure("csv", self.rows, lambda: self.load("export", self.rows, self.rows))
        path.unlink()

    def run_others(self) -> None:
        """The other tools and SQLite, once each."""
        for name in PEERS:
            self.run_peer(name, "sale_0", self.rows)
        tell("file")
        self.site.make_rows("part", self.peer_rows)
        self.site.write_sqlite("part")
        self.site.forget()
        self.measure("sqlite", self.peer_rows, lambda: self.load("till", self.peer_rows, self.peer_rows))
        self.run_peer("pandas", "part", self.peer_rows)
        self.site.forget()

    def run_peer(self, name: str, table: str, rows: int) -> None:
        """Let another tool take the rows of a table, in the time that it tells itself."""
        tell(name)
        self.seconds[name].append(float(self.peer(name, table)))
        self.measured_rows[name] = rows

    def peer(self, *words: str) -> str:
        """What peers.py prints; its last line."""
        done = subprocess.run(
            [self.settings.program("bench", "python"), "-m", "benchmarks.load.peers", *words],
            env={
                **os.environ,
                "COCKPIT_BENCH_SOURCE": self.site.source_url,
                "COCKPIT_BENCH_TARGET": self.site.target_url,
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip().splitlines()[-1]

    def memory(self, rows: int) -> int:
        """Bytes by which a process grows that loads this many rows."""
        tell("rows")
        self.site.make_rows("many", rows)
        tell("memory")
        with self.site.as_sale("many"):
            self.site.forget()
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.load.memory", "shop"], stdout=subprocess.PIPE, text=True, check=True
            )
        return int(done.stdout)


def tell(step: str) -> None:
    """Say what is measured now."""
    print(json.dumps({"step": step}), flush=True)


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-rows", type=int, default=500_000)
    parser.add_argument("--memory-rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    settings = Settings.load()
    with tempfile.TemporaryDirectory(dir=settings.home) as folder, open_site(settings, Path(folder)) as site:
        bench = Bench(site, settings, given.rows, given.peer_rows, given.rounds)
        bench.run_postgres()
        bench.run_csv()
        bench.run_others()
        memory = (given.memory_rows, bench.memory(given.memory_rows)) if given.memory_rows else None
        versions = f"PostgreSQL {server_version(site)}, {bench.peer('versions')}"
    found = results.measures(bench.measured_rows, bench.seconds)
    result = results.summary(found, memory, versions)
    results.write(result, found)
    print(json.dumps({"result": result}), flush=True)


def server_version(site: Site) -> str:
    """Such as 18.1."""
    connection = psycopg2.connect(site.target_url)
    try:
        number = connection.server_version
    finally:
        connection.close()
    return f"{number // 10000}.{number % 10000}"


if __name__ == "__main__":
    main()
