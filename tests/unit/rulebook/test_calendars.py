"""Files of working days: the shipped ones are right, and what is wrong is said with its line."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.calendars import load_calendars
from cockpit.rulebook.workspace import REPOSITORY

FOLDER = REPOSITORY / "include" / "rules" / "calendar"


def test_holidays_fall_on_days_that_would_be_worked() -> None:
    """One at a weekend would be a slip of the pen: its substitute stands here instead."""
    for calendar in load_calendars(FOLDER).calendars:
        for holiday in calendar.holidays:
            for day in (holiday.first, holiday.last):
                assert day.isoweekday() not in calendar.weekend, f"{calendar.country} {day}"


def test_a_year_of_china_has_as_many_days_off_as_were_announced() -> None:
    """The notices of the State Council leave 248 working days in 2025 and in 2026."""
    (china,) = (calendar for calendar in load_calendars(FOLDER).calendars if calendar.country == "CN")
    off = {
        holiday.first + timedelta(days=number)
        for holiday in china.holidays
        for number in range((holiday.last - holiday.first).days + 1)
    }
    worked = {
        year: sum(
            day in china.make_up_days or (day.isoweekday() not in china.weekend and day not in off)
            for day in (date(year, 1, 1) + timedelta(days=number) for number in range(366))
            if day.year == year
        )
        for year in (2025, 2026)
    }
    assert worked == {2025: 248, 2026: 248}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        pytest.param("from: 2026-10-01, to: 2026-10-02", "from: 2026-10-02, to: 2026-10-01", "ends before", id="order"),
        pytest.param("- {from: 2026-06-19", "- {from: 2027-06-19", "2027-06-19 is in none", id="a year not listed"),
        pytest.param("- 2026-10-10", "- 2026-10-12", "2026-10-12 is a working day anyway", id="no weekend"),
        pytest.param("- 2026-10-10", "- 2026-10-01", "2026-10-01 is a holiday, too", id="holiday and make-up day"),
        pytest.param("weekend: [6, 7]", "weekend: [0, 6]", "weekend", id="no such weekday"),
        pytest.param("country: CN", "country: GB", "differs from the file's name", id="another country's name"),
        pytest.param("name_zh: 端午节", "zh: 端午节", "name_zh", id="no Chinese name"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, before: str, after: str, message: str) -> None:
    text = (FOLDER / "CN.yml").read_text(encoding="utf-8")
    assert before in text
    (tmp_path / "CN.yml").write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(RuleFileError, match=message) as found:
        load_calendars(tmp_path)
    assert "CN.yml:" in str(found.value)
