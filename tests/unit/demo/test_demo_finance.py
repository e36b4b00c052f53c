"""What accounting makes of a batch of orders and receipts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cockpit.demo.company import Batch, Company
from cockpit.demo.draw import Stream, generator
from cockpit.demo.finance import (
    Finance,
    Payers,
    clean_orders,
    contract_numbers,
    draw_finance,
    make_product_costs,
    order_totals,
)
from cockpit.demo.people import make_staff
from cockpit.demo.profile_finance import load_finance
from cockpit.demo.staff_targets import KINDS, make_staff_targets
from cockpit.demo.truth import Truth


@pytest.fixture(scope="module")
def payers(company: Company) -> Payers:
    return Payers.of(company.customers.customers, company.profile.dirt.unknown_customer_offset)


@pytest.fixture(scope="module")
def finance(company: Company, batch: Batch, payers: Payers) -> Finance:
    rng = generator(company.seed, Stream.FINANCE)
    return draw_finance(rng, load_finance(), payers, batch, company.clock)


def test_same_seed_same_papers(company: Company, batch: Batch, payers: Payers, finance: Finance) -> None:
    rng = generator(company.seed, Stream.FINANCE)
    again = draw_finance(rng, load_finance(), payers, batch, company.clock)
    for name, frame in finance.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], frame)


def test_the_erps_rows_stay_as_they_were(batch: Batch, finance: Finance) -> None:
    kept = [name for name in batch.receipts.columns if name != "boundary_case"]
    pd.testing.assert_frame_equal(finance.receipts[kept], batch.receipts[kept])


def test_ids_are_unique_and_nothing_is_later_than_the_business_time(company: Company, finance: Finance) -> None:
    for name, frame in finance.tables.items():
        assert frame.iloc[:, 0].is_unique, name
        assert (frame["updated_at"] <= company.clock.now).all(), name


def test_invoices_add_up_to_the_delivered_orders(batch: Batch, finance: Finance) -> None:
    invoices = finance.tables["invoice"]
    totals = dict(zip(batch.orders["order_id"], order_totals(batch), strict=True))
    invoiced = invoices.groupby("order_id")["amount_cents"].sum()
    # The second half of a split may not be due yet; more than the order is never invoiced.
    assert (invoiced <= invoiced.index.map(totals)).all()
    assert (invoiced == invoiced.index.map(totals)).mean() > 0.98
    status = batch.orders.set_index("order_id")["status"].loc[invoices["order_id"]]
    assert set(status) == {"delivered"}


def test_tax_is_right_but_where_it_is_planted(finance: Finance) -> None:
    invoices = finance.tables["invoice"]
    wrong = (invoices["net_cents"] + invoices["tax_cents"] - invoices["amount_cents"]).abs() > 1
    assert (wrong == invoices["anomaly"].notna()).all()
    assert wrong.sum() >= 10


def test_a_red_invoice_takes_one_back(finance: Finance) -> None:
    invoices = finance.tables["invoice"].set_index("invoice_id")
    red = invoices[invoices["state"] == "red"]
    original = invoices.loc[red["reversed_invoice_id"]]
    assert len(red) > 50
    assert (original["amount_cents"].to_numpy() == -red["amount_cents"].to_numpy()).all()
    assert set(original["state"]) == {"reversed"}
    assert (invoices.loc[invoices["state"] != "red", "amount_cents"] > 0).all()


def test_contracts_are_those_of_large_right_orders(batch: Batch, finance: Finance) -> None:
    contracts = finance.contracts
    is_large = order_totals(batch) >= load_finance().contracts.from_amount * 100
    assert contracts["order_row"].tolist() == np.flatnonzero(clean_orders(batch) & is_large).tolist()
    assert (
        contracts["contract_cents"] - contracts["retention_cents"] == order_totals(batch)[contracts["order_row"]]
    ).all()


def test_contract_numbers() -> None:
    assert contract_numbers(np.array([7, 1234567890])) == ["HT000000007", "HT1234567890"]


def test_claims_belong_to_receipts_and_their_order(finance: Finance) -> None:
    receipts = finance.receipts.set_index("receipt_id")
    claims = finance.tables["receipt_claim"]
    mine = receipts.loc[claims["receipt_id"]]
    assert (mine["order_id"].to_numpy() == claims["order_id"].to_numpy()).all()
    assert (claims["claimed_at"].to_numpy() > mine["received_at"].to_numpy()).all()
    good = claims[claims["anomaly"].isna()]
    claimed = good.groupby("receipt_id")["amount_cents"].sum()
    amounts = receipts.loc[claimed.index, "amount_cents"]
    assert (claimed <= amounts).all()
    assert 0.9 < (claimed == amounts).mean() < 1
    assert good["receipt_id"].duplicated().any(), "some are claimed in two parts"
    numbered = set(claims.loc[claims["contract_number"].notna(), "order_id"])
    assert numbered <= set(finance.contracts["order_id"])


def test_third_parties_are_marked_and_everybody_else_pays_under_the_customers_name(
    company: Company, finance: Finance
) -> None:
    receipts = finance.receipts
    names = company.customers.customers.set_index("customer_id")["name"]
    clean = receipts[receipts["anomaly"].isna()]
    is_own = clean["payer_name"].to_numpy() == names.loc[clean["customer_id"]].to_numpy()
    is_third = (clean["boundary_case"] == "third_party_payer").to_numpy()
    assert (is_own | is_third).all()
    assert 0.02 < is_third.mean() < 0.05


def test_bills_are_due_after_issue_but_where_it_is_planted(company: Company, finance: Finance) -> None:
    bills = finance.tables["acceptance_bill"]
    assert ((bills["due_on"] <= bills["issued_on"]) == bills["anomaly"].notna()).all()
    kinds = finance.receipts.set_index("receipt_id")["kind"].loc[bills["receipt_id"]]
    assert set(kinds) == {"acceptance_bill"}
    good = bills[bills["anomaly"].isna()]
    is_due = (good["due_on"] <= company.clock.now).to_numpy()
    assert not is_due[(good["state"] == "collected").to_numpy()].size or is_due[(good["state"] == "collected")].all()
    assert not is_due[(good["state"] == "held").to_numpy()].any()
    assert bills["bill_number"].str.fullmatch(r"\d{30}").all()


def test_retention_is_released_after_it_is_due(finance: Finance) -> None:
    retention = finance.tables["retention"]
    released = retention[retention["released_cents"] > 0]
    assert (released["released_at"] >= released["due_on"]).all()
    assert (released["released_cents"] == released["amount_cents"]).all()
    assert retention.loc[retention["released_cents"] == 0, "released_at"].isna().all()
    assert 0 < len(released) < len(retention)


def test_costs_exist_for_each_product_and_month_and_stay_below_the_price_at_first(company: Company) -> None:
    months = np.array(["2026-10-01", "2026-11-01"], "M8[s]")
    costs = make_product_costs(generator(7, Stream.COSTS), load_finance(), company.products, months)
    assert len(costs) == 2 * len(company.products)
    price = company.products.set_index("product_id")["list_price_cents"].loc[costs["product_id"]]
    assert (costs["unit_cost_cents"].to_numpy() < price.to_numpy()).all()
    assert (costs["unit_cost_cents"] > 0).all()


def test_targets_of_three_kinds_add_up(company: Company, truth: Truth) -> None:
    units = make_staff(company).org_units
    targets = make_staff_targets(load_finance(), units, truth.targets, company.seed)
    assert not targets.duplicated(["org_unit_code", "month", "kind"]).any()
    assert set(targets["kind"]) == set(KINDS)
    wide = targets.set_index(["org_unit_code", "month", "kind"])["amount_cents"]
    parent = units.set_index("org_unit_code")["parent_code"]
    children = targets.assign(parent=targets["org_unit_code"].map(parent)).dropna(subset="parent")
    summed = children.groupby(["parent", "month", "kind"])["amount_cents"].sum()
    assert (wide.loc[summed.index] == summed).all()
    top = wide.xs("HX").unstack("kind")
    assert (top["signed"] > top["received"]).all()
