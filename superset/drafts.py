"""What people other than authors can see of charts and dashboards at all: no draft but their own.

The condition is put into every query for charts and dashboards that Superset sends to its own database on behalf of a
person, so that lists, pages, exports and lookups by number or UUID agree, those of a later version included.
"""

from __future__ import annotations

from typing import Any

import publishing
from flask import g, has_request_context
from sqlalchemy import event, false, or_, select, union
from sqlalchemy.orm import with_loader_criteria
from standing import Standing, requesting_person, standing_of
from superset.models.dashboard import Dashboard, DashboardRoles, dashboard_slices, dashboard_user
from superset.models.slice import Slice, slice_user

from superset import db, security_manager


def install_draft_filter() -> None:
    """Apply the condition from now on; called once, when the application is made."""
    event.listen(db.session, "do_orm_execute", _narrow)


def is_visible(asset: Any) -> bool:
    """Whether the person of this request sees a chart or dashboard; one that is not stored yet, yes."""
    if asset.id is None:
        return True
    model = Dashboard if isinstance(asset, Dashboard) else Slice
    return db.session.query(model.id).filter(model.id == asset.id).one_or_none() is not None


def _narrow(state: Any) -> None:
    if not state.is_select or not has_request_context():
        return
    asked = {mapper.class_ for mapper in state.all_mappers}
    if not asked & {Slice, Dashboard}:
        return
    conditions = _conditions()
    if conditions is not None:
        dashboards, charts = conditions
        state.statement = state.statement.options(
            with_loader_criteria(Dashboard, dashboards, include_aliases=True, propagate_to_loaders=False),
            with_loader_criteria(Slice, charts, include_aliases=True, propagate_to_loaders=False),
        )


def _conditions() -> tuple[Any, Any] | None:
    """For dashboards and for charts; None for authors, whom nothing is hidden from."""
    user = requesting_person()
    if user is None:
        return false(), false()
    known = getattr(g, "cockpit_visible", None)
    if known is None or known[0] != user.id:
        # Asking for rights sends queries too, about neither charts nor dashboards.
        author = standing_of(security_manager) is Standing.AUTHOR
        known = g.cockpit_visible = (user.id, None if author else _conditions_of(user))
    return known[1]


def _conditions_of(user: Any) -> tuple[Any, Any]:
    table = Dashboard.__table__
    role_ids = [role.id for role in security_manager.get_user_roles()]
    opened = (
        select(table.c.id)
        .join(DashboardRoles, DashboardRoles.c.dashboard_id == table.c.id)
        .where(table.c.published.is_(True), DashboardRoles.c.role_id.in_(role_ids))
    )
    shown = opened
    if security_manager.can_access("can_decide", "Publishing"):
        shown = union(opened, publishing.under_review())
    own = select(dashboard_user.c.dashboard_id).where(dashboard_user.c.user_id == user.id)
    own_charts = select(slice_user.c.slice_id).where(slice_user.c.user_id == user.id)
    placed = select(dashboard_slices.c.slice_id).where(dashboard_slices.c.dashboard_id.in_(_plain(shown)))
    return (
        or_(Dashboard.id.in_(_plain(shown)), Dashboard.id.in_(own)),
        # Charts of the repository are no drafts; whether the person reads their dataset is asked beside this.
        or_(Slice.is_managed_externally.is_(True), Slice.id.in_(own_charts), Slice.id.in_(placed)),
    )


def _plain(query: Any) -> Any:
    """A union as a subquery that `in` takes."""
    subquery = query.subquery()
    return select(subquery.c[0])
