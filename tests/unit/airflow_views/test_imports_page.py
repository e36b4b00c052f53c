"""Whether a source is late, and how figures and received lines look on the page of the imports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit_airflow.views import shown
from cockpit_airflow.views.punctuality import judge

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHTLY = "0 2 * * *"
# 10:00 in Shanghai; the last tick was at 18:00 UTC the day before.
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
TICK = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "loaded_at", "verdict"),
    [
        pytest.param(NIGHTLY, TICK + timedelta(minutes=3), "on_time", id="after the tick"),
        pytest.param(NIGHTLY, TICK, "on_time", id="on the tick"),
        pytest.param(NIGHTLY, TICK - timedelta(seconds=1), "late", id="one tick missed"),
        pytest.param(NIGHTLY, TICK - timedelta(days=1), "late", id="on the tick before"),
        pytest.param(NIGHTLY, TICK - timedelta(days=1, seconds=1), "overdue", id="two ticks missed"),
        pytest.param(NIGHTLY, None, "never", id="never, with a schedule"),
        pytest.param(None, None, "never", id="never, without one"),
        pytest.param(None, TICK - timedelta(days=400), "unscheduled", id="no schedule"),
        pytest.param("15 * * * *", NOW - timedelta(minutes=44), "on_time", id="hourly"),
        pytest.param("0 9 * * 1", TICK, "on_time", id="weekly"),
    ],
)
def test_a_source_is_late_when_its_schedule_has_passed(
    cron: str | None, loaded_at: datetime | None, verdict: str
) -> None:
    assert judge(cron, SHANGHAI, loaded_at, NOW).verdict == verdict


def test_ticks_are_in_business_time() -> None:
    assert judge(NIGHTLY, SHANGHAI, TICK, NOW).due_at == TICK


@pytest.mark.parametrize(
    ("received", "on_the_page"),
    [
        ("张三丰,13800138000,wang@example.com", "张*丰,13*******00,w**g@e*****e.c*m"),
        ("张三13800138000abcdef", "**13*******00a****f"),
        ("91310000600037341N 2026-03-05", "9131*********7341* 2**6-**-**"),
        ("a;b;c", "*;*;*"),
        ("", ""),
    ],
)
def test_a_received_line_is_masked_word_by_word(received: str, on_the_page: str) -> None:
    assert shown.masked(received) == on_the_page


@given(st.text())
def test_masking_keeps_the_length_and_every_separator(text: str) -> None:
    masked = shown.masked(text)
    assert len(masked) == len(text)
    assert all(after in (before, "*") for before, after in zip(text, masked, strict=True))


@given(st.from_regex(r"[0-9]{6,30}", fullmatch=True))
def test_at_least_half_of_a_number_is_hidden(number: str) -> None:
    assert shown.masked(number).count("*") >= len(number) / 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (99_999, "100 kB"),
     (999_600, "1.0 MB"), (1_234_567, "1.2 MB"), (5 * 10**15, "5000 TB")],
)  # fmt: skip
def test_sizes_have_up_to_three_digits(value: int | None, text: str) -> None:
    assert shown.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(seconds=-5), "0 min ago"),
        (timedelta(seconds=59), "0 min ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(minutes=61), "1 h 1 min ago"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 4 h ago"),
    ],
)
def test_ages_have_two_units(value: timedelta, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    assert shown.age(value) == text


def test_times_are_in_business_time() -> None:
    assert shown.moment(TICK, SHANGHAI) == "2026-03-05 02:00:00"
    assert shown.moment(None, SHANGHAI) == "–"


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (Decimal("0.0123"), "0.012 s"), (Decimal("61.25"), "61.2 s")])
def test_seconds(value: Decimal | None, text: str) -> None:
    assert shown.seconds(value) == text
