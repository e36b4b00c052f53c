"""How the company invoices, claims and spends, read from include/rules/demo/finance.yml."""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import Field

from cockpit.demo.profile import FOLDER, Between, Share
from cockpit.rulebook.files import Rule, load


class ContractRules(Rule):
    """Which orders have a contract."""

    from_amount: int = Field(gt=0)


class InvoiceHabits(Rule):
    """How orders are invoiced."""

    split_share: Share
    reversed_share: Share
    special_share: Share
    days_after_delivery: Between


class PaymentHabits(Rule):
    """By what means and by whom customers pay."""

    bill_share: Share
    cash_share: Share
    third_party_share: Share


class ClaimHabits(Rule):
    """How receipts are claimed for orders and contracts."""

    unclaimed_share: Share
    partial_share: Share
    partial_percent: Between
    split_share: Share
    delay_hours: Between


class BillHabits(Rule):
    """Bank acceptance bills: months until they are due, by frequency, and what becomes of them."""

    months: tuple[int, ...] = Field(min_length=1)
    acceptors: tuple[str, ...] = Field(min_length=1)
    endorsed_share: Share
    discounted_share: Share
    dishonoured_share: Share


class RetentionHabits(Rule):
    """Money that customers keep until the warranty ends."""

    share: Share
    percents: tuple[int, ...] = Field(min_length=1)
    months: int = Field(ge=1)
    released_share: Share


class CostHabits(Rule):
    """What goods and services cost; ratios in per cent."""

    product_cost_ratio: Between
    monthly_drift: float
    service_share: Share
    service_percent: Between
    service_kinds: tuple[str, ...] = Field(min_length=1)


class Multiple(Rule):
    """A range of factors."""

    min: float
    max: float


class StaffTargetHabits(Rule):
    """Targets of units by kind, as multiples of the received one."""

    rounding: int = Field(ge=1)
    signed: Multiple
    invoiced: Multiple


class FinanceAnomalies(Rule):
    """Shares of the rows of the kind's table."""

    invoice_tax_disagrees: Share
    bill_due_before_issue: Share
    claim_not_positive: Share


class FinanceFile(Rule):
    """Contents of finance.yml."""

    version: int
    tax_rate: float = Field(gt=0, lt=1)
    contracts: ContractRules
    invoices: InvoiceHabits
    receipts: PaymentHabits
    claims: ClaimHabits
    bills: BillHabits
    retention: RetentionHabits
    costs: CostHabits
    staff_targets: StaffTargetHabits
    anomalies: FinanceAnomalies


@functools.cache
def load_finance(folder: Path = FOLDER) -> FinanceFile:
    """Read the file.

    Raises:
        RuleFileError: it is missing or wrong, with file and line.
    """
    return load(folder / "finance.yml", FinanceFile)
