"""What the web APIs of the demo company hold: seeded, plausible, and dirty where it is noted."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from cockpit.demo.apis import ads, marks, scm, service_desk, shop, wecom
from cockpit.demo.apis.marks import Marks, Planting
from cockpit.demo.apis.people import newly_met
from cockpit.demo.apis.profile import ApisFile, load_apis
from cockpit.demo.clock import Clock
from cockpit.demo.profile import Profile, load_profile

CLOCK = Clock.at(datetime(2026, 11, 18, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai")), "Asia/Shanghai")
SINCE = np.datetime64("2024-11-01", "s")
COUNT = 4000


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile()


@pytest.fixture(scope="module")
def apis() -> ApisFile:
    return load_apis()


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    begun = np.sort(SINCE + np.random.default_rng(1).integers(0, 700 * 86_400, COUNT).astype("timedelta64[s]"))
    closed = np.minimum(begun + np.timedelta64(20 * 86_400, "s"), CLOCK.now)
    return pd.DataFrame(
        {
            "order_number": [f"SO{number:09d}" for number in range(1, COUNT + 1)],
            "customer_id": np.arange(COUNT) + 100_001,
            "begun_at": begun,
            "closed_at": closed,
            "is_delivered": closed < CLOCK.now,
        }
    )


def of_kind(found: Marks, kind: str) -> set[str]:
    return {key for _system, _entity, key, name in found.anomalies + found.boundary_cases if name == kind}


@pytest.fixture(scope="module")
def drawn(apis: ApisFile, orders: pd.DataFrame) -> tuple[pd.DataFrame, Marks]:
    """Shipments of the orders, and what was planted into them."""
    found = Marks()
    return scm.draw_shipments(np.random.default_rng(7), apis.scm, orders, 1, CLOCK, found, is_history=True), found


class TestShipments:
    def test_equal_seeds_give_equal_rows(
        self, apis: ApisFile, orders: pd.DataFrame, drawn: tuple[pd.DataFrame, Marks]
    ) -> None:
        found = Marks()
        again = scm.draw_shipments(np.random.default_rng(7), apis.scm, orders, 1, CLOCK, found, is_history=True)
        pd.testing.assert_frame_equal(again, drawn[0])
        assert found == drawn[1]

    def test_an_order_has_two_at_most_and_an_open_one_none_that_is_signed(
        self, orders: pd.DataFrame, drawn: tuple[pd.DataFrame, Marks]
    ) -> None:
        shipments = drawn[0].merge(orders, on="order_number")
        assert set(shipments["part"]) == {1, 2}
        assert not shipments[~shipments["is_delivered"]]["signed_at"].notna().any()
        assert shipments[shipments["is_delivered"]]["signed_at"].notna().all()

    def test_only_planted_rows_break_the_rules(self, drawn: tuple[pd.DataFrame, Marks]) -> None:
        shipments, found = drawn
        keys = pd.Series(scm.shipment_keys(shipments["shipment_id"].to_numpy()), index=shipments.index)
        now = pd.Timestamp(CLOCK.now)
        broken = {
            marks.ORDER_NUMBER_MALFORMED: ~shipments["order_number"].str.fullmatch(r"SO\d{9}"),
            marks.SIGNED_BEFORE_SHIPPED: shipments["signed_at"] < shipments["shipped_at"],
            marks.DATED_IN_FUTURE: shipments["shipped_at"] > now,
            marks.FREIGHT_NEGATIVE: shipments["freight_cents"] < 0,
        }
        for kind, rows in broken.items():
            assert set(keys[rows]) == of_kind(found, kind) != set(), kind

    def test_nothing_is_recorded_in_the_future(self, drawn: tuple[pd.DataFrame, Marks]) -> None:
        assert (drawn[0]["changed_at"] <= pd.Timestamp(CLOCK.now)).all()

    def test_no_orders_no_shipments(self, apis: ApisFile, orders: pd.DataFrame) -> None:
        found = Marks()
        nothing = scm.draw_shipments(
            np.random.default_rng(7), apis.scm, orders.head(0), 1, CLOCK, found, is_history=False
        )
        assert len(nothing) == 0
        assert found == Marks()


def test_tickets_and_their_events_agree(apis: ApisFile) -> None:
    rng, found = np.random.default_rng(3), Marks()
    opened = shop.spread_times(rng, COUNT, SINCE, CLOCK)
    tickets = service_desk.draw_tickets(
        rng, apis, np.arange(COUNT) + 100_001, opened, ["PT-1001"], 1, CLOCK, found, is_history=True
    )
    events = service_desk.draw_events(rng, apis, tickets, 1, CLOCK, found, is_history=True)
    solved = set(events.loc[events["kind"] == service_desk.SOLVED, "ticket_id"])
    assert solved == set(tickets.loc[tickets["solved_at"].notna(), "ticket_id"])
    assert set(events.loc[events["kind"] == service_desk.SATISFACTION, "ticket_id"]) < solved
    wrong = tickets[tickets["solved_at"] < tickets["opened_at"]]
    assert set(wrong["ticket_id"].astype(str)) == of_kind(found, marks.SOLVED_BEFORE_OPENED)
    answers = events[events["score"] >= 0]
    outside = answers[~answers["score"].between(1, 5)]
    assert set(outside["event_id"].astype(str)) == of_kind(found, marks.SATISFACTION_OUT_OF_RANGE) != set()
    assert set(answers["kind"]) == {service_desk.SATISFACTION}
    assert (events["changed_at"] <= pd.Timestamp(CLOCK.now)).all()


def test_a_contact_is_of_a_customer_or_invented(profile: Profile, apis: ApisFile) -> None:
    rng, found = np.random.default_rng(3), Marks()
    customers = pd.DataFrame({"customer_id": [1, 2], "phone": ["021-1", None], "owner_username": ["a.b", "c.d"]})
    people = newly_met(rng, apis.shop, customers, COUNT)
    contacts = wecom.draw_contacts(rng, profile, apis, people, 1, CLOCK, SINCE, found, is_history=True)
    keys = pd.Series([wecom.contact_key(number) for number in contacts["contact_id"]])
    invented = contacts["name"].isin(apis.wecom.fake_names)
    assert set(keys[invented]) == of_kind(found, marks.FAKE_REGISTRATION)
    assert (contacts["customer_id"] == -1).equals(invented)
    placeholders = contacts["mobile"].isin(apis.wecom.placeholder_phones)
    assert set(keys[placeholders]) == of_kind(found, marks.PLACEHOLDER_PHONE) != set()
    assert contacts["created_at"].is_monotonic_increasing
    assert (contacts["changed_at"] >= contacts["created_at"]).all()


def test_an_order_of_the_shop_costs_what_its_lines_cost(apis: ApisFile) -> None:
    rng, found = np.random.default_rng(3), Marks()
    products = pd.DataFrame({"product_code": ["A", "B"], "name_zh": ["甲", "乙"]})
    placed = shop.spread_times(rng, COUNT, SINCE, CLOCK)
    sold = shop.draw_shop_orders(rng, apis, np.array([1, 2]), products, placed, 1, CLOCK, found, is_history=True)
    lines = sold.lines.assign(cents=sold.lines["quantity"] * sold.lines["price_cents"])
    total = lines.groupby("order_id")["cents"].sum().to_numpy()
    keys = pd.Series([f"E{number:010d}" for number in sold.orders["order_id"]])
    differs = set(keys[sold.orders["payment_cents"].to_numpy() != total])
    assert differs == of_kind(found, marks.PAYMENT_NOT_POSITIVE) | of_kind(found, marks.SMALLEST_PAYMENT)
    assert set(keys[sold.orders["payment_cents"] <= 0]) == of_kind(found, marks.PAYMENT_NOT_POSITIVE) != set()
    assert set(lines["title"]) == {"甲配件", "乙配件"}


def test_each_channel_has_one_cost_a_day(apis: ApisFile) -> None:
    found = Marks()
    days = np.arange(np.datetime64("2026-10-01"), np.datetime64("2026-11-18"))
    costs = ads.draw_costs(np.random.default_rng(3), apis.ads, days, 1, CLOCK, found, is_history=True)
    assert len(costs) == len(days) * 6 == costs[["cost_date", "channel_code"]].drop_duplicates().shape[0]
    keys = costs["cost_date"].dt.strftime("%Y%m%d") + "|" + costs["channel_code"].astype(str)
    assert set(keys[costs["clicks"] > costs["impressions"]]) == of_kind(found, marks.MORE_CLICKS_THAN_VIEWS) != set()
    assert set(keys[costs["cost_cents"] < 0]) == of_kind(found, marks.COST_NEGATIVE) != set()
    assert set(keys[costs["clicks"] == costs["impressions"]]) == of_kind(found, marks.CLICKS_EQUAL_VIEWS)
    assert set(costs.loc[costs["channel_code"] == "linkedin", "currency"]) == {"USD"}


@pytest.mark.parametrize(
    ("count", "rate", "at_least_one", "expected"),
    [
        pytest.param(1000, 0.01, True, 10, id="share"),
        pytest.param(10, 0.01, True, 1, id="at-least-one"),
        pytest.param(10, 0.01, False, 0, id="a-days-share"),
        pytest.param(10, 0.0, True, 0, id="never"),
        pytest.param(0, 0.5, True, 0, id="no-rows"),
    ],
)
def test_planted_rows_by_rate(count: int, rate: float, at_least_one: bool, expected: int) -> None:
    planting = Planting(np.random.default_rng(1), count, at_least_one)
    assert len(planting.choose("kind", rate)) == expected


def test_a_row_has_one_mark_at_most() -> None:
    planting = Planting(np.random.default_rng(1), 20, at_least_one=True)
    chosen = [planting.choose("a", 0.5), planting.choose("b", 0.4), planting.choose_boundary("c", 20)]
    assert sorted(np.concatenate(chosen).tolist()) == list(range(20))
    found = Marks()
    planting.tell(found, "system", "entity", [str(row) for row in range(20)])
    assert (len(found.anomalies), len(found.boundary_cases)) == (18, 2)
