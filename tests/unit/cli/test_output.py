from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.cli.output import duration, folded, screen_columns, table, width

HEADER = ["Task", "table", "owner", "why"]
ROWS = [
    ["118", "crm.opportunity", "zhang.wei", "The amount is far above what this segment buys, look at the currency"],
    ["7", "erp.sales_order_line", "li.na", "数量与金额不一致，请核对单价后更正或确认此行无误并写明理由"],
]


@pytest.fixture(autouse=True)
def piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


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


def test_nothing_is_cut_or_broken_when_the_output_goes_elsewhere() -> None:
    assert screen_columns() is None
    assert table(HEADER, ROWS).splitlines() == [
        "Task  table                 owner      why",
        "118   crm.opportunity       zhang.wei  The amount is far above what this segment buys, look at the currency",
        "7     erp.sales_order_line  li.na      数量与金额不一致，请核对单价后更正或确认此行无误并写明理由",
    ]


def test_the_last_column_goes_on_in_further_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert table(HEADER, ROWS).splitlines() == [
        "Task  table                 owner      why",
        "118   crm.opportunity       zhang.wei  The amount is far above what this segment",
        "                                       buys, look at the currency",
        "7     erp.sales_order_line  li.na      数量与金额不一致，请核对单价后更正或确认",
        "                                       此行无误并写明理由",
    ]


def test_on_a_narrow_screen_other_columns_are_broken_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "56")
    assert table(HEADER, [*ROWS[:1], ["7", "erp.sales_order_line", "li.na", "-"]]).splitlines() == [
        "Task  table             owner      why",
        "118   crm.opportunity   zhang.wei  The amount is far",
        "                                   above what this",
        "                                   segment buys, look at",
        "                                   the currency",
        "7     erp.sales_order_  li.na      -",
        "      line",
    ]


def test_numbers_and_headings_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    rows = [["orders", "1,234,567,890", "1,234,567,890,123"]]
    assert table(["Layer", "tables", "rows"], rows, right=(1, 2)).splitlines() == [
        "Layer          tables               rows",
        "orders  1,234,567,890  1,234,567,890,123",
    ]


@given(
    st.lists(
        st.tuples(
            st.text("ab ，的宽一x.", max_size=90), st.text(st.characters(categories=["L", "Z", "P"]), max_size=60)
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(34, 120),
)
def test_a_table_fits_and_keeps_every_character(rows: list[tuple[str, str]], columns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        whole = table(["left", "right"], rows)
        patch.setenv("COLUMNS", str(columns))
        fitted = table(["left", "right"], rows)
    assert [line for line in fitted.split("\n") if width(line) > columns] == []
    assert sorted("".join(fitted.split())) == sorted("".join(whole.split()))


@pytest.mark.parametrize(("columns", "expected"), [(60, 60), (200, 200)])
def test_the_width_of_a_terminal_is_asked(columns: int, expected: int) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    code = "from cockpit.cli.output import screen_columns; print(screen_columns())"
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=theirs,
        stdin=theirs,
        check=True,
    )
    os.close(theirs)
    assert int(os.read(ours, 100)) == expected
    os.close(ours)
    assert done.returncode == 0


@pytest.mark.parametrize("text", ["", "0", "wide", "-5", "²"])
def test_a_width_that_is_none_is_not_believed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", text)
    assert screen_columns() is None
