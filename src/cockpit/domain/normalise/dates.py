"""Read dates and times as ISO 8601, in the time zone of the source.

Digits that can be read in several orders, words that need the record's own time, and days that their weekday
contradicts go to a person. The words are written in include/rules/normalisation/date.yml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from cockpit.domain.normalise.date_parts import (
    LAST_SERIAL,
    Clock,
    NoSuchTimeError,
    day,
    from_serial,
    from_unix,
    is_day,
    moment,
    plus_months,
    with_digits,
)
from cockpit.domain.normalise.date_rule import DateDeclared, DateRule, DayPart, Order, Precision
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified

__all__ = ["DateDeclared", "DateRule", "DateStandardiser"]

_PRECISIONS: Sequence[Precision] = ("year", "quarter", "month", "day", "hour", "minute", "second")
_ORDERS: Sequence[Order] = ("ymd", "dmy", "mdy")

_PLAIN = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ t](\d\d):(\d\d)(?::(\d\d))?)?")
_DAMAGED = re.compile(r"#+|\d(?:\.\d+)?e\+?\d+", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?")
_JSON = re.compile(r"/?date\((-?\d{1,17})(?:[+-]\d{4})?\)/?")
_DASHES = re.compile("[\u2010-\u2015\u2212\uff0d\u30fc]")
_OFFSET = r"(?:utc|gmt)?\s*[+-]\d{1,2}(?::?\d{2})?"
_WEEK_DATE = re.compile(r"(\d{4})-?w(\d{2})(?:-?([1-7]))?")
_SEP = r"\s*[-/._\\\s]\s*"
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
_INSIDE = re.compile(r"(?<!\d)\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}(?!\d)\s*[日号]?")
_HALF = re.compile("[上下]半年")


def _one_of(words: Iterable[str]) -> str:
    return "|".join(sorted((re.escape(_level(word)) for word in words), key=len, reverse=True))


def _level(text: str) -> str:
    """Width, script, case and dashes levelled. Idempotent."""
    return _DASHES.sub("-", to_simplified(fold(text)).casefold())


@dataclass(frozen=True, slots=True)
class _Said:
    """What a text says beside its date: a time of day and a weekday."""

    clock: Clock | None = None
    weekday: int | None = None
    is_converted: bool = False


@dataclass(frozen=True, slots=True)
class _Day:
    """A day, a month or another part of a year that was read, and how sure; `clock` where it was counted exactly."""

    on: date
    precision: Precision = "day"
    confidence: float = 1.0
    reason: str = ""
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class _Unclear:
    """A text that was understood but does not say which day."""

    standard: Standard


class DateStandardiser:
    """The dates of one column."""

    def __init__(self, rule: DateRule, declared: DateDeclared | None = None) -> None:
        self.rule = rule
        self.declared = declared or DateDeclared()
        self._local = ZoneInfo(self.declared.time_zone)
        self._own_time = self._record_time()
        self._no_value = {_level(word) for word in rule.no_value}
        self._placeholders = {_level(word) for word in rule.placeholders}
        self._months = {_level(word): number for word, number in rule.months.items()}
        self._weekdays = {_level(word): number for word, number in rule.weekdays.items()}
        self._day_parts: dict[str, DayPart] = {
            _level(word): part for part, words in rule.day_parts.items() for word in words
        }
        self._zones: dict[str, tzinfo] = {_level(word): _fixed(offset) for word, offset in rule.zones.items()}
        self._eras = {_level(word): era for era in rule.eras for word in era.words}
        self._days = {_level(word): count for word, count in rule.relative_days.items()}
        self._years = {_level(word): count for word, count in rule.relative_years.items()}
        self._steps = {_level(word): count for word, count in rule.relative_steps.items()}
        self._now = {_level(word) for word in rule.now}
        self._rewritten = {_level(text): _level(other) for text, other in rule.rewritten.items()}
        self._units = {_level(word): unit for unit, words in rule.units.items() for word in words}
        self._compile()

    def _record_time(self) -> datetime | None:
        text = self.declared.relative_to
        if text is None:
            return None
        found = datetime.fromisoformat(text)
        return found.astimezone(self._local) if found.tzinfo else found.replace(tzinfo=self._local)

    def _compile(self) -> None:
        rule = self.rule
        parts = _one_of(self._day_parts)
        zones = rf"{_OFFSET}|{_one_of(self._zones)}"
        self._label = re.compile(rf"(?:(?:{_one_of(rule.labels)})\s*[:：]?\s*)+")
        self._clock = re.compile(
            rf"(?P<before>{parts})?\s*(?<!\d)(?:(?P<hour>\d{{1,2}})(?::(?P<minute>\d{{1,2}})"
            r"(?::(?P<second>\d{1,2})(?:[.,]\d+)?)?"
            r"|\s*[点时]\s*(?:(?P<cn_minute>\d{1,2})\s*分?(?!\d)|(?P<half>半)|(?P<quarter>[13])\s*刻|整|钟)?"
            r"\s*(?:(?P<cn_second>\d{1,2})\s*秒)?)"
            rf"(?:\s*(?P<after>{_one_of(_short_parts(self._day_parts))})(?![a-z]))?"
            rf"|(?P<bare>\d{{1,2}})\s*(?P<bare_after>{_one_of(_short_parts(self._day_parts))})(?![a-z]))"
            rf"\s*(?P<zone>(?:{zones})(?![a-z]))?\s*(?:\((?P<named>[^()]*)\)|\[[^\[\]]*\])?"
        )
        self._zone = re.compile(rf"(?<![a-z])(?:{_one_of(self._zones)})(?![a-z])")
        names = _one_of(self._weekdays)
        self._weekday = re.compile(
            rf"\(?(?<!上)(?<!下)(?<!本)(?<!这)(?<!个)(?:{_one_of(rule.week_words)})(?P<number>[一二三四五六日天1-7])(?!\d)\)?"
            rf"|(?<![a-z])(?P<name>{names})(?![a-z])[.,]?|\((?P<short>[一二三四五六日])\)"
        )
        month = _one_of(self._months)
        ordinal = r"(?:st|nd|rd|th)?"
        between = r"[\s,.\-/]*(?:of\s+)?"
        self._named = re.compile(
            rf"(?:(?:the\s+)?(?P<day>\d{{1,2}}){ordinal}{between}(?P<month>{month})[.,]?{between}(?P<year>\d{{4}}|['’]?\d{{2}})?"
            rf"|(?P<month2>{month})\.?{between}(?P<day2>\d{{1,2}}){ordinal}(?!\d)[.,]?{between}(?P<year2>\d{{4}})?"
            rf"|(?P<year3>\d{{4}}){between}(?P<month3>{month})\.?{between}(?P<day3>\d{{1,2}}){ordinal}"
            rf"|(?P<month4>{month})[.,]?{between}(?P<year4>\d{{4}})|(?P<year5>\d{{4}}){between}(?P<month5>{month}))"
        )
        self._era = re.compile(
            rf"(?P<era>{_one_of(self._eras)})\s*(?P<year>元|\d{{1,4}})\s*(?:年|[-/.])\s*(?P<rest>\d.*)?$"
        )
        self._lunar = re.compile(_one_of(rule.lunar))
        self._holiday = re.compile(_one_of(rule.holidays))
        self._vague = re.compile(rf"{_one_of(rule.vague)}")
        self._range = re.compile(rf"(?<=\S)\s*(?:{_one_of(rule.ranges)})\s*(?=\S)|\s-\s|(?<=[日号])-")
        self._several = re.compile(rf"\s*(?:{_one_of(rule.joins)})\s*")
        steps, weeks = _one_of(self._steps), _one_of(rule.week_words)
        self._week_step = re.compile(rf"({steps})个?(?:{weeks})([一二三四五六日天1-7])")
        self._english_week = re.compile(rf"({steps})\s+({names})")
        self._month_step = re.compile(rf"({steps})个?月(?:份)?(?:\s*(\d{{1,2}})\s*[日号])?")
        self._year_step = re.compile(rf"({_one_of(self._years)})\s*(?:(\d{{1,2}})\s*月\s*(?:份|(\d{{1,2}})\s*[日号]?)?)?")
        unit, ago, ahead = _one_of(self._units), _one_of(rule.ago), _one_of(rule.ahead)
        self._count = re.compile(
            rf"(?:(?P<ahead2>in)\s+)?(?P<count>\d{{1,4}}|半|an?)\s*个?\s*(?P<unit>{unit})\s*(?:(?P<ago>{ago})|(?P<ahead>{ahead}))?"
        )

    def standardise(self, text: str) -> Standard:
        """The date of one text."""
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        return self._understand(_level(text))

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """The dates of many texts; each different one is read once."""
        known = {text: self.standardise(text) for text in dict.fromkeys(texts)}
        return [known[text] for text in texts]

    def _understand(self, text: str) -> Standard:
        text = text.strip(" \t\"'`“”‘’,，;；。.")
        if not text:
            return Standard.absent()
        if text in self._no_value:
            return Standard.absent("no_value")
        try:
            if (found := _PLAIN.fullmatch(text)) and text not in self._placeholders:
                return self._plain(found)
            return self._read(text)
        except NoSuchTimeError as error:
            return Standard.invalid(str(error))

    def _plain(self, found: re.Match[str]) -> Standard:
        """The usual form, without looking at anything else."""
        year, month, number, hour, minute, second = found.groups()
        clock = None
        if hour is not None:
            clock = Clock(int(hour), int(minute), int(second or 0), "second" if second else "minute")
        return self._finish(_Day(day(int(year), int(month), int(number))), _Said(clock))

    def _read(self, text: str) -> Standard:
        if _DAMAGED.fullmatch(text):
            return Standard.invalid("damaged_by_spreadsheet")
        if found := _NUMBER.fullmatch(text):
            return self._number(found[1], found[2])
        if found := _JSON.fullmatch(text):
            return self._since_1970(int(found[1]) // 1000)
        label = self._label.match(text)
        text = self._rewrite(text[label.end() :] if label else text)
        if not text:
            return Standard.invalid("no_date")
        if self._lunar.search(text):
            return Standard.review("lunar")
        text = with_digits(text)
        said, rest = self._split(text)
        read = self._day(rest)
        if read is not None:
            standard = read.standard if isinstance(read, _Unclear) else self._finish(read, said)
            is_placeholder = standard.outcome == "ok" and not said.clock and self._is_placeholder(text, standard)
            if not is_placeholder:
                return standard
            return Standard.review("placeholder", standard.value, self.rule.confidence.doubtful, **standard.details)
        if not rest.strip(" ,，()") and said.clock is not None:
            return self._time_only(said)
        return self._unread(text, rest, said)

    def _is_placeholder(self, text: str, standard: Standard) -> bool:
        return text in self._placeholders or str(standard.value) in self._placeholders

    def _rewrite(self, text: str) -> str:
        for written, other in self._rewritten.items():
            text = text.replace(written, other)
        return text.strip()

    def _time_only(self, said: _Said) -> Standard:
        assert said.clock is not None
        clock = said.clock.checked()
        written = f"{clock.hour % 24:02}:{clock.minute:02}" + (f":{clock.second:02}" if clock.second else "")
        if self._own_time is None or said.weekday is not None:
            return Standard.review("date_missing", time=written)
        return self._finish(_Day(self._own_time.date(), "day", self.rule.confidence.relative, "relative"), said)

    def _unread(self, text: str, rest: str, said: _Said) -> Standard:
        """Why nothing was found, with what comes nearest."""
        if self._holiday.search(text):
            return Standard.review("holiday")
        if parts := self._both_sides(text):
            return Standard.review("range", **{"from": parts[0], "to": parts[1]})
        if several := self._all_dates(text):
            return Standard.review("several", candidates=several)
        doubtful = self.rule.confidence.doubtful
        if self._vague.search(text) or _HALF.search(text):
            found = _INSIDE.search(rest)
            read = self._day(found[0].strip()) if found else None
            value = self._finish(read, _Said()).value if isinstance(read, _Day) else None
            return Standard.review("vague", value, doubtful if value else 0.0)
        found = _INSIDE.search(rest)
        if found is not None and isinstance(read := self._day(found[0].strip()), _Day):
            others = [each for each in _INSIDE.finditer(rest) if each.start() != found.start()]
            standard = self._finish(read, said)
            if others:
                return Standard.review("several", candidates=[standard.value])
            return Standard.review("surrounded_by_text", standard.value, doubtful, **standard.details)
        if said.weekday is not None and not rest.strip(" ,，()"):
            return Standard.review("relative")
        return Standard.invalid("no_date")

    def _both_sides(self, text: str) -> tuple[Json, Json] | None:
        """Begin and end of a range; the end may leave out what it shares with the begin."""
        cuts = [(found.start(), found.end()) for found in self._range.finditer(text)]
        if not cuts:
            cuts = [(found.start(), found.end()) for found in re.finditer("[-~]", text)]
        for begin, end in cuts:
            left, right = text[:begin].strip(), text[end:].strip()
            first = self._value_of(left)
            if first is None:
                continue
            last = self._value_of(right)
            if last is None and isinstance(first, str) and re.fullmatch(r"[\d./月日号 -]+", right):
                numbers = re.findall(r"\d+", right)
                shared = re.findall(r"\d+", first[:10])
                if 0 < len(numbers) < 3:
                    last = self._value_of("-".join([*shared[: 3 - len(numbers)], *numbers]))
            if last is not None:
                return first, last
        return None

    def _all_dates(self, text: str) -> list[Json]:
        parts = [part for part in self._several.split(text) if part]
        values = [self._value_of(part) for part in parts] if 1 < len(parts) < 6 else []
        return values if values and all(value is not None for value in values) else []

    def _value_of(self, text: str) -> Json:
        """The date of a part of a text; None when it is none."""
        try:
            said, rest = self._split(with_digits(text))
            read = self._day(rest)
            return self._finish(read, said).value if isinstance(read, _Day) else None
        except NoSuchTimeError:
            return None

    # Time of day, zone and weekday

    def _split(self, text: str) -> tuple[_Said, str]:
        """Time of day and weekday, and what remains: the date.

        Raises:
            NoSuchTimeError: 25:00.
        """
        weekday = None
        if found := self._weekday.search(text):
            weekday = self._weekday_number(found)
            text = f"{text[: found.start()]} {text[found.end() :]}"
        clock, is_converted = None, False
        # The T of ISO 8601 stands between two digits.
        text = re.sub(r"(?<=\d)t(?=\d{2}:?\d{2})", " ", text)
        found = self._clock.search(text)
        if found is None and (compact := re.search(r"(?<=\d) (\d{2})(\d{2})(\d{2})?(z|[+-]\d{2}:?\d{2})?$", text)):
            clock = Clock(int(compact[1]), int(compact[2]), int(compact[3] or 0), "second" if compact[3] else "minute")
            clock = clock.checked().in_zone(self._zone_of(compact[4]))
            return _Said(clock, weekday), text[: compact.start()].strip()
        if found is not None:
            clock, is_converted = self._clock_of(found)
            text = f"{text[: found.start()]} {text[found.end() :]}"
            if clock.zone is None and (zone := self._zone.search(text)):
                clock = clock.in_zone(self._zones[zone[0]])
                text = f"{text[: zone.start()]} {text[zone.end() :]}"
        return _Said(clock, weekday, is_converted), re.sub(r"\s+", " ", text).strip(" ,，()[]t")

    def _weekday_number(self, found: re.Match[str]) -> int:
        if found["name"]:
            return self._weekdays[found["name"]]
        return _chinese_weekday(found["number"] or found["short"])

    def _clock_of(self, found: re.Match[str]) -> tuple[Clock, bool]:
        minute, second = found["minute"] or found["cn_minute"], found["second"] or found["cn_second"]
        precision: Precision = "second" if second else "minute" if minute or found["half"] or found["quarter"] else "hour"
        minutes = int(minute or 0) or (30 if found["half"] else 15 * int(found["quarter"] or 0))
        hour = int(found["hour"] or found["bare"])
        words = [found[name] for name in ("before", "after", "bare_after") if found[name]]
        parts = {self._day_parts[word] for word in words}
        clock = Clock(hour, minutes, int(second or 0), precision)
        for part in parts:
            clock = Clock(_hour_in(part, clock.hour), minutes, clock.second, precision)
        zone = self._zone_of(found["zone"])
        if zone is None and found["named"]:
            zone = self._zones.get(found["named"].strip())
        return clock.checked().in_zone(zone), bool(parts)

    def _zone_of(self, written: str | None) -> tzinfo | None:
        if not written:
            return None
        if known := self._zones.get(written.strip()):
            return known
        found = re.search(r"([+-])(\d{1,2}):?(\d{2})?", written)
        if found is None:
            return None
        hours, minutes = int(found[2]), int(found[3] or 0)
        if hours > 14 or minutes > 59:
            raise NoSuchTimeError("no_such_time_zone")
        return timezone((1 if found[1] == "+" else -1) * timedelta(hours=hours, minutes=minutes))

    # The date

    def _day(self, text: str) -> _Day | _Unclear | None:
        """The date that a text says; None when it says none.

        Raises:
            NoSuchTimeError: a date that does not exist.
        """
        sure = self.rule.confidence
        if found := _YEAR_FIRST.fullmatch(text):
            return _Day(day(int(found[1]), int(found[2]), int(found[3])))
        if found := _SHORT_YEAR.fullmatch(text):
            on = day(self._full_year(int(found[1])), int(found[2]), int(found[3]))
            return _Day(on, "day", sure.two_digit_year, "two_digit_year")
        if found := _NUMBER.fullmatch(text):
            return self._compact(found[1]) if not found[2] else None
        for read in (self._three, self._era_day, self._named_day, self._part_of_year, self._without_year, self._relative):
            if (answer := read(text)) is not None:
                return answer
        return None

    def _three(self, text: str) -> _Day | _Unclear | None:
        """Three numbers of which no word tells the meaning."""
        found = _THREE.fullmatch(text)
        if found is None:
            return None
        first, second, third = found.groups()
        if len(first) == 3:
            on = day(int(first) + 1911, int(second), int(third)) if len(third) < 3 else None
            value = on.isoformat() if on else None
            return _Unclear(Standard.review("year_of_another_calendar", value, self.rule.confidence.doubtful))
        if len(first) == 4 or len(third) == 3:
            return None
        orders: Sequence[Order] = ("dmy", "mdy") if len(third) == 4 else _ORDERS
        return self._by_order([first, second, third], orders)

    def _by_order(self, numbers: Sequence[str], orders: Sequence[Order]) -> _Day | _Unclear:
        sure = self.rule.confidence
        possible: dict[Order, date] = {}
        for order in orders:
            year, month, number = (int(numbers[order.index(part)]) for part in "ymd")
            full = self._full_year(year) if len(numbers[order.index("y")]) < 4 else year
            if len(numbers[order.index("y")]) != 1 and is_day(full, month, number):
                possible[order] = date(full, month, number)
        if not possible:
            raise NoSuchTimeError("no_such_day")
        declared = self.declared.order
        is_short = max(map(len, numbers)) < 4
        if declared in possible:
            return _Day(possible[declared], "day", min(sure.declared, sure.two_digit_year if is_short else 1.0), "declared_order")
        candidates = sorted({on.isoformat() for on in possible.values()})
        if declared in orders:
            return _Unclear(Standard.review("contradicts_declared_order", candidates=candidates))
        if len(candidates) > 1:
            return _Unclear(Standard.review("ambiguous", candidates=candidates))
        if len(possible) > 1:
            return _Day(next(iter(possible.values())))
        return _Day(next(iter(possible.values())), "day", sure.only_possible, "only_possible_order")

    def _full_year(self, year: int) -> int:
        start = self.rule.two_digit_years_from
        return start + (year - start) % 100

    def _era_day(self, text: str) -> _Day | _Unclear | None:
        found = self._era.fullmatch(text)
        if found is None:
            return None
        era = self._eras[found["era"]]
        year = 1 if found["year"] == "元" else int(found["year"])
        if year < 1 or (era.last is not None and year > era.last):
            raise NoSuchTimeError("no_such_year")
        read = self._day(f"{year + era.year_zero:04}年{found['rest'] or ''}")
        if isinstance(read, _Day) and era.year_zero:
            return _Day(read.on, read.precision, self.rule.confidence.converted, "calendar_converted")
        return read

    def _named_day(self, text: str) -> _Day | _Unclear | None:
        """A date with the name of its month."""
        found = self._named.fullmatch(text)
        if found is None:
            return None
        month = self._months[next(found[name] for name in ("month", "month2", "month3", "month4", "month5") if found[name])]
        number = next((found[name] for name in ("day", "day2", "day3") if found[name]), None)
        year = next((found[name] for name in ("year", "year2", "year3", "year4", "year5") if found[name]), None)
        if year is None:
            return self._in_nearest_year(month, int(number or 1))
        digits = year.strip("'’")
        if number is None:
            return _Day(day(int(digits), month, 1), "month")
        if len(digits) == 4:
            return _Day(day(int(digits), month, int(number)))
        on = day(self._full_year(int(digits)), month, int(number))
        return _Day(on, "day", self.rule.confidence.two_digit_year, "two_digit_year")

    def _part_of_year(self, text: str) -> _Day | _Unclear | None:
        if found := _QUARTER.fullmatch(text):
            year, quarter = int(found[1] or found[5]), int(found[2] or found[3] or found[4])
            return _Day(day(year, quarter * 3 - 2, 1), "quarter")
        if found := _WEEK_DATE.fullmatch(text):
            try:
                on = date.fromisocalendar(int(found[1]), int(found[2]), int(found[3] or 1))
            except ValueError:
                raise NoSuchTimeError("no_such_day") from None
            if found[3]:
                return _Day(on)
            return _Unclear(Standard.review("incomplete", precision="week", first=on.isoformat()))
        if found := _MONTH.fullmatch(text):
            return _Day(day(int(found[1]), int(found[2]), 1), "month")
        if found := _MONTH_FIRST.fullmatch(text):
            return _Day(day(int(found[2]), int(found[1]), 1), "month")
        if found := _YEAR.fullmatch(text):
            return _Day(day(int(found[1]), 1, 1), "year")
        return None

    def _without_year(self, text: str) -> _Day | _Unclear | None:
        if found := _MONTH_DAY.fullmatch(text):
            return self._in_nearest_year(int(found[1]), int(found[2]))
        if found := _TWO.fullmatch(text):
            order = self.declared.order
            first, second = int(found[1]), int(found[2])
            if order is None or self._own_time is None:
                possible = is_day(2000, first, second) or is_day(2000, second, first)
                return _Unclear(Standard.review("year_missing")) if possible else None
            return self._in_nearest_year(*((second, first) if order == "dmy" else (first, second)))
        if found := _DAY_ONLY.fullmatch(text):
            return _Unclear(Standard.review("month_missing")) if 1 <= int(found[1]) <= 31 else None
        return None

    def _in_nearest_year(self, month: int, number: int) -> _Day | _Unclear:
        """A day without its year: the one nearest to the record's own time."""
        day(2000, month, number)
        if self._own_time is None:
            return _Unclear(Standard.review("year_missing", month=month, day=number))
        own = self._own_time.date()
        years = [year for year in (own.year - 1, own.year, own.year + 1) if is_day(year, month, number)]
        if not years:
            return _Unclear(Standard.review("year_missing", month=month, day=number))
        nearest = min((date(year, month, number) for year in years), key=lambda on: abs((on - own).days))
        return _Day(nearest, "day", self.rule.confidence.year_inferred, "year_inferred")

    def _relative(self, text: str) -> _Day | _Unclear | None:
        """A day counted from the record's own time."""
        read = self._relative_read(text)
        if read is None or self._own_time is not None:
            return read
        return _Unclear(Standard.review("relative"))

    def _relative_read(self, text: str) -> _Day | None:
        own = self._own_time or datetime(2000, 1, 15, tzinfo=self._local)
        today, sure = own.date(), self.rule.confidence.relative
        if text in self._days:
            return _Day(today + timedelta(days=self._days[text]), "day", sure, "relative")
        if text in self._now:
            return self._at(own)
        if found := self._week_step.fullmatch(text) or self._english_week.fullmatch(text):
            weekday = self._weekdays.get(found[2]) or _chinese_weekday(found[2])
            monday = today - timedelta(days=today.weekday()) + timedelta(weeks=self._steps[found[1]])
            return _Day(monday + timedelta(days=weekday - 1), "day", sure, "relative")
        if found := self._month_step.fullmatch(text):
            month = plus_months(today.replace(day=1), self._steps[found[1]])
            if found[2]:
                return _Day(day(month.year, month.month, int(found[2])), "day", sure, "relative")
            return _Day(month, "month", sure, "relative")
        if found := self._year_step.fullmatch(text):
            year = today.year + self._years[found[1]]
            precision: Precision = "day" if found[3] else "month" if found[2] else "year"
            return _Day(day(year, int(found[2] or 1), int(found[3] or 1)), precision, sure, "relative")
        return self._counted(text, own)

    def _counted(self, text: str, own: datetime) -> _Day | None:
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

    def _moved(self, own: datetime, unit: str, count: int) -> _Day:
        sure = self.rule.confidence.relative
        if unit in ("month", "year"):
            return _Day(plus_months(own.date(), count * (12 if unit == "year" else 1)), "day", sure, "relative")
        seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}[unit] * count
        try:
            found = own + timedelta(seconds=seconds)
        except OverflowError:
            raise NoSuchTimeError("no_such_year") from None
        return self._at(found) if unit in ("second", "minute", "hour") else _Day(found.date(), "day", sure, "relative")

    def _at(self, when: datetime) -> _Day:
        clock = Clock(when.hour, when.minute, when.second, "second")
        return _Day(when.date(), "day", self.rule.confidence.relative, "relative", clock)

    # Numbers

    def _number(self, digits: str, fraction: str | None) -> Standard:
        """A text of digits only: a date without separators, or a count of days or seconds."""
        serial = Decimal(f"{digits}.{fraction or 0}") if len(digits) <= 7 else None
        is_whole = not (fraction or "").strip("0")
        is_serial = serial is not None and 1 <= serial <= LAST_SERIAL
        if is_serial and self.declared.excel_serial:
            assert serial is not None
            return self._finish_serial(serial)
        if is_whole and len(digits) in (10, 13, 16, 19):
            return self._seconds_or_hours(digits)
        if is_whole and (read := self._compact(digits)) is not None:
            return read.standard if isinstance(read, _Unclear) else self._finish(read, _Said())
        if is_serial and serial is not None and len(digits) == 5:
            standard = self._finish_serial(serial)
            if standard.outcome == "ok":
                return Standard.review("excel_serial", standard.value, self.rule.confidence.doubtful, **standard.details)
        return Standard.invalid("no_date")

    def _finish_serial(self, serial: Decimal) -> Standard:
        on, clock = from_serial(serial)
        read = _Day(on, "day", self.rule.confidence.converted, "excel_serial")
        standard = self._finish(read, _Said(clock))
        if on.year in self.rule.serial_years or standard.outcome != "ok":
            return standard
        return Standard.review("implausible_year", standard.value, self.rule.confidence.doubtful, **standard.details)

    def _seconds_or_hours(self, digits: str) -> Standard:
        when = from_unix(int(digits[:10]))
        is_seconds = when is not None and when.year in self.rule.unix_years
        compact = self._compact(digits)
        if is_seconds and isinstance(compact, _Day):
            first, second = self._since_1970(int(digits[:10])).value, self._finish(compact, _Said()).value
            return Standard.review("ambiguous", candidates=[first, second])
        if is_seconds:
            return self._since_1970(int(digits[:10]))
        if compact is not None:
            return compact.standard if isinstance(compact, _Unclear) else self._finish(compact, _Said())
        return Standard.invalid("no_date")

    def _since_1970(self, seconds: int) -> Standard:
        when = from_unix(seconds)
        if when is None:
            return Standard.invalid("no_date")
        local = when.astimezone(self._local)
        clock = Clock(local.hour, local.minute, local.second, "second")
        sure = self.rule.confidence.converted
        return self._finish(_Day(local.date(), "day", sure, "seconds_since_1970", clock), _Said())

    def _compact(self, digits: str) -> _Day | _Unclear | None:
        """Digits without separators: 20260305, 202603, 260305, 20260305143000."""
        years = self.rule.plausible_years
        length = len(digits)
        if length == 4:
            return _Day(date(int(digits), 1, 1), "year") if int(digits) in years else None
        if length == 6:
            return self._six(digits)
        if length == 7 and is_day(int(digits[:3]) + 1911, int(digits[3:5]), int(digits[5:])) and digits[0] in "01":
            on = date(int(digits[:3]) + 1911, int(digits[3:5]), int(digits[5:]))
            doubtful = self.rule.confidence.doubtful
            return _Unclear(Standard.review("year_of_another_calendar", on.isoformat(), doubtful))
        if length not in (8, 10, 12, 14, 17):
            return None
        if int(digits[:4]) not in years:
            return self._by_order([digits[:2], digits[2:4], digits[4:]], ("dmy", "mdy")) if self._ends_in_year(digits) else None
        on = day(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        if length == 8:
            return _Day(on)
        parts = [int(digits[at : at + 2]) for at in range(8, min(length, 14), 2)]
        precision: Precision = ("hour", "minute", "second")[len(parts) - 1]  # type: ignore[assignment]
        clock = Clock(parts[0], *parts[1:], precision=precision) if length > 8 else None
        return _Day(on, clock=clock.checked() if clock else None)

    def _ends_in_year(self, digits: str) -> bool:
        return len(digits) == 8 and int(digits[4:]) in self.rule.plausible_years

    def _six(self, digits: str) -> _Day | _Unclear | None:
        as_month = int(digits[:4]) in self.rule.plausible_years and 1 <= int(digits[4:]) <= 12
        try:
            as_day = self._by_order([digits[:2], digits[2:4], digits[4:]], _ORDERS)
        except NoSuchTimeError:
            return _Day(date(int(digits[:4]), int(digits[4:]), 1), "month") if as_month else None
        if not as_month:
            return as_day
        month = f"{digits[:4]}-{digits[4:]}"
        if self.declared.order == "ymd" and isinstance(as_day, _Day):
            return _Unclear(Standard.review("ambiguous", candidates=[month, as_day.on.isoformat()]))
        return _Day(date(int(digits[:4]), int(digits[4:]), 1), "month")

    # Answering

    def _finish(self, read: _Day, said: _Said) -> Standard:
        sure = self.rule.confidence
        clock = read.clock or said.clock
        confidence, reason = read.confidence, read.reason
        if said.is_converted:
            confidence = min(confidence, sure.converted)
        precision = read.precision
        if clock is not None and precision == "day":
            when = moment(read.on, clock.checked(), self._local)
            precision = clock.precision
            value = when.isoformat(timespec="seconds" if precision == "second" else "minutes")
            on = when.date()
        else:
            on, value = read.on, _written(read.on, precision)
        details: dict[str, Json] = {"precision": precision}
        doubtful = sure.doubtful
        if said.weekday is not None and precision not in ("year", "quarter", "month"):
            if read.on.isoweekday() != said.weekday:
                return Standard.review("weekday_contradicts", value, doubtful, **details)
        if on.year not in self.rule.plausible_years:
            return Standard.review("implausible_year", value, doubtful, **details)
        if _PRECISIONS.index(precision) < _PRECISIONS.index(self.declared.precision):
            return Standard.review("incomplete", value, doubtful, **details)
        return Standard(value, "ok", confidence, reason, details)


def _written(on: date, precision: Precision) -> str:
    match precision:
        case "year":
            return f"{on.year:04}"
        case "quarter":
            return f"{on.year:04}-Q{(on.month + 2) // 3}"
        case "month":
            return f"{on.year:04}-{on.month:02}"
        case _:
            return on.isoformat()


def _hour_in(part: DayPart, hour: int) -> int:
    """The hour of the day that a clock of twelve hours shows in a part of it.

    Raises:
        NoSuchTimeError: no such hour in this part, or one that two people understand differently (上午12点).
    """
    allowed: Mapping[DayPart, Mapping[int, int]] = {
        "am": {12: 0, **{each: each for each in range(12)}},
        "pm": {0: 12, 12: 12, **{each: each + 12 for each in range(1, 12)}, **{each: each for each in range(13, 24)}},
        "early": {12: 0, **{each: each for each in range(7)}},
        "morning": {each: each for each in range(4, 12)},
        "noon": {11: 11, 12: 12, 1: 13, 2: 14, 13: 13, 14: 14},
        "afternoon": {0: 12, 12: 12, **{each: each + 12 for each in range(1, 8)}, **{each: each for each in range(13, 20)}},
        "evening": {12: 24, 24: 24, **{each: each + 12 for each in range(5, 12)}, **{each: each for each in range(17, 24)}},
    }
    if hour not in allowed[part]:
        raise NoSuchTimeError("no_such_hour_of_day")
    return allowed[part][hour]


def _short_parts(parts: Mapping[str, DayPart]) -> list[str]:
    """Those that stand behind the hour: am, p.m."""
    return [word for word in parts if word.isascii()]


def _chinese_weekday(character: str) -> int:
    return int(character) if character.isdigit() else 7 if character in "日天" else "一二三四五六".index(character) + 1


def _fixed(offset: str) -> tzinfo:
    found = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo
    assert found is not None
    return found
