"""Visits, calls and follow-ups of the reps, and the files that stand beside records (A14)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.crm.accounts import Accounts
from cockpit.demo.crm.deals import NO_RECORD, Book
from cockpit.demo.crm.planting import DATED_IN_FUTURE, CrmPlanter
from cockpit.demo.crm.profile import AttachmentKind, CrmFile
from cockpit.demo.draw import (
    Ints,
    Objects,
    Times,
    between,
    categorical,
    choose,
    column,
    sample,
    seconds,
    times,
    unmarked,
)

VISIT = "visit"
VISIT_WITHOUT_RESULT = "visit_without_result"

_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3600
_HOURS = (8, 19)
_PER_ORDER = 100
_OPPORTUNITIES_PER_ORDER = 10
_COURTESY = 99


def draw_activities(
    rng: np.random.Generator,
    crm: CrmFile,
    book: Book,
    orders: pd.DataFrame,
    opportunities: pd.DataFrame,
    clock: Clock,
) -> pd.DataFrame:
    """What reps entered about a batch's opportunities, and courtesy visits beside other orders.

    Args:
        rng: Of the stream for activities and this batch.
        crm: The habits.
        book: Accounts and owners.
        orders: The batch's.
        opportunities: The batch's.
        clock: Nothing but planted rows lies after its `as_of`.

    Returns:
        Columns as the table activity, plus the markers `anomaly` and `boundary_case`. An activity's id is its order's
        times a hundred plus its number.
    """
    habits = crm.activities
    counts = np.minimum(rng.poisson(habits.per_deal, len(opportunities)), habits.most_per_deal)
    deal = np.repeat(np.arange(len(opportunities)), counts)
    number = np.arange(len(deal)) - np.repeat(np.cumsum(counts) - counts, counts)
    begin, end = times(opportunities, "created_at"), times(opportunities, "closed_at")
    end = np.where(np.isnat(end), clock.now, end)
    # Planted dates would make impossible activities.
    begin = np.minimum(begin, end)
    span = (end - begin).astype(np.int64)
    started = _within_hours(rng, begin[deal] + seconds(rng.random(len(deal)) * span[deal]))
    order_of = column(opportunities, "opportunity_id") // _OPPORTUNITIES_PER_ORDER

    others = np.flatnonzero(~np.isin(column(orders, "order_id"), order_of) & orders["anomaly"].isna().to_numpy())
    courtesy = np.sort(sample(rng, others, round(habits.courtesy_share * len(others))))
    visited = times(orders, "ordered_at")[courtesy] - seconds(rng.integers(1, 20, len(courtesy)) * _DAY_SECONDS)
    position = book.positions(column(orders, "customer_id")[courtesy])
    frame = make_activities(
        rng,
        crm,
        clock,
        activity_ids=np.concatenate(
            [order_of[deal] * _PER_ORDER + number, column(orders, "order_id")[courtesy] * _PER_ORDER + _COURTESY]
        ),
        account_ids=np.concatenate([column(opportunities, "account_id")[deal], book.account_ids[position]]),
        opportunity_ids=np.concatenate(
            [column(opportunities, "opportunity_id")[deal], np.full(len(courtesy), NO_RECORD)]
        ),
        contact_ids=np.concatenate([column(opportunities, "contact_id")[deal], book.contact_ids[position]]),
        owners=np.concatenate([opportunities["owner_username"].to_numpy(dtype=object)[deal], book.owners[position]]),
        started_at=np.concatenate([started, visited]),
    )
    planter = CrmPlanter(rng, crm, clock)
    rows = planter.mark("activity", frame, VISIT_WITHOUT_RESULT, (frame["kind"] == VISIT).to_numpy())
    frame.loc[rows, "result"] = None
    rows = planter.mark("activity", frame, DATED_IN_FUTURE)
    frame.loc[rows, "started_at"] = planter.future(len(rows))
    return frame


def make_activities(
    rng: np.random.Generator,
    crm: CrmFile,
    clock: Clock,
    *,
    activity_ids: Ints,
    account_ids: Ints,
    opportunity_ids: Ints,
    contact_ids: Ints,
    owners: Objects,
    started_at: Times,
) -> pd.DataFrame:
    """Activities at given times; what was entered after the end of the history is left out."""
    habits, count = crm.activities, len(activity_ids)
    kind = choose(rng, [item.share for item in habits.kinds], count)
    minutes = np.empty(count, dtype=np.int64)
    for place, item in enumerate(habits.kinds):
        rows = np.flatnonzero(kind == place)
        minutes[rows] = between(rng, item.minutes, len(rows))
    delay = between(rng, habits.entry_hours, count) * _HOUR_SECONDS
    is_late = rng.random(count) < habits.late_share
    delay[is_late] = between(rng, habits.late_days, int(is_late.sum())) * _DAY_SECONDS
    entered_at = started_at + seconds(minutes * 60 + delay)
    # A visit always ends with a result; the other kinds often without one.
    is_visit = kind == next(place for place, item in enumerate(habits.kinds) if item.kind == VISIT)
    has_result = is_visit | (rng.random(count) < 0.4)
    result = np.where(has_result, rng.integers(0, len(habits.results), count), NO_RECORD)
    notes = np.where(rng.random(count) < 0.6, rng.integers(0, len(habits.notes), count), NO_RECORD)
    frame = pd.DataFrame(
        {
            "activity_id": activity_ids,
            "kind": categorical(kind, [item.kind for item in habits.kinds]),
            "account_id": account_ids,
            "opportunity_id": opportunity_ids,
            "contact_id": contact_ids,
            "owner_username": owners,
            "started_at": started_at,
            "minutes": minutes,
            "subject": categorical(rng.integers(0, len(habits.subjects), count), habits.subjects),
            "notes": categorical(notes, habits.notes),
            "result": categorical(result, habits.results),
            "next_step": categorical(rng.integers(0, len(habits.next_steps), count), habits.next_steps),
            "created_at": entered_at,
            "updated_at": entered_at,
            "anomaly": unmarked(count),
            "boundary_case": unmarked(count),
        }
    )
    return frame[entered_at <= clock.now].reset_index(drop=True)


def make_account_attachments(rng: np.random.Generator, crm: CrmFile, accounts: Accounts, clock: Clock) -> pd.DataFrame:
    """Business cards that were photographed when an account was made."""
    frame = accounts.accounts
    chosen = frame[rng.random(len(frame)) < crm.attachments.account_share]
    return _attachments(rng, crm, _kind_for(crm, "account"), column(chosen, "account_id"), chosen, "created_at", clock)


def draw_attachments(
    rng: np.random.Generator, crm: CrmFile, opportunities: pd.DataFrame, activities: pd.DataFrame, clock: Clock
) -> pd.DataFrame:
    """Quotations beside a batch's opportunities and notes beside its activities."""
    quoted = opportunities[rng.random(len(opportunities)) < crm.attachments.opportunity_share]
    noted = activities[rng.random(len(activities)) < crm.attachments.activity_share]
    quoted, noted = quoted[quoted["anomaly"].isna()], noted[noted["anomaly"].isna()]
    return pd.concat(
        [
            _attachments(
                rng, crm, _kind_for(crm, "opportunity"), column(quoted, "opportunity_id"), quoted, "created_at", clock
            ),
            _attachments(
                rng, crm, _kind_for(crm, "activity"), column(noted, "activity_id"), noted, "created_at", clock
            ),
        ],
        ignore_index=True,
    )


def _within_hours(rng: np.random.Generator, moments: Times) -> Times:
    """The same days between eight and seven."""
    opening, closing = _HOURS
    days: Times = moments.astype("datetime64[D]").astype("datetime64[s]")
    days += seconds(rng.integers(opening * _HOUR_SECONDS, closing * _HOUR_SECONDS, len(moments)))
    return days


def _kind_for(crm: CrmFile, record: str) -> AttachmentKind:
    return next(kind for kind in crm.attachments.kinds if kind.record == record)


def _attachments(
    rng: np.random.Generator,
    crm: CrmFile,
    kind: AttachmentKind,
    record_ids: Ints,
    records: pd.DataFrame,
    moment: str,
    clock: Clock,
) -> pd.DataFrame:
    count = len(record_ids)
    uploaded_at = times(records, moment) + seconds(rng.integers(60, 2 * _DAY_SECONDS, count))
    ids = [f"{kind.kind}-{number}" for number in record_ids.tolist()]
    names = [f"{identifier}.{kind.suffix}" for identifier in ids]
    frame = pd.DataFrame(
        {
            "attachment_id": ids,
            "record_type": kind.record,
            "record_id": record_ids,
            "kind": kind.kind,
            "file_name": names,
            "media_type": kind.media_type,
            "size_bytes": between(rng, kind.bytes, count),
            "url": [f"{crm.attachments.base_url}/{name}" for name in names],
            "uploaded_by": records["owner_username"].to_numpy(dtype=object),
            "created_at": uploaded_at,
            "updated_at": uploaded_at,
            "anomaly": unmarked(count),
            "boundary_case": unmarked(count),
        }
    )
    return frame[uploaded_at <= clock.now].reset_index(drop=True)
