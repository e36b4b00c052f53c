"""What holds for any paths: nothing is lost, order does not matter, Shapley is Shapley."""

from __future__ import annotations

from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.attribute.apportion import apportion
from cockpit.domain.attribute.markov import markov, removal_effects
from cockpit.domain.attribute.paths import Numbers, Paths, sum_by_channel
from cockpit.domain.attribute.shares import first_touch, last_touch, linear, position, shapley, time_decay

CHANNELS = 5
touches = st.lists(
    st.tuples(st.integers(0, CHANNELS - 1), st.floats(0, 400, allow_subnormal=False)), min_size=1, max_size=7
)
journeys = st.lists(st.tuples(touches, st.integers(1, 40), st.integers(0, 100_000)), min_size=1, max_size=12)


def paths_of(drawn: list[tuple[list[tuple[int, float]], int, int]]) -> tuple[Paths, Numbers]:
    """Paths with the days in their order, and what each brought."""
    paths = Paths.of(
        [[channel for channel, _day in path] for path, _count, _value in drawn],
        [count for _path, count, _value in drawn],
        [sorted((day for _channel, day in path), reverse=True) for path, _count, _value in drawn],
    )
    return paths, np.array([float(value) for _path, _count, value in drawn])


def credited(paths: Paths, values: Numbers) -> dict[str, Numbers]:
    """Credit of each channel by every model."""
    shares = {
        "first_touch": first_touch(paths),
        "last_touch": last_touch(paths),
        "linear": linear(paths),
        "time_decay": time_decay(paths, 7),
        "position": position(paths),
        "shapley": shapley(paths),
    }
    touched = {name: share * values[paths.path] for name, share in shares.items()}
    touched["markov"] = markov(paths, values, CHANNELS)
    return {name: sum_by_channel(paths, credit, CHANNELS) for name, credit in touched.items()}


@given(journeys)
def test_every_model_sums_to_what_was_brought(drawn: list[tuple[list[tuple[int, float]], int, int]]) -> None:
    paths, values = paths_of(drawn)
    for name, credit in credited(paths, values).items():
        assert credit.sum() == pytest.approx(values.sum()), name
        assert (credit >= -1e-9).all(), name


@given(journeys, st.randoms())
def test_the_order_of_paths_does_not_matter(
    drawn: list[tuple[list[tuple[int, float]], int, int]], random: Random
) -> None:
    mixed = list(drawn)
    random.shuffle(mixed)
    before, after = credited(*paths_of(drawn)), credited(*paths_of(mixed))
    for name, credit in before.items():
        assert after[name] == pytest.approx(credit, rel=1e-6, abs=1e-6), name


@given(journeys)
def test_a_channel_without_a_deal_gets_nothing(drawn: list[tuple[list[tuple[int, float]], int, int]]) -> None:
    """Markov apart, in which leading to a channel that wins is worth something by itself."""
    paths, values = paths_of(drawn)
    winning = {channel for path, _count, value in drawn if value for channel, _day in path}
    for name, credit in credited(paths, values).items():
        if name != "markov":
            assert {number for number in range(CHANNELS) if credit[number] > 1e-9} <= winning, name


@given(journeys)
def test_one_by_one_is_together(drawn: list[tuple[list[tuple[int, float]], int, int]]) -> None:
    """A path that was gone three times is three paths."""
    paths, values = paths_of(drawn)
    apart, of_one = paths_of([(path, 1, 0) for path, count, _value in drawn for _time in range(count)])
    values_apart = np.repeat(values / paths.count, paths.count.astype(int))
    assert len(of_one) == len(values_apart)
    assert removal_effects(apart, values_apart, CHANNELS) == pytest.approx(removal_effects(paths, values, CHANNELS))


@given(journeys)
def test_removal_is_what_is_left_without_the_channel(
    drawn: list[tuple[list[tuple[int, float]], int, int]],
) -> None:
    """The short formula against taking each channel out and computing the chain again."""
    paths, values = paths_of(drawn)
    if values.sum() == 0:
        return
    whole = _worth(paths, values)
    expected = [1 - _worth(paths, values, without=channel) / whole for channel in range(CHANNELS)]
    assert removal_effects(paths, values, CHANNELS) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def _worth(paths: Paths, values: Numbers, without: int | None = None) -> float:
    steps, ends = np.zeros((CHANNELS + 1, CHANNELS + 1)), np.zeros((CHANNELS + 1, 2))
    for number in range(len(paths.count)):
        here = CHANNELS
        for channel in paths.channel[paths.path == number]:
            steps[here, channel] += paths.count[number]
            here = channel
        ends[here] += [paths.count[number], values[number]]
    total = steps.sum(axis=1) + ends[:, 0]
    total[total == 0] = 1
    chain, gain = steps / total[:, None], ends[:, 1] / total
    if without is not None:
        chain[:, without] = 0
    return float(np.linalg.solve(np.eye(CHANNELS + 1) - chain, gain)[CHANNELS])


@given(journeys)
def test_shapley_is_the_mean_over_all_orders(drawn: list[tuple[list[tuple[int, float]], int, int]]) -> None:
    paths, values = paths_of(drawn)
    sets = [{channel for channel, _day in path} for path, _count, _value in drawn]

    def worth(group: set[int]) -> float:
        return float(sum(value for channels, value in zip(sets, values, strict=True) if channels <= group))

    expected = np.zeros(CHANNELS)
    orders = list(permutations(range(CHANNELS)))
    for order in orders:
        for place, channel in enumerate(order):
            expected[channel] += worth({*order[: place + 1]}) - worth({*order[:place]})
    assert credited(paths, values)["shapley"] == pytest.approx(expected / len(orders))


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=30))
def test_parts_are_rounded_to_their_sum(parts: list[float]) -> None:
    exact = np.array(parts)
    total = round(float(exact.sum()))
    rounded = apportion(exact, total)
    assert int(rounded.sum()) == total
    assert (np.abs(rounded - exact) < 1.000_01).all()


def test_equal_remainders_go_to_the_first() -> None:
    assert apportion(np.array([33.333_333_333, 33.333_333_334, 33.333_333_333]), 100).tolist() == [34, 33, 33]


def test_parts_of_another_sum_are_refused() -> None:
    with pytest.raises(ValueError, match="do not sum up"):
        apportion(np.array([1.0, 2.0]), 9)
