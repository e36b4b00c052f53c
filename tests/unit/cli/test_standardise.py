"""`cockpit standardise`: one JSON object per text, without database and platform."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli.main import main
from cockpit.cli.output import width
from cockpit.cli.standardise import DECLARED
from cockpit.domain.normalise.kinds import KINDS
from cockpit.stack.settings import REPOSITORY

RULES = REPOSITORY / "include/rules/normalisation"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    monkeypatch.setenv("COLUMNS", "80")


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def values(capsys: pytest.CaptureFixture[str], *words: str) -> list[Any]:
    assert main(["standardise", *words]) == 0
    return [each["value"] for each in objects(capsys)]


def from_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_one_object_per_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["standardise", "lead-source", "抖音", "抖音/官网"]) == 0
    clear, unclear = capsys.readouterr().out.splitlines()
    assert clear == (
        '{"input": "抖音", "value": "douyin", "label_en": "Douyin", "label_zh": "抖音", "group": "social",'
        ' "confidence": 1.0, "outcome": "ok", "reason": ""}'
    )
    assert unclear == (
        '{"input": "抖音/官网", "value": null, "candidates": ["douyin", "website"],'
        ' "confidence": 0.0, "outcome": "review", "reason": "several"}'
    )


def test_amounts_are_numbers_with_all_their_digits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["standardise", "amount", "壹拾贰万叁仟肆佰伍拾陆元柒角捌分", "3亿5千万", "USD 3.5k"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ['"value": 123456.78, "unit": "CNY"' in lines[0], '"value": 350000000,' in lines[1]] == [True, True]
    assert json.loads(lines[2])["unit"] == "USD"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["-1000"], [-1000], id="negative"),
        pytest.param(["-1,000"], [-1000], id="negative with separator"),
        pytest.param(["-5万", "12"], [-50000, 12], id="negative in Chinese"),
        pytest.param(["--", "-1000", "5"], [-1000, 5], id="after two dashes"),
        pytest.param(["--", "--rules"], [None], id="like an option, after two dashes"),
        pytest.param(["1.234,56 €", "--decimal", "comma"], [1234.56], id="option behind"),
        pytest.param(["--decimal", "comma", "1.234,56 €"], [1234.56], id="option before"),
        pytest.param(["--decimal=comma", "1.234,56 €", "2,5"], [1234.56, 2.5], id="option with equals"),
        pytest.param(["--declare", "decimal=comma", "1.234,56"], [1234.56], id="declared by name"),
        pytest.param([""], [None], id="empty"),
    ],
)
def test_texts_and_options(words: list[str], expected: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert values(capsys, "amount", *words) == expected


@pytest.mark.parametrize("words", [["-"], []], ids=["dash", "nothing"])
def test_lines_of_the_standard_input(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from_stdin(monkeypatch, "\ufeff抖音\r\n\n百\x00度\n官网\u2028\x0b\n".encode() + b"\xff\xfe\n-1\nlast")
    assert main(["standardise", "lead-source", *words]) == 0
    found = objects(capsys)
    assert [each["input"] for each in found] == ["抖音", "", "百\x00度", "官网\u2028\x0b", "\ufffd\ufffd", "-1", "last"]
    assert [each["value"] for each in found] == ["douyin", None, "baidu", "website", None, None, None]


def test_no_line_no_object(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from_stdin(monkeypatch, b"")
    assert values(capsys, "industry", "-") == []


def test_a_line_of_a_megabyte(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from_stdin(monkeypatch, ("抖" * 400_000 + "\n抖音\n").encode())
    assert main(["standardise", "lead-source", "-"]) == 0
    assert [(each["value"], each["reason"]) for each in objects(capsys)] == [(None, "too_long"), ("douyin", "")]


def test_half_a_character_is_written_as_something_that_json_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["standardise", "lead-source", "抖音\udcff"]) == 0
    assert objects(capsys)[0]["input"] == "抖音\ufffd"


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("騰訊科技（深圳）有限公司", "腾讯科技(深圳)有限公司", "same"),
        ("华为技术有限公司", "华为技术有限公司上海分公司", "different"),
        ("华为技术有限公司", "华为", "review"),
    ],
)
def test_two_companies_are_compared(a: str, b: str, verdict: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["standardise", "company", "same", a, b]) == 0
    (found,) = objects(capsys)
    assert (found["a"], found["b"], found["verdict"]) == (a, b, verdict)
    assert found["reason"]
    assert 0 <= found["score"] <= 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["company", "same", "A"], "cockpit: 'company same' compares two names (found 1)", id="one name"),
        pytest.param(["amount", "--declare", "x", "5"], "cockpit: --declare: is not of the form NAME=VALUE (found 'x')", id="no value"),
        pytest.param(["amount", "--declare", "colour=red", "5"], "cockpit: declared: colour: is not a known key (found 'red'; allowed: currency, decimal)", id="unknown promise"),
    ],
)  # fmt: skip
def test_wrong_words_are_usage_errors(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["standardise", *words]) == 2
    assert capsys.readouterr().err.strip() == message


def test_an_unknown_kind_lists_the_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["standardise", "colour", "red"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert [kind for kind in KINDS if kind not in error] == []


def test_an_edited_copy_of_the_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(RULES, tmp_path / "rules")
    file = tmp_path / "rules" / "lead_source.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("    zh: 抖音\n", "    zh: 抖音\n    endings: [小分队]\n", 1), encoding="utf-8")
    words = ["lead-source", "--rules", str(tmp_path / "rules"), "某某小分队"]
    assert values(capsys, *words) == ["douyin"]
    assert values(capsys, "lead-source", "某某小分队") == [None]

    file.write_text(text.replace("out: wecom", "out: douyin", 1), encoding="utf-8")
    assert main(["standardise", *words]) == 3
    assert 'examples: "企业微信" gives value "wecom", the file says value "douyin"' in capsys.readouterr().err
    # Other kinds of the same folder go on.
    assert values(capsys, "industry", "--rules", str(tmp_path / "rules"), "电力") == ["power"]


def test_the_options_are_what_the_kinds_know() -> None:
    assert {kind: set(options) for kind, options in DECLARED.items()} == {
        name: set(kind.parts.declared.model_fields) for name, kind in KINDS.items() if kind.parts.declared.model_fields
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_help_of_a_kind_fits_80_columns(
    kind: str, lang: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCKPIT_LANG", lang)
    with pytest.raises(SystemExit) as stopped:
        main(["standardise", kind, "--help"])
    assert stopped.value.code == 0
    limit = 80 if lang == "en" else 160
    assert [line for line in capsys.readouterr().out.splitlines() if width(line) > limit] == []


def test_a_line_is_answered_before_the_next_one_comes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cockpit.cli", "standardise", "lead-source", "-"]
    # A home and a language of nobody: nothing of the platform is needed.
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY / "src"), "COCKPIT_HOME": str(tmp_path / "none"), "LC_ALL": "C",
    }  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text, code in (("抖音", "douyin"), ("百度", "baidu")):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["value"] == code
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0
    assert not (tmp_path / "none").exists()
