"""Groups by the average of what all pairs say, and what people and vetoes forbid."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.match.cluster import FORBIDDEN, VETOED, group

APART = VETOED


def groups(pairs: dict[tuple[int, int], float], join_at: float = 0.0, together: tuple = ()) -> list[list[int]]:
    lefts, rights = [one for one, _ in pairs], [other for _, other in pairs]
    return group(lefts, rights, list(pairs.values()), join_at, -6.0, together)


def test_a_pair_is_joined_from_the_threshold_on() -> None:
    assert groups({(1, 2): 0.0, (3, 4): -0.1}) == [[1, 2]]


def test_one_strong_pair_makes_no_chain() -> None:
    # 3 is like 2 and unlike 1: on average it belongs to neither group of two.
    assert groups({(1, 2): 10, (2, 3): 5, (1, 3): -8}) == [[1, 2]]


def test_a_weak_pair_within_a_group_that_speaks_for_it_is_joined() -> None:
    assert groups({(1, 2): 10, (2, 3): 6, (1, 3): -2}) == [[1, 2, 3]]


def test_pairs_that_were_not_compared_count_as_unlike() -> None:
    assert groups({(1, 2): 10, (2, 3): 5}) == [[1, 2]]
    assert groups({(1, 2): 10, (2, 3): 7}) == [[1, 2, 3]]


def test_a_pair_that_is_kept_apart_is_in_no_group_together() -> None:
    found = groups({(1, 2): 20, (2, 3): 20, (1, 3): APART})
    assert found == [[1, 2]]


def test_what_people_put_together_stays_together_and_brings_its_own() -> None:
    assert groups({(1, 2): -20, (2, 3): 20, (1, 3): 1}, together=((1, 2),)) == [[1, 2, 3]]
    # Also without any pair that was compared.
    assert groups({(1, 2): 3}, together=((5, 9),)) == [[1, 2], [5, 9]]


def test_what_fits_one_of_those_that_people_put_together_fits_them_all() -> None:
    # 3 is plainly 1; that a person said that 2 is 1 as well does not drive it away, however different 2 looks.
    assert groups({(1, 2): VETOED, (1, 3): 9, (2, 3): VETOED}, together=((1, 2),)) == [[1, 2, 3]]
    # Unless a person said that 3 is not 2.
    assert groups({(1, 2): 5, (1, 3): 9, (2, 3): FORBIDDEN}, together=((1, 2),)) == [[1, 2]]


def test_the_best_pair_comes_first() -> None:
    # 2 fits both; it goes where it fits better, and the other stays alone.
    assert groups({(1, 2): 4, (2, 3): 5, (1, 3): APART}) == [[2, 3]]


weights = st.one_of(st.just(APART), st.integers(-10, 10).map(float))


@given(
    data=st.data(),
    values=st.dictionaries(
        st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]), weights, min_size=1
    ),
)
def test_any_pairs(data: st.DataObject, values: dict[tuple[int, int], float]) -> None:
    found = groups(values)
    shuffled = dict(data.draw(st.permutations(list(values.items()))))
    assert sorted(groups(shuffled)) == sorted(found)
    members = [record for each in found for record in each]
    assert len(members) == len(set(members))
    for each in found:
        assert each == sorted(each)
        assert not any(values.get(pair) == APART for pair in itertools.combinations(each, 2))
