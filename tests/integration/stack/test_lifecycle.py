"""Starting, crashing and stopping, on the real processes."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg2
import pytest

from cockpit.errors import StackError, TransientError
from cockpit.stack import account, lifecycle, postgres, processes
from cockpit.stack.settings import Settings
from cockpit.stack.supervision import Supervisor


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.1)


def execute(settings: Settings, statement: str) -> list[tuple[object, ...]]:
    connection = postgres.connect(settings)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def answers(settings: Settings) -> bool:
    try:
        return execute(settings, "select 1") == [(1,)]
    except TransientError:
        return False


def supervisor_process(settings: Settings) -> psutil.Process:
    return psutil.Process(int((settings.run / "supervisord.pid").read_text()))


def server_process(settings: Settings) -> psutil.Process:
    process = postgres.running_postmaster(settings)
    assert process is not None
    return process


def test_server_does_not_run_as_root_and_listens_on_loopback(database: Settings) -> None:
    server = server_process(database)

    assert server.uids().effective != 0
    assert server.num_fds() >= 0
    listening = {each.laddr.ip for each in server.net_connections(kind="inet") if each.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_status_shows_the_server(database: Settings) -> None:
    service = lifecycle.status(database).services[0]

    assert (service.name, service.state, service.crashes) == ("postgres", "healthy", None)
    assert service.memory_mb is not None
    assert 10 < service.memory_mb < 500


def test_second_up_changes_nothing(database: Settings) -> None:
    before = server_process(database).pid

    again = lifecycle.up(Settings.load(), services=["postgres"])

    assert again == database
    assert server_process(database).pid == before


def test_data_survive_the_death_of_the_server(database: Settings) -> None:
    execute(database, "create table kept as select 42 as answer")
    server = server_process(database)

    server.send_signal(signal.SIGKILL)

    server.wait(10)
    wait_for(lambda: answers(database))
    assert execute(database, "select answer from kept") == [(42,)]
    crashes = lifecycle.status(database).services[0].crashes
    assert crashes is not None
    assert crashes.count >= 1
    # The restart itself may have failed once while the dead server's children still held its memory.
    assert crashes.last_reason in ("terminated by SIGKILL", "exit status 1")


def test_down_leaves_nothing_after_the_supervisor_was_killed(database: Settings) -> None:
    supervisor, server = supervisor_process(database), server_process(database)
    family = [supervisor, server, *server.children(recursive=True)]

    supervisor.kill()
    supervisor.wait(10)
    assert lifecycle.status(database).leftover_count > 0
    left = lifecycle.down(database)

    assert left > 0
    assert [process for process in family if process.is_running()] == []
    assert processes.leftovers(database) == []


def test_up_after_the_supervisor_was_killed_starts_anew(database: Settings) -> None:
    execute(database, "create table kept as select 42 as answer")
    old = server_process(database)
    supervisor_process(database).kill()

    again = lifecycle.up(Settings.load(), services=["postgres"])

    assert not old.is_running()
    assert again.ports == database.ports
    assert execute(again, "select answer from kept") == [(42,)]


def test_down_stops_everything_in_order(database: Settings) -> None:
    server = server_process(database)

    assert lifecycle.down(database) == 0

    assert not server.is_running()
    assert not Supervisor(database).is_running()
    assert "database system is shut down" in database.newest_log_of("postgres").read_text()


def test_a_stale_lock_with_another_programs_id_does_not_block(database: Settings) -> None:
    lock = database.postgres_data / "postmaster.pid"
    content = lock.read_text()
    lifecycle.down(database)
    # As after a crash of the machine: the lock is still there, and its number belongs to somebody else now.
    lock.write_text(content.replace(content.split("\n", 1)[0], str(os.getpid()), 1))
    account.give(lock)

    lifecycle.up(Settings.load(), services=["postgres"])

    assert answers(database)


def test_a_port_that_was_taken_meanwhile_is_named_with_its_holder(database: Settings) -> None:
    lifecycle.down(database)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", database.ports.postgres))
        other.listen()

        with pytest.raises(StackError) as caught:
            lifecycle.up(Settings.load(), services=["postgres"])

    assert f"port {database.ports.postgres} is taken by" in str(caught.value)
    assert str(os.getpid()) in str(caught.value)


def test_a_home_that_others_cannot_enter(home: Path) -> None:
    home.mkdir()
    home.chmod(0o700)
    settings = lifecycle.up(Settings.load(), services=["postgres"])
    try:
        assert answers(settings)
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        lifecycle.down(settings)


def test_a_half_made_data_folder_is_made_again(home: Path) -> None:
    (home / "data" / "postgres.partial" / "base").mkdir(parents=True)
    settings = lifecycle.up(Settings.load(), services=["postgres"])
    try:
        assert answers(settings)
        assert not (home / "data" / "postgres.partial").exists()
    finally:
        lifecycle.down(settings)


def test_a_home_with_a_difficult_name(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    difficult = tmp_path / "50% of it's 华星"
    monkeypatch.setenv("COCKPIT_HOME", str(difficult))
    settings = lifecycle.up(Settings.load(), services=["postgres"])
    try:
        assert answers(settings)
    finally:
        lifecycle.down(settings)


def test_a_very_long_home(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_HOME", str(tmp_path / ("long" * 25) / "home"))
    settings = lifecycle.up(Settings.load(), services=["postgres"])
    try:
        assert not settings.socket.is_relative_to(settings.home)
        assert answers(settings)
    finally:
        lifecycle.down(settings)


def test_a_service_that_cannot_start_says_why(database: Settings) -> None:
    lifecycle.down(database)
    (database.postgres_data / "postgresql.auto.conf").write_text("shared_preload_libraries = 'no_such_library'\n")

    with pytest.raises(StackError) as caught:
        lifecycle.up(Settings.load(), services=["postgres"])

    assert "no_such_library" in str(caught.value)
    assert str(database.log_of("postgres")) in str(caught.value)
    assert lifecycle.status(database).is_stopped


def test_lost_administrators_password_is_told(database: Settings) -> None:
    (database.secrets / "postgres").write_text("wrong")

    with pytest.raises(StackError, match="secrets/postgres; it belongs to these data"):
        lifecycle.up(Settings.load(), services=["postgres"])


def test_reset_removes_everything_but_the_environments(database: Settings) -> None:
    lifecycle.down(database)

    lifecycle.remove(database)

    assert [path.name for path in database.home.iterdir() if path.name != "env"] == []
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(host="127.0.0.1", port=database.ports.postgres, user="postgres", connect_timeout=2)
