"""Sessions counted by the rule alone, and visits that keep to their span."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.demo.channels.profile import load_channels
from cockpit.demo.channels.visits import SessionCount, Span, Visitors, draw_views

GAP = 1800


def at(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[s]")


def per_day(count: SessionCount) -> list[tuple[str, int, int, int, int]]:
    return [
        (str(row.business_date)[:10], row.sessions, row.page_views, row.visitors, row.dwell_seconds)
        for row in count.per_day().itertuples()
    ]


@pytest.mark.parametrize(
    ("moments", "visitors", "expected"),
    [
        pytest.param(["2026-03-05T10:00:00"], [0], [("2026-03-05", 1, 1, 1, 0)], id="one view"),
        pytest.param(
            ["2026-03-05T10:00:00", "2026-03-05T10:30:00"], [0, 0], [("2026-03-05", 1, 2, 1, 1800)], id="exactly the gap"
        ),
        pytest.param(
            ["2026-03-05T10:00:00", "2026-03-05T10:30:01"], [0, 0], [("2026-03-05", 2, 2, 1, 0)], id="a second more"
        ),
        pytest.param(
            ["2026-03-05T10:00:00", "2026-03-05T10:00:00"], [0, 1], [("2026-03-05", 2, 2, 2, 0)], id="two visitors"
        ),
        pytest.param(
            ["2026-03-05T23:50:00", "2026-03-06T00:10:00"], [0, 0], [("2026-03-05", 1, 2, 1, 1200)], id="over midnight"
        ),
    ],
)  # fmt: skip
def test_sessions_of_the_rule(
    moments: list[str], visitors: list[int], expected: list[tuple[str, int, int, int, int]]
) -> None:
    count = SessionCount(2, GAP)
    count.add(at(*moments), np.array(visitors))
    assert per_day(count) == expected


def test_a_session_goes_on_in_the_next_span() -> None:
    count = SessionCount(1, GAP)
    count.add(at("2026-03-05T23:50:00"), np.array([0]))
    count.add(at("2026-03-06T00:10:00", "2026-03-06T09:00:00"), np.array([0, 0]))
    assert per_day(count) == [("2026-03-05", 1, 2, 1, 1200), ("2026-03-06", 1, 1, 1, 0)]
    assert count.new_visitors == 1


def test_known_visitors_are_not_new() -> None:
    count = SessionCount(3, GAP, known=2)
    count.add(at("2026-03-05T10:00:00", "2026-03-05T10:00:00"), np.array([1, 2]))
    assert count.new_visitors == 1


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 3)), max_size=60), st.integers(0, 200_000))
def test_spans_make_no_difference(views: list[tuple[int, int]], cut: int) -> None:
    """Equal to counting one visitor after the other, in one span or in two."""
    start = datetime(2026, 3, 5)  # noqa: DTZ001 (local)
    ordered = sorted(views)
    times: dict[int, list[int]] = defaultdict(list)
    for second, visitor in ordered:
        times[visitor].append(second)
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for seconds in times.values():
        previous, day = -GAP - 1, ""
        for second in seconds:
            if second - previous > GAP:
                day = str((start + timedelta(seconds=second)).date())
                expected[day][0] += 1
            else:
                expected[day][2] += second - previous
            expected[day][1] += 1
            previous = second
    count = SessionCount(4, GAP)
    for part in ([view for view in ordered if view[0] < cut], [view for view in ordered if view[0] >= cut]):
        moments = np.datetime64(start, "s") + np.array([view[0] for view in part], dtype="timedelta64[s]")
        count.add(moments, np.array([view[1] for view in part], dtype=np.int64))
    found = {day: [sessions, views, dwell] for day, sessions, views, _visitors, dwell in per_day(count)}
    assert found == dict(expected)


def test_visits_keep_to_their_span() -> None:
    rules = load_channels().behaviour
    days = np.array(["2026-03-04", "2026-03-05"], dtype="datetime64[D]")
    span = Span(days, np.ones(2), np.datetime64("2026-03-05T09:30:00"), from_hour=6)
    views = draw_views(np.random.default_rng(3), rules, span, 2000, Visitors(50, greeted=10), np.ones(5))
    assert len(views) > 1000
    assert views.at.max() < span.end
    assert views.at.min() >= np.datetime64("2026-03-04T06:00:00")
    assert (np.diff(views.at.astype(np.int64)) >= 0).all()
    assert set(range(10)) <= set(views.visitor.tolist())
    assert views.is_entry.sum() == views.is_last.sum()
    assert views.stay[views.is_last].max() == 0
