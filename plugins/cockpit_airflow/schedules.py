"""When a source is loaded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from airflow.timetables.trigger import CronTriggerTimetable
from croniter import croniter

# Enough ticks to meet the longest gap of a weekly schedule.
_TICKS = 10


def on_schedule(cron: str, time_zone: str) -> CronTriggerTimetable:
    """The source's schedule in business time; a new installation waits for it instead of starting at once.

    Each run's data interval reaches back over the longest gap of the schedule, so that the runs of a back-fill leave
    nothing out; rows that two of them read are loaded once.
    """
    return CronTriggerTimetable(cron, timezone=time_zone, interval=longest_gap(cron), run_immediately=timedelta(0))


def longest_gap(cron: str) -> timedelta:
    """The longest time between two of the next ticks."""
    ticks = croniter(cron, datetime(2026, 1, 1, tzinfo=UTC), ret_type=datetime)
    times: list[datetime] = [ticks.get_next() for _tick in range(_TICKS)]
    return max(later - earlier for earlier, later in pairwise(times))
