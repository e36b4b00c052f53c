"""What Superset notes about people in its own database: what they open, change and export, not each step of a query.

Six rows per chart, each in a transaction after which everything read before is read again, were a fifth of a chart's
time. Who asked the database what stands in PostgreSQL's log (docs/how-to/see-who-asked-what.md).
"""

from __future__ import annotations

from typing import Any

from superset.utils.log import DBEventLogger

_STEPS = frozenset(
    {
        "ChartDataRestApi.json_dumps",
        "QueryObject.post_processing",
        "_get_data_response",
        "execute_sql",
        "load_into_dataframe",
    }
)


class EventLog(DBEventLogger):  # type: ignore[misc] # Superset ships no types
    """Superset's, without the steps of a query; the request for the chart itself stays."""

    def log(self, user_id: int | None, action: str, *arguments: Any, **more: Any) -> None:
        """Note it, unless it is a step."""
        if action not in _STEPS:
            super().log(user_id, action, *arguments, **more)
