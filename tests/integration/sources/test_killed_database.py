"""PostgreSQL itself is killed in the middle of a load: what was committed stays, the rest is taken up again."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from cockpit.errors import CockpitError, TransientError
from cockpit.stack import lifecycle
from cockpit.stack.settings import Settings
from tests.integration.sources.site import Site, described
from tests.integration.stack.conftest import prepare_environment

LINES = 60_000
ROWS = 40_000


@pytest.fixture
def killable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A server of its own: the other tests' must not die.

    Made anew for each seed, because the supervisor gives up on a service that ends twenty times within seconds.
    """
    with pytest.MonkeyPatch.context() as patch:
        prepare_environment(patch, tmp_path_factory.mktemp("killed") / "home")
        try:
            yield lifecycle.up(Settings.load(), services=["postgres"])
        finally:
            lifecycle.down(Settings.load())


@pytest.fixture(scope="module")
def till_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines of 60 days, each hundredth malformed."""
    path = tmp_path_factory.mktemp("till") / "till.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("number,day,text\n")
        for number in range(LINES):
            day = f"2026-{number // 28_000 + 1:02}-{number // 1000 % 28 + 1:02}"
            file.write(f"{number},{day},text\n" if number % 100 else "-\n")
    return path


def postmaster(settings: Settings) -> psutil.Process:
    return psutil.Process(int((settings.postgres_data / "postmaster.pid").read_text().splitlines()[0]))


def wait_until_it_answers(dsn: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg2.connect(dsn).close()
        except psycopg2.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=[] if seed < 2 else pytest.mark.full) for seed in range(20)])
def test_every_row_arrives_once_though_the_database_is_killed(
    killable: Settings, till_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    name = f"cockpit_killed_{seed}"
    admin = killable.admin_database_url("postgres").render_as_string(hide_password=False)
    dsn = killable.admin_database_url(name).render_as_string(hide_password=False)
    wait_until_it_answers(admin)
    with closing(psycopg2.connect(admin)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"create database {name}")
    monkeypatch.setenv("AIRFLOW_CONN_SITE_WAREHOUSE", dsn)
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", dsn)
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("create table sale (sale_id bigint, amount numeric, changed timestamptz)")
        cursor.execute("insert into sale select n, n, now() from generate_series(1, %s) as n", (ROWS,))
    with closing(psycopg2.connect(dsn)) as connection:
        site = Site(tmp_path, connection)
        line = {"path": str(till_file), "key": "line", "batch_by": "day"}
        site.declare("till", "file", {"line": {**line, "columns": described(number="bigint", day="date")}})
        sale = {"table": "sale", "key": ["sale_id"], "columns": described(sale_id="bigint", changed="timestamp")}
        site.declare("erp", "sql", {"sale": {**sale, "cursor": "changed"}}, connection="shop")
        site.workspace  # noqa: B018 (writes the files)
    chance = random.Random(seed)
    kills = 0
    for entity in ("till.line", "erp.sale"):
        for _attempt in range(20):
            victim = postmaster(killable) if kills < 2 else None
            failure = load_while_killing(site, entity, victim, chance.uniform(0.05, 0.8))
            if victim:
                kills += 1
                wait_until_it_answers(dsn)
            if failure is None:
                break
            assert isinstance(failure, TransientError), failure
        else:
            pytest.fail(f"{entity} never loaded")
    with closing(psycopg2.connect(dsn)) as connection:
        after = Site(tmp_path, connection)
        assert after.query("select count(*), count(distinct payload ->> 'number') from raw.till__line") == [
            (LINES - LINES // 100, LINES - LINES // 100)
        ]
        assert after.query("select count(*) from raw.erp__sale") == [(ROWS,)]
        assert after.query(
            "select entity, sum(received) - sum(unchanged), sum(rejected) from ops.import_batch group by entity order by 1"
        ) == [("line", LINES, LINES // 100), ("sale", ROWS, 0)]
        after.assert_balanced()


def load_while_killing(site: Site, entity: str, victim: psutil.Process | None, delay: float) -> CockpitError | None:
    """Load; the victim dies after so many seconds, the server's other processes with it."""
    killer = threading.Timer(delay, lambda: victim and victim.send_signal(signal.SIGKILL))
    killer.start()
    try:
        site.load(entity)
    except CockpitError as error:
        return error
    finally:
        killer.join()
    return None
