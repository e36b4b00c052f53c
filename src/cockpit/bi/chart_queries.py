"""The queries that Superset's pages make of a chart and of the filters around it, to the letter.

In Superset they are made by the browser. The cache keeps a result under its query, so that one of ours leaves what the
browser will find only if it is the same in every part that counts. Written after the pages of the version in
requirements/superset.txt, for the chart types of the cockpit; tests/browser/test_first_view.py compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Query: TypeAlias = dict[str, Any]
FormData: TypeAlias = Mapping[str, Any]

# What a chart asks for when nobody has said how many rows.
_ROW_LIMIT = 10_000
_FILTER_ROW_LIMIT = 1_000


def chart_queries(form_data: FormData, chosen: Sequence[FormData] = ()) -> list[Query] | None:
    """The queries of a chart.

    Args:
        form_data: The chart's.
        chosen: `extraFormData` of the filters in whose scope the chart is, in the order of the filters.

    Returns:
        None for a chart type that is not known here, or a setting of it that changes its queries and is not.
    """
    make = _MAKERS.get(str(form_data.get("viz_type")))
    if make is None or any(form_data.get(key) not in (None, "", [], False, {}) for key in _NOT_KNOWN):
        return None
    return make(form_data, chosen)


def filter_query(filter_configuration: FormData, chosen: Sequence[FormData] = ()) -> Query:
    """The query of a list filter's values.

    Args:
        filter_configuration: Of one filter, out of a dashboard's metadata.
        chosen: `extraFormData` of the filters that narrow it.
    """
    column = filter_configuration["targets"][0]["column"]["name"]
    metric = filter_configuration.get("sortMetric")
    query = _base({}, chosen)
    query["columns"] = [column]
    query["metrics"] = [metric] if metric else []
    query["orderby"] = [[metric or column, bool(filter_configuration["controlValues"].get("sortAscending", True))]]
    query["row_limit"] = _FILTER_ROW_LIMIT
    return query


# Settings that add to a query what this module does not know.
_NOT_KNOWN = (
    "annotation_layers",
    "contributionMode",
    "forecastEnabled",
    "percent_metrics",
    "resample_rule",
    "rolling_type",
    "server_pagination",
    "time_compare",
    "time_compare_b",
    "timeseries_limit_metric_b",
)


def _base(form_data: FormData, chosen: Sequence[FormData], suffix: str = "") -> Query:
    """What all have in common: filters, clauses and the time."""
    filters = [clause for extra in chosen for clause in extra.get("filters") or []]
    clauses: dict[str, list[str]] = {"WHERE": [], "HAVING": []}
    for part in form_data.get(f"adhoc_filters{suffix}") or []:
        if part.get("expressionType") == "SQL":
            clauses[part["clause"]].append(f"({part['sqlExpression']})")
        else:
            value = {"val": part["comparator"]} if part.get("comparator") is not None else {}
            filters.append({"col": part["subject"], "op": part["operator"], **value})
    extras = {name.lower(): " AND ".join(texts) for name, texts in clauses.items()}
    if form_data.get("time_grain_sqla"):
        extras["time_grain_sqla"] = form_data["time_grain_sqla"]
    query: Query = {
        "filters": filters,
        "extras": extras,
        "applied_time_extras": {},
        "columns": [],
        "annotation_layers": [],
        "series_limit": 0,
        "group_others_when_limit_reached": False,
        "order_desc": form_data.get("order_desc", True),
        "url_params": {},
        "custom_params": {},
        "custom_form_data": {},
    }
    for extra in chosen:
        if extra.get("time_range"):
            query["time_range"] = extra["time_range"]
    return query


def _one_number(form_data: FormData, chosen: Sequence[FormData]) -> list[Query]:
    return [{**_base(form_data, chosen), "metrics": [form_data["metric"]]}]


def _number_with_trend(form_data: FormData, chosen: Sequence[FormData]) -> list[Query]:
    metrics = [form_data["metric"]]
    query = {**_base(form_data, chosen), "columns": [_axis(form_data)], "metrics": metrics}
    query["post_processing"] = [_pivot(form_data, [], metrics, drops_missing=True), {"operation": "flatten"}]
    return [query]


def _gauge(form_data: FormData, chosen: Sequence[FormData]) -> list[Query]:
    query = {**_base(form_data, chosen), "columns": form_data.get("groupby") or [], "metrics": [form_data["metric"]]}
    query["row_limit"] = form_data.get("row_limit", 10)
    return [query]


def _rows(form_data: FormData, chosen: Sequence[FormData]) -> list[Query]:
    """What tables and templates have in common: rows as they are, or groups."""
    query = {**_base(form_data, chosen), "row_limit": form_data.get("row_limit", _ROW_LIMIT)}
    if form_data.get("query_mode") == "raw":
        query["columns"] = form_data.get("all_columns") or []
        query["orderby"] = [json.loads(text) for text in form_data.get("order_by_cols") or []]
        return [query]
    metrics = form_data.get("metrics") or []
    order = form_data.get("timeseries_limit_metric")
    query |= {"columns": form_data.get("groupby") or [], "metrics": metrics}
    if order:
        query |= {"series_limit_metric": order, "orderby": [[order, not query["order_desc"]]]}
    elif metrics:
        query["orderby"] = [[metrics[0], False]]
    return [query]


def _table(form_data: FormData, chosen: Sequence[FormData]) -> list[Query]:
    queries = [{**query, "post_processing": [], "time_offsets": []} for query in _rows(form_data, chosen)]
    if form_data.get("show_totals") and form_data.get("query_mode") != "raw":
        left_out = ("orderby", "order_desc")
        totals = {key: value for key, value in queries[0].items() if key not in left_out}
        queries.append({**totals, "columns": [], "row_limit": 0, "row_offset": 0})
    return queries


def _series(form_data: FormData, chosen: Sequence[FormData]) -> list[Query]:
    groups = form_data.get("groupby") or []
    query = _series_query(form_data, chosen, groups, form_data.get("metrics") or [])
    drops_missing = not form_data.get("show_empty_columns", True)
    steps = [_pivot(form_data, groups, query["metrics"], drops_missing=drops_missing), *_shortened(form_data, query)]
    order = form_data.get("x_axis_sort")
    if order and not groups:
        by = {"is_sort_index": True} if order == form_data["x_axis"] else {"by": order}
        steps.append({"operation": "sort", "options": {**by, "ascending": form_data.get("x_axis_sort_asc", True)}})
    query["post_processing"] = [*steps, {"operation": "flatten"}]
    return [query]


def _mixed_series(form_data: FormData, chosen: Sequence[FormData]) -> list[Query]:
    queries = []
    for suffix in ("", "_b"):
        groups = form_data.get(f"groupby{suffix}") or []
        query = _series_query(form_data, chosen, groups, form_data.get(f"metrics{suffix}") or [], suffix)
        del query["order_desc"]
        query["post_processing"] = [
            _pivot(form_data, groups, query["metrics"], drops_missing=True),
            *_shortened(form_data, query, suffix),
            {"operation": "flatten"},
        ]
        queries.append(query)
    return queries


def _series_query(
    form_data: FormData, chosen: Sequence[FormData], groups: list[str], metrics: list[str], suffix: str = ""
) -> Query:
    order = form_data.get("timeseries_limit_metric") or (metrics[0] if metrics else None)
    return {
        **_base(form_data, chosen, suffix),
        "columns": [_axis(form_data), *groups],
        "metrics": metrics,
        "series_columns": groups,
        "row_limit": form_data.get(f"row_limit{suffix}", _ROW_LIMIT),
        "time_offsets": [],
        **(
            {"series_limit_metric": form_data["timeseries_limit_metric"]}
            if form_data.get("timeseries_limit_metric")
            else {}
        ),
        **({"orderby": [[order, not form_data.get(f"order_desc{suffix}", True)]]} if order else {}),
    }


def _axis(form_data: FormData) -> Query:
    name = form_data["x_axis"]
    grain = {"timeGrain": form_data["time_grain_sqla"]} if form_data.get("time_grain_sqla") else {}
    column = {"sqlExpression": name, "label": name, "expressionType": "SQL", "isColumnReference": True}
    return {**grain, "columnType": "BASE_AXIS", **column}


def _pivot(form_data: FormData, groups: list[str], metrics: list[str], *, drops_missing: bool) -> Query:
    options = {
        "index": [form_data["x_axis"]],
        "columns": groups,
        "aggregates": {metric: {"operator": "mean"} for metric in metrics},
        "drop_missing_columns": drops_missing,
    }
    return {"operation": "pivot", "options": options}


def _shortened(form_data: FormData, query: Query, suffix: str = "") -> list[Query]:
    """One metric in groups: a series is named by its group alone."""
    if not query["series_columns"] or len(query["metrics"]) != 1 or not form_data.get(f"truncate_metric{suffix}", True):
        return []
    return [{"operation": "rename", "options": {"columns": {query["metrics"][0]: None}, "level": 0, "inplace": True}}]


_MAKERS: Mapping[str, Callable[[FormData, Sequence[FormData]], list[Query]]] = {
    "big_number_total": _one_number,
    "big_number": _number_with_trend,
    "gauge_chart": _gauge,
    "handlebars": _rows,
    "table": _table,
    "echarts_timeseries_bar": _series,
    "echarts_timeseries_line": _series,
    "mixed_timeseries": _mixed_series,
}
