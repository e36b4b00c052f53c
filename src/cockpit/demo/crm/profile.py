"""What the CRM is like, read from include/rules/demo/crm.yml."""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import Field

from cockpit.demo.name_spelling import NameVariants
from cockpit.demo.profile import FOLDER, Between, Share
from cockpit.rulebook.files import Rule, load


class AccountHabits(Rule):
    """The CRM's own list of customers.

    Attributes:
        prospect_first_id, duplicate_first_id: First ids of accounts that have no customer's id.
        industry_words: What users make of the ERP's industries.
    """

    prospect_share: Share
    duplicate_share: Share
    prospect_first_id: int
    duplicate_first_id: int
    credit_code_share: Share
    website_share: Share
    address_share: Share
    email_share: Share
    wrong_code_share: Share
    other_code_share: Share
    headcount_share: Share
    former_name_share: Share
    parent_share: Share
    framework_share: Share
    headcount_median: float = Field(gt=1)
    variants: NameVariants
    industry_words: dict[str, tuple[str, ...]]


class PhoneDirt(Rule):
    """Numbers that are none."""

    placeholders: tuple[str, ...] = Field(min_length=1)
    look_alikes: tuple[str, ...] = Field(min_length=1)
    placeholder_share: Share
    impossible_share: Share


class CrmContactHabits(Rule):
    """How contacts are typed."""

    duplicate_share: Share
    email_typo_share: Share
    email_typos: dict[str, str]


class LeadHabits(Rule):
    """Who leaves an enquiry, and how it is typed."""

    per_customer: float = Field(gt=0)
    known_share: Share
    converted_share: Share
    fake_share: Share
    placeholder_share: Share
    duplicate_share: Share
    fake_companies: tuple[str, ...] = Field(min_length=1)
    fake_names: tuple[str, ...] = Field(min_length=1)
    look_alike_companies: tuple[str, ...] = Field(min_length=1)
    sources: dict[str, tuple[str, ...]]
    campaigns: tuple[str, ...]
    products: tuple[str, ...] = Field(min_length=1)
    remarks: tuple[str, ...] = Field(min_length=1)
    amounts: tuple[str, ...] = Field(min_length=1)


class LossReason(Rule):
    """Why an opportunity was lost."""

    code: str
    share: Share
    text: str


class DealHabits(Rule):
    """Opportunities, their stages and the contracts that they lead to."""

    extra_share: Share
    open_days: int = Field(ge=1)
    open_share: Share
    cycle_days_median: float = Field(gt=0)
    cycle_days_sigma: float = Field(gt=0)
    longest_cycle_days: int = Field(ge=1)
    same_day_share: Share
    stages: tuple[str, ...] = Field(min_length=4)
    stage_skipped_share: Share
    competitors: tuple[str, ...] = Field(min_length=1)
    competitor_share: Share
    loss_reasons: tuple[LossReason, ...] = Field(min_length=1)
    budget_share: Share
    without_tax_share: Share
    payment_terms: tuple[str, ...] = Field(min_length=1)
    closed_after_days: int = Field(ge=1)


class ActivityKind(Rule):
    """A kind of contact with a customer and how long it takes."""

    kind: str
    share: Share
    minutes: Between


class ActivityHabits(Rule):
    """What reps enter about their work."""

    per_deal: float = Field(gt=0)
    most_per_deal: int = Field(ge=1, le=90)
    courtesy_share: Share
    late_share: Share
    late_days: Between
    entry_hours: Between
    kinds: tuple[ActivityKind, ...] = Field(min_length=1)
    subjects: tuple[str, ...] = Field(min_length=1)
    notes: tuple[str, ...] = Field(min_length=1)
    results: tuple[str, ...] = Field(min_length=1)
    next_steps: tuple[str, ...] = Field(min_length=1)


class AttachmentKind(Rule):
    """A kind of file and the record that it belongs to."""

    kind: str
    record: str
    suffix: str
    media_type: str
    bytes: Between


class AttachmentHabits(Rule):
    """Files that stand beside records; their content lies elsewhere."""

    base_url: str
    account_share: Share
    activity_share: Share
    opportunity_share: Share
    kinds: tuple[AttachmentKind, ...] = Field(min_length=3)


class DriftedColumn(Rule):
    """A column that appears, or that gets another name."""

    table: str
    column: str
    new_name: str = ""


class CrmDay(Rule):
    """What one further day adds, changes and removes."""

    new_lead_count: int = Field(ge=0)
    changed_account_count: int = Field(ge=0)
    moved_opportunity_count: int = Field(ge=0)
    deleted_activity_count: int = Field(ge=0)
    deleted_lead_count: int = Field(ge=0)
    late_activity_count: int = Field(ge=0)
    drift_day: int = Field(ge=1)
    added_column: DriftedColumn
    renamed_column: DriftedColumn


class CrmFile(Rule):
    """Contents of crm.yml; `anomalies` by table and kind, shares of its rows."""

    version: int
    accounts: AccountHabits
    phones: PhoneDirt
    contacts: CrmContactHabits
    leads: LeadHabits
    deals: DealHabits
    activities: ActivityHabits
    attachments: AttachmentHabits
    anomalies: dict[str, dict[str, Share]]
    future_days: Between
    simulated_day: CrmDay


@functools.cache
def load_crm(folder: Path = FOLDER) -> CrmFile:
    """Read the file.

    Raises:
        RuleFileError: it is missing or wrong, with file and line.
    """
    return load(folder / "crm.yml", CrmFile)
