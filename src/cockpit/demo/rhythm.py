"""How much business falls on each day, and how far a month has come."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from cockpit.demo.profile import DaysAround, Rhythm

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
    days_left = ((months + 1).astype("datetime64[D]") - days).astype(np.int64)
    weekday = (number + 3) % 7  # 1970-01-01 was a Thursday
    weights: npt.NDArray[np.float64] = np.asarray(rhythm.weekday_weight)[weekday]
    weights *= (1 + rhythm.yearly_growth) ** ((number - number[0]) / _DAYS_PER_YEAR)
    weights[days_left <= rhythm.month_end_days] *= rhythm.month_end_weight
    weights[_is_holiday(days, rhythm, rhythm.spring_festival_quiet)] *= rhythm.holiday_weight
    return weights


def elapsed_ratio(day: date, rhythm: Rhythm) -> float:
    """Share of a month's working days that have ended when `day` begins, 0-1.

    The cockpit counts with the official calendar; working weekends that make up for holidays are left out here,
    which moves a target by a few per cent in some months.
    """
    first = np.datetime64(day, "M")
    begin, end = first.astype("datetime64[D]"), (first + 1).astype("datetime64[D]")
    closed = closed_days(np.arange(begin, end, dtype="datetime64[D]"), rhythm)
    working = np.busday_count(begin, end, holidays=closed)
    return float(np.busday_count(begin, np.datetime64(day), holidays=closed) / working) if working else 1.0


def closed_days(days: Days, rhythm: Rhythm) -> Days:
    """Those of the days that are public holidays."""
    chosen: Days = days[_is_holiday(days, rhythm, rhythm.spring_festival_closed)]
    return chosen


def _is_holiday(days: Days, rhythm: Rhythm, around_new_year: DaysAround) -> npt.NDArray[np.bool_]:
    months = days.astype("datetime64[M]")
    day_of_month = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    holiday = rhythm.national_holiday
    is_holiday: npt.NDArray[np.bool_] = (
        (months.astype(np.int64) % 12 + 1 == holiday.month)
        & (day_of_month >= holiday.first_day)
        & (day_of_month <= holiday.last_day)
    )
    for new_year in rhythm.spring_festival:
        first = np.datetime64(new_year) - around_new_year.before
        last = np.datetime64(new_year) + around_new_year.after
        is_holiday |= (days >= first) & (days <= last)
    return is_holiday
