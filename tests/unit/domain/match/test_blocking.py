"""Candidates: who shares a key, what is refused, and that more records take no pair away."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.match.blocking import NONE, Block, candidates, combined, pairs_of


def block(name: str, keys: dict[int, list[int]]) -> Block:
    rows = [(record, key) for record, each in keys.items() for key in each]
    records, hashes = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    return Block(name, records, hashes.astype(np.uint64))


def found(blocks: list[Block], size: int, cap: int = 10, refused: dict | None = None) -> set[tuple[int, int]]:
    result = candidates(blocks, size, cap, refused or {})
    return set(zip(result.left.tolist(), result.right.tolist(), strict=True))


def test_who_shares_a_key_is_a_candidate_once() -> None:
    phone = block("phone", {0: [7], 1: [7], 2: [8], 3: [8], 4: []})
    name = block("name", {1: [1], 0: [1], 4: [1]})
    assert found([phone, name], 5) == {(0, 1), (2, 3), (0, 4), (1, 4)}


def test_a_record_with_several_keys_is_no_pair_with_itself() -> None:
    assert found([block("name", {0: [1, 2], 1: [1, 2]})], 2) == {(0, 1)}


def test_two_keys_together_need_both() -> None:
    name = block("name", {0: [1], 1: [1], 2: [1]})
    region = block("region", {0: [5], 1: [5], 2: [6]})
    assert found([combined("name + region", name, region)], 3) == {(0, 1)}


def test_a_key_that_too_many_share_is_refused_and_reported() -> None:
    everybody = block("phone", {record: [7] for record in range(5)} | {5: [8], 6: [8]})
    left, right, report = pairs_of(everybody, 4, NONE)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(5, 6)]
    assert report.refused.tolist() == [7]
    assert report.largest_refused == 5
    # What was refused once stays refused, however few have it.
    assert found([block("phone", {0: [7], 1: [7]})], 2, refused={"phone": report.refused}) == set()
    assert found([block("name", {0: [7], 1: [7]})], 2, refused={"phone": report.refused}) == {(0, 1)}


def test_no_keys_are_no_candidates() -> None:
    assert found([], 3) == set()
    assert found([block("name", {0: []})], 1) == set()


keys = st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 4), max_size=3, unique=True))


@given(some=keys, more=keys)
def test_more_records_take_no_pair_away(some: dict[int, list[int]], more: dict[int, list[int]]) -> None:
    # Records of `more` come after those of `some`.
    together = some | {record + 13: each for record, each in more.items()}
    assert found([block("name", some)], 26, cap=100) <= found([block("name", together)], 26, cap=100)
