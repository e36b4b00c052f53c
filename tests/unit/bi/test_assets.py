"""The files under superset/ fit together, the marts and both languages; and the check finds when they do not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from cockpit.bi.assets import load_assets
from cockpit.bi.bundle import asset_uuid, build_bundle
from cockpit.bi.check import check_assets
from cockpit.bi.metrics import with_metrics
from cockpit.bi.render import Renderer
from cockpit.errors import RuleFileError
from cockpit.rulebook.workspace import find_workspace
from cockpit.warehouse.metrics import metric_book

REPOSITORY = Path(__file__).resolve().parents[3]
SUPERSET = REPOSITORY / "superset"
BOOK = metric_book(find_workspace("huaxing"))
PARAMETERS = {"pace_threshold": 0.8, "overdue_after_days": 90.0, "repurchase_months": 12.0}


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
            "filters: region: dataset sales_month has no column region_name",
            id="filter without effect",
        ),
        pytest.param("datasets/import_batch.yml", "cache_timeout: 300", "", "reads the clock", id="kept for too long"),
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
            "labels.zh.yml", "    accessories: 配件\n", "", "values.product_category.accessories", id="value missing"
        ),
        pytest.param(
            "labels.en.yml",
            "  channel_shown: Main channel\n",
            "  channel_shown: Channel\n",
            "channel_name and channel_shown are both called 'Channel' (en)",
            id="label twice",
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
    assert len(slugs) == len(set(slugs)) == 4 * len(assets.dashboards)


def test_uuids_never_change():
    """Links, favourites and permissions of every installation hang on them."""
    assert asset_uuid("dashboard", "executive_cockpit", "en") == "9e2ea1ff-9381-5f50-a33c-b8d4b65d740c"


def test_the_chinese_cockpit_has_no_english():
    labels = load_assets(SUPERSET).labels["zh"]
    texts = [
        text
        for group in (
            labels.dataset,
            labels.dashboard,
            labels.chart,
            labels.tab,
            labels.filter,
            labels.text,
            labels.columns,
        )
        for text in group.values()
    ] + list(labels.metrics.values())
    assert [text for text in texts if re.search("[A-Za-z]{2,}", re.sub(r"\$\{.*?\}", "", text))] == []


def tabbed(folder: Path, **values: object) -> Path:
    """A copy of the assets in which the ledger's dashboard has its rows in two tabs."""
    shutil.copytree(SUPERSET, folder)
    file = folder / "dashboards/import_ledger.yml"
    dashboard = yaml.safe_load(file.read_text(encoding="utf-8"))
    rows = dashboard.pop("rows")
    dashboard["tabs"] = [{"title": "First", "rows": rows[:1]}, {"title": "More", "rows": rows[1:]}]
    file.write_text(yaml.safe_dump({**dashboard, **values}, allow_unicode=True), encoding="utf-8")
    return folder


def test_tabs_hold_rows_on_a_desk_and_on_a_phone(tmp_path):
    assets = with_metrics(load_assets(tabbed(tmp_path / "superset")), BOOK)
    bundle = build_bundle(assets, {"en": Renderer("en", assets.labels["en"], PARAMETERS)}, "postgresql://x:y@h/d")
    for name in ("import_ledger", "import_ledger.phone"):
        tree = bundle[f"dashboards/{name}.en.yaml"]["position"]
        assert tree["ROOT_ID"]["children"] == ["TABS-1"]
        assert [tree[tab]["meta"]["text"] for tab in tree["TABS-1"]["children"]] == ["First", "More"]
        shown = []
        for tab in tree["TABS-1"]["children"]:
            for row in tree[tab]["children"]:
                assert tree[row]["parents"] == ["ROOT_ID", "TABS-1", tab]
                assert len(tree[row]["children"]) == 1 or not name.endswith("phone")
                shown += tree[row]["children"]
        assert shown == [f"CHART-{placed.chart}" for placed in assets.dashboards["import_ledger"].placed]


def test_a_click_narrows_the_charts_that_know_its_column():
    assets = with_metrics(load_assets(SUPERSET), BOOK)
    bundle = build_bundle(assets, {"en": Renderer("en", assets.labels["en"], PARAMETERS)}, "postgresql://x:y@h/d")
    metadata = bundle["dashboards/region.en.yaml"]["metadata"]
    charts = list(dict.fromkeys(placed.chart for placed in assets.dashboards["region"].placed))
    numbers = {chart: str(number) for number, chart in enumerate(charts, start=1)}

    def narrowed(chart):
        excluded = metadata["chart_configuration"][numbers[chart]]["crossFilters"]["scope"]["excluded"]
        return {other for other in charts if int(numbers[other]) not in excluded}

    assert narrowed("sales_region_ranking") == {*charts} - {"sales_region_ranking"}
    assert narrowed("product_growth") == {"orders_by_month_and_product", "product_mix"}


def test_a_filter_starts_with_its_default(tmp_path):
    filters = [
        {"id": "source", "name": "Source", "type": "filter_select", "dataset": "import_batch", "column": "source",
         "default": ["erp"], "is_single": True},
        {"id": "entity", "name": "Entity", "type": "filter_select", "dataset": "import_batch", "column": "entity",
         "is_searched": True, "is_required": True, "within": ["source"]},
        {"id": "period", "name": "Period", "type": "filter_time", "default": "Last year"},
    ]  # fmt: skip
    assets = with_metrics(load_assets(tabbed(tmp_path / "superset", filters=filters)), BOOK)
    bundle = build_bundle(assets, {"en": Renderer("en", assets.labels["en"], PARAMETERS)}, "postgresql://x:y@h/d")
    source, entity, period = bundle["dashboards/import_ledger.en.yaml"]["metadata"]["native_filter_configuration"]
    assert source["defaultDataMask"]["extraFormData"] == {"filters": [{"col": "source", "op": "IN", "val": ["erp"]}]}
    assert (source["controlValues"]["multiSelect"], entity["controlValues"]["searchAllOptions"]) == (False, True)
    assert [each["controlValues"]["enableEmptyFilter"] for each in (source, entity, period)] == [False, True, False]
    assert entity["cascadeParentIds"] == [source["id"]]
    assert period["defaultDataMask"]["extraFormData"] == {"time_range": "Last year"}


def test_a_filter_may_begin_with_the_greatest(tmp_path):
    first = {"id": "source", "name": "Source", "type": "filter_select", "dataset": "import_batch", "column": "source",
             "first_by": "rows_received"}  # fmt: skip
    folder = tabbed(tmp_path / "superset", filters=[first])
    assets = with_metrics(load_assets(folder), BOOK)
    bundle = build_bundle(assets, {"en": Renderer("en", assets.labels["en"], PARAMETERS)}, "postgresql://x:y@h/d")
    (source,) = bundle["dashboards/import_ledger.en.yaml"]["metadata"]["native_filter_configuration"]
    assert (source["sortMetric"], source["requiredFirst"]) == ("rows_received", True)
    assert (source["controlValues"]["defaultToFirstItem"], source["controlValues"]["sortAscending"]) == (True, False)
    tabbed(tmp_path / "wrong", filters=[{**first, "first_by": "weight"}])
    faults = check_assets(tmp_path / "wrong", BOOK, find_workspace("huaxing").settings.parameters)
    assert any("filters: source: dataset import_batch has no metric weight" in fault for fault in faults)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"rows": [{"height": 10, "charts": [{"chart": "rows_held", "width": 3}]}]}, "either rows or tabs"),
        ({"tabs": []}, "either rows or tabs"),
        ({"filters": [{"id": "a", "name": "A", "type": "filter_time", "default": ["x"]}]}, "a filter of time a range"),
        ({"filters": [{"id": "a", "name": "A", "type": "filter_time", "within": ["a"]}]}, "a is no other filter"),
        ({"filters": [{"id": "a", "name": "A", "type": "filter_time", "first_by": "x"}]}, "without a default"),
    ],
)
def test_a_layout_that_says_two_things_is_refused(values, fault, tmp_path):
    with pytest.raises(RuleFileError, match=fault) as caught:
        load_assets(tabbed(tmp_path / "superset", **values))
    assert "dashboards/import_ledger.yml:" in str(caught.value)
