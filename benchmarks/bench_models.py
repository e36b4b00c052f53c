"""Measure building models: the runner, the bare SQL that it runs, and dbt with the same selects.

`./cockpit bench models` starts it and shows what it writes: one JSON object per line, `{"step": ...}` for each stage
and `{"result": ...}` at the end. The tables are those of this platform's warehouse, copied into a database of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection as PgConnection
from sqlalchemy.engine import make_url

from benchmarks.database import workspace_database
from benchmarks.kept import keep, machine, table
from benchmarks.models.project import SCHEMA, STATISTICS, selection, write_project
from cockpit.errors import TerminalError
from cockpit.pipelines.build_models import build_all
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.workspace import find_workspace
from cockpit.stack.settings import REPOSITORY, Settings
from cockpit.warehouse.builds import last_seconds
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.tables import add_keys, drop_keys, ensure_table

DATABASE = "cockpit_bench_models"
COUNT = 20
THREADS = 2

# The product's requirements: total execution time beside dbt's, and what the runner adds to the SQL that it runs.
BAR_OVERHEAD = 0.10

_TITLES = {
    "empty": "our runner, tables were empty",
    "bare": "the same SQL bare: create table as, keys, analyze",
    "dbt": "dbt run, materialised as tables, the same indexes",
    "dbt_analysed": "the same, with statistics of each table as ours has",
    "again": "our runner, every row computed again, the difference written",
}


class Bench:
    """A database with the inputs, and the clock."""

    def __init__(self, settings: Settings, url: str, context: BuildContext, models: Sequence[Model]) -> None:
        self.settings = settings
        self.url = url
        self.context = context
        self.models = models
        self.wall: dict[str, list[float]] = {}
        self.single: dict[str, list[dict[str, float]]] = {}

    def take(self, name: str, action: Callable[[], dict[str, float]]) -> None:
        """Take the time of one round; the action gives the seconds of each model."""
        tell(name)
        started = time.perf_counter()
        seconds = action()
        self.wall.setdefault(name, []).append(time.perf_counter() - started)
        self.single.setdefault(name, []).append(seconds)

    def empty(self) -> None:
        """Our tables as before their first build, but with their shape and policies."""
        names = [model.name for model in self.models]
        with self.connected() as connection, connection.cursor() as cursor:
            for model in self.models:
                cursor.execute(f"truncate {model.qualified_name}")
            cursor.execute("truncate ops.changed_key")
            cursor.execute("delete from ops.model_build where model = any(%s)", (names,))

    def ours(self, *, full: bool = False) -> dict[str, float]:
        """Build through the runner, core before marts, as a run does."""
        found: dict[str, float] = {}
        for layer in ("core", "marts"):
            chosen = [model for model in self.models if model.layer == layer]
            builds = build_all(self.context, chosen, {}, full=full)
            found |= {build.model: build.seconds for build in builds}
        return found

    def bare(self) -> dict[str, float]:
        """The same selects and keys by plain statements, as many at a time."""
        longest = self.single["empty"][-1]
        with self.connected() as connection, connection.cursor() as cursor:
            cursor.execute("drop schema if exists bare cascade; create schema bare")
        ordered = sorted(self.models, key=lambda model: -longest[model.name])
        with ThreadPoolExecutor(THREADS) as pool:
            return dict(pool.map(self._create, ordered))

    def _create(self, model: Model) -> tuple[str, float]:
        name = f"bare.{model.name}"
        with closing(psycopg2.connect(self.url)) as connection:
            started = time.perf_counter()
            with connection, connection.cursor() as cursor:
                cursor.execute(f"create table {name} as {selection(model, self.context.parameters())}")
                cursor.execute(f"alter table {name} add primary key ({', '.join(model.contract.grain)})")
                for columns in model.contract.indexes:
                    cursor.execute(f"create index on {name} ({', '.join(columns)})")
                cursor.execute(f"analyze {name}")
            return model.name, time.perf_counter() - started

    def same(self) -> list[str]:
        """Models of which dbt made other rows than we did."""
        differing = []
        with self.connected() as connection, connection.cursor() as cursor:
            for model in self.models:
                columns = ", ".join(model.contract.columns)
                digests = []
                for place in (model.qualified_name, f"{SCHEMA}.{model.name}"):
                    cursor.execute(
                        "select count(*), sum(hashtextextended(cast(row as text), 0)) from"
                        f" (select {columns} from {place}) as row"
                    )
                    digests.append(cursor.fetchone())
                if digests[0] != digests[1]:
                    differing.append(model.name)
        return differing

    def rows(self) -> int:
        """Rows of all tables that are built."""
        with self.connected() as connection, connection.cursor() as cursor:
            cursor.execute(" union all ".join(f"select count(*) from {model.qualified_name}" for model in self.models))
            return sum(count for (count,) in cursor.fetchall())

    @contextmanager
    def connected(self) -> Iterator[PgConnection]:
        """One transaction."""
        with closing(psycopg2.connect(self.url)) as connection, connection:
            yield connection


class Dbt:
    """A warm process of dbt."""

    def __init__(self, settings: Settings, url: str, folder: Path) -> None:
        address = make_url(url)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AIRFLOW"))},
            "BENCH_HOST": str(address.host),
            "BENCH_PORT": str(address.port or 5432),
            "BENCH_USER": str(address.username),
            "BENCH_PASSWORD": str(address.password or ""),
            "BENCH_DATABASE": str(address.database),
        }
        self._process = subprocess.Popen(
            [settings.program("dbt", "python"), str(REPOSITORY / "benchmarks/models/peer.py"), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
        )
        self.versions = str(self._answer()["versions"])

    def run(self) -> dict[str, float]:
        """Run the project; the seconds of each model."""
        if self._process.stdin is None:
            raise LookupError("dbt has no input")
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        return {str(name): float(seconds) for name, seconds in self._answer()["models"].items()}

    def close(self) -> None:
        """End it; it leaves once nobody asks any more."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        for line in self._process.stdout or ():
            if line.startswith("answer "):
                return dict(json.loads(line.removeprefix("answer ")))
        raise RuntimeError("dbt has ended; what it said stands above")


def chosen(settings: Settings, context: BuildContext) -> list[Model]:
    """Of the models with SQL in core and marts those that took longest when last built in full, in building order."""
    with closing(psycopg2.connect(_warehouse(settings))) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('ops.model_build') is not null")
        seconds = last_seconds(cursor) if cursor.fetchone() == (True,) else {}
    usable = [
        model
        for model in context.graph.models.values()
        if model.layer in ("core", "marts")
        and model.query is not None
        and not model.contract.survivorship
        and model.contract.materialised != "view"
        # Bookkeeping, and what people decided, is not in the copy.
        and not any(name.startswith(("ops.", "quality.", "mdm.")) for name in model.reads)
        and model.name in seconds
    ]
    if len(usable) < COUNT:
        raise TerminalError(
            f"the warehouse has {len(usable)} built models of {COUNT}",
            fix="Fill it: './cockpit demo', or './cockpit demo --scale medium'.",
        )
    names = {model.name for model in sorted(usable, key=lambda model: -seconds[model.name])[:COUNT]}
    return [model for model in usable if model.name in names]


def copy_inputs(settings: Settings, url: str, context: BuildContext, models: Sequence[Model]) -> int:
    """Bring the tables that the models read, and do not make themselves, into the benchmark's database; their rows."""
    own = {model.qualified_name for model in models}
    inputs = sorted({each.qualified_name for model in models for each in context.graph.upstream(model)} - own)
    by_name = {model.qualified_name: model for model in context.graph.models.values()}
    total = 0
    with closing(psycopg2.connect(_warehouse(settings))) as source, closing(psycopg2.connect(url)) as target:
        source.set_session(readonly=True, isolation_level="REPEATABLE READ")
        with target, target.cursor() as cursor, source.cursor() as reading:
            for model in models:
                ensure_table(cursor, model, context.workspace.models_folder)
            for name in inputs:
                model = by_name[name]
                ensure_table(cursor, model, context.workspace.models_folder)
                drop_keys(cursor, model)
                columns = ", ".join(model.contract.columns)
                with tempfile.TemporaryFile() as file:
                    reading.copy_expert(f"copy (select {columns} from {name}) to stdout (format binary)", file)
                    file.seek(0)
                    cursor.copy_expert(f"copy {name} ({columns}) from stdin (format binary)", file)
                total += cursor.rowcount
                add_keys(cursor, model)
                cursor.execute(f"analyze {name}")
    return total


def _warehouse(settings: Settings) -> str:
    return settings.admin_database_url("cockpit").render_as_string(hide_password=False)


def tell(step: str) -> None:
    """Say what is measured now."""
    print(json.dumps({"step": step}), flush=True)


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    settings = Settings.load()
    os.environ["COCKPIT_OPENLINEAGE"] = "off"
    context = run_context(find_workspace("huaxing"), run_id="bench")
    models = chosen(settings, context)
    with tempfile.TemporaryDirectory(dir=settings.home) as name, workspace_database(settings, DATABASE) as url:
        folders = {"dbt": Path(name) / "plain", "dbt_analysed": Path(name) / "analysed"}
        os.environ["AIRFLOW_CONN_WAREHOUSE"] = url
        tell("copy_inputs")
        prepare(context)
        with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
            # dbt has no word for it; ours sets it for each build.
            zone = context.workspace.settings.time_zone
            cursor.execute(f"alter database {DATABASE} set timezone = '{zone}'")
        inputs = copy_inputs(settings, url, context, models)
        bench = Bench(settings, url, context, models)
        peers: dict[str, Dbt] = {}
        try:
            for each, folder in folders.items():
                folder.mkdir()
                after_each = [STATISTICS] if each == "dbt_analysed" else []
                write_project(folder, models, context.parameters(), THREADS, after_each)
                peers[each] = Dbt(settings, url, folder)
            measure(bench, peers, given.rounds)
            differing = bench.same()
            rows = bench.rows()
        finally:
            for peer in peers.values():
                peer.close()
        versions = peers["dbt"].versions
        with closing(psycopg2.connect(url)) as connection:
            version = connection.server_version
    server = f"PostgreSQL {version // 10000}.{version % 10000}"
    result = summary(bench, f"{server}, {versions}", inputs, rows, differing)
    if not differing:
        write(result)
    print(json.dumps({"result": result}), flush=True)


def measure(bench: Bench, peers: Mapping[str, Dbt], rounds: int) -> None:
    """A round to warm up everything, then rounds of each in turn; the tables are empty or gone before each."""
    for number in range(rounds + 1):
        bench.empty()
        bench.take("empty", bench.ours)
        bench.take("bare", bench.bare)
        for name, peer in peers.items():
            with bench.connected() as connection, connection.cursor() as cursor:
                cursor.execute(f"drop schema if exists {SCHEMA} cascade")
            bench.take(name, peer.run)
        bench.take("again", lambda: bench.ours(full=True))
        if number == 0:
            bench.wall.clear()
            # Which takes longest is still known.
            for name in ("bare", *peers, "again"):
                del bench.single[name]
    bench.single["empty"] = bench.single["empty"][1:]


def summary(bench: Bench, versions: str, inputs: int, rows: int, differing: list[str]) -> dict[str, Any]:
    """Everything as JSON knows it."""
    wall = {name: statistics.median(taken) for name, taken in bench.wall.items()}
    busy = {name: statistics.median(sum(each.values()) for each in taken) for name, taken in bench.single.items()}
    models = {
        model.name: {
            name: round(statistics.median(each[model.name] for each in taken), 3)
            for name, taken in bench.single.items()
        }
        for model in bench.models
    }
    overhead = wall["empty"] / wall["bare"] - 1
    return {
        "machine": machine(),
        "versions": versions,
        "threads": THREADS,
        "input_rows": inputs,
        "rows": rows,
        "measures": [
            {"name": name, "seconds": round(wall[name], 3), "busy_seconds": round(busy[name], 3)} for name in _TITLES
        ],
        "models": models,
        "overhead": round(overhead, 3),
        "overhead_bar": BAR_OVERHEAD,
        "differing": differing,
        "is_met": not differing and wall["empty"] < wall["dbt"] and overhead <= BAR_OVERHEAD,
    }


def write(result: dict[str, Any]) -> None:
    """Keep the result for people and for programs."""
    about = (
        f"Written by `./cockpit bench models`: the {len(result['models'])} models of core and marts that take\nlongest,"
        f" {result['rows']:,} rows from {result['input_rows']:,} that they read, {result['threads']} at a time.\n"
        "Seconds of the median round, in warm processes, alternating; `busy` adds up the models. dbt runs the same\n"
        "selects with the same casts and indexes and gives the same rows. Beside the bare SQL, our runner takes\n"
        f"{result['overhead']:+.1%} (at most {result['overhead_bar']:.0%})."
    )
    lines = ["# Models", "", about, "", f"{result['machine']}; {result['versions']}.", ""]
    rows = [
        (_TITLES[each["name"]], f"{each['seconds']:.2f}", f"{each['busy_seconds']:.2f}") for each in result["measures"]
    ]
    lines += [*table(("what", "s", "busy"), rows, numbers_from=1), ""]
    singles = [
        (name, *(f"{seconds[each]:.2f}" for each in _TITLES))
        for name, seconds in sorted(result["models"].items(), key=lambda item: -item[1]["empty"])
    ]
    names = ("model", "empty", "bare", "dbt", "analysed", "again")
    keep("models", result, [*lines, *table(names, singles, numbers_from=1)])


if __name__ == "__main__":
    main()
