"""One value per field, by the rule's criteria, and the reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.key_reuse import is_somebody_else
from cockpit.domain.survive import Candidate, Criterion, Survivor, survive

DAY = datetime(2026, 3, 5, tzinfo=UTC)
EVERYTHING: tuple[Criterion, ...] = ("given", "valid", "trust", "recency", "completeness")


def candidate(key: str, value: str | None, **more: Any) -> Candidate:
    return Candidate("erp", key, value, **{"dated": DAY, **more})


@pytest.mark.parametrize(
    ("records", "key", "reason"),
    [
        pytest.param([candidate("1", "A"), candidate("2", None)], "1", "only", id="the only one that says something"),
        pytest.param([candidate("1", "A", is_given=False), candidate("2", "B", trust=9)], "2", "given", id="said before found"),
        pytest.param([candidate("1", "A", is_valid=False), candidate("2", "B", trust=9)], "2", "valid", id="valid before trusted"),
        pytest.param([candidate("1", "A", trust=3), candidate("2", "B", trust=1, dated=None)], "2", "trust", id="trusted before new"),
        pytest.param([candidate("1", "A", dated=None), candidate("2", "B", filled=0)], "2", "recency", id="a date before none"),
        pytest.param([candidate("1", "A", filled=2), candidate("2", "B", filled=3)], "2", "completeness", id="the fuller record"),
        pytest.param([candidate("2", "B"), candidate("1", "A")], "1", "order", id="nothing but the key"),
    ],
)  # fmt: skip
def test_the_first_criterion_that_differs_decides(records: list[Candidate], key: str, reason: str) -> None:
    found = survive(records, EVERYTHING)
    assert (found.source_key, found.reason) == (key, reason)


def test_the_rule_says_which_criterion_is_first() -> None:
    records = [candidate("1", "A", trust=1, dated=None), candidate("2", "B", trust=9)]
    assert survive(records, ("trust", "recency")).value == "A"
    assert survive(records, ("recency", "trust")).value == "B"


def test_a_pin_stands_above_all() -> None:
    assert survive([candidate("1", "A")], EVERYTHING, ["B"]) == Survivor("B", reason="pin")
    assert survive([candidate("1", "A")], EVERYTHING, [None]) == Survivor(None, reason="pin")


def test_nobody_says_anything() -> None:
    assert survive([candidate("1", None)], EVERYTHING) == survive([], EVERYTHING) == Survivor(None)


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.booleans(), st.booleans(), st.integers(1, 3)), max_size=5),
    st.randoms(),
)
def test_the_order_of_records_says_nothing(values: Sequence[Any], random: Any) -> None:
    records = [
        candidate(str(key), value, is_given=one, is_valid=two, trust=three)
        for key, (value, one, two, three) in enumerate(values)
    ]
    shuffled = random.sample(records, len(records))
    assert survive(records, EVERYTHING) == survive(shuffled, EVERYTHING)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(
            ["华东仪表有限公司", "91A", "1"], ["北方阀门有限公司", "91B", "2"], True, id="everything is another"
        ),
        pytest.param(["华东仪表有限公司", "91A", "1"], ["北方阀门有限公司", "91B", "1"], False, id="one thing stayed"),
        pytest.param(
            ["华东仪表有限公司", "91A", "1"], ["华东智能仪表有限公司", "91B", "2"], False, id="much of the name stayed"
        ),
        pytest.param(
            ["华东仪表有限公司", None, None],
            ["北方阀门有限公司", "91B", "2"],
            False,
            id="one value may be a correction",
        ),
        pytest.param(["华东仪表有限公司", None, "1"], ["北方阀门有限公司", "91B", "2"], True, id="two may not"),
        pytest.param(["华东仪表有限公司", "91A", "1"], [None, None, None], False, id="emptied"),
    ],
)
def test_a_key_that_was_used_again(before: list[str | None], now: list[str | None], expected: bool) -> None:
    assert is_somebody_else(before, now, name_at=0, other_name_below=0.6) is expected
