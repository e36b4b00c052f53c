"""Remove what has been kept for its time."""

from __future__ import annotations

from cockpit.stack import query_log
from cockpit.stack.settings import Settings


def keep_house(settings: Settings) -> dict[str, int]:
    """Remove old logs; returns how many files of each kind went."""
    return {"query_logs": query_log.remove_old(settings)}
