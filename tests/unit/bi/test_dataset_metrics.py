"""Datasets get the metrics of their mart, and a mart that no dataset names gets one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.bi.assets import Assets, DatasetAsset, DatasetColumn, load_assets
from cockpit.bi.bundle import build_bundle
from cockpit.bi.metrics import metrics_in_datasets, with_metrics
from cockpit.bi.render import Renderer
from cockpit.errors import RuleFileError
from cockpit.rulebook.workspace import load_workspace
from cockpit.warehouse.metrics import MetricBook, metric_book
from tests.unit.warehouse.model_folder import ModelFolder
from tests.unit.warehouse.test_metrics import SELECT, TYPES, mart

SUPERSET = load_assets(Path(__file__).resolve().parents[3] / "superset")

SQL = """select
    -- A comment stays out of the way.
    '${lang}' as language,
    ${case product_category of deal.k} as category,
    deal.k
from marts.mart_deal as deal
where deal.region_code <> 'unknown'
"""


@pytest.fixture
def book(tmp_path: Path) -> MetricBook:
    folder = ModelFolder(tmp_path)
    folder.add("marts", mart(), SELECT)
    folder.add_metric("won", mart="mart_deal", kind="additive", formula="count(*) filter (where is_won)")
    folder.add_metric(
        "total", mart="mart_deal", kind="additive", formula="sum(amount)", format="currency", month="won_month"
    )
    folder.add_metric("rate", kind="ratio", numerator="won", denominator="total", format="percent", decimals=0)
    folder.add_metric("price", mart="mart_deal", kind="statistic", formula="avg(amount)", format="price", decimals=2)
    folder.add_metric("length", mart="mart_deal", kind="statistic", formula="avg(since - month)", format="days")
    made = metric_book(folder.workspace())
    load_workspace.cache_clear()
    made.require_right()
    return made


def assets(sql: str | None = None, mart: str = "mart_deal") -> Assets:
    """One dataset over the mart; none when there is no SQL."""
    datasets = {}
    if sql:
        columns = {name: DatasetColumn(type="TEXT") for name in ("language", "category", "k")}
        datasets["deals"] = DatasetAsset(database="warehouse", table_name="deals", mart=mart, sql=sql, columns=columns)
    return replace(SUPERSET, datasets=datasets, charts={}, dashboards={})


def test_a_dataset_gets_the_metrics_of_its_mart(book: MetricBook) -> None:
    dataset = with_metrics(assets(SQL), book).datasets["deals"]
    assert {name: metric.d3format for name, metric in dataset.metrics.items()} == {
        "won": ",.0f",
        "total": "${amount.format}",
        "rate": ".0%",
        "price": ",.2f",
        "length": ",.1f",
    }
    assert dataset.metrics["total"].expression == "(SUM(amount)) / ${amount.divisor}"
    assert dataset.metrics["won"].label == {"en": "won", "zh": "指标"}
    assert metrics_in_datasets(assets(SQL), book)["won"] == ["deals"]


def test_columns_that_metrics_need_are_added(book: MetricBook) -> None:
    dataset = with_metrics(assets(SQL), book).datasets["deals"]
    assert set(dataset.columns) == {"language", "category", "k", "is_won", "amount", "since", "month"}
    rendered = Renderer("zh", SUPERSET.labels["zh"], {}).render(dataset.sql, "deals.yml")
    assert "deal.is_won" in rendered
    assert "'zh' AS language" in rendered
    assert "when 'pressure' then '压力仪表'" in rendered
    assert "deal.region_code <> 'unknown'" in rendered


def test_columns_are_not_added_to_what_is_no_plain_select(book: MetricBook) -> None:
    nested = f"select language, category, k from ({SQL}) as inside"
    with pytest.raises(RuleFileError, match=r"lacks columns that metrics of mart_deal name \(found '.*is_won"):
        with_metrics(assets(nested), book)


def test_a_mart_without_a_dataset_gets_one(book: MetricBook) -> None:
    made = with_metrics(assets(), book)
    dataset = made.datasets["mart_deal"]
    assert set(dataset.columns) == set(TYPES)
    assert dataset.main_dttm_col == "month"
    documents = build_bundle(made, {"en": Renderer("en", SUPERSET.labels["en"], {})}, "postgresql://x@y/z")
    document = documents["datasets/mart_deal.en.yaml"]
    assert document["table_name"] == "mart_deal (mart_deal)"
    assert {metric["metric_name"] for metric in document["metrics"]} == {"won", "total", "rate", "price", "length"}
    assert document["columns"][0]["verbose_name"] == "kkk"
    # The other one is enough, where there is one.
    assert "mart_deal" not in with_metrics(assets(SQL), book).datasets


def test_a_dataset_names_a_mart_that_is_there(book: MetricBook) -> None:
    with pytest.raises(RuleFileError, match="there is no such mart"):
        with_metrics(assets(SQL, mart="mart_nothing"), book)
