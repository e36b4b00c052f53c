"""What came in per region and month, and the targets that make the planted regions miss.

Targets are derived from the receipts, not the other way round: attainment then has the wanted spread at every scale,
also where a region has a handful of orders a month.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.draw import Ints, Stream, Times, generator
from cockpit.demo.profile import Profile
from cockpit.demo.rhythm import elapsed_ratio

KIND_RECEIVED = "received"

_CENTS = 100
_MONTHS_PER_YEAR = 12


@dataclass(frozen=True)
class MonthlyTotals:
    """Clean receipts in cents: rows are the months from `first_month` to the current one, columns the regions."""

    first_month: np.datetime64
    received: Ints


def make_targets(profile: Profile, totals: MonthlyTotals, clock: Clock, seed: int) -> pd.DataFrame:
    """Monthly targets per region, from the first month to December of the current year.

    Args:
        profile: Spread of attainment and the planted causes.
        totals: What was received.
        clock: Business time.
        seed: Equal seeds give equal tables.

    Returns:
        Columns as the ERP's table region_target with `amount_cents`. A region without any receipts in a past
        month had no target for it.
    """
    rng = generator(seed, Stream.TARGETS)
    wanted = profile.company.targets.attainment
    past_months = len(totals.received) - 1
    ahead = _MONTHS_PER_YEAR - clock.today.month
    shape = (past_months + 1 + ahead, len(profile.regions))
    attainment = np.clip(rng.normal(wanted.mean, wanted.sigma, shape), wanted.min, wanted.max)
    codes = [region.region_code for region in profile.regions]
    for cause in profile.causes:
        first = past_months + 1 - cause.missed_months
        attainment[first : past_months + 1, codes.index(cause.region_code)] = cause.attainment

    received = totals.received.astype(np.float64)
    expected = np.empty(shape)
    expected[:past_months] = received[:past_months]
    growth = (1 + profile.company.rhythm.yearly_growth) ** (1 / _MONTHS_PER_YEAR)
    recent = received[max(past_months - profile.company.targets.typical_months, 0) : past_months]
    # From the middle of the recent months to the one in question.
    months_on = len(recent) / 2 + np.arange(1 + ahead)
    expected[past_months:] = recent.mean(axis=0) * growth ** months_on[:, None]
    if has_reliable_pace(profile, clock):
        elapsed = elapsed_ratio(clock.today, profile.company.rhythm)
        has_receipts = received[past_months] > 0
        expected[past_months, has_receipts] = received[past_months, has_receipts] / elapsed

    step = profile.company.targets.rounding * _CENTS
    cents = (np.round(expected / attainment / step) * step).astype(np.int64)
    month, region = np.nonzero(cents)
    months = totals.first_month + month
    return pd.DataFrame(
        {
            "region_code": [codes[index] for index in region.tolist()],
            "month": months.astype("datetime64[s]"),
            "kind": KIND_RECEIVED,
            "amount_cents": cents[month, region],
            "updated_at": np.minimum(_decided_at(profile, months), clock.now),
        }
    )


def has_reliable_pace(profile: Profile, clock: Clock) -> bool:
    """Whether so much of the current month has passed that its receipts say how it will end."""
    return elapsed_ratio(clock.today, profile.company.rhythm) >= profile.company.targets.reliable_elapsed_ratio


def _decided_at(profile: Profile, months: Times) -> Times:
    """When the targets of a month were entered: in the year before."""
    habits = profile.company.targets
    year = months.astype("datetime64[Y]") - 1
    decided = year.astype("datetime64[M]") + (habits.decided_month - 1)
    return (decided.astype("datetime64[D]") + (habits.decided_day - 1)).astype("datetime64[s]")
