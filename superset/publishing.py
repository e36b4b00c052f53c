"""Requests to publish, decisions about them, and their history: one table in Superset's own database.

Rows are only ever added. How a dashboard stands follows from its last row; the dashboard itself is locked while a step
is taken, so that two people cannot decide at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import g
from superset.models.dashboard import Dashboard

from cockpit.bi.compositions import NotAllowedError
from cockpit.bi.publication import Action, check_step, is_locked, roles_that_read, version_of
from cockpit.rulebook.security import SecurityRules, load_security
from superset import db, security_manager

_RULES = Path(__file__).resolve().parent.parent / "include" / "rules" / "security"

EVENTS = sa.Table(
    "cockpit_publishing_event",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("dashboard_id", sa.Integer, nullable=False, index=True),
    sa.Column("dashboard_title", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    # Names of roles, as JSON.
    sa.Column("roles", sa.Text, nullable=False),
    # Of the content that was asked for, or decided about.
    sa.Column("version", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class Event:
    """One row: who did what, when and why."""

    dashboard_id: int
    dashboard_title: str
    action: Action
    username: str
    happened_at: datetime
    reason: str
    roles: tuple[str, ...]
    version: str


def create_table() -> None:
    """Make the table if it is not there."""
    EVENTS.metadata.create_all(db.engine)


@cache
def security_rules() -> SecurityRules:
    """Roles and subjects, as they were when this process started; `up` starts it anew."""
    return load_security(_RULES)


def under_review() -> Any:
    """A query for the numbers of dashboards whose publication is asked for."""
    last = sa.select(sa.func.max(EVENTS.c.id)).group_by(EVENTS.c.dashboard_id)
    return sa.select(EVENTS.c.dashboard_id).where(EVENTS.c.id.in_(last), EVENTS.c.action == Action.ASKED.value)


def history(dashboard_ids: Iterable[int] | None = None, limit: int = 200) -> list[Event]:
    """What happened, the latest first; of all dashboards when none are named."""
    query = sa.select(EVENTS).order_by(EVENTS.c.id.desc()).limit(limit)
    if dashboard_ids is not None:
        query = query.where(EVENTS.c.dashboard_id.in_(list(dashboard_ids)))
    return [
        Event(
            row.dashboard_id,
            row.dashboard_title,
            Action(row.action),
            row.username,
            row.happened_at,
            row.reason,
            tuple(json.loads(row.roles)),
            row.version,
        )
        for row in db.session.execute(query)
    ]


def last_event(dashboard_id: int) -> Event | None:
    """The latest row of one dashboard."""
    return next(iter(history([dashboard_id], 1)), None)


def is_dashboard_locked(dashboard: Any) -> bool:
    """Whether it and its charts stay as they are."""
    last = last_event(dashboard.id)
    return is_locked(last.action if last else None, is_published=bool(dashboard.published))


def version(dashboard: Any) -> str:
    """Changes with what the dashboard shows."""
    return version_of(
        (dashboard.dashboard_title, dashboard.position_json, dashboard.json_metadata, dashboard.css),
        (
            (
                str(chart.id),
                chart.slice_name,
                chart.viz_type,
                chart.params,
                chart.query_context,
                str(chart.datasource_id),
            )
            for chart in dashboard.slices
        ),
    )


def datasets(dashboard: Any) -> list[Any]:
    """All datasets that it reads, those of its filters included."""
    from superset.connectors.sqla.models import SqlaTable

    metadata = json.loads(dashboard.json_metadata or "{}")
    filters = [
        *(metadata.get("native_filter_configuration") or []),
        *(metadata.get("chart_customization_config") or []),
    ]
    numbers = {target.get("datasetId") for each in filters for target in each.get("targets") or []}
    found = {chart.datasource for chart in dashboard.slices}
    found.update(db.session.query(SqlaTable).filter(SqlaTable.id.in_([n for n in numbers if n is not None])))
    return list(found)


def possible_roles(dashboard: Any) -> tuple[str, ...]:
    """Roles that read everything the dashboard shows."""
    sources = datasets(dashboard)
    if not dashboard.slices or any(source is None or not source.is_managed_externally for source in sources):
        return ()
    return roles_that_read(security_rules(), [source.sql or "" for source in sources])


def ask(dashboard_id: int, username: str, reason: str, roles: Sequence[str]) -> None:
    """Ask an approver to show a draft to some roles."""
    dashboard = _lock(dashboard_id)
    _check(Action.ASKED, dashboard, username, reason)
    _check_roles(dashboard, roles)
    _note(Action.ASKED, dashboard, username, reason, roles)


def take_back(dashboard_id: int, username: str) -> None:
    """Ask no longer; the draft can be changed again."""
    dashboard = _lock(dashboard_id)
    _check(Action.TAKEN_BACK, dashboard, username, "")
    _note(Action.TAKEN_BACK, dashboard, username, "", ())


def decide(dashboard_id: int, username: str, reason: str, seen_version: str, *, approved: bool) -> None:
    """Publish what was asked for, or refuse it.

    Args:
        dashboard_id: Its number.
        username: The approver.
        reason: Why; needed by refusals.
        seen_version: What the approver looked at; another content is not approved.
        approved: Which of the two.
    """
    step = Action.APPROVED if approved else Action.REFUSED
    dashboard = _lock(dashboard_id)
    _check(step, dashboard, username, reason)
    asked = last_event(dashboard_id)
    if asked is None or asked.username == username:
        # Also when the dashboard has changed hands since.
        raise NotAllowedError("refused_own")
    if approved:
        if not seen_version == asked.version == version(dashboard):
            raise NotAllowedError("refused_changed")
        if not all(security_manager.can_access_datasource(source) for source in datasets(dashboard)):
            raise NotAllowedError("refused_unread")
        _check_roles(dashboard, asked.roles)
        with _deciding():
            dashboard.published = True
            dashboard.roles = [security_manager.find_role(name) for name in asked.roles]
            dashboard.certified_by = username
            db.session.flush()
    _note(step, dashboard, username, reason, asked.roles)


def return_to_draft(dashboard_id: int, username: str, reason: str, *, is_approver: bool) -> None:
    """Show a dashboard to nobody but its owner any more, who can change it again."""
    dashboard = _lock(dashboard_id)
    _check(Action.RETURNED, dashboard, username, reason)
    if not is_approver and username not in _owners(dashboard):
        raise NotAllowedError("refused_foreign")
    with _deciding():
        dashboard.published = False
        dashboard.roles = []
        dashboard.certified_by = None
        db.session.flush()
    _note(Action.RETURNED, dashboard, username, reason, ())


def is_deciding() -> bool:
    """Whether this request changes who sees a dashboard by way of the steps above."""
    return bool(getattr(g, "cockpit_deciding", False))


@contextmanager
def _deciding() -> Iterator[None]:
    g.cockpit_deciding = True
    try:
        yield
    finally:
        g.cockpit_deciding = False


def _lock(dashboard_id: int) -> Any:
    # Visible to this person, or it is not found.
    dashboard = (
        db.session.query(Dashboard)
        .filter(Dashboard.id == dashboard_id)
        .with_for_update(of=Dashboard)
        .populate_existing()
        .one_or_none()
    )
    if dashboard is None or dashboard.is_managed_externally:
        raise NotAllowedError("refused_unknown")
    return dashboard


def _owners(dashboard: Any) -> list[str]:
    return [owner.username for owner in dashboard.owners]


def _check(step: Action, dashboard: Any, username: str, reason: str) -> None:
    last = last_event(dashboard.id)
    check_step(step, last.action if last else None, username, _owners(dashboard), reason)


def _check_roles(dashboard: Any, roles: Sequence[str]) -> None:
    if not roles:
        raise NotAllowedError("refused_without_role")
    possible = possible_roles(dashboard)
    for name in roles:
        if name not in possible or security_manager.find_role(name) is None:
            raise NotAllowedError("refused_role", name)


def _note(step: Action, dashboard: Any, username: str, reason: str, roles: Sequence[str]) -> None:
    db.session.execute(
        EVENTS.insert().values(
            dashboard_id=dashboard.id,
            dashboard_title=dashboard.dashboard_title or "",
            action=step.value,
            username=username,
            happened_at=datetime.now(UTC),
            reason=reason.strip()[:2000],
            roles=json.dumps(list(roles)),
            version=version(dashboard),
        )
    )
    db.session.commit()
