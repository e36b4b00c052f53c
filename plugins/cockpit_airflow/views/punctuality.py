"""Whether a source has been loaded when its schedule said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from croniter import croniter

# Never loaded; without a schedule; loaded since the last tick; missed one tick; missed more than one.
Verdict: TypeAlias = Literal["never", "unscheduled", "on_time", "late", "overdue"]


@dataclass(frozen=True)
class Punctuality:
    """How a source stands against its schedule.

    Attributes:
        due_at: The schedule's last tick; None without a schedule.
    """

    verdict: Verdict
    due_at: datetime | None = None


def judge(cron: str | None, zone: ZoneInfo, loaded_at: datetime | None, now: datetime) -> Punctuality:
    """Compare the last load with the schedule's last two ticks.

    Args:
        cron: The source's schedule in business time; None when it has none.
        zone: Of business time.
        loaded_at: End of its last batch, also one without rows; None before the first.
        now: Aware.
    """
    if cron is None:
        return Punctuality("unscheduled" if loaded_at else "never")
    ticks = croniter(cron, now.astimezone(zone), ret_type=datetime)
    due_at, before = ticks.get_prev(), ticks.get_prev()
    if loaded_at is None:
        return Punctuality("never", due_at)
    if loaded_at >= due_at:
        return Punctuality("on_time", due_at)
    return Punctuality("late" if loaded_at >= before else "overdue", due_at)
