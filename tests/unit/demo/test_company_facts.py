"""Where companies are and how they are reached."""

from __future__ import annotations

import pandas as pd
import pytest

from cockpit.demo.company import Company
from cockpit.demo.company_facts import ADDRESS_STYLES, Place, pinyin_of_city, typed_address
from cockpit.demo.profile_facts import load_facts
from cockpit.demo.profile_people import load_people
from cockpit.domain.normalise.standard import Standardiser
from cockpit.rulebook.normalisation import load_standardiser
from cockpit.rulebook.workspace import REPOSITORY

SHENZHEN = Place("广东省", "深圳市", "南山区", "科技路12号", "3栋501室")
SHANGHAI = Place("", "上海市", "浦东新区", "张江路8号", "")


@pytest.fixture(scope="module")
def companies(company: Company) -> pd.DataFrame:
    return company.customers.companies


@pytest.fixture(scope="module")
def addresses() -> Standardiser:
    return load_standardiser(REPOSITORY / "include/rules/normalisation", "address")


@pytest.mark.parametrize(
    ("style", "shenzhen", "shanghai"),
    [
        (0, "广东省深圳市南山区科技路12号", "上海市浦东新区张江路8号"),
        (1, "广东省深圳市南山区科技路12号3栋501室", "上海市浦东新区张江路8号"),
        (2, "深圳市南山区科技路12号", "上海市浦东新区张江路8号"),
        (3, "广东省 深圳市 南山区 科技路12号3栋501室", "上海市 浦东新区 张江路8号"),
        (4, "深圳市科技路12号3栋501室", "上海市张江路8号"),
        (5, "南山区科技路12号", "浦东新区张江路8号"),
    ],
)
def test_addresses_as_typed(style: int, shenzhen: str, shanghai: str) -> None:
    assert (typed_address(SHENZHEN, style), typed_address(SHANGHAI, style)) == (shenzhen, shanghai)


def test_an_address_lies_in_the_companys_region_unless_it_is_anothers(
    company: Company, companies: pd.DataFrame, addresses: Standardiser
) -> None:
    regions = [region.region_code for region in company.profile.regions]
    has_parent = companies["true_customer_id"].isin(company.customers.hierarchy["child_customer_id"])
    own = companies[(companies["agent"] < 0) & ~has_parent].head(300)
    found = [addresses.standardise(typed_address(place, 0)) for place in own["place"]]
    assert {standard.outcome for standard in found} == {"ok"}
    assert [standard.details["region_code"] for standard in found] == [regions[index] for index in own["region"]]


def test_a_company_that_moved_was_somewhere_else(companies: pd.DataFrame) -> None:
    moved = companies[companies["former_place"].notna()]
    assert 0.05 < len(moved) / len(companies) < 0.11
    assert all(row.place != row.former_place for row in moved.itertuples())
    stayed = [row.place.city == row.former_place.city for row in moved.itertuples()]
    assert 0.7 < sum(stayed) / len(stayed) < 1


def test_an_agent_has_one_mailbox_for_all_its_firms(companies: pd.DataFrame) -> None:
    firms = companies[companies["agent"] >= 0]
    assert (firms.groupby("agent")["mailbox"].nunique() == 1).all()
    assert firms["mailbox"].str.endswith(load_people().contacts.free_mail_domains[0]).all()
    others = companies.loc[companies["agent"] < 0, "mailbox"].dropna()
    assert not set(others) & set(firms["mailbox"])
    share = load_facts().agents.address_share
    per_agent = firms.groupby("agent")["place"].agg(lambda places: places.value_counts().iloc[0] / len(places))
    assert per_agent.mean() > share / 2


@pytest.mark.parametrize(
    ("name", "pinyin"), [("上海", "Shanghai"), ("苏州", "Suzhou"), ("呼和浩特", "Huhehaote"), ("华信", "华信")]
)
def test_cities_have_pinyin(name: str, pinyin: str) -> None:
    assert pinyin_of_city(name) == pinyin


def test_as_many_styles_as_are_told() -> None:
    assert len({typed_address(SHENZHEN, style) for style in range(ADDRESS_STYLES)}) == ADDRESS_STYLES
