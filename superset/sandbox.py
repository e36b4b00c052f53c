"""What a builder may change, whatever the browser sends: own drafts, and in them what needs nobody's agreement.

A builder's writing request is refused unless it is on the list below; what a chart or a dashboard may hold is checked
before Superset reads it (cockpit.bi.compositions). As a second barrier, nothing of a builder's is written to Superset's
database that would be seen by others, by whatever way it came there.
"""

from __future__ import annotations

import re
from typing import Any

import publishing
from drafts import is_visible
from flask import Flask, jsonify, request
from flask_jwt_extended import current_user as bearer
from flask_jwt_extended import verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from flask_login import current_user
from jwt import PyJWTError
from sqlalchemy import event, select
from standing import Standing, refusal, requesting_person, standing_of
from superset.connectors.sqla.models import SqlaTable
from superset.models.dashboard import Dashboard, dashboard_slices
from superset.models.slice import Slice
from texts import say

from cockpit.bi.compositions import (
    DECIDED_BY_OTHERS,
    NotAllowedError,
    check_chart,
    check_dashboard,
    check_fields,
    check_filters,
    check_query,
)
from superset import db, security_manager

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Requests that change nothing others see: queries (access.py), the state of one's own page, login and password.
_HARMLESS = re.compile(
    r"/api/v1/chart/data$"
    r"|/api/v1/explore/form_data(/[^/]+)?$"
    r"|/api/v1/(chart|dashboard)/\d+/favorites/$"
    r"|/api/v1/dashboard/[^/]+/(filter_state(/[^/]+)?|permalink)$"
    r"|/api/v1/security/(login|refresh)$"
    r"|/(superset/log|login|logout|lang/\w+|resetmypassword/form|publishing/[a-z-]+)/?$"
)
_CHART = re.compile(r"/api/v1/chart/(?P<number>\d+)?$")
_DASHBOARD = re.compile(r"/api/v1/dashboard/(?P<number>\d+)?$")
_PART = re.compile(r"/api/v1/dashboard/(?P<number>\d+)/(?P<part>filters|colors|chart_customizations)$")
_FIELDS_OF_PART = {
    "filters": ("deleted", "modified", "reordered"),
    "chart_customizations": ("deleted", "modified", "reordered"),
    "colors": (
        "color_namespace",
        "color_scheme",
        "color_scheme_domain",
        "label_colors",
        "map_label_colors",
        "shared_label_colors",
    ),
}
# Saves what its address says, even when it is only opened.
_OLD_EXPLORE = re.compile(r"/superset/explore(?!/p/)")


def install_sandbox(app: Flask) -> None:
    """Put both barriers up; called once, when the application is made."""
    app.before_request(_refuse_beyond_the_sandbox)
    event.listen(db.session, "before_flush", _refuse_to_write)


def _refuse_beyond_the_sandbox() -> Any:
    is_reading = request.method in _READING
    if is_reading and not _OLD_EXPLORE.match(request.path):
        return None
    builder = _builder()
    if builder is None:
        return None
    try:
        if is_reading:
            raise NotAllowedError("refused_way")
        _check(builder)
    except NotAllowedError as error:
        message = say(error.reason, found=error.found)
        return jsonify({"message": message, "errors": [{"message": message}]}), 403
    return None


def _builder() -> Any:
    """The builder who sends this request; None when it is somebody else's.

    Superset finds out about tokens only later, page by page.
    """
    if not current_user.is_authenticated and "Authorization" in request.headers:
        try:
            verify_jwt_in_request(optional=True)
        except (JWTExtendedException, PyJWTError):
            # Superset refuses it.
            return None
        user = bearer if bearer else None
    else:
        user = current_user if current_user.is_authenticated else None
    if user is None or requesting_person() is None:
        return None
    return user if standing_of(security_manager) is Standing.BUILDER else None


def _check(builder: Any) -> None:
    path, method = request.path, request.method
    if _HARMLESS.match(path):
        return
    if (match := _CHART.match(path)) and (match["number"] or method == "POST"):
        _check_chart(builder, method, match["number"])
    elif (match := _DASHBOARD.match(path)) and (match["number"] or method == "POST"):
        _check_dashboard(builder, method, match["number"])
    elif (match := _PART.match(path)) and method == "PUT":
        _own_draft(Dashboard, match["number"], builder)
        body = request.get_json(silent=True)
        check_fields(body, {}, _FIELDS_OF_PART[match["part"]], builder.id)
        check_filters(body, _may_read)
    else:
        raise NotAllowedError("refused_way")


def _check_chart(builder: Any, method: str, number: str | None) -> None:
    chart = _own_draft(Slice, number, builder) if number else None
    if method == "DELETE":
        return
    body = request.get_json(silent=True)
    check_chart(body, _decided(chart), builder.id)
    dataset = _dataset(body, chart)
    names = {*dataset.column_names, *(metric.metric_name for metric in dataset.metrics)}
    # Of what is not sent, the stored part must fit a new dataset too.
    kept = {"params": chart.params, "query_context": chart.query_context} if chart else {}
    moved = chart is not None and dataset.id != chart.datasource_id
    check_query({**kept, **body} if moved else body, dataset.id, names)
    dashboards = body.get("dashboards") or []
    if not isinstance(dashboards, list) or not all(isinstance(each, int) for each in dashboards):
        raise NotAllowedError("refused_form")
    for each in dashboards:
        _own_draft(Dashboard, each, builder)


def _check_dashboard(builder: Any, method: str, number: str | None) -> None:
    dashboard = _own_draft(Dashboard, number, builder) if number else None
    if method == "DELETE":
        return
    body = request.get_json(silent=True)
    check_dashboard(body, _decided(dashboard), builder.id, lambda chart: _may_place(chart, builder), _may_read)


def _own_draft(model: Any, number: Any, builder: Any) -> Any:
    """A chart or dashboard that the builder may change now."""
    asset = db.session.query(model).filter(model.id == int(number)).one_or_none()
    if asset is None or asset.is_managed_externally or [owner.id for owner in asset.owners] != [builder.id]:
        raise NotAllowedError("refused_foreign")
    holders = [asset] if model is Dashboard else asset.dashboards
    if any(publishing.is_dashboard_locked(each) for each in holders) or (model is Slice and _is_published(asset)):
        raise NotAllowedError("refused_locked")
    return asset


def _is_published(chart: Any) -> bool:
    """Whether any published dashboard shows it, one that the builder does not see included."""
    shown = (
        select(dashboard_slices.c.slice_id)
        .join(Dashboard.__table__, Dashboard.__table__.c.id == dashboard_slices.c.dashboard_id)
        .where(dashboard_slices.c.slice_id == chart.id, Dashboard.__table__.c.published.is_(True))
    )
    return db.session.execute(shown).first() is not None


def _decided(asset: Any) -> dict[str, Any]:
    """What others decide about a chart or dashboard, as it is."""
    if asset is None:
        return {}
    return {name: getattr(asset, name, None) for name in DECIDED_BY_OTHERS} | {
        "roles": [role.id for role in getattr(asset, "roles", ())],
        "tags": [tag.id for tag in asset.tags],
    }


def _dataset(body: Any, chart: Any) -> Any:
    number = body.get("datasource_id", chart.datasource_id if chart else None)
    dataset = db.session.get(SqlaTable, number) if isinstance(number, int) else None
    if dataset is None or not _may_read(dataset.id):
        raise NotAllowedError("refused_dataset")
    return dataset


def _may_read(number: int) -> bool:
    """Datasets of the repository that the person's roles read: the documented ones."""
    dataset = db.session.get(SqlaTable, number)
    return bool(dataset and dataset.is_managed_externally and security_manager.can_access_datasource(dataset))


def _may_place(number: int, builder: Any) -> bool:
    """Own charts and those of the repository; another builder's could change after the approval."""
    chart = db.session.query(Slice).filter(Slice.id == number).one_or_none()
    if chart is None or not is_visible(chart):
        return False
    is_own = [owner.id for owner in chart.owners] == [builder.id]
    return (is_own or bool(chart.is_managed_externally)) and _may_read(chart.datasource_id)


# --- The second barrier ---------------------------------------------------------------------------------------------


def _refuse_to_write(session: Any, _context: Any, _instances: Any) -> None:
    changed = [asset for asset in session.dirty if isinstance(asset, Dashboard | Slice) and session.is_modified(asset)]
    made = [asset for asset in session.new if isinstance(asset, Dashboard | Slice)]
    gone = [asset for asset in session.deleted if isinstance(asset, Dashboard | Slice)]
    if not (changed or made or gone) or publishing.is_deciding():
        return
    builder = requesting_person()
    with session.no_autoflush:
        if builder is None or standing_of(security_manager) is not Standing.BUILDER:
            return
        if any(not _is_private(asset, builder) for asset in (*changed, *made, *gone)):
            raise refusal(say("refused_way"))


def _is_private(asset: Any, builder: Any) -> bool:
    """Whether a chart or dashboard is the builder's own, and nobody else's to see."""
    shared = ("published", "roles", "css", "slug", "theme_id", "certified_by", "certification_details")
    if asset.is_managed_externally or [owner.id for owner in asset.owners] != [builder.id]:
        return False
    return not any(getattr(asset, name, None) for name in shared)
