"""Give datasets the metrics of their mart, and each mart that has metrics a dataset.

A metric is written once, in `include/rules/metrics`: name, description and format follow from there. A column that it
needs and a dataset's SQL leaves out is added.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from cockpit.bi.assets import Assets, DatasetAsset, DatasetColumn, DatasetMetric
from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.metrics import Metric
from cockpit.warehouse.metrics import CompiledMetric, MetricBook

_DIALECT = "postgres"
_PLACE = re.compile(r"\$\{[^}]*\}")
_TYPES: Mapping[str, str] = {"timestamptz": "TIMESTAMPTZ", "numeric": "NUMERIC", "bigint": "BIGINT"}


def with_metrics(assets: Assets, book: MetricBook) -> Assets:
    """The assets with the metrics of their marts; nothing else about them changes.

    Raises:
        RuleFileError: a metric is wrong, or a dataset names a mart that is not there, or has a metric of the same name.
    """
    book.require_right()
    datasets = {
        name: _with_metrics_of_mart(dataset, assets.file("datasets", name), book) if dataset.mart else dataset
        for name, dataset in assets.datasets.items()
    }
    shown = {dataset.mart for dataset in datasets.values()}
    database = next(iter(assets.databases), "")
    for mart in dict.fromkeys(each.mart for each in book.metrics.values()):
        if mart not in shown and mart not in datasets and book.of(mart):
            datasets[mart] = _dataset_of_mart(database, book.contracts[mart], book)
    return replace(assets, datasets=datasets)


def metrics_in_datasets(assets: Assets, book: MetricBook) -> dict[str, list[str]]:
    """Metric -> the datasets that have it."""
    found: dict[str, list[str]] = {name: [] for name in book.metrics}
    for name, dataset in with_metrics(assets, book).datasets.items():
        for metric in book.of(dataset.mart or ""):
            found[metric.id].append(name)
    return found


def _with_metrics_of_mart(dataset: DatasetAsset, where: str, book: MetricBook) -> DatasetAsset:
    mart = str(dataset.mart)
    if mart not in book.contracts:
        raise RuleFileError(
            _("there is no such mart"), where=where, found=mart, allowed=", ".join(sorted(book.contracts))
        )
    metrics = book.of(mart)
    twice = sorted({metric.id for metric in metrics} & set(dataset.metrics))
    if twice:
        raise RuleFileError(
            _("{mart} has a metric of this name, which the dataset gets by itself", mart=mart),
            where=where,
            found=twice[0],
            fix=_("Take it out of the dataset."),
        )
    contract = book.contracts[mart]
    wanted = dict.fromkeys(column for metric in metrics for column in metric.columns)
    added = [column for column in wanted if column not in dataset.columns]
    return dataset.model_copy(
        update={
            "sql": _with_columns(dataset, added, where) if added else dataset.sql,
            "columns": {**dataset.columns, **{name: _column(name, contract) for name in added}},
            "metrics": {**dataset.metrics, **{metric.id: _metric(metric) for metric in metrics}},
        }
    )


def _with_columns(dataset: DatasetAsset, names: list[str], where: str) -> str:
    """The SQL with further columns of the mart in its outermost select."""
    places = _PLACE.findall(dataset.sql)
    numbers = itertools.count()
    try:
        # A name that PostgreSQL could have stands for each place while the SQL is parsed.
        tree = sqlglot.parse_one(_PLACE.sub(lambda _found: f"place_{next(numbers)}_", dataset.sql), dialect=_DIALECT)
    except SqlglotError as error:
        raise _cannot_add(dataset, names, where) from error
    tables = [table for table in tree.find_all(exp.Table) if table.name == dataset.mart]
    direct = [table for table in tables if table.parent_select is tree]
    if not isinstance(tree, exp.Select) or len(direct) != 1:
        raise _cannot_add(dataset, names, where)
    alias = direct[0].alias_or_name
    for name in names:
        tree.append("expressions", exp.column(name, table=alias))
    return re.sub(r"place_([0-9]+)_", lambda found: places[int(found[1])], tree.sql(dialect=_DIALECT, pretty=True))


def _cannot_add(dataset: DatasetAsset, names: list[str], where: str) -> RuleFileError:
    return RuleFileError(
        _("lacks columns that metrics of {mart} name", mart=dataset.mart),
        where=where,
        found=", ".join(names),
        fix=_("Add them to its sql and columns."),
    )


def _dataset_of_mart(database: str, contract: Contract, book: MetricBook) -> DatasetAsset:
    """A dataset that shows a mart as it is."""
    columns = {name: _column(name, contract) for name in contract.columns}
    listed = ", ".join(f"mart.{name}" for name in columns)
    months = [metric.month for metric in book.of(contract.table) if metric.month]
    return DatasetAsset(
        database=database,
        table_name=contract.table,
        mart=contract.table,
        label={
            "en": f"{contract.description.split(';')[0]} ({contract.table})",
            "zh": f"{contract.description_zh.split('；')[0]}（{contract.table}）",
        },
        main_dttm_col=months[0] if months else None,
        sql=f"select {listed} from marts.{contract.table} as mart",
        columns=columns,
        metrics={metric.id: _metric(metric) for metric in book.of(contract.table)},
    )


def _column(name: str, contract: Contract) -> DatasetColumn:
    column = contract.columns[name]
    kind = _TYPES.get(column.type, column.type.upper())
    label = {"en": _label(column.description, ";:,"), "zh": _label(column.description_zh, "；：，")}
    return DatasetColumn(type=kind, is_dttm=column.type in ("date", "timestamptz"), label=label)


def _label(description: str, ends: str) -> str:
    """The beginning of a description, which is what the column is; the rest says more about it."""
    for end in ends:
        description = description.split(end)[0]
    return description.strip()


def _metric(compiled: CompiledMetric) -> DatasetMetric:
    metric = compiled.metric
    scaled = f"({compiled.expression}) / ${{amount.divisor}}" if metric.format == "currency" else compiled.expression
    return DatasetMetric(
        expression=scaled,
        d3format=_d3format(metric),
        label={"en": metric.name, "zh": metric.name_zh},
        description={"en": metric.description, "zh": metric.description_zh},
    )


def _d3format(metric: Metric) -> str:
    """How Superset writes it; amounts follow the language, which divides them too."""
    if metric.format == "currency":
        return "${amount.format}"
    usual = {"price": 0, "number": 0, "percent": 1, "days": 1}[metric.format]
    digits = usual if metric.decimals is None else metric.decimals
    return f".{digits}%" if metric.format == "percent" else f",.{digits}f"
