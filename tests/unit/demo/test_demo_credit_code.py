from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.demo.credit_code import ALPHABET, check_character, is_valid, make_codes


@pytest.mark.parametrize("code", ["91440300708461136T", "91330100799655058B"])
def test_real_codes_are_valid(code: str) -> None:
    assert is_valid(code)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("91440300708461136U", id="wrong check character"),
        pytest.param("9144030070846113T", id="too short"),
        pytest.param("91440300708461136t", id="lower case"),
        pytest.param("9144030O708461136T", id="letter O"),
        pytest.param("", id="empty"),
    ],
)
def test_wrong_codes_are_not_valid(code: str) -> None:
    assert not is_valid(code)


def test_organisation_check_digit_is_that_of_a_real_code() -> None:
    # 708461136 is the organisation code within 91440300708461136T.
    assert make_codes(["440300"], np.array([70846113])) == ["91440300708461136T"]


@given(st.sets(st.integers(0, 10**8 - 1), min_size=1, max_size=50))
def test_made_codes_are_valid_and_distinct(serials: set[int]) -> None:
    codes = make_codes(["310115"] * len(serials), np.array(sorted(serials), dtype=np.int64))
    assert all(is_valid(code) for code in codes)
    assert len(set(codes)) == len(serials)


@given(st.text(ALPHABET, min_size=17, max_size=17), st.integers(0, 16), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(body: str, place: int, other: str) -> None:
    changed = body[:place] + other + body[place + 1 :]
    assert (check_character(changed) == check_character(body)) == (changed == body)
