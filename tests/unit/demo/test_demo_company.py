"""The history: what must hold for every row, and what is planted."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from cockpit.demo.company import Batch, Company, generate
from cockpit.demo.profile import Scale, load_profile
from cockpit.demo.truth import clean_rows

MID_MONTH = datetime(2026, 11, 18, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


def drawn(seed: int = 7, as_of: datetime = MID_MONTH) -> Batch:
    (batch,) = generate(Scale.SMALL, as_of, seed).batches()
    return batch


def test_same_seed_gives_the_same_company(company: Company, batch: Batch) -> None:
    again = generate(Scale.SMALL, company.clock.as_of, company.seed)
    pd.testing.assert_frame_equal(again.customers.customers, company.customers.customers)
    pd.testing.assert_frame_equal(again.products, company.products)
    (repeated,) = again.batches()
    for name in ("orders", "lines", "receipts"):
        pd.testing.assert_frame_equal(getattr(repeated, name), getattr(batch, name))


def test_another_seed_gives_another_company(batch: Batch) -> None:
    assert not drawn(seed=8).lines["amount_cents"].head(100).equals(batch.lines["amount_cents"].head(100))


def test_business_time_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        generate(Scale.SMALL, datetime(2026, 11, 18), seed=1)  # noqa: DTZ001


def test_small_batches_make_the_same_kind_of_history(company: Company, batch: Batch) -> None:
    capacity = company.profile.company.capacity.model_copy(update={"chunk_orders": 3000})
    settings = company.profile.company.model_copy(update={"capacity": capacity})
    chunked = generate(
        Scale.SMALL, company.clock.as_of, company.seed, company.profile.model_copy(update={"company": settings})
    )
    batches = list(chunked.batches())
    orders = pd.concat([part.orders for part in batches])
    receipts = pd.concat([part.receipts for part in batches])
    assert len(batches) > 5
    assert max(len(part.orders) for part in batches) <= 3000
    assert orders["order_id"].tolist() == list(range(1, 20001))
    assert receipts["receipt_id"].tolist() == list(range(1, len(receipts) + 1))
    assert len(receipts) == pytest.approx(len(batch.receipts), rel=0.03)


def test_size_and_keys(batch: Batch) -> None:
    assert batch.orders["order_id"].tolist() == list(range(1, 20001))
    assert not batch.lines.duplicated(["order_id", "line_number"]).any()
    assert batch.lines.groupby("order_id").size().between(1, 5).all()
    assert batch.receipts["receipt_id"].is_unique


def test_thirty_months_and_growth(company: Company, batch: Batch) -> None:
    clean = clean_rows(batch).orders
    months = clean["ordered_at"].to_numpy().astype("datetime64[M]")
    assert months.min() == np.datetime64("2024-05")
    assert months.max() == np.datetime64("2026-11")
    per_month = pd.Series(months).value_counts()
    assert per_month[np.datetime64("2026-07")] > per_month[np.datetime64("2024-07")]


def test_rhythm_of_the_year_and_the_month(batch: Batch) -> None:
    ordered_at = clean_rows(batch).orders["ordered_at"]
    per_day = ordered_at.dt.floor("D").value_counts()
    assert per_day.reindex(pd.date_range("2026-02-12", "2026-02-25"), fill_value=0).mean() < 5
    assert per_day.reindex(pd.date_range("2026-03-25", "2026-03-31")).mean() > 1.3 * (
        per_day.reindex(pd.date_range("2026-03-09", "2026-03-15")).mean()
    )


def test_rows_refer_to_what_exists_unless_planted(company: Company, batch: Batch) -> None:
    clean = clean_rows(batch)
    customers = company.customers.customers.set_index("customer_id")
    assert clean.orders["customer_id"].isin(customers.index).all()
    assert clean.receipts["customer_id"].isin(customers.index).all()
    assert clean.lines["product_id"].isin(company.products["product_id"]).all()
    assigned = clean.receipts[clean.receipts["order_id"] >= 0]
    assert assigned["order_id"].isin(clean.orders["order_id"]).all()
    assert 0.01 < 1 - len(assigned) / len(clean.receipts) < 0.06
    joined = customers.loc[clean.orders["customer_id"]]
    assert (joined["created_at"].to_numpy() <= clean.orders["ordered_at"].to_numpy()).all()
    assert (joined["region_code"].astype(str).to_numpy() == clean.orders["region_code"].astype(str)).all()


def test_clean_money_is_right_to_the_cent(batch: Batch) -> None:
    lines = clean_rows(batch).lines
    exact = lines["quantity_milli"] * lines["unit_price_e4"]
    assert (abs(lines["amount_cents"] * 100_000 - exact) <= 100_000).all()
    assert (lines["amount_cents"] > 0).all()
    assert (lines["quantity_milli"] > 0).all()


def test_nobody_pays_more_than_ordered(batch: Batch) -> None:
    clean = clean_rows(batch)
    wrong_lines = batch.lines.loc[batch.lines["anomaly"].notna(), "order_id"]
    paid = clean.receipts.groupby("order_id")["amount_cents"].sum().drop(-1)
    total = clean.lines.groupby("order_id")["amount_cents"].sum()
    comparable = paid.index.difference(wrong_lines)
    assert (paid[comparable] <= total[comparable]).all()
    assert (clean.receipts["amount_cents"] > 0).all()


def test_receipts_follow_their_orders(batch: Batch) -> None:
    clean = clean_rows(batch)
    assigned = clean.receipts[clean.receipts["order_id"] >= 0]
    ordered_at = clean.orders.set_index("order_id")["ordered_at"].loc[assigned["order_id"]]
    days = (assigned["received_at"].to_numpy() - ordered_at.to_numpy()).astype("timedelta64[D]").astype(int)
    assert days.min() >= 0
    assert 15 < np.median(days) < 35


def test_nothing_is_entered_after_as_of_or_before_it_happened(company: Company, batch: Batch) -> None:
    now = company.clock.now
    for frame in (company.customers.customers, batch.orders, batch.lines, batch.receipts):
        assert (frame["updated_at"] <= now).all()
    clean = clean_rows(batch)
    assert (clean.orders["ordered_at"] <= now).all()
    assert (clean.orders["updated_at"] >= clean.orders["ordered_at"]).all()
    assert (clean.receipts["updated_at"] >= clean.receipts["received_at"]).all()


def test_planted_counts_follow_the_rates(batch: Batch) -> None:
    anomalies = load_profile().dirt.anomalies
    for frame, rates in (
        (batch.orders, anomalies.sales_order),
        (batch.lines, anomalies.sales_order_line),
        (batch.receipts, anomalies.receipt),
    ):
        found = frame["anomaly"].value_counts().to_dict()
        wanted = {kind: round(rate * len(frame)) for kind, rate in rates.model_dump().items()}
        assert found == wanted


def test_each_kind_of_order_anomaly_is_what_it_says(company: Company, batch: Batch) -> None:
    orders = batch.orders
    kind = orders["anomaly"]
    known = set(company.customers.customers["customer_id"])
    assert not orders.loc[kind == "unknown_customer", "customer_id"].isin(known).any()
    assert (orders.loc[kind == "dated_in_future", "ordered_at"] > company.clock.now).all()
    assert (orders["currency"].isna() == (kind == "missing_currency")).all()
    assert (orders.duplicated("order_number", keep="first") == (kind == "duplicate_order_number")).all()


def test_an_order_entered_twice_has_the_same_lines(batch: Batch) -> None:
    twice = batch.orders[batch.orders.duplicated("order_number", keep=False)]
    content = ["line_number", "product_id"]  # one of the two may have a planted line as well
    for _number, pair in twice.groupby("order_number"):
        first, second = (batch.lines.loc[batch.lines["order_id"] == key, content] for key in pair["order_id"])
        assert first.to_numpy().tolist() == second.to_numpy().tolist()


def test_each_kind_of_line_anomaly_is_what_it_says(batch: Batch) -> None:
    lines = batch.lines
    exact = lines["quantity_milli"] * lines["unit_price_e4"]
    disagrees = abs(lines["amount_cents"] * 100_000 - exact) > 100_000
    assert ((lines["quantity_milli"] < 0) == (lines["anomaly"] == "negative_quantity")).all()
    assert (disagrees == (lines["anomaly"] == "amount_disagrees")).all()


def test_each_kind_of_receipt_anomaly_is_what_it_says(company: Company, batch: Batch) -> None:
    receipts = batch.receipts
    kind = receipts["anomaly"]
    known = set(company.customers.customers["customer_id"])
    assert ((receipts["amount_cents"] <= 0) == (kind == "amount_not_positive")).all()
    assert {0} < set(np.sign(receipts.loc[kind == "amount_not_positive", "amount_cents"]))
    assert ((receipts["received_at"] > company.clock.now) == (kind == "dated_in_future")).all()
    assert (~receipts["customer_id"].isin(known) == (kind == "unknown_customer")).all()
    assert (receipts["currency"].isna() == (kind == "missing_currency")).all()


def test_boundary_cases_are_clean_and_at_the_boundary(company: Company, batch: Batch) -> None:
    lines, orders = batch.lines, batch.orders
    marked = lines["boundary_case"].notna()
    assert lines.loc[marked, "anomaly"].isna().all()
    assert (lines.loc[lines["boundary_case"] == "smallest_quantity", "quantity_milli"] == 1).all()
    rounded = lines[lines["boundary_case"] == "amount_rounded_down"]
    missing = rounded["quantity_milli"] * rounded["unit_price_e4"] - rounded["amount_cents"] * 100_000
    assert (missing == 99_000).all()  # 0.0099: a tolerance of one cent lets it through, half a cent does not
    last = orders[orders["boundary_case"] == "ordered_at_as_of"]
    assert (last["ordered_at"] == company.clock.now).all()
    assert last["anomaly"].isna().all()
    assert lines["boundary_case"].value_counts().to_dict() == {"smallest_quantity": 5, "amount_rounded_down": 5}
    assert len(last) == 1


@pytest.mark.parametrize(
    "as_of",
    [
        pytest.param("2026-11-01T00:00:00+08:00", id="first moment of a month"),
        pytest.param("2026-02-17T12:00:00+08:00", id="Chinese New Year"),
        pytest.param("2026-12-31T23:59:59.999+08:00", id="end of the year"),
        pytest.param("2035-06-15T03:00:00+00:00", id="beyond the table of lunar years, in UTC"),
    ],
)
def test_any_business_time_works(as_of: str) -> None:
    batch = drawn(as_of=datetime.fromisoformat(as_of))
    assert len(batch.orders) == 20000
