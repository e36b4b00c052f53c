"""How much business falls on each day, and how far a month has come."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from cockpit.demo.profile import Rhythm

Days = npt.NDArray[np.datetime64]

_DAYS_PER_YEAR = 365.25


def day_weights(days: Days, rhythm: Rhythm) -> npt.NDArray[np.float64]:
    """Relative business of each day: growth, weekday, month end, holidays.

    Args:
        days: Ascending `datetime64[D]`.
        rhythm: The company's habits.
    """
    number = days.astype(np.int64)
    months = days.astype("datetime64[M]")
    day_of_month = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    days_left = ((months + 1).astype("datetime64[D]") - days).astype(np.int64)
    weekday = (number + 3) % 7  # 1970-01-01 was a Thursday
    weights = np.asarray(rhythm.weekday_weight)[weekday]
    weights = weights * (1 + rhythm.yearly_growth) ** ((number - number[0]) / _DAYS_PER_YEAR)
    weights[days_left <= rhythm.month_end_days] *= rhythm.month_end_weight
    holiday = rhythm.national_holiday
    is_holiday = (
        (months.astype(np.int64) % 12 + 1 == holiday.month)
        & (day_of_month >= holiday.first_day)
        & (day_of_month <= holiday.last_day)
    )
    for new_year in rhythm.spring_festival:
        first = np.datetime64(new_year) - rhythm.spring_festival_days_before
        last = np.datetime64(new_year) + rhythm.spring_festival_days_after
        is_holiday |= (days >= first) & (days <= last)
    weights[is_holiday] *= rhythm.holiday_weight
    return weights


def elapsed_ratio(day: date) -> float:
    """Share of a month's weekdays that have passed at the end of `day`, 0-1."""
    first = np.datetime64(day, "M")
    begin, end = first.astype("datetime64[D]"), (first + 1).astype("datetime64[D]")
    return float(np.busday_count(begin, np.datetime64(day) + 1) / np.busday_count(begin, end))
