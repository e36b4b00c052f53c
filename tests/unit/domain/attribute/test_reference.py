"""The reference table of every model, and each model's own cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cockpit.domain.attribute.markov import markov, removal_effects
from cockpit.domain.attribute.paths import Numbers, Paths, sum_by_channel
from cockpit.domain.attribute.shares import first_touch, last_touch, linear, position, shapley, time_decay

DOUYIN, WEB_SITE, FAIR, TELEPHONE = range(4)
PATHS = Paths.of(
    [
        (DOUYIN, WEB_SITE, FAIR),
        (DOUYIN,),
        (WEB_SITE, FAIR),
        (DOUYIN, WEB_SITE),
        (FAIR,),
        (TELEPHONE, WEB_SITE, TELEPHONE),
        (TELEPHONE,),
    ],
    count=[30, 10, 20, 60, 40, 5, 25],
)
CONVERTED = np.array([30.0, 10, 20, 0, 0, 5, 0])


def credited(credit: Numbers) -> list[float]:
    return [round(float(amount), 4) for amount in sum_by_channel(PATHS, credit, 4)]


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        pytest.param(first_touch(PATHS), [40, 20, 0, 5], id="first_touch"),
        pytest.param(last_touch(PATHS), [10, 0, 50, 5], id="last_touch"),
        pytest.param(linear(PATHS), [20, 21.6667, 20, 3.3333], id="linear"),
        pytest.param(position(PATHS, 0.4, 0.4), [22, 17, 22, 4], id="position"),
        pytest.param(shapley(PATHS), [20, 22.5, 20, 2.5], id="shapley"),
    ],
)
def test_models_of_single_paths(shares: Numbers, expected: list[float]) -> None:
    assert credited(shares * CONVERTED[PATHS.path]) == expected


def test_markov() -> None:
    assert credited(markov(PATHS, CONVERTED, 4)) == [17.9997, 15.8104, 27.7452, 3.4447]


def test_markov_on_revenue() -> None:
    """Deals of one size: revenue is shared as conversions are; larger ones at the fair move it there."""
    same = sum_by_channel(PATHS, markov(PATHS, CONVERTED * 250, 4), 4)
    assert same == pytest.approx(sum_by_channel(PATHS, markov(PATHS, CONVERTED, 4), 4) * 250)
    larger = CONVERTED * np.array([1, 1, 10, 1, 1, 1, 1])
    assert sum_by_channel(PATHS, markov(PATHS, larger, 4), 4)[FAIR] / larger.sum() > 27.7452 / 65


def test_removal_effects_by_hand() -> None:
    """A>B won once, B won once, A lost once: without A only B alone is left, without B nothing but nothing."""
    paths = Paths.of([(0, 1), (1,), (0,)])
    # From the start 2/3 to A, 1/3 to B; from A half to B; from B always to a deal: 2/3 in all.
    assert removal_effects(paths, np.array([1.0, 1.0, 0.0]), 2) == pytest.approx([(2 / 3 - 1 / 3) / (2 / 3), 1])


def test_a_channel_that_leads_to_itself() -> None:
    """Twice in a row is a step to itself; whoever never leaves it that way is counted once."""
    paths = Paths.of([(0, 0, 1), (1,)])
    assert removal_effects(paths, np.array([1.0, 1.0]), 2) == pytest.approx([0.5, 1])


def test_markov_without_a_deal() -> None:
    assert markov(PATHS, np.zeros(7), 4).tolist() == [0.0] * len(PATHS.path)


def test_markov_of_a_loss_is_linear() -> None:
    assert markov(PATHS, -CONVERTED, 4).tolist() == (-linear(PATHS) * CONVERTED[PATHS.path]).tolist()


def test_time_decay_halves_with_each_half_life() -> None:
    paths = Paths.of([(0, 1, 2)], days_before=[(14.0, 7.0, 0.0)])
    assert time_decay(paths, 7).tolist() == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    assert time_decay(paths, 14).tolist()[2] == pytest.approx(1 / (1 + 2**-0.5 + 0.5))


def test_time_decay_of_old_touches() -> None:
    """Only the days between touches matter: thousands of half-lives ago is no reason to share equally."""
    paths = Paths.of([(0, 1)], days_before=[(70_007.0, 70_000.0)])
    assert time_decay(paths, 7).tolist() == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize(
    ("first", "last", "path", "expected"),
    [
        pytest.param(0.4, 0.4, (0,), [1], id="one"),
        pytest.param(0.4, 0.4, (0, 1), [0.5, 0.5], id="two"),
        pytest.param(0.3, 0.1, (0, 1), [0.75, 0.25], id="two_by_their_shares"),
        pytest.param(0.0, 0.0, (0, 1), [0.5, 0.5], id="two_without_shares"),
        pytest.param(0.4, 0.4, (0, 1, 0, 2), [0.4, 0.1, 0.1, 0.4], id="four"),
        pytest.param(0.5, 0.5, (0, 1, 2), [0.5, 0, 0.5], id="nothing_between"),
    ],
)
def test_position(first: float, last: float, path: tuple[int, ...], expected: list[float]) -> None:
    assert position(Paths.of([path]), first, last).tolist() == pytest.approx(expected)


def test_shapley_counts_a_channel_once() -> None:
    assert shapley(Paths.of([(0, 1, 0)])).tolist() == pytest.approx([0.25, 0.5, 0.25])


def test_a_path_needs_a_touch() -> None:
    with pytest.raises(ValueError, match="without a touch"):
        Paths.of([(0,), ()])
