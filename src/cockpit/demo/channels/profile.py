"""What the files and small systems around the ERP are like, read from include/rules/demo/channels.yml."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.demo.profile import FOLDER, Between, Scale, Share, Weight
from cockpit.rulebook.files import Rule, load

DateFormat: TypeAlias = Literal["dash", "slash", "chinese", "compact", "dotted", "republic"]
StreamName: TypeAlias = Literal["access", "site_click", "mini_program_click", "crm_use"]


class ChannelSize(Rule):
    """Rows of one scale."""

    events: int = Field(ge=1000)
    calls: int = Field(ge=100)
    reports_per_distributor: int = Field(ge=2)
    report_rows: int = Field(ge=10)
    fair_leads: int = Field(ge=10)
    legacy_customers: int = Field(ge=10)
    manual_rows: int = Field(ge=5)
    form_posts: int = Field(ge=10)


class Page(Rule):
    """A page and how often it is looked at."""

    path: str = Field(pattern=r"^/")
    weight: Weight


class Campaign(Rule):
    """What a campaign's links carry."""

    source: str
    medium: str
    campaign: str


class Behaviour(Rule):
    """What visitors of the web site and the mini-program, and the reps in their CRM, do."""

    streams: dict[StreamName, Share]
    session_gap_seconds: int = Field(gt=0)
    mean_pages: float = Field(gt=1)
    max_pages: int = Field(ge=2)
    gap_seconds_median: float = Field(gt=0)
    gap_seconds_sigma: float = Field(gt=0)
    events_per_visitor: float = Field(gt=0)
    regular_visitors: int = Field(ge=1)
    customer_share: Share
    campaign_share: Share
    search_share: Share
    bot_share: Share
    asset_share: Share
    form_post_share: Share
    personal_query_share: Share
    malformed_share: Share
    late_share: Share
    late_seconds: Between
    simulated_from_hour: int = Field(ge=0, le=12)
    hour_weight: tuple[Weight, ...] = Field(min_length=24, max_length=24)
    product_page_share: Share
    download_share: Share
    pages: tuple[Page, ...]
    crm_pages: tuple[Page, ...]
    assets: tuple[str, ...]
    campaigns: tuple[Campaign, ...]
    referrers: tuple[str, ...]
    human_agents: tuple[str, ...]
    bot_agents: tuple[str, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(sum(self.streams.values()) - 1) > 1e-9:
            raise ValueError("the shares of streams do not add up to 1")
        return self


class CallAnomalies(Rule):
    """Shares of the calls."""

    satisfaction_out_of_range: Share
    negative_minutes: Share
    dated_in_future: Share


class CallCentre(Rule):
    """Calls of the call centre."""

    direction_share: dict[str, Share]
    topics: tuple[str, ...]
    agents: int = Field(ge=1)
    unknown_caller_share: Share
    missed_share: Share
    rated_share: Share
    null_update_share: Share
    minutes_median: float = Field(gt=0)
    minutes_sigma: float = Field(gt=0)
    anomalies: CallAnomalies


class DistributorAnomalies(Rule):
    """Shares of a report's rows."""

    quantity_not_positive: Share
    unknown_product: Share
    missing_customer: Share


class Distributor(Rule):
    """A dealer and the files that it sends; `header` gives its name of each of our columns, in its order."""

    code: str = Field(pattern=r"^D\d{2}$")
    name: str
    kind: Literal["comma", "semicolon", "tab"]
    encoding: str
    has_malformed: bool = False
    date_format: DateFormat
    header: dict[str, str]


class Distributors(Rule):
    """Sales reports of the dealers."""

    anomalies: DistributorAnomalies
    malformed_lines: int = Field(ge=0)
    placeholder_phone_share: Share
    without_phone_share: Share
    margin: Between
    files: tuple[Distributor, ...]
    foreign_customers: tuple[str, ...]


class Fair(Rule):
    """A trade fair that comes every year."""

    name: str
    month: int = Field(ge=1, le=12)
    region_code: str


class TradeFair(Rule):
    """Visitors of the company's stand."""

    fairs: tuple[Fair, ...]
    customer_share: Share
    fake_share: Share
    placeholder_phone_share: Share
    interests: tuple[str, ...]
    budgets: tuple[str, ...]
    headcounts: tuple[str, ...]


class LegacyCrm(Rule):
    """The export of the CRM that was switched off."""

    first_year: int
    last_year: int
    customer_share: Share
    reworded_share: Share
    former_name_share: Share
    address_share: Share
    changes_per_customer: float = Field(ge=0)
    attachment_share: Share
    malformed_lines: int = Field(ge=0)
    headcounts: tuple[str, ...]
    industries: tuple[str, ...]
    date_formats: tuple[DateFormat, ...]


class Bank(Rule):
    """Statements of the company's account."""

    months: int = Field(ge=1)
    remark_share: Share
    fee_share: Share
    malformed_lines: int = Field(ge=0)
    own_account: str = Field(pattern=r"^\d{12,19}$")
    banks: tuple[str, ...]


class Manual(Rule):
    """What people type into the templates."""

    customer_share: Share
    duplicate_share: Share


class Forms(Rule):
    """What strangers and customers send through web forms."""

    fake_share: Share
    placeholder_phone_share: Share
    repeated_share: Share
    invalid_share: Share


class Fakes(Rule):
    """What people write who do not want to say who they are."""

    names: tuple[str, ...]
    companies: tuple[str, ...]
    emails: tuple[str, ...]


class People(Rule):
    """Names and positions of contact persons."""

    surnames: tuple[str, ...]
    given_names: tuple[str, ...]
    titles: tuple[str, ...]


class ChannelsFile(Rule):
    """Contents of channels.yml."""

    version: int
    scales: dict[Scale, ChannelSize]
    behaviour: Behaviour
    call_centre: CallCentre
    distributors: Distributors
    trade_fair: TradeFair
    legacy_crm: LegacyCrm
    bank: Bank
    manual: Manual
    forms: Forms
    fakes: Fakes
    placeholder_phones: tuple[str, ...]
    people: People


@functools.cache
def load_channels(folder: Path = FOLDER) -> ChannelsFile:
    """Read the description of the channels.

    Raises:
        RuleFileError: the file is missing or wrong, with file and line.
    """
    return load(folder / "channels.yml", ChannelsFile)
