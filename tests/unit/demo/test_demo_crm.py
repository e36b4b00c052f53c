"""The CRM's rows: how things are typed, and what holds for clean and planted rows."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.demo.company import Batch, Company
from cockpit.demo.company_name import CompanyName
from cockpit.demo.crm.accounts import Accounts, make_accounts
from cockpit.demo.crm.activities import draw_activities, draw_attachments
from cockpit.demo.crm.deals import Book, Deals, draw_deals, make_framework_contracts
from cockpit.demo.crm.persons import make_contacts_table, make_leads
from cockpit.demo.crm.profile import load_crm
from cockpit.demo.crm.spelling import chinese_number, full_width, typed_phone
from cockpit.demo.crm.tables import CRM_TABLES
from cockpit.demo.draw import Stream, generator
from cockpit.demo.finance import Payers, draw_finance
from cockpit.demo.name_spelling import VARIANTS, NameSpeller, identities
from cockpit.demo.people import make_contacts
from cockpit.demo.profile import load_profile
from cockpit.demo.profile_finance import load_finance

NAME = CompanyName("上海", "华信", "能源", "有限公司", has_bracketed_city=True)


@pytest.fixture(scope="module")
def accounts(company: Company) -> Accounts:
    return make_accounts(company, load_crm())


@pytest.fixture(scope="module")
def contacts(company: Company) -> pd.DataFrame:
    return make_contacts(company)


@pytest.fixture(scope="module")
def book(company: Company, accounts: Accounts, contacts: pd.DataFrame) -> Book:
    return Book.of(company, accounts, contacts)


@pytest.fixture(scope="module")
def deals(company: Company, batch: Batch, book: Book) -> Deals:
    payers = Payers.of(company.customers.customers, company.profile.dirt.unknown_customer_offset)
    finance = draw_finance(generator(7, Stream.FINANCE), load_finance(), payers, batch, company.clock)
    return draw_deals(generator(7, Stream.CRM_DEALS), load_crm(), book, batch, finance.contracts, company.clock)


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        pytest.param("same", "华信（上海）能源有限公司", id="as it is"),
        pytest.param("legal_form", "华信（上海）能源有限责任公司", id="legal form"),
        pytest.param("half_width", "华信(上海)能源有限公司", id="brackets"),
        pytest.param("space", "华信（上海）能源 有限公司", id="space"),
        pytest.param("full_width", "\u3000华信（上海）能源有限公司", id="leading ideographic space"),
        pytest.param("traditional", "華信（上海）能源有限公司", id="traditional"),
        pytest.param("typo", "华恒（上海）能源有限公司", id="another character"),
        pytest.param("short_name", "华信能源", id="brand and trade"),
        pytest.param("without_city", "华信能源有限公司", id="no city"),
        pytest.param("without_legal_form", "华信（上海）能源", id="no legal form"),
        pytest.param("abbreviation", "上海华信", id="city and brand"),
        pytest.param("moved_city", "上海华信能源有限公司", id="city in front"),
        pytest.param("english", "Shanghai Huaxin Energy Co., Ltd.", id="English"),
    ],
)
def test_spellings(variant: str, expected: str) -> None:
    assert NameSpeller(load_profile().names).spell(NAME, variant) == expected


def test_spellings_of_a_branch() -> None:
    branch = CompanyName("上海", "华信", "第一能源", "集团有限公司", branch="苏州分公司")
    speller = NameSpeller(load_profile().names)
    typed = {variant: speller.spell(branch, variant) for variant in VARIANTS}
    assert typed["moved_city"] == "华信第一能源（上海）集团有限公司苏州分公司"
    assert typed["english"] == "Shanghai Huaxin No.1 Energy Group Co., Ltd. Suzhou Branch"
    assert {text[-5:] for variant, text in typed.items() if variant != "english"} == {"苏州分公司"}


def test_a_homophone_sounds_alike() -> None:
    speller = NameSpeller(load_profile().names)
    assert speller.spell(CompanyName("上海", "信华", "能源", "有限公司"), "homophone") == "上海鑫华能源有限公司"
    assert speller.spell(CompanyName("上海", "泰华", "能源", "有限公司"), "homophone") == "上海太华能源有限公司"


@pytest.mark.parametrize(
    ("brand", "trade", "expected"),
    [
        ("华信", "能源", "上海华恒能源有限公司"),
        ("金鑫", "能源", "上海鑫金能源有限公司"),
        ("盛达", "油气技术", "上海盛达油气技有限公司"),
        ("华泰", "能源", "上海信泰能源有限公司"),
    ],
)
def test_slips_of_the_pen(brand: str, trade: str, expected: str) -> None:
    assert NameSpeller(load_profile().names).spell(CompanyName("上海", brand, trade, "有限公司"), "typo") == expected


def test_a_slip_never_makes_another_companys_name() -> None:
    other = CompanyName("上海", "鑫华", "能源", "股份有限公司")
    name = CompanyName("上海", "信华", "能源", "有限公司")
    assert NameSpeller(load_profile().names, identities([other, name])).spell(name, "homophone") == str(name)


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (0, "13912345678"),
        (1, "139 1234 5678"),
        (2, "１３９１２３４５６７８"),
        (3, "+86-13912345678"),
        (4, "手机：13912345678"),
        (7, "13912345678"),
    ],
)
def test_phones_as_typed(style: int, expected: str) -> None:
    assert typed_phone("13912345678", style) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, "一"),
        (10, "十"),
        (15, "十五"),
        (250, "二百五十"),
        (205, "二百零五"),
        (1001, "一千零一"),
        (12000, "一万二千"),
    ],
)
def test_chinese_numbers(number: int, expected: str) -> None:
    assert chinese_number(number) == expected


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_full_width_is_undone_by_normalising(text: str) -> None:
    assert unicodedata.normalize("NFKC", full_width(text)) == text


def test_each_customer_has_an_account_and_some_have_two(company: Company, accounts: Accounts) -> None:
    first = company.customers.companies["true_customer_id"]
    assert set(first) <= set(accounts.accounts["account_id"])
    assert accounts.accounts["account_id"].is_monotonic_increasing
    assert accounts.accounts["account_number"].is_unique
    per_company = accounts.clusters["true_customer_id"].value_counts()
    assert per_company.max() == 2
    assert 0.03 < (per_company == 2).mean() < 0.07


def test_variants_say_whether_the_name_is_the_proper_one(accounts: Accounts) -> None:
    proper = accounts.companies.set_index("true_customer_id")["name"].map(str)
    is_same = accounts.accounts["name"].to_numpy() == proper.loc[accounts.clusters["true_customer_id"]].to_numpy()
    assert (is_same == accounts.clusters["variant"].isna().to_numpy()).all()
    assert 0.4 < is_same.mean() < 0.7


def test_prospects_are_no_customers(company: Company, accounts: Accounts) -> None:
    names = accounts.companies["name"].map(lambda name: (name.city, name.brand, name.trade, name.branch))
    assert names.is_unique
    assert len(accounts.companies) > 1.2 * len(company.customers.companies)


def test_placeholders_are_marked_and_their_neighbours_are_not(accounts: Accounts) -> None:
    frame, dirt = accounts.accounts, load_crm().phones
    is_placeholder = frame["phone"].isin(dirt.placeholders)
    assert (is_placeholder == (frame["anomaly"] == "placeholder_phone")).all()
    look_alikes = frame[frame["phone"].isin(dirt.look_alikes)]
    assert set(look_alikes["boundary_case"]) == {"placeholder_phone"}


def test_contacts_keep_their_person(company: Company, contacts: pd.DataFrame) -> None:
    table = make_contacts_table(company, load_crm(), contacts)
    assert len(table.rows) == len(table.persons) == len(table.clusters)
    names = contacts.set_index("contact_id")["name"].loc[table.persons["true_contact_id"]]
    assert (table.rows["name"].to_numpy() == names.to_numpy()).all()
    assert table.persons["variant"].notna().sum() == round(0.02 * len(contacts))
    assert table.rows["email"].dropna().str.contains(r"\.con$|@162", regex=True).any()


def test_leads(company: Company, accounts: Accounts, contacts: pd.DataFrame) -> None:
    leads = make_leads(company, load_crm(), accounts, contacts)
    rows, habits = leads.rows, load_crm().leads
    assert rows["lead_id"].tolist() == list(range(1, 2401))
    fake = rows[rows["anomaly"] == "fake_registration"]
    assert set(fake["company"]) <= set(habits.fake_companies)
    assert rows.loc[~rows.index.isin(fake.index), "company"].isin(habits.fake_companies).sum() == 0
    assert rows.loc[rows["boundary_case"].notna(), "company"].str.contains("测").all()
    assert not set(leads.clusters["key"].astype(int)) & set(fake["lead_id"])
    converted = rows[rows["status"] == "converted"]
    assert (converted["account_id"] >= 0).all()
    assert (rows.loc[rows["status"] != "converted", "account_id"] == -1).all()
    assert (rows["updated_at"] >= rows["created_at"]).all()
    assert (rows["updated_at"] <= company.clock.now).all()


def test_won_opportunities_have_a_contract_and_lost_ones_a_reason(deals: Deals) -> None:
    opportunities = deals.opportunities
    won = opportunities[opportunities["stage"] == "won"]
    assert won["opportunity_id"].tolist() == deals.contracts["opportunity_id"].tolist()
    lost = opportunities["stage"] == "lost"
    assert (opportunities["loss_reason"].notna() == lost).all()
    is_open = opportunities["closed_at"].isna()
    assert (is_open == ~opportunities["stage"].isin(["won", "lost"])).all()
    assert 0.02 < is_open.mean() < 0.2


def test_cycles_are_negative_where_planted_only(deals: Deals) -> None:
    opportunities = deals.opportunities
    negative = opportunities["closed_at"] < opportunities["created_at"]
    assert (negative == (opportunities["anomaly"] == "negative_cycle")).all()
    same = opportunities[opportunities["boundary_case"].notna()]
    assert (same["closed_at"] == same["created_at"]).all()


def test_stages_follow_each_other(deals: Deals) -> None:
    stages = deals.stages
    same = stages["opportunity_id"].eq(stages["opportunity_id"].shift())
    code = stages["stage"].cat.codes
    backwards = same & (code < code.shift())
    assert (backwards == (stages["anomaly"] == "stage_backwards")).all()
    assert (stages["entered_at"] >= stages["entered_at"].shift())[same].all()
    last = stages.groupby("opportunity_id")["stage"].last()
    clean = deals.opportunities.set_index("opportunity_id")["stage"]
    planted = set(stages.loc[stages["anomaly"].notna(), "opportunity_id"])
    kept = [key for key in last.index if key not in planted]
    assert (last.loc[kept].astype(str) == clean.loc[kept].astype(str)).all()


def test_one_number_stands_on_one_open_contract_but_where_planted(deals: Deals) -> None:
    active = deals.contracts[deals.contracts["status"] == "active"]
    repeated = active.duplicated("contract_number", keep="first")
    assert (repeated == (active["anomaly"] == "duplicate_contract_number")).all()
    assert repeated.any()


def test_framework_contracts_are_right_without_an_amount(company: Company, accounts: Accounts) -> None:
    framework = make_framework_contracts(generator(7, Stream.CRM_ACCOUNTS, 1), load_crm(), accounts, company.clock)
    assert len(framework) > 10
    assert (framework["amount_cents"] == 0).all()
    assert framework["anomaly"].isna().all()
    assert framework["boundary_case"].notna().all()


def test_visits_have_a_result_but_where_planted(company: Company, batch: Batch, book: Book, deals: Deals) -> None:
    rng = generator(7, Stream.CRM_ACTIVITIES)
    crm = load_crm()
    activities = draw_activities(rng, crm, book, batch.orders, deals.opportunities, company.clock)
    assert activities["activity_id"].is_unique
    without = (activities["kind"] == "visit") & activities["result"].isna()
    assert (without == (activities["anomaly"] == "visit_without_result")).all()
    assert (activities["updated_at"] <= company.clock.now).all()
    ahead = activities["started_at"] > company.clock.now
    assert (ahead == (activities["anomaly"] == "dated_in_future")).all()
    entered_days = (activities["created_at"] - activities["started_at"]).dt.days
    assert (entered_days[~ahead] >= 3).mean() > 0.02, "some are entered late"
    files = draw_attachments(rng, crm, deals.opportunities, activities, company.clock)
    assert files["attachment_id"].is_unique
    noted = files[files["record_type"] == "activity"]
    assert set(noted["record_id"]) <= set(activities["activity_id"])


def test_every_column_of_the_tables_is_generated(deals: Deals, accounts: Accounts) -> None:
    for table, frame in (
        ("account", accounts.accounts),
        ("opportunity", deals.opportunities),
        ("opportunity_stage_history", deals.stages),
        ("contract", deals.contracts),
    ):
        wanted = {column.source or column.name for column in CRM_TABLES[table]}
        assert wanted <= set(frame.columns), table


def test_rates_of_anomalies(deals: Deals) -> None:
    rates = load_crm().anomalies["opportunity"]
    found = deals.opportunities["anomaly"].value_counts()
    for kind, rate in rates.items():
        assert found[kind] == pytest.approx(np.round(rate * len(deals.opportunities)), abs=1)
