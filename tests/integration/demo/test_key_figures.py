"""The marts of the demo company beside a second computation of their figures, and that the comparison can fail."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cockpit.demo.key_figures import FIGURES, _compared


@pytest.fixture(scope="module")
def key_figures(stack, cockpit) -> dict[str, dict]:
    result = cockpit("report", "--json")
    assert result.returncode == 0, result.stderr
    return {figure["figure"]: figure for figure in json.loads(result.stdout)["key_figures"]}


@pytest.mark.parametrize("figure", FIGURES)
def test_the_marts_agree_to_the_cent(key_figures, figure) -> None:
    found = key_figures[figure]
    assert found["value_count"] >= 30
    assert (found["difference_count"], found["differences"]) == (0, [])


def test_a_cent_is_a_difference_and_a_missing_zero_is_none() -> None:
    expected = pd.Series({("CN-SH", "2026-01"): 100, ("CN-SH", "2026-02"): 200, ("CN-BJ", "2026-01"): 0})
    found = pd.Series({("CN-SH", "2026-01"): 100.0, ("CN-SH", "2026-02"): 201.0, ("CN-GD", "2026-01"): 5.0})
    compared = _compared("figure", expected, found)
    assert (compared.value_count, compared.difference_count) == (3, 2)
    assert compared.differences == (
        "('CN-GD', '2026-01'): 0.000000, 5.000000",
        "('CN-SH', '2026-02'): 200.000000, 201.000000",
    )
