"""A viewer may run the charts that are stored, and nothing else.

Superset lets anybody who may see a chart post a query of their own for its dataset, with free SQL in metrics,
columns and filters. Rows stay protected by PostgreSQL, but free SQL can still call functions and probe the server;
so for people who may not write charts every SQL text of a request has to stand in the chart it names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from data_version import data_key
from flask import g, has_request_context
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.security import SupersetSecurityManager
from superset.sql.parse import sanitize_clause

_SQL_KEYS = frozenset({"sqlExpression", "expression", "where", "having"})


def requesting_username() -> str | None:
    """The person logged in; None for guests, anonymous visitors and work outside a request."""
    user = getattr(g, "user", None) if has_request_context() else None
    if user is None or user.is_anonymous or getattr(user, "is_guest_user", False):
        return None
    return str(user.username)


class CockpitSecurityManager(SupersetSecurityManager):  # type: ignore[misc] # Superset ships no types
    """Superset's rules, and beyond them: no guests, no foreign SQL, no shared cache entry."""

    def raise_for_access(self, *args: Any, **resources: Any) -> None:
        """Superset's own decision first; then, for viewers, stored charts only."""
        super().raise_for_access(*args, **resources)
        if self.can_access("can_write", "Chart"):
            return
        if resources.get("viz") is not None or resources.get("sql") or resources.get("query") is not None:
            raise refusal("Only charts of the cockpit can be queried")
        if (query_context := resources.get("query_context")) is not None:
            refuse_foreign_sql(query_context)

    def get_rls_cache_key(self, datasource: Any) -> list[str]:
        """Keep results apart by person, also where a chart type ignores CACHE_QUERY_BY_USER, and by version of data."""
        own = [f"person={requesting_username()}", *data_key(datasource)]
        return [*super().get_rls_cache_key(datasource), *own]

    def get_guest_user_from_request(self, _req: Any) -> None:
        """Refuse guest tokens: they carry any username their maker likes."""


def refusal(message: str) -> SupersetSecurityException:
    """The error that Superset turns into HTTP 403."""
    return SupersetSecurityException(
        SupersetError(
            message=message,
            error_type=SupersetErrorType.DATASOURCE_SECURITY_ACCESS_ERROR,
            level=ErrorLevel.ERROR,
        )
    )


def refuse_foreign_sql(query_context: Any) -> None:
    """Raise unless every name is a column or metric of the dataset and every expression is stored in the chart."""
    datasource = query_context.datasource
    names = {*datasource.column_names, *(metric.metric_name for metric in datasource.metrics)}
    chart = query_context.slice_
    stored: frozenset[str] = frozenset()
    stored_layers: list[Any] = []
    if chart is not None and (chart.datasource_id, chart.datasource_type) == (datasource.id, datasource.type):
        definition = [json.loads(text) for text in (chart.params, chart.query_context) if text]
        engine = datasource.database.db_engine_spec.engine
        # Superset has rewritten the posted clauses in its own way before it asks.
        clauses = [sanitize_clause(text, engine) for part in definition for text in _free_clauses(part)]
        stored = frozenset([*_sql_texts(definition), *clauses])
        stored_layers = [layer for part in definition for layer in part.get("annotation_layers") or []]
    for query in query_context.queries:
        if query.datasource is not None and query.datasource.id != datasource.id:
            raise refusal("A query names another dataset than its chart")
        if any(layer not in stored_layers for layer in query.annotation_layers):
            raise refusal("Annotation layers can only be those of the chart")
        for expression in _expressions(query):
            if isinstance(expression, str):
                allowed = expression in names | stored
            else:
                allowed = all(text in names | stored for text in _sql_texts(expression)) and _known(expression, names)
            if not allowed:
                raise refusal("Only the chart's own columns, metrics and filters can be queried")


def _expressions(query: Any) -> Iterator[str | dict[str, Any]]:
    """Every part of a query that Superset turns into SQL other than by binding a value."""
    yield from query.columns
    yield from query.metrics or []
    yield from query.series_columns
    yield from (part for part in (query.granularity, query.series_limit_metric) if part)
    # An order may name a metric of the query by its label: Superset looks it up and takes no label for SQL.
    labels = {metric.get("label") for metric in query.metrics or [] if isinstance(metric, dict)}
    yield from (order[0] for order in query.orderby if order and order[0] and not _is_label(order[0], labels))
    yield from (clause["col"] for clause in query.filter)
    yield from (query.extras[key] for key in ("where", "having") if query.extras.get(key))


def _is_label(expression: Any, labels: set[Any]) -> bool:
    return isinstance(expression, str) and expression in labels


def _sql_texts(value: Any) -> Iterable[str]:
    """All SQL texts inside stored or posted JSON."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _SQL_KEYS and isinstance(inner, str):
                yield inner
            else:
                yield from _sql_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sql_texts(inner)


def _free_clauses(definition: dict[str, Any]) -> Iterator[str]:
    """The WHERE and HAVING that Superset's browser code makes of a chart's filters in SQL."""
    for key, filters in definition.items():
        if not key.startswith("adhoc_filters"):
            continue
        for clause in ("WHERE", "HAVING"):
            texts = [
                part["sqlExpression"]
                for part in filters or []
                if part.get("expressionType") == "SQL" and part.get("clause") == clause
            ]
            if texts:
                yield " AND ".join(f"({text})" for text in texts)


def _known(expression: dict[str, Any], names: set[str]) -> bool:
    """Whether a metric made of column and aggregate, rather than of SQL, uses a column of the dataset."""
    column = expression.get("column")
    return column is None or column.get("column_name") in names
