"""Read dates and times as ISO 8601, in the time zone of the source.

Digits that can be read in several orders, words that need the record's own time, and days that their weekday
contradicts go to a person. The words are written in include/rules/normalisation/date.yml.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from cockpit.domain.normalise.dates.clock import ClockReader, Said, level, one_of
from cockpit.domain.normalise.dates.parts import (
    LAST_SERIAL,
    Clock,
    DoubtfulTimeError,
    NoSuchTimeError,
    day,
    from_serial,
    from_unix,
    moment,
    with_digits,
)
from cockpit.domain.normalise.dates.reader import NUMBER, Day, DayReader, Unclear
from cockpit.domain.normalise.dates.rule import DateDeclared, DateRule, Precision
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT

__all__ = ["DateDeclared", "DateRule", "DateStandardiser"]

_PRECISIONS: Sequence[Precision] = ("year", "quarter", "month", "day", "hour", "minute", "second")

_PLAIN = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ t](\d\d):(\d\d)(?::(\d\d))?)?")
_DAMAGED = re.compile(r"#+|\d(?:\.\d+)?e\+?\d+", re.IGNORECASE)
_JSON = re.compile(r"/?date\((-?\d{1,17})(?:[+-]\d{4})?\)/?")
_INSIDE = re.compile(r"(?<!\d)\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}(?!\d)\s*[日号]?")
_HALF = re.compile("[上下]半年")


class DateStandardiser:
    """The dates of one column."""

    def __init__(self, rule: DateRule, declared: DateDeclared | None = None) -> None:
        self.rule = rule
        self.declared = declared or DateDeclared()
        self._days = DayReader(rule, self.declared)
        self._clocks = ClockReader(rule)
        self._no_value = {level(word) for word in rule.no_value}
        self._placeholders = {level(word) for word in rule.placeholders}
        self._label = re.compile(rf"(?:(?:{one_of(rule.labels)})\s*[:：]?\s*)+")
        self._rewritten = {level(text): level(other) for text, other in rule.rewritten.items()}
        # A Latin word is not looked for in a longer one: noon in afternoon.
        self._rewriting = re.compile(rf"(?<![a-z])(?:{one_of(rule.rewritten)})(?![a-z])")
        self._lunar = re.compile(one_of(rule.lunar))
        self._holiday = re.compile(one_of(rule.holidays))
        self._vague = re.compile(rf"{one_of(rule.vague)}")
        self._range = re.compile(rf"(?<=\S)\s*(?:{one_of(rule.ranges)})\s*(?=\S)|\s-\s|(?<=[日号])-")
        self._several = re.compile(rf"\s*(?:{one_of(rule.joins)})\s*")

    def standardise(self, text: str) -> Standard:
        """The date of one text."""
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        return self._understand(level(text))

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
        except DoubtfulTimeError as error:
            return Standard.review(str(error))
        except NoSuchTimeError as error:
            return Standard.invalid(str(error))

    def _plain(self, found: re.Match[str]) -> Standard:
        """The usual form, without looking at anything else."""
        year, month, number, hour, minute, second = found.groups()
        clock = None
        if hour is not None:
            clock = Clock(int(hour), int(minute), int(second or 0), "second" if second else "minute")
        return self._finish(Day(day(int(year), int(month), int(number))), Said(clock))

    def _read(self, text: str) -> Standard:
        if _DAMAGED.fullmatch(text):
            return Standard.invalid("damaged_by_spreadsheet")
        if found := NUMBER.fullmatch(text):
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
        said, rest = self._clocks.split(text)
        read = self._days.read(rest)
        if read is not None:
            standard = read.standard if isinstance(read, Unclear) else self._finish(read, said)
            if standard.outcome != "ok" or not self._is_placeholder(text, standard):
                return standard
            return Standard.review("placeholder", standard.value, self.rule.confidence.doubtful, **standard.details)
        if not rest.strip(" ,，()") and said.clock is not None:
            return self._time_only(said)
        return self._unread(text, rest, said)

    def _is_placeholder(self, text: str, standard: Standard) -> bool:
        return text in self._placeholders or str(standard.value) in self._placeholders

    def _rewrite(self, text: str) -> str:
        return self._rewriting.sub(lambda found: self._rewritten[found[0]], text).strip()

    def _time_only(self, said: Said) -> Standard:
        clock = (said.clock or Clock(0)).checked()
        written = f"{clock.hour % 24:02}:{clock.minute:02}" + (f":{clock.second:02}" if clock.second else "")
        if self._days.own_time is None or said.weekday is not None:
            return Standard.review("date_missing", time=written)
        return self._finish(Day(self._days.own_time.date(), "day", self.rule.confidence.relative, "relative"), said)

    def _unread(self, text: str, rest: str, said: Said) -> Standard:
        """Why nothing was found, with what comes nearest."""
        if self._holiday.search(text):
            return Standard.review("holiday")
        if parts := self._both_sides(text):
            return Standard(None, "review", 0.0, "range", {"from": parts[0], "to": parts[1]})
        if several := self._all_dates(text):
            return Standard.review("several", candidates=several)
        doubtful = self.rule.confidence.doubtful
        if self._vague.search(text) or _HALF.search(text) or self._clocks.part_of_day.search(text):
            found = _INSIDE.search(rest)
            read = self._days.read(found[0].strip()) if found else None
            value = self._finish(read, Said()).value if isinstance(read, Day) else None
            return Standard.review("vague", value, doubtful if value else 0.0)
        found = _INSIDE.search(rest)
        if found is not None and isinstance(read := self._days.read(found[0].strip()), Day):
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
            if not (self._is_date(left) and (self._is_date(right) or re.fullmatch(r"[\d./月日号 -]+", right))):
                continue
            first, last = self._value_of(left), self._value_of(right)
            numbers = re.findall(r"\d+", right)
            if last is None and isinstance(first, str) and 0 < len(numbers) < 3:
                shared = first[:10].split("-")
                last = self._value_of("-".join([*shared[: len(shared) - len(numbers)], *numbers]))
            if last is not None or self._is_date(right):
                return first, last
        return None

    def _is_date(self, text: str) -> bool:
        """Whether a part of a text is a date, be it without its year."""
        try:
            return self._days.read(self._clocks.split(with_digits(text))[1]) is not None
        except NoSuchTimeError:
            return False

    def _all_dates(self, text: str) -> list[Json]:
        parts = [part for part in self._several.split(text) if part]
        values = [self._value_of(part) for part in parts] if 1 < len(parts) < 6 else []
        return values if values and all(value is not None for value in values) else []

    def _value_of(self, text: str) -> Json:
        """The date of a part of a text; None when it is none."""
        try:
            said, rest = self._clocks.split(with_digits(text))
            read = self._days.read(rest)
            return self._finish(read, said).value if isinstance(read, Day) else None
        except NoSuchTimeError:
            return None

    def _number(self, digits: str, fraction: str | None) -> Standard:
        """A text of digits only: a date without separators, or a count of days or seconds."""
        serial = Decimal(f"{digits}.{fraction or 0}") if len(digits) <= 7 else None
        is_whole = not (fraction or "").strip("0")
        is_serial = serial is not None and 1 <= serial <= LAST_SERIAL
        # 2026 as a count of days would be 1905.
        is_year = len(digits) == 4 and is_whole and int(digits) in self.rule.plausible_years
        if serial is not None and is_serial and self.declared.excel_serial and not is_year:
            return self._finish_serial(serial)
        if is_whole and len(digits) in (10, 13, 16, 19):
            return self._seconds_or_hours(digits)
        if is_whole and (read := self._days.compact(digits)) is not None:
            return read.standard if isinstance(read, Unclear) else self._finish(read, Said())
        if is_serial and serial is not None and len(digits) == 5:
            standard = self._finish_serial(serial)
            if standard.outcome == "ok":
                return Standard.review(
                    "excel_serial", standard.value, self.rule.confidence.doubtful, **standard.details
                )
        return Standard.invalid("no_date")

    def _finish_serial(self, serial: Decimal) -> Standard:
        on, clock = from_serial(serial)
        read = Day(on, "day", self.rule.confidence.converted, "excel_serial")
        standard = self._finish(read, Said(clock))
        if on.year in self.rule.serial_years or standard.outcome != "ok":
            return standard
        return Standard.review("implausible_year", standard.value, self.rule.confidence.doubtful, **standard.details)

    def _seconds_or_hours(self, digits: str) -> Standard:
        when = from_unix(int(digits[:10]))
        is_seconds = when is not None and when.year in self.rule.unix_years
        compact = self._days.compact(digits)
        if is_seconds and isinstance(compact, Day):
            first, second = self._since_1970(int(digits[:10])).value, self._finish(compact, Said()).value
            return Standard.review("ambiguous", candidates=[first, second])
        if is_seconds:
            return self._since_1970(int(digits[:10]))
        if compact is not None:
            return compact.standard if isinstance(compact, Unclear) else self._finish(compact, Said())
        return Standard.invalid("no_date")

    def _since_1970(self, seconds: int) -> Standard:
        when = from_unix(seconds)
        if when is None:
            return Standard.invalid("no_date")
        local = when.astimezone(self._days.local)
        clock = Clock(local.hour, local.minute, local.second, "second")
        sure = self.rule.confidence.converted
        return self._finish(Day(local.date(), "day", sure, "seconds_since_1970", clock), Said())

    def _finish(self, read: Day, said: Said) -> Standard:
        sure = self.rule.confidence
        clock = read.clock or said.clock
        confidence, reason = read.confidence, read.reason
        if said.is_converted:
            confidence = min(confidence, sure.converted)
        precision = read.precision
        if clock is not None and precision == "day":
            when = moment(read.on, clock.checked(), self._days.local)
            precision = clock.precision
            value = when.isoformat(timespec="seconds" if precision == "second" else "minutes")
            on = when.date()
        else:
            on, value = read.on, _written(read.on, precision)
        details: dict[str, Json] = {"precision": precision}
        doubtful = sure.doubtful
        is_named_day = said.weekday is not None and read.precision == "day"
        if is_named_day and read.on.isoweekday() != said.weekday:
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
