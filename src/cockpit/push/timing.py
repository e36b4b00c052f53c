"""The clock and the patience of a sender, and how fast a channel is used."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from cockpit.rulebook.push import ChannelRule, Delivery


@dataclass(frozen=True)
class Timing:
    """The clock and the patience of a sender.

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


def back_off(tries: int, delivery: Delivery, timing: Timing) -> float:
    """Seconds to wait after so many failed tries: doubling, with jitter.

    Args:
        tries: From 1.
    """
    doubled: float = min(delivery.first_wait_seconds * 2.0 ** min(tries - 1, 60), delivery.longest_wait_seconds)
    # Messages that failed together must not return together.
    return doubled * (0.5 + timing.chance() / 2)


class Pace:
    """Keeps one process below a channel's limit; the outbox does so among all processes.

    A message counts from its start until a full period after the provider has answered: in between it arrived there.
    """

    def __init__(self, rule: ChannelRule, timing: Timing) -> None:
        self._rule = rule
        self._timing = timing
        self._ended: deque[float] = deque(maxlen=rule.messages)
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()
        if len(self._ended) == self._rule.messages:
            wait = self._ended[0] + self._rule.per_seconds - self._timing.monotonic()
            if wait > 0:
                self._timing.sleep(wait)

    def __exit__(self, *_error: object) -> None:
        self._ended.append(self._timing.monotonic())
        self._lock.release()
