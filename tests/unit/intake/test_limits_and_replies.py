from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.intake.auth import Replays, sign
from cockpit.intake.limits import _SENDERS, ByteBudget, RateLimit
from cockpit.intake.replies import RefusalError, language_of, mask


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_rate_is_saved_up_for_a_minute_and_no_longer() -> None:
    clock = Clock()
    limit = RateLimit(2, clock)
    assert [limit.take("a") for _each in range(3)] == [0, 0, 30]
    assert limit.take("b") == 0
    clock.seconds += 30
    assert [limit.take("a") for _each in range(2)] == [0, 30]
    clock.seconds += 3_600
    assert [limit.take("a") for _each in range(3)] == [0, 0, 30]


@given(st.lists(st.floats(min_value=0, max_value=30), min_size=1, max_size=200), st.integers(1, 100))
def test_never_more_than_twice_the_rate_in_a_minute(pauses: list[float], per_minute: int) -> None:
    clock = Clock()
    limit = RateLimit(per_minute, clock)
    taken = []
    for pause in pauses:
        clock.seconds += pause
        if limit.take() == 0:
            taken.append(clock.seconds)
    assert all(sum(start <= each <= start + 60 for each in taken) <= 2 * per_minute for start in taken)


def test_senders_are_forgotten_in_order() -> None:
    limit = RateLimit(1)
    limit.take("first")
    for number in range(_SENDERS):
        limit.take(str(number))
    assert limit.take("first") == 0
    assert limit.take(str(_SENDERS - 1)) > 0


def test_bytes_are_reserved_and_given_back() -> None:
    budget = ByteBudget(10)
    assert [budget.take(6), budget.take(6)] == [True, False]
    budget.give_back(6)
    assert budget.take(10)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.3, zh-TW;q=0.4", "zh"),
        ("fr, de;q=0.5", "en"),
        ("fr, zh;q=0", "en"),
        ("*, zh;q=x", "en"),
        (";;;,=,", "en"),
    ],
)
def test_language_of_a_browser(header: str, language: str) -> None:
    assert language_of(header) == language


@pytest.mark.parametrize(
    ("value", "masked"),
    [("13912345678", "1*********8"), ("王小明", "***"), ("", ""), (12.5, "****"), ("x" * 500, "x**********x")],
)
def test_mask(value: object, masked: str) -> None:
    assert mask(value) == masked


def test_a_signature_as_other_languages_compute_it() -> None:
    # printf '%s' '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
    expected = "49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
    assert sign(b"secret", "1700000000", b'{"a":1}') == expected


def test_replays_are_forgotten_when_their_time_is_over() -> None:
    clock = Clock()
    replays = Replays(clock)
    replays.check("s", None, "en")
    clock.seconds += 599
    with pytest.raises(RefusalError):
        replays.check("s", None, "en")
    clock.seconds += 2
    replays.check("s", None, "en")


def test_a_forgotten_signature_may_come_again() -> None:
    replays = Replays(Clock())
    replays.check("s", "k", "en")
    replays.check("s", "k", "en")
    with pytest.raises(RefusalError):
        replays.check("s", "other", "en")
    replays.forget("s")
    replays.check("s", None, "en")
