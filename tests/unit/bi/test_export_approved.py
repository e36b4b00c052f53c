"""A dashboard as Superset exports it becomes files as the repository has them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from cockpit.bi.assets import load_assets
from cockpit.bi.bundle import asset_uuid
from cockpit.bi.check import check_assets
from cockpit.bi.export_approved import to_files
from cockpit.bi.metrics import with_metrics
from cockpit.rulebook.workspace import find_workspace
from cockpit.warehouse.metrics import metric_book

SUPERSET = Path(__file__).resolve().parents[3] / "superset"
WORKSPACE = find_workspace("huaxing")
BOOK = metric_book(WORKSPACE)
ASSETS = with_metrics(load_assets(SUPERSET), BOOK)
FUNNEL = asset_uuid("dataset", "funnel", "zh")
TEMPLATE = asset_uuid("chart", "template_trend", "zh")
LOST = {
    "expressionType": "SIMPLE",
    "column": {"id": 5, "column_name": "lost_count", "type": "BIGINT", "expression": None},
    "aggregate": "SUM",
    "sqlExpression": None,
    "label": "丢单",
    "optionName": "metric_x",
}


def chart(title: str) -> dict[str, Any]:
    params = {
        "datasource": "9__table",
        "viz_type": "echarts_timeseries_bar",
        "slice_id": 4,
        "x_axis": "created_month",
        "metrics": ["deals_reached", LOST],
        "groupby": ["stage_name"],
        "adhoc_filters": [
            {
                "clause": "WHERE",
                "expressionType": "SIMPLE",
                "subject": "created_month",
                "operator": "TEMPORAL_RANGE",
                "comparator": "No filter",
                "filterOptionName": "filter_x",
            }
        ],
        "x_axis_title": "costs ${amount}",
        "dashboards": [3],
        "extra_form_data": {},
    }
    return {"slice_name": title, "viz_type": "echarts_timeseries_bar", "params": params, "dataset_uuid": FUNNEL}


def placed(number: int, uuid: str, width: int) -> dict[str, Any]:
    return {"type": "CHART", "children": [], "meta": {"chartId": number, "uuid": uuid, "width": width, "height": 40}}


def node(kind: str, *children: str, **meta: Any) -> dict[str, Any]:
    return {"type": kind, "children": list(children), "meta": meta}


def position(*, tabs: bool) -> dict[str, Any]:
    rows = ["R1", "M"]
    below = {"TABS-1": node("TABS", "TAB-1"), "TAB-1": node("TAB", *rows, text="第一页")} if tabs else {}
    return {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": node("ROOT", "TABS-1" if tabs else "GRID_ID"),
        "GRID_ID": node("GRID", *([] if tabs else rows)),
        **below,
        "R1": node("ROW", "C1", "COL", "C3"),
        "C1": placed(1, "chart-1", 4),
        "COL": node("COLUMN", "C2", width=4),
        "C2": placed(2, TEMPLATE, 12),
        "C3": placed(3, "chart-3", 6),
        "M": node("MARKDOWN", code="# 说明"),
    }


def dashboard(*, tabs: bool) -> dict[str, Any]:
    return {
        "dashboard_title": "Funnel 漏斗",
        "uuid": "12345678-0000-4000-8000-000000000000",
        "position": position(tabs=tabs),
        "metadata": {
            "native_filter_configuration": [
                {
                    "name": "区域",
                    "filterType": "filter_select",
                    "targets": [{"datasetUuid": FUNNEL, "column": {"name": "region_name"}}],
                    "scope": {"rootPath": ["ROOT_ID"], "excluded": [3]},
                    "controlValues": {"multiSelect": False},
                },
                {"name": "时间", "filterType": "filter_time", "targets": [{}]},
                {"name": "粒度", "filterType": "filter_timegrain", "targets": [{}]},
            ]
        },
    }


DOCUMENTS = {
    "chart-1": chart("各月漏斗"),
    "chart-3": chart("另一个"),
    TEMPLATE: {**chart("模板"), "dataset_uuid": asset_uuid("dataset", "sales_cube", "zh")},
}


@pytest.mark.parametrize("tabs", [False, True])
def test_files_pass_the_check_beside_the_repositorys(tabs, tmp_path):
    exported = to_files(dashboard(tabs=tabs), DOCUMENTS, ASSETS, ["executive"])
    shutil.copytree(SUPERSET, tmp_path, dirs_exist_ok=True)
    for name, text in exported.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert check_assets(tmp_path, BOOK, WORKSPACE.settings.parameters) == []


def test_what_is_written():
    exported = to_files(dashboard(tabs=False), DOCUMENTS, ASSETS, ["executive"])
    assert exported.name == "funnel_12345678"
    assert exported.left_out == ("a text or line between charts", "filter 粒度")
    files = {name: yaml.safe_load(text) for name, text in exported.files.items()}
    assert list(files) == [
        "dashboards/funnel_12345678.yml",
        "charts/funnel_12345678_1.yml",
        "charts/funnel_12345678_2.yml",
    ]
    written = files["dashboards/funnel_12345678.yml"]
    assert written["label"] == {"en": "Funnel 漏斗", "zh": "Funnel 漏斗"}
    # A chart of the repository stays one; what is too wide for its row begins another.
    assert written["rows"] == [
        {
            "height": 40,
            "charts": [{"chart": "funnel_12345678_1", "width": 4}, {"chart": "template_trend", "width": 4}],
        },
        {"height": 40, "charts": [{"chart": "funnel_12345678_2", "width": 6}]},
    ]
    region, period = written["filters"]
    assert (region["dataset"], region["column"], region["is_single"]) == ("funnel", "region_name", True)
    assert region["charts"] == ["funnel_12345678_1", "template_trend"]
    assert period["charts"] == ["funnel_12345678_1", "template_trend", "funnel_12345678_2"]
    first = files["charts/funnel_12345678_1.yml"]
    assert (first["dataset"], first["label"]["zh"]) == ("funnel", "各月漏斗")
    assert first["params"] == {
        "x_axis": "created_month",
        "metrics": [
            "deals_reached",
            {
                "expressionType": "SIMPLE",
                "aggregate": "SUM",
                "label": "丢单",
                "column": {"column_name": "lost_count"},
            },
        ],
        "groupby": ["stage_name"],
        "adhoc_filters": [{"subject": "created_month", "operator": "TEMPORAL_RANGE", "comparator": "No filter"}],
        # Nothing of the builder's is filled in.
        "x_axis_title": "costs $ {amount}",
    }
