"""What happens when the database is away, the service stops, or too much comes at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx
import psycopg2
import pytest
from psycopg2 import sql

from tests.integration.intake.service import Intake

GOOD = {"contact": "王小明", "consent": True}


@contextmanager
def database_away(intake: Intake) -> Iterator[None]:
    """Every session is cut off and no new one let in."""
    name = intake.database.name
    with closing(psycopg2.connect(intake.database.postgres.dsn("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            door = sql.SQL("alter database {} allow_connections {}")
            cursor.execute(door.format(sql.Identifier(name), sql.SQL("false")))
            cut_off(intake)
            try:
                yield
            finally:
                cursor.execute(door.format(sql.Identifier(name), sql.SQL("true")))


def cut_off(intake: Intake) -> None:
    with (
        closing(psycopg2.connect(intake.database.postgres.dsn("postgres"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s", (intake.database.name,)
        )


class Senders:
    """Clients that post until told to stop, trying again under the same key whatever was not accepted."""

    def __init__(self, intake: Intake, count: int = 4) -> None:
        self._intake = intake
        self._is_over = threading.Event()
        self.accepted: list[str] = []
        self.statuses: Counter[int] = Counter()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(count)]

    def __enter__(self) -> Senders:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(60)

    def _send(self, number: int) -> None:
        serial = 0
        while not self._is_over.is_set():
            serial += 1
            key = f"{number}-{serial}"
            while True:
                try:
                    status = self._intake.post(GOOD | {"contact": key}, Idempotency_Key=key).status_code
                except httpx.TransportError:
                    status = 0
                self.statuses[status] += 1
                if status in (200, 201):
                    self.accepted.append(key)
                    break
                if self._is_over.is_set():
                    break
                time.sleep(0.05)


def test_while_the_database_is_away_nothing_is_accepted_and_then_it_goes_on(intake: Intake) -> None:
    intake.post(GOOD)
    with database_away(intake):
        answers = [intake.post(GOOD) for _each in range(3)]
        health = intake.http.get("/healthz")
    intake.wait_until_healthy()
    after = intake.post(GOOD)

    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert (health.status_code, after.status_code) == (503, 201)
    assert len(intake.raw()) == 2


def test_no_accepted_post_is_lost_or_doubled_when_sessions_are_cut_off(intake: Intake) -> None:
    with Senders(intake) as senders:
        for _cut in range(8):
            time.sleep(0.25)
            cut_off(intake)
        with database_away(intake):
            time.sleep(1)
        intake.wait_until_healthy()
        time.sleep(0.5)

    stored = [row["idempotency_key"] for row in intake.raw()]
    assert len(stored) == len(set(stored))
    assert set(senders.accepted) <= set(stored)
    assert len(senders.accepted) == len(set(senders.accepted)) > 50
    assert set(senders.statuses) <= {200, 201, 503}
    unbalanced = intake.query(
        "select batch_id, loaded, count(key) from ops.import_batch left join raw.web__page using (batch_id)"
        " group by batch_id, loaded having loaded <> count(key)"
    )
    assert unbalanced == []


def test_a_stop_finishes_what_was_accepted(start: Callable[..., Intake]) -> None:
    intake = start()
    with Senders(intake) as senders:
        time.sleep(0.5)
        intake.stop()

    stored = {row["idempotency_key"] for row in intake.raw()}
    # An answer may be lost on its way, a row may not.
    assert set(senders.accepted) <= stored
    assert len(stored - set(senders.accepted)) <= 4
    assert start().post(GOOD).status_code == 201


def test_two_services_do_not_write_the_same_form(intake: Intake, start: Callable[..., Intake]) -> None:
    with closing(psycopg2.connect(intake.database.dsn("cockpit_etl"))) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtextextended('cockpit.load web.page', 0))")
        assert cursor.fetchone() == (False,)


def test_too_much_at_once_is_refused_instead_of_kept(
    start: Callable[..., Intake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.intake.writer._ROWS_PER_COMMIT", 1)
    monkeypatch.setattr("cockpit.intake.writer._MOST_WAITING", 3)
    intake = start()
    answers: list[httpx.Response] = []
    with closing(psycopg2.connect(intake.database.dsn("cockpit_etl"))) as connection, connection.cursor() as cursor:
        # Nothing can be written until the lock is gone.
        cursor.execute("lock table raw.web__page")
        threads = [threading.Thread(target=lambda: answers.append(intake.post(GOOD))) for _each in range(10)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while len(answers) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        connection.rollback()
    for thread in threads:
        thread.join(20)

    # One is being written, three wait.
    assert Counter(answer.status_code for answer in answers) == {503: 6, 201: 4}
    assert len(intake.raw()) == 4
