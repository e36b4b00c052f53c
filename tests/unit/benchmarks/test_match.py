"""The benchmark of matching counts rightly, and its lists are always the same."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks.bench_match import _fastest_first, _found_or_shown
from benchmarks.match import customers, lists, results
from benchmarks.match.meter import run_measured


def test_a_person_who_answers_what_is_shown_joins_clusters_that_belong_together() -> None:
    truth, clusters = np.array([0, 0, 0, 0, 1]), np.array([0, 0, 1, 2, 3])
    # 1-2 is shown and right, 3-4 is shown and wrong, 0-3 is right and not shown.
    shown = pd.DataFrame({"left": [1, 3], "right": [2, 4]})
    assert _found_or_shown(truth, clusters, shown) == pytest.approx(3 / 6)


def test_memory_of_a_program_and_its_children_until_it_tells() -> None:
    child = "import time; held = bytearray(60_000_000); print('ready', flush=True); time.sleep(30)"
    program = f"""
import json, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE)
child.stdout.readline()
time.sleep(0.5)
print("a line that is no result")
print(json.dumps({{"seconds": 0.5}}), flush=True)
child.kill()
after = bytearray(300_000_000)
time.sleep(0.3)
"""
    told, megabytes = run_measured([sys.executable, "-c", program], {})
    assert told == {"seconds": 0.5}
    assert 60 < megabytes < 300


def test_a_program_that_breaks_off_is_no_result() -> None:
    with pytest.raises(RuntimeError, match="exit code 3"):
        run_measured([sys.executable, "-c", "raise SystemExit(3)"], {})


@pytest.mark.parametrize("make", [lists.persons, lists.companies], ids=["persons", "companies"])
def test_a_list_is_the_same_each_time_and_about_half_of_it_has_others(make: object) -> None:
    assert callable(make)
    made = make(1000)
    pd.testing.assert_frame_equal(made, make(1000))
    sizes = made["cluster"].value_counts()
    assert made["record_id"].is_unique
    assert 0.3 < (sizes == 1).mean() < 0.7
    assert sizes.max() <= 6


def test_customers_start_from_what_the_standardisers_find() -> None:
    raw = pd.DataFrame(
        {
            "record_id": ["erp:1", "crm:2"],
            "source": ["erp", "crm"],
            "name": ["上海晨武检测技术有限公司", "晨武检测"],
            "former_name": [None, None],
            "credit_code": ["91650100293502433X", None],
            "phone": ["+86 187 8777 9059", "11111111111"],
            "email": ["wangli@163.com", "sales@chenwu.com.cn"],
            "website": ["http://www.chenwu.com.cn/index.html", None],
            "address": ["上海市浦东新区张江路88号", None],
            "region_code": ["CN-SH", None],
            "contact_name": [None, "王丽女士"],
        }
    ).astype(object)
    made = customers.standardised(raw, workers=1).replace({float("nan"): None})
    columns = ["core_name", "brand", "region", "legal_form", "credit_code", "phone", "email_domain", "own_domain", "division_code"]  # fmt: skip
    assert made[columns].to_numpy().tolist() == [
        ["晨武检测技术", "晨武", "上海", "limited", None, "+8618787779059", None, "chenwu.com.cn", "310115"],
        ["晨武检测", "晨武", None, None, None, None, "chenwu.com.cn", "chenwu.com.cn", None],
    ]
    assert json.loads(made["name_parts"][0])["value"] == "晨武检测技术"


def test_splinks_time_is_that_of_its_fastest_configuration_near_its_best_f1() -> None:
    poor = {"setup": "poor", "seconds": 5.0, "best": {"f1": 0.949}}
    fast = {"setup": "fast", "seconds": 8.0, "best": {"f1": 0.95}}
    best = {"setup": "best", "seconds": 12.0, "best": {"f1": 0.97}}
    assert [each["setup"] for each in _fastest_first([poor, best, fast])] == ["fast", "poor", "best"]


OURS = {"f1": 0.99, "precision": 0.996, "found_or_shown": 0.96, "traps_merged": 3, "memory_mb": 3_000}


@pytest.mark.parametrize(
    ("measure", "met"),
    [
        pytest.param({"least_f1": 0.94}, {"f1": True}, id="list"),
        pytest.param({"least_f1": 0.999}, {"f1": False}, id="list below its bar"),
        pytest.param({}, {}, id="list without a bar"),
        pytest.param({"traps": 2_600}, {"precision": True, "found_or_shown": True}, id="too few traps to judge"),
        pytest.param(
            {"traps": 30_000}, {"precision": True, "found_or_shown": True, "traps": True}, id="one trap in 10,000"
        ),
        pytest.param(
            {"traps": 29_999 + 1, "ours": {**OURS, "traps_merged": 4}},
            {"precision": True, "found_or_shown": True, "traps": False},
            id="more than one trap in 10,000",
        ),
        pytest.param(
            {"traps": 300_000, "records": 1_000_000, "seconds_ratio": 0.41},
            {"precision": True, "found_or_shown": True, "traps": True, "memory": True, "seconds": False},
            id="a million in more than 0.4 of the seconds",
        ),
    ],
)
def test_bars(measure: dict[str, object], met: dict[str, bool]) -> None:
    plain = {"least_f1": None, "traps": None, "records": 1_000, "ours": OURS, "seconds_ratio": 0.3}
    assert results.bars({**plain, **measure}) == met
