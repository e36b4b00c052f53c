"""Channels and attribution models: the company's own are right, and what is wrong is said with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.attribution import load_attribution
from cockpit.rulebook.workspace import REPOSITORY
from cockpit.rulebook.yaml_lines import read_yaml

RULES = REPOSITORY / "include" / "rules"
FOLDER = RULES / "attribution"


def changed(tmp_path: Path, file: str, before: str, after: str) -> Path:
    for name in ("channels.yml", "models.yml"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        if name == file:
            assert before in text
            text = text.replace(before, after, 1)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_source_of_leads_has_a_channel() -> None:
    """A code that standardising gives and no channel names would end as unknown without anybody noticing."""
    content, _lines = read_yaml(RULES / "normalisation" / "lead_source.yml")
    named = {word for channel in load_attribution(FOLDER).channels.channels for word in channel.lead_sources}
    assert set(content["codes"]) <= named


def test_sql_gets_what_the_rules_say() -> None:
    rules = load_attribution(FOLDER)
    values = rules.parameters()
    meanings = json.loads(str(values["channel_meanings"]))
    assert {"kind": "utm", "value": "wechat", "medium": "cpc", "channel_code": "tencent"} in meanings
    assert {"kind": "interaction", "value": "chat", "medium": None, "channel_code": "wecom"} in meanings
    assert [channel["code"] for channel in json.loads(str(values["channels"]))] == [
        channel.code for channel in rules.channels.channels
    ]
    assert values["no_touch_channel"] == "none"
    assert values["attribution_window_days"] == 90


@pytest.mark.parametrize(
    ("file", "before", "after", "line", "message"),
    [
        pytest.param("channels.yml", "code: search_360", "code: baidu", 8, "another channel has this code", id="code"),
        pytest.param("channels.yml", 'ads: ["360"]', "ads: [baidu]", 8, "already means the channel baidu", id="bill"),
        pytest.param(
            "channels.yml", "[trade_fair]", "[trade_fair, website]", 92, "already means the channel website", id="lead"
        ),
        pytest.param(
            "channels.yml", "referrer: other_site", "referrer: others", 0, "there is no such channel", id="to"
        ),
        pytest.param("channels.yml", "Baidu, utm_medium", "Baidoo, utm_medium", 0, "give unknown", id="example"),
        pytest.param("channels.yml", "kind: search\n", "kind: seek\n", 9, "not known", id="kind"),
        pytest.param("channels.yml", "{source: so}", "{source: SO}", 0, "right form", id="upper_case"),
        pytest.param(
            "channels.yml", "kind: call, topics", "kind: chat, topics", 0, "whatever they are about", id="any_topic"
        ),
        pytest.param("models.yml", "default: position", "default: u_shape", 8, "there is no such model", id="default"),
        pytest.param("models.yml", "first: 0.4", "first: 0.7", 15, "above 1", id="shares"),
        pytest.param("models.yml", "half_life_days: 7", "half_life_days: 0", 14, "> 0", id="half_life"),
        pytest.param("models.yml", "id: linear", "id: markov", 16, "another model has this id", id="id"),
        pytest.param("models.yml", "kind: linear", "kind: logistic", 13, "not known", id="model"),
        pytest.param("models.yml", "window_days: 90", "window_days: 0", 6, ">= 1", id="window"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, file: str, before: str, after: str, line: int, message: str
) -> None:
    with pytest.raises(RuleFileError) as caught:
        load_attribution(changed(tmp_path, file, before, after))
    text = str(caught.value)
    assert message in text
    wanted = line or (tmp_path / file).read_text(encoding="utf-8").split(after)[0].count("\n") + 1
    assert f"{file}:{wanted}" in text
