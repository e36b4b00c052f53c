"""Opportunities, their stages and contracts: won ones behind large orders of the ERP, lost and open ones beside others.

An opportunity's id is its order's times ten (plus one when it did not lead to that order), a stage's the opportunity's
times ten plus its step, a contract's the order's: batches and simulated days need no counters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.company import Batch, Company
from cockpit.demo.crm.accounts import Accounts
from cockpit.demo.crm.planting import DATED_IN_FUTURE, CrmPlanter
from cockpit.demo.crm.profile import CrmFile
from cockpit.demo.draw import Bools, Ints, Objects, Times, categorical, choose, column, sample, seconds, times, unmarked
from cockpit.demo.finance import order_totals
from cockpit.demo.orders import CANCELLED, DELIVERED

NEGATIVE_CYCLE = "negative_cycle"
STAGE_BACKWARDS = "stage_backwards"
SIGNED_AMOUNT_ZERO = "signed_amount_zero"
DUPLICATE_CONTRACT_NUMBER = "duplicate_contract_number"
RECEIPT_ABOVE_CONTRACT = "receipt_above_contract"
RECEIPT_BEFORE_SIGNING = "receipt_before_signing"
FRAMEWORK_CONTRACT = "framework_contract_without_amount"
SAME_DAY = "won_on_the_day_it_was_created"
NO_RECORD = -1

_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3600
_STEPS = 10
_CONTRACT_STATES = ("active", "closed", "terminated")
_ACTIVE, _CLOSED, _TERMINATED = range(3)
_WITH_TAX, _WITHOUT_TAX = _TAX_BASES = ("with_tax", "without_tax")
_FRAMEWORK_FROM = 10**13


@dataclass(frozen=True)
class Book:
    """What deals need to know of accounts and people, by position of the ERP's customer.

    Attributes:
        first_id: Id of the first customer.
        account_ids: Account of each customer record (a repeated record has its company's).
        contact_ids: First contact of it.
        owners: Its rep.
        joined_at: When the account was made.
        unknown_offset: What planted unknown customers have been moved by.
    """

    first_id: int
    account_ids: Ints
    contact_ids: Ints
    owners: Objects
    joined_at: Times
    unknown_offset: int

    @classmethod
    def of(cls, company: Company, accounts: Accounts, contacts: pd.DataFrame) -> Book:
        """Look everything up once."""
        clusters = company.customers.clusters
        customers = company.customers.customers
        true_ids = column(clusters, "true_customer_id")
        primary = contacts[contacts["is_primary"].to_numpy()]
        at = np.searchsorted(column(primary, "customer_id"), true_ids)
        account_row = np.searchsorted(column(accounts.accounts, "account_id"), true_ids)
        return cls(
            first_id=int(customers["customer_id"].iloc[0]),
            account_ids=true_ids,
            contact_ids=column(primary, "contact_id")[at],
            owners=customers["owner_username"].to_numpy(dtype=object),
            joined_at=times(accounts.accounts, "created_at")[account_row],
            unknown_offset=company.profile.dirt.unknown_customer_offset,
        )

    def positions(self, customer_ids: Ints) -> Ints:
        """Position of each customer, planted unknown ones by what they were."""
        is_unknown = customer_ids >= self.unknown_offset
        return np.where(is_unknown, customer_ids - self.unknown_offset, customer_ids) - self.first_id


@dataclass(frozen=True)
class Deals:
    """Rows of the tables opportunity, opportunity_stage_history and contract, with their marks."""

    opportunities: pd.DataFrame
    stages: pd.DataFrame
    contracts: pd.DataFrame


def draw_deals(
    rng: np.random.Generator, crm: CrmFile, book: Book, batch: Batch, contracts: pd.DataFrame, clock: Clock
) -> Deals:
    """The opportunities and contracts behind a batch of orders.

    Args:
        rng: Of the stream for deals and this batch.
        crm: The habits.
        book: Accounts and owners.
        batch: Orders with lines and receipts.
        contracts: Which orders have a contract; see `finance.draw_contracts`.
        clock: Nothing but planted rows lies after its `as_of`.
    """
    planter = CrmPlanter(rng, crm, clock)
    orders, totals = batch.orders, order_totals(batch)
    won = column(contracts, "order_row")
    is_free = orders["anomaly"].isna().to_numpy().copy()
    is_free[won] = False
    free = np.flatnonzero(is_free)
    extra = np.sort(sample(rng, free, round(crm.deals.extra_share * len(orders))))
    row = np.concatenate([won, extra])
    is_won = np.arange(len(row)) < len(won)
    cents = np.concatenate([column(contracts, "contract_cents"), _estimates(rng, totals[extra])])
    opportunities = _draw_opportunities(rng, crm, book, orders, row, is_won, cents, clock)
    stages = _draw_stages(rng, crm, opportunities, clock)
    signed = _draw_contracts(rng, crm, book, orders, contracts, clock)
    _plant_in_opportunities(planter, opportunities)
    _plant_in_stages(planter, crm, stages)
    _plant_in_contracts(planter, orders, batch.receipts, won, signed)
    return Deals(opportunities=opportunities, stages=stages, contracts=signed)


def make_framework_contracts(rng: np.random.Generator, crm: CrmFile, accounts: Accounts, clock: Clock) -> pd.DataFrame:
    """Contracts without an amount of their own, under which orders are called off: right, though their amount is 0."""
    chosen = accounts.accounts.iloc[accounts.framework]
    count = len(chosen)
    created = times(chosen, "created_at")
    age = (clock.now - created).astype(np.int64)
    signed_at = created + seconds(rng.random(count) * age)
    ids = column(chosen, "account_id")
    return pd.DataFrame(
        {
            "contract_id": _FRAMEWORK_FROM + ids,
            "contract_number": [f"KJ{number:07d}" for number in ids.tolist()],
            "opportunity_id": NO_RECORD,
            "account_id": ids,
            "order_number": unmarked(count),
            "signed_on": signed_at,
            "amount_cents": 0,
            "currency": "CNY",
            "tax_basis": _WITH_TAX,
            "tax_rate_milli": 130,
            "is_framework": True,
            "payment_terms": categorical(rng.integers(0, len(crm.deals.payment_terms), count), crm.deals.payment_terms),
            "status": _CONTRACT_STATES[_ACTIVE],
            "owner_username": chosen["owner_username"].to_numpy(dtype=object),
            "created_at": signed_at,
            "updated_at": signed_at,
            "anomaly": unmarked(count),
            "boundary_case": np.full(count, FRAMEWORK_CONTRACT, dtype=object),
        }
    )


def _estimates(rng: np.random.Generator, cents: Ints) -> Ints:
    """What reps thought that a deal would come to, in full hundreds."""
    drawn = np.maximum(cents, 100_000) * rng.lognormal(0.3, 0.8, len(cents))
    return (np.round(drawn / 10_000) * 10_000).astype(np.int64)


def _draw_opportunities(
    rng: np.random.Generator,
    crm: CrmFile,
    book: Book,
    orders: pd.DataFrame,
    row: Ints,
    is_won: Bools,
    cents: Ints,
    clock: Clock,
) -> pd.DataFrame:
    habits, count = crm.deals, len(row)
    order_ids, ordered_at = column(orders, "order_id")[row], times(orders, "ordered_at")[row]
    position = book.positions(column(orders, "customer_id")[row])
    days = np.minimum(
        rng.lognormal(np.log(habits.cycle_days_median), habits.cycle_days_sigma, count), habits.longest_cycle_days
    )
    cycle = np.round(days * _DAY_SECONDS)
    is_same_day = rng.random(count) < habits.same_day_share
    cycle[is_same_day] = 0
    joined_at = book.joined_at[position]
    created_at = np.maximum(ordered_at - seconds(cycle), np.minimum(joined_at, ordered_at))
    # A deal that was not won goes on for a while after the order that it stands beside.
    closed_at = np.where(is_won, ordered_at, ordered_at + seconds(rng.random(count) * 60 * _DAY_SECONDS))
    age_days = (clock.now - created_at).astype(np.int64) / _DAY_SECONDS
    is_open = ~is_won & (
        (closed_at > clock.now) | ((age_days < habits.open_days) & (rng.random(count) < habits.open_share))
    )
    is_lost = ~is_won & ~is_open
    # Which of the stages before the end an open or lost deal has reached.
    last = len(habits.stages) - 2
    depth = np.where(is_won, last - 1, rng.integers(0, last, count))
    stage = np.where(is_won, last, np.where(is_lost, last + 1, depth))
    closed_at = np.where(is_open, np.datetime64("NaT"), closed_at)
    reason = choose(rng, [item.share for item in habits.loss_reasons], count)
    has_competitor = is_lost | (rng.random(count) < 0.2)
    has_competitor &= rng.random(count) < habits.competitor_share
    competitor = np.where(has_competitor, rng.integers(0, len(habits.competitors), count), NO_RECORD)
    budgets = [*crm.leads.amounts]
    has_budget = rng.random(count) < habits.budget_share
    touched = created_at + seconds(rng.random(count) * (clock.now - created_at).astype(np.int64))
    products = crm.leads.products
    product = rng.integers(0, len(products), count)
    boundary = unmarked(count)
    boundary[is_won & is_same_day] = SAME_DAY
    ids = order_ids * _STEPS + ~is_won
    return pd.DataFrame(
        {
            "opportunity_id": ids,
            "opportunity_number": [f"OP{number:010d}" for number in ids.tolist()],
            "account_id": book.account_ids[position],
            "contact_id": book.contact_ids[position],
            "name": categorical(product, [f"{word}项目" for word in products]),
            "stage": categorical(stage, habits.stages),
            "amount_cents": cents,
            "currency": np.full(count, "CNY", dtype=object),
            "budget": categorical(np.where(has_budget, rng.integers(0, len(budgets), count), NO_RECORD), budgets),
            "product_category": categorical(product, products),
            "competitor": categorical(competitor, habits.competitors),
            "loss_reason": categorical(
                np.where(is_lost, reason, NO_RECORD), [item.code for item in habits.loss_reasons]
            ),
            "loss_remark": categorical(
                np.where(is_lost, reason, NO_RECORD), [item.text for item in habits.loss_reasons]
            ),
            "owner_username": book.owners[position],
            "expected_close_on": ordered_at + seconds(rng.integers(-10, 30, count) * _DAY_SECONDS),
            "created_at": created_at,
            "closed_at": closed_at,
            "updated_at": np.where(is_open, touched, closed_at),
            "depth": depth,
            "anomaly": unmarked(count),
            "boundary_case": boundary,
        }
    )


def _draw_stages(rng: np.random.Generator, crm: CrmFile, opportunities: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    """The stages that each opportunity has gone through, in order; a step may be left out, the first and last never."""
    depth = column(opportunities, "depth")
    created_at, closed_at = times(opportunities, "created_at"), times(opportunities, "closed_at")
    is_closed = ~np.isnat(closed_at)
    end = np.where(is_closed, closed_at, clock.now)
    counts = depth + 1 + is_closed
    row = np.repeat(np.arange(len(opportunities)), counts)
    step = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    is_end = is_closed[row] & (step == depth[row] + 1)
    stage = np.where(is_end, opportunities["stage"].cat.codes.to_numpy()[row], step)
    # Steps lie evenly, each moved a little; the order stays.
    share = (step + 0.6 * rng.random(len(row)) * (step > 0)) / np.maximum(counts[row] - 1 + 0.6 * ~is_closed[row], 1)
    share = np.where(is_end, 1.0, np.minimum(share, 1.0))
    entered_at = created_at[row] + seconds(share * (end - created_at)[row].astype(np.int64))
    entered_at = np.where(is_end, closed_at[row], entered_at)
    is_middle = (step > 0) & ~is_end & (step < depth[row])
    kept = ~is_middle | (rng.random(len(row)) >= crm.deals.stage_skipped_share)
    row, step, stage, entered_at = row[kept], step[kept], stage[kept], entered_at[kept]
    ids = column(opportunities, "opportunity_id")[row]
    return pd.DataFrame(
        {
            "history_id": ids * _STEPS + step,
            "opportunity_id": ids,
            "stage": categorical(stage, crm.deals.stages),
            "entered_at": entered_at,
            "changed_by": opportunities["owner_username"].to_numpy(dtype=object)[row],
            "updated_at": entered_at,
            "step": step,
            "anomaly": unmarked(len(row)),
            "boundary_case": unmarked(len(row)),
        }
    )


def _draw_contracts(
    rng: np.random.Generator,
    crm: CrmFile,
    book: Book,
    orders: pd.DataFrame,
    contracts: pd.DataFrame,
    clock: Clock,
) -> pd.DataFrame:
    habits, row, count = crm.deals, column(contracts, "order_row"), len(contracts)
    ordered_at = times(orders, "ordered_at")[row]
    position = book.positions(column(orders, "customer_id")[row])
    status = orders["status"].cat.codes.to_numpy()[row]
    age_days = (clock.now - ordered_at).astype(np.int64) // _DAY_SECONDS
    is_closed = (status == DELIVERED) & (age_days > habits.closed_after_days)
    state = np.where(status == CANCELLED, _TERMINATED, np.where(is_closed, _CLOSED, _ACTIVE))
    is_net = rng.random(count) < habits.without_tax_share
    tax_rate_milli = 130
    cents = column(contracts, "contract_cents")
    net = np.round(cents * 1000 / (1000 + tax_rate_milli)).astype(np.int64)
    updated_at = np.where(state == _ACTIVE, ordered_at, times(orders, "updated_at")[row])
    order_ids = column(contracts, "order_id")
    return pd.DataFrame(
        {
            "contract_id": order_ids,
            "contract_number": contracts["contract_number"].to_numpy(dtype=object),
            "opportunity_id": order_ids * _STEPS,
            "account_id": book.account_ids[position],
            "order_number": orders["order_number"].to_numpy(dtype=object)[row],
            "signed_on": ordered_at,
            "amount_cents": np.where(is_net, net, cents),
            "currency": np.full(count, "CNY", dtype=object),
            "tax_basis": categorical(is_net.astype(np.int64), _TAX_BASES),
            "tax_rate_milli": tax_rate_milli,
            "is_framework": False,
            "payment_terms": categorical(rng.integers(0, len(habits.payment_terms), count), habits.payment_terms),
            "status": categorical(state, _CONTRACT_STATES),
            "owner_username": book.owners[position],
            "created_at": ordered_at,
            "updated_at": np.maximum(updated_at, ordered_at),
            "anomaly": unmarked(count),
            "boundary_case": unmarked(count),
        }
    )


def _plant_in_opportunities(planter: CrmPlanter, opportunities: pd.DataFrame) -> None:
    table = "opportunity"
    is_won = (opportunities["stage"] == "won").to_numpy()
    rows = planter.mark(table, opportunities, NEGATIVE_CYCLE, is_won)
    late = seconds(planter.rng.integers(1, 60, len(rows)) * _DAY_SECONDS)
    opportunities.loc[rows, "created_at"] = times(opportunities, "closed_at")[rows] + late
    planter.drop_currency(table, opportunities)
    rows = planter.mark(table, opportunities, DATED_IN_FUTURE, opportunities["closed_at"].isna().to_numpy())
    opportunities.loc[rows, "created_at"] = planter.future(len(rows))


def _plant_in_stages(planter: CrmPlanter, crm: CrmFile, stages: pd.DataFrame) -> None:
    """Send some deals back to the first stage; what they reached afterwards stays."""
    last = len(crm.deals.stages) - 2
    code, opportunity = stages["stage"].cat.codes.to_numpy(), column(stages, "opportunity_id")
    # Only a step after another one than the first goes back, and only one of each opportunity does.
    is_far = np.zeros(len(stages), dtype=bool)
    is_far[1:] = (opportunity[1:] == opportunity[:-1]) & (code[:-1] > 0) & (code[1:] < last)
    far = np.flatnonzero(is_far)
    _ids, first = np.unique(opportunity[far], return_index=True)
    is_far[:] = False
    is_far[far[first]] = True
    rows = planter.mark("opportunity_stage_history", stages, STAGE_BACKWARDS, is_far)
    stages.loc[rows, "stage"] = crm.deals.stages[0]


def _plant_in_contracts(
    planter: CrmPlanter, orders: pd.DataFrame, receipts: pd.DataFrame, won: Ints, contracts: pd.DataFrame
) -> None:
    table, rng = "contract", planter.rng
    received, first = _received(orders, receipts, won)
    is_paid = (received > 0) & (contracts["tax_basis"] == _WITH_TAX).to_numpy()
    rows = planter.mark(table, contracts, RECEIPT_ABOVE_CONTRACT, is_paid)
    contracts.loc[rows, "amount_cents"] = np.maximum(received[rows] * rng.integers(40, 85, len(rows)) // 100, 1)
    latest = first + seconds(np.full(len(first), 45 * _DAY_SECONDS))
    rows = planter.mark(table, contracts, RECEIPT_BEFORE_SIGNING, (received > 0) & (latest < planter.clock.now))
    contracts.loc[rows, "signed_on"] = first[rows] + seconds(rng.integers(2, 40, len(rows)) * _DAY_SECONDS)
    rows = planter.mark(table, contracts, SIGNED_AMOUNT_ZERO)
    contracts.loc[rows, "amount_cents"] = 0
    planter.drop_currency(table, contracts)
    rows = planter.mark(table, contracts, DATED_IN_FUTURE)
    contracts.loc[rows, "signed_on"] = planter.future(len(rows))
    _repeat_numbers(planter, contracts)


def _repeat_numbers(planter: CrmPlanter, contracts: pd.DataFrame) -> None:
    """Give some active contracts the number of an earlier one that is active too and stays right."""
    is_active = (contracts["status"] == _CONTRACT_STATES[_ACTIVE]).to_numpy()
    originals = np.flatnonzero(is_active & contracts["anomaly"].isna().to_numpy())
    if len(originals) < 2:
        return
    # Every second one may repeat its neighbour, so that no original is itself a repeat.
    may_repeat = np.zeros(len(contracts), dtype=bool)
    may_repeat[originals[1::2]] = True
    rows = planter.mark("contract", contracts, DUPLICATE_CONTRACT_NUMBER, may_repeat)
    neighbours = originals[np.searchsorted(originals, rows) - 1]
    contracts.loc[rows, "contract_number"] = contracts["contract_number"].iloc[neighbours].array


def _received(orders: pd.DataFrame, receipts: pd.DataFrame, won: Ints) -> tuple[Ints, Times]:
    """What was received for each won order so far, in cents, and when first (the end of time when never)."""
    count = len(orders)
    never = np.datetime64("2262-01-01T00:00:00", "s")
    if not len(receipts):
        return np.zeros(len(won), dtype=np.int64), np.full(len(won), never)
    paid = receipts[(column(receipts, "order_id") >= 0) & receipts["anomaly"].isna().to_numpy()]
    at = np.searchsorted(column(orders, "order_id"), column(paid, "order_id"))
    at, paid = at[at < count], paid[at < count]
    cents = np.bincount(at, weights=column(paid, "amount_cents"), minlength=count).astype(np.int64)
    first = np.full(count, never)
    np.minimum.at(first, at, times(paid, "received_at"))
    return cents[won], first[won]
