"""Working days of countries: their weekends, public holidays and the weekend days that make up for them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.files import MisfitError, Rule, load

# 1 is Monday, 7 Sunday, as ISO 8601 and PostgreSQL's isodow count.
Weekday: TypeAlias = Annotated[int, Field(ge=1, le=7)]


class Holiday(Rule):
    """Days off, from the first to the last, both included; one day without `to`."""

    first: date = Field(alias="from")
    to: date | None = None
    name: str = Field(min_length=1)
    name_zh: str = Field(min_length=1)

    @property
    def last(self) -> date:
        """The last day."""
        return self.to or self.first

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise MisfitError(_("ends before it begins"), "to", allowed=f">= {self.first}")
        return self


class Calendar(Rule):
    """Contents of one file of the folder, which is named after the country.

    Attributes:
        country: Its code, as `holiday_calendar` in workspace.yml names it.
        weekend: Days off in each week.
        years: Those whose holidays are all here; in others the weekend alone counts.
        make_up_days: Days of weekends on which people work.
    """

    version: int = 1
    country: str = Field(pattern=r"^[A-Z]{2}$")
    weekend: tuple[Weekday, ...] = (6, 7)
    years: tuple[int, ...] = Field(min_length=1)
    holidays: tuple[Holiday, ...]
    make_up_days: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for number, holiday in enumerate(self.holidays):
            for day in (holiday.first, holiday.last):
                self._require_year(day, "holidays", number)
        off = {day for holiday in self.holidays for day in (holiday.first, holiday.last)}
        for number, day in enumerate(self.make_up_days):
            self._require_year(day, "make_up_days", number)
            if day in off:
                raise MisfitError(_("{day} is a holiday, too", day=day), "make_up_days", number)
            if day.isoweekday() not in self.weekend:
                raise MisfitError(_("{day} is a working day anyway", day=day), "make_up_days", number)
        return self

    def _require_year(self, day: date, *place: str | int) -> None:
        if day.year not in self.years:
            message = _("{day} is in none of the years", day=day)
            raise MisfitError(message, *place, allowed=", ".join(map(str, self.years)))

    def rows(self) -> list[dict[str, Any]]:
        """Its rules as rows: one per holiday, make-up day, known year and day of the weekend."""
        holidays = [
            {"first_day": str(day.first), "last_day": str(day.last), "name_en": day.name, "name_zh": day.name_zh}
            for day in self.holidays
        ]
        return [
            *({"calendar": self.country, "kind": "holiday", **holiday} for holiday in holidays),
            *({"calendar": self.country, "kind": "make_up_day", "first_day": str(day)} for day in self.make_up_days),
            *({"calendar": self.country, "kind": "year", "number": year} for year in self.years),
            *({"calendar": self.country, "kind": "weekend", "number": day} for day in self.weekend),
        ]


class Calendars(Rule):
    """The calendars of all countries; none when the workspace names no folder."""

    calendars: tuple[Calendar, ...] = ()

    def parameters(self) -> dict[str, float | str]:
        """Values that SQL models use as `:name`: the rules of all countries as JSON."""
        rows = [row for calendar in self.calendars for row in calendar.rows()]
        return {"calendar_rules": json.dumps(rows, ensure_ascii=False)}


def load_calendars(folder: Path) -> Calendars:
    """Read every file of the folder.

    Raises:
        RuleFileError: one does not fit, with file and line, or is not named after its country.
    """
    calendars = []
    for file in sorted(folder.glob("*.yml")):
        calendar = load(file, Calendar)
        if calendar.country != file.stem:
            raise RuleFileError(
                _("country differs from the file's name"), where=f"{file}:1", found=calendar.country, allowed=file.stem
            )
        calendars.append(calendar)
    return Calendars(calendars=tuple(calendars))
