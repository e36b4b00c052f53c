"""What was planted into the web APIs' data, for schema truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cockpit.demo.draw import Bools, Ints, categorical, sample

ORDER_NUMBER_MALFORMED = "order_number_malformed"
SIGNED_BEFORE_SHIPPED = "signed_before_shipped"
DATED_IN_FUTURE = "dated_in_future"
FREIGHT_NEGATIVE = "freight_negative"
STOCK_NEGATIVE = "stock_negative"
PLACEHOLDER_PHONE = "placeholder_phone"
FAKE_REGISTRATION = "fake_registration"
CONTACT_UNKNOWN = "contact_unknown"
REPLY_TIME_NEGATIVE = "reply_time_negative"
TEXT_MISSING = "text_missing"
SOLVED_BEFORE_OPENED = "solved_before_opened"
PRIORITY_UNKNOWN = "priority_unknown"
SATISFACTION_OUT_OF_RANGE = "satisfaction_out_of_range"
MEMBER_UNKNOWN = "member_unknown"
PAYMENT_NOT_POSITIVE = "payment_not_positive"
MORE_CLICKS_THAN_VIEWS = "more_clicks_than_views"
COST_NEGATIVE = "cost_negative"

# Rows at a boundary that are right.
SIGNED_WHEN_SHIPPED = "signed_when_shipped"
FREIGHT_ZERO = "freight_zero"
STOCK_ZERO = "stock_zero"
SOLVED_AT_ONCE = "solved_at_once"
CLICKS_EQUAL_VIEWS = "clicks_equal_views"
SMALLEST_PAYMENT = "smallest_payment"

Mark = tuple[str, str, str, str]


@dataclass
class Marks:
    """Planted rows as (system, entity, key, kind); key as raw has it, parts joined by `|`.

    Attributes:
        anomalies: Rows that are wrong.
        boundary_cases: Rows that look wrong and are right.
        persons: (system, entity, key, contact): who a row is about, as `make_contacts` numbers them.
    """

    anomalies: list[Mark] = field(default_factory=list)
    boundary_cases: list[Mark] = field(default_factory=list)
    persons: list[tuple[str, str, str, int]] = field(default_factory=list)

    def add(
        self, system: str, entity: str, keys: Sequence[str], kinds: Sequence[str | None], *, is_wrong: bool
    ) -> None:
        """Take in the rows that have a kind; both sequences have one element per row."""
        target = self.anomalies if is_wrong else self.boundary_cases
        target.extend((system, entity, key, kind) for key, kind in zip(keys, kinds, strict=True) if kind is not None)

    def add_persons(self, system: str, entity: str, keys: Sequence[str], contact_ids: Sequence[int]) -> None:
        """Take in who each row is about; a negative id stands for a stranger."""
        self.persons.extend((system, entity, key, who) for key, who in zip(keys, contact_ids, strict=True) if who >= 0)


@dataclass
class Planting:
    """Chooses rows of one table to plant into; a row has at most one mark.

    Attributes:
        rng: The table's generator.
        count: Rows of the table.
        at_least_one: Plant one row of each kind even where the rate gives less than half a row.
    """

    rng: np.random.Generator
    count: int
    at_least_one: bool
    _kinds: dict[int, str] = field(default_factory=dict)
    _boundaries: dict[int, str] = field(default_factory=dict)

    def choose(self, kind: str, rate: float, candidates: Bools | None = None) -> Ints:
        """Mark rows as wrong and return their positions; `candidates` restricts them."""
        wanted = max(round(rate * self.count), int(self.at_least_one and rate > 0))
        rows = self._free(wanted, candidates)
        self._kinds.update(dict.fromkeys(rows.tolist(), kind))
        return rows

    def choose_boundary(self, kind: str, wanted: int, candidates: Bools | None = None) -> Ints:
        """Mark rows as unusual but right and return their positions; only where a history is planted into."""
        rows = self._free(wanted if self.at_least_one else 0, candidates)
        self._boundaries.update(dict.fromkeys(rows.tolist(), kind))
        return rows

    def tell(self, marks: Marks, system: str, entity: str, keys: Sequence[str]) -> None:
        """Hand the marks over; `keys` has one element per row of the table."""
        for kinds, is_wrong in ((self._kinds, True), (self._boundaries, False)):
            rows = sorted(kinds)
            marks.add(system, entity, [keys[row] for row in rows], [kinds[row] for row in rows], is_wrong=is_wrong)

    def _free(self, wanted: int, candidates: Bools | None) -> Ints:
        free = np.ones(self.count, dtype=bool) if candidates is None else candidates.copy()
        free[[*self._kinds, *self._boundaries]] = False
        return sample(self.rng, np.flatnonzero(free), wanted)


def pick(rng: np.random.Generator, words: Sequence[str], count: int) -> pd.Categorical[str]:
    """One of the words for each row."""
    return categorical(rng.integers(0, len(words), count), words)


def text_column(values: pd.Series | pd.Categorical[str]) -> pd.Series:
    """A column that takes any text, for planting."""
    return pd.Series(np.asarray(values, dtype=object), dtype=object)
