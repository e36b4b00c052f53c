"""Viewers and builders ask without SQL of their own, and nobody but its owner opens a draft.

Superset lets anybody who may see a chart post a query of their own for its dataset, with free SQL in metrics,
columns and filters. Rows stay protected by PostgreSQL, but free SQL can still call functions and probe the server;
so for everybody but authors a query consists of columns, metrics and simple aggregates of the dataset, and of SQL that
stands in the chart it names, if that chart belongs to the repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from data_version import data_key
from flask import g, has_request_context
from flask_appbuilder.security.sqla.models import assoc_permissionview_role
from standing import Standing, refusal, requesting_username, standing_of
from superset.security import SupersetSecurityManager
from superset.sql.parse import sanitize_clause

from cockpit.bi.compositions import is_composed, sql_texts


class CockpitSecurityManager(SupersetSecurityManager):  # type: ignore[misc] # Superset ships no types
    """Superset's rules, and beyond them: no guests, no foreign SQL, no foreign draft, no shared cache entry."""

    def raise_for_access(self, dashboard: Any = None, chart: Any = None, **resources: Any) -> None:
        """Superset's own decision first; then, for everybody but authors, the cockpit's."""
        super().raise_for_access(dashboard=dashboard, chart=chart, **resources)
        if standing_of(self) is Standing.AUTHOR:
            return
        # The drafts module needs the application, which is not there yet when Superset reads its settings.
        from drafts import is_visible

        # Superset itself opens a draft to everybody who reads one of its datasets.
        if any(asset is not None and not is_visible(asset) for asset in (dashboard, chart)):
            raise refusal("This is somebody else's draft")
        if resources.get("viz") is not None or resources.get("sql") or resources.get("query") is not None:
            raise refusal("Only charts of the cockpit can be queried")
        if (query_context := resources.get("query_context")) is not None:
            refuse_foreign_sql(query_context)

    def get_rls_cache_key(self, datasource: Any) -> list[str]:
        """Keep results apart by person, also where a chart type ignores CACHE_QUERY_BY_USER, and by version of data."""
        own = [f"person={requesting_username()}", *data_key(datasource)]
        return [*super().get_rls_cache_key(datasource), *own]

    def exist_permission_on_roles(self, view_name: str, permission_name: str, role_ids: list[int]) -> bool:
        """Answer from what the roles hold, read once per request: a chart asks about twenty times."""
        return (permission_name, view_name) in self._permissions(role_ids)

    def user_view_menu_names(self, permission_name: str) -> set[str]:
        """Answer from what the roles hold, too."""
        if g.user.is_anonymous:
            return set(super().user_view_menu_names(permission_name))
        held = self._permissions([role.id for role in self.get_user_roles()])
        return {view for permission, view in held if permission == permission_name}

    def _permissions(self, role_ids: list[int]) -> frozenset[tuple[str, str]]:
        """Permission and what it is for."""
        known = g.setdefault("cockpit_permissions", {}) if has_request_context() else {}
        roles = frozenset(role_ids)
        if roles not in known:
            granted = self.permissionview_model
            query = (
                self.session.query(self.permission_model.name, self.viewmenu_model.name)
                .select_from(granted)
                .join(assoc_permissionview_role, granted.id == assoc_permissionview_role.c.permission_view_id)
                .join(self.permission_model)
                .join(self.viewmenu_model)
                .filter(assoc_permissionview_role.c.role_id.in_(roles))
            )
            known[roles] = frozenset((permission, view) for permission, view in query)
        return known[roles]

    def get_guest_user_from_request(self, _req: Any) -> None:
        """Refuse guest tokens: they carry any username their maker likes."""


def refuse_foreign_sql(query_context: Any) -> None:
    """Raise unless every name is a column or metric of the dataset and every expression is stored in the chart."""
    datasource = query_context.datasource
    names = {*datasource.column_names, *(metric.metric_name for metric in datasource.metrics)}
    chart = query_context.slice_
    stored: frozenset[str] = frozenset()
    stored_layers: list[Any] = []
    # SQL is trusted where it has been reviewed. Charts that people made bring none along.
    if (
        chart is not None
        and chart.is_managed_externally
        and (chart.datasource_id, chart.datasource_type) == (datasource.id, datasource.type)
    ):
        definition = [json.loads(text) for text in (chart.params, chart.query_context) if text]
        engine = datasource.database.db_engine_spec.engine
        # Superset has rewritten the posted clauses in its own way before it asks.
        clauses = [sanitize_clause(text, engine) for part in definition for text in _free_clauses(part)]
        stored = frozenset([*sql_texts(definition), *clauses])
        stored_layers = [layer for part in definition for layer in part.get("annotation_layers") or []]
    for query in query_context.queries:
        if query.datasource is not None and query.datasource.id != datasource.id:
            raise refusal("A query names another dataset than its chart")
        if any(layer not in stored_layers for layer in query.annotation_layers):
            raise refusal("Annotation layers can only be those of the chart")
        for expression in _expressions(query):
            if not is_composed(expression, names | stored) or not _has_known_column(expression, names):
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


def _has_known_column(expression: Any, names: set[str]) -> bool:
    """SQL that is stored somewhere in the chart is still no column."""
    column = expression.get("column") if isinstance(expression, dict) else None
    return column is None or str(column.get("column_name")) in names
