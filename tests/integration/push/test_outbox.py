"""The outbox on a real PostgreSQL: queued with its cause, sent once, however many senders there are or are killed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import RuleFileError, TerminalError, TransientError
from cockpit.push.channels import ConnectedChannels
from cockpit.push.message import Message, Receipt, Recipient
from cockpit.push.outbox import Notice, Sending, forget_texts, queue, send_pending
from cockpit.push.timing import Timing
from cockpit.rulebook.push import ChannelRule, PushRules
from cockpit.rulebook.workspace import REPOSITORY
from tests.integration.push.conftest import dingtalk_rule, email_rule, push_rules
from tests.integration.push.dingtalk_robot import SECRET, TOKEN, Robot, reset
from tests.integration.push.mail_server import MailServer
from tests.workspaces import WorkspaceDatabase

LINK = "http://127.0.0.1:8090/tasks/f4110f43.NDEu.UHiG"
RULES = push_rules(dingtalk_rule())
PEOPLE = {
    "zhao.min": Recipient("zhao.min", "赵敏", "zhao.min@huaxing.example"),
    "qian.li": Recipient("qian.li", "钱丽", "qian.li@huaxing.example"),
}


@pytest.fixture
def connected(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> Robot:
    """The robot of zhao.min."""
    monkeypatch.setenv("AIRFLOW_CONN_ROBOT_ZHAO_MIN", robot.url)
    return robot


def notice(number: int = 41, **changes: Any) -> Notice:
    values = {
        "key": f"task/{number}/1", "topic": "task", "recipient": "zhao.min", "title": f"Task {number}",
        "text_markdown": f"Row {number} looks wrong", "link": LINK,
    }  # fmt: skip
    return Notice(**(values | changes))


def put(database: PgConnection, *notices: Notice, rules: PushRules = RULES) -> int:
    with database, database.cursor() as cursor:
        return sum(queue(cursor, rules, each) for each in notices)


def send(database: PgConnection, rules: PushRules = RULES, **options: Any) -> Sending:
    return send_pending(database, rules, ConnectedChannels(rules.channels), PEOPLE.get, **options)


def rows(database: PgConnection, columns: str, table: str = "push.outbox") -> list[tuple[Any, ...]]:
    with database, database.cursor() as cursor:
        cursor.execute(f"select {columns} from {table} order by 1")
        return cursor.fetchall()


def let_time_pass(database: PgConnection, seconds: float) -> None:
    """Everything that was noted happened so much earlier."""
    with database, database.cursor() as cursor:
        for table, columns in {
            "outbox": ("queued_at", "next_try_at", "give_up_at", "finished_at"),
            "attempt": ("started_at", "finished_at"),
        }.items():
            earlier = ", ".join(f"{name} = {name} - make_interval(secs => {seconds})" for name in columns)
            cursor.execute(f"update push.{table} set {earlier}")


def test_a_message_is_queued_sent_and_keeps_no_link(database: PgConnection, connected: Robot) -> None:
    assert put(database, notice()) == 1
    assert connected.messages == []
    assert send(database) == Sending(sent=1)
    assert connected.texts == [f"### Task 41\n\nRow 41 looks wrong\n\n[Open]({LINK})"]
    assert rows(database, "message_id, state, attempts, link, answer, finished_at is not null") == [
        (1, "sent", 1, None, "errcode 0", True)
    ]
    assert send(database) == Sending()
    assert len(connected.requests) == 1


def test_a_cause_queues_once(database: PgConnection, connected: Robot) -> None:
    assert put(database, notice(), notice()) == 1
    send(database)
    # Not after it was sent either.
    assert put(database, notice(title="Another title")) == 0
    assert put(database, notice(key="task/41/2")) == 1


def test_what_its_cause_takes_back_is_not_sent(database: PgConnection, connected: Robot) -> None:
    with database.cursor() as cursor:
        assert queue(cursor, RULES, notice()) == 1
    database.rollback()
    assert send(database) == Sending()


def test_people_without_a_connection_get_none(database: PgConnection, connected: Robot) -> None:
    assert put(database, notice(recipient="qian.li")) == 0
    assert put(database, notice(recipient="qian_li")) == 0
    assert rows(database, "message_id") == []


def test_wrong_notices_are_refused(database: PgConnection, connected: Robot) -> None:
    with pytest.raises(RuleFileError, match="unknown topic"):
        put(database, notice(topic="weather"))
    with pytest.raises(TerminalError, match="no web address"):
        put(database, notice(link="javascript:alert(1)"))


def test_a_group_reads_totals_only(database: PgConnection, robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ROBOT", robot.url)
    rules = push_rules(dingtalk_rule(connection="robot", readers="group"))
    desk = "http://127.0.0.1:8080/desk"
    both = [
        notice(recipient=name, title="Customer 华为", group_text="**2** rows wait", group_link=desk)
        for name in ("zhao.min", "qian.li")
    ]
    assert put(database, *both, notice(42), rules=rules) == 1
    assert send(database, rules) == Sending(sent=1)
    assert robot.texts == [f"### Tasks\n\n**2** rows wait\n\n[Open]({desk})"]
    assert rows(database, "recipient, title") == [("", "Tasks")]


def test_mail_goes_to_each_person(database: PgConnection, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SMTP", mail.url)
    rules = push_rules(email_rule())
    notices = [notice(number, recipient=name) for number, name in enumerate(["zhao.min", "qian.li", "nobody"])]
    assert put(database, *notices, rules=rules) == 3
    assert send(database, rules) == Sending(sent=2, failed=1)
    assert [taken.recipients for taken in mail.mails] == [["<zhao.min@huaxing.example>"], ["<qian.li@huaxing.example>"]]
    assert rows(database, "recipient, state, answer") == [
        ("nobody", "failed", "the person has no usable e-mail address"),
        ("qian.li", "sent", "250"),
        ("zhao.min", "sent", "250"),
    ]


def test_a_fault_is_tried_again_later(database: PgConnection, connected: Robot) -> None:
    put(database, notice())
    connected.answers = [(500, b""), reset]
    slow = push_rules(dingtalk_rule(), first_wait_seconds=100, longest_wait_seconds=1000)
    timing = Timing(chance=lambda: 1.0)
    assert send(database, slow, timing=timing) == Sending(again=1)
    assert send(database, slow, timing=timing) == Sending()
    (wait,) = rows(database, "round(extract(epoch from next_try_at - clock_timestamp()))::int")[0]
    assert 95 <= wait <= 100
    let_time_pass(database, 100)
    assert send(database, slow, timing=timing) == Sending(again=1)
    (wait,) = rows(database, "round(extract(epoch from next_try_at - clock_timestamp()))::int")[0]
    assert 195 <= wait <= 200
    let_time_pass(database, 200)
    assert send(database, slow, timing=timing) == Sending(sent=1)
    assert rows(database, "attempt_id, outcome", "push.attempt") == [(1, "again"), (2, "again"), (3, "sent")]


def test_a_message_is_given_up_after_its_tries(database: PgConnection, connected: Robot) -> None:
    put(database, notice())
    connected.answers = [(500, b"")] * 3
    slow = push_rules(dingtalk_rule(), first_wait_seconds=30, longest_wait_seconds=30)
    for _try in range(3):
        result = send(database, slow)
        let_time_pass(database, 31)
    assert result == Sending(failed=1)
    assert rows(database, "state, attempts, link, answer") == [("failed", 3, None, "DingTalk answers 500")]
    assert send(database) == Sending()


def test_an_old_message_is_given_up(database: PgConnection, connected: Robot) -> None:
    put(database, notice())
    let_time_pass(database, 3601)
    assert send(database) == Sending(failed=1)
    assert connected.requests == []
    assert rows(database, "state, link, answer") == [("failed", None, "given up")]


def test_a_refused_message_does_not_hold_up_the_next(database: PgConnection, connected: Robot) -> None:
    put(database, notice(1), notice(2))
    connected.answers = [(200, {"errcode": 430104, "errmsg": "inappropriate"})]
    assert send(database) == Sending(sent=1, failed=1)


def test_a_refused_channel_keeps_its_messages(
    database: PgConnection, connected: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, *map(notice, range(5)))
    monkeypatch.setenv("AIRFLOW_CONN_ROBOT_ZHAO_MIN", connected.url.replace(SECRET, "SECmistyped"))
    for _run in range(5):
        result = send(database)
        let_time_pass(database, 1)
        assert (result.sent, result.failed, result.again) == (0, 0, 1)
        assert "sign not match" in str(result.refused["robot_zhao_min"])
    # One request each time, not one per message.
    assert len(connected.requests) == 5
    monkeypatch.setenv("AIRFLOW_CONN_ROBOT_ZHAO_MIN", connected.url)
    assert send(database) == Sending(sent=5)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param(None, None, id="taken away"),
        pytest.param("not an address", "is not a URL", id="not readable"),
        pytest.param("https://oapi.dingtalk.com/robot/send", "not the address of a DingTalk robot", id="no token"),
    ],
)
def test_a_connection_that_cannot_be_used(
    database: PgConnection, connected: Robot, monkeypatch: pytest.MonkeyPatch, url: str | None, says: str | None
) -> None:
    put(database, notice())
    monkeypatch.delenv("AIRFLOW_CONN_ROBOT_ZHAO_MIN")
    if url:
        monkeypatch.setenv("AIRFLOW_CONN_ROBOT_ZHAO_MIN", url)
    result = send(database)
    assert (result.sent, result.failed, result.waiting) == (0, 0, 1)
    assert [says in str(error) for error in result.refused.values()] == ([True] if says else [])


def test_the_provider_s_limit_pauses_the_robot(database: PgConnection, connected: Robot) -> None:
    put(database, *map(notice, range(3)))
    connected.answers = [(200, {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"})]
    assert send(database, patience_seconds=5) == Sending(again=1, waiting=3)
    let_time_pass(database, 590)
    assert send(database, patience_seconds=5) == Sending(waiting=3)
    let_time_pass(database, 11)
    assert send(database) == Sending(sent=3)
    # Waiting was not the message's own fault.
    assert rows(database, "message_id, attempts") == [(1, 1), (2, 1), (3, 1)]


def test_the_limit_holds_in_any_period(database: PgConnection, connected: Robot) -> None:
    rules = push_rules(dingtalk_rule(messages=4, per_seconds=0.6))
    put(database, *map(notice, range(11)), rules=rules)
    assert send(database, rules) == Sending(sent=11)
    times = [moment for moment, _document in connected.messages]
    assert min(later - earlier for earlier, later in zip(times, times[4:], strict=False)) >= 0.6


def test_without_patience_the_rest_waits(database: PgConnection, connected: Robot) -> None:
    rules = push_rules(dingtalk_rule(messages=20, per_seconds=60))
    put(database, *map(notice, range(25)), rules=rules)
    assert send(database, rules, patience_seconds=0) == Sending(sent=20, waiting=5)
    let_time_pass(database, 61)
    assert send(database, rules, patience_seconds=0) == Sending(sent=5)


def test_senders_at_once_send_each_message_once_and_keep_the_limit(
    database: PgConnection, outbox_database: WorkspaceDatabase, connected: Robot
) -> None:
    rules = push_rules(dingtalk_rule(messages=10, per_seconds=0.7))
    put(database, *map(notice, range(40)), rules=rules)
    connected.delay = 0.01
    results: list[Sending] = []

    def work() -> None:
        with closing(outbox_database.connect()) as own:
            results.append(send(own, rules))

    senders = [threading.Thread(target=work) for _number in range(3)]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    assert sum(result.sent for result in results) == 40
    titles = Counter(document["markdown"]["title"] for _time, document in connected.messages)
    assert titles == Counter(f"Task {number}" for number in range(40))
    assert min(result.sent for result in results) > 0
    times = sorted(moment for moment, _document in connected.messages)
    assert min(later - earlier for earlier, later in zip(times, times[10:], strict=False)) >= 0.7


def test_a_sender_is_killed_after_sending(
    database: PgConnection, outbox_database: WorkspaceDatabase, connected: Robot
) -> None:
    put(database, notice())
    with subprocess.Popen(
        [sys.executable, "-m", "tests.integration.push.sender_process", outbox_database.dsn("cockpit_etl")],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "plugins", "."])},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sent\n"
        assert send(database) == Sending()
        process.kill()
    assert rows(database, "state, attempts") == [("queued", 1)]
    assert send(database) == Sending()
    let_time_pass(database, 61)
    assert send(database) == Sending(sent=1)
    # At least once for the provider, never lost.
    assert len(connected.messages) == 2
    assert rows(database, "state, attempts") == [("sent", 2)]
    assert rows(database, "attempt_id, outcome", "push.attempt") == [(1, None), (2, "sent")]


def test_nobody_takes_what_a_slow_sender_still_holds(
    database: PgConnection, outbox_database: WorkspaceDatabase, connected: Robot
) -> None:
    put(database, notice())
    with closing(outbox_database.connect()) as slow, slow.cursor() as cursor:
        cursor.execute("select from push.outbox for update")
        assert send(database, patience_seconds=0.5) == Sending(waiting=1)
        slow.rollback()
    assert send(database) == Sending(sent=1)


class Broken:
    """A channel with a fault in its code."""

    rule: ChannelRule = dingtalk_rule()

    def get(self, _channel: str, _connection: str) -> Broken:
        return self

    def send(self, _message: Message) -> Receipt:
        raise ZeroDivisionError


def test_a_message_that_breaks_its_senders_is_given_up(database: PgConnection, connected: Robot) -> None:
    put(database, notice())
    for _crash in range(3):
        with pytest.raises(ZeroDivisionError):
            send_pending(database, RULES, Broken(), PEOPLE.get)
        database.rollback()
        let_time_pass(database, 61)
    assert send(database) == Sending(failed=1)
    assert rows(database, "state, attempts, answer") == [("failed", 3, "given up")]


def test_the_database_breaks_off(database: PgConnection, outbox_database: WorkspaceDatabase, connected: Robot) -> None:
    put(database, notice())

    class Cutting(Broken):
        def send(self, _message: Message) -> Receipt:
            with closing(psycopg2.connect(outbox_database.postgres.dsn(outbox_database.name))) as admin:
                admin.autocommit = True
                with admin.cursor() as cursor:
                    cursor.execute("select pg_terminate_backend(%s)", (own.get_backend_pid(),))
            return Receipt("sent")

    with closing(outbox_database.connect()) as own, pytest.raises(TransientError, match="broke off"):
        send_pending(own, RULES, Cutting(), PEOPLE.get)
    let_time_pass(database, 61)
    assert send(database) == Sending(sent=1)


@pytest.mark.parametrize("text", ["\x00\ud800" * 100, "<script>[x](http://evil.example)", "x" * 1_000_000, ""])
def test_hostile_texts_go_through(database: PgConnection, connected: Robot, text: str) -> None:
    put(database, notice(title=text, text_markdown=text))
    assert send(database).failed == 0
    assert "<" not in "".join(connected.texts)


def test_texts_are_removed_after_a_while(database: PgConnection, connected: Robot) -> None:
    put(database, notice(1), notice(2))
    send(database)
    put(database, notice(3))
    let_time_pass(database, 29 * 86_400)
    assert forget_texts(database, RULES.delivery) == 0
    let_time_pass(database, 2 * 86_400)
    assert forget_texts(database, RULES.delivery) == 2
    assert forget_texts(database, RULES.delivery) == 0
    assert rows(database, "message_id, state, title, text_markdown is null, link is null") == [
        (1, "sent", None, True, True),
        (2, "sent", None, True, True),
        (3, "queued", "Task 3", False, False),
    ]


def test_the_log_holds_counts_only(database: PgConnection, connected: Robot, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    put(database, notice(1, title="客户 华为"), notice(2), notice(3))
    connected.answers = [(500, b""), (200, {"errcode": 430104, "errmsg": "13800138000 refused"})]
    send(database, push_rules(dingtalk_rule(), first_wait_seconds=30, longest_wait_seconds=30))
    assert "1 sent, 1 failed, 1 tried again later" in caplog.text
    assert not any(text in caplog.text for text in ("华为", "zhao", "13800138000", "NDEu", SECRET, TOKEN))
