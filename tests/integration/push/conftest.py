"""Providers on this machine, and a database with the outbox, emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.rulebook.push import Delivery, DingTalkRule, EmailRule, PushRules, Topic
from cockpit.rulebook.workspace import REPOSITORY
from tests.conftest import Postgres
from tests.integration.push import dingtalk_robot, mail_server
from tests.workspaces import WorkspaceDatabase, make_workspace_database


@pytest.fixture
def robot() -> Iterator[dingtalk_robot.Robot]:
    with dingtalk_robot.robot() as made:
        yield made


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mail_server.make_certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def mail(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[mail_server.MailServer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server.mail_server(certificate) as made:
        yield made


@pytest.fixture(scope="session")
def outbox_database(postgres: Postgres) -> WorkspaceDatabase:
    made = make_workspace_database(postgres, "cockpit_test_push")
    with closing(made.connect()) as connection, connection, connection.cursor() as cursor:
        script = (REPOSITORY / "src/cockpit/push/schema.sql").read_text(encoding="utf-8")
        for _again in range(2):
            cursor.execute(script)
    return made


@pytest.fixture
def database(outbox_database: WorkspaceDatabase) -> Iterator[PgConnection]:
    with closing(outbox_database.connect()) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("truncate push.outbox, push.attempt restart identity cascade")
        yield connection


def dingtalk_rule(**changes: object) -> DingTalkRule:
    return DingTalkRule.model_validate(
        {
            "kind": "dingtalk", "connection": "robot_{person}", "readers": "person", "messages": 1000,
            "per_seconds": 1, "pause_seconds": 600, "timeout_seconds": 0.5, "max_bytes": 20_000,
        } | changes
    )  # fmt: skip


def email_rule(**changes: object) -> EmailRule:
    return EmailRule.model_validate(
        {
            "kind": "email", "connection": "smtp", "sender": "cockpit@huaxing.example", "sender_name": "CRM Cockpit",
            "sender_name_zh": "CRM 驾驶舱", "messages": 1000, "per_seconds": 1, "pause_seconds": 600,
            "timeout_seconds": 0.8, "max_bytes": 20_000,
        } | changes
    )  # fmt: skip


def push_rules(channel: DingTalkRule | EmailRule, **delivery: float) -> PushRules:
    """One channel, which every message takes."""
    values = {
        "tries": 3, "first_wait_seconds": 0.001, "longest_wait_seconds": 0.001, "give_up_after_hours": 1,
        "keep_texts_days": 30,
    }  # fmt: skip
    return PushRules(
        delivery=Delivery.model_validate(values | delivery),
        channels={"only": channel},
        topics={"task": Topic(label="Tasks", label_zh="任务", channels=("only",))},
        teams={},
    )


def connect_again(database: WorkspaceDatabase) -> PgConnection:
    return psycopg2.connect(database.dsn("cockpit_etl"))
