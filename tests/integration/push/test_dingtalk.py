"""Messages by a robot: signed, bounded, inert; each failure named without token, secret or text."""

from __future__ import annotations

import json
import logging
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from cockpit.errors import CockpitError, TerminalError, TransientError
from cockpit.push.dingtalk import DingTalkChannel
from cockpit.push.markup import inert
from cockpit.push.message import ChannelRefusedError, Message, RateLimitedError, Recipient
from cockpit.push.timing import Timing
from tests.integration.push.conftest import dingtalk_rule
from tests.integration.push.dingtalk_robot import SECRET, TOKEN, Robot, drip, reset, silence

ZHAO = Recipient("zhao.min", name="赵敏")
LINK = "http://127.0.0.1:8090/tasks/f4110f43.NDEu.UHiG"


def channel(robot: Robot, url: str | None = None, timing: Timing | None = None, **rule: object) -> DingTalkChannel:
    return DingTalkChannel(dingtalk_rule(**rule), make_url(url or robot.url), "robot_zhao_min", timing)


def message(text: str = "客户 **华为** 的金额为负", title: str = "待确认", link: str | None = LINK) -> Message:
    return Message(ZHAO, title, text, link, "task/41")


def failure(robot: Robot, kind: type[CockpitError], **arguments: object) -> str:
    with pytest.raises(CockpitError) as caught:
        channel(robot, **arguments).send(message())  # type: ignore[arg-type]
    assert type(caught.value) is kind
    chain: list[BaseException | None] = [caught.value, caught.value.__cause__, caught.value.__context__]
    shown = " ".join(str(each) for each in chain)
    assert not any(secret in shown for secret in (SECRET, TOKEN, "sign=", "NDEu", "华为"))
    return str(caught.value)


def test_a_message_arrives_signed(robot: Robot) -> None:
    assert channel(robot).send(message()).answer == "errcode 0"
    (sent,) = [document for _time, document in robot.messages]
    assert sent == {
        "msgtype": "markdown",
        "markdown": {
            "title": "待确认",
            "text": f"### 待确认\n\n客户 **华为** 的金额为负\n\n[Open]({LINK})",
        },
    }


def test_the_link_is_called_in_the_reader_s_language(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "zh")
    channel(robot).send(message())
    assert robot.texts[0].endswith(f"[打开]({LINK})")


def test_without_a_secret_the_robot_knows_its_keyword(robot: Robot) -> None:
    robot.is_signed = False
    channel(robot, url=robot.url.replace(f":{SECRET}@", ""), keyword="驾驶舱").send(message(link=None))
    assert "sign" not in robot.requests[0]
    assert robot.texts[0].endswith("\n\n驾驶舱")


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        pytest.param((200, {"errcode": 310000, "errmsg": "keywords not in content"}), ChannelRefusedError, "keywords not in content", id="keyword"),
        pytest.param((200, {"errcode": 310000, "errmsg": f"token {TOKEN} {SECRET} bad"}), ChannelRefusedError, r"token \*\*\* \*\*\* bad", id="repeats the secret"),
        pytest.param((200, {"errcode": 400102, "errmsg": "robot is off"}), ChannelRefusedError, "400102", id="switched off"),
        pytest.param((200, {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}), RateLimitedError, "exceed 20", id="too fast"),
        pytest.param((200, {"errcode": 410100, "errmsg": "发送速度太快而限流"}), RateLimitedError, "限流", id="limited"),
        pytest.param((200, {"errcode": -1, "errmsg": "系统繁忙"}), TransientError, "系统繁忙", id="busy"),
        pytest.param((200, {"errcode": 430104, "errmsg": "inappropriate 13800138000"}), TerminalError, r"430104: inappropriate \*\*\*", id="text refused"),
        pytest.param((200, {"errcode": 999999, "errmsg": "new"}), TerminalError, "999999", id="unknown code"),
        pytest.param((200, {"errcode": "0"}), None, "", id="code as text"),
        pytest.param((200, {"errmsg": "ok"}), ChannelRefusedError, "not one of DingTalk", id="no code"),
        pytest.param((200, b"<html>sign in</html>"), ChannelRefusedError, "not one of DingTalk", id="a page"),
        pytest.param((200, b""), ChannelRefusedError, "not one of DingTalk", id="nothing"),
        pytest.param((200, b"[" * 60_000), ChannelRefusedError, "not one of DingTalk", id="nested"),
        pytest.param((200, b"x" * 500_000), ChannelRefusedError, "not one of DingTalk", id="endless"),
        pytest.param((500, b""), TransientError, "500", id="fault"),
        pytest.param((503, b""), TransientError, "503", id="away"),
        pytest.param((429, b""), RateLimitedError, "429", id="HTTP limit"),
        pytest.param((302, b""), ChannelRefusedError, "302", id="redirect"),
        pytest.param((404, b""), ChannelRefusedError, "404", id="no such page"),
        pytest.param(reset, TransientError, "broke off", id="reset"),
        pytest.param(silence, TransientError, "within 0.5 s", id="time-out"),
        pytest.param(drip, TransientError, "within 0.5 s", id="a byte at a time"),
    ],
)  # fmt: skip
def test_what_the_provider_answers(robot: Robot, answer, kind: type[CockpitError] | None, says: str) -> None:
    robot.answers = [answer]
    if kind is None:
        channel(robot).send(message())
    else:
        assert re.search(says, failure(robot, kind))
    assert len(robot.requests) == 1


def test_a_wrong_secret_is_refused(robot: Robot) -> None:
    says = failure(robot, ChannelRefusedError, url=robot.url.replace(SECRET, "SECother"))
    assert "sign not match" in says


def test_a_wrong_clock_is_refused(robot: Robot) -> None:
    says = failure(robot, ChannelRefusedError, timing=Timing(now=lambda: 1_700_000_000.0))
    assert "invalid timestamp" in says


def test_a_wrong_token_is_refused(robot: Robot) -> None:
    says = failure(robot, ChannelRefusedError, url=robot.url.replace(TOKEN, "other"))
    assert "300005" in says


def test_nobody_listens(robot: Robot) -> None:
    failure(robot, TransientError, url=f"http://:{SECRET}@127.0.0.1:1/robot/send?access_token={TOKEN}")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"http://:{SECRET}@oapi.dingtalk.com/robot/send?access_token={TOKEN}", id="in the clear"),
        pytest.param(f"https://:{SECRET}@oapi.dingtalk.com/robot/send", id="no token"),
        pytest.param("postgresql://user:password@host/database", id="a database"),
        pytest.param("https://", id="nothing"),
    ],
)
def test_a_wrong_connection_is_refused_before_anything_is_sent(robot: Robot, url: str) -> None:
    with pytest.raises(ChannelRefusedError) as caught:
        channel(robot, url=url)
    assert not any(secret in str(caught.value) for secret in (SECRET, f"={TOKEN}", "password"))


def test_a_500_and_then_an_answer(robot: Robot) -> None:
    robot.answers = [(500, b"")]
    made = channel(robot)
    with pytest.raises(TransientError):
        made.send(message())
    made.send(message())
    assert len(robot.messages) == 1


@pytest.mark.parametrize("size", [100, 19_000, 20_001, 1_000_000])
@pytest.mark.parametrize("letter", ["a", "客", '"', "\\", "👍🏽", "\n- 行"])
def test_no_message_is_longer_than_the_provider_takes(robot: Robot, letter: str, size: int) -> None:
    channel(robot).send(message(text=letter * (size // len(letter))))
    (_time, sent) = robot.messages[0]
    assert len(json.dumps(sent, ensure_ascii=False, separators=(",", ":")).encode()) <= 20_000
    # The link is never what is cut off.
    assert sent["markdown"]["text"].endswith(f"[Open]({LINK})")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(value=st.text(max_size=300), title=st.text(max_size=300))
def test_any_text_is_taken_and_holds_one_link(robot: Robot, value: str, title: str) -> None:
    robot.messages.clear()
    channel(robot).send(message(text=f"Customer {inert(value)} and {value}", title=f"x{title}"))
    assert robot.texts[0].count("](") == 1
    assert robot.texts[0].count("[") == 1


def test_the_log_holds_no_secret(robot: Robot, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel(robot).send(message())
    assert not any(secret in caplog.text for secret in (SECRET, TOKEN, "sign=", "NDEu", "华为"))
