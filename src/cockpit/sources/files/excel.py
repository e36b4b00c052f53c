"""Sheets of Excel workbooks as rows of texts, as a person reads them: 1234 rather than 1234.0, dates in ISO form.

Cells give their values, formulas the last computed one. A number in a date column stays the number that it is; the
column's format `excel_serial` makes a date of it in staging. Error values are found in xlsx only: the reader of the
older xls gives an empty cell instead.
"""

from __future__ import annotations

import html
import io
import math
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, TYPE_CHECKING

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources.file import FileEntity
from cockpit.sources.files.columns import named_header, require_columns
from cockpit.sources.files.content import Content
from cockpit.sources.files.lines import Record, Rejected
from cockpit.sources.loading.reasons import ERROR_CELL, NUL_CHARACTER

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

# The reader holds a sheet as one rectangle, empty cells included; one stray cell at the bottom right would fill the
# memory of any machine. A million rows of 20 columns fit.
MAX_CELLS = 20_000_000
_MAX_BYTES = 256 << 20
_CHUNK = 1 << 20

# What Excel itself shows; the rest is noise of binary fractions.
_DIGITS = 15

_ZIP = b"PK\x03\x04"
_SHEET = re.compile(r"<(?:\w+:)?sheet\b([^>]*)>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w:]+)\s*=\s*(?:"([^"]*)"|\'([^\']*)\')')
_COLUMN = re.compile(rb'\br="([A-Z]{1,3})\d+"')
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*\br="(\d{1,9})"')
_ROW_END = re.compile(rb"</(?:\w+:)?row>")
_ERROR = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3})(\d{1,9})"[^>]*[^/>]>(.*?)</(?:\w+:)?c>', re.DOTALL
)
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*>([^<]*)<")


@dataclass(frozen=True)
class Sheet:
    """One sheet, read into memory; made by `open_sheet`.

    Attributes:
        header: Names of its columns.
        errors: Row number -> column number -> error value, both from 1.
    """

    header: tuple[str, ...]
    first_data_row: int
    rows: CalamineSheet
    errors: dict[int, dict[int, str]]

    def records(self, after_row: int) -> Iterator[Record | Rejected]:
        """Rows after a number, as Excel counts them; empty ones are skipped."""
        width = len(self.header)
        for number, cells in _numbered(self.rows):
            if number < self.first_data_row or number <= after_row:
                continue
            fields = [cell_text(cell) for cell in cells[:width]]
            fields += [""] * (width - len(fields))
            errors = self.errors.get(number)
            if errors:
                shown = [errors.get(column, text) for column, text in enumerate(fields, start=1)]
                yield Rejected(number, number, ERROR_CELL, "\t".join(shown))
            elif any("\0" in field for field in fields):
                yield Rejected(number, number, NUL_CHARACTER, "\t".join(fields))
            elif any(field and not field.isspace() for field in fields):
                yield Record(number, number, fields, "\t".join(fields))


@contextmanager
def open_sheet(content: Content, entity: FileEntity) -> Iterator[Sheet]:
    """Open the sheet that the entity names.

    Raises:
        TerminalError: no workbook, protected by a password, no such sheet, or a header that does not fit.
    """
    # Loading the library takes a moment that loads of other files need not wait for.
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    stored = _stored(content)
    try:
        errors = _scan(stored, entity, content.where) if stored.peek(4).startswith(_ZIP) else {}
        stored.seek(0)
        with CalamineWorkbook.from_filelike(stored) as workbook:
            name = _sheet_name(workbook.sheet_names, entity, content.where)
            sheet = workbook.get_sheet_by_name(name)
            header = _header(sheet, entity, content.where)
            yield Sheet(header, entity.first_data_line, sheet, errors)
    except PasswordError as error:
        raise _unreadable(_("it is protected by a password"), content.where) from error
    except CalamineError as error:
        raise _unreadable(_("it is damaged"), content.where) from error
    except BaseException as error:
        # The library's own faults on damaged workbooks; they are no Exception, and would end the whole load.
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable(_("it is damaged"), content.where) from error


def _unreadable(reason: str, where: str) -> TerminalError:
    return TerminalError(
        _("the workbook cannot be read: {reason}", reason=reason),
        where=where,
        fix=_("Save it again as .xlsx, without a password."),
    )


def cell_text(value: object) -> str:
    """A cell's value as text; empty for an empty cell."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, datetime):
        text = value.replace(microsecond=0) if value.microsecond < 1000 else value
        return text.date().isoformat() if text.time() == time() else text.isoformat(sep=" ")
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(value, date | time):
        return value.isoformat()
    return "" if value is None else str(value)


def _number_text(value: float) -> str:
    if isinstance(value, int) or (value.is_integer() and abs(value) < 10**_DIGITS):
        return str(int(value))
    if not math.isfinite(value):
        return str(value)
    text = format(Decimal(format(value, f".{_DIGITS}g")), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _stored(content: Content) -> io.BufferedReader:
    """The workbook with free movement; a compressed one is unpacked into memory."""
    stored = content.uncompressed()
    if isinstance(stored.raw, io.FileIO):
        return stored
    unpacked = stored.read(_MAX_BYTES + 1)
    if len(unpacked) > _MAX_BYTES:
        raise TerminalError(
            _("the workbook is too large"), where=content.where, allowed=_("{count} bytes", count=_MAX_BYTES)
        )
    return io.BufferedReader(io.BytesIO(unpacked))


def _sheet_name(names: list[str], entity: FileEntity, where: str) -> str:
    wanted = entity.sheet
    if isinstance(wanted, int) and 1 <= wanted <= len(names):
        return names[wanted - 1]
    if wanted in names:
        return str(wanted)
    raise TerminalError(
        _("the workbook has no such sheet"),
        where=where,
        found=wanted,
        allowed=", ".join(f"{number} {name}" for number, name in enumerate(names, start=1)),
        fix=_("Correct 'sheet' of the entity or the workbook."),
    )


def _header(sheet: CalamineSheet, entity: FileEntity, where: str) -> tuple[str, ...]:
    if entity.header_row == 0:
        return tuple(entity.columns)
    cells = next((cells for number, cells in _numbered(sheet) if number == entity.header_row), [])
    texts = [cell_text(cell) for cell in cells]
    if not any(text.strip() for text in texts):
        raise TerminalError(
            _("row {number} of the sheet names no columns", number=entity.header_row),
            where=where,
            fix=_("Correct 'header_row' or 'sheet' of the entity."),
        )
    header = named_header(texts)
    is_used = [bool(text.strip()) for text in texts]
    for number, row in _numbered(sheet):
        if number > entity.header_row and not all(is_used):
            is_used = [used or cell_text(cell).strip() != "" for used, cell in zip(is_used, row, strict=True)]
    # Formatted but empty columns at the right belong to nothing.
    while not is_used[-1]:
        is_used.pop()
    header = header[: len(is_used)]
    require_columns(entity, header, f"{where}:{entity.header_row}")
    return header


def _numbered(sheet: CalamineSheet) -> Iterator[tuple[int, list[object]]]:
    """Rows with their number; each begins with column A."""
    if sheet.start is None:
        return
    # The library begins at row 1, but at the first column that is used.
    left: list[object] = [""] * sheet.start[1]
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield number, [*left, *cells]


def _scan(stored: io.BufferedReader, entity: FileEntity, where: str) -> dict[int, dict[int, str]]:
    """Error values of the entity's sheet, and whether its rectangle fits into memory.

    Raises:
        TerminalError: it does not fit.
    """
    with zipfile.ZipFile(stored) as archive:
        member = _sheet_member(archive, entity)
        if member is None:
            return {}
        errors: dict[int, dict[int, str]] = {}
        last_row = last_column = 0
        with archive.open(member) as stream:
            for part in _parts(stream):
                last_column = max([last_column, *(_column_number(name) for name in set(_COLUMN.findall(part)))])
                last_row = max([last_row, *map(int, _ROW.findall(part)[-1:])])
                for column, row, cell in _ERROR.findall(part):
                    value = _VALUE.search(cell)
                    text = value[1].decode("utf-8", "replace") if value else "#ERROR"
                    errors.setdefault(int(row), {})[_column_number(column)] = html.unescape(text)
    if last_row * last_column > MAX_CELLS:
        raise TerminalError(
            _("the sheet reaches to row {row} and column {column}", row=last_row, column=last_column),
            where=where,
            allowed=_("{count} cells", count=f"{MAX_CELLS:,}"),
            fix=_("Delete what stands far below or to the right of the table."),
        )
    return errors


def _sheet_member(archive: zipfile.ZipFile, entity: FileEntity) -> str | None:
    """Name of the sheet's XML; None when the workbook does not tell it, so that nothing is scanned."""
    try:
        sheets = [_attributes(found) for found in _SHEET.findall(archive.read("xl/workbook.xml").decode())]
        relations = [
            _attributes(found) for found in _RELATION.findall(archive.read("xl/_rels/workbook.xml.rels").decode())
        ]
    except (KeyError, UnicodeDecodeError):
        return None
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    for number, sheet in enumerate(sheets, start=1):
        if entity.sheet in (number, sheet.get("name")):
            relation = next((value for name, value in sheet.items() if name.endswith(":id")), None)
            target = targets.get(relation, "")
            member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return member if member in archive.namelist() else None
    return None


def _attributes(text: str) -> dict[str, str]:
    return {name: html.unescape(double or single) for name, double, single in _ATTRIBUTE.findall(text)}


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    """The XML in parts that end with a row, so that no cell is cut in two."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        rest += chunk
        ends = [match.end() for match in _ROW_END.finditer(rest)]
        if ends:
            yield rest[: ends[-1]]
            rest = rest[ends[-1] :]
    yield rest


def _column_number(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number
