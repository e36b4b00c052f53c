"""A row that is held back is settled by a person: corrected, confirmed, approved, taken back; raw stays as received."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from cockpit.pipelines.refresh import Refresh, refresh
from cockpit.pipelines.run_context import run_context
from cockpit.quality import answers, decisions
from cockpit.quality.answers import Author
from cockpit.quality.overlay import RowId
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.runner import BuildContext
from tests.conftest import Postgres
from tests.workspaces import WorkspaceDatabase, make_workspace_database

WORKSPACE = f"""
    workspace: desk
    title: Desk
    title_zh: 台
    warehouse: desk_warehouse
    sources: sources
    models: models
    normalisation: {REPOSITORY / "include" / "rules" / "normalisation"}
    currency: CNY
    time_zone: Asia/Shanghai
"""

SOURCE = """
    source: crm
    title: CRM
    title_zh: CRM
    owner: sales-operations
    connector: sql
    connection: desk_warehouse
    entities:
      deal:
        table: deal
        key: [deal_id]
        cursor: changed_at
        columns:
          deal_id: {type: bigint, required: true, description: Deal, description_zh: 商机}
          signed: {type: date, description: Signed, description_zh: 签约}
          opened: {type: date, description: Opened, description_zh: 创建}
          number: {type: text, description: Number, description_zh: 编号}
          amount: {type: numeric, description: Amount, description_zh: 金额}
          origin: {type: text, standard: lead-source, description: Origin, description_zh: 来源}
          rep: {type: text, description: Rep, description_zh: 销售}
          changed_at: {type: timestamp, description: Last change, description_zh: 修改时间}
        checks:
          - id: signed_before_opened
            expect: condition
            condition: signed >= opened
            on_fail: quarantine
            owner_column: rep
            message: Signed before it was opened
            message_zh: 签约早于创建
          - id: amount_zero
            expect: condition
            condition: amount <> 0
            on_fail: quarantine
            concerns_money: true
            owner_column: rep
            message: Signed with amount zero
            message_zh: 签约金额为零
          - id: number_repeated
            expect: condition
            condition: not (deal_id > min(deal_id) over (partition by number))
            on_fail: quarantine
            message: An earlier deal has this number
            message_zh: 编号重复
          - id: above_the_first
            expect: condition
            condition: deal_id not in (select d.deal_id from staging.stg_crm__deal as d where d.amount > 10000)
            on_fail: quarantine
            message: The amount is far too high
            message_zh: 金额过高
        conforms_to:
          deal: {key: [deal_id], columns: {amount: amount, origin: origin}}
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
      origin: {type: text, description: Origin, description_zh: 来源}
"""

ANN = Author("ann", "desk")
BEN = Author("ben", "link")


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "test_answers")


class Desk:
    """A workspace with one table of deals."""

    def __init__(self, folder: Path, connection: PgConnection) -> None:
        self.folder = folder
        self.connection = connection

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

    def put(
        self, deal_id: int, opened: str, signed: str, amount: str, origin: str = "官网", rep: str = "rep1",
        number: str | None = None,
    ) -> None:  # fmt: skip
        self.query("delete from deal where deal_id = %s", deal_id)
        self.query(
            "insert into deal values (%s, %s, %s, %s, %s, %s, %s, clock_timestamp())",
            deal_id, signed, opened, number or f"D{deal_id}", amount, origin, rep,
        )  # fmt: skip

    def passed(self) -> list[tuple[Any, ...]]:
        return self.query("select source_key, cast(amount as text), origin from staging.stg_deal order by source_key")

    def tasks(self) -> list[tuple[Any, ...]]:
        return self.query("select key, owner, state from quality.task order by task_id")


@pytest.fixture
def desk(tmp_path: Path, database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("AIRFLOW_CONN_DESK_WAREHOUSE", database.dsn("cockpit_etl"))
    for name, text in {
        "workspace.yml": WORKSPACE,
        "sources/crm.yml": SOURCE,
        "models/staging/stg_deal.yml": CONFORMED,
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    (tmp_path / "models" / "security").symlink_to(REPOSITORY / "include" / "sql" / "security")
    with closing(database.connect()) as connection:
        desk = Desk(tmp_path, connection)
        desk.query(
            "drop schema if exists raw, staging, quality, ops, core, public cascade;"
            + "".join(f"create schema {name};" for name in ("raw", "staging", "quality", "ops", "core", "public"))
            + "create table public.deal (deal_id bigint primary key, signed text, opened text, number text,"
            " amount text, origin text, rep text, changed_at timestamptz)"
        )
        yield desk


ROW = RowId("crm", "deal", "1")


def test_a_corrected_row_reaches_core_at_the_next_run_and_raw_stays(desk: Desk) -> None:
    desk.put(1, "2026-02-01", "2026-01-01", "500")
    desk.put(2, "2026-01-01", "2026-02-01", "700", rep="")
    desk.run()
    assert desk.passed() == [("2", "700", "website")]
    assert desk.tasks() == [("1", "rep1", "open")]
    refused = answers.correct(desk.connection, desk.context(), ROW, {"signed": "2026-01-31"}, "typo", ANN)
    assert [check.rule_id for check in refused.failing] == ["signed_before_opened"]
    assert desk.tasks() == [("1", "rep1", "open")]
    accepted = answers.correct(desk.connection, desk.context(), ROW, {"signed": "2026-02-03"}, "typo", ANN)
    assert accepted.correction_id
    assert desk.tasks() == [("1", "rep1", "answered")]
    desk.run()
    assert desk.passed() == [("1", "500", "website"), ("2", "700", "website")]
    assert desk.tasks() == [("1", "rep1", "released")]
    assert desk.query("select payload ->> 'signed' from raw.crm__deal where key = '1'") == [("2026-01-01",)]
    assert desk.query("select changes, made_by, made_through, reason from quality.correction") == [
        ({"signed": {"before": "2026-01-01", "after": "2026-02-03"}}, "ann", "desk", "typo")
    ]
    # A rebuild from raw keeps what people said.
    refresh(desk.context(), lambda _stage: None, full=True)
    assert desk.passed() == [("1", "500", "website"), ("2", "700", "website")]


def test_rules_that_look_at_other_rows_see_the_corrected_one_among_them(desk: Desk) -> None:
    desk.put(1, "2026-01-01", "2026-02-01", "500", number="A")
    desk.put(2, "2026-01-01", "2026-02-01", "20000", number="A")
    desk.run()
    second = RowId("crm", "deal", "2")
    assert [row[0] for row in desk.passed()] == ["1"]

    def still_failing(**changes: str) -> list[str]:
        examined = answers.examine(desk.connection, desk.context(), second, changes)
        return sorted(check.rule_id for check in examined.failing)

    assert still_failing(amount="600") == ["number_repeated"]
    assert still_failing(number="B") == ["above_the_first"]
    assert still_failing(number="B", amount="600") == []
    assert desk.query("select count(*) from quality.overlay") == [(0,)]
    answers.correct(desk.connection, desk.context(), second, {"number": "B", "amount": "600"}, "typo", ANN)
    desk.run()
    assert [row[0] for row in desk.passed()] == ["1", "2"]


def test_a_corrected_value_is_corrected_again_even_back_to_what_the_source_says(desk: Desk) -> None:
    desk.put(1, "2026-02-01", "2026-01-01", "500")
    desk.run()
    answers.correct(desk.connection, desk.context(), ROW, {"opened": "2025-12-01", "amount": "600"}, "typo", ANN)
    answers.correct(desk.connection, desk.context(), ROW, {"amount": "500"}, "it was right", ANN)
    with pytest.raises(TerminalError, match="nothing is changed"):
        answers.correct(desk.connection, desk.context(), ROW, {"opened": "2025-12-01"}, "once more", ANN)
    desk.run()
    assert desk.passed() == [("1", "500", "website")]


def test_a_correction_is_taken_back(desk: Desk) -> None:
    desk.put(1, "2026-02-01", "2026-01-01", "500")
    desk.run()
    done = answers.correct(desk.connection, desk.context(), ROW, {"opened": "2025-12-01"}, "typo", BEN)
    desk.run()
    assert desk.passed() == [("1", "500", "website")]
    assert done.correction_id
    answers.undo(desk.connection, desk.context(), done.correction_id, "was right", ANN)
    with pytest.raises(TerminalError, match="taken back before"):
        answers.undo(desk.connection, desk.context(), done.correction_id, "again", ANN)
    desk.run()
    assert desk.passed() == []
    assert desk.tasks() == [("1", "rep1", "released"), ("1", "rep1", "open")]


def test_the_source_delivers_a_mended_value_and_the_correction_ends(desk: Desk) -> None:
    desk.put(1, "2026-02-01", "2026-01-01", "500")
    desk.run()
    answers.correct(desk.connection, desk.context(), ROW, {"signed": "2026-02-03", "origin": "展会"}, "typo", ANN)
    desk.run()
    assert desk.passed() == [("1", "500", "trade_fair")]
    desk.put(1, "2026-02-01", "2026-02-09", "500")
    desk.run()
    # The corrected date has gone, the corrected origin, which the source left alone, has not.
    assert desk.query("select signed, origin from staging.stg_crm__deal") == [(date(2026, 2, 9), "trade_fair")]
    assert desk.query("select column_name from quality.correction_end") == [("signed",)]


def test_a_confirmation_counts_for_the_version_that_was_seen(desk: Desk) -> None:
    desk.put(1, "2026-02-01", "2026-01-01", "500")
    desk.run()
    answer = answers.confirm(desk.connection, desk.context(), ROW, "signed in advance", BEN)
    assert (answer.needs_approval, desk.tasks()) == (False, [("1", "rep1", "answered")])
    desk.run()
    assert desk.passed() == [("1", "500", "website")]
    desk.put(1, "2026-02-01", "2026-01-02", "500")
    desk.run()
    assert desk.passed() == []


def test_money_needs_a_second_person(desk: Desk) -> None:
    desk.put(1, "2026-01-01", "2026-02-01", "0")
    desk.run()
    answer = answers.confirm(desk.connection, desk.context(), ROW, "framework", BEN)
    assert answer.correction_id
    assert (answer.needs_approval, desk.tasks()) == (True, [("1", "rep1", "waiting")])
    desk.run()
    assert desk.passed() == []
    with pytest.raises(TerminalError, match="second person"):
        answers.approve(desk.connection, desk.context(), answer.correction_id, is_approved=True, reason="ok", by="ben")
    answers.approve(desk.connection, desk.context(), answer.correction_id, is_approved=True, reason="ok", by="ann")
    with pytest.raises(TerminalError, match="does not wait"):
        answers.approve(desk.connection, desk.context(), answer.correction_id, is_approved=False, reason="no", by="eve")
    desk.run()
    assert desk.passed() == [("1", "0", "website")]


def test_a_rejected_confirmation_leaves_the_task_open(desk: Desk) -> None:
    desk.put(1, "2026-01-01", "2026-02-01", "0")
    desk.run()
    answer = answers.confirm(desk.connection, desk.context(), ROW, "framework", BEN)
    assert answer.correction_id
    answers.approve(desk.connection, desk.context(), answer.correction_id, is_approved=False, reason="no", by="ann")
    desk.run()
    assert (desk.passed(), desk.tasks()) == ([], [("1", "rep1", "open")])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"deal_id": "7"}, "cannot be corrected", id="key"),
        pytest.param({"salary": "7"}, "cannot be corrected", id="unknown"),
        pytest.param({"signed": " 2026-01-01 "}, "nothing is changed", id="unchanged"),
        pytest.param({"signed": "9" * 2001}, "too long", id="long"),
        pytest.param({"signed": "2026\x00"}, "too long", id="nul"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(changes: dict[str, str], message: str, desk: Desk) -> None:
    desk.put(1, "2026-02-01", "2026-01-01", "500")
    desk.run()
    with pytest.raises(TerminalError, match=message):
        answers.correct(desk.connection, desk.context(), ROW, changes, "typo", ANN)
    assert desk.query("select count(*) from quality.correction") == [(0,)]


def test_an_answer_cannot_be_rewritten(desk: Desk) -> None:
    desk.put(1, "2026-02-01", "2026-01-01", "500")
    desk.run()
    answers.correct(desk.connection, desk.context(), ROW, {"signed": "2026-02-03"}, "typo", ANN)
    for statement in (
        "update quality.correction set made_by = 'eve'",
        "delete from quality.correction",
        "truncate quality.correction cascade",
    ):
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
            desk.query(statement)
        desk.connection.rollback()


def test_only_new_texts_are_standardised(desk: Desk) -> None:
    desk.put(1, "2026-01-01", "2026-02-01", "500", "百度")
    desk.put(2, "2026-01-01", "2026-02-01", "500", "不是抖音,是百度")
    desk.run()
    assert desk.query("select origin, origin_received, origin_outcome from staging.stg_crm__deal order by source_key") == [
        ("baidu", "百度", "ok"), (None, "不是抖音,是百度", "review"),
    ]  # fmt: skip
    before = desk.query("select text, standardised_at from staging.std_lead_source order by text")
    desk.put(3, "2026-01-01", "2026-02-01", "500", "百度")
    desk.put(4, "2026-01-01", "2026-02-01", "500", "抖音")
    desk.run()
    after = dict(desk.query("select text, standardised_at from staging.std_lead_source"))
    assert len(after) == 3
    assert [after[text] for text, _at in before] == [at for _text, at in before]


def test_an_answer_of_a_steward_becomes_a_synonym(desk: Desk) -> None:
    desk.put(1, "2026-01-01", "2026-02-01", "500", "微信")
    desk.put(2, "2026-01-01", "2026-02-01", "500", "百度")
    desk.run()
    assert desk.passed() == [("1", "500", None), ("2", "500", "baidu")]
    with pytest.raises(TerminalError, match="no value of this kind"):
        decisions.decide(desk.connection, desk.context(), "lead-source", "微信", "somewhere", "asked the rep", "ann")
    decisions.decide(desk.connection, desk.context(), "lead-source", "微信", "wecom", "asked the rep", "ann")
    desk.put(3, "2026-01-01", "2026-02-01", "500", " 微 信 ")
    desk.run()
    assert desk.passed()[0] == ("1", "500", "wecom")
    assert desk.query("select origin_reason from staging.stg_crm__deal where source_key = '1'") == [("decided",)]
    (number,) = desk.query("select decision_id from quality.decision")[0]
    decisions.take_back(desk.connection, desk.context(), number, "ben")
    desk.run()
    assert desk.passed()[0] == ("1", "500", None)
