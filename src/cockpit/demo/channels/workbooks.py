"""Excel workbooks as people make them, with equal bytes for equal content."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeAlias

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

Cell: TypeAlias = str | int | float | date | None

# A workbook and its parts carry the time of saving; the demo's are all the same.
_PROPERTIES = "docProps/core.xml"
_TIME = re.compile(rb"(?<=>)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?=<)")
_STAMP = b"2020-01-01T00:00:00Z"
_ZIP_STAMP = (2020, 1, 1, 0, 0, 0)


def write_workbook(
    path: Path, sheet: str, titles: Sequence[str], header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> None:
    """Write one sheet: title rows that span all columns, the header, the rows, streamed.

    Args:
        titles: Texts above the header, one merged row each.
    """
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for number, title in enumerate(titles, start=1):
        cell = WriteOnlyCell(page, value=title)
        cell.font = Font(bold=True, size=14)
        page.append([cell])
        page.merged_cells.ranges.add(f"A{number}:{chr(ord('A') + len(header) - 1)}{number}")
    page.append(list(header))
    for row in rows:
        page.append(list(row))
    content = io.BytesIO()
    book.save(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(without_times(content.getvalue()))


def without_times(content: bytes) -> bytes:
    """The same workbook as if it and its parts had been saved at one fixed time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = source.read(name)
            if name == _PROPERTIES:
                part = _TIME.sub(_STAMP, part)
            target.writestr(zipfile.ZipInfo(name, _ZIP_STAMP), part, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
