"""Plant wrong rows in the CRM's tables; each is marked in place, a row has at most one mark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.crm.profile import CrmFile
from cockpit.demo.draw import Bools, Ints, Times, between, sample, seconds

DATED_IN_FUTURE = "dated_in_future"
MISSING_CURRENCY = "missing_currency"

_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class CrmPlanter:
    """Plants into one batch.

    Attributes:
        rng: The batch's generator.
        crm: Rates and limits.
        clock: "The future" begins after its `as_of`.
    """

    rng: np.random.Generator
    crm: CrmFile
    clock: Clock

    def mark(self, table: str, frame: pd.DataFrame, kind: str, candidates: Bools | None = None) -> Ints:
        """Choose unmarked candidates by the kind's rate, mark them and return their positions."""
        free = frame["anomaly"].isna().to_numpy() & frame["boundary_case"].isna().to_numpy()
        if candidates is not None:
            free &= candidates
        rows = sample(self.rng, np.flatnonzero(free), round(self.crm.anomalies[table][kind] * len(frame)))
        frame.loc[rows, "anomaly"] = kind
        return rows

    def future(self, count: int) -> Times:
        """Moments far enough ahead to be the future still when the next weeks are simulated."""
        days = between(self.rng, self.crm.future_days, count)
        ahead: Times = self.clock.now + seconds(days * _DAY_SECONDS)
        return ahead

    def drop_currency(self, table: str, frame: pd.DataFrame) -> None:
        """Leave the currency out of some rows."""
        rows = self.mark(table, frame, MISSING_CURRENCY)
        frame.loc[rows, "currency"] = None
