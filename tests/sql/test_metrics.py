"""Metrics in a real database: one YAML file is enough, and what a formula becomes is what one would write by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import connection as PgConnection
from sqlglot import exp

from cockpit.bi.assets import load_assets
from cockpit.bi.bundle import build_bundle
from cockpit.bi.check import check_assets
from cockpit.bi.metrics import with_metrics
from cockpit.bi.render import Renderer
from cockpit.cli.main import main
from cockpit.rulebook import workspace as workspaces
from cockpit.rulebook.workspace import REPOSITORY, Workspace, load_workspace
from cockpit.warehouse.metrics import metric_book
from cockpit.warehouse.runner import build
from tests.sql.conftest import COPY
from tests.sql.database import Warehouse, context_of
from tests.unit.warehouse.model_folder import ModelFolder
from tests.unit.warehouse.test_metrics import SELECT, TYPES, mart
from tests.workspaces import WorkspaceDatabase

AS_OF = datetime.fromisoformat("2026-03-05T10:00+08:00")

NEW = """
    metrics:
      - id: missing_amount
        name: Still missing
        name_zh: 尚缺金额
        description: What the target lacks; nothing when it is reached
        description_zh: 距目标的差额，已达成为零
        mart: mart_region_attainment
        kind: column
        formula: greatest(target_amount - received_amount, 0)
        unit: workspace currency
        format: currency
        direction: down
        owner: sales-operations
      - id: missing_share
        name: Share that is missing
        name_zh: 缺口率
        description: What the targets lack, by the targets
        description_zh: 缺口 ÷ 目标
        mart: mart_region_attainment
        kind: ratio
        numerator: sum(missing_amount)
        denominator: target
        unit: ratio
        format: percent
        direction: down
        owner: sales-operations
"""

COPY_OF = REPOSITORY / "include"
SUPERSET = REPOSITORY / "superset"


@pytest.fixture
def extended(tmp_path: Path) -> Iterator[Workspace]:
    """The company's workspace with one more file of metrics, and nothing else."""
    shutil.copytree(COPY_OF, tmp_path / "include")
    (tmp_path / "include/rules/metrics/missing.yml").write_text(dedent(NEW), encoding="utf-8")
    yield load_workspace(tmp_path / "include/workspace.yml")
    load_workspace.cache_clear()


TARGETS = [
    {"region_code": "CN-SH", "month": "2026-02-01", "kind": "received", "amount": 1000},
    {"region_code": "CN-GD", "month": "2026-02-01", "kind": "received", "amount": 500},
]
RECEIPTS = [
    {"receipt_key": "erp:1", "region_code": "CN-SH", "received_month": "2026-02-01", "amount": 250},
    {"receipt_key": "erp:2", "region_code": "CN-GD", "received_month": "2026-02-01", "amount": 800},
]


def test_a_new_file_is_enough_for_a_new_metric(
    warehouse: Warehouse,
    huaxing: Workspace,
    extended: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = context_of(huaxing, AS_OF)
    attainment = before.graph["mart_region_attainment"]
    warehouse.create_tables(before.graph.upstream(attainment), before)
    warehouse.insert("core.core_target", TARGETS)
    warehouse.insert("core.core_receipt", RECEIPTS)
    build(warehouse.connection, attainment, before)

    after = context_of(extended, AS_OF)
    for name in ("mart_region_attainment", "mart_metric"):
        model = after.graph[name]
        warehouse.create_tables(after.graph.upstream(model), after)
        build(warehouse.connection, model, after)

    assert warehouse.query(
        "select region_code, missing_amount from marts.mart_region_attainment where month = '2026-02-01' order by 1"
    ) == [("CN-GD", 0), ("CN-SH", 750)]
    assert warehouse.query(
        "select region_code, numerator, denominator, value from marts.mart_metric"
        " where metric_id = 'missing_share' and month = '2026-02-01' order by 1"
    ) == [("CN-GD", 0, 500, 0), ("CN-SH", 750, 1000, Decimal("0.75")), ("company", 750, 1500, Decimal("0.5"))]
    book = metric_book(extended)
    assert check_assets(SUPERSET, book, extended.settings.parameters) == []
    assets = with_metrics(load_assets(SUPERSET), book)
    renderers = {
        lang: Renderer(lang, labels, {"pace_threshold": 0.8, "overdue_after_days": 90, "repurchase_months": 12})
        for lang, labels in assets.labels.items()
    }
    bundle = build_bundle(assets, renderers, "postgresql://bi_reader:XXXXXXXXXX@localhost/cockpit")
    dataset = bundle["datasets/region_month.zh.yaml"]
    (metric,) = [each for each in dataset["metrics"] if each["metric_name"] == "missing_share"]
    assert metric == {
        "metric_name": "missing_share",
        "verbose_name": "缺口率",
        "description": "缺口 ÷ 目标",
        "expression": "CAST(SUM(missing_amount) AS DECIMAL) / NULLIF(SUM(target_amount), 0)",
        "d3format": ".1%",
    }
    # The dataset's own SQL does not name the column.
    assert "attainment.missing_amount" in dataset["sql"]
    (found,) = warehouse.query(f"select {metric['expression']} from ({dataset['sql']}) as dataset")
    assert found == (Decimal("0.5"),)

    (extended.folder.parent / "superset").symlink_to(SUPERSET)
    monkeypatch.setattr(workspaces, "REPOSITORY", extended.folder.parent)
    assert main(["metrics", "list"]) == 0
    assert "missing_share" in capsys.readouterr().out


@pytest.fixture
def deals(tmp_path: Path) -> Iterator[ModelFolder]:
    folder = ModelFolder(tmp_path)
    folder.add("marts", mart(), SELECT)
    yield folder
    load_workspace.cache_clear()


# Metric and what one would write by hand.
SAME: dict[str, tuple[dict[str, Any], str]] = {
    "amount_sum": ({"kind": "additive", "formula": "sum(amount)"}, "sum(amount)"),
    "won": ({"kind": "additive", "formula": "count(*) filter (where is_won)"}, "sum(case when is_won then 1 else 0 end)"),
    "lost": ({"kind": "additive", "formula": "count(*) - won"}, "count(*) filter (where is_won is not true)"),
    "rate": (
        {"kind": "ratio", "numerator": "won", "denominator": "won + lost"},
        "case when count(*) > 0 then 1.0 * count(*) filter (where is_won) / count(*) end",
    ),
    "odds": (
        {"kind": "ratio", "numerator": "won", "denominator": "lost", "when_zero": -1},
        """case count(*) filter (where is_won is not true) when 0 then -1
        else 1.0 * count(*) filter (where is_won) / count(*) filter (where is_won is not true) end""",
    ),
    "points": ({"kind": "statistic", "formula": "round(100 * rate, 1)"}, "round(100 * avg(coalesce(is_won, false)::int), 1)"),
    "kinds": ({"kind": "statistic", "formula": "count(distinct k)"}, "array_length(array_agg(distinct k) filter (where k is not null), 1)"),
    "per_kind": (
        {"kind": "ratio", "numerator": "amount_sum", "denominator": "kinds"},
        "sum(amount) / nullif(count(distinct k), 0)",
    ),
    "middle": (
        {"kind": "statistic", "formula": "median(amount)"},
        "(percentile_cont(0.5) within group (order by amount))::numeric",
    ),
    "of_a": (
        {"kind": "additive", "formula": "amount_sum + sum(number) filter (where is_won)", "where": "k = 'a'"},
        "sum(amount) filter (where k = 'a') + sum(number) filter (where k = 'a' and is_won)",
    ),
    "of_a_or_won": (
        {"kind": "ratio", "numerator": "rate", "denominator": "2", "where": "k = 'a' or is_won"},
        "1.0 * count(*) filter (where is_won) / nullif(count(*) filter (where k = 'a' or is_won), 0) / 2",
    ),
    "mean_share": (
        {"kind": "statistic", "formula": "avg(amount / number)"},
        "avg(case when number <> 0 then amount / number end)",
    ),
    "halves": ({"kind": "statistic", "formula": "sum(number) / 2"}, "sum(number) * 0.5"),
    "early": (
        {"kind": "additive", "formula": "count(*)", "where": "since < '2026-02-15' and extract(month from since) = 2"},
        "count(*) filter (where since >= '2026-02-01' and since < '2026-02-15')",
    ),
    "days": ({"kind": "statistic", "formula": "avg(since - month)"}, "avg((since - month)::numeric)"),
}  # fmt: skip

ROW = st.fixed_dictionaries(
    {
        "k": st.sampled_from(["a", "b", "c", None]),
        "amount": st.none() | st.decimals(-1000, 1000, places=2),
        "number": st.none() | st.integers(-3, 3),
        "is_won": st.sampled_from([True, False, None]),
        "since": st.none() | st.dates(date(2026, 1, 1), date(2026, 3, 31)),
        "month": st.just(date(2026, 1, 1)),
    }
)


@pytest.fixture
def reading(template: WorkspaceDatabase) -> Iterator[PgConnection]:
    with closing(template.connect()) as connection:
        yield connection


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=8))
def test_formulas_give_what_one_would_write_by_hand(
    deals: ModelFolder, reading: PgConnection, rows: list[dict[str, Any]]
) -> None:
    if not (deals.folder / "metrics").exists():
        for name, (keys, _by_hand) in SAME.items():
            deals.add_metric(name, mart="mart_deal", **keys)
    book = metric_book(deals.workspace())
    book.require_right()
    with reading, reading.cursor() as cursor:
        columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
        cursor.execute(f"create temp table deal ({columns}) on commit drop")
        for row in rows:
            cursor.execute(
                f"insert into deal ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})", list(row.values())
            )
        for name, (_keys, by_hand) in SAME.items():
            cursor.execute(f"select ({book[name].expression})::numeric, ({by_hand})::numeric from deal")
            found, expected = cursor.fetchall()[0]
            # Of no rows there is nothing to count, and a sum is null.
            if expected is None:
                assert not found, name
            else:
                assert abs(found - expected) < Decimal("1e-9"), name


def test_every_metric_of_the_company_runs(warehouse: Warehouse, huaxing: Workspace) -> None:
    book = metric_book(huaxing)
    assert book.faults == ()
    context = context_of(huaxing, AS_OF)
    warehouse.create_tables([context.graph[each.mart] for each in book.metrics.values()], context)
    for each in book.metrics.values():
        expressions = [each.expression, *filter(None, (each.numerator, each.denominator))]
        warehouse.query(f"select {', '.join(expressions)} from marts.{each.mart}")


def test_every_dataset_gives_the_metrics_of_its_mart(
    warehouse: Warehouse, template: WorkspaceDatabase, huaxing: Workspace
) -> None:
    context = context_of(huaxing, AS_OF)
    warehouse.create_tables(context.graph.layer("marts"), context)
    assets = with_metrics(load_assets(SUPERSET), metric_book(huaxing))
    renderers = {lang: Renderer(lang, labels, huaxing.parameters) for lang, labels in assets.labels.items()}
    bundle = build_bundle(assets, renderers, "postgresql://bi_reader:XXXXXXXXXX@localhost/cockpit")
    datasets = [document for path, document in bundle.items() if path.startswith("datasets/")]
    assert len({document["table_name"] for document in datasets}) == len(datasets)
    with closing(WorkspaceDatabase(template.postgres, COPY).connect("bi_reader")) as connection:
        _ask_everything(Warehouse(connection), datasets)


def _ask_everything(warehouse: Warehouse, datasets: list[dict[str, Any]]) -> None:
    """Each column and metric, with the rights that charts have."""
    for document in datasets:
        columns = ", ".join(column["column_name"] for column in document["columns"])
        warehouse.query(f"select {columns} from ({document['sql']}) as dataset")
        for metric in document["metrics"]:
            expression = sqlglot.parse_one(metric["expression"], read="postgres")
            # Over the groups of a chart, as Superset asks for it.
            groups = [part.sql() for window in expression.find_all(exp.Window) for part in window.args["partition_by"]]
            grouping = f" group by {', '.join(groups)}" if groups else ""
            warehouse.query(f"select {metric['expression']} from ({document['sql']}) as dataset{grouping}")
