"""Viewers and builders who log in, or click the logo, arrive at the cockpit in the language and size of the screen."""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect, request, session, url_for
from flask_babel import get_locale
from flask_login import current_user
from standing import Standing, standing_of

from cockpit.bi.landing import landing_slug, landing_slugs

_HOME_PAGES = frozenset({"/", "/superset/welcome/"})


def install_landing(app: Flask) -> None:
    """Take over the home page for viewers and builders; authors keep Superset's own."""
    app.before_request(_drop_log_of_login_page)
    app.before_request(_open_cockpit)


def _drop_log_of_login_page() -> Any:
    """Answer the login page's usage log without touching the session.

    The page sends it just as it is left. Superset refuses it, and its refusal brings a session cookie that can arrive
    after the one of the login and undo it: the person is back at the login form.
    """
    # Asking for current_user would already mark an anonymous session as changed.
    if request.path == "/superset/log/" and "_user_id" not in session:
        return "", 204
    return None


def _open_cockpit() -> Any:
    if request.path not in _HOME_PAGES or not current_user.is_authenticated:
        return None
    # Superset's modules can be imported only once the application exists.
    from superset.daos.dashboard import DashboardDAO

    from superset import security_manager

    if standing_of(security_manager) is Standing.AUTHOR:
        return None
    lang = "zh" if str(get_locale()).startswith("zh") else "en"
    phone = "Mobi" in request.user_agent.string
    wanted = landing_slugs(lang, phone=phone)
    present = {dashboard.slug for dashboard in DashboardDAO.find_all() if dashboard.slug in wanted}
    slug = landing_slug(present, lang, phone=phone)
    return redirect(url_for("Superset.dashboard", dashboard_id_or_slug=slug)) if slug else None
