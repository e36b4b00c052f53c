"""Places in asset files are filled, or the file and the place are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.bi.assets import load_assets
from cockpit.bi.client import to_rison
from cockpit.bi.render import Renderer
from cockpit.bi.sync import is_contained
from cockpit.errors import RuleFileError

LABELS = load_assets(Path(__file__).resolve().parents[3] / "superset").labels


@pytest.fixture
def renderer():
    return Renderer("zh", LABELS["zh"], {"pace_threshold": 0.75, "holiday_calendar": "CN", "overdue_after_days": 90.0})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("region_name_${lang}", "region_name_zh"),
        ("${filter.region}", "区域"),
        ("${percent parameter.pace_threshold}%", "75%"),
        ("${parameter.pace_threshold}", 0.75),
        ("${parameter.overdue_after_days}天", "90天"),
        ("${text.below_pace_explained}", "回款低于时间进度的75%"),
        ({"${filter.region}": ["${lang}", 5, None]}, {"区域": ["zh", 5, None]}),
        ("{{#each data}} {value}", "{{#each data}} {value}"),
    ],
)
def test_places_are_filled(text, expected, renderer):
    assert renderer.render(text, "file") == expected


def test_a_code_without_a_text_is_shown_as_it_is(renderer):
    sql = renderer.render("${case product_category of sales.product_category}", "file")
    assert sql.startswith("case sales.product_category when 'pressure' then '压力仪表' ")
    assert sql.endswith(" else sales.product_category end")


def test_an_unknown_place_names_the_file(renderer):
    with pytest.raises(RuleFileError, match=r"^charts/x\.yml: .*text\.nothing.*labels\.zh\.yml"):
        renderer.render("${text.nothing}", "charts/x.yml")


@pytest.mark.parametrize(
    ("wanted", "present", "expected"),
    [
        ({"a": 1}, {"a": 1, "default": 2}, True),
        ({"a": 1}, {}, False),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, False),
        ({"meta": {"chartId": 1}}, {"meta": {"chartId": 77}}, True),
        ([{"column_name": "b"}, {"column_name": "a"}], [{"column_name": "a"}, {"column_name": "b"}], True),
        ([{"metric_name": "b"}], [{"metric_name": "c"}], False),
        ({"a": None}, {}, True),
    ],
)
def test_drift_is_what_superset_lacks(wanted, present, expected):
    assert is_contained(wanted, present) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"page": 0, "force": True}, "(page:0,force:!t)"),
        ([1, None, "a b", "it's!"], "!(1,!n,'a b','it!'s!!')"),
    ],
)
def test_rison(value, expected):
    assert to_rison(value) == expected
