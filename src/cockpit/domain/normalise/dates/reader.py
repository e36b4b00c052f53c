"""Read the day that a text says, once its time of day is taken away: in digits, in words, counted from another day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cockpit.domain.normalise.dates.clock import chinese_weekday, level, one_of
from cockpit.domain.normalise.dates.parts import Clock, NoSuchTimeError, day, is_day, plus_months
from cockpit.domain.normalise.dates.rule import DateDeclared, DateRule, Order, Precision
from cockpit.domain.normalise.standard import Standard

NUMBER = re.compile(r"(\d+)(?:\.(\d+))?")

_ORDERS: Sequence[Order] = ("ymd", "dmy", "mdy")
_WEEK_DATE = re.compile(r"(\d{4})-?w(\d{2})(?:-?([1-7]))?")
_SEP = r"\s*[-/._\\\s。·、]\s*"
_YEAR_FIRST = re.compile(rf"(\d{{4}})(?:{_SEP}|\s*年\s*)(\d{{1,2}})(?:{_SEP}|\s*月\s*)(\d{{1,2}})\s*[日号]?")
_SHORT_YEAR = re.compile(r"['’]?(\d{2})年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
_THREE = re.compile(rf"(\d{{1,4}}){_SEP}(\d{{1,2}}){_SEP}(\d{{1,4}})")
_MONTH = re.compile(rf"(\d{{4}})(?:{_SEP}|\s*年\s*)(\d{{1,2}})\s*(?:月份?)?")
_MONTH_FIRST = re.compile(rf"(\d{{1,2}}){_SEP}(\d{{4}})")
_QUARTER = re.compile(r"(\d{4})\s*年?\s*[-/]?\s*(?:q\s*([1-4])|第?\s*([1-4])\s*季度?)|q\s*([1-4])\s*[-/]?\s*(\d{4})")
_YEAR = re.compile(r"(\d{4})\s*(?:年度?)?")
_MONTH_DAY = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
_TWO = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})")
_DAY_ONLY = re.compile(r"(\d{1,2})\s*[日号]")


@dataclass(frozen=True, slots=True)
class Day:
    """A day, a month or another part of a year that was read, and how sure; `clock` where it was counted exactly."""

    on: date
    precision: Precision = "day"
    confidence: float = 1.0
    reason: str = ""
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """A text that was understood but does not say which day."""

    standard: Standard


class DayReader:
    """The words of a rule for days, and what is declared about a column.

    Attributes:
        local: The time zone of the source.
        own_time: The record's own time; None when it is not declared.
    """

    def __init__(self, rule: DateRule, declared: DateDeclared) -> None:
        self.rule = rule
        self.declared = declared
        self.local = ZoneInfo(declared.time_zone)
        self.own_time = self._record_time()
        self._months = {level(word): number for word, number in rule.months.items()}
        self._eras = {level(word): era for era in rule.eras for word in era.words}
        self._days = {level(word): count for word, count in rule.relative_days.items()}
        self._years = {level(word): count for word, count in rule.relative_years.items()}
        self._steps = {level(word): count for word, count in rule.relative_steps.items()}
        self._now = {level(word) for word in rule.now}
        self._units = {level(word): unit for unit, words in rule.units.items() for word in words}
        month = one_of(self._months)
        ordinal = r"(?:st|nd|rd|th)?"
        between = r"[\s,.\-/]*(?:of\s+)?"
        self._named = re.compile(
            rf"(?:(?:the\s+)?(?P<day>\d{{1,2}}){ordinal}{between}(?P<month>{month})[.,]?{between}(?P<year>\d{{4}}|['’]?\d{{2}})?"
            rf"|(?P<month2>{month})\.?{between}(?P<day2>\d{{1,2}}){ordinal}(?!\d)[.,]?{between}(?P<year2>\d{{4}})?"
            rf"|(?P<year3>\d{{4}}){between}(?P<month3>{month})\.?{between}(?P<day3>\d{{1,2}}){ordinal}"
            rf"|(?P<month4>{month})[.,]?{between}(?P<year4>\d{{4}})|(?P<year5>\d{{4}}){between}(?P<month5>{month}))"
        )
        self._era = re.compile(
            rf"(?P<era>{one_of(self._eras)})\s*(?P<year>元|\d{{1,4}})\s*(?:年|[-/.])\s*(?P<rest>\d.*)?$"
        )
        steps, weeks = one_of(self._steps), one_of(rule.week_words)
        self._week_step = re.compile(rf"({steps})个?(?:{weeks})([一二三四五六日天1-7])")
        self._month_step = re.compile(rf"({steps})个?月(?:份)?(?:\s*(\d{{1,2}})\s*[日号])?")
        self._year_step = re.compile(
            rf"({one_of(self._years)})\s*(?:(\d{{1,2}})\s*月\s*(?:份|(\d{{1,2}})\s*[日号]?)?)?"
        )
        unit, ago, ahead = one_of(self._units), one_of(rule.ago), one_of(rule.ahead)
        self._count = re.compile(
            rf"(?:(?P<ahead2>in)\s+)?(?P<count>\d{{1,4}}|半|an?)\s*个?\s*(?P<unit>{unit})\s*(?:(?P<ago>{ago})|(?P<ahead>{ahead}))?"
        )

    def _record_time(self) -> datetime | None:
        text = self.declared.relative_to
        if text is None:
            return None
        found = datetime.fromisoformat(text)
        return found.astimezone(self.local) if found.tzinfo else found.replace(tzinfo=self.local)

    def read(self, text: str) -> Day | Unclear | None:
        """The date that a text says; None when it says none.

        Raises:
            NoSuchTimeError: a date that does not exist.
        """
        sure = self.rule.confidence
        if found := _YEAR_FIRST.fullmatch(text):
            return Day(day(int(found[1]), int(found[2]), int(found[3])))
        if found := _SHORT_YEAR.fullmatch(text):
            on = day(self._full_year(int(found[1])), int(found[2]), int(found[3]))
            return Day(on, "day", sure.two_digit_year, "two_digit_year")
        if found := NUMBER.fullmatch(text):
            return self.compact(found[1]) if not found[2] else None
        for read in (
            self._three,
            self._era_day,
            self._named_day,
            self._part_of_year,
            self._without_year,
            self._relative,
        ):
            if (answer := read(text)) is not None:
                return answer
        return None

    def _three(self, text: str) -> Day | Unclear | None:
        """Three numbers of which no word tells the meaning."""
        found = _THREE.fullmatch(text)
        if found is None:
            return None
        first, second, third = found.groups()
        if len(first) == 3:
            on = day(int(first) + 1911, int(second), int(third)) if len(third) < 3 else None
            value = on.isoformat() if on else None
            return Unclear(Standard.review("year_of_another_calendar", value, self.rule.confidence.doubtful))
        if len(first) == 4 or len(third) == 3:
            return None
        orders: Sequence[Order] = ("dmy", "mdy") if len(third) == 4 else _ORDERS
        return self._by_order([first, second, third], orders)

    def _by_order(self, numbers: Sequence[str], orders: Sequence[Order]) -> Day | Unclear:
        sure = self.rule.confidence
        possible: dict[Order, date] = {}
        for order in orders:
            year, month, number = (int(numbers[order.index(part)]) for part in "ymd")
            full = self._full_year(year) if len(numbers[order.index("y")]) < 4 else year
            if is_day(full, month, number):
                possible[order] = date(full, month, number)
        if not possible:
            raise NoSuchTimeError("no_such_day")
        declared = self.declared.order
        is_short = max(map(len, numbers)) < 4
        if declared in possible:
            return Day(
                possible[declared],
                "day",
                min(sure.declared, sure.two_digit_year if is_short else 1.0),
                "declared_order",
            )
        candidates = sorted({on.isoformat() for on in possible.values()})
        if declared in orders:
            return Unclear(Standard.review("contradicts_declared_order", candidates=candidates))
        if len(candidates) > 1:
            return Unclear(Standard.review("ambiguous", candidates=candidates))
        if len(possible) > 1:
            return Day(next(iter(possible.values())))
        return Day(next(iter(possible.values())), "day", sure.only_possible, "only_possible_order")

    def _full_year(self, year: int) -> int:
        start = self.rule.two_digit_years_from
        return start + (year - start) % 100

    def _era_day(self, text: str) -> Day | Unclear | None:
        found = self._era.fullmatch(text)
        if found is None:
            return None
        era = self._eras[found["era"]]
        year = 1 if found["year"] == "元" else int(found["year"])
        if year < 1 or (era.last is not None and year > era.last):
            raise NoSuchTimeError("no_such_year")
        read = self.read(f"{year + era.year_zero:04}年{found['rest'] or ''}")
        if isinstance(read, Day) and era.year_zero:
            return Day(read.on, read.precision, self.rule.confidence.converted, "calendar_converted")
        return read

    def _named_day(self, text: str) -> Day | Unclear | None:
        """A date with the name of its month."""
        found = self._named.fullmatch(text)
        if found is None:
            return None
        month = self._months[
            next(found[name] for name in ("month", "month2", "month3", "month4", "month5") if found[name])
        ]
        number = next((found[name] for name in ("day", "day2", "day3") if found[name]), None)
        year = next((found[name] for name in ("year", "year2", "year3", "year4", "year5") if found[name]), None)
        if year is None:
            return self._in_nearest_year(month, int(number or 1))
        digits = year.strip("'’")
        if number is None:
            return Day(day(int(digits), month, 1), "month")
        if len(digits) == 4:
            return Day(day(int(digits), month, int(number)))
        on = day(self._full_year(int(digits)), month, int(number))
        return Day(on, "day", self.rule.confidence.two_digit_year, "two_digit_year")

    def _part_of_year(self, text: str) -> Day | Unclear | None:
        if found := _QUARTER.fullmatch(text):
            year, quarter = int(found[1] or found[5]), int(found[2] or found[3] or found[4])
            return Day(day(year, quarter * 3 - 2, 1), "quarter")
        if found := _WEEK_DATE.fullmatch(text):
            try:
                on = date.fromisocalendar(int(found[1]), int(found[2]), int(found[3] or 1))
            except ValueError:
                raise NoSuchTimeError("no_such_day") from None
            if found[3]:
                return Day(on)
            return Unclear(Standard.review("incomplete", precision="week", first=on.isoformat()))
        if found := _MONTH.fullmatch(text):
            return Day(day(int(found[1]), int(found[2]), 1), "month")
        if found := _MONTH_FIRST.fullmatch(text):
            return Day(day(int(found[2]), int(found[1]), 1), "month")
        if found := _YEAR.fullmatch(text):
            return Day(day(int(found[1]), 1, 1), "year")
        return None

    def _without_year(self, text: str) -> Day | Unclear | None:
        if found := _MONTH_DAY.fullmatch(text):
            return self._in_nearest_year(int(found[1]), int(found[2]))
        if found := _TWO.fullmatch(text):
            order = self.declared.order
            first, second = int(found[1]), int(found[2])
            if order is None or self.own_time is None:
                possible = is_day(2000, first, second) or is_day(2000, second, first)
                return Unclear(Standard.review("year_missing")) if possible else None
            return self._in_nearest_year(*((second, first) if order == "dmy" else (first, second)))
        if found := _DAY_ONLY.fullmatch(text):
            return Unclear(Standard.review("month_missing")) if 1 <= int(found[1]) <= 31 else None
        return None

    def _in_nearest_year(self, month: int, number: int) -> Day | Unclear:
        """A day without its year: the one nearest to the record's own time."""
        day(2000, month, number)
        if self.own_time is None:
            return Unclear(Standard.review("year_missing", month=month, day=number))
        own = self.own_time.date()
        years = [year for year in (own.year - 1, own.year, own.year + 1) if is_day(year, month, number)]
        if not years:
            return Unclear(Standard.review("year_missing", month=month, day=number))
        nearest = min((date(year, month, number) for year in years), key=lambda on: abs((on - own).days))
        return Day(nearest, "day", self.rule.confidence.year_inferred, "year_inferred")

    def _relative(self, text: str) -> Day | Unclear | None:
        """A day counted from the record's own time."""
        read = self._relative_read(text)
        if read is None or self.own_time is not None:
            return read
        return Unclear(Standard.review("relative"))

    def _relative_read(self, text: str) -> Day | None:
        own = self.own_time or datetime(2000, 1, 15, tzinfo=self.local)
        today, sure = own.date(), self.rule.confidence.relative
        if text in self._days:
            return Day(today + timedelta(days=self._days[text]), "day", sure, "relative")
        if text in self._now:
            return self._at(own)
        if found := self._week_step.fullmatch(text):
            weekday = chinese_weekday(found[2])
            monday = today - timedelta(days=today.weekday()) + timedelta(weeks=self._steps[found[1]])
            return Day(monday + timedelta(days=weekday - 1), "day", sure, "relative")
        if found := self._month_step.fullmatch(text):
            month = plus_months(today.replace(day=1), self._steps[found[1]])
            if found[2]:
                return Day(day(month.year, month.month, int(found[2])), "day", sure, "relative")
            return Day(month, "month", sure, "relative")
        if found := self._year_step.fullmatch(text):
            year = today.year + self._years[found[1]]
            precision: Precision = "day" if found[3] else "month" if found[2] else "year"
            return Day(day(year, int(found[2] or 1), int(found[3] or 1)), precision, sure, "relative")
        return self._counted(text, own)

    def _counted(self, text: str, own: datetime) -> Day | None:
        found = self._count.fullmatch(text)
        if found is None or not (found["ago"] or found["ahead"] or found["ahead2"]):
            return None
        unit = self._units[found["unit"]]
        sign = -1 if found["ago"] else 1
        if found["count"] == "半":
            halves = {"hour": ("minute", 30), "day": ("hour", 12), "month": ("day", 15), "year": ("month", 6)}
            if unit not in halves or unit in ("day", "month"):
                return None
            smaller, count = halves[unit]
            return self._moved(own, smaller, sign * count)
        return self._moved(own, unit, sign * (1 if found["count"] in ("a", "an") else int(found["count"])))

    def _moved(self, own: datetime, unit: str, count: int) -> Day:
        sure = self.rule.confidence.relative
        if unit in ("month", "year"):
            return Day(plus_months(own.date(), count * (12 if unit == "year" else 1)), "day", sure, "relative")
        seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}[unit] * count
        try:
            found = own + timedelta(seconds=seconds)
        except OverflowError:
            raise NoSuchTimeError("no_such_year") from None
        return self._at(found) if unit in ("second", "minute", "hour") else Day(found.date(), "day", sure, "relative")

    def _at(self, when: datetime) -> Day:
        clock = Clock(when.hour, when.minute, when.second, "second")
        return Day(when.date(), "day", self.rule.confidence.relative, "relative", clock)

    def compact(self, digits: str) -> Day | Unclear | None:
        """Digits without separators: 20260305, 202603, 260305, 20260305143000."""
        years = self.rule.plausible_years
        length = len(digits)
        if length == 4:
            return Day(date(int(digits), 1, 1), "year") if int(digits) in years else None
        if length == 6:
            return self._six(digits)
        if length == 7 and is_day(int(digits[:3]) + 1911, int(digits[3:5]), int(digits[5:])) and digits[0] in "01":
            on = date(int(digits[:3]) + 1911, int(digits[3:5]), int(digits[5:]))
            doubtful = self.rule.confidence.doubtful
            return Unclear(Standard.review("year_of_another_calendar", on.isoformat(), doubtful))
        if length not in (8, 10, 12, 14, 17):
            return None
        if int(digits[:4]) not in years:
            return (
                self._by_order([digits[:2], digits[2:4], digits[4:]], ("dmy", "mdy"))
                if self._ends_in_year(digits)
                else None
            )
        on = day(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        if length == 8:
            return Day(on)
        parts = [int(digits[at : at + 2]) for at in range(8, min(length, 14), 2)]
        precisions: Sequence[Precision] = ("hour", "minute", "second")
        hour, minute, second = (*parts, 0, 0)[:3]
        clock = Clock(hour, minute, second, precisions[len(parts) - 1])
        return Day(on, clock=clock.checked())

    def _ends_in_year(self, digits: str) -> bool:
        return len(digits) == 8 and int(digits[4:]) in self.rule.plausible_years

    def _six(self, digits: str) -> Day | Unclear | None:
        as_month = int(digits[:4]) in self.rule.plausible_years and 1 <= int(digits[4:]) <= 12
        try:
            as_day = self._by_order([digits[:2], digits[2:4], digits[4:]], _ORDERS)
        except NoSuchTimeError:
            return Day(date(int(digits[:4]), int(digits[4:]), 1), "month") if as_month else None
        if not as_month:
            return as_day
        month = f"{digits[:4]}-{digits[4:]}"
        if self.declared.order == "ymd" and isinstance(as_day, Day):
            return Unclear(Standard.review("ambiguous", candidates=[month, as_day.on.isoformat()]))
        return Day(date(int(digits[:4]), int(digits[4:]), 1), "month")
