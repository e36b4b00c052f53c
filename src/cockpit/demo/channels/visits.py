"""Visits of pages: who looked at what and when, drawn in spans of days, and how many sessions that makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.demo.channels.profile import Behaviour
from cockpit.demo.draw import Bools, Floats, Ints, Times, choose, seconds

Days: TypeAlias = npt.NDArray[np.datetime64]

_HOUR_SECONDS = 3600
_DAY_SECONDS = 86_400
# How much busier a frequent visitor is than a rare one.
_SKEW = 2.2
# Sessions of each span in which one pause is exactly as long as a session may have, and as many with a second more.
_EXACT_PAUSES = 3
_NEVER = -(1 << 60)


@dataclass(frozen=True)
class Views:
    """Looks at pages in one span of time, ascending by time.

    Attributes:
        at: Local time.
        visitor: Number of the visitor.
        page: Index into the stream's pages.
        is_entry: First of a visit, with a referrer perhaps.
        is_last: Last of a visit.
        stay: Seconds until the next page of the visit; 0 for the last one, and for a page that outlasted the session.
    """

    at: Times
    visitor: Ints
    page: Ints
    is_entry: Bools
    is_last: Bools
    stay: Ints

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True)
class Span:
    """Consecutive days that one file holds.

    Attributes:
        days: Local days, ascending.
        weights: Relative business of each.
        end: Nothing lies at or after it.
        from_hour: Visits begin at or after this hour.
    """

    days: Days
    weights: Floats
    end: np.datetime64
    from_hour: int = 0


@dataclass(frozen=True)
class Visitors:
    """Who can come.

    Attributes:
        count: Visitors 0 to count - 1; low numbers come more often.
        greeted: So many come in this span in any case, one visit each.
    """

    count: int
    greeted: int = 0


def draw_views(
    rng: np.random.Generator, rules: Behaviour, span: Span, count: int, visitors: Visitors, page_weights: Floats
) -> Views:
    """About `count` looks at pages, in visits of several pages; a visit ends with the span at the latest."""
    visits = max(round(count / rules.mean_pages), visitors.greeted, 1)
    visitor = np.floor(rng.random(visits) ** _SKEW * visitors.count).astype(np.int64)
    visitor[: visitors.greeted] = np.arange(visitors.greeted)
    start = _draw_starts(rng, rules, span, visits)
    pages = np.minimum(rng.geometric(1 / rules.mean_pages, visits), rules.max_pages)

    visit = np.repeat(np.arange(visits), pages)
    place = np.arange(len(visit)) - np.repeat(np.cumsum(pages) - pages, pages)
    pause = rng.lognormal(np.log(rules.gap_seconds_median), rules.gap_seconds_sigma, len(visit)).astype(np.int64) + 1
    # The session rule has to be exact to the second.
    second = np.flatnonzero(place == 1)
    pause[second[:_EXACT_PAUSES]] = rules.session_gap_seconds
    pause[second[_EXACT_PAUSES : 2 * _EXACT_PAUSES]] = rules.session_gap_seconds + 1
    pause[place == 0] = 0
    elapsed = np.cumsum(pause)
    first = np.flatnonzero(place == 0)
    elapsed -= np.repeat(elapsed[first], pages)
    at = start[visit] + seconds(elapsed)
    page = choose(rng, page_weights.tolist(), len(visit))

    is_kept = at < span.end
    is_last = np.append(~((visit[1:] == visit[:-1]) & is_kept[1:]), True)[: len(visit)]
    stay = np.append(pause[1:], 0)[: len(visit)]
    stay[is_last | (stay > rules.session_gap_seconds)] = 0
    kept = np.flatnonzero(is_kept)
    order = kept[np.argsort(at[kept], kind="stable")]
    return Views(at[order], visitor[visit[order]], page[order], place[order] == 0, is_last[order], stay[order])


def _draw_starts(rng: np.random.Generator, rules: Behaviour, span: Span, count: int) -> Times:
    """When visits begin: by the day's business and the hour, before the span's end."""
    day = choose(rng, span.weights.tolist(), count)
    hours = np.asarray(rules.hour_weight[span.from_hour :])
    hour = choose(rng, hours.tolist(), count) + span.from_hour
    begins: Times = span.days[day].astype("datetime64[s]")
    at: Times = begins + seconds(hour * _HOUR_SECONDS + rng.integers(0, _HOUR_SECONDS, count))
    # A day that has not ended yet: what would come later comes earlier.
    opening = begins + seconds(span.from_hour * _HOUR_SECONDS)
    open_seconds = np.maximum((np.minimum(begins + seconds(_DAY_SECONDS), span.end) - opening).astype(np.int64), 1)
    early: Times = opening + seconds(rng.random(count) * open_seconds)
    return np.where(at < span.end, at, early)


@dataclass
class SessionCount:
    """Counts sessions over spans that follow each other, exactly by the rule, whatever the visits were drawn as.

    Args:
        visitors: Size of the population.
        gap_seconds: A longer pause ends a session; a session counts for the day on which it began.
        known: Visitors below this number have come before and do not count as new.
    """

    visitors: int
    gap_seconds: int
    known: int = 0
    new_visitors: int = 0
    _last: Ints = field(init=False)
    _day: Ints = field(init=False)
    _tables: list[pd.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._last = np.full(self.visitors, _NEVER, dtype=np.int64)
        self._day = np.zeros(self.visitors, dtype=np.int64)

    def add(self, at: Times, visitor: Ints) -> None:
        """Take in the page views of one span."""
        if not len(at):
            return
        order = np.lexsort((at, visitor))
        who, when = visitor[order], at[order].astype("datetime64[s]").astype(np.int64)
        day = at[order].astype("datetime64[D]").astype(np.int64)
        is_new_visitor = np.append(True, who[1:] != who[:-1])
        before = np.where(is_new_visitor, self._last[who], np.append(0, when[:-1]))
        self.new_visitors += int((is_new_visitor & (before == _NEVER) & (who >= self.known)).sum())
        pause = when - before
        is_start = pause > self.gap_seconds
        # Each view belongs to the day on which its session began, perhaps in an earlier span.
        head = np.maximum.accumulate(np.where(is_start | is_new_visitor, np.arange(len(who)), 0))
        began = np.where(is_start, day, self._day[who])[head]
        is_end = np.append(who[1:] != who[:-1], True)
        self._last[who[is_end]] = when[is_end]
        self._day[who[is_end]] = began[is_end]
        self._tables.append(
            pd.DataFrame(
                {
                    "day": began,
                    "sessions": is_start.astype(np.int64),
                    "page_views": 1,
                    "visitors": _first_of_pair(began, who, is_start),
                    "dwell_seconds": np.where(is_start, 0, pause),
                }
            )
            .groupby("day", as_index=False)
            .sum()
        )

    def per_day(self) -> pd.DataFrame:
        """Grain: one row per day on which sessions began: business_date, sessions, page_views, visitors,
        dwell_seconds."""
        columns = ["business_date", "sessions", "page_views", "visitors", "dwell_seconds"]
        if not self._tables:
            return pd.DataFrame(columns=columns)
        table = pd.concat(self._tables).groupby("day", as_index=False).sum()
        dates = table["day"].to_numpy().astype("datetime64[D]").astype("datetime64[s]")
        return table.assign(business_date=dates)[columns]


def _first_of_pair(day: Ints, visitor: Ints, is_start: Bools) -> Ints:
    """1 at the first session that a visitor begins on a day, else 0."""
    starts = np.flatnonzero(is_start)
    pairs = day[starts] * (int(visitor.max()) + 1) + visitor[starts]
    _pairs, first = np.unique(pairs, return_index=True)
    marks = np.zeros(len(day), dtype=np.int64)
    marks[starts[first]] = 1
    return marks
