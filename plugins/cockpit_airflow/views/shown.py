"""How values look on a page: numbers, sizes, times, and text that may hold somebody's data."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from cockpit.domain.masking import mask
from cockpit.i18n import _

_UNITS = ("B", "kB", "MB", "GB", "TB")
# Letters of an alphabet, digits, and other characters such as Chinese ones: in lines of fixed width they touch.
_WORD = re.compile(r"[A-Za-z]+|\d+|[^\W\d_A-Za-z]+")


def number(value: int | Decimal | None) -> str:
    """12345 as 12,345; a dash for None."""
    return "–" if value is None else f"{value:,}"


def size(value: int | None) -> str:
    """Bytes in the unit that leaves one to three digits before the point; a dash for None."""
    if value is None:
        return "–"
    amount, unit = float(value), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 99.95 else f"{amount:.1f} {_UNITS[unit]}"


def seconds(value: Decimal | float | None) -> str:
    """Seconds with as many digits as mean something; a dash for None."""
    if value is None:
        return "–"
    return f"{value:,.3f} s" if value < 1 else f"{value:,.1f} s"


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """Date and time of day in business time; a dash for None."""
    return "–" if value is None else f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def age(value: timedelta) -> str:
    """How long ago, in the two greatest units: 3 d 4 h ago, 12 min ago."""
    minutes = max(int(value.total_seconds()) // 60, 0)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return _("{days} d {hours} h ago", days=days, hours=hours)
    if hours:
        return _("{hours} h {minutes} min ago", hours=hours, minutes=rest)
    return _("{minutes} min ago", minutes=rest)


def masked(text: str) -> str:
    """A received line with each name and number masked by itself.

    Masked as a whole, a long line would keep names and telephone numbers at its ends. Separators stay: they are what
    most rejected lines are wrong about.
    """
    return _WORD.sub(lambda word: mask(word[0]) or "", text)
