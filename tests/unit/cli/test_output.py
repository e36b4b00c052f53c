from __future__ import annotations

import pytest

from cockpit.cli.output import duration, folded, table, width


def test_chinese_takes_two_columns() -> None:
    assert width("PG 数据库") == 9


def test_columns_align_in_both_languages() -> None:
    text = table(["服务", "内存"], [["postgres", "81 MB"], ["驾驶舱", "458 MB"]], right=(1,))

    assert text.splitlines() == ["服务        内存", "postgres   81 MB", "驾驶舱    458 MB"]
    assert {width(line) for line in text.splitlines()} == {16}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.9, "59s"), (192, "3m12s"), (18_120, "5h02m"), (273_600, "3d04h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("the API refuses the credentials", ["  the API", "  refuses the", "  credentials"], id="words"),
        pytest.param("请修正连接，或将文件放好", ["  请修正连接，", "  或将文件放好"], id="chinese"),
        pytest.param("see /a/rather/long/path now", ["  see", "  /a/rather/long/path", "  now"], id="a long word"),
    ],
)
def test_folded_lines_fit_the_terminal(text: str, lines: list[str]) -> None:
    assert folded(text, indent=2, columns=14).split("\n") == lines
