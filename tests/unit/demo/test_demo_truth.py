from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from cockpit.demo.company import Batch, Company, generate
from cockpit.demo.profile import Scale, load_profile
from cockpit.demo.rhythm import elapsed_ratio
from cockpit.demo.truth import Truth, TruthBuilder, clean_figures, expected_table, marked_keys, region_month_money

NOVEMBER = pd.Timestamp("2026-11-01")


def tiny_batch() -> Batch:
    orders = pd.DataFrame(
        {
            "order_id": [1, 2, 3],
            "region_code": ["CN-SH", "CN-SH", "CN-BJ"],
            "ordered_at": np.array(["2026-10-31T23:59:59", "2026-11-01T00:00:00", "2026-11-02T10:00:00"], "M8[s]"),
            "status": ["delivered", "cancelled", "open"],
            "anomaly": [None, None, "missing_currency"],
            "boundary_case": [None, None, None],
        }
    )
    lines = pd.DataFrame(
        {
            "order_id": [1, 1, 2, 3],
            "line_number": [1, 2, 1, 1],
            "order_row": [0, 0, 1, 2],
            "amount_cents": [100, 7, 1000, 10000],
            "anomaly": [None, "negative_quantity", None, None],
            "boundary_case": ["smallest_quantity", None, None, None],
        }
    )
    receipts = pd.DataFrame(
        {
            "receipt_id": [1, 2],
            "region_code": ["CN-SH", "CN-SH"],
            "received_at": np.array(["2026-11-05T10:00:00", "2026-11-06T10:00:00"], "M8[s]"),
            "amount_cents": [60, 5],
            "anomaly": [None, "unknown_customer"],
            "boundary_case": [None, None],
        }
    )
    return Batch(orders, lines, receipts)


def test_money_of_clean_rows_by_region_and_local_month() -> None:
    money = region_month_money(tiny_batch()).sort_values("month")
    assert money.to_dict("records") == [
        {"region_code": "CN-SH", "month": pd.Timestamp("2026-10-01"), "received_cents": 0, "ordered_cents": 100},
        {"region_code": "CN-SH", "month": NOVEMBER, "received_cents": 60, "ordered_cents": 0},
    ]


def test_keys_of_marked_rows() -> None:
    assert marked_keys(tiny_batch(), "anomaly").to_numpy().tolist() == [
        ["erp", "missing_currency", "sales_order", "3"],
        ["erp", "negative_quantity", "sales_order_line", "1|2"],
        ["erp", "unknown_customer", "receipt", "2"],
    ]
    assert marked_keys(tiny_batch(), "boundary_case").to_numpy().tolist() == [
        ["erp", "smallest_quantity", "sales_order_line", "1|1"]
    ]


def test_figures_of_clean_rows() -> None:
    table = expected_table(clean_figures(tiny_batch())).set_index("figure")["value"]
    assert table.to_dict() == {
        "clean_orders": "2",
        "clean_order_lines": "2",
        "clean_receipts": "1",
        "ordered_amount": "1.00",
        "cancelled_amount": "10.00",
        "received_amount": "0.60",
    }


def test_totals_agree_with_each_other(truth: Truth) -> None:
    figures = {row.figure: Decimal(row.value) for row in truth.expected.itertuples()}
    months = truth.region_months
    assert figures["received_amount"] == Decimal(int(months["received_cents"].sum())) / 100
    assert figures["ordered_amount"] == Decimal(int(months["ordered_cents"].sum())) / 100


def test_targets_reach_to_the_end_of_the_year(truth: Truth) -> None:
    targets = truth.targets
    assert not targets.duplicated(["region_code", "month", "kind"]).any()
    assert targets["month"].max() == pd.Timestamp("2026-12-01")
    assert (targets["month"].value_counts()[[NOVEMBER, pd.Timestamp("2026-12-01")]] == 31).all()
    assert (targets["amount_cents"] > 0).all()


def test_past_months_miss_only_where_a_cause_is_planted(truth: Truth) -> None:
    months = truth.region_months
    recent = months[(months["month"] < NOVEMBER) & (months["month"] >= NOVEMBER - pd.DateOffset(months=6))]
    ratio = recent["received_cents"] / recent["target_cents"]
    missed = recent[ratio < 0.8].set_index(["region_code", "month"]).index
    causes = truth.causes.set_index(["region_code", "month"]).index
    assert set(missed) == {cause for cause in causes if cause[1] < NOVEMBER}
    assert ratio[ratio >= 0.8].between(0.85, 1.16).all()


def test_the_current_month_is_on_pace_except_where_a_cause_is_planted(company: Company, truth: Truth) -> None:
    elapsed = elapsed_ratio(company.clock.today, company.profile.company.rhythm)
    current = truth.region_months[truth.region_months["month"] == NOVEMBER].set_index("region_code")
    pace = current["received_cents"] / current["target_cents"] / elapsed
    assert set(pace[pace < 0.8].index) == {"CN-LN", "CN-HB", "CN-SC"}


def test_a_month_that_has_just_begun_is_not_said_to_miss() -> None:
    begun = generate(Scale.SMALL, datetime(2026, 11, 2, 9, tzinfo=ZoneInfo("Asia/Shanghai")), seed=7)
    builder = TruthBuilder(begun)
    for part in begun.batches():
        builder.add(part)
    causes = builder.finish().causes
    assert causes["month"].max() == pd.Timestamp("2026-10-01")


def test_causes_are_described_in_both_languages(truth: Truth) -> None:
    assert len(truth.causes) == sum(cause.missed_months for cause in load_profile().causes)
    assert truth.causes[["description_en", "description_zh"]].notna().all(axis=None)


def test_a_lost_industry_orders_much_less(company: Company, batch: Batch) -> None:
    (cause,) = (item for item in company.profile.causes if item.industry)
    industry = company.customers.customers.set_index("customer_id")["industry"]
    orders = batch.orders[batch.orders["anomaly"].isna()]
    orders = orders[orders["region_code"] == cause.region_code]
    is_lost = orders["customer_id"].map(industry) == cause.industry
    starts_at = (company.clock.month - cause.starts_months_back).astype("datetime64[s]")
    is_after = orders["ordered_at"] >= starts_at
    assert is_lost[is_after].mean() < 0.4 * is_lost[~is_after].mean()


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2026, 11, 1), 0.0, id="first of the month"),
        pytest.param(date(2026, 11, 3), 1 / 21, id="after one working day"),
        pytest.param(date(2026, 10, 8), 0.0, id="after the national holiday"),
        pytest.param(date(2026, 3, 31), 21 / 22, id="last day has not ended"),
    ],
)
def test_elapsed_ratio(day: date, expected: float) -> None:
    assert elapsed_ratio(day, load_profile().company.rhythm) == pytest.approx(expected)
