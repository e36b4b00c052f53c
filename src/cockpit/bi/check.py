"""Check the files under `superset/` against each other and against the marts, without a running Superset."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from cockpit.bi.assets import Assets, ChartAsset, LabelsFile, load_assets
from cockpit.bi.bundle import Bundle, build_bundle
from cockpit.bi.compositions import is_composed
from cockpit.bi.metrics import with_metrics
from cockpit.bi.render import Renderer
from cockpit.errors import CockpitError
from cockpit.i18n import LANGUAGES, _
from cockpit.warehouse.metrics import MetricBook
from cockpit.warehouse.tables import masked_view

_ANY_URI = "postgresql://bi_reader:XXXXXXXXXX@localhost/cockpit"
# Form data that name columns or metrics of the chart's dataset.
_NAMING_KEYS = (
    "groupby",
    "groupby_b",
    "metrics",
    "metrics_b",
    "metric",
    "x_axis",
    "x_axis_sort",
    "all_columns",
    "timeseries_limit_metric",
)
_PARSED_KEYS = ("adhoc_filters", "adhoc_filters_b")

# Not current_date: the day is part of what a result is kept under.
_CLOCK = re.compile(r"\b(now\(\)|(clock|statement|transaction)_timestamp\(\)|(current|local)_?time)", re.IGNORECASE)


def check_assets(superset_folder: Path, book: MetricBook, parameters: Mapping[str, float | str]) -> list[str]:
    """Find what would fail, or show a gap, once the assets are in Superset.

    Args:
        superset_folder: `superset/`.
        book: The marts, whose contracts say which columns there are, and their metrics.
        parameters: The workspace's parameters, which texts may name.

    Returns:
        One line per fault, `file: what`; empty when all is well.
    """
    try:
        assets = with_metrics(load_assets(superset_folder), book)
        renderers = {lang: Renderer(lang, assets.labels[lang], parameters) for lang in LANGUAGES}
        bundle = build_bundle(assets, renderers, _ANY_URI)
    except CockpitError as error:
        return [str(error)]
    schema = {
        "marts": {
            # What bi_reader may read of each: a personal column only through the view that masks it.
            **{
                table: {name: column.type for name, column in contract.columns.items() if not column.mask}
                for table, contract in book.contracts.items()
            },
            **{
                masked_view(table): {name: column.type for name, column in contract.columns.items()}
                for table, contract in book.contracts.items()
                if contract.personal
            },
        }
    }
    faults = [
        *_label_faults(assets),
        *(fault for lang in LANGUAGES for fault in _repeated_labels(assets, bundle, lang)),
        *(fault for lang in LANGUAGES for fault in _dataset_faults(assets, renderers[lang], schema)),
        *(fault for fault in _mart_faults(assets, book, renderers[LANGUAGES[0]])),
        *_cache_faults(assets),
        *_chart_faults(assets),
        *_filter_faults(assets),
    ]
    return list(dict.fromkeys(faults))


def _label_faults(assets: Assets) -> Iterator[str]:
    keys = {lang: set(_paths(labels)) for lang, labels in assets.labels.items()}
    everything = set().union(*keys.values())
    for lang, present in keys.items():
        for path in sorted(everything - present):
            yield f"{assets.folder}/labels.{lang}.yml: " + _("{path} is missing; another language has it", path=path)


def _paths(labels: LabelsFile) -> Iterator[str]:
    def walk(value: Any, prefix: str) -> Iterator[str]:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield from walk(inner, f"{prefix}.{key}" if prefix else str(key))
        else:
            yield prefix

    yield from walk(labels.model_dump(), "")


def _repeated_labels(assets: Assets, bundle: Bundle, lang: str) -> Iterator[str]:
    """A file that a reader saves is headed by labels: of two columns with one label it would hold the first twice."""
    labels: dict[str, dict[str, str]] = {}
    for name in assets.datasets:
        document = bundle[f"datasets/{name}.{lang}.yaml"]
        columns = {column["column_name"]: column["verbose_name"] for column in document["columns"]}
        metrics = {metric["metric_name"]: metric["verbose_name"] for metric in document["metrics"]}
        labels[name] = columns | metrics
        for pair in _alike(columns):
            yield f"{assets.file('datasets', name)}: {pair} ({lang})"
    for name, chart in assets.charts.items():
        # An aggregate of a chart's own has a title of its own.
        named = {entry for _key, entry in _named(chart) if isinstance(entry, str)}
        shown = {entry: label for entry, label in labels[chart.dataset].items() if entry in named}
        for pair in _alike(shown):
            yield f"{assets.file('charts', name)}: {pair} ({lang})"


def _alike(labels: Mapping[str, str]) -> Iterator[str]:
    first: dict[str, str] = {}
    for name, label in labels.items():
        if first.setdefault(label, name) != name:
            yield _("{first} and {second} are both called '{label}'", first=first[label], second=name, label=label)


def _dataset_faults(
    assets: Assets, renderer: Renderer, schema: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> Iterator[str]:
    for name, dataset in assets.datasets.items():
        where = assets.file("datasets", name)
        try:
            query = sqlglot.parse_one(renderer.render(dataset.sql, where), read="postgres")
            qualified = qualify(query, schema=dict(schema), dialect="postgres")
        except SqlglotError as error:
            yield f"{where}: sql: {str(error).splitlines()[0]}"
            continue
        tables = {cte.alias for cte in qualified.find_all(exp.CTE)}
        for table in qualified.find_all(exp.Table):
            if table.name not in tables and (table.db != "marts" or table.name not in schema["marts"]):
                yield f"{where}: sql: " + _(
                    "reads {table}, which is no mart with a contract", table=f"{table.db}.{table.name}"
                )
        if not isinstance(qualified, exp.Select):
            yield f"{where}: sql: " + _("expected one select")
            continue
        produced = {column.alias_or_name for column in qualified.selects}
        for missing in sorted(set(dataset.columns) - produced):
            yield f"{where}: columns: " + _("{column} is not selected by sql", column=missing)
        for missing in sorted(produced - set(dataset.columns)):
            yield f"{where}: sql: " + _("selects {column}, which is not in columns", column=missing)
        if dataset.main_dttm_col is not None and dataset.main_dttm_col not in dataset.columns:
            yield f"{where}: main_dttm_col: " + _("{column} is not in columns", column=dataset.main_dttm_col)
        for metric_name, metric in dataset.metrics.items():
            expression = sqlglot.parse_one(renderer.render(metric.expression, where), read="postgres")
            for column in expression.find_all(exp.Column):
                if column.name not in dataset.columns:
                    yield f"{where}: metrics: " + _(
                        "{metric} uses {column}, which is not in columns", metric=metric_name, column=column.name
                    )


def _mart_faults(assets: Assets, book: MetricBook, renderer: Renderer) -> Iterator[str]:
    """Metrics of a mart are right only over its own rows and columns."""
    for name, dataset in assets.datasets.items():
        if dataset.mart is None:
            continue
        where = assets.file("datasets", name)
        query = sqlglot.parse_one(renderer.render(dataset.sql, where), read="postgres")
        if not isinstance(query, exp.Select):
            continue
        if any(query.args.get(part) for part in ("group", "distinct", "limit", "having")):
            yield f"{where}: sql: " + _("a dataset of {mart} has its rows, one for one", mart=dataset.mart)
        aliases = {
            table.alias_or_name
            for table in query.find_all(exp.Table)
            if table.name == dataset.mart and table.parent_select is query
        }
        passed = {
            column.name
            for column in query.selects
            if isinstance(column, exp.Column) and column.table in aliases and column.name == column.alias_or_name
        }
        for metric in book.of(dataset.mart):
            for column in sorted(set(metric.columns) - passed):
                yield f"{where}: sql: " + _(
                    "metric {metric} needs {column} of {mart}, which sql changes",
                    metric=metric.id,
                    column=column,
                    mart=dataset.mart,
                )


def _cache_faults(assets: Assets) -> Iterator[str]:
    """Results are kept until the marts change or the day ends: what asks for the time of the day says for how long."""
    for name, dataset in assets.datasets.items():
        texts = [dataset.sql, *(metric.expression for metric in dataset.metrics.values())]
        if dataset.cache_timeout is None and any(_CLOCK.search(text) for text in texts):
            yield f"{assets.file('datasets', name)}: " + _("reads the clock and has no cache_timeout")


def _chart_faults(assets: Assets) -> Iterator[str]:
    used = {placed.chart for dashboard in assets.dashboards.values() for placed in dashboard.placed}
    for name, chart in assets.charts.items():
        where = assets.file("charts", name)
        dataset = assets.datasets[chart.dataset]
        known = {*dataset.columns, *dataset.metrics}
        for key, entry in _named(chart):
            if not is_composed(entry, known):
                yield f"{where}: {key}: " + _(
                    "{name} is neither column nor metric of {dataset}", name=entry, dataset=chart.dataset
                )
        for key in _PARSED_KEYS:
            for clause in chart.params.get(key) or []:
                if "sqlExpression" in clause:
                    for column in sqlglot.parse_one(clause["sqlExpression"], read="postgres").find_all(exp.Column):
                        if column.name not in dataset.columns:
                            yield f"{where}: {key}: " + _(
                                "{column} is no column of {dataset}", column=column.name, dataset=chart.dataset
                            )
                elif clause["subject"] not in dataset.columns:
                    yield f"{where}: {key}: " + _(
                        "{column} is no column of {dataset}", column=clause["subject"], dataset=chart.dataset
                    )
        if name not in used:
            yield f"{where}: " + _("no dashboard shows this chart")


def _named(chart: ChartAsset) -> Iterator[tuple[str, Any]]:
    """Columns, metrics and aggregates that a chart's form data name, each with its key."""
    for key in _NAMING_KEYS:
        value = chart.params.get(key)
        for entry in value if isinstance(value, list) else [value] if value else []:
            yield key, entry


def _filter_faults(assets: Assets) -> Iterator[str]:
    for name, dashboard in assets.dashboards.items():
        where = assets.file("dashboards", name)
        for chosen in dashboard.filters:
            if chosen.column is None:
                continue
            charts = chosen.charts or tuple(placed.chart for placed in dashboard.placed)
            # Superset leaves a chart unfiltered, without a word, when its dataset lacks the column.
            for dataset in sorted({assets.charts[chart].dataset for chart in charts} | {chosen.dataset or ""} - {""}):
                if chosen.column not in assets.datasets[dataset].columns:
                    yield f"{where}: filters: {chosen.id}: " + _(
                        "dataset {dataset} has no column {column}", dataset=dataset, column=chosen.column
                    )
            if chosen.first_by and chosen.first_by not in assets.datasets[chosen.dataset or ""].metrics:
                yield f"{where}: filters: {chosen.id}: " + _(
                    "dataset {dataset} has no metric {metric}", dataset=chosen.dataset, metric=chosen.first_by
                )
