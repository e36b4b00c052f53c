"""Other tools that bring a PostgreSQL table into another database; runs in the environment of benchmarks.

The databases' URLs come in COCKPIT_BENCH_SOURCE and COCKPIT_BENCH_TARGET, where no list of processes shows their
passwords. Prints seconds, without the time of imports.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any, Literal

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
# Its progress would cost time and mix with ours.
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"


def run_dlt(
    source: str,
    target: str,
    table: str,
    backend: Literal["pyarrow", "connectorx"],
    disposition: Literal["append", "merge"],
    between: Literal["parquet", "csv"] = "parquet",
) -> float:
    """dlt with Arrow in memory: Parquet is copied by ADBC, its fastest way into PostgreSQL, CSV by its own driver."""
    import dlt
    from dlt.sources.sql_database import sql_table

    source = _with_driver(source)
    options: dict[str, Any] = {"backend_kwargs": {"return_type": "arrow"}} if backend == "connectorx" else {}
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        rows = sql_table(credentials=source, table=table, backend=backend, chunk_size=100_000, **options)
        if disposition == "merge":
            rows.apply_hints(primary_key="id")
        pipeline = dlt.pipeline(
            "bench",
            destination=dlt.destinations.postgres(target),
            dataset_name=f"dlt_{backend}_{disposition}_{between}",
            pipelines_dir=folder,
        )
        pipeline.run(rows, write_disposition=disposition, loader_file_format=between).raise_on_failed_jobs()
        return time.perf_counter() - started


def run_pandas(source: str, target: str, table: str) -> float:
    """pandas as most scripts use it: `read_sql` in chunks, `to_sql` with its defaults."""
    import pandas as pd
    import sqlalchemy as sa

    reading = sa.create_engine(_with_driver(source)).connect().execution_options(stream_results=True)
    writing = sa.create_engine(_with_driver(target))
    started = time.perf_counter()
    for number, chunk in enumerate(pd.read_sql(f"select * from {table}", reading, chunksize=10_000)):
        chunk.to_sql("pandas_sale", writing, if_exists="append" if number else "replace", index=False)
    seconds = time.perf_counter() - started
    reading.close()
    return seconds


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg2://")


def main() -> None:
    """Run one peer, or print what is installed."""
    peers: dict[str, Callable[[str, str, str], float]] = {
        "dlt_arrow": partial(run_dlt, backend="pyarrow", disposition="append"),
        "dlt_arrow_merge": partial(run_dlt, backend="pyarrow", disposition="merge"),
        "dlt_arrow_csv": partial(run_dlt, backend="pyarrow", disposition="append", between="csv"),
        "dlt_connectorx": partial(run_dlt, backend="connectorx", disposition="append"),
        "pandas": run_pandas,
    }
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=[*peers, "versions"])
    parser.add_argument("table", nargs="?", default="sale")
    given = parser.parse_args()
    if given.peer == "versions":
        print(", ".join(f"{name} {version(name)}" for name in ("dlt", "pyarrow", "connectorx", "pandas")))
        return
    print(peers[given.peer](os.environ["COCKPIT_BENCH_SOURCE"], os.environ["COCKPIT_BENCH_TARGET"], given.table))


if __name__ == "__main__":
    main()
