"""What a model learns from people's answers: nothing from few, a wrong weight from many, and only what holds outside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.domain.match.fields.values import MISSING
from cockpit.domain.match.model import ComparisonModel, MatchModel, Places, Related
from cockpit.domain.match.supervise import Answers, Pairs, calibration_error, fitted, supervise

LEVELS = ("same", "similar", "different")
# Shares of the levels among pairs of one thing and of two, as they truly are; three pairs in ten are one thing.
TRUE = {
    "name": ([0.80, 0.15, 0.05], [0.05, 0.20, 0.75]),
    "phone": ([0.70, 0.05, 0.25], [0.20, 0.05, 0.75]),
    "street": ([0.60, 0.20, 0.20], [0.10, 0.20, 0.70]),
}
SHARE = 0.3


def model_of(shares: dict[str, tuple[list[float], list[float]]]) -> MatchModel:
    comparisons = tuple(
        ComparisonModel(name, LEVELS, np.array(same), np.array(different)) for name, (same, different) in shares.items()
    )
    places = Places((), np.empty(0, dtype=np.int64), np.zeros((2, 0)))
    return MatchModel(comparisons, SHARE, (), places, is_exhaustive=False, refused={})


RIGHT = model_of(TRUE)
# Believes that two things hardly ever share a telephone, as where book-keeping agents give theirs.
WRONG = model_of({**TRUE, "phone": ([0.70, 0.05, 0.25], [0.005, 0.005, 0.99])})
WITH_KIN = replace(
    WRONG,
    related=(Related(("name",), 0.1, tuple(np.array(each) for each in ([0.1, 0.2, 0.7], *(TRUE[n][0] for n in ("phone", "street"))))),),
    places=Places((), np.empty(0, dtype=np.int64), np.zeros((3, 0))),
)  # fmt: skip


def pairs_of(levels: np.ndarray) -> Pairs:
    """No value is known, so that none is rarer than others."""
    return Pairs(levels, tuple(np.zeros(len(levels), dtype=np.uint64) for _name in TRUE))


def draw(count: int, seed: int) -> tuple[Pairs, np.ndarray]:
    """Pairs and whether they are one thing."""
    random = np.random.default_rng(seed)
    is_same = random.random(count) < SHARE
    columns = [
        np.where(is_same, random.choice(3, count, p=same), random.choice(3, count, p=different))
        for same, different in TRUE.values()
    ]
    levels = np.stack(columns, axis=1).astype(np.int8)
    levels[random.random(levels.shape) < 0.1] = MISSING
    return pairs_of(levels), is_same


def asked(model: MatchModel, count: int, seed: int = 1) -> Answers:
    """Answers about pairs that a model is not sure of."""
    pairs, is_same = draw(40 * count, seed)
    weight = model.weigh(pairs.levels, pairs.agreed)
    chosen = np.flatnonzero((weight > -4) & (weight < 6))[:count]
    return Answers(pairs.take(chosen), is_same[chosen], np.ones(count), np.arange(count))


NONE_JOINED = pairs_of(np.empty((0, 3), dtype=np.int8))


def weights(model: MatchModel, pairs: Pairs) -> np.ndarray:
    return model.weigh(pairs.levels, pairs.agreed)


@pytest.mark.parametrize("count", [0, 5, 19], ids=str)
def test_few_answers_leave_the_model_as_it_is(count: int) -> None:
    found = supervise(WRONG, asked(WRONG, count), NONE_JOINED)
    assert (found.is_kept, found.before) == (False, None)
    assert found.model == WRONG
    assert found.model.version == WRONG.version


def test_answers_of_one_kind_are_not_learnt_from() -> None:
    answers = asked(WRONG, 200)
    same = replace(answers, is_same=np.ones(200, dtype=bool))
    assert not supervise(WRONG, same, NONE_JOINED).is_kept


def test_five_answers_hardly_move_the_likeliest_model_and_a_thousand_do() -> None:
    pairs = draw(2000, 9)[0]
    moved = [
        np.abs(weights(fitted(WRONG, asked(WRONG, count), NONE_JOINED), pairs) - weights(WRONG, pairs)).max()
        for count in (0, 5, 1000)
    ]
    assert moved[0] == pytest.approx(0, abs=1e-4)
    assert moved[1] < 1.5
    assert moved[2] > 3


def test_a_wrong_weight_is_corrected_by_two_hundred_answers() -> None:
    found = supervise(WRONG, asked(WRONG, 200), NONE_JOINED)
    assert found.is_kept
    assert (found.same_count + found.different_count) == 200
    assert found.before is not None
    assert found.after is not None
    assert found.after.log_loss < found.before.log_loss * 0.6
    assert found.after.calibration_error < found.before.calibration_error / 2
    # The telephone says less than was believed; the others are about as right as they were.
    name, phone, street = found.model.factors
    assert phone < 0.7 < min(name, street)
    # Also for pairs that nobody was asked about.
    errors = population_errors(WRONG, found.model)
    assert errors[1] < errors[0] / 2


def test_so_it_is_where_there_are_related_records() -> None:
    found = supervise(WITH_KIN, asked(WITH_KIN, 1000), NONE_JOINED)
    assert found.is_kept
    assert found.model.factors[1] < 0.8
    errors = population_errors(WITH_KIN, found.model)
    assert errors[1] < errors[0]


def population_errors(*models: MatchModel) -> list[float]:
    pairs, is_same = draw(20_000, 5)
    return [
        calibration_error(1 / (1 + np.exp2(-weights(each, pairs))), is_same, np.ones(len(is_same))) for each in models
    ]


def test_a_right_model_stays() -> None:
    kept = [supervise(RIGHT, asked(RIGHT, 200, seed), NONE_JOINED).is_kept for seed in range(8)]
    assert not any(kept)


def test_complaints_about_joined_pairs_are_seen_beside_those_that_nobody_contradicts() -> None:
    """Ten of two thousand joined pairs are said to be wrong: that is no reason to believe the others less."""
    levels = np.zeros((2000, 3), dtype=np.int8)
    quiet = asked(RIGHT, 200)
    wrong = pairs_of(levels[:10])
    answers = Answers(
        Pairs(
            np.concatenate([quiet.pairs.levels, wrong.levels]),
            tuple(np.concatenate(each) for each in zip(quiet.pairs.agreed, wrong.agreed, strict=True)),
        ),
        np.append(quiet.is_same, np.zeros(10, dtype=bool)),
        np.ones(210),
        np.arange(210),
    )
    alone = weights(fitted(RIGHT, answers, NONE_JOINED), wrong)[0]
    beside = weights(fitted(RIGHT, answers, pairs_of(levels)), wrong)[0]
    before = weights(RIGHT, wrong)[0]
    assert alone < before - 2
    assert abs(beside - before) < 1


def test_a_decision_about_many_pairs_counts_once() -> None:
    answers = asked(WRONG, 60)
    repeated = np.repeat(np.arange(60), 7)
    many = Answers(answers.pairs.take(repeated), answers.is_same[repeated], np.full(420, 1 / 7), repeated)
    once, often = fitted(WRONG, answers, NONE_JOINED), fitted(WRONG, many, NONE_JOINED)
    assert often.factors == pytest.approx(once.factors, abs=1e-3)
    assert supervise(WRONG, many, NONE_JOINED).is_kept == supervise(WRONG, answers, NONE_JOINED).is_kept


def test_the_order_of_answers_says_nothing() -> None:
    answers = asked(WRONG, 200)
    order = np.random.default_rng(2).permutation(200)
    shuffled = Answers(answers.pairs.take(order), answers.is_same[order], answers.weight[order], answers.group[order])
    one, other = (fitted(WRONG, each, NONE_JOINED) for each in (answers, shuffled))
    assert other.factors == pytest.approx(one.factors, abs=1e-4)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(0, 60), st.sampled_from([RIGHT, WRONG]))
def test_what_is_less_alike_never_counts_more(seed: int, count: int, model: MatchModel) -> None:
    """Whatever people answer."""
    pairs = draw(count, seed)[0]
    said = np.random.default_rng(seed).random(count) < 0.5
    learnt = fitted(model, Answers(pairs, said, np.ones(count), np.arange(count)), NONE_JOINED)
    for column in range(3):
        levels = np.ones((3, 3), dtype=np.int8)
        levels[:, column] = (0, 1, 2)
        found = weights(learnt, pairs_of(levels))
        assert found[0] >= found[1] - 1e-9
        assert found[1] >= found[2] - 1e-9


def test_factors_and_offset_are_kept_with_the_model_and_make_another_version() -> None:
    learnt = replace(WITH_KIN, factors=(0.5, 0.25, 2.0), offset=-1.5, merge_at=2.25)
    again = MatchModel.from_json(learnt.to_json())
    assert (again.factors, again.offset, again.merge_at) == ((0.5, 0.25, 2.0), -1.5, 2.25)
    assert again.version == learnt.version
    assert len({each.version for each in (WITH_KIN, learnt, replace(WITH_KIN, merge_at=0.0))}) == 3
    pairs = draw(500, 3)[0]
    assert weights(again, pairs) == pytest.approx(weights(learnt, pairs))
    # What is explained is what is weighed.
    parts = WRONG.contributions(pairs.levels, pairs.agreed)
    corrected = replace(WRONG, factors=(0.5, 0.25, 2.0), offset=-1.5)
    said = corrected.contributions(pairs.levels, pairs.agreed)
    assert said == pytest.approx(parts * np.array([0.5, 0.25, 2.0]))
    prior = np.log2(SHARE / (1 - SHARE))
    assert weights(corrected, pairs) == pytest.approx(prior - 1.5 + said.sum(axis=1))


def test_calibration_error() -> None:
    probability = np.repeat([0.1, 0.9], 100)
    right = np.concatenate([np.arange(100) < 10, np.arange(100) < 90])
    assert calibration_error(probability, right, np.ones(200)) < 0.1
    assert calibration_error(probability, ~right, np.ones(200)) == pytest.approx(0.8)
