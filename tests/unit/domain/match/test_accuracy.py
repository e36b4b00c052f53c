"""How well groups agree with the truth, on rows that can be counted by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.match.accuracy import Accuracy, measure


@pytest.mark.parametrize(
    ("truth", "found", "pairs", "precision", "recall", "f1", "b_precision", "b_recall"),
    [
        # truth, found, (found, true, right) pairs, precision, recall, F1, B-cubed precision and recall
        pytest.param("aabbc", "11223", (2, 2, 2), 1, 1, 1, 1, 1, id="all right"),
        pytest.param("aabbc", "12345", (0, 2, 0), 1, 0, 0, 1, 3 / 5, id="nothing found"),
        pytest.param("aabbc", "11111", (10, 2, 2), 1 / 5, 1, 1 / 3, (2 + 2 + 2 + 2 + 1) / 25, 1, id="all in one group"),
        # Bagga and Baldwin's kind of example: one record of b went to a.
        pytest.param(
            "aaabb", "11112", (6, 4, 3), 1 / 2, 3 / 4, 3 / 5, (3 * 3 / 4 + 1 / 4 + 1) / 5, (3 * 1 + 1 / 2 + 1 / 2) / 5,
            id="one record too many",
        ),
        pytest.param("aaaa", "1122", (2, 6, 2), 1, 1 / 3, 1 / 2, 1, 1 / 2, id="one thing in two groups"),
        pytest.param("abcd", "1234", (0, 0, 0), 1, 1, 1, 1, 1, id="nothing to find"),
        pytest.param("", "", (0, 0, 0), 1, 1, 1, 1, 1, id="no records"),
    ],
)  # fmt: skip
def test_measures(
    truth: str,
    found: str,
    pairs: tuple[int, int, int],
    precision: float,
    recall: float,
    f1: float,
    b_precision: float,
    b_recall: float,
) -> None:
    accuracy = measure(list(truth), list(found))
    assert (accuracy.found_pair_count, accuracy.true_pair_count, accuracy.right_pair_count) == pairs
    assert accuracy.record_count == len(truth)
    assert (accuracy.precision, accuracy.recall, accuracy.f1) == pytest.approx((precision, recall, f1))
    assert (accuracy.b_cubed_precision, accuracy.b_cubed_recall) == pytest.approx((b_precision, b_recall))
    assert accuracy.b_cubed == pytest.approx(2 * b_precision * b_recall / (b_precision + b_recall))


def counted(truth: Sequence[int], found: Sequence[int]) -> Accuracy:
    """The definitions, pair by pair and record by record."""
    places = range(len(truth))
    pairs = [(one, other) for one in places for other in places if one < other]
    one_group = {pair for pair in pairs if found[pair[0]] == found[pair[1]]}
    one_thing = {pair for pair in pairs if truth[pair[0]] == truth[pair[1]]}
    precisions, recalls = [], []
    for record in places:
        group = {each for each in places if found[each] == found[record]}
        thing = {each for each in places if truth[each] == truth[record]}
        precisions.append(len(group & thing) / len(group))
        recalls.append(len(group & thing) / len(thing))
    return Accuracy(
        len(truth),
        len(one_group),
        len(one_thing),
        len(one_group & one_thing),
        sum(precisions) / len(truth),
        sum(recalls) / len(truth),
    )


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_it_counts_what_the_definitions_say(records: list[tuple[int, int]]) -> None:
    truth, found = [one for one, _other in records], [other for _one, other in records]
    ours, theirs = measure(truth, found), counted(truth, found)
    assert (ours.found_pair_count, ours.true_pair_count, ours.right_pair_count) == (
        theirs.found_pair_count, theirs.true_pair_count, theirs.right_pair_count,
    )  # fmt: skip
    assert ours.b_cubed_precision == pytest.approx(theirs.b_cubed_precision)
    assert ours.b_cubed_recall == pytest.approx(theirs.b_cubed_recall)
