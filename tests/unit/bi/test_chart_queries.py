"""Queries as Superset's pages write them; the expected ones were taken from a browser."""

from __future__ import annotations

from typing import Any

import pytest

from cockpit.bi.chart_queries import chart_queries, filter_query

TIME = {"subject": "month", "operator": "TEMPORAL_RANGE", "comparator": "No filter", "expressionType": "SIMPLE"}
TIME_FILTER = {"col": "month", "op": "TEMPORAL_RANGE", "val": "No filter"}
ALWAYS = {
    "applied_time_extras": {},
    "annotation_layers": [],
    "series_limit": 0,
    "group_others_when_limit_reached": False,
    "url_params": {},
    "custom_params": {},
    "custom_form_data": {},
}
NO_CLAUSE = {"having": "", "where": ""}


def axis(name: str, **grain: str) -> dict[str, Any]:
    label = {"sqlExpression": name, "label": name, "expressionType": "SQL", "isColumnReference": True}
    return {**grain, "columnType": "BASE_AXIS", **label}


def test_a_number_within_a_time_filter() -> None:
    form_data = {"viz_type": "big_number_total", "metric": "leads", "adhoc_filters": [TIME]}

    assert chart_queries(form_data, [{"time_range": "Last year"}]) == [
        {
            **ALWAYS,
            "time_range": "Last year",
            "filters": [TIME_FILTER],
            "extras": NO_CLAUSE,
            "columns": [],
            "metrics": ["leads"],
            "order_desc": True,
        }
    ]


def test_a_gauge_with_a_condition_in_sql() -> None:
    condition = {"expressionType": "SQL", "clause": "HAVING", "sqlExpression": "count(*) > 0"}
    form_data = {"viz_type": "gauge_chart", "metric": "attainment", "row_limit": 1, "adhoc_filters": [TIME, condition]}

    assert chart_queries(form_data) == [
        {
            **ALWAYS,
            "filters": [TIME_FILTER],
            "extras": {"having": "(count(*) > 0)", "where": ""},
            "columns": [],
            "metrics": ["attainment"],
            "row_limit": 1,
            "order_desc": True,
        }
    ]


def test_a_table_in_an_order_with_totals() -> None:
    form_data = {
        "viz_type": "table",
        "groupby": ["region_name"],
        "metrics": ["growth", "net"],
        "timeseries_limit_metric": "growth",
        "order_desc": False,
        "show_totals": True,
        "row_limit": 100,
        "adhoc_filters": [TIME],
    }
    both = {**ALWAYS, "filters": [TIME_FILTER], "extras": NO_CLAUSE, "metrics": ["growth", "net"]}
    both |= {"series_limit_metric": "growth", "post_processing": [], "time_offsets": []}

    assert chart_queries(form_data) == [
        {**both, "columns": ["region_name"], "orderby": [["growth", True]], "row_limit": 100, "order_desc": False},
        {**both, "columns": [], "row_limit": 0, "row_offset": 0},
    ]


def test_rows_of_a_template_for_one_customer() -> None:
    form_data = {
        "viz_type": "handlebars",
        "query_mode": "raw",
        "all_columns": ["segment_name", "since"],
        "metrics": [],
        "order_by_cols": ['["is_risk", false]', '["since", false]'],
        "row_limit": 50,
        "adhoc_filters": [],
    }
    chosen = {"filters": [{"col": "customer_name", "op": "IN", "val": ["八骏科技"]}]}

    assert chart_queries(form_data, [chosen]) == [
        {
            **ALWAYS,
            "filters": chosen["filters"],
            "extras": NO_CLAUSE,
            "columns": ["segment_name", "since"],
            "orderby": [["is_risk", False], ["since", False]],
            "row_limit": 50,
            "order_desc": True,
        }
    ]


def test_bars_by_month_and_group() -> None:
    form_data = {
        "viz_type": "echarts_timeseries_bar",
        "x_axis": "created_date",
        "time_grain_sqla": "P1M",
        "metrics": ["lead_total"],
        "groupby": ["channel"],
        "row_limit": 10_000,
    }
    options = {"index": ["created_date"], "columns": ["channel"], "aggregates": {"lead_total": {"operator": "mean"}}}
    rename = {"columns": {"lead_total": None}, "level": 0, "inplace": True}

    assert chart_queries(form_data) == [
        {
            **ALWAYS,
            "filters": [],
            "extras": {"time_grain_sqla": "P1M", **NO_CLAUSE},
            "columns": [axis("created_date", timeGrain="P1M"), "channel"],
            "metrics": ["lead_total"],
            "orderby": [["lead_total", False]],
            "row_limit": 10_000,
            "series_columns": ["channel"],
            "order_desc": True,
            "time_offsets": [],
            "post_processing": [
                {"operation": "pivot", "options": {**options, "drop_missing_columns": False}},
                {"operation": "rename", "options": rename},
                {"operation": "flatten"},
            ],
        }
    ]


def test_the_second_series_has_its_own_limit() -> None:
    form_data = {
        "viz_type": "mixed_timeseries",
        "x_axis": "month",
        "metrics": ["received"],
        "metrics_b": ["target"],
        "row_limit": 1000,
        "adhoc_filters_b": [TIME],
    }

    queries = chart_queries(form_data)

    assert queries is not None
    assert [query["row_limit"] for query in queries] == [1000, 10_000]
    assert [query["filters"] for query in queries] == [[], [TIME_FILTER]]
    assert not any("order_desc" in query for query in queries)


@pytest.mark.parametrize(
    "form_data",
    [
        pytest.param({"viz_type": "treemap_v2", "metric": "net"}, id="another type"),
        pytest.param({"viz_type": "table", "metrics": ["net"], "percent_metrics": ["net"]}, id="another setting"),
    ],
)
def test_what_is_not_known_is_not_guessed(form_data: dict[str, Any]) -> None:
    assert chart_queries(form_data) is None


def test_the_values_of_a_filter() -> None:
    configuration = {"targets": [{"column": {"name": "region_name"}}], "controlValues": {"sortAscending": True}}

    assert filter_query(configuration) == {
        **ALWAYS,
        "filters": [],
        "extras": NO_CLAUSE,
        "columns": ["region_name"],
        "metrics": [],
        "orderby": [["region_name", True]],
        "row_limit": 1000,
        "order_desc": True,
    }
