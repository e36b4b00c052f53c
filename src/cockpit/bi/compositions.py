"""What a builder may save: charts and dashboards composed of what datasets document, without a word of SQL.

Closed lists throughout: a field, a kind of chart or a part of a layout that is not named here is refused. What needs
somebody's agreement (who sees it, who owns it, that it is certified) may be sent, but only as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

# Keys under which Superset keeps SQL, in charts, queries and filters.
SQL_KEYS = frozenset({"sqlExpression", "expression", "where", "having"})
# Kinds of charts that are made of values only: no templates, no scripts, no HTML of the builder's.
CHART_TYPES = frozenset(
    {
        "big_number",
        "big_number_total",
        "box_plot",
        "bubble_v2",
        "echarts_area",
        "echarts_timeseries",
        "echarts_timeseries_bar",
        "echarts_timeseries_line",
        "echarts_timeseries_scatter",
        "echarts_timeseries_smooth",
        "echarts_timeseries_step",
        "funnel",
        "gauge_chart",
        "heatmap_v2",
        "histogram_v2",
        "mixed_timeseries",
        "pie",
        "pivot_table_v2",
        "radar",
        "sunburst_v2",
        "table",
        "treemap_v2",
        "waterfall",
    }
)
_AGGREGATES = frozenset({"SUM", "AVG", "MIN", "MAX", "COUNT", "COUNT_DISTINCT"})
# Form data that name columns, metrics or aggregates.
_NAMING_KEYS = frozenset(
    {
        "all_columns",
        "column",
        "columns",
        "entity",
        "groupby",
        "groupby_b",
        "groupbyColumns",
        "groupbyRows",
        "metric",
        "metrics",
        "metrics_b",
        "percent_metrics",
        "secondary_metric",
        "series",
        "size",
        "timeseries_limit_metric",
        "timeseries_limit_metric_b",
        "x",
        "x_axis",
        "y",
    }
)
# Fields of charts and dashboards that need somebody's agreement; superset/sandbox.py reads what they hold.
DECIDED_BY_OTHERS = frozenset(
    {
        "cache_timeout",
        "certification_details",
        "certified_by",
        "css",
        "external_url",
        "is_managed_externally",
        "published",
        "roles",
        "slug",
        "tags",
        "theme_id",
    }
)
_OF_CHART = frozenset(
    {
        "dashboards",
        "datasource_id",
        "datasource_name",
        "datasource_type",
        "description",
        "owners",
        "params",
        "query_context",
        "query_context_generation",
        "slice_name",
        "viz_type",
    }
)
_OF_DASHBOARD = frozenset({"dashboard_title", "json_metadata", "owners", "position_json"})
_NODES = frozenset({"ROOT", "GRID", "HEADER", "ROW", "COLUMN", "CHART", "TABS", "TAB", "DIVIDER", "MARKDOWN"})


class NotAllowedError(Exception):
    """A builder may not save or ask this.

    Args:
        reason: Key of a text of `publishing:` in the labels.
        found: What it is about.
    """

    def __init__(self, reason: str, found: str = "") -> None:
        super().__init__(f"{reason}: {found}" if found else reason)
        self.reason = reason
        self.found = found


def check_fields(body: Any, current: Mapping[str, Any], allowed: Collection[str], builder: int) -> None:
    """Refuse fields beyond the list, and changes of those that others decide.

    Args:
        body: What was sent.
        current: What the asset holds of `DECIDED_BY_OTHERS`; empty for a new one.
        allowed: Fields that the builder decides.
        builder: Number of the person who sends it: the only owner there can be.
    """
    if not isinstance(body, Mapping):
        raise NotAllowedError("refused_form")
    for key, value in body.items():
        if key in DECIDED_BY_OTHERS:
            if _normal(value) != _normal(current.get(key)):
                raise NotAllowedError("refused_field", key)
        elif key not in allowed:
            raise NotAllowedError("refused_field", str(key))
    if _normal(body.get("owners")) not in (None, [builder]):
        raise NotAllowedError("refused_field", "owners")


def _normal(value: Any) -> Any:
    """Superset's pages send an empty text or list for nothing."""
    if isinstance(value, list | tuple):
        return sorted(value, key=str) or None
    return None if value in ("", False, None) else value


def check_chart(body: Any, current: Mapping[str, Any], builder: int) -> None:
    """Refuse what a chart may not be, apart from its query (`check_query`)."""
    check_fields(body, current, _OF_CHART, builder)
    if "viz_type" in body and not _is_one_of(body["viz_type"], CHART_TYPES):
        raise NotAllowedError("refused_chart_type", str(body["viz_type"]))
    if body.get("datasource_type", "table") != "table":
        raise NotAllowedError("refused_dataset")


def check_query(body: Mapping[str, Any], dataset: int, names: Collection[str]) -> None:
    """Refuse a chart whose stored form or query holds SQL, or asks for what its dataset does not have.

    Args:
        body: What was sent.
        dataset: Number of the chart's dataset.
        names: Columns and metrics of the dataset.
    """
    for key in ("params", "query_context"):
        stored = _read(body.get(key))
        _check_kind(stored)
        _check_dataset(stored, dataset)
        if any(text not in names for text in sql_texts(stored)):
            raise NotAllowedError("refused_sql")
        if any(part.get("annotation_layers") for part in (stored, *_dicts(stored.get("queries")))):
            raise NotAllowedError("refused_annotation")
        for expression in _named(stored):
            if not is_composed(expression, names):
                raise NotAllowedError("refused_expression", _title(expression))


def _check_kind(stored: Mapping[str, Any]) -> None:
    for part in (stored, stored.get("form_data") or {}):
        if not _is_one_of(part.get("viz_type", "table"), CHART_TYPES):
            raise NotAllowedError("refused_chart_type", str(part["viz_type"]))


def _check_dataset(stored: Mapping[str, Any], dataset: int) -> None:
    named = [stored.get("datasource"), (stored.get("form_data") or {}).get("datasource")]
    named += [query.get("datasource") for query in _dicts(stored.get("queries"))]
    for source in named:
        number = source.get("id") if isinstance(source, Mapping) else source
        if number not in (None, "", dataset, str(dataset), f"{dataset}__table"):
            raise NotAllowedError("refused_dataset")


def _named(stored: Mapping[str, Any]) -> Iterator[Any]:
    for part in (stored, stored.get("form_data") or {}, *_dicts(stored.get("queries"))):
        for key, value in part.items():
            if key in _NAMING_KEYS:
                yield from value if isinstance(value, list) else [value] if value else []
            elif key.startswith("adhoc_filters"):
                yield from (clause.get("subject") for clause in _dicts(value))


def is_composed(expression: Any, names: Collection[str]) -> bool:
    """Whether an expression is a column, a metric or a simple aggregate of a column."""
    if isinstance(expression, str):
        return expression in names
    if not isinstance(expression, Mapping) or any(text not in names for text in sql_texts(expression)):
        return False
    if expression.get("aggregate") is None and expression.get("column") is None:
        # A time axis names its column as if it were SQL.
        return _is_one_of(expression.get("sqlExpression"), names)
    column = expression.get("column")
    known = isinstance(column, Mapping) and _is_one_of(column.get("column_name"), names)
    return known and _is_one_of(expression.get("aggregate"), _AGGREGATES)


def check_dashboard(
    body: Any,
    current: Mapping[str, Any],
    builder: int,
    may_place: Callable[[int], bool],
    may_read: Callable[[int], bool],
) -> None:
    """Refuse a dashboard with charts or datasets that are not the builder's to use, or with free HTML or SQL.

    Args:
        body: What was sent.
        current: What the dashboard holds of what others decide; empty for a new one.
        builder: Number of the person who sends it.
        may_place: Whether a chart, by number, may stand in it.
        may_read: Whether the builder reads a dataset, by number.
    """
    check_fields(body, current, _OF_DASHBOARD, builder)
    metadata = _read(body.get("json_metadata"))
    check_filters(metadata, may_read)
    for layout in (_read(body.get("position_json")), metadata.get("positions") or {}):
        if not isinstance(layout, Mapping):
            raise NotAllowedError("refused_form")
        _check_layout(layout, may_place)


def check_filters(metadata: Any, may_read: Callable[[int], bool]) -> None:
    """Refuse filters with SQL, or over datasets that the builder does not read; at any depth."""
    if any(sql_texts(metadata)):
        raise NotAllowedError("refused_sql")
    for key, value in _entries(metadata):
        if key == "datasetId" and value is not None and not (isinstance(value, int) and may_read(value)):
            raise NotAllowedError("refused_dataset")
        if key == "datasetUuid" and value:
            # Only imports use it, and a builder imports nothing.
            raise NotAllowedError("refused_dataset")


def _check_layout(layout: Mapping[str, Any], may_place: Callable[[int], bool]) -> None:
    for node in layout.values():
        if not isinstance(node, Mapping):
            continue
        stored = node.get("meta")
        meta = stored if isinstance(stored, Mapping) else {}
        if "type" in node and str(node["type"]) not in _NODES:
            raise NotAllowedError("refused_layout", str(node["type"]))
        # Whatever Superset takes for a chart, whether or not it says that it is one.
        if (chart := meta.get("chartId")) is not None and not (isinstance(chart, int) and may_place(chart)):
            raise NotAllowedError("refused_place")
        if "<" in str(meta.get("code") or ""):
            raise NotAllowedError("refused_html")


def sql_texts(value: Any) -> Iterator[str]:
    """All SQL inside stored or posted JSON."""
    for key, inner in _entries(value):
        if key in SQL_KEYS and isinstance(inner, str) and inner.strip():
            yield inner


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key, inner
            yield from _entries(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _entries(inner)


def _read(text: Any) -> Mapping[str, Any]:
    """An object that travels as text."""
    if text in (None, ""):
        return {}
    try:
        value = json.loads(text)
    except (TypeError, ValueError) as error:
        raise NotAllowedError("refused_form") from error
    if not isinstance(value, Mapping):
        raise NotAllowedError("refused_form")
    for key in ("form_data",):
        if not isinstance(value.get(key) or {}, Mapping):
            raise NotAllowedError("refused_form")
    return value


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    """The entries of a list; anything else in it is refused."""
    entries = value or []
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise NotAllowedError("refused_form")
    return entries


def _is_one_of(value: Any, names: Collection[str]) -> bool:
    """Whatever was sent instead of a text is none of them."""
    return isinstance(value, str) and value in names


def _title(expression: Any) -> str:
    return str(expression.get("label") or "") if isinstance(expression, Mapping) else str(expression)
