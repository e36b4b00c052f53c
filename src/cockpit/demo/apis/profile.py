"""What the web APIs of the demo company hold, read from include/rules/demo/apis.yml."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from cockpit.demo.profile import FOLDER, Between, Share
from cockpit.rulebook.files import Rule, load


class ScmAnomalies(Rule):
    """Shares of the shipments; `stock_negative` of the stock rows."""

    order_number_malformed: Share
    signed_before_shipped: Share
    dated_in_future: Share
    freight_negative: Share
    stock_negative: Share


class Scm(Rule):
    """Supply chain: shipments of the ERP's orders, and stock."""

    warehouses: tuple[str, ...] = Field(min_length=1)
    carriers: tuple[str, ...] = Field(min_length=1)
    collected_share: Share
    split_share: Share
    in_transit_share: Share
    transit_hours: Between
    entry_minutes: Between
    stock: Between
    anomalies: ScmAnomalies


class TagGroup(Rule):
    """A group of tags of which a contact has one at most."""

    group: str
    tags: tuple[str, ...] = Field(min_length=1)


class WecomAnomalies(Rule):
    """Shares of the contacts; `contact_unknown` and `reply_time_negative` of the chats."""

    placeholder_phone: Share
    fake_registration: Share
    contact_unknown: Share
    reply_time_negative: Share


class Wecom(Rule):
    """WeCom: external contacts of the salespeople and how often they chat."""

    contacts_per_customer: float = Field(gt=0)
    chats_per_contact: float = Field(gt=0)
    tag_groups: tuple[TagGroup, ...] = Field(min_length=1)
    positions: tuple[str, ...] = Field(min_length=1)
    add_ways: tuple[str, ...] = Field(min_length=1)
    placeholder_phones: tuple[str, ...] = Field(min_length=1)
    fake_names: tuple[str, ...] = Field(min_length=1)
    mobile_share: Share
    same_phone_share: Share
    anomalies: WecomAnomalies


class MarketFeedAnomalies(Rule):
    """Shares of the posts."""

    text_missing: Share
    dated_in_future: Share


class MarketFeed(Rule):
    """What is written about the market, per month of history."""

    posts_per_month: int = Field(ge=1)
    notes_per_month: int = Field(ge=1)
    platforms: tuple[str, ...] = Field(min_length=1)
    publishers: tuple[str, ...] = Field(min_length=1)
    topics: tuple[str, ...] = Field(min_length=1)
    opinions: tuple[str, ...] = Field(min_length=1)
    edited_share: Share
    anomalies: MarketFeedAnomalies


class NumberStyle(Rule):
    """How the desk writes a customer's number, and how often."""

    form: Literal["account", "plain", "lower", "missing"]
    share: Share


class ServiceDeskAnomalies(Rule):
    """Shares of the tickets; `satisfaction_out_of_range` of the answers."""

    solved_before_opened: Share
    priority_unknown: Share
    satisfaction_out_of_range: Share


class ServiceDesk(Rule):
    """Tickets about delivered orders."""

    tickets_per_order: float = Field(gt=0, le=1)
    channels: tuple[str, ...] = Field(min_length=1)
    agents: tuple[str, ...] = Field(min_length=1)
    subjects: tuple[str, ...] = Field(min_length=1)
    priorities: tuple[str, ...] = Field(min_length=1)
    priority_share: tuple[Share, ...]
    first_reply_minutes_median: float = Field(gt=0)
    solve_hours_median: float = Field(gt=0)
    solve_sigma: float = Field(gt=0)
    satisfaction_share: Share
    customer_number_styles: tuple[NumberStyle, ...] = Field(min_length=1)
    anomalies: ServiceDeskAnomalies

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if len(self.priorities) != len(self.priority_share):
            raise ValueError(f"{len(self.priorities)} priorities have {len(self.priority_share)} shares")
        return self


class ShopAnomalies(Rule):
    """Shares of the members (first two), of shop orders and slips (the rest)."""

    placeholder_phone: Share
    fake_registration: Share
    member_unknown: Share
    payment_not_positive: Share
    dated_in_future: Share


class Shop(Rule):
    """The web shop for accessories, its members, and the tills of the service centres."""

    members_per_customer: float = Field(gt=0)
    orders_per_order: float = Field(gt=0)
    slips_per_order: float = Field(gt=0)
    history_months: int = Field(ge=1)
    channels: tuple[str, ...] = Field(min_length=1)
    stores: tuple[str, ...] = Field(min_length=1)
    pay_methods: tuple[str, ...] = Field(min_length=1)
    surnames: str = Field(min_length=1)
    given_names: str = Field(min_length=1)
    female_share: Share
    birth_years: Between
    customer_member_share: Share
    price: Between
    anonymous_slip_share: Share
    order_statuses: tuple[str, ...] = Field(min_length=1)
    order_status_share: tuple[Share, ...]
    anomalies: ShopAnomalies

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if len(self.order_statuses) != len(self.order_status_share):
            raise ValueError(f"{len(self.order_statuses)} statuses have {len(self.order_status_share)} shares")
        return self


class AdChannel(Rule):
    """Where the company advertises: money per day and per click, in the channel's currency."""

    channel: str
    code: str
    daily_cost: float = Field(gt=0)
    click_price: float = Field(gt=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class AdAnomalies(Rule):
    """Shares of the days of all channels."""

    more_clicks_than_views: Share
    cost_negative: Share


class Ads(Rule):
    """What advertising cost, per day and channel."""

    history_months: int = Field(ge=1)
    restated_days: int = Field(ge=0)
    channels: tuple[AdChannel, ...] = Field(min_length=1)
    anomalies: AdAnomalies


class ApiDay(Rule):
    """What one further day adds and changes."""

    signed_share: Share
    new_tickets: int = Field(ge=0)
    solved_share: Share
    new_contacts: int = Field(ge=0)
    chats: int = Field(ge=0)
    shop_orders: int = Field(ge=0)
    late_shop_orders: int = Field(ge=0)
    late_days_max: int = Field(ge=1)
    slips: int = Field(ge=0)
    members: int = Field(ge=0)


class ApisFile(Rule):
    """Contents of apis.yml."""

    version: int
    scm: Scm
    wecom: Wecom
    market_feed: MarketFeed
    service_desk: ServiceDesk
    shop: Shop
    ads: Ads
    simulated_day: ApiDay


@functools.cache
def load_apis(folder: Path = FOLDER) -> ApisFile:
    """Read the description of the web APIs.

    Raises:
        RuleFileError: the file is missing or wrong, with file and line.
    """
    return load(folder / "apis.yml", ApisFile)
