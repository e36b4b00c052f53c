"""Scores, samples and campaigns on a small workspace: literal rows in, literal numbers out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import psycopg2.errors
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import RuleFileError, TerminalError
from cockpit.pipelines.measure_quality import measure_quality
from cockpit.pipelines.refresh import refresh
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.workspace import prepare
from cockpit.quality import answers, campaigns, samples, scores
from cockpit.quality.answers import Author
from cockpit.quality.overlay import RowId
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.runner import BuildContext
from tests.conftest import Postgres
from tests.workspaces import WorkspaceDatabase, make_workspace_database

WORKSPACE = f"""
    workspace: scored
    title: Scored
    title_zh: 评分
    warehouse: scored_warehouse
    sources: sources
    models: models
    normalisation: {REPOSITORY / "include" / "rules" / "normalisation"}
    scores: scores
    currency: CNY
    time_zone: Asia/Shanghai
"""

SOURCE = """
    source: crm
    title: CRM
    title_zh: CRM
    owner: sales-operations
    schedule: "0 2 * * *"
    connector: sql
    connection: scored_warehouse
    entities:
      region:
        table: region
        key: [code]
        cursor: changed_at
        columns:
          code: {type: text, required: true, description: Code, description_zh: 代码}
          changed_at: {type: timestamp, description: Last change, description_zh: 修改时间}
      deal:
        table: deal
        key: [deal_id]
        cursor: changed_at
        columns:
          deal_id: {type: bigint, required: true, description: Deal, description_zh: 商机}
          number: {type: text, description: Number, description_zh: 编号}
          amount: {type: numeric, description: Amount, description_zh: 金额}
          region: {type: text, description: Region, description_zh: 区域}
          origin: {type: text, standard: lead-source, description: Origin, description_zh: 来源}
          rep: {type: text, description: Rep, description_zh: 销售}
          changed_at: {type: timestamp, description: Last change, description_zh: 修改时间}
        checks:
          - id: amount_not_negative
            expect: condition
            condition: amount >= 0
            on_fail: quarantine
            owner_column: rep
            message: The amount is negative
            message_zh: 金额为负
          - id: number_repeated
            expect: unique
            column: number
            on_fail: warn
            why: Two deals with one number
"""

SCORES = """
    version: 1
    weights: {completeness: 0.5, accuracy: 0.25, timeliness: 0, uniqueness: 0.125, validity: 0.125}
    importance:
      - {entities: [crm.deal], weight: 3}
    owner_columns: [rep]
    expected:
      - {entities: [crm.deal], columns: [origin, region]}
    references:
      - id: region_is_known
        entities: [crm.deal]
        column: region
        right_when: region in (select r.code from staging.stg_crm__region as r)
        why: The list of regions
        why_zh: 区域表
    samples:
      rows_per_owner: 3
      weeks: 4
      entities:
        - {entity: crm.deal, shown: [number, amount], question: Is it right?, question_zh: 对吗？}
        - {entity: crm.region, shown: [code], question: Is it right?, question_zh: 对吗？}
    campaigns:
      - {id: large, title: Large deals, title_zh: 大额商机, entity: crm.deal, where: amount >= 100, shown: [number]}
"""

ANN = Author("ann", "desk")
# A Thursday.
DAY = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)
TODAY = DAY.date()


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "test_scores")


class Desk:
    """A workspace with a table of deals and one of regions."""

    def __init__(self, folder: Path, connection: PgConnection) -> None:
        self.folder = folder
        self.connection = connection

    def context(self, day: datetime = DAY) -> BuildContext:
        load_workspace.cache_clear()
        return run_context(load_workspace(self.folder / "workspace.yml"), as_of=day, run_id="test")

    def run(self) -> None:
        refresh(self.context(), lambda _stage: None)

    def measure(self, day: datetime = DAY, now: datetime | None = None) -> scores.Measured:
        return scores.measure(self.connection, self.context(day), now)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def put(
        self, deal_id: int, amount: str | None = "10", region: str | None = "SH", origin: str | None = "官网",
        rep: str | None = "ben", number: str | None = None,
    ) -> None:  # fmt: skip
        self.query("delete from deal where deal_id = %s", deal_id)
        self.query(
            "insert into deal values (%s, %s, %s, %s, %s, %s, clock_timestamp())",
            deal_id, number or f"D{deal_id}", amount, region, origin, rep,
        )  # fmt: skip

    def counts(self, level: str, day: date = TODAY, **place: str) -> dict[str, tuple[int, int]]:
        where = "".join(f" and {name} = %s" for name in place)
        found = self.query(
            "select column_name || case when column_name = '' then '' else '.' end || dimension, good, total"
            f" from quality.score_daily where day = %s and level = %s and total is not null{where}",
            day, level, *place.values(),
        )  # fmt: skip
        return {name: (good, total) for name, good, total in found}

    def score(self, level: str, dimension: str, **place: str) -> float | None:
        where = "".join(f" and {name} = %s" for name in place)
        found = self.query(
            f"select score from quality.score_daily where day = %s and level = %s and dimension = %s{where}",
            DAY.date(), level, dimension, *place.values(),
        )  # fmt: skip
        return float(found[0][0]) if found else None


@pytest.fixture
def desk(tmp_path: Path, database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("AIRFLOW_CONN_SCORED_WAREHOUSE", database.dsn("cockpit_etl"))
    for name, text in {
        "workspace.yml": WORKSPACE,
        "sources/crm.yml": SOURCE,
        "scores/scores.yml": SCORES,
        "models/staging/.keep": "",
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
            + "create table public.deal (deal_id bigint primary key, number text, amount text, region text,"
            " origin text, rep text, changed_at timestamptz);"
            "create table public.region (code text primary key, changed_at timestamptz);"
            "insert into region values ('SH', now()), ('BJ', now())"
        )
        yield desk


def fill(desk: Desk) -> None:
    """Five deals: 2 lacks region and origin, 3 is negative, 4 has no readable amount, 5 repeats a number."""
    desk.put(1)
    desk.put(2, region=None, origin=" ")
    desk.put(3, amount="-1", region="XX")
    desk.put(4, amount="many", rep=None)
    desk.put(5, number="D1", origin="qwxyz vbnm", rep="zoe")
    desk.run()


def test_each_dimension_counts_what_it_says(desk: Desk) -> None:
    fill(desk)
    desk.measure()
    table = desk.counts("entity", entity="deal")
    # Key, region and origin of five rows; two are missing.
    assert table["completeness"] == (13, 15)
    # A region that is not given agrees with nothing and disagrees with nothing.
    assert table["accuracy"] == (3, 4)
    # Both rows with the number are in doubt.
    assert table["uniqueness"] == (3, 5)
    # Not the repeated ones: they are counted there.
    assert table["validity"] == (3, 5)
    columns = desk.counts("column", entity="deal")
    assert columns["region.completeness"] == (4, 5)
    assert columns["origin.completeness"] == (4, 5)
    assert columns["region.accuracy"] == (3, 4)
    # Of what is given: blanks and nulls are no invalid values.
    assert columns["origin.validity"] == (3, 4)
    assert columns["amount.validity"] == (4, 5)


def test_rows_count_for_the_person_that_they_name_else_for_the_tables_owner(desk: Desk) -> None:
    fill(desk)
    desk.measure()
    assert desk.counts("owner", owner="zoe", entity="deal")["completeness"] == (3, 3)
    assert desk.counts("owner", owner="ben", entity="deal")["validity"] == (2, 3)
    assert desk.counts("owner", owner="sales-operations", entity="deal")["validity"] == (0, 1)
    # Of all tables: two regions and a deal.
    assert desk.counts("owner", owner="sales-operations", entity="")["completeness"] == (5, 5)


def test_scores_above_are_weighted_means_of_what_can_be_measured(desk: Desk) -> None:
    fill(desk)
    measured = desk.measure()
    completeness = (3 * 13 / 15 + 1) / 4
    validity = (3 * 3 / 5 + 1) / 4
    assert desk.score("source", "completeness", source="crm") == pytest.approx(completeness)
    assert desk.score("company", "completeness") == pytest.approx(completeness)
    # Regions have no check of uniqueness and no reference: they take no part, instead of 100 %.
    assert desk.counts("entity", entity="region").keys() == {"completeness", "validity", "timeliness"}
    assert desk.score("company", "uniqueness") == pytest.approx(3 / 5)
    assert desk.score("company", "accuracy") == pytest.approx(3 / 4)
    overall = 0.5 * completeness + 0.25 * 3 / 4 + 0.125 * 3 / 5 + 0.125 * validity
    assert measured.overall == pytest.approx(overall)
    region = desk.score("entity", "overall", entity="region")
    assert region == pytest.approx(1.0)


def test_nothing_is_measured_without_rows(desk: Desk) -> None:
    desk.query("delete from region")
    desk.run()
    measured = desk.measure()
    assert desk.query("select distinct dimension from quality.score_daily") in ([("timeliness",)], [])
    assert measured.overall is None


def test_only_what_changed_is_read_again_and_the_rest_is_carried_over(desk: Desk) -> None:
    fill(desk)
    assert sorted(desk.measure().read) == ["crm.deal", "crm.region"]
    again = desk.measure()
    assert (again.read, sorted(again.carried)) == ([], ["crm.deal", "crm.region"])
    before = desk.counts("column", entity="deal")
    tomorrow = DAY + timedelta(days=1)
    assert desk.measure(tomorrow).read == []
    assert desk.counts("column", tomorrow.date(), entity="deal") == before
    assert desk.counts("owner", tomorrow.date(), owner="ben", entity="deal")["validity"] == (2, 3)
    desk.put(3, amount="1")
    desk.run()
    # The table of regions is as it was.
    assert desk.measure(tomorrow).read == ["crm.deal"]
    assert desk.counts("entity", tomorrow.date(), entity="deal")["validity"] == (4, 5)
    assert desk.counts("entity", entity="deal")["validity"] == (3, 5)
    # A table that a reference asks counts too.
    desk.query("insert into region values ('XX', clock_timestamp())")
    desk.run()
    assert sorted(desk.measure(tomorrow).read) == ["crm.deal", "crm.region"]
    assert desk.counts("entity", tomorrow.date(), entity="deal")["accuracy"] == (4, 4)


def test_answers_of_people_are_evidence_of_accuracy(desk: Desk) -> None:
    fill(desk)
    row = RowId("crm", "deal", "3")
    answers.correct(desk.connection, desk.context(), row, {"amount": "1"}, "typo", ANN)
    desk.run()
    desk.measure()
    # The source still has it wrong.
    assert desk.counts("column", entity="deal")["amount.accuracy"] == (0, 1)
    assert desk.counts("entity", entity="deal")["accuracy"] == (3, 5)
    desk.put(3, amount="1", region="XX")
    desk.run()
    desk.measure()
    assert desk.counts("column", entity="deal")["amount.accuracy"] == (1, 1)
    desk.put(2, amount="-5")
    desk.run()
    answers.confirm(desk.connection, desk.context(), RowId("crm", "deal", "2"), "it is so", ANN)
    desk.run()
    desk.measure()
    # Four regions of five, the corrected amount, the confirmed row.
    assert desk.counts("entity", entity="deal")["accuracy"] == (6, 7)


@pytest.mark.parametrize(
    ("loads", "now", "counted"),
    [
        # Times are of Shanghai; the schedule says 02:00 and allows three hours.
        pytest.param(["03-04 01:59"], "03-04 12:00", (0, 1), id="the first load came before the first agreed time"),
        pytest.param(["03-03 12:00", "03-04 02:10"], "03-04 12:00", (1, 1), id="in time"),
        pytest.param(["03-03 12:00", "03-04 05:00"], "03-04 12:00", (1, 1), id="at the last moment"),
        pytest.param(["03-03 12:00", "03-04 05:01"], "03-04 12:00", (0, 1), id="too late"),
        pytest.param(["03-03 12:00", "03-04 02:10"], "03-05 04:00", (1, 1), id="today's allowance has not ended"),
        pytest.param(["03-03 12:00", "03-04 02:10"], "03-05 06:00", (1, 2), id="today's is missing"),
        pytest.param(["03-04 12:00"], "03-04 13:00", (1, 1), id="no agreed time since the first load"),
    ],
)
def test_timeliness_counts_agreed_times(desk: Desk, loads: list[str], now: str, counted: tuple[int, int]) -> None:
    prepare(desk.context())
    for moment in loads:
        desk.query(
            "insert into ops.import_batch (run_id, source, entity, label, received, loaded, unchanged, superseded,"
            " rejected, started_at, finished_at) values ('t', 'crm', 'deal', 'full', 0, 0, 0, 0, 0, %s, %s)",
            f"2026-{moment}+08", f"2026-{moment}+08",
        )  # fmt: skip
    desk.measure(now=datetime.fromisoformat(f"2026-{now}+08:00"))
    assert desk.counts("entity", entity="deal")["timeliness"] == counted


def test_a_sample_is_the_same_whenever_it_is_drawn_and_leaves_held_rows_out(desk: Desk) -> None:
    fill(desk)
    assert samples.draw(desk.connection, desk.context()) == 5
    drawn = desk.query("select owner, entity, key from quality.sample order by owner, entity, key")
    # Two deals of ben pass; the owner of the tables has two regions and no deal that passes.
    assert drawn == [
        ("ben", "deal", "1"), ("ben", "deal", "2"),
        ("sales-operations", "region", "BJ"), ("sales-operations", "region", "SH"), ("zoe", "deal", "5"),
    ]  # fmt: skip
    assert samples.draw(desk.connection, desk.context(DAY + timedelta(days=3))) == 0
    assert samples.draw(desk.connection, desk.context(DAY + timedelta(days=4))) == 5
    desk.query("delete from quality.sample where week = '2026-03-02'")
    samples.draw(desk.connection, desk.context())
    again = "select owner, entity, key from quality.sample where week = '2026-03-02' order by owner, entity, key"
    assert desk.query(again) == drawn


def test_a_sample_is_spread_over_entities_and_differs_by_week(desk: Desk) -> None:
    for number in range(1, 41):
        desk.put(number, rep=None)
    desk.run()
    picked = set()
    for week in range(4):
        samples.draw(desk.connection, desk.context(DAY + timedelta(weeks=week)))
        found = desk.query(
            "select entity, key from quality.sample where week = %s", date(2026, 3, 2) + timedelta(weeks=week)
        )
        assert sorted(entity for entity, _key in found) in (["deal", "deal", "region"], ["deal", "region", "region"])
        picked |= {key for entity, key in found if entity == "deal"}
    assert len(picked) >= 4


def test_answers_measure_accuracy_with_its_interval(desk: Desk) -> None:
    fill(desk)
    samples.draw(desk.connection, desk.context())
    desk.measure()
    ids = [number for (number,) in desk.query("select sample_id from quality.sample where owner = 'ben' order by key")]
    samples.answer(desk.connection, ids[0], "right", "ben")
    samples.answer(desk.connection, ids[1], "unknown", "ben")
    # The newest counts, and none is lost.
    columns = {"crm.deal": ("number",)}
    samples.answer(desk.connection, ids[1], "wrong", "ben", column="number", note=" moved ", columns=columns)
    with desk.connection, desk.connection.cursor() as cursor:
        measured = samples.measured_accuracy(cursor, DAY.date(), 4)
    of_ben = next(line for line in measured if line.owner == "ben")
    assert (of_ben.right, of_ben.wrong, of_ben.unknown, of_ben.accuracy) == (1, 1, 0, 0.5)
    assert (of_ben.low, of_ben.high) == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert of_ben.automatic == pytest.approx(0.5)
    assert measured[0].owner is None
    assert measured[0].entity is None
    desk.measure()
    assert desk.counts("entity", entity="deal")["accuracy"] == (4, 6)
    # After its weeks an answer no longer counts.
    desk.measure(DAY + timedelta(weeks=5))
    assert desk.counts("entity", (DAY + timedelta(weeks=5)).date(), entity="deal")["accuracy"] == (3, 4)


@pytest.mark.parametrize(
    ("sample", "found", "column", "note"),
    [
        pytest.param(None, "right", None, "", id="no such row"),
        pytest.param(1, "maybe", None, "", id="no answer"),
        pytest.param(1, "wrong", "rep", "", id="a column that was not shown"),
        pytest.param(1, "right", "number", "", id="right, but a column is wrong"),
        pytest.param(1, "wrong", None, "x" * 2001, id="too long"),
        pytest.param(1, "wrong", None, "\x00", id="NUL"),
    ],
)
def test_other_answers_are_refused(desk: Desk, sample: int | None, found: str, column: str | None, note: str) -> None:
    fill(desk)
    samples.draw(desk.connection, desk.context())
    number = desk.query("select min(sample_id) from quality.sample where entity = 'deal'")[0][0] if sample else 10**12
    with pytest.raises(TerminalError):
        samples.answer(
            desk.connection, number, found, "ben", column=column, note=note, columns={"crm.deal": ["number"]}
        )
    assert desk.query("select count(*) from quality.sample_answer") == [(0,)]


def test_answers_are_never_changed(desk: Desk) -> None:
    fill(desk)
    measure_quality(desk.context())
    for table in ("sample_answer", "campaign_answer"):
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
            desk.query(f"delete from quality.{table}")


def test_a_campaign_begins_once_a_quarter_and_shows_its_progress(desk: Desk) -> None:
    desk.put(1, amount="100")
    desk.put(2, amount="99")
    desk.put(3, amount="500", rep="zoe")
    desk.put(4, amount="500", rep="zoe")
    desk.run()
    assert campaigns.begin(desk.connection, desk.context()) == 3
    assert campaigns.begin(desk.connection, desk.context(DAY + timedelta(days=20))) == 0
    items = dict(desk.query("select key, item_id from quality.campaign_item"))
    campaigns.answer(desk.connection, items["1"], "right", "ben")
    campaigns.answer(desk.connection, items["3"], "wrong", "zoe", "sold")
    campaigns.answer(desk.connection, items["4"], "unreachable", "zoe")
    campaigns.answer(desk.connection, items["4"], "reopened", "zoe")
    desk.query("delete from deal where deal_id = 3")
    desk.query("update staging.stg_crm__deal set source_key = 'gone' where source_key = '3'")
    campaigns.begin(desk.connection, desk.context())
    with desk.connection, desk.connection.cursor() as cursor:
        progress = {line.owner: line for line in campaigns.progress(cursor, date(2026, 1, 1))}
    assert {owner: (line.total, line.done, line.open, line.gone) for owner, line in progress.items()} == {
        None: (2, 1, 1, 1), "ben": (1, 1, 0, 0), "zoe": (1, 0, 1, 1),
    }  # fmt: skip
    assert progress[None].share == 0.5
    with pytest.raises(TerminalError):
        campaigns.answer(desk.connection, items["3"], "right", "zoe")
    assert campaigns.begin(desk.connection, desk.context(datetime(2026, 4, 1, tzinfo=UTC))) == 3


def test_a_campaign_with_a_wrong_condition_is_refused_before_anything_is_written(desk: Desk) -> None:
    fill(desk)
    file = desk.folder / "scores" / "scores.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("amount >= 100", "amont >= 100"), encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"scores.yml:\d+: .*amont"):
        campaigns.begin(desk.connection, desk.context())
    assert desk.query("select count(*) from quality.campaign") == [(0,)]


def test_hostile_values_are_measured_like_others(desk: Desk) -> None:
    desk.put(1, rep="'; drop table deal; --", number="<script>", region="%s %(x)s", origin="=1+1")
    desk.run()
    measure_quality(desk.context())
    assert desk.counts("owner", owner="'; drop table deal; --", entity="deal")["completeness"] == (3, 3)
    assert desk.query("select owner from quality.sample where entity = 'deal'") == [("'; drop table deal; --",)]
