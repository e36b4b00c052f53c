"""Findings about many pairs of names at once are those that the comparer makes pair by pair."""

from __future__ import annotations

import itertools
from typing import cast

import numpy as np
import pandas as pd
import pytest

from cockpit.domain.match.fields.company import CompanyName
from cockpit.domain.match.fields.company_findings import find_many
from cockpit.domain.match.fields.company_parts import CompanyParts
from cockpit.domain.normalise.names.company_compare import CompanyComparer
from cockpit.domain.normalise.names.company_rule import CompanyRule
from cockpit.rulebook.normalisation import load_rule
from cockpit.stack.settings import REPOSITORY

RULES = REPOSITORY / "include" / "rules" / "normalisation"

BRANDS = ("华星", "华新", "中国", "北京", "浙大")
TRADES = ("", "科技", "电力", "银行", "技术")
FORMS = ("", "有限公司", "有限责任公司", "股份有限公司", "公司", "厂", "集团有限公司")
PLACES = ("", "上海", "浙江", "杭州", "杭州市滨江区", "顺德")
OTHERS = (
    "上海华星科技有限公司（原上海老星科技有限公司）",
    "上海老星科技有限公司",
    "华星（上海）科技有限公司",
    "华星科技（上海）有限公司",
    "上海华星科技有限公司杭州分公司",
    "上海华星科技有限公司滨江分公司",
    "招商银行深圳分行福田支行",
    "招商银行福田支行",
    "Huaxing Technology Co., Ltd.",
    "Huaxing Technologies Inc",
    "华星科技 Huaxing Technology",
    "第一建筑有限公司",
    "第二建筑有限公司",
    "中国建筑股份有限公司",
    "中建",
    "华星1号科技有限公司",
    "?",
)


@pytest.fixture(scope="module")
def rule() -> CompanyRule:
    return cast(CompanyRule, load_rule(RULES, "company"))


@pytest.fixture(scope="module")
def field(rule: CompanyRule) -> CompanyName:
    return CompanyName(rule)


def test_all_findings(field: CompanyName, rule: CompanyRule) -> None:
    made = ["".join(parts) for parts in itertools.product(PLACES, BRANDS, TRADES, FORMS)]
    values = field.read(pd.Series([*made, *OTHERS], dtype=object))
    names: CompanyParts = values.parts["names"].item()
    comparer = CompanyComparer(rule)
    rng = np.random.default_rng(3)
    left, right = rng.integers(0, len(names), (2, 60_000))
    left, right = left[left != right], right[left != right]

    found = find_many(comparer, names, values.parts["is_han"], left, right)

    of_pair = np.full(len(left), "", dtype=object)
    for finding, pairs in found.items():
        assert set(of_pair[pairs]) <= {""}
        of_pair[pairs] = finding
    expected = [
        comparer.compare(names.standard(one), names.standard(other)).reason
        for one, other in zip(left.tolist(), right.tolist(), strict=True)
    ]
    assert of_pair.tolist() == expected
    # The names were made so that most findings are among them.
    assert len(set(expected)) >= 15


def test_what_was_said_stays_as_it_was(field: CompanyName, rule: CompanyRule) -> None:
    texts = [*OTHERS[:12], "杭州华星科技有限公司"]
    values = field.read(pd.Series(texts, dtype=object))
    names: CompanyParts = values.parts["names"].item()
    comparer = CompanyComparer(rule)
    for text, code in zip(texts, values.codes.tolist(), strict=True):
        said, kept = comparer.standardiser.standardise(text), names.standard(code)
        assert kept.value == said.value
        unused = {"alias", "note", "name"}
        assert {k: v for k, v in kept.details.items() if k not in unused} == {
            k: v for k, v in said.details.items() if k not in unused
        }


def test_names_that_say_the_same_are_one(field: CompanyName) -> None:
    values = field.read(pd.Series(["上海华星科技有限公司", "上海 华星科技 有限公司", None, "?"], dtype=object))
    assert values.codes.tolist() == [0, 0, -1, -1]


HOSTILE = [
    "{0} {x} {{ 7*7 }} ${env} %s",
    '{"value": "华星科技"',
    '{"value": "华星"}{"value": "华信"}',
    '{"value": 3}',
    '{"value": ["x"]}',
    '{"name": "华星科技"}',
    '{"value": "华星",\n "form_is_short": "no"}',
    '{"value": "\\ud800"}',
    '{"a":' * 2_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_that_looks_like_what_was_said_is_a_name(field: CompanyName, text: str) -> None:
    said = '{"value": "华星科技", "brand": "华星", "trade": "科技", "region": null, "legal_form": null, "branch": null}'
    values = field.read(pd.Series([said, text, "上海华星科技有限公司"], dtype=object))
    assert values.codes[0] != values.codes[1]
    assert values.distinct[values.codes[[0, 2]]].tolist() == ["华星科技", "华星科技"]
