"""How fast a channel is used, and how long a sender waits after failures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.push.timing import Pace, Timing, back_off
from cockpit.rulebook.push import Delivery, DingTalkRule

DELIVERY = Delivery(
    tries=8, first_wait_seconds=30, longest_wait_seconds=3600, give_up_after_hours=48, keep_texts_days=30
)


class Clock:
    """A clock that moves when somebody sleeps or works."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.timing = Timing(now=lambda: self.time, monotonic=lambda: self.time, sleep=self.pass_by, chance=lambda: 1.0)

    def pass_by(self, seconds: float) -> None:
        self.time += seconds


def rule(messages: int, per_seconds: float) -> DingTalkRule:
    return DingTalkRule(
        kind="dingtalk", connection="robot", readers="group", messages=messages, per_seconds=per_seconds,
        pause_seconds=600, timeout_seconds=10, max_bytes=20_000,
    )  # fmt: skip


def test_the_twenty_first_message_of_a_minute_waits() -> None:
    clock = Clock()
    pace = Pace(rule(20, 60), clock.timing)
    starts = []
    for _number in range(41):
        with pace:
            starts.append(clock.time - 1000)
    assert starts == [0.0] * 20 + [60.0] * 20 + [120.0]


@given(
    work=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30)), min_size=1, max_size=60),
    messages=st.integers(1, 5),
    per_seconds=st.floats(1, 60),
)
def test_no_period_has_more_messages_whenever_they_arrive(
    work: list[tuple[float, float]], messages: int, per_seconds: float
) -> None:
    clock = Clock()
    pace = Pace(rule(messages, per_seconds), clock.timing)
    spans = []
    for pause, duration in work:
        clock.pass_by(pause)
        with pace:
            start = clock.time
            clock.pass_by(duration)
            spans.append((start, clock.time))
    # A message arrives at any moment of its span.
    for (_start, end), (later, _end) in zip(spans, spans[messages:], strict=False):
        assert later - end >= per_seconds - 1e-6


def test_a_failed_message_counts_too() -> None:
    clock = Clock()
    pace = Pace(rule(1, 60), clock.timing)
    with pytest.raises(RuntimeError), pace:
        raise RuntimeError
    with pace:
        assert clock.time == 1060.0


@pytest.mark.parametrize(
    ("tries", "chance", "seconds"),
    [
        pytest.param(1, 1.0, 30, id="first"),
        pytest.param(1, 0.0, 15, id="with jitter"),
        pytest.param(4, 1.0, 240, id="doubled"),
        pytest.param(8, 1.0, 3600, id="longest"),
        pytest.param(10_000, 1.0, 3600, id="no overflow"),
    ],
)
def test_waiting_after_failures(tries: int, chance: float, seconds: float) -> None:
    assert back_off(tries, DELIVERY, Timing(chance=lambda: chance)) == seconds
