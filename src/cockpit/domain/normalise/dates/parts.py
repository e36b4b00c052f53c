"""The pieces of a date: days and times that exist, Chinese numerals in dates, counts of days and seconds."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from cockpit.domain.normalise.dates.rule import Precision

_DIGITS = {
    character: value
    for value, characters in enumerate(
        ("〇零○", "一壹弌", "二贰两弍", "三叁弎", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
    )
    for character in characters
}
_TENS = {"十": 10, "拾": 10, "廿": 20, "卅": 30}
_NUMERAL = "[" + "".join((*_DIGITS, *_TENS, "百佰")) + "]+"
_COUNTED = re.compile(
    rf"(?P<numeral>{_NUMERAL})(?=\s*(?:年|月|日|号|点|时|分|秒|刻|季|天|周|个|小时|星期|礼拜))|(?<=[月年])(?P<last>{_NUMERAL})$"
)

# 二O二六 is typed with a letter or a figure for 〇.
_TYPED_ZERO = re.compile("(?<=[一二三四五六七八九〇零○])[oO0](?=[一二三四五六七八九〇零○oO0年])")
# As some databases write a day: 05-3月 -2026, 05-3月-26. In letters it is no span of months.
_DAY_MONTH_YEAR = re.compile(r"(?<![\d-])(\d{1,2})-(0?[1-9]|1[0-2])月 ?-(?=(?:\d\d|\d{4})(?!\d))")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

SECONDS_PER_DAY = 86_400
# A spreadsheet's day 60 is 29 February 1900, which never was; days behind it are one ahead.
_SERIAL_START, _MISSING_DAY = date(1899, 12, 31), 60
LAST_SERIAL = 2_958_465


class NoSuchTimeError(ValueError):
    """Numbers that are no day or no time of day; the argument is the reason."""


class DoubtfulTimeError(NoSuchTimeError):
    """A time that two people may understand differently; the argument is the reason."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; hour 24 is the end of the day. `offset` is None where the text names no zone."""

    hour: int
    minute: int = 0
    second: int = 0
    precision: Precision = "minute"
    zone: tzinfo | None = None

    def checked(self) -> Clock:
        """Itself.

        Raises:
            NoSuchTimeError: 25:00, 24:01, 12:60.
        """
        is_end = self.hour == 24 and not self.minute and not self.second
        if not is_end and not (0 <= self.hour < 24 and 0 <= self.minute < 60 and 0 <= self.second < 60):
            raise NoSuchTimeError("no_such_time")
        return self

    def in_zone(self, zone: tzinfo | None) -> Clock:
        """The same time of day in a named zone."""
        return replace(self, zone=zone)


def day(year: int, month: int, number: int) -> date:
    """A date.

    Raises:
        NoSuchTimeError: it does not exist.
    """
    if not 1 <= year <= 9999:
        raise NoSuchTimeError("no_such_year")
    if not 1 <= month <= 12:
        raise NoSuchTimeError("no_such_month")
    if not 1 <= number <= monthrange(year, month)[1]:
        raise NoSuchTimeError("no_such_day")
    return date(year, month, number)


def is_day(year: int, month: int, number: int) -> bool:
    """Whether a date exists."""
    return 1 <= year <= 9999 and 1 <= month <= 12 and 1 <= number <= monthrange(year, month)[1]


def moment(on: date, clock: Clock, local: tzinfo) -> datetime:
    """A date and a time of day, as the clock of `local` shows it.

    Raises:
        NoSuchTimeError: it lies outside the years 1-9999.
    """
    try:
        start = datetime(on.year, on.month, on.day, tzinfo=clock.zone or local)
        found = start + timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
        return found.astimezone(local)
    except OverflowError:
        raise NoSuchTimeError("no_such_year") from None


def plus_months(start: date, months: int) -> date:
    """The same day of another month, its last where it is shorter.

    Raises:
        NoSuchTimeError: it lies outside the years 1-9999.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise NoSuchTimeError("no_such_year")
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def from_serial(serial: Decimal) -> tuple[date, Clock | None]:
    """Date and time of a spreadsheet's number (date system 1900), rounded to seconds; no time for a whole number.

    Raises:
        NoSuchTimeError: below 1, beyond 9999-12-31, or the day that never was.
    """
    if not 1 <= serial <= LAST_SERIAL:
        raise NoSuchTimeError("no_such_day")
    days = int(serial)
    seconds = int(((serial - days) * SECONDS_PER_DAY).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if days == _MISSING_DAY:
        raise NoSuchTimeError("no_such_day")
    on = _SERIAL_START + timedelta(days=days - (days > _MISSING_DAY))
    if serial == days:
        return on, None
    hours, rest = divmod(seconds, 3600)
    return on, Clock(hours, *divmod(rest, 60), precision="second")


def from_unix(seconds: int) -> datetime | None:
    """The time so many seconds after 1970 began in UTC; None outside the years 1-9999."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def with_digits(text: str) -> str:
    """Numerals before 年, 月, 日 and the like, and behind 月 at the end, as digits: 二〇二六年三月 -> 2026年3月."""
    if not text.isascii():
        text = _TYPED_ZERO.sub("〇", text)
        text = _DAY_MONTH_YEAR.sub(lambda found: f"{found[1]}-{_MONTHS[int(found[2]) - 1]}-", text)
    return _COUNTED.sub(lambda found: _arabic(found["numeral"] or found["last"]), text)


def _arabic(numeral: str) -> str:
    if not any(character in _TENS or character in "百佰" for character in numeral):
        return "".join(str(_DIGITS[character]) for character in numeral)
    total, pending = 0, None
    for character in numeral:
        if character in _DIGITS:
            pending = _DIGITS[character]
        elif character in "百佰":
            total, pending = total + (1 if pending is None else pending) * 100, None
        else:
            tens = _TENS[character]
            total, pending = total + (tens if pending is None or tens > 10 else pending * 10), None
    return str(total + (pending or 0))
