"""Times as logs write them, as ISO 8601 text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
# Above it a number counts smaller units: as seconds it would lie thousands of years ahead.
_GREATEST_SECONDS = 10**11
_DAYS_CACHED = 1024


@lru_cache(_DAYS_CACHED)
def day_of(text: str) -> str | None:
    """`17/May/2015`, as web servers write days, as `2015-05-17`; None when there is no such day."""
    try:
        return date(int(text[7:]), _MONTHS[text[3:6]], int(text[:2])).isoformat()
    except (KeyError, ValueError):
        return None


def moment_of(value: object) -> str | None:
    """A time in JSON: ISO 8601, or seconds, milli- or microseconds since 1970; None when it is none.

    A text without an offset stays without one: staging reads it in the zone of the workspace.
    """
    if isinstance(value, str):
        text = value.strip()
        try:
            return datetime.fromisoformat(text).isoformat()
        except ValueError:
            pass
        try:
            value = float(text)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = float(value) if abs(value) < 1e20 else float("nan")
    while abs(seconds) >= _GREATEST_SECONDS:
        seconds /= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None
