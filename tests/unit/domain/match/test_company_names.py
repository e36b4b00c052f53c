"""Names of companies as a field: read once, compared by their parts, looked up by what they share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

from cockpit.domain.match.fields.company import APART, CompanyName
from cockpit.domain.match.fields.values import MISSING
from cockpit.domain.normalise.names.company_rule import CompanyRule
from cockpit.rulebook.normalisation import load_rule
from cockpit.stack.settings import REPOSITORY

RULES: Path = REPOSITORY / "include" / "rules" / "normalisation"


@pytest.fixture(scope="module")
def field() -> CompanyName:
    return CompanyName(cast(CompanyRule, load_rule(RULES, "company")))


def judged(field: CompanyName, one: object, other: object) -> tuple[str | None, str | None]:
    """Level and what keeps apart; equal values are not judged."""
    values = field.read(pd.Series([one, other], dtype=object))
    left, right = values.codes.astype(np.int64)[[0]], values.codes.astype(np.int64)[[1]]
    if left[0] == MISSING or right[0] == MISSING:
        return None, None
    levels, vetoes = field.judge(values, left, right)
    level = None if levels[0] == MISSING else field.levels[levels[0]]
    return level, APART[vetoes[0] - 1] if vetoes[0] else None


@pytest.mark.parametrize(
    ("one", "other", "level", "apart"),
    [
        ("上海华星仪器有限公司", "上海华星仪器有限责任公司", "same name", None),
        ("上海華星儀器有限公司", "上海华星仪器有限公司", "same name", None),
        ("华星仪器（上海）有限公司", "上海华星仪器有限公司", "form left out", None),
        ("上海华星仪器有限公司", "上海华星仪器", "form left out", None),
        ("上海华星仪器有限公司", "华星仪器有限公司", "region left out", None),
        ("上海华星仪器有限公司", "华星", "short name", None),
        ("上海华星仪器有限公司", "上海华兴仪器有限公司", "sounds or looks alike", None),
        ("上海华星仪器有限公司", "上海星华仪器有限公司", "one slip", None),
        ("上海华星仪器有限公司", "Shanghai Huaxing Instruments Co., Ltd.", None, None),
        ("上海华星仪器有限公司", "北京华星仪器有限公司", "different", "regions_differ"),
        ("上海华星仪器有限公司", "上海华星仪器有限公司北京分公司", "different", "branch_and_parent"),
        ("东莞昌迅第一热电有限公司", "东莞昌迅第二热电有限公司", None, "distinguishing_word"),
        ("上海华星仪器有限公司", "上海联云饮料有限公司", "different", None),
        ("上海华星仪器有限公司", None, None, None),
        ("上海华星仪器有限公司", "无", None, None),
    ],
)
def test_two_names(
    field: CompanyName, one: str | None, other: str | None, level: str | None, apart: str | None
) -> None:
    found, kept_apart = judged(field, one, other)
    assert kept_apart == apart
    if apart != "distinguishing_word":
        assert found == level
    assert judged(field, other, one) == (found, kept_apart)


def test_what_the_standardiser_said_is_read_like_the_text(field: CompanyName) -> None:
    text = "上海华星仪器有限公司"
    standard = field._comparer.standardiser.standardise(text)
    said = {"value": standard.value, "outcome": standard.outcome, "reason": standard.reason, **standard.details}
    values = field.read(pd.Series([text, json.dumps(said), said, None], dtype=object))
    assert values.codes.tolist()[3] == MISSING
    assert {field.identities(values)[code] for code in values.codes[:3]} == {"上海||华星仪器"}


def test_only_a_full_name_is_registered_once(field: CompanyName) -> None:
    names = ["上海华星仪器有限公司", "华星仪器有限公司", "上海华星仪器", "华星"]
    values = field.read(pd.Series(names, dtype=object))
    assert field.registered(values)[values.codes].tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [
        ("exact", "上海华星仪器有限公司", "华星仪器（上海）"),
        ("near", "上海华星仪器有限公司", "上海华兴仪器有限公司"),
        ("near", "上海华星仪器有限公司", "上海华星精仪器有限公司"),
        ("sound", "上海华星仪器有限公司", "上海华兴仪器有限公司"),
        ("brand", "上海华星仪器有限公司", "华星"),
    ],
)
def test_keys_that_two_names_share(field: CompanyName, key: str, one: str, other: str) -> None:
    values = field.read(pd.Series([one, other], dtype=object))
    keys = field.keys(values)[key]
    shared = [set(keys.hashes[keys.values == code].tolist()) for code in values.codes]
    assert shared[0] & shared[1]


def test_strange_texts_are_no_fault(field: CompanyName) -> None:
    names = ["", " ", "\x00", "<script>", "公司" * 5_000, "（）", "\ud800", "1", None]
    values = field.read(pd.Series(names, dtype=object))
    assert len(values.codes) == len(names)
    assert set(field.keys(values)) == {"exact", "near", "brand", "sound"}
