"""Wilson's interval: values that the literature gives, and what holds for every share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.interval import wilson_interval


@pytest.mark.parametrize(
    ("good", "total", "low", "high"),
    [
        pytest.param(0, 10, 0.0, 0.2775, id="none of ten"),
        pytest.param(10, 10, 0.7225, 1.0, id="all of ten"),
        pytest.param(5, 10, 0.2366, 0.7634, id="half of ten"),
        pytest.param(81, 263, 0.2553, 0.3662, id="Newcombe 1998, 81 of 263"),
        pytest.param(15, 148, 0.0624, 0.1605, id="Newcombe 1998, 15 of 148"),
        pytest.param(1, 29, 0.0061, 0.1718, id="Newcombe 1998, 1 of 29"),
    ],
)
def test_known_intervals(good: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(good, total) == pytest.approx((low, high), abs=5e-5)


def test_nothing_asked_says_nothing() -> None:
    assert wilson_interval(0, 0) is None


@pytest.mark.parametrize(("good", "total"), [(-1, 5), (6, 5), (0, -1)])
def test_no_share_is_refused(good: int, total: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(good, total)


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_share_lies_within_and_wrong_mirrors_right(counts: tuple[int, int]) -> None:
    good, total = counts
    low, high = wilson_interval(good, total) or (1.0, 0.0)
    assert 0 <= low <= good / total <= high <= 1
    assert wilson_interval(total - good, total) == pytest.approx((1 - high, 1 - low))
