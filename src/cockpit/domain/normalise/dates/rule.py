"""What include/rules/normalisation/date.yml says: the words of dates and times, and which years are plausible."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.i18n import _

# How exactly a text says when; from coarse to fine.
Precision: TypeAlias = Literal["year", "quarter", "month", "day", "hour", "minute", "second"]

Order: TypeAlias = Literal["ymd", "dmy", "mdy"]

# A part of the day, by what its hours from 1 to 12 mean.
DayPart: TypeAlias = Literal["early", "morning", "noon", "afternoon", "evening", "am", "pm"]

_OFFSET = r"^[+-]\d{2}:\d{2}$"


class Years(BaseModel):
    """A range of years, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: int = Field(ge=1, le=9999)
    last: int = Field(ge=1, le=9999)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.first > self.last:
            raise ValueError(_("first is behind last; exchange them"))
        return self

    def __contains__(self, year: int) -> bool:
        return self.first <= year <= self.last


class Era(BaseModel):
    """A way of counting years.

    Attributes:
        words: What stands before the year.
        year_zero: Year of ours that lies before its first.
        last: Its last year, where it has ended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[str, ...] = Field(min_length=1)
    year_zero: int
    last: int | None = Field(default=None, ge=1)


class DateConfidence(BaseModel):
    """How sure, 0-1, by what the reading hangs on.

    Attributes:
        written: It can be read in one way only.
        declared: The contract's order of day, month and year decided.
        only_possible: One order of day, month and year gives a date.
        converted: Another calendar, a count of seconds or days, a clock of twelve hours.
        two_digit_year: The century follows `two_digit_years_from`.
        relative: Counted from the record's own time.
        year_inferred: The year nearest to the record's own time.
        doubtful: What a person has to look at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    written: float = Field(default=1.0, ge=0, le=1)
    declared: float = Field(default=0.95, ge=0, le=1)
    only_possible: float = Field(default=0.9, ge=0, le=1)
    converted: float = Field(default=0.95, ge=0, le=1)
    two_digit_year: float = Field(default=0.9, ge=0, le=1)
    relative: float = Field(default=0.9, ge=0, le=1)
    year_inferred: float = Field(default=0.8, ge=0, le=1)
    doubtful: float = Field(default=0.5, ge=0, le=1)


class DateRule(NormalisationRule):
    """Contents of `date.yml`. Words are compared without width, script and case.

    Attributes:
        plausible_years: A year outside goes to a person.
        unix_years: Years that a count of seconds since 1970 may mean.
        serial_years: Years that a count of days, as spreadsheets store dates, may mean.
        two_digit_years_from: The first of the hundred years that two digits may mean, such as 1970.
        no_value: Texts that say nothing.
        placeholders: Dates that systems write for "none"; a person decides.
        labels: Words before a date that are no part of it.
        months, weekdays: In Latin letters, by number; Monday is 1.
        week_words: Words before the day of a week: 星期四, 周四.
        day_parts: What the hours beside them mean.
        eras: Other ways of counting years.
        zones: Names of time zones, by offset.
        lunar: Words that show another calendar.
        holidays: Days that are no date by themselves.
        vague: Words that leave a date open.
        ranges: Words between two dates.
        joins: Words between several dates.
        rewritten: Texts put in the place of others before anything is read.
        relative_days, relative_years: Words for days and years, counted from the record's own.
        relative_steps: Words before "week" and "month", counted from the record's own.
        now: Words for the record's own time.
        units: Words behind a number that is counted from the record's own time.
        ago, ahead: Which way it is counted.
    """

    plausible_years: Years
    unix_years: Years
    serial_years: Years
    two_digit_years_from: int = Field(ge=1900, le=2000)
    no_value: tuple[str, ...]
    placeholders: tuple[str, ...]
    labels: tuple[str, ...] = Field(min_length=1)
    months: dict[str, int]
    weekdays: dict[str, int]
    week_words: tuple[str, ...] = Field(min_length=1)
    day_parts: dict[DayPart, tuple[str, ...]]
    eras: tuple[Era, ...]
    zones: dict[str, str]
    lunar: tuple[str, ...] = Field(min_length=1)
    holidays: tuple[str, ...] = Field(min_length=1)
    vague: tuple[str, ...] = Field(min_length=1)
    ranges: tuple[str, ...] = Field(min_length=1)
    joins: tuple[str, ...] = Field(min_length=1)
    rewritten: dict[str, str]
    relative_days: dict[str, int]
    relative_years: dict[str, int]
    relative_steps: dict[str, int]
    now: tuple[str, ...]
    units: dict[Literal["second", "minute", "hour", "day", "week", "month", "year"], tuple[str, ...]]
    ago: tuple[str, ...] = Field(min_length=1)
    ahead: tuple[str, ...] = Field(min_length=1)
    confidence: DateConfidence = DateConfidence()

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        for place, numbers, last in (("months", self.months, 12), ("weekdays", self.weekdays, 7)):
            for word, number in numbers.items():
                if not 1 <= number <= last:
                    raise ValueError(
                        _("{place}: {word} is {number}, not 1-{last}", place=place, word=word, number=number, last=last)
                    )
            if set(numbers.values()) != set(range(1, last + 1)):
                raise ValueError(_("{place}: give a word for each of 1-{last}", place=place, last=last))
        for word, offset in self.zones.items():
            try:
                datetime.fromisoformat(f"2000-01-01T00:00:00{offset}")
            except ValueError:
                raise ValueError(
                    _("zones: {word}: {offset} is no offset; write +08:00", word=word, offset=offset)
                ) from None
        return self


class DateDeclared(Declared):
    """What a contract may say.

    Attributes:
        order: Order of day, month and year where digits alone do not tell it.
        time_zone: Where the clock of the source stands; results are given in it too.
        relative_to: The record's own time, ISO 8601; "yesterday" is counted from it.
        excel_serial: Numbers are days since 1900, as spreadsheets store dates.
        precision: The coarsest answer that is of use; a coarser one goes to a person.
    """

    order: Order | None = None
    time_zone: str = "Asia/Shanghai"
    relative_to: str | None = None
    excel_serial: bool = False
    precision: Literal["year", "quarter", "month", "day"] = "day"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(_("{name} is no time zone; write a name such as Asia/Shanghai", name=name)) from None
        return name

    @field_validator("relative_to", mode="before")
    @classmethod
    def _moment(cls, moment: object) -> object:
        if moment is None:
            return None
        # YAML reads an unquoted date as a date.
        text = moment.isoformat() if hasattr(moment, "isoformat") else moment
        try:
            datetime.fromisoformat(str(text))
        except ValueError:
            raise ValueError(_("{text} is no ISO 8601 time; write 2026-03-05T14:30:00", text=text)) from None
        return str(text)
