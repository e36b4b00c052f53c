"""The only plugin registration: what Cockpit adds to Airflow's navigation."""

from __future__ import annotations

import os

from airflow.plugins_manager import AirflowPlugin


class CockpitPlugin(AirflowPlugin):
    """A way from the DAGs to the dashboards that they feed."""

    name = "cockpit"
    external_views = [  # noqa: RUF012 (Airflow reads a plain class attribute)
        {
            "name": "领导驾驶舱" if os.environ.get("COCKPIT_LANG") == "zh" else "Executive cockpit",
            "href": os.environ.get("COCKPIT_SUPERSET_URL", ""),
            "destination": "nav",
            "url_route": "executive_cockpit",
        }
    ]
