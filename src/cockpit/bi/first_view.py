"""What a browser asks for when a person opens a dashboard: the filters' values and the charts of the first tab."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cockpit.bi.chart_queries import chart_queries, filter_query

Json: TypeAlias = Mapping[str, Any]
# Posts a body and gives the rows of its first query.
Ask: TypeAlias = Callable[[dict[str, Any]], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard as its page gets it.

    Args:
        number: Its id.
        filters: Its native filters, as configured.
        charts: Form data by id of the chart.
        shown: Ids of the charts that are looked at, from the top, each with the ids of what it lies in.
    """

    number: int
    filters: tuple[Json, ...]
    charts: Mapping[int, Json]
    shown: Mapping[int, tuple[str, ...]]


def read_dashboard(dashboard: Json, charts: Sequence[Json], tabs: int | None = 1) -> Dashboard:
    """Read the answers of `/api/v1/dashboard/<slug>` and `/api/v1/dashboard/<slug>/charts`.

    Args:
        tabs: How many of tabs beside each other are looked at: the first shows at once; None for all.
    """
    metadata = json.loads(dashboard["json_metadata"] or "{}")
    position = json.loads(dashboard["position_json"] or "{}")
    return Dashboard(
        number=int(dashboard["id"]),
        filters=tuple(
            each for each in metadata.get("native_filter_configuration") or [] if each.get("type") == "NATIVE_FILTER"
        ),
        charts={int(chart["id"]): chart["form_data"] for chart in charts},
        shown=dict(_shown(position, "ROOT_ID", tabs)),
    )


def ask_first_view(dashboard: Dashboard, ask: Ask) -> Iterator[dict[str, Any]]:
    """The requests for the charts, within what the filters hold when the page opens; they may be sent in any order.

    Filters that charts wait for are asked here. A chart of a type that is not known is left out.
    """
    chosen: dict[str, Json] = {}
    # A filter that narrows nothing here is not shown yet.
    filters = [
        each
        for each in dashboard.filters
        if any(_is_in_scope(each["scope"], number, parents) for number, parents in dashboard.shown.items())
    ]
    for configuration in filters:
        chosen[configuration["id"]] = _chosen(configuration, dashboard, chosen, ask)
    for number, parents in dashboard.shown.items():
        narrowing = [
            chosen[configuration["id"]]
            for configuration in filters
            if _is_in_scope(configuration["scope"], number, parents) and chosen[configuration["id"]]
        ]
        body = ask_chart(dashboard, number, narrowing)
        if body is not None:
            yield body


def ask_chart(dashboard: Dashboard, number: int, chosen: Sequence[Json] = ()) -> dict[str, Any] | None:
    """The request for one chart, within what filters hold; None for a chart of a type that is not known."""
    form_data = dashboard.charts.get(number)
    queries = chart_queries(form_data, chosen) if form_data is not None else None
    if form_data is None or not queries:
        return None
    source = {"slice_id": number, "dashboardId": dashboard.number, "datasource": form_data["datasource"]}
    return _body(form_data["datasource"], queries, source)


def _chosen(configuration: Json, dashboard: Dashboard, chosen: Mapping[str, Json], ask: Ask) -> Json:
    """What a filter holds when the page opens; the values that it offers are asked for on the way."""
    default: Json = (configuration.get("defaultDataMask") or {}).get("extraFormData") or {}
    targets = configuration.get("targets") or [{}]
    if configuration.get("filterType") != "filter_select" or "datasetId" not in targets[0]:
        return default
    datasource = f"{targets[0]['datasetId']}__table"
    source = {
        "native_filter_id": configuration["id"],
        "dashboardId": dashboard.number,
        "type": "NATIVE_FILTER",
        "datasource": datasource,
    }
    rows = ask(_body(datasource, [filter_query(configuration)], source))
    within = [chosen[other] for other in configuration.get("cascadeParentIds") or [] if chosen.get(other)]
    if within:
        rows = ask(_body(datasource, [filter_query(configuration, within)], source))
    if not configuration["controlValues"].get("defaultToFirstItem") or not rows:
        return default
    column = targets[0]["column"]["name"]
    return {"filters": [{"col": column, "op": "IN", "val": [rows[0][column]]}]}


def _body(datasource: str, queries: list[dict[str, Any]], form_data: dict[str, Any]) -> dict[str, Any]:
    number, _separator, kind = datasource.partition("__")
    return {
        "datasource": {"id": int(number), "type": kind},
        "force": False,
        "queries": queries,
        "form_data": form_data,
        "result_format": "json",
        "result_type": "full",
    }


def _is_in_scope(scope: Json, chart: int, parents: Sequence[str]) -> bool:
    return chart not in scope.get("excluded", ()) and not {*scope.get("rootPath", ())}.isdisjoint(parents)


def _shown(
    position: Json, node: str, tabs: int | None, parents: tuple[str, ...] = ()
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Charts below a node of the layout, of tabs those of the first ones."""
    found = position.get(node)
    if found is None:
        return
    if found["type"] == "CHART":
        yield int(found["meta"]["chartId"]), parents
        return
    children = found.get("children") or []
    for child in children[:tabs] if found["type"] == "TABS" else children:
        yield from _shown(position, child, tabs, (*parents, node))
