"""Turn the asset files into what Superset imports: one YAML document per asset, with UUIDs that never change."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import yaml

from cockpit.bi.assets import Assets, DashboardAsset, DashboardFilter, DashboardRow
from cockpit.bi.render import Renderer

# Names the project's assets in every installation; changing it would orphan them all.
_NAMESPACE = uuid.UUID("6d1f0f0e-5f5b-5b0c-9a8e-0c1f3a7be9d2")
_VERSION = "1.0.0"
_PHONE_CHART_HEIGHT = 36

Document: TypeAlias = dict[str, Any]
Bundle: TypeAlias = dict[str, Document]


def asset_uuid(kind: str, name: str, lang: str = "") -> str:
    """The UUID of an asset; each language has its own copy, so that both can stand side by side."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}/{lang}"))


def build_bundle(assets: Assets, renderers: Mapping[str, Renderer], database_uri: str) -> Bundle:
    """All documents of an import, by their path in the archive.

    Args:
        assets: The files.
        renderers: One per language that is wanted.
        database_uri: SQLAlchemy address as bi_reader, password masked as `XXXXXXXXXX`.
    """
    bundle: Bundle = {}
    for name, database in assets.databases.items():
        bundle[f"databases/{name}.yaml"] = {
            **database.model_dump(),
            "sqlalchemy_uri": database_uri,
            "uuid": asset_uuid("database", name),
            "version": _VERSION,
            "is_managed_externally": True,
        }
    for lang, renderer in renderers.items():
        for name in assets.datasets:
            bundle[f"datasets/{name}.{lang}.yaml"] = _dataset(assets, name, renderer)
        for name in assets.charts:
            bundle[f"charts/{name}.{lang}.yaml"] = _chart(assets, name, renderer)
        for name in assets.dashboards:
            for phone in (False, True):
                ending = ".phone" if phone else ""
                bundle[f"dashboards/{name}{ending}.{lang}.yaml"] = _dashboard(assets, name, renderer, phone)
    return bundle


def to_zip(bundle: Bundle) -> bytes:
    """The archive that `POST /api/v1/assets/import/` takes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cockpit/metadata.yaml", yaml.safe_dump({"version": _VERSION, "type": "assets"}))
        for path, document in bundle.items():
            archive.writestr(f"cockpit/{path}", yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
    return buffer.getvalue()


def _dataset(assets: Assets, name: str, renderer: Renderer) -> Document:
    where = assets.file("datasets", name)
    dataset = assets.datasets[name]
    document: Document = renderer.render(dataset.model_dump(include={"table_name", "main_dttm_col", "sql"}), where)
    if dataset.label:
        document["table_name"] = dataset.label[renderer.lang]
    return {
        **document,
        "schema": "marts",
        "cache_timeout": dataset.cache_timeout,
        "columns": [
            {
                "column_name": column_name,
                "verbose_name": column.label.get(renderer.lang)
                or renderer.render(f"${{columns.{column_name}}}", where),
                "type": column.type,
                "is_dttm": column.is_dttm,
                "is_active": True,
                "groupby": True,
                "filterable": True,
            }
            for column_name, column in dataset.columns.items()
        ],
        "metrics": [
            {
                "metric_name": metric_name,
                "verbose_name": metric.label.get(renderer.lang)
                or renderer.render(f"${{metrics.{metric_name}}}", where),
                "expression": renderer.render(metric.expression, where),
                "d3format": renderer.render(metric.d3format, where),
                **({"description": metric.description[renderer.lang]} if metric.description else {}),
            }
            for metric_name, metric in dataset.metrics.items()
        ],
        "uuid": asset_uuid("dataset", name, renderer.lang),
        "database_uuid": asset_uuid("database", dataset.database),
        "version": _VERSION,
        "is_managed_externally": True,
    }


def _chart(assets: Assets, name: str, renderer: Renderer) -> Document:
    where = assets.file("charts", name)
    chart = assets.charts[name]
    params = renderer.render(chart.params, where)
    for key in [key for key in params if key.startswith("adhoc_filters")]:
        params[key] = [{"expressionType": "SIMPLE", "clause": "WHERE", **clause} for clause in params[key]]
    return {
        "slice_name": renderer.render(chart.title(renderer.lang), where),
        "viz_type": chart.viz_type,
        "params": {**params, "viz_type": chart.viz_type},
        "query_context": None,
        "uuid": asset_uuid("chart", name, renderer.lang),
        "dataset_uuid": asset_uuid("dataset", chart.dataset, renderer.lang),
        "version": _VERSION,
        "is_managed_externally": True,
    }


def _dashboard(assets: Assets, name: str, renderer: Renderer, phone: bool) -> Document:
    where = assets.file("dashboards", name)
    dashboard = assets.dashboards[name]
    names = list(dict.fromkeys(placed.chart for placed in dashboard.placed))
    # Numbers that Superset replaces by its own when it imports; they only have to agree inside the document.
    chart_ids = {chart_name: number for number, chart_name in enumerate(names, start=1)}
    document: Document = {
        "dashboard_title": dashboard.title(renderer.lang, phone=phone),
        "slug": (dashboard.phone_slug if phone else dashboard.slug) + "${slug_suffix}",
        "css": dashboard.css,
        "published": True,
        "position": _position(dashboard, assets, chart_ids, renderer.lang, phone),
        "metadata": {
            "filter_bar_orientation": "HORIZONTAL",
            "native_filter_configuration": [
                _filter(chosen, position, chart_ids, renderer.lang) for position, chosen in enumerate(dashboard.filters)
            ],
            "label_colors": dashboard.label_colors,
            "color_scheme": "cockpit",
            "cross_filters_enabled": True,
            "chart_configuration": _cross_filters(assets, chart_ids),
            "refresh_frequency": 0,
        },
        "uuid": asset_uuid("dashboard.phone" if phone else "dashboard", name, renderer.lang),
        "version": _VERSION,
        "is_managed_externally": True,
    }
    rendered: Document = renderer.render(document, where)
    return rendered


def _position(
    dashboard: DashboardAsset, assets: Assets, chart_ids: Mapping[str, int], lang: str, phone: bool
) -> Document:
    """Superset's layout tree: root, grid or tabs, rows, charts."""
    tree: Document = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["TABS-1" if dashboard.tabs else "GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard.title(lang)}},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "parents": ["ROOT_ID"], "children": []},
    }

    def add_rows(parents: list[str], prefix: str, rows: Sequence[DashboardRow]) -> None:
        for number, charts in enumerate(_sized(rows, phone), start=1):
            row_id = f"{prefix}-{number}"
            tree[parents[-1]]["children"].append(row_id)
            tree[row_id] = {
                "type": "ROW",
                "id": row_id,
                "parents": parents,
                "children": [f"CHART-{chart}" for chart, _width, _height in charts],
                "meta": {"background": "BACKGROUND_TRANSPARENT"},
            }
            for chart, width, height in charts:
                tree[f"CHART-{chart}"] = {
                    "type": "CHART",
                    "id": f"CHART-{chart}",
                    "parents": [*parents, row_id],
                    "children": [],
                    "meta": {
                        "chartId": chart_ids[chart],
                        "uuid": asset_uuid("chart", chart, lang),
                        "sliceName": assets.charts[chart].title(lang),
                        "width": width,
                        "height": height,
                    },
                }

    add_rows(["ROOT_ID", "GRID_ID"], "ROW", dashboard.rows)
    if dashboard.tabs:
        tab_ids = [f"TAB-{number}" for number in range(1, len(dashboard.tabs) + 1)]
        tree["TABS-1"] = {"type": "TABS", "id": "TABS-1", "parents": ["ROOT_ID"], "children": tab_ids, "meta": {}}
        for tab_id, tab in zip(tab_ids, dashboard.tabs, strict=True):
            parents = ["ROOT_ID", "TABS-1"]
            tree[tab_id] = {
                "type": "TAB",
                "id": tab_id,
                "parents": parents,
                "children": [],
                "meta": {"text": tab.title},
            }
            add_rows([*parents, tab_id], f"ROW-{tab_id}", tab.rows)
    return tree


def _sized(rows: Sequence[DashboardRow], phone: bool) -> list[list[tuple[str, int, int]]]:
    """The charts of each row with width and height; on a phone each chart is a row."""
    if phone:
        return [
            [(placed.chart, 12, placed.phone_height or min(row.height, _PHONE_CHART_HEIGHT))]
            for row in rows
            for placed in row.charts
        ]
    return [[(placed.chart, placed.width, row.height) for placed in row.charts] for row in rows]


def _cross_filters(assets: Assets, chart_ids: Mapping[str, int]) -> Document:
    """Which charts a click in a chart narrows: those whose dataset has every column that the click may name.

    A viewer's query that filters by a column of no use is refused (superset/access.py): the chart would be an error.
    """
    found: Document = {}
    for chart, number in chart_ids.items():
        params = assets.charts[chart].params
        named = {name for key in ("groupby", "groupby_b", "all_columns") for name in params.get(key) or []}
        excluded = [
            other_number
            for other, other_number in chart_ids.items()
            if other == chart or not named <= assets.datasets[assets.charts[other].dataset].columns.keys()
        ]
        scope = {"rootPath": ["ROOT_ID"], "excluded": excluded}
        found[str(number)] = {"id": number, "crossFilters": {"scope": scope, "chartsInScope": []}}
    return found


def _filter(chosen: DashboardFilter, position: int, chart_ids: Mapping[str, int], lang: str) -> Document:
    target: Document = {}
    if chosen.dataset is not None:
        target = {"datasetUuid": asset_uuid("dataset", chosen.dataset, lang), "column": {"name": chosen.column}}
    excluded = [number for chart, number in chart_ids.items() if chosen.charts and chart not in chosen.charts]
    takes_first = chosen.first_by is not None
    select = {
        "enableEmptyFilter": takes_first or chosen.is_required,
        "defaultToFirstItem": takes_first,
        "multiSelect": not chosen.is_single,
        "searchAllOptions": chosen.is_searched,
        # What is typed looks values up and is none itself; only lists of one value still offer it, against this.
        "creatable": False,
        "inverseSelection": False,
        "sortAscending": not takes_first,
    }
    return {
        "id": f"NATIVE_FILTER-{chosen.id}",
        "type": "NATIVE_FILTER",
        "filterType": chosen.type,
        "name": chosen.name,
        "description": "",
        "targets": [target],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "controlValues": select if chosen.type == "filter_select" else {"enableEmptyFilter": chosen.is_required},
        "defaultDataMask": _chosen_first(chosen),
        "requiredFirst": takes_first,
        **({"sortMetric": chosen.first_by} if takes_first else {}),
        "cascadeParentIds": [f"NATIVE_FILTER-{other}" for other in chosen.within],
        "sortOrder": position,
    }


def _chosen_first(chosen: DashboardFilter) -> Document:
    """What a filter holds until the reader chooses."""
    if chosen.default is None:
        return {"extraFormData": {}, "filterState": {}}
    if isinstance(chosen.default, str):
        return {"extraFormData": {"time_range": chosen.default}, "filterState": {"value": chosen.default}}
    values = list(chosen.default)
    return {
        "extraFormData": {"filters": [{"col": chosen.column, "op": "IN", "val": values}]},
        "filterState": {"value": values, "label": ", ".join(values)},
    }
