"""Generate `mart_metric`: every metric that has a month, by month and region, so that rules can ask for any of them.

Each mart is read once for all its metrics. Rows of a person's own region are permitted like elsewhere; the whole
company has rows of its own, because medians and distinct counts of regions cannot be added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from cockpit.rulebook.contract import Contract
from cockpit.warehouse.metrics import CompiledMetric, MetricBook
from cockpit.warehouse.received_text import quoted

# Region of rows about the whole company; nobody's region, so only people who see everything see them.
COMPANY = "company"


def metric_table(book: MetricBook) -> str:
    """The SQL of the table."""
    followed = sorted((each for each in book.metrics.values() if each.month), key=_group)
    parts = [
        _of_mart(book.contracts[mart], month, list(metrics)) for (mart, month), metrics in groupby(followed, key=_group)
    ]
    return "\nunion all\n".join(parts) if parts else _NOTHING


_NOTHING = """select
    cast(null as text) as metric_id, cast(null as date) as month, cast(null as text) as region_code,
    cast(null as text) as name_en, cast(null as text) as name_zh, cast(null as text) as unit,
    cast(null as text) as direction, cast(null as numeric) as numerator, cast(null as numeric) as denominator,
    cast(null as numeric) as value
where false"""


def _group(metric: CompiledMetric) -> tuple[str, str]:
    return metric.mart, str(metric.month)


def _of_mart(contract: Contract, month: str, metrics: Sequence[CompiledMetric]) -> str:
    """All metrics of one mart that are followed by one column."""
    scope = contract.row_scope
    region = f"mart.{scope.region}" if scope and scope.region else None
    if region:
        named = f"case when grouping({region}) = 1 then '{COMPANY}' else {region} end"
        # A mart may have rows about the company itself; here they are made of all that it has.
        groups = f"grouping sets ((mart.{month}, {region}), (mart.{month}))"
        groups += f" having grouping({region}) = 1 or {region} <> '{COMPANY}'"
    else:
        named, groups = f"'{COMPANY}'", f"mart.{month}"
    figures: list[str] = []
    values: list[str] = []
    for number, metric in enumerate(metrics):
        names = []
        for part, expression in (("n", metric.numerator), ("d", metric.denominator), ("v", metric.expression)):
            names.append(f"figures.{part}{number}" if expression else "null")
            if expression:
                figures.append(f"cast({expression} as numeric) as {part}{number}")
        told = (metric.id, metric.metric.name, metric.metric.name_zh, metric.metric.unit, metric.metric.direction)
        values.append(f"({', '.join(map(quoted, told))}, {', '.join(f'cast({name} as numeric)' for name in names)})")
    return f"""select
    figure.metric_id, figures.month, figures.region_code, figure.name_en, figure.name_zh, figure.unit,
    figure.direction, figure.numerator, figure.denominator, figure.value
from (
    select mart.{month} as month, {named} as region_code, {", ".join(figures)}
    from marts.{contract.table} as mart
    where mart.{month} is not null
    group by {groups}
) as figures
cross join lateral (values {", ".join(values)}) as figure (
    metric_id, name_en, name_zh, unit, direction, numerator, denominator, value
)
where coalesce(figure.value, figure.numerator, figure.denominator) is not null"""
