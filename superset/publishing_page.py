"""The page on which builders ask to publish their drafts and approvers decide: /publishing/."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import publishing
from flask import Response, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel.speaklater import LazyString
from flask_login import current_user
from superset.connectors.sqla.models import SqlaTable
from superset.models.dashboard import Dashboard
from superset.superset_typing import FlaskResponse
from superset.views.base import BaseSupersetView
from texts import reader_language, say

from cockpit.bi.bundle import asset_uuid
from cockpit.bi.compositions import NotAllowedError
from cockpit.bi.publication import Action
from superset import appbuilder, db, security_manager

_HERE = Path(__file__).resolve().parent
_TEMPLATES = "templates"


@dataclass(frozen=True)
class Draft:
    """A dashboard of the builder's, with what can be done about it."""

    dashboard: Any
    last: publishing.Event | None
    possible_roles: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """A dashboard that waits for a decision."""

    dashboard: Any
    asked: publishing.Event
    is_own: bool
    is_changed: bool


class PublishingView(BaseSupersetView):  # type: ignore[misc] # Superset ships no types
    """Two lists and a history; every form carries a token against forged requests, which Superset checks."""

    route_base = "/publishing"
    class_permission_name = "Publishing"
    # Its blueprint belongs to a module of Flask-AppBuilder: a relative folder would be sought there.
    template_folder = str(_HERE / "pages")

    @expose("/")
    @has_access
    @permission_name("read")
    def index(self) -> FlaskResponse:
        """The page."""
        return self._page()

    @expose("/ask/", methods=("POST",))
    @has_access
    @permission_name("ask")
    def ask(self) -> FlaskResponse:
        """Ask to publish a draft."""
        reason, roles = request.form.get("reason", ""), request.form.getlist("role")
        return self._step(lambda number: publishing.ask(number, current_user.username, reason, roles))

    @expose("/take-back/", methods=("POST",))
    @has_access
    @permission_name("ask")
    def take_back(self) -> FlaskResponse:
        """Ask no longer."""
        return self._step(lambda number: publishing.take_back(number, current_user.username))

    @expose("/decide/", methods=("POST",))
    @has_access
    @permission_name("decide")
    def decide(self) -> FlaskResponse:
        """Publish or refuse."""
        reason, seen = request.form.get("reason", ""), request.form.get("version", "")
        approved = request.form.get("decision") == "approve"
        return self._step(
            lambda number: publishing.decide(number, current_user.username, reason, seen, approved=approved)
        )

    @expose("/return/", methods=("POST",))
    @has_access
    @permission_name("read")
    def return_to_draft(self) -> FlaskResponse:
        """Take a published dashboard out of sight, to change it."""
        reason, is_approver = request.form.get("reason", ""), _may_decide()
        return self._step(
            lambda number: publishing.return_to_draft(number, current_user.username, reason, is_approver=is_approver)
        )

    def _step(self, step: Callable[[int], None]) -> FlaskResponse:
        try:
            number = request.form.get("dashboard", "")
            if not number.isdecimal():
                raise NotAllowedError("refused_unknown")
            step(int(number))
        except NotAllowedError as error:
            db.session.rollback()
            return Response(self._page(say(error.reason, found=error.found)), 403, mimetype="text/html")
        return redirect("/publishing/")

    def _page(self, fault: str = "") -> str:
        may_ask = security_manager.can_access("can_ask", "Publishing")
        rendered: str = self.render_template(
            "publishing.html",
            say=say,
            language=reader_language(),
            fault=fault,
            may_ask=may_ask,
            may_decide=_may_decide(),
            templates=_templates() if may_ask else [],
            datasets=_datasets() if may_ask else [],
            drafts=_drafts() if may_ask else [],
            requests=_requests() if _may_decide() else [],
            published=_published() if _may_decide() else [],
            history=_history(),
            role_label=_role_label,
            Action=Action,
            zone=ZoneInfo(os.environ.get("COCKPIT_TIME_ZONE", "Asia/Shanghai")),
        )
        return rendered


def install_publishing_page() -> None:
    """Register the page and its entry in the menu."""
    appbuilder.add_view(
        PublishingView, "Publishing", label=LazyString(lambda: say("menu")), href="/publishing/", category=""
    )


def _may_decide() -> bool:
    return bool(security_manager.can_access("can_decide", "Publishing"))


def _templates() -> list[Any]:
    """Charts of the dashboard of templates in the reader's language."""
    slug = _TEMPLATES + ("-zh" if reader_language() == "zh" else "")
    dashboard = db.session.query(Dashboard).filter(Dashboard.slug == slug).one_or_none()
    return sorted(dashboard.slices, key=lambda chart: str(chart.slice_name)) if dashboard else []


def _datasets() -> list[Any]:
    """Datasets of the repository that the person reads, those of the reader's language."""
    language = reader_language()
    wanted = [asset_uuid("dataset", path.stem, language) for path in (_HERE / "datasets").glob("*.yml")]
    found = db.session.query(SqlaTable).filter(SqlaTable.uuid.in_(wanted)).order_by(SqlaTable.table_name)
    return [dataset for dataset in found if security_manager.can_access_datasource(dataset)]


def _drafts() -> list[Draft]:
    own = (
        db.session.query(Dashboard)
        .filter(Dashboard.owners.any(id=current_user.id), Dashboard.is_managed_externally.is_not(True))
        .order_by(Dashboard.changed_on.desc())
    )
    return [Draft(each, publishing.last_event(each.id), publishing.possible_roles(each)) for each in own]


def _requests() -> list[Request]:
    waiting = db.session.query(Dashboard).filter(Dashboard.id.in_(publishing.under_review()))
    return [
        Request(
            each,
            asked,
            current_user.username in {asked.username, *(owner.username for owner in each.owners)},
            publishing.version(each) != asked.version,
        )
        for each in waiting
        if (asked := publishing.last_event(each.id)) is not None
    ]


def _published() -> list[Any]:
    """Approved dashboards that this approver sees, to take one back."""
    return [
        each
        for each in db.session.query(Dashboard)
        .filter(Dashboard.published.is_(True), Dashboard.is_managed_externally.is_not(True))
        .order_by(Dashboard.dashboard_title)
        if (last := publishing.last_event(each.id)) is not None and last.action is Action.APPROVED
    ]


def _history() -> list[publishing.Event]:
    """Approvers see what happened to every dashboard, builders what happened to their own."""
    if _may_decide():
        return publishing.history()
    own = db.session.query(Dashboard.id).filter(Dashboard.owners.any(id=current_user.id))
    return publishing.history([number for (number,) in own])


def _role_label(name: str) -> str:
    role = publishing.security_rules().roles.get(name)
    if role is None:
        return name
    return role.label_zh if reader_language() == "zh" else role.label
