"""health/opportunity.yml and quadrant.yml: the company's own are right, and what is wrong is said with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.health import load_health
from cockpit.rulebook.quadrant import load_quadrant
from cockpit.rulebook.workspace import REPOSITORY

RULES = REPOSITORY / "include" / "rules"


def changed(file: Path, target: Path, before: str, after: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert before in text
    target.write_text(text.replace(before, after, 1), encoding="utf-8")
    return target


def test_every_measure_has_a_band_for_every_value() -> None:
    health = load_health(RULES / "health")
    bands = json.loads(str(health.parameters()["health_bands"]))
    measures = {signal.measure for signal in health.signals}
    assert {band["measure"] for band in bands if band["is_unknown"]} == measures
    assert {band["measure"] for band in bands if not band["is_unknown"] and band["up_to"] is None} == measures


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        pytest.param("weight: 30", "weight: 40", "add up to 110, not to 100", id="weights"),
        pytest.param("measure: days_overdue", "measure: overdue", r":\d+: .*days_overdue", id="no such measure"),
        pytest.param(
            "measure: days_overdue", "measure: competitor_count", "competitor_count is used twice", id="twice"
        ),
        pytest.param("up_to: 7", "up_to: 14", "do not rise", id="bands do not rise"),
        pytest.param("- {lost: 30,", "- {up_to: 90, lost: 30,", "last band has no", id="values without a band"),
        pytest.param("- {up_to: 7}", "- {up_to: 7, lost: 5}", "need code, reason", id="points without a reason"),
        pytest.param("lost: 30,", "lost: 31,", "31 points, more than the weight", id="more than the weight"),
        pytest.param("watch: 50", "watch: 75", "not below 'good'", id="grades"),
        pytest.param("codes: [budget_unknown,", "codes: [budget,", "no band has the code budget", id="code"),
    ],
)
def test_what_is_wrong_with_health_is_said_with_its_line(tmp_path: Path, before: str, after: str, message: str) -> None:
    changed(RULES / "health" / "opportunity.yml", tmp_path / "opportunity.yml", before, after)
    with pytest.raises(RuleFileError, match=message) as found:
        load_health(tmp_path)
    assert "opportunity.yml:" in str(found.value)


def test_a_threshold_is_the_median_or_a_number(tmp_path: Path) -> None:
    file = RULES / "quadrant.yml"
    assert load_quadrant(file).parameters()["quadrant_result_from"] == -1
    fixed = changed(file, tmp_path / "q.yml", "signed_amount, threshold: median", "signed_amount, threshold: 500000")
    assert load_quadrant(fixed).parameters()["quadrant_result_from"] == 500000


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("months: 6", "months: 0", id="no month"),
        pytest.param("contact_minutes, threshold", "signed_amount, threshold", id="a result is no activity"),
        pytest.param("signed_amount, threshold: median", "signed_amount, threshold: -5", id="below zero"),
        pytest.param("peers: business_unit", "peers: floor", id="no such level"),
        pytest.param("roles: [rep]", "roles: []", id="nobody"),
        pytest.param("  inactive:", "  idle:", id="no such quadrant"),
    ],
)
def test_what_is_wrong_with_quadrants_is_said_with_its_line(tmp_path: Path, before: str, after: str) -> None:
    file = changed(RULES / "quadrant.yml", tmp_path / "quadrant.yml", before, after)
    with pytest.raises(RuleFileError, match=r"quadrant\.yml:\d+"):
        load_quadrant(file)
