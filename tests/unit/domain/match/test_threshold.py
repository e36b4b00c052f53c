"""Where joining begins for a stated precision."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import binomtest

from cockpit.domain.match.engine import MERGE, field_types, match
from cockpit.domain.match.rule import FieldRule, MatchRule, Proof
from cockpit.domain.match.threshold import answers_needed, find, least_of, lower_end, with_threshold
from tests.unit.domain.match.people import RULE, people

# Probabilities 0.999, 0.99, 0.9, 0.5, 0.1.
BITS = np.log2(np.array([0.999, 0.99, 0.9, 0.5, 0.1]) / np.array([0.001, 0.01, 0.1, 0.5, 0.9]))


@pytest.mark.parametrize(
    ("precision", "place", "expected"),
    [
        pytest.param(0.9995, None, 1.0, id="none is that sure"),
        pytest.param(0.995, 0, 0.999, id="the surest"),
        pytest.param(0.99, 1, 0.9945, id="two"),
        pytest.param(0.95, 2, 0.963, id="three"),
        pytest.param(0.8, 3, 0.84725, id="four"),
        pytest.param(0.6, 4, 0.6978, id="all"),
    ],
)
def test_the_mean_probability_of_what_is_joined_reaches_the_precision(
    precision: float, place: int | None, expected: float
) -> None:
    found = find(BITS[::-1], precision)
    if place is None:
        assert (found.weight, found.pair_count) == (BITS.max() + 1, 0)
    else:
        assert (found.weight, found.pair_count) == (pytest.approx(BITS[place]), place + 1)
    assert found.precision == pytest.approx(expected, abs=1e-4)
    assert found.found_by == "model"


def test_equal_weights_are_joined_together_or_not_at_all() -> None:
    found = find(np.array([8.0, 0.0, 0.0]), 0.7)
    assert (found.weight, found.pair_count) == (8.0, 1)


def test_no_pairs_no_threshold_that_joins() -> None:
    assert find(np.empty(0), 0.9).weight == 1.0


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=40), st.floats(0.51, 0.99), st.floats(0.51, 0.99))
def test_more_precision_never_joins_more(weights: list[float], one: float, other: float) -> None:
    loose, strict = (find(np.array(weights), each) for each in sorted((one, other)))
    assert strict.weight >= loose.weight
    assert strict.pair_count <= loose.pair_count


def test_what_the_rule_asks_as_proof_is_not_talked_away() -> None:
    rule = MatchRule(
        fields={"name": FieldRule(type="text"), "phone": FieldRule(type="phone")},
        proof=Proof(field="name", sure=("same",), by=("phone",), at_most=-1.0),
    )
    without_proof = np.full(10, -1.0)
    found = find(np.append(without_proof, np.full(1000, 10.0)), 0.6, least=least_of(rule))
    assert found.weight == 10.0
    assert find(np.append(without_proof, np.full(1000, 10.0)), 0.6, least=least_of(RULE)).weight == -1.0


def test_enough_answers_decide_by_the_lower_end_of_the_interval() -> None:
    assert answers_needed(0.95) == 59
    answered = np.linspace(6, 0, 1200)
    # All of the surer half are right, two thirds of the others.
    is_same = (answered >= 3) | (np.arange(1200) % 3 > 0)
    found = find(answered, 0.95, answered=answered, is_same=is_same)
    assert found.found_by == "answers"
    chosen = answered >= found.weight
    interval = binomtest(int(is_same[chosen].sum()), int(chosen.sum())).proportion_ci(0.9)
    assert found.precision == pytest.approx(interval.low)
    assert found.precision >= 0.95
    assert 2.2 < found.weight < 3
    # Forty cannot prove it, so that the model is asked.
    assert find(answered, 0.95, answered=answered[:40], is_same=is_same[:40]).found_by == "model"


def test_answers_that_say_otherwise_join_nothing() -> None:
    answered = np.linspace(6, 0, 200)
    found = find(answered, 0.95, answered=answered, is_same=np.arange(200) % 2 == 0)
    assert (found.weight, found.pair_count, found.found_by) == (7.0, 0, "answers")


@pytest.mark.parametrize(("right", "count"), [(0, 5), (5, 5), (99, 100), (1, 1)], ids=str)
def test_lower_end_is_that_of_clopper_and_pearson(right: int, count: int) -> None:
    found = lower_end(np.array([right]), np.array([count]))[0]
    assert found == pytest.approx(binomtest(right, count).proportion_ci(0.9).low, abs=1e-9)


def test_a_rule_states_a_precision_or_odds() -> None:
    content = RULE.model_dump(exclude_unset=True)
    with pytest.raises(ValidationError, match="say the same"):
        MatchRule(**content, precision=0.99, merge_at=2.0)
    assert MatchRule(**content, precision=0.99).precision == 0.99


@pytest.fixture(scope="module")
def listed() -> tuple[pd.DataFrame, list[str]]:
    return people(300, 120)


def test_the_threshold_is_found_with_the_model_and_stays_with_it(listed: tuple[pd.DataFrame, list[str]]) -> None:
    frame, truth = listed
    types = field_types(None)
    plain = match(frame, RULE, types)
    assert plain.model.merge_at is None
    rule = RULE.model_copy(update={"precision": 0.9999})
    found = match(frame, rule, types)
    assert found.model.merge_at is not None
    assert with_threshold(rule, found.model).merge_at == found.model.merge_at
    joined = found.outcome == MERGE
    right = [truth[left] == truth[other] for left, other in zip(found.left[joined], found.right[joined], strict=True)]
    assert np.mean(right) > 0.99
    again = match(frame.iloc[::-1], rule, types, found.model)
    assert (again.model, sorted(again.weight[again.outcome == MERGE])) == (
        found.model,
        pytest.approx(sorted(found.weight[joined])),
    )
