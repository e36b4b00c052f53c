"""The only plugin registration: what Cockpit adds to Airflow's navigation."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from cockpit.i18n import _

_Message = MutableMapping[str, Any]


class ImportsApp:
    """The page of the import ledger, imported when somebody first opens it: each task reads this file too."""

    @cached_property
    def _app(self) -> Any:
        from cockpit_airflow.views.app import create_app

        return create_app()

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Answer one request (ASGI)."""
        await self._app(scope, receive, send)


class CockpitPlugin(AirflowPlugin):
    """The steward's desk, the import ledger and the results of checks beside the DAGs, and a way to the dashboards."""

    name = "cockpit"
    fastapi_apps = [  # noqa: RUF012 (Airflow reads plain class attributes)
        {"name": "imports", "app": ImportsApp(), "url_prefix": "/imports"},
    ]
    external_views = [  # noqa: RUF012
        {
            "name": _("Steward desk"),
            "href": "/imports/desk/",
            "destination": "nav",
            "url_route": "desk",
        },
        {
            "name": _("Imports"),
            "href": "/imports/",
            "destination": "nav",
            "url_route": "imports",
        },
        {
            "name": _("Quality"),
            "href": "/imports/quality/",
            "destination": "nav",
            "url_route": "quality",
        },
        {
            "name": _("Data Docs"),
            "href": "/imports/data-docs/",
            "destination": "nav",
            "url_route": "data_docs",
        },
        {
            "name": _("Executive cockpit"),
            "href": os.environ.get("COCKPIT_SUPERSET_URL", ""),
            "destination": "nav",
            "url_route": "executive_cockpit",
        },
    ]
