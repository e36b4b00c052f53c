"""The company's wall clock: tables hold local time, the database gets it with its offset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np


@dataclass(frozen=True)
class Clock:
    """The moment up to which the company is generated, in its own time zone.

    Local time as `datetime64[s]` keeps the tables vectorised. It is exact because China has had one constant
    offset since 1991; the offset of `as_of` therefore holds for the whole history.

    Attributes:
        as_of: Business time, aware, in the company's zone, whole seconds.
    """

    as_of: datetime

    @classmethod
    def at(cls, as_of: datetime, zone: str) -> Clock:
        """The clock of a zone at an aware moment.

        Raises:
            ValueError: `as_of` has no time zone.
        """
        if as_of.tzinfo is None:
            raise ValueError("as_of needs a time zone")
        return cls(as_of.astimezone(ZoneInfo(zone)).replace(microsecond=0))

    @property
    def now(self) -> np.datetime64:
        """`as_of` as local `datetime64[s]`."""
        return np.datetime64(self.as_of.replace(tzinfo=None), "s")

    @property
    def today(self) -> date:
        """The business day of `as_of`."""
        return self.as_of.date()

    @property
    def month(self) -> np.datetime64:
        """The current month, `datetime64[M]`."""
        return np.datetime64(self.today, "M")

    @property
    def offset(self) -> str:
        """The zone's offset as PostgreSQL reads it, `+08:00`."""
        return self.as_of.isoformat()[-6:]
