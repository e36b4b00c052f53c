"""A load whose process is killed, taken up again, ends like one that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.rulebook.workspace import REPOSITORY, find_workspace
from cockpit.sources.load import load_entity
from tests.integration.sources.site import Site, described

LOAD = """
import sys
from pathlib import Path
from cockpit.rulebook.workspace import load_workspace
from cockpit.sources.load import load_entity

load_entity(
    load_workspace(Path(sys.argv[1])), sys.argv[2], sys.argv[3], "killed-run", on_batch=lambda _batch: print(flush=True)
)
"""


def kill_in_the_middle(workspace_file: Path, source: str, entity: str, delay: float) -> None:
    """Start a load in a process of its own and kill it so many seconds after its first commit."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(workspace_file), source, entity],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )
    assert process.stdout is not None
    assert process.stdout.readline(), "the load ended before its first batch"
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL


@pytest.fixture(scope="module")
def till_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100,000 lines of 200 days, some of them malformed."""
    chance = random.Random(5)
    path = tmp_path_factory.mktemp("till") / "till.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("number,day,text\n")
        for number in range(100_000):
            day = date(2025, 1, 1) + timedelta(days=number // 500)
            file.write(f"{number},{day} 08:00:00,{chance.randbytes(12).hex()}\n" if number % 1000 else f"{number}\n")
    return path


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15])
def test_killed_load_of_a_file(site: Site, till_file: Path, delay: float) -> None:
    columns = described(number="bigint", day="timestamp", text="text")
    line = {"path": str(till_file), "key": "line", "batch_by": "day", "columns": columns}
    site.declare("till", "file", {"line": line})
    workspace = site.workspace
    kill_in_the_middle(workspace.folder / "workspace.yml", "till", "line", delay)
    ((before,),) = site.query("select sum(received) from ops.import_batch")
    assert before < 100_000, "killed too late to say anything"
    site.assert_balanced()

    result = site.load("till.line")

    assert result.received == 100_000 - before
    # One batch more than days: the first line is malformed, before any day is known.
    assert site.query(
        "select sum(received), sum(loaded), sum(rejected), count(distinct label) from ops.import_batch"
    ) == [(100_000, 99_900, 100, 201)]
    assert site.query("select count(*), count(distinct payload ->> 'number') from raw.till__line") == [(99_900, 99_900)]
    site.assert_balanced()
    assert site.load("till.line").received == 0


def test_killed_load_of_a_table(site: Site, shop: Any) -> None:
    with shop.cursor() as cursor:
        cursor.execute(
            "insert into sale select n, 'shop', n, repeat('x', 200), now() from generate_series(1, 200000) as n"
        )
    columns = described(sale_id="bigint", amount="numeric")
    sale = {"table": "sale", "key": ["sale_id"], "cursor": "changed", "columns": columns}
    site.declare("erp", "sql", {"sale": sale}, connection="shop")
    workspace = site.workspace
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(workspace.folder / "workspace.yml"), "erp", "sale"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )
    deadline = time.monotonic() + 30
    while not site.query("select 1 from pg_stat_activity where query like 'copy incoming%' and state = 'active'"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert site.query("select count(*) from ops.import_batch") == [(0,)]
    assert site.load("erp.sale").loaded == 200_000
    site.assert_balanced()


@pytest.mark.realdata
def test_killed_load_of_the_uci_invoices(
    site: Site, database: str, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCKPIT_REAL_DATA", str(real_data))
    monkeypatch.setenv("AIRFLOW_CONN_ONLINE_RETAIL_WAREHOUSE", database)
    workspace = find_workspace("online_retail")
    kill_in_the_middle(workspace.folder / "workspace.yml", "online_retail", "invoice_line", 0.3)
    ((before,),) = site.query("select sum(received) from ops.import_batch")
    assert 0 < before < 541_909

    result = load_entity(workspace, "online_retail", "invoice_line", "test-run")

    assert result.received == 541_909 - before
    assert site.query(
        "select sum(received), sum(loaded), sum(rejected), count(*), count(distinct label) from ops.import_batch"
    ) == [(541_909, 541_909, 0, 305, 305)]
    assert site.query(
        "select count(*), sum((payload ->> 'Quantity')::bigint) from raw.online_retail__invoice_line"
    ) == [(541_909, 5_176_450)]
    site.assert_balanced()
    again = load_entity(workspace, "online_retail", "invoice_line", "test-run")
    assert (again.batches, again.received, again.loaded) == (1, 0, 0)
