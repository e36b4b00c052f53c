from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.demo import bulk_copy
from cockpit.demo.statements import statement


@pytest.mark.parametrize(
    ("cents", "expected"),
    [(0, "0.00"), (1, "0.01"), (-1, "-0.01"), (-150, "-1.50"), (10**15 + 1, "10000000000000.01")],
)
def test_cents_are_exact(cents: int, expected: str) -> None:
    assert bulk_copy.cents(pd.Series([cents]), "") == [expected]


@given(st.integers(-(10**15), 10**15))
def test_cents_come_back(cents: int) -> None:
    (text,) = bulk_copy.cents(pd.Series([cents]), "")
    assert int(text.replace(".", "")) == cents


def test_null_is_written_as_null() -> None:
    assert bulk_copy.cents(pd.Series([None, 100.0]), "") == [r"\N", "1.00"]
    assert bulk_copy.text(pd.Series(["a", None], dtype=object), "") == ["a", r"\N"]
    assert bulk_copy.text(pd.Series(pd.Categorical(["a", None])), "") == ["a", r"\N"]
    assert bulk_copy.nullable_id(pd.Series([5, -1]), "") == ["5", r"\N"]


def test_text_is_escaped() -> None:
    assert bulk_copy.text(pd.Series(["a\tb\\c\nd"]), "") == [r"a\tb\\c\nd"]


def test_moment_keeps_the_zone() -> None:
    moments = pd.Series(np.array(["2026-11-18T15:30:00"], "M8[s]"))
    assert bulk_copy.moment(moments, "+08:00") == ["2026-11-18T15:30:00+08:00"]


def test_missing_times_are_null() -> None:
    moments = pd.Series(np.array(["2026-11-18T15:30:00", "NaT"], "M8[s]"))
    assert bulk_copy.moment(moments, "+08:00") == ["2026-11-18T15:30:00+08:00", r"\N"]
    assert bulk_copy.day(moments, "+08:00") == ["2026-11-18", r"\N"]


def test_truth_values() -> None:
    assert bulk_copy.boolean(pd.Series([True, False]), "") == ["t", "f"]


def test_parameters_of_sql_files() -> None:
    text = statement("simulate_deliver_orders")
    assert "%(delivered_at)s" in text
    assert "%% 1000000" in text
    assert ":" not in text
