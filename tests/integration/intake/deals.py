"""A small workspace of deals with the service for links, and what a person does there."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit.domain.task_link import TaskLink, make_token
from cockpit.pipelines.refresh import Refresh, refresh
from cockpit.pipelines.run_context import run_context
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.runner import BuildContext
from tests.conftest import Postgres
from tests.integration.intake.service import Intake
from tests.workspaces import WorkspaceDatabase, make_workspace_database

KEY = b"0123456789abcdef0123456789abcdef"

WORKSPACE = f"""
    workspace: deals
    title: Deals & Co
    title_zh: 交易公司
    warehouse: deals_warehouse
    sources: sources
    models: models
    normalisation: {REPOSITORY / "include" / "rules" / "normalisation"}
    push: push
    security: security
    currency: CNY
    time_zone: Asia/Shanghai
"""

SOURCE = """
    source: crm
    title: CRM
    title_zh: 客户系统
    owner: sales-operations
    connector: sql
    connection: deals_warehouse
    personal_data: {basis: contract, purpose: To sell, purpose_zh: 销售}
    entities:
      deal:
        table: deal
        key: [deal_id]
        cursor: changed_at
        deletes: {}
        columns:
          deal_id: {type: bigint, required: true, description: Deal, description_zh: 商机}
          signed: {type: date, description: Signed, description_zh: 签约}
          opened: {type: timestamp, description: Opened, description_zh: 创建}
          stage: {type: text, values: [won, lost], description: Stage, description_zh: 阶段}
          amount: {type: numeric, unit: CNY, description: Amount, description_zh: 金额}
          phone: {type: text, standard: phone, sensitivity: personal, description: Phone, description_zh: 电话}
          note: {type: text, description: Note, description_zh: 备注}
          rep: {type: text, description: Rep, description_zh: 销售}
          changed_at: {type: timestamp, description: Last change, description_zh: 修改时间}
        checks:
          - id: signed_before_opened
            expect: condition
            condition: signed >= opened
            on_fail: quarantine
            owner_column: rep
            offending: [signed, opened]
            message: Signed before it was opened
            message_zh: 签约早于创建
          - id: amount_zero
            expect: condition
            condition: amount <> 0
            on_fail: quarantine
            concerns_money: true
            owner_column: rep
            offending: [amount]
            message: Signed with amount zero
            message_zh: 签约金额为零
          - id: note_repeated
            expect: condition
            condition: not (deal_id > min(deal_id) over (partition by note))
            on_fail: quarantine
            owner_column: rep
            offending: [note]
            message: An earlier deal has this note
            message_zh: 备注重复
          - id: phone_usable
            expect: condition
            condition: coalesce(phone_outcome, 'ok') <> 'invalid'
            on_fail: quarantine
            owner_column: rep
            offending: [phone_received]
            message: The phone number cannot be one
            message_zh: 电话号码不可用
        conforms_to:
          deal: {key: [deal_id], columns: {amount: amount, phone: phone}}
"""

CONFORMED = """
    table: stg_deal
    description: Deals of all sources
    description_zh: 商机
    grain: [source, source_key]
    owner: sales-operations
    columns:
      source: {type: text, description: Source, description_zh: 来源}
      source_key: {type: text, description: Key, description_zh: 主键}
      amount: {type: numeric, description: Amount, description_zh: 金额}
      phone: {type: text, description: Phone, description_zh: 电话}
"""

FACT = """
    table: core_deal
    description: Deals
    description_zh: 商机
    grain: [source_key]
    owner: sales-operations
    columns:
      source_key: {type: text, nullable: false, description: Key, description_zh: 主键}
      amount: {type: numeric, description: Amount, description_zh: 金额}
"""
FACT_SQL = """
    -- Grain: one row per deal.
    select
        source_key,
        amount
    from staging.stg_deal
"""

MART = """
    table: mart_deal_total
    description: Amount of all deals
    description_zh: 商机总额
    grain: [company]
    owner: sales-operations
    row_scope: {}
    columns:
      company: {type: text, nullable: false, description: Company, description_zh: 公司}
      amount: {type: numeric, unit: CNY, description: Amount, description_zh: 金额}
      deal_count: {type: bigint, description: Number of deals, description_zh: 商机数}
"""
MART_SQL = """
    -- Grain: one row.
    select
        'company' as company,
        sum(amount) as amount,
        count(*) as deal_count
    from core.core_deal
"""

CHANNELS = """
    version: 1
    delivery: {tries: 3, first_wait_seconds: 0.01, longest_wait_seconds: 0.01, give_up_after_hours: 1, keep_texts_days: 30}
    channels:
      email:
        kind: email
        connection: deals_smtp
        sender: cockpit@deals.example
        sender_name: Cockpit
        sender_name_zh: 驾驶舱
        messages: 1000
        per_seconds: 1
        pause_seconds: 1
        timeout_seconds: 5
        max_bytes: 200000
      team:
        kind: dingtalk
        connection: deals_team
        readers: group
        messages: 20
        per_seconds: 60
        pause_seconds: 1
        timeout_seconds: 5
        max_bytes: 20000
"""
TOPICS = """
    version: 1
    topics:
      quality_task: {label: Rows, label_zh: 数据, channels: [email]}
      quality_task_totals: {label: Rows that wait, label_zh: 待处理, channels: [team]}
    tasks: {links: 2, valid_hours: 24}
    teams: {sales-operations: [ann]}
"""
PEOPLE = """
    people:
      ann: {name: Ann, name_zh: 安, email: ann@deals.example}
      bob: {name: Bob, name_zh: 鲍, email: bob@deals.example}
      rep1: {name: Rep, name_zh: 销售一, email: rep1@deals.example}
"""
ROLES = """
    roles:
      reader: {label: Reader, label_zh: 读者, permissions: [can_read on Dashboard]}
"""
SUBJECTS = """
    subjects:
      deals: {label: Deals, label_zh: 商机, marts: [mart_deal_total]}
"""

FILES = {
    "workspace.yml": WORKSPACE,
    "sources/crm.yml": SOURCE,
    "models/staging/stg_deal.yml": CONFORMED,
    "models/core/core_deal.yml": FACT,
    "models/core/core_deal.sql": FACT_SQL,
    "models/marts/mart_deal_total.yml": MART,
    "models/marts/mart_deal_total.sql": MART_SQL,
    "push/channels.yml": CHANNELS,
    "push/topics.yml": TOPICS,
    "security/people.yml": PEOPLE,
    "security/roles.yml": ROLES,
    "security/subjects.yml": SUBJECTS,
}


class Deals:
    """The workspace, its database, and its running service."""

    def __init__(self, folder: Path, database: WorkspaceDatabase, connection: PgConnection) -> None:
        self.folder = folder
        self.database = database
        self.connection = connection
        self.intake: Intake | None = None

    def context(self) -> BuildContext:
        load_workspace.cache_clear()
        return run_context(
            load_workspace(self.folder / "workspace.yml"), as_of=datetime(2026, 3, 5, tzinfo=UTC), run_id="test"
        )

    def run(self) -> Refresh:
        return refresh(self.context(), lambda _stage: None)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def put(self, deal_id: int, **changes: str | None) -> None:
        """A deal that is held back, because it was signed before it was opened."""
        values = {
            "deal_id": deal_id, "signed": "2026-01-01", "opened": "2026-02-01", "stage": "won", "amount": "500",
            "phone": "139 1234 5678", "note": f"note {deal_id}", "rep": "rep1",
        } | changes  # fmt: skip
        self.query("delete from deal where deal_id = %s", deal_id)
        self.query(
            f"insert into deal ({', '.join(values)}, changed_at)"
            f" values ({', '.join(['%s'] * len(values))}, clock_timestamp())",
            *values.values(),
        )

    def tasks(self) -> list[tuple[Any, ...]]:
        return self.query("select key, owner, state from quality.task order by task_id")

    def passed(self) -> list[str]:
        return [key for (key,) in self.query("select source_key from staging.stg_deal order by source_key")]

    def total(self) -> list[tuple[Any, ...]]:
        return self.query("select cast(amount as text), deal_count from marts.mart_deal_total")

    def task_id(self, key: object = 1) -> int:
        found = self.query("select max(task_id) from quality.task where key = %s", str(key))
        return int(found[0][0])

    def token(self, key: object = 1, *, person: str = "rep1", version: int | None = None, seconds: int = 600) -> str:
        task_id = self.task_id(key)
        now = self.query("select link_version from quality.task where task_id = %s", task_id)[0][0]
        expires_at = int(time.time()) + seconds
        return make_token(TaskLink(task_id, person, now if version is None else version, expires_at), [KEY])

    @property
    def http(self) -> httpx.Client:
        assert self.intake
        return self.intake.http

    def get(self, token: str, **headers: str) -> httpx.Response:
        return self.http.get(f"/tasks/{token}", headers={"Accept-Language": "en", **headers})

    def answer(self, token: str, action: str = "correct", **fields: str) -> httpx.Response:
        """Send the page's form off with some inputs changed; names of values without their prefix."""
        page = self.get(token)
        sent = inputs(page.text) | {"action": action}
        for name, value in fields.items():
            sent[name if name in ("reason", "token", "version") else f"value.{name}"] = value
        return self.post(token, sent)

    def post(self, token: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        return self.http.post(f"/tasks/{token}", data=fields, headers={"Accept-Language": "en", **headers})


def inputs(page: str) -> dict[str, str]:
    """What a browser would send of a form in which nothing was typed."""
    found = {}
    for name, value in re.findall(r'<input[^>]*? name="([^"]+)" value="([^"]*)"', page):
        found[name] = unescape(value)
    for name, text in re.findall(r'<textarea[^>]*? name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        found[name] = unescape(text)
    for name, options in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r"<option selected>(.*?)</option>", options)
        found[name] = unescape(chosen[1]) if chosen else ""
    return found


def make_database(postgres: Postgres, name: str) -> WorkspaceDatabase:
    database = make_workspace_database(postgres, name)
    with closing(psycopg2.connect(postgres.dsn(name))) as connection, connection, connection.cursor() as cursor:
        for role in ("intake", "cockpit_tasks"):
            cursor.execute(
                sql.SQL("grant connect on database {} to {}").format(sql.Identifier(name), sql.Identifier(role))
            )
    return database


@contextmanager
def open_deals(folder: Path, database: WorkspaceDatabase, patch: pytest.MonkeyPatch) -> Iterator[Deals]:
    """The workspace with an empty database and the service in a thread."""
    patch.setenv("AIRFLOW_CONN_DEALS_WAREHOUSE", database.dsn("cockpit_etl"))
    patch.setenv("AIRFLOW_CONN_DEALS_WAREHOUSE_INTAKE", database.dsn("intake"))
    patch.setenv("AIRFLOW_CONN_DEALS_WAREHOUSE_TASKS", database.dsn("cockpit_tasks"))
    patch.setenv("COCKPIT_HOME", str(folder))
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "task_link_key").write_bytes(KEY + b"\n")
    (secrets / "identity_key").write_text("ab" * 32 + "\n")
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    (folder / "models" / "security").symlink_to(REPOSITORY / "include" / "sql" / "security")
    with closing(database.connect()) as connection:
        deals = Deals(folder, database, connection)
        layers = ("raw", "staging", "quality", "ops", "core", "marts", "mdm", "push", "security", "public")
        deals.query(
            f"drop schema if exists {', '.join(layers)} cascade;"
            + "".join(f"create schema {name};" for name in layers)
            + "create table public.deal (deal_id bigint primary key, signed text, opened text, stage text, amount text,"
            " phone text, note text, rep text, changed_at timestamptz)"
        )
        load_workspace.cache_clear()
        service = Intake(load_workspace(folder / "workspace.yml"), database, secrets)
        deals.intake = service
        service.start()
        patch.setenv("COCKPIT_TASK_URL", service.url)
        try:
            yield deals
        finally:
            service.stop()
