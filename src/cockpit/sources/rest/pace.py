"""How fast an API is asked, and how long to wait before it is asked again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

# An API that asks for more is better tried again by the scheduler.
LONGEST_WAIT_SECONDS = 300.0

_FIRST_WAIT_SECONDS = 1.0
_LONGEST_BACK_OFF_SECONDS = 60.0


@dataclass(frozen=True)
class Timing:
    """The clock and the patience of a connector.

    Attributes:
        now: Seconds since 1970, as servers see them.
        monotonic: Seconds since any moment.
        sleep: Waits that many seconds.
        chance: A number from 0 to 1.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Pace:
    """Spaces requests evenly: after a pause none is owed, so that a limit per minute holds in any minute."""

    def __init__(self, rate_per_minute: float | None, timing: Timing) -> None:
        self._interval = 60.0 / rate_per_minute if rate_per_minute else 0.0
        self._timing = timing
        self._next = 0.0

    def wait(self) -> None:
        """Return when the next request may be sent."""
        if not self._interval:
            return
        now = self._timing.monotonic()
        if now < self._next:
            self._timing.sleep(self._next - now)
        self._next = max(now, self._next) + self._interval


def back_off(tries: int, timing: Timing, retry_after: float | None = None) -> float:
    """Seconds to wait after so many failed tries: what the server asks for, else doubling, with jitter.

    Args:
        retry_after: Seconds that the server asked for; it is never asked sooner, except after the longest wait.
    """
    doubled: float = min(_FIRST_WAIT_SECONDS * 2.0 ** (tries - 1), _LONGEST_BACK_OFF_SECONDS)
    if retry_after is None:
        # Clients that failed together must not return together.
        return doubled * (0.5 + timing.chance() / 2)
    return min(retry_after + timing.chance(), LONGEST_WAIT_SECONDS)


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """The header Retry-After, which is a number of seconds or a date; None when absent or neither."""
    text = (header or "").strip()
    if text.isdecimal() and text.isascii():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return max(0.0, moment.timestamp() - now)
    except (OverflowError, ValueError):
        return None
