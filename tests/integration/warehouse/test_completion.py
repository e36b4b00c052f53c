"""Missing values are filled from other rows by rule, marked, refused and taken back; nothing given is overwritten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.cli import completions as command
from cockpit.cli.main import parser
from cockpit.errors import RuleFileError, TerminalError, UsageError
from cockpit.pipelines.refresh import Refresh, refresh
from cockpit.pipelines.run_context import run_context
from cockpit.quality import completions
from cockpit.quality.completions import Cell
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.runner import BuildContext
from tests.conftest import Postgres
from tests.workspaces import WorkspaceDatabase, make_workspace_database

WORKSPACE = f"""
    workspace: gaps
    title: Gaps
    title_zh: 缺失
    warehouse: gaps_warehouse
    sources: sources
    completion: completion
    models: models
    normalisation: {REPOSITORY / "include" / "rules" / "normalisation"}
    currency: CNY
    time_zone: Asia/Shanghai
"""

ERP = """
    source: erp
    title: ERP
    title_zh: ERP
    owner: sales-operations
    connector: sql
    connection: gaps_warehouse
    entities:
      client:
        table: client
        key: [client_id]
        columns:
          client_id: {type: bigint, required: true, description: Client, description_zh: 客户}
          code: {type: text, standard: credit-code, description: Code, description_zh: 代码}
          phone: {type: text, standard: phone, description: Phone, description_zh: 电话}
          region: {type: text, description: Region, description_zh: 区域}
          founded: {type: date, description: Founded, description_zh: 成立}
        conforms_to:
          client:
            key: [client_id]
            columns:
              client_key: cast(client_id as text)
              credit_code: code
              phone: phone
              region_code: region
              founded_on: founded
      sale:
        table: sale
        key: [sale_id]
        columns:
          sale_id: {type: bigint, required: true, description: Sale, description_zh: 订单}
          client_id: {type: bigint, description: Client, description_zh: 客户}
          region: {type: text, description: Region, description_zh: 区域}
          sold_on: {type: date, description: Sold, description_zh: 日期}
          amount: {type: numeric, description: Amount, description_zh: 金额}
        checks:
          - id: amount_below_zero
            expect: condition
            condition: amount >= 0
            on_fail: quarantine
            message: The amount is below zero
            message_zh: 金额为负
"""

CRM = """
    source: crm
    title: CRM
    title_zh: CRM
    owner: sales-operations
    connector: sql
    connection: gaps_warehouse
    entities:
      account:
        table: account
        key: [account_id]
        columns:
          account_id: {type: bigint, required: true, description: Account, description_zh: 客户}
          code: {type: text, standard: credit-code, description: Code, description_zh: 代码}
          mobile: {type: text, standard: phone, description: Phone, description_zh: 电话}
          address: {type: text, standard: address, description: Address, description_zh: 地址}
          founded: {type: text, description: Founded as typed, description_zh: 成立}
          state: {type: text, description: State, description_zh: 状态}
        checks:
          - id: state_known
            expect: in_set
            column: state
            values: [customer, lost]
            on_fail: quarantine
            message: The state is unknown
            message_zh: 状态未知
        conforms_to:
          client:
            key: [account_id]
            where: state = 'customer'
            columns: {client_key: cast(account_id as text), credit_code: code, phone: mobile}
"""

CONFORMED = """
    table: stg_client
    description: Clients of all sources
    description_zh: 客户
    grain: [source, source_key]
    owner: sales-operations
    columns:
      source: {type: text, nullable: false, description: Source, description_zh: 来源}
      source_key: {type: text, nullable: false, description: Key, description_zh: 主键}
      client_key: {type: text, nullable: false, description: Key, description_zh: 主键}
      credit_code: {type: text, description: Code, description_zh: 代码}
      phone: {type: text, description: Phone, description_zh: 电话}
      region_code: {type: text, description: Region, description_zh: 区域}
      founded_on: {type: date, description: Founded, description_zh: 成立}
"""

RULES = """
    rules:
      - id: client_region
        entity: client
        column: region_code
        min_confidence: 0.9
        from:
          - {entity: crm.account, value: address_details ->> 'region_code'}
          - entity: crm.account
            value: address_details ->> 'region_code'
            same: {credit_code: code}
          - {entity: erp.sale, value: region, same: {client_key: client_id}, latest_by: sold_on, into: [erp]}
          - entity: erp.client
            value: phone
            where: phone_details ->> 'type' = 'landline'
            starts_with: {"+8621": CN-SH, "+8620": CN-GD, "+86": CN}
        why: A company is where its office is
        why_zh: 以办公地为准
      - id: client_phone
        entity: client
        column: phone
        min_confidence: 0.9
        from:
          - {entity: crm.account, value: mobile, same: {credit_code: code}, where: state = 'customer'}
        why: The number of the same company
        why_zh: 同一公司的电话
      - id: client_founded
        entity: client
        column: founded_on
        min_confidence: 0.9
        from:
          - {entity: crm.account, value: founded, same: {credit_code: code}}
        why: The same company
        why_zh: 同一公司
"""

# Two credit codes with right check characters.
CODE, OTHER = "91310115MA1K4LJT40", "91440300MA5ABCD19W"


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "test_completion")


class Gaps:
    """A workspace whose ERP clients have gaps that the CRM and the sales know something about."""

    def __init__(self, folder: Path, connection: PgConnection) -> None:
        self.folder = folder
        self.connection = connection

    def context(self) -> BuildContext:
        load_workspace.cache_clear()
        return run_context(
            load_workspace(self.folder / "workspace.yml"), as_of=datetime(2026, 3, 5, tzinfo=UTC), run_id="test"
        )

    def run(self, *, full: bool = False) -> Refresh:
        return refresh(self.context(), lambda _stage: None, full=full)

    def rules(self, text: str) -> None:
        file = self.folder / "completion" / "clients.yml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def client(self, client_id: int, **values: str) -> None:
        self._put("client", {"client_id": client_id, **values})

    def account(self, account_id: int, **values: str) -> None:
        self._put("account", {"account_id": account_id, "state": "customer", **values})

    def sale(self, sale_id: int, client_id: int, region: str | None, sold_on: str, amount: str = "1") -> None:
        self._put(
            "sale",
            {"sale_id": sale_id, "client_id": client_id, "region": region, "sold_on": sold_on, "amount": amount},
        )

    def _put(self, table: str, values: dict[str, Any]) -> None:
        key = next(iter(values))
        self.query(f"delete from {table} where {key} = %s", values[key])
        places = ", ".join(["%s"] * len(values))
        self.query(f"insert into {table} ({', '.join(values)}) values ({places})", *values.values())

    def regions(self) -> dict[str, str | None]:
        return dict(self.query("select source_key, region_code from staging.stg_client where source = 'erp'"))

    def clients(self) -> list[tuple[Any, ...]]:
        return self.query(
            "select source, source_key, phone, region_code, cast(founded_on as text), completed"
            " from staging.stg_client order by 1, 2"
        )

    def found(self) -> list[tuple[Any, ...]]:
        return self.query(
            "select source_key, column_name, outcome, value, from_entity, from_key, found_count, candidates"
            " from quality.completion where entity = 'client' and source = 'erp' order by 1, 2"
        )


@pytest.fixture
def gaps(tmp_path: Path, database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gaps]:
    monkeypatch.setenv("AIRFLOW_CONN_GAPS_WAREHOUSE", database.dsn("cockpit_etl"))
    for name, text in {
        "workspace.yml": WORKSPACE,
        "sources/erp.yml": ERP,
        "sources/crm.yml": CRM,
        "models/staging/stg_client.yml": CONFORMED,
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    (tmp_path / "models" / "security").symlink_to(REPOSITORY / "include" / "sql" / "security")
    schemas = ("raw", "staging", "quality", "ops", "core", "public")
    with closing(database.connect()) as connection:
        gaps = Gaps(tmp_path, connection)
        gaps.rules(RULES)
        gaps.query(
            f"drop schema if exists {', '.join(schemas)} cascade;"
            + "".join(f"create schema {name};" for name in schemas)
            + "create table public.client (client_id bigint primary key, code text, phone text, region text,"
            " founded text);"
            "create table public.account (account_id bigint primary key, code text, mobile text, address text,"
            " founded text, state text);"
            "create table public.sale (sale_id bigint primary key, client_id bigint, region text, sold_on text,"
            " amount text)"
        )
        yield gaps


def test_each_kind_of_step_finds_its_value_and_says_where(gaps: Gaps) -> None:
    gaps.client(1, code=CODE)
    gaps.client(2)
    gaps.sale(1, 2, "CN-BJ", "2026-01-01")
    gaps.sale(2, 2, "CN-SH", "2026-02-01")
    gaps.sale(3, 2, None, "2026-03-01")
    gaps.client(3, phone="020-83812345")
    gaps.client(4, phone="13912345670")
    gaps.client(5, code=CODE, phone="021-62345679", region="CN-TJ", founded="2001-01-01")
    gaps.account(9, code=CODE, mobile="021-5888 1234", address="上海市浦东新区张江路100号", founded="1999-12-31")
    gaps.run()
    by_code = {"from": "crm.account", "key": "9"}
    assert gaps.clients() == [
        ("crm", "9", "+862158881234", "CN-SH", "1999-12-31",
         {"region_code": {"rule": "client_region", **by_code}, "founded_on": {"rule": "client_founded", **by_code}}),
        ("erp", "1", "+862158881234", "CN-SH", "1999-12-31",
         {"phone": {"rule": "client_phone", **by_code}, "region_code": {"rule": "client_region", **by_code},
          "founded_on": {"rule": "client_founded", **by_code}}),
        ("erp", "2", None, "CN-SH", None,
         {"region_code": {"rule": "client_region", "from": "erp.sale", "key": "2"}}),
        ("erp", "3", "+862083812345", "CN-GD", None,
         {"region_code": {"rule": "client_region", "from": "erp.client", "key": "3"}}),
        ("erp", "4", "+8613912345670", None, None, None),
        ("erp", "5", "+862162345679", "CN-TJ", "2001-01-01", None),
    ]  # fmt: skip


def test_different_values_are_a_conflict_and_stay_null_even_where_a_later_step_knows_one(gaps: Gaps) -> None:
    gaps.client(1, code=CODE, phone="021-62345679")
    gaps.account(8, code=CODE, address="北京市海淀区中关村大街1号")
    gaps.account(9, code=CODE, address="上海市浦东新区张江路100号")
    gaps.run()
    assert gaps.regions() == {"1": None}
    assert gaps.found() == [("1", "region_code", "conflict", None, "crm.account", "8", 2, ["CN-BJ", "CN-SH"])]
    # Two rows that say the same are none; the first one's key is kept.
    gaps.account(8, code=CODE, address="上海市徐汇区漕溪北路1号")
    gaps.run()
    assert gaps.found() == [("1", "region_code", "filled", "CN-SH", "crm.account", "8", 2, None)]


def test_the_latest_rows_may_disagree_too(gaps: Gaps) -> None:
    gaps.client(1)
    gaps.sale(1, 1, "CN-BJ", "2026-02-01")
    gaps.sale(2, 1, "CN-SH", "2026-02-01")
    gaps.sale(3, 1, "CN-SH", "2026-01-01")
    gaps.run()
    assert gaps.found() == [("1", "region_code", "conflict", None, "erp.sale", "1", 2, ["CN-BJ", "CN-SH"])]


def test_a_row_that_is_held_back_gives_nothing(gaps: Gaps) -> None:
    gaps.client(1, code=CODE)
    gaps.client(2)
    gaps.account(9, code=CODE, address="上海市浦东新区张江路100号", state="nonsense")
    gaps.sale(1, 2, "CN-BJ", "2026-01-01", amount="-5")
    gaps.run()
    assert gaps.regions() == {"1": None, "2": None}
    gaps.account(9, code=CODE, address="上海市浦东新区张江路100号")
    gaps.sale(1, 2, "CN-BJ", "2026-01-01", amount="5")
    gaps.run()
    assert gaps.regions() == {"1": "CN-SH", "2": "CN-BJ"}
    gaps.sale(1, 2, "CN-BJ", "2026-01-01", amount="-5")
    gaps.run()
    assert gaps.regions() == {"1": "CN-SH", "2": None}


def test_what_was_given_but_cannot_be_read_is_not_missing(gaps: Gaps) -> None:
    gaps.client(1, code=CODE, phone="1381234567")
    gaps.client(2, code=CODE, phone="无")
    gaps.client(3, code=CODE)
    gaps.account(9, code=CODE, mobile="13912345670")
    gaps.run()
    phones = gaps.query("select source_key, phone from staging.stg_client where source = 'erp' order by 1")
    assert phones == [("1", None), ("2", "+8613912345670"), ("3", "+8613912345670")]


def test_only_sure_values_of_the_same_company_count(gaps: Gaps) -> None:
    gaps.client(1, code=CODE)
    gaps.client(2)
    doubtful: list[dict[str, str]] = [
        {"code": OTHER, "mobile": "13912345670"},
        {"code": CODE[:-1] + ("1" if CODE[-1] != "1" else "2"), "mobile": "13912345670"},
        {"code": CODE, "mobile": "13800000000"},
        {"code": CODE, "mobile": "1381234567"},
        {"code": CODE, "mobile": "13912345670", "state": "lost"},
        {"mobile": "13912345670"},
    ]
    for number, values in enumerate(doubtful, start=1):
        gaps.account(number, **values)
    gaps.run()
    phones = "select source_key, phone from staging.stg_client where source = 'erp' order by 1"
    assert gaps.query(phones) == [("1", None), ("2", None)]
    gaps.account(7, code=CODE.lower(), mobile="139 1234 5679")
    gaps.run()
    assert gaps.query(phones) == [("1", "+8613912345679"), ("2", None)]


def test_a_text_that_is_no_date_fills_no_date(gaps: Gaps) -> None:
    gaps.client(1, code=CODE)
    gaps.client(2, code=OTHER)
    gaps.account(8, code=CODE, founded="long ago")
    gaps.account(9, code=OTHER, founded=" 19991231 ")
    gaps.run()
    dates = gaps.query("select source_key, cast(founded_on as text) from staging.stg_client where source = 'erp'")
    assert dict(dates) == {"1": None, "2": "1999-12-31"}


def test_a_completed_value_is_no_ground_for_another(gaps: Gaps) -> None:
    # The phone of client 1 is completed with a number of Shanghai, from which no region follows.
    gaps.client(1, code=CODE)
    gaps.account(9, code=CODE, mobile="021-58881234")
    gaps.run()
    assert gaps.query("select phone, region_code from staging.stg_client where source = 'erp'") == [
        ("+862158881234", None)
    ]


def test_a_value_that_the_source_delivers_takes_its_place(gaps: Gaps) -> None:
    gaps.client(1)
    gaps.sale(1, 1, "CN-BJ", "2026-01-01")
    gaps.run()
    assert gaps.regions() == {"1": "CN-BJ"}
    gaps.client(1, region="CN-SH")
    gaps.run()
    assert gaps.query("select region_code, completed from staging.stg_client") == [("CN-SH", None)]
    assert gaps.found() == []


def test_switching_a_rule_off_takes_its_values_away(gaps: Gaps) -> None:
    gaps.client(1, code=CODE)
    gaps.sale(1, 1, "CN-BJ", "2026-01-01")
    gaps.account(9, code=CODE, mobile="13912345670")
    gaps.run()
    query = "select phone, region_code from staging.stg_client where source = 'erp'"
    assert gaps.query(query) == [("+8613912345670", "CN-BJ")]
    gaps.rules(RULES.replace("id: client_region", "id: client_region\n        enabled: false"))
    gaps.run()
    assert gaps.query(query) == [("+8613912345670", None)]
    # Raw and typed tables never had it.
    assert gaps.query("select region from staging.stg_erp__client") == [(None,)]
    gaps.rules(RULES.replace("\n        column", "\n        enabled: false\n        column"))
    gaps.run()
    assert gaps.query(query) == [(None, None)]
    gaps.rules(RULES)
    gaps.run()
    assert gaps.query(query) == [("+8613912345670", "CN-BJ")]


def test_without_rules_the_column_is_there_and_empty(gaps: Gaps) -> None:
    file = gaps.folder / "completion" / "clients.yml"
    gaps.client(1)
    gaps.sale(1, 1, "CN-BJ", "2026-01-01")
    gaps.run()
    file.unlink()
    gaps.run()
    assert gaps.query("select region_code, completed from staging.stg_client") == [(None, None)]
    assert gaps.query("select * from quality.completion") == []


def test_a_steward_refuses_a_value_and_takes_that_back(gaps: Gaps) -> None:
    gaps.client(1)
    gaps.client(2)
    for client in (1, 2):
        gaps.sale(client, client, "CN-BJ", "2026-01-01")
    gaps.run()
    cell = Cell("client", "erp", "1", "region_code")
    number = completions.refuse(gaps.connection, gaps.context(), cell, "sells through Beijing only", "ann")
    with pytest.raises(TerminalError, match="has been refused"):
        completions.refuse(gaps.connection, gaps.context(), cell, "again", "ann")
    gaps.run()
    assert gaps.regions() == {"1": None, "2": "CN-BJ"}
    assert gaps.query("select value, rule_id, reason, refused_by from quality.completion_refusal") == [
        ("CN-BJ", "client_region", "sells through Beijing only", "ann")
    ]
    assert gaps.found()[0][:4] == ("1", "region_code", "refused", "CN-BJ")
    # Another value is not the one that was refused.
    gaps.sale(3, 1, "CN-TJ", "2026-02-01")
    gaps.run()
    assert gaps.regions() == {"1": "CN-TJ", "2": "CN-BJ"}
    gaps.query("delete from sale where sale_id = 3")
    gaps.sale(4, 1, "CN-BJ", "2026-03-01")
    gaps.run(full=True)
    assert gaps.regions() == {"1": None, "2": "CN-BJ"}
    completions.take_back(gaps.connection, gaps.context(), number, "ben")
    with pytest.raises(TerminalError, match="not in force"):
        completions.take_back(gaps.connection, gaps.context(), number, "ben")
    gaps.run()
    assert gaps.regions() == {"1": "CN-BJ", "2": "CN-BJ"}


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (Cell("client", "erp", "1", "phone"), "was not completed"),
        (Cell("client", "erp", "7", "region_code"), "was not completed"),
        (Cell("deal", "erp", "1", "region_code"), "no rule completes"),
    ],
    ids=["column", "row", "entity"],
)
def test_what_no_rule_filled_cannot_be_refused(gaps: Gaps, cell: Cell, fault: str) -> None:
    gaps.client(1)
    gaps.sale(1, 1, "CN-BJ", "2026-01-01")
    gaps.run()
    with pytest.raises(TerminalError, match=fault):
        completions.refuse(gaps.connection, gaps.context(), cell, "no", "ann")


class Command:
    """`./cockpit completions` in the workspace, without starting a platform."""

    def __init__(self, gaps: Gaps, capsys: pytest.CaptureFixture[str]) -> None:
        self._gaps = gaps
        self._capsys = capsys

    def __call__(self, *words: str) -> list[str]:
        arguments = parser().parse_args(["completions", *words])
        workspace = self._gaps.context().workspace
        if arguments.action == "list":
            assert command._list(workspace, arguments) == 0
        elif arguments.action == "refuse":
            assert command._refuse(workspace, arguments) == 0
        else:
            assert command._take_back(workspace, arguments) == 0
        return self._capsys.readouterr().out.splitlines()

    def listed(self, *words: str) -> list[list[str]]:
        """Cells of the rows, which two blanks part, without heading and total."""
        return [re.split(r" {2,}", line) for line in self("list", *words)[1:-1]]


@pytest.fixture
def completions_command(gaps: Gaps, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    monkeypatch.delenv("COLUMNS", raising=False)
    return Command(gaps, capsys)


def test_the_command_lists_what_was_found_personal_values_masked(gaps: Gaps, completions_command: Command) -> None:
    assert completions_command("list") == ["Table  source  key  column  value  state  rule  from", "0 of 0 values"]
    gaps.client(1, code=CODE)
    gaps.client(2)
    gaps.account(8, code=OTHER, address="北京市海淀区中关村大街1号", mobile="13912345670")
    gaps.account(9, code=CODE, address="上海市浦东新区张江路100号", mobile="13912345679", founded="1999-12-31")
    gaps.sale(1, 2, "CN-BJ", "2026-02-01")
    gaps.sale(2, 2, "CN-SH", "2026-02-01")
    crm = gaps.folder / "sources" / "crm.yml"
    text = crm.read_text(encoding="utf-8").replace("standard: phone", "standard: phone, sensitivity: personal")
    crm.write_text(
        text.replace("\nentities:", "\npersonal_data: {basis: contract, purpose: Orders, purpose_zh: 订单}\nentities:")
    )
    gaps.run()
    region = ["client", "erp", "1", "region_code", "CN-SH", "filled", "client_region", "crm.account 9"]
    conflict = ["client", "erp", "2", "region_code", "CN-BJ | CN-SH", "conflict", "client_region", "erp.sale 1"]
    assert [row for row in completions_command.listed("--table", "stg_client") if row[1] == "erp"] == [
        ["client", "erp", "1", "founded_on", "1999-12-31", "filled", "client_founded", "crm.account 9"],
        ["client", "erp", "1", "phone", "+86********679", "filled", "client_phone", "crm.account 9"],
        region,
        conflict,
    ]
    assert completions_command.listed("--rule", "client_region", "--rows", "3")[-1] == region
    assert completions_command("list", "--rule", "client_region", "--rows", "1")[-1] == "1 of 4 values"
    assert completions_command.listed("--state", "conflict") == [conflict]


def test_a_steward_refuses_by_command_and_takes_that_back(gaps: Gaps, completions_command: Command) -> None:
    gaps.client(1)
    gaps.sale(1, 1, "CN-BJ", "2026-01-01")
    gaps.run()
    cell = ("client", "1", "region_code")
    told = completions_command("refuse", *cell, "--reason", "sells through Beijing only", "--by", "ann")
    number = gaps.query("select refusal_id, reason, refused_by from quality.completion_refusal")
    assert number[0][1:] == ("sells through Beijing only", "ann")
    refusal = str(number[0][0])
    assert told == [
        f"Refusal {refusal}: client.region_code, erp 1. The value is missing again after the next run.",
        f"To take it back: ./cockpit completions take-back {refusal}",
    ]

    def states() -> list[tuple[str, str]]:
        return [(row[4], row[5]) for row in completions_command.listed()]

    assert states() == [("CN-BJ", f"refused, no. {refusal}; gone with the next run")]
    gaps.run()
    assert gaps.regions() == {"1": None}
    assert states() == [("CN-BJ", f"refused, no. {refusal}")]
    gaps.sale(2, 1, "CN-TJ", "2026-02-01")
    gaps.run()
    assert states() == [("CN-TJ", "filled"), ("CN-BJ", f"refused, no. {refusal}; not found now")]
    assert [row[-1] for row in completions_command.listed("--state", "refused")] == ["-"]
    gaps.query("delete from sale where sale_id = 2")
    gaps.sale(3, 1, "CN-BJ", "2026-03-01")
    gaps.run(full=True)
    assert completions_command("take-back", refusal, "--by", "ben") == [
        f"Refusal {refusal} is taken back; the next run fills the value if it is found."
    ]
    assert gaps.query("select undone_by from quality.completion_refusal") == [("ben",)]
    assert states() == [("CN-BJ", "comes back with the next run")]
    gaps.run()
    assert gaps.regions() == {"1": "CN-BJ"}
    assert states() == [("CN-BJ", "filled")]


def test_a_key_of_two_sources_needs_the_source(gaps: Gaps, completions_command: Command) -> None:
    gaps.client(9, code=CODE)
    gaps.client(8, code=CODE)
    gaps.account(9, code=CODE, address="上海市浦东新区张江路100号")
    gaps.run()
    with pytest.raises(UsageError, match="crm, erp"):
        completions_command("refuse", "client", "9", "region_code", "--reason", "no")
    completions_command("refuse", "stg_client", "9", "region_code", "--reason", "no", "--source", "erp")
    gaps.run()
    assert gaps.regions() == {"8": "CN-SH", "9": None}
    assert [row[1] for row in completions_command.listed("--state", "refused")] == ["erp"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        pytest.param(
            ["list", "--table", "deal"], r"no rule completes.*'deal'; allowed: client", id="table of the list"
        ),
        pytest.param(["list", "--rule", "x"], "no such completion rule.*client_founded, client_phone", id="rule"),
        pytest.param(["refuse", "deal", "1", "a", "--reason", "no"], "no rule completes", id="table"),
        pytest.param(["refuse", "client", "7", "region_code", "--reason", "no"], "was not completed", id="row"),
        pytest.param(["refuse", "client", "1", "x", "--reason", "no"], "was not completed", id="column"),
        pytest.param(["refuse", "client", "1", "region_code", "--reason", " "], "a reason is needed", id="reason"),
        pytest.param(["refuse", "client", "1", "region_code", "--reason", "no", "--by", " "], "--by", id="author"),
        pytest.param(["take-back", "77"], "not in force.*77", id="number"),
    ],
)
def test_the_command_says_what_is_wrong(gaps: Gaps, completions_command: Command, words: list[str], fault: str) -> None:
    gaps.client(1)
    gaps.sale(1, 1, "CN-BJ", "2026-01-01")
    gaps.run()
    with pytest.raises(TerminalError, match=fault):
        completions_command(*words)
    assert gaps.query("select * from quality.completion_refusal") == []


def test_hostile_values_are_shown_inert(gaps: Gaps, completions_command: Command) -> None:
    gaps.client(1)
    gaps.sale(1, 1, "CN\x1b[31m\u202e\nred", "2026-01-01")
    gaps.run()
    assert completions_command.listed()[0][4] == "CN\\u001b[31m\\u202e\\nred"


def test_incremental_equals_full(gaps: Gaps) -> None:
    for number in range(1, 8):
        gaps.client(number, **({"code": CODE} if number < 3 else {}))
    gaps.account(9, code=CODE, address="上海市浦东新区张江路100号", mobile="13912345670")
    gaps.sale(1, 5, "CN-BJ", "2026-01-01")
    gaps.run()
    gaps.account(9, code=OTHER, address="上海市浦东新区张江路100号", mobile="13912345670")
    gaps.client(3, code=OTHER)
    gaps.client(5, region="CN-XJ")
    gaps.sale(2, 6, "CN-TJ", "2026-01-01")
    done = gaps.run()
    kinds = {build.model: (build.kind, build.changed) for build in done.builds}
    # Three rows lost or gained what was found; the conformed table followed the changed keys, not the whole table.
    assert kinds["stg_client"] == ("incremental", 6)
    found = gaps.clients()
    assert [row[:5] for row in found] == [
        ("crm", "9", "+8613912345670", "CN-SH", None),
        ("erp", "1", None, None, None),
        ("erp", "2", None, None, None),
        ("erp", "3", "+8613912345670", "CN-SH", None),
        ("erp", "4", None, None, None),
        ("erp", "5", None, "CN-XJ", None),
        ("erp", "6", None, "CN-TJ", None),
        ("erp", "7", None, None, None),
    ]
    again = gaps.run(full=True)
    assert gaps.clients() == found
    assert again.table_rows_changed == 0
    assert {build.kind for build in gaps.run().builds} == {"fresh"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("column: region_code", "column: regoin", "no such column"),
        ("column: region_code", "column: client_key", "never completed"),
        ("value: region,", "value: regoin,", "no such column"),
        ("value: region,", "value: (select 1),", "columns of one row only"),
        ("value: region,", "value: 'region ||',", "not readable"),
        ("{client_key: client_id}", "{klient: client_id}", "no such column"),
        ("{credit_code: code}, where", "{phone: code}, where", "not standardised as the same kind"),
        ("value: mobile,", "value: state,", "not standardised as the same kind"),
        ("latest_by: sold_on", "latest_by: sold", "no such column"),
        ("where: state =", "where: stat =", "no such column"),
    ],
    ids=["column", "key", "value", "subquery", "syntax", "left", "kinds-of-keys", "kinds-of-values", "latest", "where"],
)
def test_a_rule_that_does_not_fit_the_tables_keeps_what_it_completes_from_being_built(
    gaps: Gaps, old: str, new: str, message: str
) -> None:
    assert old in RULES
    gaps.rules(RULES.replace(old, new))
    graph = gaps.context().graph
    for name in ("completion_client", "stg_client"):
        with pytest.raises(RuleFileError, match=message) as caught:
            graph[name].require_rules()
        assert "clients.yml:" in str(caught.value)
    graph["stg_erp__client"].require_rules()
