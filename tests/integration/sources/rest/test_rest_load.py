"""A web API into raw, on a real PostgreSQL: what is new only, every row once, whatever is killed."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import CockpitError, TerminalError, TransientError
from cockpit.rulebook.workspace import REPOSITORY
from cockpit.sources.loading.window import Interval
from cockpit.sources.rest import reader
from tests.integration.sources.rest.api import Reply, Server, moment, paged
from tests.integration.sources.rest.world import ENTITY
from tests.integration.sources.site import Site

PAGE = {"kind": "offset", "size_param": "limit", "size": 100}
SINCE = {"since_param": "since", "until_param": "until", "page": PAGE}


def declare(site: Site, *, source: dict[str, Any] | None = None, **entity: Any) -> None:
    site.declare("api", "rest", {"row": ENTITY | entity}, **{"connection": "test_api", "retries": 0, **(source or {})})


def rows(*numbers: int, text: str = "a") -> list[dict[str, Any]]:
    return [{"id": number, "changed": moment(number), "text": text} for number in numbers]


def test_the_second_load_asks_for_what_is_new(site: Site, start: Callable[..., Server]) -> None:
    held = rows(*range(250))
    server = start(paged(held, "offset"))
    declare(site, **SINCE, is_sorted=True, overlap="PT10S")
    first = site.load("api.row")
    assert (first.received, first.loaded, first.rejected) == (250, 250, 0)
    held += rows(300, 301)
    held[245] |= {"text": "changed in place", "changed": moment(302)}
    held.sort(key=lambda row: str(row["changed"]))
    second = site.load("api.row")
    assert (second.received, second.loaded, second.unchanged) == (13, 3, 10)
    assert "since=2026-03-01T00%3A03%3A59Z" in server.asked[-1].query
    third = site.load("api.row")
    assert (third.received, third.loaded, third.unchanged) == (3, 0, 3)
    assert site.query("select count(*), count(distinct payload ->> 'id') from raw.api__row") == [(252, 252)]
    assert site.query("select cursor_from, cursor_to from ops.import_batch order by batch_id") == [
        (None, "2026-03-01 00:04:09+00"),
        ("2026-03-01 00:04:09+00", "2026-03-01 00:05:02+00"),
        ("2026-03-01 00:05:02+00", "2026-03-01 00:05:02+00"),
    ]
    site.assert_balanced()


def test_an_unsorted_api_moves_the_cursor_at_the_end_only(
    site: Site, start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ROWS_PER_PORTION", 100)
    held = rows(*reversed(range(450)))
    well = paged(held, "offset")
    server = start(lambda asked: Reply({}, 503) if asked.params["offset"] == "300" else well(asked))
    declare(site, **SINCE)
    with pytest.raises(TransientError):
        site.load("api.row")
    assert site.query("select count(*) from raw.api__row") == [(200,)]
    server.behaviour = well
    again = site.load("api.row")
    assert (again.received, again.loaded, again.unchanged) == (450, 250, 200)
    # The greatest cursor came with the first portion.
    assert site.load("api.row").received == 1
    site.assert_balanced()


def test_a_back_fill_reads_its_interval_and_leaves_the_cursor(site: Site, start: Callable[..., Server]) -> None:
    start(paged(rows(*range(200)), "offset"))
    declare(site, **SINCE)
    past = site.load("api.row", interval=Interval("2026-03-01 00:00:10+00", "2026-03-01 00:00:20+00"))
    assert past.received == 10
    assert site.load("api.row").received == 200
    site.assert_balanced()


def test_rows_that_are_gone_are_marked(site: Site, start: Callable[..., Server]) -> None:
    held = rows(*range(50))
    start(paged(held, "offset"))
    declare(site, **SINCE, deletes={})
    site.load("api.row")
    del held[7:9]
    result = site.load("api.row")
    assert result.deleted == 2
    assert site.query("select key from raw.api__row where deleted_at is not null order by key") == [("7",), ("8",)]
    del held[:]
    with pytest.raises(TerminalError, match="48 of 48 rows are gone"):
        site.load("api.row")


def test_bad_records_are_listed_and_good_ones_loaded(site: Site, start: Callable[..., Server]) -> None:
    long_key = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6_000))
    deep = b'{"id": 3, "a": ' + b"[" * 900 + b"]" * 900 + b"}"
    body = (
        b'{"data": {"items": [{"id": 1}, {"id": null}, [], "text", null, {"id": 2, "a": "\xff"}, {"id": "nul\\u0000"},'
        b' {"id": "\\ud800"}, {"id": {"a": 1}}, {"id": "%s"}, %s, {"id": 9, "changed": "2026-99-99"},'
        b' {"id": 10, "changed": 1e300, "n": 1e400, "m": -0.0}, {"id": "tab\\t\\\\N"}, {"id": "id", "\\u0000": 1}, {"id": 1}]}}'
    ) % (long_key.encode(), deep)
    start(lambda _asked: Reply(body))
    declare(site)
    result = site.load("api.row")
    assert result.received == 16
    good = [key for key, _payload in site.raw("api__row") if len(key) < 100 and key != "3"]
    assert good == ["1", "10", "9", "tab\t\\N"]
    reasons = [row[0] for row in site.query("select reason from ops.rejected_line")]
    assert len(reasons) == result.rejected >= 9
    site.assert_balanced()


def test_one_source_that_fails_leaves_the_other_alone(site: Site, start: Callable[..., Server]) -> None:
    start(paged(rows(1), "none"))
    declare(site, page={"kind": "none"})
    site.declare("gone", "rest", {"row": ENTITY}, connection="nowhere", retries="0")
    with pytest.raises(CockpitError, match="connection 'nowhere' is not defined"):
        site.load("gone.row")
    assert site.load("api.row").loaded == 1


@contextmanager
def program(port: int, count: int) -> Iterator[subprocess.Popen[str]]:
    """The API as a process of its own, ready to answer."""
    script = Path(__file__).with_name("api.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(port), str(count)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("is_sorted", [True, False], ids=["sorted", "unsorted"])
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 20))])
def test_a_killed_api_is_taken_up_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, seed: int, is_sorted: bool
) -> None:
    monkeypatch.setattr(reader, "ROWS_PER_PORTION", 500)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("AIRFLOW_CONN_TEST_API", f"http://127.0.0.1:{port}/")
    declare(site, **SINCE, is_sorted=is_sorted)
    with program(port, 6_000) as process:
        chance = random.Random(seed)
        killer = threading.Timer(chance.uniform(0.02, 0.35), process.send_signal, [signal.SIGKILL])
        killer.start()
        with suppress(TransientError):
            site.load("api.row")
        killer.join()
    site.assert_balanced()
    with program(port, 6_000):
        site.load("api.row", full=True) if seed % 2 and not is_sorted else site.load("api.row")
        assert site.query("select count(*), count(distinct payload ->> 'id') from raw.api__row") == [(6_000, 6_000)]
        assert site.load("api.row").loaded == 0
    site.assert_balanced()


LOAD = """
import sys
from pathlib import Path
from cockpit.rulebook.workspace import load_workspace
from cockpit.sources.load import load_entity
from cockpit.sources.rest import reader

reader.ROWS_PER_PORTION = 500
load_entity(load_workspace(Path(sys.argv[1])), "api", "row", "killed-run", on_batch=lambda _batch: print(flush=True))
"""


@pytest.mark.parametrize("is_sorted", [True, False], ids=["sorted", "unsorted"])
def test_a_killed_load_is_taken_up_again(site: Site, start: Callable[..., Server], is_sorted: bool) -> None:
    start(paged(rows(*range(5_000)), "offset"))
    declare(site, **SINCE, is_sorted=is_sorted)
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(site.workspace.folder / "workspace.yml")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )
    assert process.stdout is not None
    assert process.stdout.readline(), "the load ended before its first batch"
    time.sleep(0.02)
    process.kill()
    process.communicate()
    ((before,),) = site.query("select sum(received) from ops.import_batch")
    assert 0 < before < 5_000
    site.assert_balanced()
    result = site.load("api.row")
    # A sorted API goes on at the last cursor, which it gives once more.
    assert result.received == (5_000 - before + 1 if is_sorted else 5_000)
    assert site.query("select count(*), count(distinct payload ->> 'id') from raw.api__row") == [(5_000, 5_000)]
    site.assert_balanced()
