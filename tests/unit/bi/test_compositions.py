"""What a builder may save: closed lists, and what looks like something else than it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cockpit.bi.compositions import (
    NotAllowedError,
    check_chart,
    check_dashboard,
    check_query,
    is_composed,
    sql_texts,
)

NAMES = {"month", "region_name", "amount", "net"}
ME, DATASET = 7, 3
SIMPLE = {"expressionType": "SIMPLE", "column": {"column_name": "amount"}, "aggregate": "SUM", "label": "Sum"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("net", True),
        ("version()", False),
        (SIMPLE, True),
        ({**SIMPLE, "sqlExpression": None}, True),
        ({**SIMPLE, "sqlExpression": "version()"}, False),
        ({**SIMPLE, "aggregate": "PG_SLEEP"}, False),
        ({**SIMPLE, "column": {"column_name": "version()"}}, False),
        ({**SIMPLE, "column": {"column_name": "amount", "expression": "version()"}}, False),
        ({**SIMPLE, "column": "amount"}, False),
        ({"expressionType": "SQL", "sqlExpression": "month", "columnType": "BASE_AXIS", "timeGrain": "P1M"}, True),
        ({"expressionType": "SQL", "sqlExpression": "month", "aggregate": None, "column": None}, True),
        ({"expressionType": "SQL", "sqlExpression": "count(*)", "label": "net"}, False),
        ({}, False),
        (5, False),
        (None, False),
    ],
)
def test_an_expression_is_a_name_or_a_simple_aggregate(expression, expected):
    assert is_composed(expression, NAMES) is expected


def test_sql_is_found_at_any_depth():
    value = {"a": [{"b": {"where": "x"}}, {"sqlExpression": " "}], "having": None, "expression": "y"}
    assert sorted(sql_texts(value)) == ["x", "y"]


def query(**params: Any) -> None:
    check_query({"params": json.dumps(params)}, DATASET, NAMES)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"metrics": ["net", SIMPLE], "groupby": ["region_name"], "x_axis": "month"}, None),
        ({"adhoc_filters": [{"subject": "month", "operator": "TEMPORAL_RANGE", "comparator": "No filter"}]}, None),
        ({"datasource": "3__table", "viz_type": "pie"}, None),
        ({"datasource": "4__table"}, "refused_dataset"),
        ({"datasource": {"id": 4, "type": "table"}}, "refused_dataset"),
        ({"queries": [{"datasource": {"id": 4}}]}, "refused_dataset"),
        ({"form_data": {"datasource": "4__table"}}, "refused_dataset"),
        ({"form_data": {"viz_type": "handlebars"}}, "refused_chart_type"),
        ({"viz_type": "markup"}, "refused_chart_type"),
        ({"queries": [{"extras": {"having": "1=1"}}]}, "refused_sql"),
        ({"queries": [{"annotation_layers": [{}]}]}, "refused_annotation"),
        ({"queries": [{"columns": ["version()"]}]}, "refused_expression"),
        ({"queries": ["x"]}, "refused_form"),
        ({"form_data": "x"}, "refused_form"),
        ({"adhoc_filters_b": [{"subject": "version()"}]}, "refused_expression"),
        ({"groupby": ["lost"]}, "refused_expression"),
        ({"metric": {"expressionType": "SQL", "sqlExpression": "1"}}, "refused_sql"),
    ],
)
def test_a_charts_form(params, reason):
    if reason is None:
        query(**params)
        return
    with pytest.raises(NotAllowedError) as caught:
        query(**params)
    assert caught.value.reason == reason


@pytest.mark.parametrize("text", ["[]", "{", "5", 5, ["x"]])
def test_a_form_that_is_none(text):
    with pytest.raises(NotAllowedError):
        check_query({"params": text}, DATASET, NAMES)


@pytest.mark.parametrize("body", [None, [], "x", {"owners": [8]}, {"owners": [7, 8]}, {"uuid": "x"}, {"unheard": 1}])
def test_fields_that_a_builder_does_not_decide(body):
    with pytest.raises(NotAllowedError):
        check_chart(body, {}, ME)


def test_what_others_decide_may_be_sent_as_it_is():
    current = {"certified_by": "cao.yi", "tags": [2, 1], "cache_timeout": None}
    same = {"certified_by": "cao.yi", "tags": [1, 2], "cache_timeout": None, "certification_details": ""}
    check_chart({"slice_name": "x", "owners": [ME], **same}, current, ME)
    for change in ({"certified_by": ""}, {"tags": []}, {"cache_timeout": 5}, {"is_managed_externally": True}):
        with pytest.raises(NotAllowedError):
            check_chart({**same, **change}, current, ME)


def dashboard(body: dict[str, Any]) -> None:
    check_dashboard(body, {}, ME, may_place={1, 2}.__contains__, may_read={DATASET}.__contains__)


@pytest.mark.parametrize(
    ("positions", "reason"),
    [
        ({"v": "v2", "C": {"type": "CHART", "meta": {"chartId": 1}}}, None),
        ({"M": {"type": "MARKDOWN", "meta": {"code": "# Title"}}}, None),
        ({"M": {"type": "MARKDOWN", "meta": {"code": "<b>x</b>"}}}, "refused_html"),
        ({"C": {"type": "CHART", "meta": {"chartId": 9}}}, "refused_place"),
        # Superset takes it for a chart whatever it calls itself.
        ({"C": {"type": "ROW", "meta": {"chartId": 9}}}, "refused_place"),
        ({"C": {"meta": {"chartId": "9"}}}, "refused_place"),
        ({"D": {"type": "DYNAMIC", "meta": {}}}, "refused_layout"),
    ],
)
def test_a_layout(positions, reason):
    for body in (
        {"position_json": json.dumps(positions)},
        {"json_metadata": json.dumps({"positions": positions})},
    ):
        if reason is None:
            dashboard(body)
            continue
        with pytest.raises(NotAllowedError) as caught:
            dashboard(body)
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ({"datasetId": DATASET}, None),
        ({"datasetId": 4}, "refused_dataset"),
        ({"datasetId": "3"}, "refused_dataset"),
        ({"datasetUuid": "x"}, "refused_dataset"),
        ({"datasetId": DATASET, "x": {"expression": "version()"}}, "refused_sql"),
    ],
)
def test_a_filter(target, reason):
    body = {"json_metadata": json.dumps({"native_filter_configuration": [{"targets": [target]}]})}
    if reason is None:
        dashboard(body)
        return
    with pytest.raises(NotAllowedError) as caught:
        dashboard(body)
    assert caught.value.reason == reason
