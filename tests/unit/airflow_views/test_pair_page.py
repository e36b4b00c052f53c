"""What one side of a pair has and the other lacks is marked."""

from __future__ import annotations

import pytest

from cockpit_airflow.views.matching.asked import filter_of, query_of, sort_of
from cockpit_airflow.views.matching.matches_page import percent
from cockpit_airflow.views.matching.pair_page import marked


@pytest.mark.parametrize(
    ("text", "other", "parts"),
    [
        pytest.param(None, "甲", [], id="nothing"),
        pytest.param("甲", None, [("甲", False)], id="nothing to compare with"),
        pytest.param("甲", "甲", [("甲", False)], id="equal"),
        pytest.param("上海华东仪表", "华东仪表", [("上海", True), ("华东仪表", False)], id="a part more"),
        pytest.param("abc", "xyz", [("abc", True)], id="all of it"),
        pytest.param("+8613800138002", "+862488776655", [("+8613800138002", True)], id="hardly anything shared"),
        pytest.param("x" * 300, "x" * 299, [("x" * 300, False)], id="too long"),
    ],
)
def test_marks(text: str | None, other: str | None, parts: list[tuple[str, bool]]) -> None:
    assert marked(text, other) == parts


@pytest.mark.parametrize(
    ("score", "shown"),
    [(0.5, "50 %"), (0.97, "97 %"), (0.994, "99.4 %"), (0.99999, "99.9 %"), (1.0, "99.9 %"), (0.0, "0 %")],
)
def test_no_probability_looks_certain_that_is_not(score: float, shown: str) -> None:
    assert percent(score) == shown


def test_an_address_brings_the_same_queue_back() -> None:
    asked = {"tab": "vetoed", "source": "crm", "why": "differ:phone", "least": "0.9", "text": " 甲 ", "sort": "likely"}
    wanted = filter_of(asked)
    assert (wanted.is_vetoed, wanted.source, wanted.reason, wanted.least_score, wanted.text) == (
        True, "crm", ("differ", "phone"), 0.9, "甲",
    )  # fmt: skip
    assert sort_of(asked) == "likely"
    assert "left=crm%3A1" in query_of(asked, left="crm:1")


@pytest.mark.parametrize(
    "asked", [{"least": "x"}, {"least": "9" * 20}, {"why": "x:y"}, {"why": "veto:"}, {"sort": "x"}], ids=str
)
def test_what_makes_no_sense_narrows_nothing(asked: dict[str, str]) -> None:
    assert not filter_of(asked).is_narrowed
    assert sort_of(asked) == "stake"
