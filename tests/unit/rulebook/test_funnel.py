"""funnel.yml: stages are numbered in their order, and a stage that is named twice is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.funnel import load_funnel
from cockpit.rulebook.workspace import REPOSITORY

FILE = REPOSITORY / "include" / "rules" / "funnel.yml"


def test_stages_are_numbered_in_their_order() -> None:
    stages = json.loads(str(load_funnel(FILE).parameters()["funnel_stages"]))
    assert [(stage["stage"], stage["number"], stage["outcome"]) for stage in stages] == [
        ("contact", 1, "open"),
        ("requirement", 2, "open"),
        ("proposal", 3, "open"),
        ("negotiation", 4, "open"),
        ("won", 5, "won"),
        ("lost", None, "lost"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        pytest.param("won: {id: won", "won: {id: proposal", "funnel.yml:4: .*proposal", id="a stage twice"),
        pytest.param("lost: {id: lost", "lost: {id: Lost!", "funnel.yml:10", id="no identifier"),
        pytest.param("name_zh: 谈判", "zh: 谈判", "funnel.yml:8.*name_zh", id="no Chinese name"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, before: str, after: str, message: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert before in text
    (tmp_path / "funnel.yml").write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(RuleFileError, match=message):
        load_funnel(tmp_path / "funnel.yml")
