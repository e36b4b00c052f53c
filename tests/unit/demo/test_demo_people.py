"""Staff and contacts: who exists, and how they belong together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cockpit.demo.company import Company, generate
from cockpit.demo.customers import owner_usernames
from cockpit.demo.people import COMPANY, LEVELS, NOBODY, TEAM, Staff, make_contacts, make_staff
from cockpit.demo.profile import load_profile
from cockpit.demo.profile_people import load_people


@pytest.fixture(scope="module")
def staff(company: Company) -> Staff:
    return make_staff(company)


@pytest.fixture(scope="module")
def contacts(company: Company) -> pd.DataFrame:
    return make_contacts(company)


def test_same_company_same_people(company: Company, staff: Staff, contacts: pd.DataFrame) -> None:
    again = generate(company.scale, company.clock.as_of, company.seed)
    pd.testing.assert_frame_equal(make_staff(again).users, staff.users)
    pd.testing.assert_frame_equal(make_contacts(again), contacts)


def test_organisation_is_a_tree_of_five_levels(staff: Staff) -> None:
    units = staff.org_units.set_index("org_unit_code")
    assert units.index.is_unique
    (top,) = units.index[units["level"] == COMPANY]
    for code, unit in units.drop(top).iterrows():
        parent = units.loc[unit["parent_code"]]
        assert LEVELS.index(parent["level"]) + 1 == LEVELS.index(unit["level"]), code


def test_shares_of_a_regions_teams_make_a_whole(staff: Staff) -> None:
    teams = staff.org_units[staff.org_units["level"] == TEAM]
    assert len(teams) == 62
    assert teams.groupby("region_code")["share"].sum().to_numpy() == pytest.approx(1)


def test_everybody_has_a_unit_and_a_superior_who_exists(staff: Staff) -> None:
    users = staff.users
    assert users["username"].is_unique
    assert set(users["org_unit_code"]) <= set(staff.org_units["org_unit_code"])
    superiors = users.loc[users["manager_user_id"] != NOBODY, "manager_user_id"]
    assert set(superiors) <= set(users["user_id"])
    assert (users["manager_user_id"] == NOBODY).sum() == 1
    assert (superiors < users.loc[superiors.index, "user_id"]).all(), "no circle"


def test_reps_are_the_owners_of_customers(staff: Staff) -> None:
    assert set(staff.users.loc[staff.users["role"] == "rep", "username"]) == set(owner_usernames(load_profile()))


def test_people_who_log_in_have_their_place(staff: Staff) -> None:
    users = staff.users.set_index("username")
    assert users.loc["chen.jing", ["role", "name"]].tolist() == ["executive", "陈静"]
    assert users.loc["zhao.min", ["role", "region_code"]].tolist() == ["manager", "CN-SH"]


def test_who_has_left_is_followed_by_somebody(staff: Staff) -> None:
    users = staff.users
    former = users[users["role"] == "former_rep"]
    assert len(former) > 3
    assert (former["valid_to"].notna() & (former["valid_from"] < former["valid_to"])).all()
    assert users.loc[users["role"] != "former_rep", "valid_to"].isna().all()
    joined = set(users.loc[users["role"] == "rep", "valid_from"])
    assert set(former["valid_to"]) <= joined


def test_each_customer_has_one_first_contact(company: Company, contacts: pd.DataFrame) -> None:
    first = contacts[contacts["is_primary"]]
    assert first["customer_id"].tolist() == company.customers.companies["true_customer_id"].tolist()
    assert contacts["contact_id"].is_unique
    assert not (contacts["is_primary"] & contacts["is_left"]).any()


def test_an_agents_contact_is_one_person_for_all_firms(contacts: pd.DataFrame, company: Company) -> None:
    agents = contacts[contacts["is_agent"]]
    agent = company.customers.companies.set_index("true_customer_id")["agent"].loc[agents["customer_id"]]
    per_agent = agents.groupby(agent.to_numpy())
    columns = ["true_contact_id", "name", "phone", "email"]
    assert (per_agent[columns].nunique(dropna=False) == 1).all(axis=None)
    others = contacts[~contacts["is_agent"]]
    assert (others["true_contact_id"] == others["contact_id"]).all()
    assert set(agents["title"]) == {load_people().contacts.agent_title}
    free = tuple(load_people().contacts.free_mail_domains)
    assert agents["email"].str.endswith(free).all()


def test_only_companies_of_one_group_share_a_domain(company: Company, contacts: pd.DataFrame) -> None:
    tables = company.customers
    parents = tables.hierarchy.set_index("child_customer_id")["parent_customer_id"]
    head = tables.companies["true_customer_id"].map(
        lambda key: parents.get(parents.get(key, key), parents.get(key, key))
    )
    hosts = tables.companies["host"]
    assert (head.groupby(hosts.to_numpy()).nunique() == 1).all()
    assert hosts.duplicated().any()
    known = contacts[contacts["email"].notna() & ~contacts["is_agent"]]
    free = tuple(f"@{domain}" for domain in load_people().contacts.free_mail_domains)
    own = known[~known["email"].str.endswith(free)]
    hosts = own["email"].str.split("@").str[1]
    assert set(hosts) <= set(tables.companies["host"])


def test_contacts_are_entered_after_their_customer(company: Company, contacts: pd.DataFrame) -> None:
    known_at = company.customers.customers.set_index("customer_id")["created_at"].loc[contacts["customer_id"]]
    assert (contacts["created_at"].to_numpy() >= known_at.to_numpy()).all()
    assert (contacts["updated_at"] >= contacts["created_at"]).all()
    assert (contacts["updated_at"] <= company.clock.now).all()


def test_phones_are_digits_or_missing(contacts: pd.DataFrame) -> None:
    assert contacts["phone"].dropna().str.fullmatch(r"1\d{10}|0\d{9,11}").all()
    assert 0.02 < contacts["phone"].isna().mean() < 0.1


def test_every_brand_character_has_a_syllable() -> None:
    assert set(load_profile().names.brand_alphabet) == set(load_people().contacts.brand_syllables)


def test_birthdays_are_of_grown_ups(company: Company, contacts: pd.DataFrame) -> None:
    ages = (company.clock.now - contacts["birthday"].dropna().to_numpy()).astype("timedelta64[D]").astype(
        np.int64
    ) / 365
    assert ages.min() >= 23
    assert ages.max() <= 61
