"""Records that say the same in every field are found at once, however many there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.match.identical import first_equal

_ = -1


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param([[0, 1, 0, 1], [2, 2, 2, 2]], [0, 1, 0, 1], id="two things"),
        pytest.param([[0, 0, 0], [0, 1, 0]], [0, 1, 0], id="one field differs"),
        pytest.param([[0, 0, 0], [_, 0, _]], [0, 1, 0], id="nothing is not a value"),
        pytest.param([[_, _, _], [_, _, _]], [0, 1, 2], id="who says nothing is like nobody"),
        pytest.param([[0], [0]], [0], id="one record"),
        pytest.param([[], []], [], id="no record"),
        pytest.param([], [], id="no field"),
    ],
)
def test_equal_records(columns: list[list[int]], expected: list[int]) -> None:
    assert first_equal([np.array(column, dtype=np.int32) for column in columns], len(expected)).tolist() == expected


def test_some_are_left_apart() -> None:
    column = np.array([0, 0, 0, 1, 1], dtype=np.int32)
    assert first_equal([column], 5, fewest=3).tolist() == [0, 0, 0, 3, 4]
    assert first_equal([column], 5, apart=np.array([0, 4])).tolist() == [0, 1, 1, 3, 4]
    assert first_equal([column], 5, fewest=3, apart=np.array([1])).tolist() == [0, 1, 2, 3, 4]


@given(st.lists(st.tuples(*[st.integers(-1, 2)] * 3), max_size=40))
def test_it_is_the_first_with_the_same_values(records: list[tuple[int, ...]]) -> None:
    columns = [np.array([record[place] for record in records], dtype=np.int32) for place in range(3)]
    expected = [place if set(record) == {_} else records.index(record) for place, record in enumerate(records)]
    assert first_equal(columns, len(records)).tolist() == expected


def test_many_wide_columns_do_not_overflow() -> None:
    # Eight columns of 200,000 values each: their product is far beyond 64 bits.
    column = np.arange(200_000, dtype=np.int32)
    twice = [np.tile(column, 2)] * 8
    assert (first_equal(twice, 400_000) == np.tile(np.arange(200_000), 2)).all()
