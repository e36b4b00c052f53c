"""Read the time of day, the time zone and the weekday that stand beside a date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

from cockpit.domain.normalise.dates.parts import Clock, DoubtfulTimeError, NoSuchTimeError
from cockpit.domain.normalise.dates.rule import DateRule, DayPart, Precision
from cockpit.domain.normalise.text import fold, to_simplified

_DASHES = re.compile("[\u2010-\u2015\u2212\uff0d\u30fc]")
_OFFSET = r"(?:utc|gmt)?\s*[+-]\d{1,2}(?::?\d{2})?"
_COMPACT_TIME = re.compile(r"(\d{8}|\d{4}-\d\d-\d\d) (\d{2})(\d{2})(\d{2})?(z|[+-]\d{2}:?\d{2})?")
_POINTED_TIME = re.compile(r"(?<!\d)(\d{1,2})\.(\d{2})\.(\d{2})(?:\.\d+)?(?=\s*[ap]\.?m)")


def level(text: str) -> str:
    """Width, script, case and dashes levelled. Idempotent."""
    return _DASHES.sub("-", to_simplified(fold(text)).casefold())


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(sorted((re.escape(level(word)) for word in words), key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says beside its date: a time of day and a weekday."""

    clock: Clock | None = None
    weekday: int | None = None
    is_converted: bool = False


class ClockReader:
    """The words of a rule for times of day."""

    def __init__(self, rule: DateRule) -> None:
        self._day_parts: dict[str, DayPart] = {
            level(word): part for part, words in rule.day_parts.items() for word in words
        }
        self._weekdays = {level(word): number for word, number in rule.weekdays.items()}
        self._zones: dict[str, tzinfo | None] = {level(word): _fixed(offset) for word, offset in rule.zones.items()}
        parts, zones = one_of(self._day_parts), one_of(self._zones)
        latin_parts = one_of(word for word in self._day_parts if word.isascii())
        self._clock = re.compile(
            rf"(?:(?<![a-z])at\s+)?(?P<before>{parts})?\s*(?<!\d)(?:(?P<hour>\d{{1,2}})(?::(?P<minute>\d{{1,2}})"
            r"(?::(?P<second>\d{1,2})(?:[.,]\d+)?秒?|分)?"
            r"|\s*[点时]\s*(?:(?P<quarter>[13])\s*刻|(?P<cn_minute>\d{1,2})(?:\s*分|(?!\s*[\d秒]))|(?P<half>半)|整|钟)?"
            r"\s*(?:(?P<cn_second>\d{1,2})\s*秒)?)"
            rf"(?:\s*(?P<after>{latin_parts})(?![a-z]))?"
            rf"|(?<![\d\-/.:])(?P<bare>\d{{1,2}})\s*(?P<bare_after>{latin_parts})(?![a-z]))"
            rf"\s*(?P<zone>(?:{_OFFSET}|{zones})(?![a-z]))?\s*(?:(?:{zones})(?![a-z]))?"
            r"\s*(?:\((?P<named>[^()]*)\)|\[[^\[\]]*\])?"
        )
        self._zone = re.compile(rf"(?<![a-z])(?:{zones})(?![a-z])")
        self._weekday = re.compile(
            rf"\(?(?<![上下本这个])(?:{one_of(rule.week_words)})(?P<number>[一二三四五六日天1-7])(?!\d)\)?"
            rf"|(?<![a-z])(?P<name>{one_of(self._weekdays)})(?![a-z])[.,]?|\((?P<short>[一二三四五六日])\)"
        )
        self.part_of_day = re.compile(one_of(word for word in self._day_parts if not word.isascii()))

    def split(self, text: str) -> tuple[Said, str]:
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
        text = _POINTED_TIME.sub(r"\1:\2:\3", text)
        found = self._clock.search(text)
        if found is None and (compact := _COMPACT_TIME.fullmatch(text)):
            hour, minute, second = compact[2], compact[3], compact[4]
            clock = Clock(int(hour), int(minute), int(second or 0), "second" if second else "minute")
            return Said(clock.checked().in_zone(self._zone_of(compact[5])), weekday), compact[1]
        if found is not None:
            clock, is_converted = self._clock_of(found)
            text = f"{text[: found.start()]} {text[found.end() :]}"
            if clock.zone is None and (zone := self._zone.search(text)):
                clock = clock.in_zone(self._zones[zone[0]])
                text = f"{text[: zone.start()]} {text[zone.end() :]}"
        return Said(clock, weekday, is_converted), re.sub(r"\s+", " ", text).strip(" ,，()[]")

    def _weekday_number(self, found: re.Match[str]) -> int:
        if found["name"]:
            return self._weekdays[found["name"]]
        return chinese_weekday(found["number"] or found["short"])

    def _clock_of(self, found: re.Match[str]) -> tuple[Clock, bool]:
        minute, second = found["minute"] or found["cn_minute"], found["second"] or found["cn_second"]
        precision: Precision = (
            "second" if second else "minute" if minute or found["half"] or found["quarter"] else "hour"
        )
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


def _hour_in(part: DayPart, hour: int) -> int:
    """The hour of the day that a clock of twelve hours shows in a part of it.

    Raises:
        DoubtfulTimeError: no such hour in this part, or one that two people understand differently (上午12点).
    """
    allowed: Mapping[DayPart, Mapping[int, int]] = {
        "am": {12: 0, **{each: each for each in range(12)}},
        "pm": {0: 12, 12: 12, **{each: each + 12 for each in range(1, 12)}, **{each: each for each in range(13, 24)}},
        "early": {12: 0, **{each: each for each in range(7)}},
        "morning": {each: each for each in range(4, 12)},
        "noon": {11: 11, 12: 12, 1: 13, 2: 14, 13: 13, 14: 14},
        "afternoon": {
            0: 12,
            12: 12,
            **{each: each + 12 for each in range(1, 8)},
            **{each: each for each in range(13, 20)},
        },
        "evening": {
            12: 24,
            24: 24,
            **{each: each + 12 for each in range(5, 12)},
            **{each: each for each in range(17, 24)},
        },
    }
    if hour not in allowed[part]:
        raise DoubtfulTimeError("doubtful_hour")
    return allowed[part][hour]


def chinese_weekday(character: str) -> int:
    """1-7 for 一 to 日."""
    return int(character) if character.isdigit() else 7 if character in "日天" else "一二三四五六".index(character) + 1


def _fixed(offset: str) -> tzinfo | None:
    return datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo
