"""Bounds on what is taken: posts per minute, and bytes that are held at the same time."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

# Senders that are remembered; the one seen longest ago is forgotten first, so that memory stays bounded.
_SENDERS = 10_000


class RateLimit:
    """At most so many posts per minute from one sender, saved up to as many at once.

    Args:
        per_minute: Posts that are taken.
        clock: Seconds, growing.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        # Sender -> (posts saved up, when that was counted).
        self._senders: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, sender: str = "") -> float:
        """Count one post; returns 0 when it is taken, else the seconds until the next one is."""
        now = self._clock()
        saved, counted_at = self._senders.pop(sender, (float(self._per_minute), now))
        saved = min(self._per_minute, saved + (now - counted_at) * self._per_minute / 60)
        is_taken = saved >= 1
        self._senders[sender] = (saved - is_taken, now)
        if len(self._senders) > _SENDERS:
            self._senders.popitem(last=False)
        return 0 if is_taken else math.ceil((1 - saved) * 60 / self._per_minute)


class ByteBudget:
    """Bytes of bodies that are being read or wait for their commit; used by one event loop only."""

    def __init__(self, limit: int) -> None:
        self._free = limit

    def take(self, size: int) -> bool:
        """Reserve; False when there is not enough left."""
        if size > self._free:
            return False
        self._free -= size
        return True

    def give_back(self, size: int) -> None:
        """Release what `take` has reserved."""
        self._free += size
