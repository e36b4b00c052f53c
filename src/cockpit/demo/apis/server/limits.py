"""What makes clients of real APIs wait: a rate limit, and failures now and then."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class RateLimit:
    """So many requests a second, bursts of one second included.

    Attributes:
        per_second: Requests that are let through.
        clock: Seconds, monotonic.
    """

    per_second: float
    clock: Callable[[], float] = time.monotonic
    _tokens: float = field(init=False)
    _filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = max(self.per_second, 1.0)
        self._filled_at = self.clock()

    def admits(self) -> bool:
        """Whether one more request is let through now."""
        now = self.clock()
        gained = (now - self._filled_at) * self.per_second
        self._tokens = min(self._tokens + gained, max(self.per_second, 1.0))
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass
class Failures:
    """Fails one request in `interval` on average; which ones depends on seed and count only.

    Attributes:
        interval: Never fails when 0.
    """

    seed: int
    interval: int
    _count: int = 0

    def fails_now(self) -> bool:
        """Whether this request has to fail; never twice in a row, so that another try helps."""
        self._count += 1
        if self.interval <= 0:
            return False
        return self._is_chosen(self._count) and not self._is_chosen(self._count - 1)

    def _is_chosen(self, count: int) -> bool:
        return zlib.crc32(f"{self.seed}:{count}".encode()) % self.interval == 0
