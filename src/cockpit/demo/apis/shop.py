"""The web shop for accessories, its members, and the tills of the service centres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.apis import marks as kinds
from cockpit.demo.apis.marks import Marks, Planting, pick, text_column
from cockpit.demo.apis.people import NO_CONTACT, draw_genders, draw_mobiles, draw_names
from cockpit.demo.apis.profile import ApisFile
from cockpit.demo.clock import Clock
from cockpit.demo.draw import Ints, Times, between, categorical, choose, seconds
from cockpit.demo.profile import Profile

SYSTEM = "shop"
NO_MEMBER = -1

_UNKNOWN_OFFSET = 90_000_000
_CENTS = 100
_BOUNDARY_ROWS = 5
_DAY_SECONDS = 86_400
_DAYS_PER_YEAR = 365.25
_NEVER = np.datetime64("NaT", "s")
_LINE_COUNT_SHARE = (0.5, 0.3, 0.15, 0.05)


@dataclass(frozen=True)
class ShopOrders:
    """Orders and their lines; columns as the tables shop_order and shop_order_line."""

    orders: pd.DataFrame
    lines: pd.DataFrame


def draw_members(
    rng: np.random.Generator,
    profile: Profile,
    apis: ApisFile,
    people: pd.DataFrame,
    count: int,
    first_id: int,
    clock: Clock,
    since: np.datetime64,
    marks: Marks,
    *,
    is_history: bool,
) -> pd.DataFrame:
    """Persons; some of them are people of the ERP's customers.

    Args:
        rng: The table's generator.
        profile: Has prefixes of mobile numbers and the cities.
        apis: Who becomes a member.
        people: Those who are members too, fewer than `count`; see `people.at_customers`.
        count: Members wanted.
        first_id: Id of the first.
        clock: Nothing lies after its `as_of`.
        since: Local; nobody registered before.
        marks: Takes the planted rows.
        is_history: Plant each kind at least once.

    Returns:
        Columns as the table shop_member, ascending by registered_at.
    """
    rules = apis.shop
    cities = [city.name for region in profile.regions for city in region.cities]
    registered_at = since + seconds(rng.random(count) * float((clock.now - since).astype(np.int64)))
    registered_at.sort()
    # Strangers first, then the known people over random rows.
    name = text_column(pd.Series(draw_names(rng, rules, count)))
    gender = draw_genders(rng, rules, count)
    mobile = text_column(pd.Series(draw_mobiles(rng, profile, count)))
    known = rng.permutation(count)[: len(people)]
    name[known] = people["name"].to_numpy(dtype=object)
    gender[known] = people["gender"].to_numpy(dtype=np.int64)
    mobile[known] = people["phone"].to_numpy(dtype=object)
    contact_id = np.full(count, NO_CONTACT)
    contact_id[known] = people["contact_id"].to_numpy(dtype=np.int64)
    years = between(rng, rules.birth_years, count) - 1970
    birth = years.astype("datetime64[Y]").astype("datetime64[D]") + rng.integers(0, 365, count)
    edited = rng.random(count) < 0.2
    until_now = (clock.now - registered_at).astype(np.int64)
    members = pd.DataFrame(
        {
            "member_id": first_id + np.arange(count, dtype=np.int64),
            "name": name,
            "gender": gender,
            "birth_date": birth.astype("datetime64[s]"),
            "mobile": mobile,
            "city": pick(rng, cities, count),
            "registered_at": registered_at,
            "changed_at": registered_at + seconds(rng.random(count) * until_now * edited),
        }
    )
    planting = Planting(rng, count, at_least_one=is_history)
    rows = planting.choose(kinds.PLACEHOLDER_PHONE, rules.anomalies.placeholder_phone)
    members.loc[rows, "mobile"] = rng.choice(apis.wecom.placeholder_phones, len(rows)).astype(object)
    rows = planting.choose(kinds.FAKE_REGISTRATION, rules.anomalies.fake_registration)
    members.loc[rows, "name"] = rng.choice(apis.wecom.fake_names, len(rows)).astype(object)
    contact_id[rows] = NO_CONTACT
    keys = [f"M{number:08d}" for number in members["member_id"].tolist()]
    planting.tell(marks, SYSTEM, "member", keys)
    marks.add_persons(SYSTEM, "member", keys, contact_id.tolist())
    return members


def draw_shop_orders(
    rng: np.random.Generator,
    apis: ApisFile,
    member_ids: Ints,
    products: pd.DataFrame,
    placed_at: Times,
    first_id: int,
    clock: Clock,
    marks: Marks,
    *,
    is_history: bool,
    entered_at: Times | None = None,
) -> ShopOrders:
    """Orders at given times.

    Args:
        rng: The table's generator.
        apis: What people buy.
        member_ids: Who can order.
        products: product_code and name_zh; a shop sells their spare parts.
        placed_at: Ascending, local.
        first_id: Id of the first order.
        clock: Nothing but planted rows lies after its `as_of`.
        marks: Takes the planted rows.
        is_history: Plant each kind at least once.
        entered_at: When the API learns of each order; soon after it was placed when absent.
    """
    rules = apis.shop
    count = len(placed_at)
    ids = first_id + np.arange(count, dtype=np.int64)
    line_counts = choose(rng, _LINE_COUNT_SHARE, count) + 1
    row = np.repeat(np.arange(count), line_counts)
    product = rng.integers(0, len(products), len(row))
    quantity = rng.geometric(0.5, len(row))
    price_cents = between(rng, rules.price, len(row)) * _CENTS - 10
    lines = pd.DataFrame(
        {
            "order_id": ids[row],
            "line_number": np.arange(len(row)) - np.repeat(np.cumsum(line_counts) - line_counts, line_counts) + 1,
            "product_code": _repeated(products["product_code"], product),
            "title": _repeated(products["name_zh"] + "配件", product),
            "quantity": quantity,
            "price_cents": price_cents,
        }
    )
    total = np.bincount(row, weights=quantity * price_cents, minlength=count).round().astype(np.int64)
    status = choose(rng, rules.order_status_share, count)
    is_paid = (status > 0) & (status < len(rules.order_statuses) - 1)
    paid_at = np.minimum(placed_at + seconds(rng.integers(20, 1800, count)), clock.now)
    entered = placed_at if entered_at is None else entered_at
    changed_at = np.minimum(np.maximum(paid_at, entered) + seconds(rng.integers(0, 6 * _DAY_SECONDS, count)), clock.now)
    orders = pd.DataFrame(
        {
            "order_id": ids,
            "member_id": member_ids[rng.integers(0, len(member_ids), count)],
            "channel": pick(rng, rules.channels, count),
            "status": categorical(status, rules.order_statuses),
            "payment_cents": total,
            "placed_at": placed_at,
            "paid_at": np.where(is_paid, paid_at, _NEVER),
            "changed_at": changed_at,
        }
    )
    planting = Planting(rng, count, at_least_one=is_history)
    rates = rules.anomalies
    rows = planting.choose(kinds.MEMBER_UNKNOWN, rates.member_unknown)
    orders.loc[rows, "member_id"] += _UNKNOWN_OFFSET
    rows = planting.choose(kinds.PAYMENT_NOT_POSITIVE, rates.payment_not_positive, is_paid)
    orders.loc[rows, "payment_cents"] *= rng.integers(-1, 1, len(rows))
    rows = planting.choose(kinds.DATED_IN_FUTURE, rates.dated_in_future)
    orders.loc[rows, "placed_at"] = clock.now + seconds(rng.integers(60, 400, len(rows)) * _DAY_SECONDS)
    rows = planting.choose_boundary(kinds.SMALLEST_PAYMENT, _BOUNDARY_ROWS, is_paid)
    orders.loc[rows, "payment_cents"] = 1
    planting.tell(marks, SYSTEM, "shop_order", [f"E{number:010d}" for number in ids.tolist()])
    return ShopOrders(orders, lines)


def draw_slips(
    rng: np.random.Generator,
    apis: ApisFile,
    member_ids: Ints,
    paid_at: Times,
    first_id: int,
    clock: Clock,
    marks: Marks,
    *,
    is_history: bool,
) -> pd.DataFrame:
    """Till slips at given times, many of people who are no members; columns as the table shop_slip."""
    rules = apis.shop
    count = len(paid_at)
    is_anonymous = rng.random(count) < rules.anonymous_slip_share
    slips = pd.DataFrame(
        {
            "slip_id": first_id + np.arange(count, dtype=np.int64),
            "store_code": pick(rng, rules.stores, count),
            "member_id": np.where(is_anonymous, NO_MEMBER, member_ids[rng.integers(0, len(member_ids), count)]),
            "amount_cents": between(rng, rules.price, count) * _CENTS,
            "pay_method": pick(rng, rules.pay_methods, count),
            "paid_at": paid_at,
            "changed_at": np.minimum(paid_at + seconds(rng.integers(0, 3600, count)), clock.now),
        }
    )
    planting = Planting(rng, count, at_least_one=is_history)
    rates = rules.anomalies
    rows = planting.choose(kinds.MEMBER_UNKNOWN, rates.member_unknown, ~is_anonymous)
    slips.loc[rows, "member_id"] += _UNKNOWN_OFFSET
    rows = planting.choose(kinds.PAYMENT_NOT_POSITIVE, rates.payment_not_positive)
    slips.loc[rows, "amount_cents"] *= rng.integers(-1, 1, len(rows))
    rows = planting.choose(kinds.DATED_IN_FUTURE, rates.dated_in_future)
    slips.loc[rows, "paid_at"] = clock.now + seconds(rng.integers(60, 400, len(rows)) * _DAY_SECONDS)
    rows = planting.choose_boundary(kinds.SMALLEST_PAYMENT, _BOUNDARY_ROWS)
    slips.loc[rows, "amount_cents"] = 1
    stores = slips["store_code"].astype(str).tolist()
    keys = [f"{store}-{number:08d}" for store, number in zip(stores, slips["slip_id"].tolist(), strict=True)]
    planting.tell(marks, SYSTEM, "pos_slip", keys)
    return slips


def spread_times(rng: np.random.Generator, count: int, since: np.datetime64, clock: Clock) -> Times:
    """Moments between `since` and now, ascending."""
    moments: Times = np.sort(since + seconds(rng.random(count) * float((clock.now - since).astype(np.int64))))
    return moments


def _repeated(words: pd.Series, rows: Ints) -> pd.Categorical[str]:
    distinct = list(dict.fromkeys(words.tolist()))
    place = {word: index for index, word in enumerate(distinct)}
    codes = np.array([place[word] for word in words.tolist()], dtype=np.int64)
    return categorical(codes[rows], distinct)
