"""When the rows of a source have to be here: the times of its schedule, and how long it has after each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class AgreedTime:
    """One time of a schedule.

    Attributes:
        until: From then on rows that are not here are late.
    """

    due_at: datetime
    until: datetime


def agreed_times(cron: str, zone: ZoneInfo, now: datetime, window: timedelta, allowance: timedelta) -> list[AgreedTime]:
    """Those whose allowance has ended within a window, newest first; at least the last one.

    Args:
        cron: The source's schedule in business time.
        zone: Of business time.
        now: Aware.
        window: How far back from now.
        allowance: How long the source has after each time.
    """
    # Only here: most of what imports this measures nothing.
    from croniter import croniter

    ticks = croniter(cron, (now - allowance).astimezone(zone), ret_type=datetime)
    # A time whose allowance ends now counts.
    first = ticks.get_current(datetime)
    found = [first] if croniter.match(cron, first) and first.second == 0 and first.microsecond == 0 else []
    while not found or found[-1] > now - window:
        due_at: datetime = ticks.get_prev(datetime)
        if found and due_at <= now - window:
            break
        found.append(due_at)
    return [AgreedTime(due_at, due_at + allowance) for due_at in found]
