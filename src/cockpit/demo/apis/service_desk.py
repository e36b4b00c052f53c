"""Tickets of customers about what was delivered to them, with their course and the customers' satisfaction."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.demo.apis import marks as kinds
from cockpit.demo.apis.marks import Marks, Planting, pick, text_column
from cockpit.demo.apis.people import draw_names
from cockpit.demo.apis.profile import ApisFile
from cockpit.demo.clock import Clock
from cockpit.demo.draw import Floats, Ints, Times, categorical, choose, seconds

SYSTEM = "service_desk"
REPLY, SOLVED, SATISFACTION = "reply", "solved", "satisfaction"

_NOTHING = -1
_MAX_SCORE = 5
_BOUNDARY_ROWS = 5
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_NEVER = np.datetime64("NaT", "s")


def draw_tickets(
    rng: np.random.Generator,
    apis: ApisFile,
    customer_ids: Ints,
    opened_at: Times,
    product_codes: list[str],
    first_id: int,
    clock: Clock,
    marks: Marks,
    *,
    is_history: bool,
) -> pd.DataFrame:
    """Tickets opened at given times.

    Args:
        rng: The batch's generator.
        apis: How the desk works.
        customer_ids: Who opened each ticket.
        opened_at: Local, not after now.
        product_codes: What they can be about.
        first_id: Id of the first ticket.
        clock: What would happen after its `as_of` has not happened: such a ticket is open.
        marks: Takes the planted rows.
        is_history: Plant each kind at least once.

    Returns:
        Columns as the table desk_ticket.
    """
    rules = apis.service_desk
    count = len(opened_at)
    first_reply_at = opened_at + seconds(_MINUTE * _lognormal(rng, rules.first_reply_minutes_median, 0.9, count))
    solved_at = first_reply_at + seconds(_HOUR * _lognormal(rng, rules.solve_hours_median, rules.solve_sigma, count))
    is_answered, is_solved = first_reply_at <= clock.now, solved_at <= clock.now
    last = np.where(is_solved, solved_at, np.where(is_answered, first_reply_at, opened_at))
    styles = [style.form for style in rules.customer_number_styles]
    shares = [style.share for style in rules.customer_number_styles]
    tickets = pd.DataFrame(
        {
            "ticket_id": first_id + np.arange(count, dtype=np.int64),
            "customer_id": customer_ids,
            "number_style": categorical(choose(rng, shares, count), styles),
            "contact_name": pd.Series(draw_names(rng, apis.shop, count), dtype=object),
            "subject": pick(rng, rules.subjects, count),
            "product_code": pick(rng, product_codes, count),
            "priority": text_column(categorical(choose(rng, rules.priority_share, count), rules.priorities)),
            "channel": pick(rng, rules.channels, count),
            "agent": pick(rng, rules.agents, count),
            "opened_at": opened_at,
            "first_reply_at": np.where(is_answered, first_reply_at, _NEVER),
            "solved_at": np.where(is_solved, solved_at, _NEVER),
            "changed_at": last,
        }
    )
    planting = Planting(rng, count, at_least_one=is_history and count > 0)
    rates = rules.anomalies
    rows = planting.choose(kinds.SOLVED_BEFORE_OPENED, rates.solved_before_opened, is_solved)
    tickets.loc[rows, "solved_at"] = tickets["opened_at"].iloc[rows] - pd.Timedelta(days=2)
    rows = planting.choose(kinds.PRIORITY_UNKNOWN, rates.priority_unknown)
    tickets.loc[rows, "priority"] = "紧急!"
    rows = planting.choose_boundary(kinds.SOLVED_AT_ONCE, _BOUNDARY_ROWS, is_solved)
    for name in ("first_reply_at", "solved_at"):
        tickets.loc[rows, name] = tickets["opened_at"].iloc[rows]
    planting.tell(marks, SYSTEM, "ticket", [str(number) for number in tickets["ticket_id"].tolist()])
    return tickets


def draw_events(
    rng: np.random.Generator,
    apis: ApisFile,
    tickets: pd.DataFrame,
    first_id: int,
    clock: Clock,
    marks: Marks,
    *,
    is_history: bool,
) -> pd.DataFrame:
    """What happened to tickets: the first reply, the solution, and some customers' answer; columns as desk_event."""
    rules = apis.service_desk
    solved = tickets[tickets["solved_at"].notna()]
    answered_at = solved["changed_at"].to_numpy().astype("datetime64[s]") + seconds(
        rng.integers(_HOUR, 3 * _DAY, len(solved))
    )
    answers = (rng.random(len(solved)) < rules.satisfaction_share) & (answered_at <= clock.now)
    parts = [
        _events(tickets[tickets["first_reply_at"].notna()], REPLY, "first_reply_at"),
        _events(solved, SOLVED, "solved_at"),
        _events(solved[answers].assign(answered_at=answered_at[answers]), SATISFACTION, "answered_at"),
    ]
    events = pd.concat(parts, ignore_index=True)
    events = events.sort_values(["changed_at", "ticket_id"], kind="stable", ignore_index=True)
    is_answer = (events["kind"] == SATISFACTION).to_numpy()
    events["event_id"] = first_id + np.arange(len(events), dtype=np.int64)
    events["minutes"] = np.where(is_answer, _NOTHING, rng.geometric(0.05, len(events)))
    events["score"] = np.where(is_answer, _MAX_SCORE - np.minimum(rng.geometric(0.55, len(events)) - 1, 4), _NOTHING)
    events.loc[is_answer, "author"] = "customer"
    planting = Planting(rng, len(events), at_least_one=is_history and bool(is_answer.any()))
    rate = rules.anomalies.satisfaction_out_of_range * is_answer.mean() if len(events) else 0
    rows = planting.choose(kinds.SATISFACTION_OUT_OF_RANGE, float(rate), is_answer)
    events.loc[rows, "score"] = rng.choice([0, 6, 10], len(rows))
    planting.tell(marks, SYSTEM, "ticket_event", [str(number) for number in events["event_id"].tolist()])
    return events


def _events(tickets: pd.DataFrame, kind: str, moment: str) -> pd.DataFrame:
    """One event per ticket; it is recorded when it happened, however wrong the ticket's own time is."""
    happened = tickets[moment].to_numpy().astype("datetime64[s]")
    recorded = np.maximum(happened, tickets["opened_at"].to_numpy().astype("datetime64[s]"))
    return pd.DataFrame(
        {
            "ticket_id": tickets["ticket_id"].to_numpy(dtype=np.int64),
            "kind": kind,
            "author": text_column(tickets["agent"]),
            "happened_at": recorded,
            "changed_at": recorded,
        }
    )


def _lognormal(rng: np.random.Generator, median: float, sigma: float, count: int) -> Floats:
    return rng.lognormal(np.log(median), sigma, count)
