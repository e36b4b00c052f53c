"""What each block rule brings of the pairs that truly are one, counted pair by pair."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from cockpit.domain.match.block_recall import block_recall
from cockpit.domain.match.engine import field_types, match
from tests.unit.domain.match.people import RULE, people

_BLOCKED = RULE.model_copy(update={"blocks": (("email.exact",), ("born.exact",)), "exhaustive_pairs": 0})


def test_shares_are_those_of_a_count_by_hand() -> None:
    frame, truth = people(250, 60)
    types = field_types(None)
    matched = match(frame, _BLOCKED, types)
    labels = pd.factorize(pd.Series(truth))[0].astype(np.int64)
    recall = block_recall(frame, _BLOCKED, types, matched, np.arange(len(frame)), labels)
    true = [pair for pair in itertools.combinations(range(len(frame)), 2) if truth[pair[0]] == truth[pair[1]]]
    brought = {
        (min(one, other), max(one, other))
        for one, other in zip(matched.left.tolist(), matched.right.tolist(), strict=True)
    }
    assert recall.together == sum(pair in brought for pair in true) / len(true)
    born = frame["born"].tolist()
    assert recall.by_block["born.exact"] == sum(
        born[one] is not None and born[one] == born[other] for one, other in true
    ) / len(true)
    assert 0 < recall.by_block["email.exact"] < recall.together


def test_records_of_which_nothing_is_known_do_not_count() -> None:
    frame, _truth = people(250, 60)
    types = field_types(None)
    matched = match(frame, _BLOCKED, types)
    recall = block_recall(frame, _BLOCKED, types, matched, np.array([0]), np.array([0]))
    assert (recall.by_block, recall.together) == ({"email.exact": 1.0, "born.exact": 1.0}, 1.0)


def test_comparing_all_brings_all() -> None:
    frame, _truth = people(50, 10)
    types = field_types(None)
    matched = match(frame, RULE, types)
    recall = block_recall(frame, RULE, types, matched, np.arange(len(frame)), np.zeros(len(frame), dtype=np.int64))
    assert (recall.by_block, recall.together) == ({"all": 1.0}, 1.0)
