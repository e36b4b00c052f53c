"""Lists of articles: the same at every draw, dirty as described, and right about which article a row is."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from cockpit.demo.articles import DEALERS, WAREHOUSE, article_truth, list_rows, make_articles
from cockpit.demo.company import Company, generate
from cockpit.demo.profile import Scale
from cockpit.demo.profile_articles import load_articles
from cockpit.domain.match.fields.measure import Measures
from cockpit.rulebook.matching import load_words
from cockpit.rulebook.workspace import REPOSITORY

KEEPERS = (WAREHOUSE, *DEALERS)


@pytest.fixture(scope="module")
def company() -> Company:
    return generate(Scale.SMALL, datetime(2026, 11, 18, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai")), seed=7)


@pytest.mark.parametrize("keeper", KEEPERS)
def test_a_list_is_the_same_at_every_draw(company: Company, keeper: str) -> None:
    pd.testing.assert_frame_equal(list_rows(company, keeper), list_rows(company, keeper))


@pytest.mark.parametrize("keeper", KEEPERS)
def test_rows_have_numbers_of_their_own(company: Company, keeper: str) -> None:
    rows = list_rows(company, keeper)
    kept = load_articles().list_of(keeper)
    assert rows["key"].is_unique
    assert rows["key"].str.fullmatch(rf"{kept.prefix}\d{{{kept.digits}}}").all()
    assert len(rows) == round(len(make_articles(company)) * kept.share)
    assert {"slip", "left_out"} >= set(rows["variant"].dropna())


def test_articles_differ_in_name_size_or_mark(company: Company) -> None:
    articles = make_articles(company)
    assert len({(each.name_zh, each.size, each.mark) for each in articles}) == len(articles) == 174
    assert [each.article_id for each in articles[:66]] == company.products["product_id"].tolist()


def test_a_size_is_one_size_however_it_is_written(company: Company) -> None:
    measures = Measures(load_words(REPOSITORY / "include" / "rules").products)
    written: defaultdict[int, set[str]] = defaultdict(set)
    for keeper in KEEPERS:
        for row in list_rows(company, keeper).itertuples():
            if row.variant != "left_out":
                written[row.article_id].add(str(dict(measures.read(row.size).sizes)))
    assert {article: sizes for article, sizes in written.items() if len(sizes) > 1} == {}


def test_truth_has_every_record_once(company: Company) -> None:
    truth = article_truth(company)
    assert not truth.duplicated(["system", "entity", "key"]).any()
    assert truth.groupby("system").size().to_dict() == {"distributors": 191, "erp": 66, "scm": 174, "trade_fair": 66}
    assert truth["true_product_id"].nunique() == 174
    assert {"slip", "left_out"} == set(truth["variant"].dropna())
