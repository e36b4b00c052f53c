"""What the generated company is like, read from include/rules/demo."""

from __future__ import annotations

import functools
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.rulebook.files import Rule, load
from cockpit.rulebook.workspace import REPOSITORY

FOLDER = REPOSITORY / "include" / "rules" / "demo"

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Weight: TypeAlias = Annotated[float, Field(gt=0)]


class Scale(StrEnum):
    """How large the company is; the numbers are in company.yml."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Between(Rule):
    """An inclusive range of whole numbers."""

    min: int
    max: int

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class ScaleSize(Rule):
    """Rows of one scale, duplicates and planted rows included, and the hours that `demo` waits for Airflow at most."""

    customers: int = Field(ge=200)
    orders: int = Field(ge=1000)
    hours: float = Field(gt=0)


class Capacity(Rule):
    """What a scale needs, measured; used to refuse before anything is written."""

    chunk_orders: int = Field(ge=1000)
    memory_bytes_per_customer: int
    memory_bytes_per_chunk_order: int
    disk_bytes_per_order: int
    disk_pipeline_factor: float = Field(ge=1)


class Holiday(Rule):
    """A public holiday on fixed days of one month."""

    month: int = Field(ge=1, le=12)
    first_day: int
    last_day: int


class DaysAround(Rule):
    """Days before and after a date that belong to it."""

    before: int = Field(ge=0)
    after: int = Field(ge=0)


class Rhythm(Rule):
    """How business is spread over the days."""

    yearly_growth: float
    weekday_weight: tuple[Weight, Weight, Weight, Weight, Weight, Weight, Weight]
    month_end_days: int = Field(ge=0)
    month_end_weight: Weight
    holiday_weight: Weight
    national_holiday: Holiday
    spring_festival_quiet: DaysAround
    spring_festival_closed: DaysAround
    spring_festival: tuple[date, ...]
    opening_hour: int = Field(ge=0, le=23)
    closing_hour: int = Field(ge=1, le=24)


class CustomerHabits(Rule):
    """When customers joined and how unequal they are."""

    first_id: int = Field(gt=0)
    existing_share: float = Field(gt=0, le=1)
    existing_years: int = Field(ge=1)
    size_sigma: float = Field(gt=0)
    updated_share: Share


class OrderHabits(Rule):
    """How customers order."""

    line_count_share: tuple[Share, ...] = Field(min_length=1)
    cancelled_share: Share
    delivery_days: Between
    cancel_days: Between
    discounts: tuple[Share, ...] = Field(min_length=1)
    mean_quantity: float = Field(gt=1)
    fractional_quantity_share: Share
    entry_minutes: Between


class ReceiptHabits(Rule):
    """How customers pay."""

    part_count_share: tuple[Share, ...] = Field(min_length=1)
    unpaid_share: Share
    advance_share: Share
    delay_days_median: float = Field(gt=0)
    delay_days_sigma: float = Field(gt=0)
    part_gap_days: Between
    without_order_share: Share
    entry_hours: Between


class Attainment(Rule):
    """The spread of received / target over regions and months without a planted cause."""

    mean: float
    sigma: float
    min: float
    max: float


class TargetHabits(Rule):
    """How the company sets its monthly targets."""

    rounding: int = Field(ge=1)
    attainment: Attainment
    decided_month: int = Field(ge=1, le=12)
    decided_day: int = Field(ge=1, le=28)
    typical_months: int = Field(ge=1)
    reliable_elapsed_ratio: Share


class SimulatedDayRules(Rule):
    """What one further day adds and changes."""

    late_order_count: int = Field(ge=0)
    late_days_max: int = Field(ge=1)
    corrected_customer_count: int = Field(ge=0)
    delivered_share: Share
    min_order_count: int = Field(ge=1)


class CompanyFile(Rule):
    """Contents of company.yml."""

    version: int
    name_en: str
    name_zh: str
    time_zone: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    history_months: int = Field(ge=6)
    scales: dict[Scale, ScaleSize]
    capacity: Capacity
    rhythm: Rhythm
    customers: CustomerHabits
    orders: OrderHabits
    receipts: ReceiptHabits
    targets: TargetHabits
    simulated_day: SimulatedDayRules


class City(Rule):
    """A city with its telephone area code, division code (GB/T 2260) and length of its local numbers."""

    name: str
    area_code: str = Field(pattern=r"^0\d{2,3}$")
    division_code: str = Field(pattern=r"^\d{6}$")
    phone_digits: int = Field(ge=7, le=8)


class RegionProfile(Rule):
    """A province as a region of the company."""

    region_code: str = Field(pattern=r"^CN-[A-Z]{2}$")
    name_en: str
    name_zh: str
    sales_region_code: str
    share: Weight
    cities: tuple[City, ...] = Field(min_length=1)


class RegionsFile(Rule):
    """Contents of regions.yml."""

    version: int
    regions: tuple[RegionProfile, ...] = Field(min_length=2)


class Trade(Rule):
    """A word of a company name that says what it does."""

    word: str
    industry: str


class LegalForm(Rule):
    """A legal form and how often it occurs."""

    word: str
    share: Share


class Owners(Rule):
    """Whom the customers belong to."""

    reps_per_region: int = Field(ge=1)
    surnames: tuple[str, ...]
    given_names: tuple[str, ...]


class NamesFile(Rule):
    """Contents of names.yml."""

    version: int
    brand_characters: str
    trades: tuple[Trade, ...]
    near_trades: dict[str, str]
    legal_forms: tuple[LegalForm, ...]
    legal_form_variants: dict[str, str]
    english: dict[str, str]
    traditional: dict[str, str]
    bracketed_city_share: Share
    branch_suffix: str
    mobile_prefixes: tuple[str, ...]
    mobile_share: Share
    owners: Owners

    @property
    def brand_alphabet(self) -> tuple[str, ...]:
        """The brand characters without line breaks and repetitions, in file order."""
        return tuple(dict.fromkeys("".join(self.brand_characters.split())))


class PriceRange(Rule):
    """List prices in the company's currency."""

    min: int = Field(gt=0)
    max: int


class Family(Rule):
    """A product family in both languages."""

    name_en: str
    name_zh: str


class CategoryProfile(Rule):
    """A product category; each of its families is sold in each of its variants."""

    category: str
    code: str
    list_price: PriceRange
    families: tuple[Family, ...]
    variants: tuple[str, ...]


class ProductsFile(Rule):
    """Contents of products.yml."""

    version: int
    categories: tuple[CategoryProfile, ...]


class DuplicateRates(Rule):
    """How customers come to be recorded twice."""

    share: Share
    without_code_share: Share
    third_record_share: Share
    same_phone_share: Share
    lower_case_code_share: Share
    reworded_share: Share


class LookAlikeRates(Rule):
    """Different customers with near names."""

    branch_share: Share
    near_name_share: Share


class MissingRates(Rule):
    """What the ERP's users leave empty."""

    credit_code_share: Share
    phone_share: Share
    address_share: Share
    email_share: Share


class OrderAnomalies(Rule):
    """Shares of the orders."""

    unknown_customer: Share
    dated_in_future: Share
    missing_currency: Share
    duplicate_order_number: Share


class LineAnomalies(Rule):
    """Shares of the order lines."""

    negative_quantity: Share
    amount_disagrees: Share


class ReceiptAnomalies(Rule):
    """Shares of the receipts."""

    amount_not_positive: Share
    dated_in_future: Share
    unknown_customer: Share
    missing_currency: Share


class AnomalyRates(Rule):
    """Rows that a quality rule should find, by ERP table and kind."""

    sales_order: OrderAnomalies
    sales_order_line: LineAnomalies
    receipt: ReceiptAnomalies


class BoundaryCases(Rule):
    """Rows that look wrong and are right, per generated batch."""

    smallest_quantity: int = Field(ge=0)
    amount_rounded_down: int = Field(ge=0)
    ordered_at_as_of: int = Field(ge=0)


class DirtFile(Rule):
    """Contents of dirt.yml."""

    version: int
    duplicates: DuplicateRates
    look_alikes: LookAlikeRates
    missing: MissingRates
    branch_with_parents_code_share: Share
    anomalies: AnomalyRates
    future_days: Between
    unknown_customer_offset: int = Field(gt=0)
    amount_factors: tuple[float, ...]
    boundary_cases: BoundaryCases


class Cause(Rule):
    """Why a region misses its target; `None` and 0 mean that this effect is absent.

    Attributes:
        starts_months_back: First month of the effect, counted back from the current one (0).
        missed_months: How many months up to the current one miss their target.
        attainment: Received / target of these months.
        lost_order_share: Share of the region's orders that go elsewhere, of one industry when it is named.
    """

    kind: str
    region_code: str
    starts_months_back: int = Field(ge=0)
    missed_months: int = Field(ge=1)
    attainment: float = Field(gt=0, lt=0.8)
    extra_payment_days: int = Field(default=0, ge=0)
    lost_order_share: Share = 0.0
    industry: str | None = None
    description_en: str
    description_zh: str


class PlantedFile(Rule):
    """Contents of planted.yml."""

    version: int
    causes: tuple[Cause, ...]


class Profile(Rule):
    """All of include/rules/demo."""

    company: CompanyFile
    regions: tuple[RegionProfile, ...]
    names: NamesFile
    categories: tuple[CategoryProfile, ...]
    dirt: DirtFile
    causes: tuple[Cause, ...]


@functools.cache
def load_profile(folder: Path = FOLDER) -> Profile:
    """Read the company's description.

    Raises:
        RuleFileError: a file is missing or wrong, with file and line.
    """
    return Profile(
        company=load(folder / "company.yml", CompanyFile),
        regions=load(folder / "regions.yml", RegionsFile).regions,
        names=load(folder / "names.yml", NamesFile),
        categories=load(folder / "products.yml", ProductsFile).categories,
        dirt=load(folder / "dirt.yml", DirtFile),
        causes=load(folder / "planted.yml", PlantedFile).causes,
    )
