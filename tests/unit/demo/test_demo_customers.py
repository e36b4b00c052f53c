from __future__ import annotations

import re
import unicodedata

import pandas as pd
import pytest

from cockpit.demo.company import Company
from cockpit.demo.company_name import CompanyName, respell
from cockpit.demo.credit_code import is_valid
from cockpit.demo.customers import BRANCH, NEAR_NAME, OTHER_NAME, SAME_CODE, SAME_NAME, owner_usernames
from cockpit.demo.groups import HOMOPHONE, ORDINAL, SAME_BRAND, SUBSIDIARY
from cockpit.demo.profile import load_profile
from cockpit.demo.profile_people import load_people


def same_after_normalising(name: str) -> str:
    """What a matcher may rely on: NFKC, no spaces, one word for equal legal forms."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).replace("有限责任公司", "有限公司")


@pytest.fixture(scope="module")
def records(company: Company) -> pd.DataFrame:
    """Each record with its truth and the first record of its company."""
    tables = company.customers
    joined = tables.customers.merge(tables.clusters, on="customer_id")
    first = tables.customers.add_prefix("first_")
    return joined.merge(first, left_on="true_customer_id", right_on="first_customer_id")


def test_as_many_records_as_the_scale_says(company: Company) -> None:
    assert len(company.customers.customers) == 2000


def test_three_per_cent_are_repeats(records: pd.DataFrame) -> None:
    assert records["variant"].notna().sum() == 60
    assert set(records["variant"].dropna()) == {SAME_CODE, SAME_NAME, OTHER_NAME}


def test_true_customer_is_the_first_record(records: pd.DataFrame) -> None:
    assert (records["true_customer_id"] <= records["customer_id"]).all()
    is_first = records["variant"].isna()
    assert (records["true_customer_id"][is_first] == records["customer_id"][is_first]).all()
    assert (records["true_customer_id"][~is_first] < records["customer_id"][~is_first]).all()


def test_repeats_are_spelled_otherwise_and_half_of_them_differ_after_normalising_too(records: pd.DataFrame) -> None:
    repeats = records[records["variant"].notna()]
    assert (repeats["name"] != repeats["first_name"]).all()
    is_same = repeats["name"].map(same_after_normalising) == repeats["first_name"].map(same_after_normalising)
    assert is_same[repeats["variant"] == SAME_NAME].all()
    assert 0.3 < is_same.mean() < 0.7


def test_repeats_with_the_code_have_the_same_code(records: pd.DataFrame) -> None:
    repeats = records[records["variant"] == SAME_CODE]
    assert (repeats["credit_code"].str.upper() == repeats["first_credit_code"]).all()
    assert records.loc[records["variant"].isin([SAME_NAME, OTHER_NAME]), "credit_code"].isna().all()


def test_different_companies_have_different_names_and_codes_but_for_branches(
    company: Company, records: pd.DataFrame
) -> None:
    first = records[records["variant"].isna()]
    assert first["name"].map(same_after_normalising).is_unique
    hierarchy = company.customers.hierarchy.set_index("child_customer_id")
    branches = hierarchy.query("kind == @BRANCH")["parent_customer_id"]
    codes = first.set_index("customer_id")["credit_code"]
    assert codes.drop(branches.index).dropna().is_unique
    own, above = codes.loc[branches.index].dropna(), codes.loc[branches].set_axis(branches.index)
    is_above = own == above.loc[own.index]
    assert own[~is_above].is_unique
    assert not set(own[~is_above]) & set(codes.drop(branches.index))


def test_all_codes_are_valid(records: pd.DataFrame) -> None:
    codes = records["credit_code"].dropna()
    assert len(codes) > 1800
    assert codes.str.upper().map(is_valid).all()


def test_look_alikes_are_customers_of_their_own(company: Company, records: pd.DataFrame) -> None:
    look_alikes = company.customers.look_alikes
    assert set(look_alikes["kind"]) == {BRANCH, NEAR_NAME, SAME_BRAND, ORDINAL, HOMOPHONE}
    chosen = records[records["customer_id"].astype(str).isin(look_alikes["key"])]
    assert len(chosen) == len(look_alikes)
    assert chosen["variant"].isna().all()
    assert not records["true_customer_id"][records["variant"].notna()].isin(chosen["customer_id"]).any()


def test_a_near_name_differs_by_its_trade_only(company: Company) -> None:
    names = set(company.customers.customers["name"])
    keys = company.customers.look_alikes.query("kind == @NEAR_NAME")["key"]
    near = company.customers.customers.set_index("customer_id")["name"].loc[keys.astype(int)]
    trades = load_profile().names.near_trades
    for name in near:
        assert any(name.replace(other, word) in names for word, other in trades.items() if other in name), name


def named(company: Company, kind: str) -> list[str]:
    keys = company.customers.look_alikes.query("kind == @kind")["key"].astype(int)
    return company.customers.customers.set_index("customer_id")["name"].loc[keys].tolist()


def test_the_same_brand_in_another_city_is_another_company(company: Company) -> None:
    companies = company.customers.companies
    places: dict[tuple[str, str], set[str]] = {}
    for name in companies["name"]:
        places.setdefault((name.brand, name.trade), set()).add(name.city)
    by_text = {str(name): name for name in companies["name"]}
    chosen = [by_text[text] for text in named(company, SAME_BRAND)]
    assert len(chosen) > 10
    assert all(len(places[name.brand, name.trade]) > 1 for name in chosen)


def test_ordinals_stand_beside_each_other(company: Company) -> None:
    texts = {str(name) for name in company.customers.companies["name"]}
    seconds = named(company, ORDINAL)
    assert seconds
    assert all("第二" in text and text.replace("第二", "第一") in texts for text in seconds)


def test_homophones_sound_alike_and_are_written_otherwise(company: Company) -> None:
    syllables = load_people().contacts.brand_syllables
    names = company.customers.companies["name"].tolist()
    by_text = {str(name): name for name in names}
    for text in named(company, HOMOPHONE):
        other = by_text[text]
        sounds = [syllables[one] for one in other.brand]
        twins = [
            name
            for name in names
            if (name.city, name.trade) == (other.city, other.trade)
            and [syllables.get(one) for one in name.brand] == sounds
        ]
        assert len({name.brand for name in twins}) > 1, text


def test_subsidiaries_carry_the_brand_of_their_group(company: Company) -> None:
    names = company.customers.companies.set_index("true_customer_id")["name"]
    hierarchy = company.customers.hierarchy
    assert set(hierarchy["kind"]) == {SUBSIDIARY, BRANCH}
    assert not hierarchy["child_customer_id"].duplicated().any()
    for row in hierarchy.itertuples():
        child, parent = names[row.child_customer_id], names[row.parent_customer_id]
        assert child.brand == parent.brand
        assert (child.branch != "") == (row.kind == BRANCH)


def test_the_erp_knows_some_parents_and_former_names_and_no_wrong_ones(company: Company, records: pd.DataFrame) -> None:
    known = records[records["parent_customer_id"] >= 0]
    hierarchy = company.customers.hierarchy.set_index("child_customer_id")["parent_customer_id"]
    assert 0 < len(known) < len(hierarchy)
    assert (hierarchy.loc[known["customer_id"]].to_numpy() == known["parent_customer_id"].to_numpy()).all()
    renamed = records[records["former_name"].notna()]
    assert len(renamed) > 20
    assert not set(renamed["former_name"]) & set(records["name"])


def test_one_agent_answers_for_many_firms(company: Company, records: pd.DataFrame) -> None:
    agents = company.customers.companies.query("agent >= 0")
    phones = records.set_index("customer_id")["phone"].loc[agents["true_customer_id"]]
    digits = phones.str.replace(r"\D", "", regex=True).str.removeprefix("86")
    assert len(agents) > 50
    per_agent = pd.Series(digits.to_numpy()).groupby(agents["agent"].to_numpy())
    assert (per_agent.nunique() == 1).all()
    assert per_agent.size().max() >= 4
    assert phones.nunique() > digits.nunique(), "clerks type the same number in several ways"


def test_ids_follow_the_time_of_creation(records: pd.DataFrame) -> None:
    ordered = records.sort_values("customer_id")
    assert ordered["created_at"].is_monotonic_increasing
    assert (ordered["updated_at"] >= ordered["created_at"]).all()


def test_phones_are_chinese_numbers(records: pd.DataFrame) -> None:
    digits = records["phone"].dropna().str.replace(r"\D", "", regex=True).str.removeprefix("86").str.removeprefix("0")
    assert digits.str.fullmatch(r"1[3-9]\d{9}|[1-9]\d{8,10}").all()


def test_owners_are_different_people_and_none_of_the_demo_logins() -> None:
    usernames = owner_usernames(load_profile())
    assert len(set(usernames)) == len(usernames)
    assert not {"chen.jing", "zhao.min", "sun.hao", "qian.li", "wu.bin"} & set(usernames)


@pytest.mark.parametrize(
    ("name", "habit", "expected"),
    [
        pytest.param(CompanyName("上海", "华信", "能源", "有限公司"), 3, "上海华信能源有限责任公司", id="legal form"),
        pytest.param(
            CompanyName("上海", "华信", "能源", "有限公司", has_bracketed_city=True),
            2,
            "华信(上海)能源有限公司",
            id="half-width brackets",
        ),
        pytest.param(CompanyName("上海", "华信", "能源", "有限公司"), 1, "上海华信能源 有限公司", id="space"),
        pytest.param(
            CompanyName("上海", "华信", "能源", "股份有限公司"), 3, "上海华信能源 股份有限公司", id="nothing else fits"
        ),
    ],
)
def test_respell(name: CompanyName, habit: int, expected: str) -> None:
    assert respell(name, load_profile().names, habit, " ") == expected
