"""What accounting makes of orders and receipts: invoices, payers, claims, acceptance bills, retention money, costs.

Ids are made from the order's or receipt's own (times ten, plus the part), so that batches and simulated days need no
counters. Money in cents; local time; see `orders`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.company import Batch
from cockpit.demo.draw import Bools, Floats, Ints, Times, between, categorical, column, sample, seconds, times, unmarked
from cockpit.demo.orders import DELIVERED
from cockpit.demo.profile_finance import FinanceFile
from cockpit.demo.profile_people import load_people

BANK, BILL, CASH = PAYMENT_KINDS = ("bank", "acceptance_bill", "cash")
THIRD_PARTY_PAYER = "third_party_payer"
INVOICE_TAX_DISAGREES = "invoice_tax_disagrees"
BILL_DUE_BEFORE_ISSUE = "bill_due_before_issue"
CLAIM_NOT_POSITIVE = "claim_not_positive"

SALES_TABLES = ("invoice", "receipt_claim", "acceptance_bill", "retention", "service_cost")

_INVOICE_STATES = ("issued", "reversed", "red")
_ISSUED, _REVERSED, _RED = range(3)
_PARTS = 10
_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3600
_PERCENT = 100
_CENTS = 100
_REVERSED_AFTER_DAYS = 5
_DAYS_PER_MONTH = 30


@dataclass(frozen=True)
class Payers:
    """Customers by position, ids ascending without gaps.

    Attributes:
        first_id: Id of the first one.
        names, owners: Of each customer.
        parents: Position of the company it belongs to, -1 for none.
        unknown_offset: What planted unknown customers have been moved by.
    """

    first_id: int
    names: np.ndarray
    owners: np.ndarray
    parents: Ints
    unknown_offset: int

    @classmethod
    def of(cls, customers: pd.DataFrame, unknown_offset: int) -> Payers:
        """From the ERP's table, ascending by id."""
        first_id = int(customers["customer_id"].iloc[0])
        parents = column(customers, "parent_customer_id")
        return cls(
            first_id=first_id,
            names=customers["name"].to_numpy(dtype=object),
            owners=customers["owner_username"].to_numpy(dtype=object),
            parents=np.where(parents < 0, -1, parents - first_id),
            unknown_offset=unknown_offset,
        )

    def positions(self, customer_ids: Ints) -> Ints:
        """Position of each customer, planted unknown ones by what they were."""
        known = np.where(customer_ids >= self.unknown_offset, customer_ids - self.unknown_offset, customer_ids)
        positions: Ints = known - self.first_id
        return positions


@dataclass(frozen=True)
class Finance:
    """Rows of one batch, columns as the ERP's tables plus the markers `anomaly` and `boundary_case`.

    Attributes:
        tables: By name, those of SALES_TABLES.
        receipts: The batch's, with `kind` and `payer_name`.
        contracts: Grain: one row per order with a contract: order_row, order_id, contract_number, contract_cents
            (the order and its retention), retention_cents.
    """

    tables: dict[str, pd.DataFrame]
    receipts: pd.DataFrame
    contracts: pd.DataFrame


def contract_numbers(order_ids: Ints) -> list[str]:
    """The number of the contract that belongs to an order."""
    return [f"HT{order_id:09d}" for order_id in order_ids.tolist()]


def order_totals(batch: Batch) -> Ints:
    """What each order of a batch comes to, in cents, planted wrong lines left out."""
    is_clean = batch.lines["anomaly"].isna().to_numpy()
    rows = column(batch.lines, "order_row")[is_clean]
    cents = column(batch.lines, "amount_cents")[is_clean]
    # Sums of less than 2**53 cents are exact in floating point.
    return np.bincount(rows, weights=cents, minlength=len(batch.orders)).astype(np.int64)


def clean_orders(batch: Batch) -> Bools:
    """Which orders are right with all their lines, and worth something: the others get no papers."""
    is_clean = batch.orders["anomaly"].isna().to_numpy() & (order_totals(batch) > 0)
    wrong = column(batch.lines, "order_row")[batch.lines["anomaly"].notna().to_numpy()]
    is_clean[wrong] = False
    return is_clean


def draw_finance(rng: np.random.Generator, rules: FinanceFile, payers: Payers, batch: Batch, clock: Clock) -> Finance:
    """The rows that follow from a batch of the history.

    Args:
        rng: Of the stream for finance and this batch.
        rules: The company's habits.
        payers: All customers.
        batch: Orders with lines and receipts; wrong orders have no invoice and no contract.
        clock: What happens after its `as_of` is left out.
    """
    orders, cents = batch.orders, order_totals(batch)
    is_clean = clean_orders(batch)
    status = orders["status"].cat.codes.to_numpy()
    delivered = np.flatnonzero(is_clean & (status == DELIVERED))
    contracts = draw_contracts(rng, rules, orders, cents, np.flatnonzero(is_clean))
    receipts = draw_payers(rng, rules, payers, batch.receipts)
    contracted = np.isin(column(receipts, "order_id"), column(contracts, "order_id"))
    return Finance(
        tables={
            "invoice": draw_invoices(rng, rules, orders.iloc[delivered], cents[delivered], clock),
            "receipt_claim": draw_claims(rng, rules, payers, receipts, contracted, clock),
            "acceptance_bill": draw_bills(rng, rules, receipts, clock),
            "retention": draw_retention(rng, rules, orders, contracts, clock),
            "service_cost": draw_service_costs(rng, rules, orders.iloc[delivered], cents[delivered], clock),
        },
        receipts=receipts,
        contracts=contracts,
    )


def draw_contracts(
    rng: np.random.Generator, rules: FinanceFile, orders: pd.DataFrame, cents: Ints, candidates: Ints
) -> pd.DataFrame:
    """Contracts of the large orders; some agree that a part is paid when the warranty has ended."""
    rows = candidates[cents[candidates] >= rules.contracts.from_amount * _CENTS]
    percent = rng.choice(rules.retention.percents, len(rows))
    percent[rng.random(len(rows)) >= rules.retention.share] = 0
    total = np.round(cents[rows] * _PERCENT / (_PERCENT - percent)).astype(np.int64)
    order_ids = column(orders, "order_id")[rows]
    return pd.DataFrame(
        {
            "order_row": rows,
            "order_id": order_ids,
            "contract_number": contract_numbers(order_ids),
            "contract_cents": total,
            "retention_cents": total - cents[rows],
            "retention_percent": percent,
        }
    )


def draw_invoices(
    rng: np.random.Generator, rules: FinanceFile, orders: pd.DataFrame, cents: Ints, clock: Clock
) -> pd.DataFrame:
    """Invoices of delivered orders: one, two parts, or one that is taken back and replaced."""
    habits, count = rules.invoices, len(orders)
    order_ids, customers = column(orders, "order_id"), column(orders, "customer_id")
    delay = between(rng, habits.days_after_delivery, count)
    issued = times(orders, "updated_at") + seconds(delay * _DAY_SECONDS + rng.integers(0, 4 * _HOUR_SECONDS, count))
    kind = rng.random(count)
    is_special = rng.random(count) < habits.special_share
    corrected = issued + seconds(np.full(count, _REVERSED_AFTER_DAYS * _DAY_SECONDS))
    is_split = kind < habits.split_share
    is_reversed = (kind > 1 - habits.reversed_share) & (corrected <= clock.now)
    first = np.where(is_split, cents * rng.integers(40, 70, count) // _PERCENT, cents)

    every = np.arange(count)
    split, back = np.flatnonzero(is_split), np.flatnonzero(is_reversed)
    row = np.concatenate([every, split, back, back])
    part = np.concatenate([np.full(count, 1), np.full(len(split), 2), np.full(len(back), 2), np.full(len(back), 3)])
    amount = np.concatenate([first, (cents - first)[split], -cents[back], cents[back]])
    state = np.concatenate(
        [
            np.where(is_reversed, _REVERSED, _ISSUED),
            np.full(len(split), _ISSUED),
            np.full(len(back), _RED),
            np.full(len(back), _ISSUED),
        ]
    )
    issued_at = np.concatenate([issued, issued[split], corrected[back], corrected[back]])
    updated_at = np.concatenate([np.where(is_reversed, corrected, issued), issued_at[count:]])
    kept = np.flatnonzero((issued_at <= clock.now) & (amount != 0))
    kept = kept[np.argsort(order_ids[row[kept]] * _PARTS + part[kept], kind="stable")]
    row, part, amount, state = row[kept], part[kept], amount[kept], state[kept]
    net = np.round(amount / (1 + rules.tax_rate)).astype(np.int64)
    ids = order_ids[row] * _PARTS + part
    frame = pd.DataFrame(
        {
            "invoice_id": ids,
            "invoice_number": [f"26{number:018d}" for number in ids.tolist()],
            "order_id": order_ids[row],
            "customer_id": customers[row],
            "kind": categorical((~is_special[row]).astype(np.int64), ["special", "ordinary"]),
            "state": categorical(state, _INVOICE_STATES),
            "reversed_invoice_id": np.where(state == _RED, ids - 1, -1),
            "amount_cents": amount,
            "net_cents": net,
            "tax_cents": amount - net,
            "tax_rate_milli": round(rules.tax_rate * 1000),
            "currency": orders["currency"].array[row],
            "issued_on": issued_at[kept],
            "updated_at": updated_at[kept],
            "anomaly": unmarked(len(row)),
            "boundary_case": unmarked(len(row)),
        }
    )
    chosen = _plant(rng, frame, INVOICE_TAX_DISAGREES, rules.anomalies.invoice_tax_disagrees)
    # A slipped rate, and a dime so that small amounts differ too.
    tax = column(frame, "tax_cents")[chosen]
    frame.loc[chosen, "tax_cents"] = tax + np.abs(tax) // 2 + 10
    return frame


def draw_payers(rng: np.random.Generator, rules: FinanceFile, payers: Payers, receipts: pd.DataFrame) -> pd.DataFrame:
    """By what means each receipt came, and whose name stood on it."""
    habits, count = rules.receipts, len(receipts)
    means = rng.random(count)
    kind = np.select([means < habits.bill_share, means > 1 - habits.cash_share], [1, 2], default=0)
    positions = payers.positions(column(receipts, "customer_id"))
    name = payers.names[positions]
    is_other = (rng.random(count) < habits.third_party_share) & receipts["anomaly"].isna().to_numpy()
    rows = np.flatnonzero(is_other)
    others = payers.names[rng.integers(0, len(payers.names), len(rows))]
    is_person = rng.random(len(rows)) < 0.4
    others[is_person] = _persons(rng, int(is_person.sum()))
    parent = payers.parents[positions[rows]]
    others[parent >= 0] = payers.names[parent[parent >= 0]]
    name[rows] = others
    boundary = receipts["boundary_case"].to_numpy(dtype=object).copy()
    boundary[rows] = THIRD_PARTY_PAYER
    return receipts.assign(
        kind=categorical(kind, PAYMENT_KINDS), payer_name=pd.Series(name, dtype=object), boundary_case=boundary
    )


def draw_claims(
    rng: np.random.Generator,
    rules: FinanceFile,
    payers: Payers,
    receipts: pd.DataFrame,
    contracted: Bools,
    clock: Clock,
) -> pd.DataFrame:
    """For which order, and contract if it has one, the owners claimed the receipts; in part or in two parts too.

    Args:
        rng: Of this batch.
        rules: The company's habits.
        payers: Gives the owners.
        receipts: With `order_id`, -1 for money that nobody has claimed.
        contracted: Whether the receipt's order has a contract.
        clock: Later claims have not been made.
    """
    habits, count = rules.claims, len(receipts)
    kind = rng.random(count)
    delay = between(rng, habits.delay_hours, count) * _HOUR_SECONDS
    claimed_at = times(receipts, "updated_at") + seconds(delay)
    cents = column(receipts, "amount_cents")
    is_claimed = (
        receipts["anomaly"].isna().to_numpy()
        & (column(receipts, "order_id") >= 0)
        & (kind >= habits.unclaimed_share)
        & (claimed_at <= clock.now)
    )
    is_partial = kind > 1 - habits.partial_share
    is_split = (kind < habits.unclaimed_share + habits.split_share) & (cents > 1)
    percent = between(rng, habits.partial_percent, count)
    first = np.select([is_partial, is_split], [cents * percent // _PERCENT, cents // 2], default=cents)
    rows, split = np.flatnonzero(is_claimed & (first > 0)), np.flatnonzero(is_claimed & is_split)
    row = np.concatenate([rows, split])
    part = np.concatenate([np.full(len(rows), 1), np.full(len(split), 2)])
    amount = np.concatenate([first[rows], (cents - first)[split]])
    order = np.argsort(row * _PARTS + part, kind="stable")
    row, part, amount = row[order], part[order], amount[order]
    order_ids = column(receipts, "order_id")[row]
    number = np.array(contract_numbers(order_ids), dtype=object)
    number[~contracted[row]] = None
    frame = pd.DataFrame(
        {
            "claim_id": column(receipts, "receipt_id")[row] * _PARTS + part,
            "receipt_id": column(receipts, "receipt_id")[row],
            "order_id": order_ids,
            "contract_number": number,
            "amount_cents": amount,
            "claimed_by": payers.owners[payers.positions(column(receipts, "customer_id")[row])],
            "claimed_at": claimed_at[row],
            "updated_at": claimed_at[row],
            "anomaly": unmarked(len(row)),
            "boundary_case": unmarked(len(row)),
        }
    )
    chosen = _plant(rng, frame, CLAIM_NOT_POSITIVE, rules.anomalies.claim_not_positive)
    frame.loc[chosen, "amount_cents"] *= -1
    return frame


def draw_bills(rng: np.random.Generator, rules: FinanceFile, receipts: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    """The acceptance bills behind the receipts that came as one; a bill has its receipt's id."""
    habits = rules.bills
    is_bill = (receipts["kind"].cat.codes.to_numpy() == PAYMENT_KINDS.index(BILL)) & receipts["anomaly"].isna()
    paid = receipts[is_bill.to_numpy()]
    count = len(paid)
    received_on: Times = times(paid, "received_at").astype("datetime64[D]")
    issued_on: Times = received_on - rng.integers(0, 30, count)
    due_on = issued_on + rng.choice(habits.months, count) * _DAYS_PER_MONTH
    # Not due before it was taken in.
    due_on = np.maximum(due_on, received_on + 1)
    is_due = due_on.astype("datetime64[s]") <= clock.now
    fate = rng.random(count)
    state = np.select(
        [
            fate < habits.endorsed_share,
            fate < habits.endorsed_share + habits.discounted_share,
            is_due & (fate > 1 - habits.dishonoured_share),
            is_due,
        ],
        [1, 2, 4, 3],
        default=0,
    )
    changed = np.where(is_due & (state >= 3), due_on.astype("datetime64[s]"), times(paid, "updated_at"))
    ids = column(paid, "receipt_id")
    days = np.datetime_as_string(issued_on, unit="D").tolist()
    frame = pd.DataFrame(
        {
            "bill_id": ids,
            "bill_number": [
                f"1302290{day.replace('-', '')}{number:015d}" for day, number in zip(days, ids.tolist(), strict=True)
            ],
            "receipt_id": ids,
            "drawer_name": paid["payer_name"].to_numpy(dtype=object),
            "acceptor": categorical(rng.integers(0, len(habits.acceptors), count), habits.acceptors),
            "amount_cents": column(paid, "amount_cents"),
            "issued_on": issued_on.astype("datetime64[s]"),
            "due_on": due_on.astype("datetime64[s]"),
            "state": categorical(state, ["held", "endorsed", "discounted", "collected", "dishonoured"]),
            "updated_at": np.minimum(changed, clock.now),
            "anomaly": unmarked(count),
            "boundary_case": unmarked(count),
        }
    )
    chosen = _plant(rng, frame, BILL_DUE_BEFORE_ISSUE, rules.anomalies.bill_due_before_issue)
    frame.loc[chosen, "due_on"] = times(frame, "issued_on")[chosen] - seconds(np.full(len(chosen), 90 * _DAY_SECONDS))
    return frame


def draw_retention(
    rng: np.random.Generator, rules: FinanceFile, orders: pd.DataFrame, contracts: pd.DataFrame, clock: Clock
) -> pd.DataFrame:
    """What customers keep back of delivered contracts, and what they have paid of it; a row has its order's id."""
    row = column(contracts, "order_row")
    is_delivered = orders["status"].cat.codes.to_numpy()[row] == DELIVERED
    kept = contracts[is_delivered & (column(contracts, "retention_cents") > 0)]
    row, count = column(kept, "order_row"), len(kept)
    delivered_at = times(orders, "updated_at")[row]
    due_on = (delivered_at.astype("datetime64[D]") + rules.retention.months * _DAYS_PER_MONTH).astype("datetime64[s]")
    released_at = due_on + seconds(rng.integers(0, 25 * _DAY_SECONDS, count))
    is_released = (released_at <= clock.now) & (rng.random(count) < rules.retention.released_share)
    cents = column(kept, "retention_cents")
    return pd.DataFrame(
        {
            "retention_id": column(kept, "order_id"),
            "contract_number": kept["contract_number"].to_numpy(dtype=object),
            "order_id": column(kept, "order_id"),
            "customer_id": column(orders, "customer_id")[row],
            "share_milli": column(kept, "retention_percent") * 10,
            "amount_cents": cents,
            "due_on": due_on,
            "released_cents": np.where(is_released, cents, 0),
            "released_at": np.where(is_released, released_at, np.datetime64("NaT")),
            "updated_at": np.where(is_released, released_at, delivered_at),
            "anomaly": unmarked(count),
            "boundary_case": unmarked(count),
        }
    )


def draw_service_costs(
    rng: np.random.Generator, rules: FinanceFile, orders: pd.DataFrame, cents: Ints, clock: Clock
) -> pd.DataFrame:
    """What installation, repair and the like cost for some delivered orders; a row has its order's id."""
    habits = rules.costs
    chosen = np.flatnonzero(rng.random(len(orders)) < habits.service_share)
    orders, cents, count = orders.iloc[chosen], cents[chosen], len(chosen)
    at = times(orders, "updated_at") + seconds(rng.integers(0, 60 * _DAY_SECONDS, count))
    amount = np.maximum(cents * between(rng, habits.service_percent, count) // _PERCENT, 1)
    frame = pd.DataFrame(
        {
            "service_cost_id": column(orders, "order_id"),
            "order_id": column(orders, "order_id"),
            "customer_id": column(orders, "customer_id"),
            "kind": categorical(rng.integers(0, len(habits.service_kinds), count), habits.service_kinds),
            "amount_cents": amount,
            "incurred_on": at,
            "updated_at": at,
            "anomaly": unmarked(count),
            "boundary_case": unmarked(count),
        }
    )
    return frame[at <= clock.now].reset_index(drop=True)


def make_product_costs(
    rng: np.random.Generator, rules: FinanceFile, products: pd.DataFrame, months: Times
) -> pd.DataFrame:
    """Grain: one row per product and month (first day): what one unit costs, `unit_cost_cents`."""
    habits = rules.costs
    ratio: Floats = between(rng, habits.product_cost_ratio, len(products)) / _PERCENT
    drift = (1 + habits.monthly_drift) ** np.cumsum(rng.normal(0, 1, (len(products), len(months))), axis=1)
    cost = np.round(column(products, "list_price_cents")[:, None] * ratio[:, None] * drift).astype(np.int64)
    return pd.DataFrame(
        {
            "product_id": np.repeat(column(products, "product_id"), len(months)),
            "month": np.tile(months, len(products)),
            "unit_cost_cents": np.maximum(cost, 1).ravel(),
            "updated_at": np.tile(months, len(products)),
        }
    )


def _persons(rng: np.random.Generator, count: int) -> list[str]:
    rules = load_people().contacts
    surnames, given = [item.character for item in rules.surnames], list(rules.given_names)
    return [
        surnames[s] + given[g]
        for s, g in zip(
            rng.integers(0, len(surnames), count).tolist(), rng.integers(0, len(given), count).tolist(), strict=True
        )
    ]


def _plant(rng: np.random.Generator, frame: pd.DataFrame, kind: str, rate: float) -> Ints:
    """Mark a share of the rows as wrong and return their positions."""
    rows = sample(rng, np.arange(len(frame)), round(rate * len(frame)))
    frame.loc[rows, "anomaly"] = kind
    return rows
