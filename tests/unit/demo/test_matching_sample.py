"""The customers of all systems as one list with known truth."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from cockpit.demo.company_name import CompanyName
from cockpit.demo.draw import Stream, generator
from cockpit.demo.groups import GROUP, HOMOPHONE, ORDINAL, SAME_BRAND, SHARED_AGENT
from cockpit.demo.matching_sample import MatchingSample, customer_records
from cockpit.demo.traps import ONE_CHARACTER, OTHER_TRADE, trap_pairs

COUNT = 10_000


@pytest.fixture(scope="module")
def sample() -> MatchingSample:
    return customer_records(COUNT, 7)


def test_as_many_records_as_asked_for(sample: MatchingSample) -> None:
    assert len(sample.records) == len(sample.truth) == COUNT
    assert sample.records["record_id"].is_unique
    assert sample.records["record_id"].equals(sample.truth["record_id"])
    assert set(sample.records["source"]) == {"erp", "crm", "legacy_crm"}
    assert (sample.records["record_id"].str.split(":").str[0] == sample.records["source"]).all()


def test_equal_seeds_give_equal_samples(sample: MatchingSample) -> None:
    again = customer_records(COUNT, 7)
    for name in ("records", "truth", "traps"):
        pd.testing.assert_frame_equal(getattr(sample, name), getattr(again, name))
    assert not customer_records(1000, 1).records["name"].equals(customer_records(1000, 2).records["name"])


def test_too_few_records_to_hold_every_kind_of_dirt() -> None:
    with pytest.raises(ValueError, match="999"):
        customer_records(999, 7)


def test_half_of_the_records_of_one_company_differ_in_name(sample: MatchingSample) -> None:
    joined = sample.records.merge(sample.truth, on="record_id")
    pairs = [
        pair for _key, group in joined.groupby("true_customer_id") for pair in itertools.combinations(group["name"], 2)
    ]
    assert 0.5 < sum(left != right for left, right in pairs) / len(pairs) < 0.7


def test_traps_are_records_of_different_companies(sample: MatchingSample) -> None:
    true = sample.truth.set_index("record_id")["true_customer_id"]
    traps = sample.traps
    assert (true.loc[traps["left"]].to_numpy() != true.loc[traps["right"]].to_numpy()).all()
    assert not traps.duplicated(["left", "right"]).any()
    kinds = {"branch", GROUP, SAME_BRAND, "near_name", ORDINAL, HOMOPHONE, SHARED_AGENT, ONE_CHARACTER, OTHER_TRADE}
    assert set(traps["kind"]) == kinds


def test_every_record_of_a_company_stands_in_a_pair_with_every_record_of_its_neighbour() -> None:
    names = [
        CompanyName("上海", "华信", "能源", "有限公司"),
        CompanyName("北京", "华信", "能源", "有限公司"),
        CompanyName("上海", "华信", "水务", "有限公司"),
        CompanyName("上海", "华鑫", "能源", "有限公司"),
        CompanyName("上海", "华泰", "能源", "有限公司"),
        CompanyName("上海", "华信", "能源", "有限公司", branch="苏州分公司"),
    ]
    companies = pd.DataFrame({"true_customer_id": range(1, 7), "name": names})
    planted = pd.DataFrame({"left_customer_id": [1], "right_customer_id": [6], "kind": ["branch"]})
    records = pd.DataFrame(
        {
            "source": ["erp"] * 6 + ["crm"],
            "key": ["1", "2", "3", "4", "5", "6", "1"],
            "true_customer_id": [1, 2, 3, 4, 5, 6, 1],
        }
    )
    pairs = trap_pairs(generator(7, Stream.TRAPS), 1.0, companies, planted, records)
    found = {
        (kind, frozenset({f"{left}:{key}", f"{right}:{other}"}))
        for left, key, right, other, kind in pairs.itertuples(index=False)
    }
    assert {
        ("branch", frozenset({"erp:1", "erp:6"})),
        ("branch", frozenset({"crm:1", "erp:6"})),
        (SAME_BRAND, frozenset({"erp:1", "erp:2"})),
        (SAME_BRAND, frozenset({"crm:1", "erp:2"})),
        (OTHER_TRADE, frozenset({"erp:1", "erp:3"})),
    } <= found
    assert {kind for kind, pair in found if pair == frozenset({"erp:1", "erp:4"})} <= {HOMOPHONE}
    assert any(kind == ONE_CHARACTER and "erp:5" in pair for kind, pair in found)
    assert not any("erp:6" in pair for kind, pair in found if kind != "branch")
