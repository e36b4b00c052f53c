"""The files under superset/ fit together, the marts and both languages; and the check finds when they do not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cockpit.bi.assets import load_assets
from cockpit.bi.bundle import asset_uuid, build_bundle
from cockpit.bi.check import check_assets
from cockpit.bi.metrics import with_metrics
from cockpit.bi.render import Renderer
from cockpit.rulebook.workspace import find_workspace
from cockpit.warehouse.metrics import metric_book

REPOSITORY = Path(__file__).resolve().parents[3]
SUPERSET = REPOSITORY / "superset"
BOOK = metric_book(find_workspace("huaxing"))
PARAMETERS = {"pace_threshold": 0.8}


def test_the_repositorys_assets_are_complete():
    assert check_assets(SUPERSET, BOOK, find_workspace("huaxing").settings.parameters) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        pytest.param(
            "datasets/region_month.yml",
            "attainment.received_amount,",
            "attainment.received,",
            "sql: Unknown column: received",
            id="column that the mart lacks",
        ),
        pytest.param(
            "datasets/receipt_day.yml",
            "marts.mart_receipt_daily",
            "core.core_receipt",
            "reads core.core_receipt, which is no mart",
            id="table below the marts",
        ),
        pytest.param("charts/region_map.yml", "pace_state]", "pace]", "", id="metric as dimension is known"),
        pytest.param("charts/region_map.yml", "pace_state]", "paces]", "groupby: paces is neither", id="unknown name"),
        pytest.param(
            "charts/product_mix.yml", "dataset: sales_month", "dataset: sales", "does not exist", id="unknown dataset"
        ),
        pytest.param(
            "datasets/sales_month.yml",
            "  region_name: {type: TEXT}\n",
            "",
            "filter region: dataset sales_month has no column region_name",
            id="filter without effect",
        ),
        pytest.param("labels.zh.yml", "  source: 数据源\n", "", "labels.zh.yml", id="text missing in one language"),
        pytest.param(
            "datasets/region_month.yml",
            "      attainment.target_amount,\n",
            "      2 * attainment.target_amount as target_amount,\n",
            "metric target needs target_amount of mart_region_attainment, which sql changes",
            id="metric over a changed column",
        ),
        pytest.param(
            "datasets/region_month.yml",
            "      attainment.ordered_amount,\n",
            "",
            "columns: ordered_amount is not selected by sql",
            id="column that is only named",
        ),
        pytest.param(
            "datasets/region_month.yml",
            "metrics:\n",
            "metrics:\n  pace: {expression: sum(received_amount)}\n",
            "mart_region_attainment has a metric of this name, which the dataset gets by itself (found 'pace')",
            id="metric that the mart has",
        ),
        pytest.param(
            "datasets/region_month.yml",
            "mart: mart_region_attainment",
            "mart: mart_regions",
            "there is no such mart (found 'mart_regions'",
            id="unknown mart",
        ),
        pytest.param(
            "labels.zh.yml", "  accessories: 配件\n", "", "values.product_category.accessories", id="value missing"
        ),
        pytest.param(
            "charts/region_map.yml", "${text.pace_act}", "${text.pace}", "${text.pace} is not in labels", id="place"
        ),
    ],
)
def test_a_fault_is_found(file, old, new, fault, tmp_path):
    shutil.copytree(SUPERSET, tmp_path / "superset")
    path = tmp_path / "superset" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    faults = check_assets(tmp_path / "superset", BOOK, PARAMETERS)
    assert (fault in "\n".join(faults)) if fault else faults == []


def test_both_languages_stand_side_by_side():
    assets = with_metrics(load_assets(SUPERSET), BOOK)
    renderers = {lang: Renderer(lang, labels, PARAMETERS) for lang, labels in assets.labels.items()}
    bundle = build_bundle(assets, renderers, "postgresql://bi_reader:XXXXXXXXXX@localhost/cockpit")
    uuids = [document["uuid"] for document in bundle.values()]
    assert len(uuids) == len(set(uuids))
    slugs = [document["slug"] for path, document in bundle.items() if path.startswith("dashboards/")]
    assert len(slugs) == len(set(slugs)) == 8


def test_uuids_never_change():
    """Links, favourites and permissions of every installation hang on them."""
    assert asset_uuid("dashboard", "executive_cockpit", "en") == "9e2ea1ff-9381-5f50-a33c-b8d4b65d740c"


def test_the_chinese_cockpit_has_no_english():
    labels = load_assets(SUPERSET).labels["zh"]
    texts = [
        text
        for group in (labels.dataset, labels.dashboard, labels.chart, labels.filter, labels.text, labels.columns)
        for text in group.values()
    ] + list(labels.metrics.values())
    assert [text for text in texts if re.search("[A-Za-z]{2,}", re.sub(r"\$\{.*?\}", "", text))] == []
