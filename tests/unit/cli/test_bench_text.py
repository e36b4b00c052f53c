"""What benchmarks show fits a terminal, and their texts are always the same."""

from __future__ import annotations

import pytest

from benchmarks.match.datasets import LISTS, NAMES
from benchmarks.standardise import texts
from cockpit.cli import bench
from cockpit.cli.bench_text import cockpit_text, match_text, models_text, quality_text, standardise_text
from cockpit.cli.output import width

MEASURE = {
    "kind": "phone", "rows": 1_000_000, "seconds_per_million": 4.1, "bar": 15, "is_met": True,
    "alternative": "phonenumbers", "alternative_seconds_per_million": 10.46, "alternative_read_ratio": 0.93,
}  # fmt: skip
WITHOUT_LIBRARY = {"alternative": None, "alternative_seconds_per_million": None, "alternative_read_ratio": None}


def test_a_line_per_kind_within_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    slow = {**MEASURE, **WITHOUT_LIBRARY, "kind": "credit-code", "seconds_per_million": 123.4, "bar": 45, "is_met": False}  # fmt: skip
    shown = standardise_text({"measures": [MEASURE, slow]})
    assert shown.splitlines() == [
        "Kind             texts   s/1M  at most          library       s/1M  reads",
        "phone        1,000,000    4.1     15.0  met     phonenumbers  10.5    93%",
        "credit-code  1,000,000  123.4     45.0  MISSED",
    ]
    assert max(width(line) for line in shown.splitlines()) <= 80


@pytest.mark.parametrize("kind", texts.KINDS)
def test_the_texts_of_a_kind_are_the_same_each_time_and_nearly_all_different(kind: str) -> None:
    made = texts.make(kind, 2000)
    assert made == texts.make(kind, 2000)
    assert len(set(made)) > 1900


def test_checks_beside_plain_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    measures = [
        {"name": "plain", "seconds": 0.91, "times_plain": 1.0},
        {"name": "check", "seconds": 5.2, "times_plain": 5.71},
        {"name": "recheck", "seconds": 4.4, "times_plain": 4.84},
    ]
    shown = quality_text({"checks": 15, "rows": 1_000_000, "bar_seconds": 10.0, "is_met": True, "measures": measures})
    assert shown.splitlines() == [
        "15 checks                           rows     s  to plain SQL  at most",
        "Failures counted in plain SQL  1,000,000  0.91           1.0",
        "First check                    1,000,000  5.20           5.7     10.0  met",
        "Later check                    1,000,000  4.40           4.8",
    ]
    assert max(width(line) for line in shown.splitlines()) <= 80


MATCHED = {
    "f1": 0.9931, "precision": 0.9971, "found_or_shown": 0.9612, "traps_merged": 3, "seconds": 12.34, "memory_mb": 812.0,
}  # fmt: skip
SPLINK = {"f1": 0.888, "seconds": 45.6, "memory_mb": 1474.0, "best": {"f1": 0.957}}


def test_matching_beside_splink_within_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    customers = {
        "name": "customers 1,000,000", "least_f1": None, "traps": 33_000, "ours": MATCHED, "splink": [SPLINK, SPLINK],
        "seconds_ratio": 0.27, "raw": {"seconds": 68.9}, "is_met": False,
        "bars": {"precision": True, "found_or_shown": True, "traps": True, "memory": True, "seconds": False},
    }  # fmt: skip
    small = {
        **customers, "name": "fake_1000", "least_f1": 0.94, "traps": None, "splink": [SPLINK], "bars": {"f1": True},
        "is_met": True,
    }  # fmt: skip
    shown = match_text({"measures": [small, customers], "left_out": ["sites"]})
    assert shown.splitlines() == [
        "List                    F1  at least     s  Splink F1  its best     s",
        "fake_1000            0.993     0.940  12.3      0.888     0.957  45.6  met",
        "customers 1,000,000  0.993            12.3      0.888     0.957  45.6  MISSED",
        "customers 1,000,000:",
        "  precision 0.9971 met",
        "  found or shown 0.9612 met",
        "  3 of 33,000 traps merged met",
        "  0.27 of Splink's seconds MISSED",
        "  812 MB; Splink 1474 MB met",
        "  from raw text 68.9 s",
        "Left out: sites",
    ]
    assert max(width(line) for line in shown.splitlines()) <= 80


def test_the_command_knows_the_lists_of_the_benchmark() -> None:
    assert bench.MATCH_LISTS == NAMES
    assert tuple(each.name for each in LISTS if each.needs_real_data) == bench.REAL_LISTS


def test_models_beside_dbt_and_their_bare_sql() -> None:
    result = {
        "rows": 1_000_000,
        "models": {"core_order": {}, "mart_lead": {}},
        "measures": [
            {"name": "empty", "seconds": 10.0, "busy_seconds": 18.0},
            {"name": "bare", "seconds": 9.5, "busy_seconds": 17.0},
            {"name": "dbt", "seconds": 12.5, "busy_seconds": 21.0},
        ],
        "overhead": 0.053,
        "overhead_bar": 0.1,
        "differing": ["mart_lead"],
    }
    assert models_text(result).splitlines() == [
        "2 models, 1,000,000 rows      s  sum of models",
        "Our runner, empty tables  10.00          18.00",
        "The same SQL bare          9.50          17.00",
        "dbt run                   12.50          21.00",
        "Less than dbt: 0.80 of its seconds  met",
        "Above the bare SQL: +5.3% (at most 10%)  met",
        "dbt made other rows of mart_lead",
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_cockpit_within_80_columns(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", lang)
    names = ("policies_full", "policies_part", "charts", "first_view", "users", "sql")
    policy = {"policy_ms": 120.5, "plain_ms": 110.1, "times": 1.09}
    shown = cockpit_text(
        {
            "policies": {"full": {**policy, "bar": 1.15}, "part": {**policy, "bar": 1.5}},
            "charts": {"p95_ms": 1234.5, "sql_p95_ms": 1114.6, "bar_ms": 1234.6},
            "first_view": {"seconds": 12.34, "bar": 5.0},
            "users": {"users": 8, "requests_per_second": 116.1, "errors": 10, "p95_ms": 1234.1, "bar_ms": 1500},
            "users_cached": {"p95_ms": 120.1},
            "sql": {"count": 100, "bar_ms": 100, "slowest": [{"ms": 1234.5}]},
            "left_out": ["A chart of another kind"],
            "met": dict.fromkeys(names, False),
        }
    )
    assert len(shown.splitlines()) == 9
    assert max(width(line) for line in shown.splitlines()) <= 80
