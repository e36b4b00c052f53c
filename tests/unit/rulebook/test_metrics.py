"""Files of metrics: read, and refused with file and line when they do not fit."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.metrics import load_metrics

FILE = """
    version: 1
    metrics:
      - id: won
        name: Won
        name_zh: 赢单
        description: Deals that were won
        description_zh: 赢单数
        mart: mart_deal
        kind: additive
        formula: count(*) filter (where is_won)
        unit: deals
        format: number
        direction: up
        owner: sales
      - id: win_rate
        name: Win rate
        name_zh: 赢单率
        description: Won by closed
        description_zh: 赢单 ÷ 关闭
        kind: ratio
        numerator: won
        denominator: closed
        when_zero: 0
        unit: ratio
        format: percent
        direction: up
        owner: sales
"""


def load(folder: Path, text: str, name: str = "deals.yml") -> list[str]:
    (folder / name).write_text(dedent(text), encoding="utf-8")
    return [placed.metric.id for placed in load_metrics(folder).metrics]


def test_a_metric_knows_where_its_keys_stand(tmp_path: Path) -> None:
    assert load(tmp_path, FILE) == ["won", "win_rate"]
    won, win_rate = load_metrics(tmp_path).metrics
    assert won.place() == f"{tmp_path / 'deals.yml'}:4"
    assert won.place("formula").endswith(":11")
    assert win_rate.place("denominator").endswith(":23")
    # A key that is not written stands where the metric begins.
    assert win_rate.place("mart").endswith(":16")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("formula: count(*) filter (where is_won)\n", "\n", 10, "'kind: additive' needs formula"),
        ("numerator: won\n", "\n", 21, "'kind: ratio' needs numerator, denominator"),
        ("numerator: won", "formula: won", 22, "'kind: ratio' needs numerator, denominator"),
        ("kind: additive", "kind: additive\n        numerator: a", 11, "'kind: additive' needs formula"),
        ("kind: additive", "kind: sum", 10, "has a value that is not known .* 'additive', 'ratio', 'statistic'"),
        ("kind: additive", "kind: additive\n        when_zero: 0", 11, "is for 'kind: ratio'"),
        ("kind: additive", "kind: column\n        where: is_won", 11, "is not for 'kind: column'"),
        ("kind: additive", "kind: column\n        month: won_month", 11, "is not for 'kind: column'"),
        ("format: number", "format: currency\n        decimals: 2", 14, "is not for 'format: currency'"),
        ("format: number", "format: euro", 13, "has a value that is not known"),
        (
            "direction: up\n        owner: sales\n      -",
            "direction: good\n        owner: sales\n      -",
            14,
            "not known",
        ),
        ("unit: deals\n", "\n", 4, "unit: is missing"),
        ("unit: deals", "units: deals", 12, "is not a known key"),
        ("name_zh: 赢单\n", "\n", 4, "name_zh: is missing"),
        ("id: win_rate", "id: won", 16, "another metric has this id .*See .*deals.yml:4"),
        ("id: win_rate", "id: Win-rate", 16, "is not of the right form"),
        ("mart: mart_deal", "mart: marts.mart_deal", 9, "is not of the right form"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert FILE.count(old) == 1
    with pytest.raises(RuleFileError, match=message) as caught:
        load(tmp_path, FILE.replace(old, new))
    assert f"deals.yml:{line}:" in str(caught.value)


def test_two_files_do_not_define_one_metric(tmp_path: Path) -> None:
    load(tmp_path, FILE)
    with pytest.raises(RuleFileError, match=r"more\.yml:4: another metric has this id .*deals\.yml:4"):
        load(tmp_path, FILE, "more.yml")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="Correct 'metrics' in workspace"):
        load_metrics(tmp_path / "none")
