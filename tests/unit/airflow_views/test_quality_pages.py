"""How scores, changes and trends look on the pages about quality."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_airflow.views.scores.area_page import percent, points
from cockpit_airflow.views.scores.reading import spark

DAY = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"), (0, "0.0 %"), (1, "100.0 %"), (0.9876, "98.7 %"), (0.99999, "99.9 %"), (0.001, "0.1 %"),
        (Decimal("0.7"), "70.0 %"), (0.29, "29.0 %"),
    ],
)  # fmt: skip
def test_only_what_is_complete_is_a_hundred_percent(share: float | Decimal | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("change", "text"), [(None, ""), (0.0, ""), (0.0004, ""), (0.005, "+0.5"), (-0.0123, "−1.2"), (1.0, "+100.0")]
)
def test_changes_are_in_percentage_points(change: float | None, text: str) -> None:
    assert points(change) == text


def test_a_single_day_is_a_dot_and_none_is_nothing() -> None:
    assert spark([]) == {"points": "", "end": None, "width": 120, "height": 28}
    drawn = spark([(DAY, 0.5)])
    assert (drawn["points"], drawn["end"]) == ("", (117.0, 14.0))


def test_small_changes_are_not_blown_up() -> None:
    drawn = spark([(DAY, 0.980), (DAY + timedelta(days=1), 0.981)])
    (_left, first), (_right, second) = (map(float, point.split(",")) for point in drawn["points"].split())
    assert 0 < first - second < 2


@given(st.lists(st.floats(0, 1), min_size=2, max_size=92))
def test_every_point_lies_in_the_picture(scores: list[float]) -> None:
    drawn = spark([(DAY + timedelta(days=number), score) for number, score in enumerate(scores)])
    places = [tuple(map(float, point.split(","))) for point in drawn["points"].split()]
    assert len(places) == len(scores)
    assert all(0 <= x <= 120 and 0 <= y <= 28 for x, y in places)
    assert [x for x, _y in places] == sorted(x for x, _y in places)
