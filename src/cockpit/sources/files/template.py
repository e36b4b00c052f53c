"""Write an empty Excel workbook for an entity, to be filled by hand and read back by the file connector.

Its header uses names by which the connector knows the columns, so that nothing has to be mapped.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources import FileEntity, FileSource, SourceColumn
from cockpit.sources.files.columns import vital_columns

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

# Rows that get drop-downs and checks; a workbook that is filled by hand has fewer.
_ROWS = 5_000
# Excel takes a list within the validation up to this length; a longer one has to stand in cells.
_LONGEST_LIST = 255

_HEADER = PatternFill("solid", fgColor="DDE6F0")
_REQUIRED = PatternFill("solid", fgColor="F6C9C3")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")

# How cells of a type look; texts are texts, so that leading zeros and long numbers stay as typed.
_CELL_FORMATS = {
    "text": "@",
    "date": "yyyy-mm-dd",
    "timestamp": "yyyy-mm-dd hh:mm",
    "bigint": "0",
    "integer": "0",
    "numeric": "General",
    "boolean": "General",
}


def write_template(entity_name: str, source: FileSource, path: Path, language: str) -> None:
    """Write the workbook.

    Args:
        entity_name: Entity of the source that reads workbooks.
        path: Where to; a file that is there is overwritten.
        language: `en` or `zh`, of names and explanations.

    Raises:
        TerminalError: the entity reads another format, or the file cannot be written.
    """
    entity = source.entities[entity_name]
    where = f"{source.source}.{entity_name}"
    if entity.format != "excel" or entity.header_row == 0:
        raise TerminalError(
            _("a template needs an entity that reads workbooks with a header"),
            where=where,
            found=entity.format,
            fix=_("Write 'format: excel' for the entity."),
        )
    workbook = Workbook()
    data = workbook.active
    if data is None:
        raise RuntimeError("a new workbook has no sheet")
    data.title = entity.sheet if isinstance(entity.sheet, str) else entity_name[:31]
    headers = header_names(entity, language)
    lists = workbook.create_sheet(_("lists", lang=language))
    lists.sheet_state = "hidden"
    _write_data_sheet(data, lists, entity, headers, language)
    _write_explanation(workbook.create_sheet(_("explanation", lang=language), 1), entity, headers, language)
    if isinstance(entity.sheet, int) and entity.sheet > 1:
        # The table has to be the sheet of that number.
        for number in range(len(workbook.sheetnames), entity.sheet):
            workbook.create_sheet(f"{number}")
        workbook.move_sheet(data, entity.sheet - 1)
        workbook.active = entity.sheet - 1
    try:
        workbook.save(path)
    except OSError as error:
        raise TerminalError(
            _("the file cannot be written: {reason}", reason=error.strerror or error), where=str(path)
        ) from error


def header_names(entity: FileEntity, language: str) -> dict[str, str]:
    """Column -> its name in the header: the first of its names that is in the language, else its own."""
    names: dict[str, str] = {}
    for received, column in entity.columns.items():
        fitting = [
            name
            for name in (received, *column.synonyms)
            if bool(_CHINESE.search(name)) == (language == "zh") and name not in names.values()
        ]
        names[received] = fitting[0] if fitting else received
    return names


def _write_data_sheet(
    sheet: Worksheet, lists: Worksheet, entity: FileEntity, headers: dict[str, str], language: str
) -> None:
    vital = vital_columns(entity)
    first, last = entity.header_row + 1, entity.header_row + _ROWS
    for number, (received, column) in enumerate(entity.columns.items(), start=1):
        letter = get_column_letter(number)
        cell = sheet.cell(entity.header_row, number, headers[received])
        is_required = received in vital
        cell.font = Font(bold=True)
        cell.fill = _REQUIRED if is_required else _HEADER
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.comment = Comment(_description(column, language), "CRM Cockpit")
        sheet.column_dimensions[letter].width = max(14, 2 * len(headers[received]) + 2)
        # Of the column, so that it holds for every cell that is typed into.
        sheet.column_dimensions[letter].number_format = _CELL_FORMATS[column.type]
        validation = _validation(column, lists, number, language)
        if validation:
            validation.add(f"{letter}{first}:{letter}{last}")
            sheet.add_data_validation(validation)
    sheet.freeze_panes = f"A{first}"


def _validation(column: SourceColumn, lists: Worksheet, number: int, language: str) -> DataValidation | None:
    """What Excel lets a person type into the column; None for anything."""
    values = column.values or (("true", "false") if column.type == "boolean" else ())
    if values:
        inline = ",".join(values)
        formula = f'"{inline}"'
        if len(inline) > _LONGEST_LIST or any("," in value or '"' in value for value in values):
            letter = get_column_letter(number)
            for row, value in enumerate(values, start=1):
                lists.cell(row, number, value).number_format = "@"
            formula = f"'{lists.title}'!${letter}$1:${letter}${len(values)}"
        validation = DataValidation(type="list", formula1=formula)
        message = _("Choose one of the list.", lang=language)
    elif column.type in ("date", "timestamp"):
        validation = DataValidation(type="date", operator="greaterThanOrEqual", formula1="1")
        message = _("A date, such as 2026-03-05.", lang=language)
    elif column.type in ("integer", "bigint"):
        validation = DataValidation(type="whole", operator="between", formula1="-1E+15", formula2="1E+15")
        message = _("A whole number.", lang=language)
    elif column.type == "numeric":
        validation = DataValidation(type="decimal", operator="between", formula1="-1E+15", formula2="1E+15")
        message = _("A number.", lang=language)
    else:
        return None
    validation.allow_blank = True
    validation.showErrorMessage = True
    validation.error = message
    return validation


def _write_explanation(sheet: Worksheet, entity: FileEntity, headers: dict[str, str], language: str) -> None:
    titles = (
        _("column", lang=language),
        _("meaning", lang=language),
        _("required", lang=language),
        _("kind", lang=language),
        _("unit", lang=language),
        _("allowed values", lang=language),
    )
    kinds = {
        "text": _("text", lang=language),
        "date": _("date", lang=language),
        "timestamp": _("date and time", lang=language),
        "bigint": _("whole number", lang=language),
        "integer": _("whole number", lang=language),
        "numeric": _("number", lang=language),
        "boolean": "true, false",
    }
    sheet.append(titles)
    vital = vital_columns(entity)
    for received, column in entity.columns.items():
        is_required = received in vital
        sheet.append(
            (
                headers[received],
                _description(column, language),
                _("yes", lang=language) if is_required else "",
                kinds[column.type],
                column.unit or "",
                ", ".join(column.values),
            )
        )
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.fill = _HEADER
    for letter, width in zip("ABCDEF", (22, 60, 10, 16, 10, 50), strict=True):
        sheet.column_dimensions[letter].width = width
        for cell in sheet[letter]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"


def _description(column: SourceColumn, language: str) -> str:
    return column.description_zh if language == "zh" else column.description
