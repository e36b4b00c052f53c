"""The rules about messages to people: the company's own fit, wrong ones are refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.push import load_push
from cockpit.rulebook.security import load_security
from cockpit.rulebook.workspace import REPOSITORY, find_workspace

RULES = REPOSITORY / "include/rules/push"
CHANNELS = (RULES / "channels.yml").read_text(encoding="utf-8")
TOPICS = (RULES / "topics.yml").read_text(encoding="utf-8")


def load(folder: Path, channels: str = CHANNELS, topics: str = TOPICS) -> None:
    (folder / "channels.yml").write_text(channels, encoding="utf-8")
    (folder / "topics.yml").write_text(topics, encoding="utf-8")
    load_push(folder, ["li.na"])


def test_every_owner_is_acted_for() -> None:
    rules = load_push(RULES, load_security(REPOSITORY / "include/rules/security").people)
    owners = {source.owner for source in find_workspace("huaxing").sources.values()}
    assert owners <= set(rules.teams)
    assert rules.people_of("data-stewards") == ("li.na",)
    assert rules.people_of("zhao.min") == ("zhao.min",)


@pytest.mark.parametrize(
    ("username", "connection"),
    [
        pytest.param("zhao.min", "dingtalk_zhao_min", id="with a dot"),
        pytest.param("wu1", "dingtalk_wu1", id="plain"),
        pytest.param("zhao_min", None, id="would be somebody else's"),
        pytest.param("zhao-min", None, id="dash"),
        pytest.param("a..b", None, id="two dots"),
        pytest.param("李娜", None, id="Chinese"),
        pytest.param("", None, id="nobody"),
        pytest.param("x\n", None, id="line end"),
    ],
)
def test_the_robot_of_a_person(username: str, connection: str | None) -> None:
    assert load_push(RULES).channels["dingtalk"].connection_of(username) == connection


@pytest.mark.parametrize(
    ("found", "written", "message"),
    [
        pytest.param("messages: 120", "messages: 0", r"channels.yml:\d+: channels.email.messages: .*>= 1", id="no message"),
        pytest.param("kind: email", "kind: fax", r"channels.yml:\d+.*dingtalk", id="unknown kind"),
        pytest.param("    readers: group\n", "    readers: person\n", r"channels.yml:\d+.*whole group", id="robot of all"),
        pytest.param("dingtalk_{person}", "dingtalk", r"channels.yml:\d+.*whole group", id="robot of one"),
        pytest.param("connection: smtp", "connection: smtp_{person}", r"channels.yml:\d+.*one connection", id="mail"),
        pytest.param("connection: smtp", "connection: https://x", r"channels.yml:\d+.*no name of a", id="no name"),
        pytest.param("connection: smtp", "token: abc", r"channels.yml:\d+.*not a known key", id="a secret"),
        pytest.param("cockpit@huaxing.example", '"a@b.example\\nBcc: x@y.example"', r"channels.yml:\d+", id="sender"),
    ],
)  # fmt: skip
def test_wrong_channels_are_refused(tmp_path: Path, found: str, written: str, message: str) -> None:
    assert found in CHANNELS
    with pytest.raises(RuleFileError, match=message):
        load(tmp_path, channels=CHANNELS.replace(found, written, 1))


@pytest.mark.parametrize(
    ("found", "written", "message"),
    [
        pytest.param("[email, dingtalk]", "[email, pigeon]", "quality_task has an unknown channel.*pigeon", id="channel"),
        pytest.param("finance: [li.na]", "finance: [zoe]", "team finance has an unknown member.*zoe", id="member"),
        pytest.param("[email, dingtalk]", "[]", r"topics.yml:\d+.*too few", id="no channel"),
    ],
)  # fmt: skip
def test_wrong_topics_are_refused(tmp_path: Path, found: str, written: str, message: str) -> None:
    assert found in TOPICS
    with pytest.raises(RuleFileError, match=message):
        load(tmp_path, topics=TOPICS.replace(found, written, 1))
