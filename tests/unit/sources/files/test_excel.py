"""Cells as texts, and sheets as rows."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from cockpit.errors import TerminalError
from cockpit.rulebook.sources import FileEntity
from cockpit.sources.files.content import open_content
from cockpit.sources.files.excel import cell_text, open_sheet
from cockpit.sources.files.lines import Record, Rejected
from cockpit.sources.loading import reasons
from tests.unit.sources.files.old_workbook import old_workbook


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(1234.0, "1234", id="whole"),
        pytest.param(-0.0, "0", id="zero"),
        pytest.param(0.1 + 0.2, "0.3", id="binary-noise"),
        pytest.param(1e-7, "0.0000001", id="small"),
        pytest.param(13800138000.0, "13800138000", id="phone"),
        pytest.param(1.234567890123457e17, "123456789012346000", id="beyond-fifteen-digits"),
        pytest.param(45321.5, "45321.5", id="serial-date-stays-a-number"),
        pytest.param(True, "true", id="true"),
        pytest.param(date(2026, 3, 5), "2026-03-05", id="date"),
        pytest.param(datetime.fromisoformat("2026-03-05"), "2026-03-05", id="midnight"),
        pytest.param(datetime.fromisoformat("2026-03-05T08:30"), "2026-03-05 08:30:00", id="time-of-day"),
        pytest.param(
            datetime.fromisoformat("2026-03-05T08:30:00.000003"), "2026-03-05 08:30:00", id="noise-of-a-second"
        ),
        pytest.param(time(8, 30), "08:30:00", id="time"),
        pytest.param(timedelta(hours=30, minutes=5), "30:05:00", id="duration"),
        pytest.param("", "", id="empty"),
        pytest.param("00123", "00123", id="text-stays"),
    ],
)
def test_cells_are_written_as_a_person_reads_them(value: object, text: str) -> None:
    assert cell_text(value) == text


def entity(**keys: Any) -> FileEntity:
    columns = {name: {"type": "text", "description": name * 3, "description_zh": name} for name in ("number", "name")}
    return FileEntity.model_validate({"path": "x", "key": "line", "format": "excel", "columns": columns, **keys})


def read(content: bytes, folder: Path, after_row: int = 0, **keys: Any) -> list[Record | Rejected]:
    path = folder / "book.xlsx"
    path.write_bytes(content)
    with open_content(path, path.name, declared := entity(**keys), "crm.card") as opened:
        opened.fingerprint()
        with open_sheet(opened, declared) as sheet:
            return list(sheet.records(after_row))


def book(*rows: list[object], title: str = "cards") -> Workbook:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return workbook


def saved(workbook: Workbook) -> bytes:
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def test_rows_below_the_header_with_their_numbers(tmp_path: Path) -> None:
    content = saved(book(["number", "name"], [1, "华星"], [], ["  ", None], [2.5, "北京"]))
    assert [(item.line_number, item[2]) for item in read(content, tmp_path)] == [
        (2, ["1", "华星"]),
        (5, ["2.5", "北京"]),
    ]
    assert [item.line_number for item in read(content, tmp_path, after_row=2)] == [5]


def test_a_title_above_the_table_and_an_empty_column_before_it(tmp_path: Path) -> None:
    workbook = book(["客户名单"], [], [None, "number", "name", None], [None, 1, "华星", None, "note"])
    items = read(saved(workbook), tmp_path, header_row=3)
    # Column A has neither name nor value; the note has no name of its own.
    assert [item[2] for item in items] == [["", "1", "华星", "", "note"]]


def test_the_sheet_is_chosen_by_name_or_number(tmp_path: Path) -> None:
    workbook = book(["nothing", "here"], title="readme")
    sheet = workbook.create_sheet("客户 & 联系人")
    sheet.append(["number", "name"])
    sheet.append([7, "x"])
    sheet["B3"].value, sheet["B3"].data_type = "#N/A", "e"
    for chosen in (2, "客户 & 联系人"):
        items = read(saved(workbook), tmp_path, sheet=chosen)
        assert [(item.line_number, type(item)) for item in items] == [(2, Record), (3, Rejected)]
    for missing in (3, 0, "nobody"):
        with pytest.raises(TerminalError, match=r"no such sheet.*allowed: 1 readme, 2 客户 & 联系人"):
            read(saved(workbook), tmp_path, sheet=missing)


def test_rows_with_error_values_are_rejected(tmp_path: Path) -> None:
    workbook = book(["number", "name"], [1, "good"], [2, None], [3, "good"])
    sheet = workbook.active
    assert sheet is not None
    sheet["B3"].value, sheet["B3"].data_type = "#DIV/0!", "e"
    items = read(saved(workbook), tmp_path)
    assert [item[2] for item in items if isinstance(item, Record)] == [["1", "good"], ["3", "good"]]
    assert [item for item in items if isinstance(item, Rejected)] == [Rejected(3, 3, reasons.ERROR_CELL, "2\t#DIV/0!")]


def test_merged_cells_give_their_value_once(tmp_path: Path) -> None:
    workbook = book(["number", "name"], [1, "a"], [2, "b"])
    sheet = workbook.active
    assert sheet is not None
    sheet.merge_cells("A2:A3")
    assert [item[2] for item in read(saved(workbook), tmp_path)] == [["1", "a"], ["", "b"]]


def test_compressed_workbooks(tmp_path: Path) -> None:
    content = saved(book(["number", "name"], [1, "a"]))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("cards.xlsx", content)
    for compressed in (gzip.compress(content), archive.getvalue()):
        assert [item[2] for item in read(compressed, tmp_path)] == [["1", "a"]]


def test_the_older_format_is_read_too(tmp_path: Path) -> None:
    content = old_workbook("cards", [["number", "name"], [1.0, "华星"], [2.5, ""], ["003", "x"]])
    assert [item[2] for item in read(content, tmp_path)] == [["1", "华星"], ["2.5", ""], ["003", "x"]]


def stray_cell() -> bytes:
    workbook = book(["number", "name"], [1, "a"])
    sheet = workbook.active
    assert sheet is not None
    sheet["XFD1048576"] = "x"
    return saved(workbook)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "cannot be read: it is damaged", id="empty"),
        pytest.param(b"number,name\n1,a\n", "cannot be read: it is damaged", id="csv"),
        pytest.param(cut(saved(book(["number", "name"]))), "cannot be read", id="cut"),
        pytest.param(saved(book()), "row 1 of the sheet names no columns", id="empty-sheet"),
        pytest.param(saved(book(["number", "number", "name"])), "names a column twice", id="column-twice"),
        pytest.param(saved(book(["a", "b"], [1, 2])), "the column number, name is missing", id="other-table"),
        pytest.param(stray_cell(), "reaches to row 1048576 and column 16384", id="stray-cell"),
    ],
)
def test_workbooks_that_cannot_be_read(tmp_path: Path, content: bytes, complaint: str) -> None:
    with pytest.raises(TerminalError, match=complaint):
        read(content, tmp_path)


GOOD = saved(book(["number", "name"], [1, "华星"], [2, "x"]))
OLD = old_workbook("cards", [["number", "name"], [1.0, "华星"], [2.0, "x"]])


@settings(max_examples=150)
@given(
    st.sampled_from([GOOD, OLD]),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=8),
    st.booleans(),
)
def test_a_damaged_workbook_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, changes: list[tuple[int, int]], is_cut: bool
) -> None:
    damaged = bytearray(content)
    for place, byte in changes:
        damaged[place % len(damaged)] = byte
    if is_cut:
        damaged = damaged[: changes[0][0] % len(damaged)]
    try:
        items = read(bytes(damaged), tmp_path_factory.mktemp("damaged"))
    except TerminalError:
        return
    assert all(len(item.fields) >= 1 for item in items if isinstance(item, Record))
