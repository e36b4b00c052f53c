"""When rows have to be here: times of a schedule whose allowance has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cockpit.quality.agreed_times import agreed_times

SHANGHAI = ZoneInfo("Asia/Shanghai")
# 10:00 in Shanghai.
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def due(cron: str, now: datetime, days: float, hours: float) -> list[str]:
    found = agreed_times(cron, SHANGHAI, now, timedelta(days=days), timedelta(hours=hours))
    assert all(each.until - each.due_at == timedelta(hours=hours) for each in found)
    return [each.due_at.astimezone(SHANGHAI).strftime("%m-%d %H:%M") for each in found]


@pytest.mark.parametrize(
    ("cron", "days", "hours", "times"),
    [
        pytest.param("0 2 * * *", 3, 3, ["03-05 02:00", "03-04 02:00", "03-03 02:00"], id="every night"),
        pytest.param("0 9 * * *", 2, 3, ["03-04 09:00"], id="the allowance of today has not ended"),
        pytest.param("0 7 * * *", 2, 3, ["03-05 07:00", "03-04 07:00"], id="it ends now"),
        pytest.param("0 */6 * * *", 0.5, 1, ["03-05 06:00", "03-05 00:00"], id="several a day"),
        pytest.param("0 9 * * 1", 2, 3, ["03-02 09:00"], id="the last one when none is in the window"),
        pytest.param("0 0 29 2 *", 7, 1, ["02-29 00:00"], id="years ago"),
    ],
)
def test_times_whose_allowance_has_ended(cron: str, days: float, hours: float, times: list[str]) -> None:
    assert due(cron, NOW, days, hours) == times
