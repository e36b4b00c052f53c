"""Signed links to tasks: what they are good for, when they end, and that nobody else can make one."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.task_link import TaskLink, TaskLinkError, key_id, make_token, read_token, require_version

OLD = b"0123456789abcdef0123456789abcdef"
NEW = b"fedcba9876543210fedcba9876543210"
LINK = TaskLink(task_id=41, person="zhao.min", version=1, expires_at=1_700_000_000)
NOW = 1_699_999_999

PEOPLE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
LINKS = st.builds(
    TaskLink,
    task_id=st.integers(1, 2**63 - 1),
    person=PEOPLE,
    version=st.integers(0, 2**31 - 1),
    expires_at=st.integers(1, 99_999_999_999),
)


def reason(token: str, secrets: list[bytes] | None = None, now: float = NOW) -> str:
    with pytest.raises(TaskLinkError) as caught:
        read_token(token, secrets or [OLD], now)
    return caught.value.reason


def base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_a_token_is_the_same_for_all_time() -> None:
    # Links that are under way must survive a new version of the platform.
    assert make_token(LINK, [OLD]) == (
        "f4110f43.NDEuMS4xNzAwMDAwMDAwLnpoYW8ubWlu.UHiGbXT96n8uFmtT1pwW5S2ybPnqfkZSUOB5bNEcvUI"
    )


@given(link=LINKS)
def test_what_was_signed_is_read(link: TaskLink) -> None:
    assert read_token(make_token(link, [NEW, OLD]), [OLD, NEW], link.expires_at - 1) == link


@given(link=LINKS)
def test_a_token_stands_in_an_address_and_does_not_end_in_a_sign(link: TaskLink) -> None:
    token = make_token(link, [OLD])
    assert re.fullmatch(r"[A-Za-z0-9_.-]+[A-Za-z0-9]", token)
    assert len(token) < 1300


def test_the_longest_person_fits() -> None:
    link = TaskLink(2**63 - 1, "𠮷" * 200, 2**31 - 1, 99_999_999_999)
    assert read_token(make_token(link, [OLD]), [OLD], NOW) == link


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        pytest.param(0, True, id="long before"),
        pytest.param(1_699_999_999.999, True, id="a moment before"),
        pytest.param(1_700_000_000, False, id="at that moment"),
        pytest.param(1_800_000_000, False, id="long after"),
    ],
)
def test_a_link_expires(now: float, is_open: bool) -> None:
    token = make_token(LINK, [OLD])
    if is_open:
        assert read_token(token, [OLD], now) == LINK
    else:
        assert reason(token, now=now) == "expired"


def test_a_replaced_secret_stays_valid_as_long_as_it_is_listed() -> None:
    token = make_token(LINK, [OLD])
    assert read_token(token, [NEW, OLD], NOW) == LINK
    assert reason(token, [NEW]) == "forged"
    assert make_token(LINK, [NEW, OLD]).startswith(key_id(NEW))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("42.1.1700000000.zhao.min", id="another task"),
        pytest.param("41.1.1700000000.sun.hao", id="another person"),
        pytest.param("41.2.1700000000.zhao.min", id="another version"),
        pytest.param("41.1.1800000000.zhao.min", id="another expiry"),
        pytest.param("no payload at all", id="anything"),
    ],
)
def test_a_changed_payload_is_forged(text: str) -> None:
    key, _payload, signature = make_token(LINK, [OLD]).split(".")
    assert reason(f"{key}.{base64url(text)}.{signature}") == "forged"


def test_the_key_id_of_another_secret_is_forged() -> None:
    _key, payload, signature = make_token(LINK, [OLD]).split(".")
    assert reason(f"{key_id(NEW)}.{payload}.{signature}", [OLD, NEW]) == "forged"


def test_an_expired_forgery_is_forged() -> None:
    other = make_token(LINK, [NEW])
    assert reason(other, [OLD], now=LINK.expires_at + 1) == "forged"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("abc", id="a word"),
        pytest.param("../../../etc/passwd", id="path"),
        pytest.param("0" * 1_000_000, id="a megabyte"),
        pytest.param("a.b.c", id="three parts"),
        pytest.param("f4110f43.NDEuMS4xNzAwMDAwMDAwLnpoYW8ubWlu", id="cut off"),
        pytest.param("\x00", id="NUL"),
        pytest.param("任务.链接.签名", id="Chinese"),
        pytest.param("\ud800", id="lone surrogate"),
    ],
)
def test_what_is_no_token_is_malformed(token: str) -> None:
    assert reason(token) == "malformed"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda token: token[:-1], id="last character lost"),
        pytest.param(lambda token: token + "\n", id="line end"),
        pytest.param(lambda token: token + ".", id="full stop of the sentence"),
        pytest.param(lambda token: token.replace(".", "．"), id="full width"),
        pytest.param(lambda token: token[:-1] + chr(ord(token[-1]) + 1), id="other spelling of the same signature"),
        pytest.param(lambda token: token.upper(), id="upper case"),
    ],
)
def test_a_damaged_token_opens_nothing(change) -> None:
    assert reason(change(make_token(LINK, [OLD]))) in ("malformed", "forged")


@given(token=st.text(max_size=200))
def test_no_text_is_taken_for_a_token(token: str) -> None:
    assert reason(token) in ("malformed", "forged")


@given(link=LINKS, position=st.integers(0, 10_000), replacement=st.sampled_from("AZaz09-_."))
def test_no_changed_character_passes(link: TaskLink, position: int, replacement: str) -> None:
    token = make_token(link, [OLD])
    place = position % len(token)
    changed = token[:place] + replacement + token[place + 1 :]
    if changed != token:
        assert reason(changed, now=0) in ("malformed", "forged")


def test_an_answered_task_takes_no_older_link() -> None:
    require_version(LINK, 1)
    for version in (0, 2):
        with pytest.raises(TaskLinkError) as caught:
            require_version(LINK, version)
        assert caught.value.reason == "superseded"


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(TaskLink(0, "zhao.min", 1, 1), id="no task"),
        pytest.param(TaskLink(-1, "zhao.min", 1, 1), id="negative task"),
        pytest.param(TaskLink(1, "", 1, 1), id="nobody"),
        pytest.param(TaskLink(1, "x" * 201, 1, 1), id="long person"),
        pytest.param(TaskLink(1, "\ud800", 1, 1), id="person is no text"),
        pytest.param(TaskLink(1, "zhao.min", -1, 1), id="negative version"),
        pytest.param(TaskLink(1, "zhao.min", 1, -5), id="negative expiry"),
    ],
)
def test_nonsense_is_not_signed(link: TaskLink) -> None:
    with pytest.raises(ValueError, match=r"."):
        make_token(link, [OLD])


@pytest.mark.parametrize("secrets", [[], [b""], [b"short"], [OLD, b"short"]], ids=["none", "empty", "short", "second"])
def test_a_weak_secret_is_refused(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make_token(LINK, secrets)
    with pytest.raises(ValueError, match="32 bytes"):
        read_token(make_token(LINK, [OLD]), secrets, NOW)


def test_messages_hold_neither_token_nor_person() -> None:
    token = make_token(LINK, [OLD])
    with pytest.raises(TaskLinkError) as caught:
        read_token(token, [NEW], NOW)
    assert token not in str(caught.value)
    assert "zhao" not in str(caught.value)
