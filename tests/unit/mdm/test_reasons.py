"""What matching wrote beside a pair, as people read it."""

from __future__ import annotations

import pytest

from cockpit.mdm.reasons import Comparison, Reasons, Says, read_reasons
from cockpit.mdm.words import level, strength

WRITTEN = {
    "total": 3.5,
    "veto": "branch_and_parent",
    "comparisons": [
        {"name": "phone", "left": "1", "right": None, "level": None, "weight": 0.0},
        {"name": "name", "left": "甲", "right": "乙", "level": "short name", "weight": 3.0},
        {"name": "region", "left": "x", "right": "y", "level": "different", "weight": -4.5},
    ],
}


def test_everything_is_read() -> None:
    found = read_reasons(WRITTEN)
    assert (found.total, found.veto, len(found.comparisons)) == (3.5, "branch_and_parent", 3)
    assert found.comparisons[1] == Comparison("name", "甲", "乙", "short name", 3.0)
    assert [each.name for each in found.by_strength()] == ["region", "name", "phone"]
    # What no field says by itself.
    assert found.rest == 5.0


@pytest.mark.parametrize("content", [None, {}], ids=["null", "empty"])
def test_nothing_written_is_nothing_found(content: dict[str, object] | None) -> None:
    assert read_reasons(content) == Reasons(None, None, ())
    assert read_reasons(content).rest == 0.0


@pytest.mark.parametrize(
    ("found_level", "weight", "says"),
    [
        pytest.param("exact", 3.0, "for", id="for"),
        pytest.param("different", -3.0, "against", id="against"),
        pytest.param("exact", 0.2, "little", id="little"),
        pytest.param(None, 0.0, "nothing", id="missing"),
    ],
)
def test_a_comparison_points_one_way(found_level: str | None, weight: float, says: Says) -> None:
    assert Comparison("name", "a", "b", found_level, weight).says == says


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (8, "strongly for"),
        (2, "for"),
        (1, "weakly for"),
        (0.1, "says little"),
        (-1, "weakly against"),
        (-9, "strongly against"),
    ],
)
def test_bits_in_words(weight: float, words: str) -> None:
    assert strength(weight) == words


def test_a_level_that_nobody_translated_is_shown_as_it_is() -> None:
    assert (level("exact"), level("brand new"), level(None)) == ("equal", "brand new", "missing on a side")
