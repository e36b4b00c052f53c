"""Files as a source."""

from __future__ import annotations

import codecs
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, field_validator, model_validator

from cockpit.i18n import _
from cockpit.rulebook.files import MisfitError, Rule
from cockpit.rulebook.sources.base import Entity, SourceBase

FileFormat: TypeAlias = Literal["delimited", "excel", "json_lines", "fixed_width"]

# Which key belongs to which format; a key of another format would be ignored in silence.
_KEYS_OF_FORMATS: dict[str, frozenset[str]] = {
    "delimited": frozenset({"delimiter", "header_row"}),
    "excel": frozenset({"sheet", "header_row"}),
    "json_lines": frozenset(),
    "fixed_width": frozenset({"layout", "header_row"}),
}


def _as_character(value: object) -> object:
    """A tab may be written `\\t` or `tab`: unquoted YAML has no other way to say it."""
    return "\t" if value in ("\\t", "tab") else value


class Span(Rule):
    """Where a column stands in a line of fixed width.

    Attributes:
        start: Its first place, the first of the line being 1.
        width: Number of places.
    """

    start: int = Field(ge=1)
    width: int = Field(ge=1)


class Layout(Rule):
    """How lines of fixed width are cut; padding blanks are removed.

    Attributes:
        unit: What places count: characters, or bytes of the file's encoding (Chinese bank files).
        line_width: Width of every line; lines of another width are rejected. Not checked when absent.
        columns: Name -> place.
    """

    unit: Literal["characters", "bytes"] = "characters"
    line_width: int | None = Field(default=None, ge=1)
    columns: dict[str, Span] = Field(min_length=1)


class FolderEntity(Entity):
    """Files in a folder that is watched: each content is loaded once.

    Attributes:
        path: A file, or a pattern with `*` for any name and `**` for any folders; `${NAME}` is taken from the
            environment, a relative path is relative to the workspace.
        encoding: Of texts. With `auto` a byte order mark decides, else UTF-8 where the whole file fits, else GB18030
            where it reads as Chinese; any other has to be declared.
        batch_by: Column whose date part starts a new batch, so that each business day can be traced.
        is_growing: Lines are appended while we read; a last line without its end is left for the next time.
        when_changed: What other content under the same name means for files without a key: `replace` marks the rows
            of the earlier content as deleted, `add` keeps them (rotated logs, names that are used again).
        min_age_seconds: Files that changed less long ago are left for the next time.
    """

    path: str
    encoding: str = "auto"
    batch_by: str | None = None
    is_growing: bool = False
    when_changed: Literal["replace", "add"] = "replace"
    min_age_seconds: int = Field(default=0, ge=0)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        if encoding == "auto":
            return encoding
        try:
            "".encode(encoding)
            codecs.getincrementaldecoder(encoding)
        except LookupError:
            raise MisfitError(_("unknown encoding"), allowed="auto, utf-8, gb18030, utf-16, ...") from None
        return encoding

    @model_validator(mode="after")
    def _known_day(self) -> Self:
        if self.batch_by is not None and self.batch_by not in self.columns:
            message = _("names {unknown}, which is not in columns", unknown=self.batch_by)
            raise MisfitError(message, "batch_by", allowed=", ".join(self.columns))
        return self


class FileEntity(FolderEntity):
    """Tables in files: delimited text, Excel workbooks, JSON lines or lines of fixed width, perhaps compressed.

    Attributes:
        delimiter: One character; a tab is written `tab`. For delimited files.
        header_row: Line or row that names the columns, the first being 1; rows before it are not read. 0 when there
            is none: the columns then stand in the order of `columns`. Fixed widths have none unless declared.
        sheet: Name or number, from 1, of a workbook's sheet.
        layout: For lines of fixed width.
    """

    format: FileFormat = "delimited"
    delimiter: Annotated[str, BeforeValidator(_as_character)] = Field(
        default=",", min_length=1, max_length=1, pattern=r'^[^"\r\n]$'
    )
    header_row: int = Field(default=1, ge=0)
    sheet: int | str = 1
    layout: Layout | None = None

    @property
    def first_data_line(self) -> int:
        """Number of the first line or row that may hold data."""
        is_headless = self.format == "json_lines" or (
            self.format == "fixed_width" and "header_row" not in self.model_fields_set
        )
        return 1 if is_headless else self.header_row + 1

    @model_validator(mode="after")
    def _fits_format(self) -> Self:
        others = frozenset().union(*_KEYS_OF_FORMATS.values()) - _KEYS_OF_FORMATS[self.format]
        stray = sorted(others & self.model_fields_set)
        if stray:
            allowed = ", ".join(name for name, keys in _KEYS_OF_FORMATS.items() if stray[0] in keys)
            raise MisfitError(
                _("does not belong to the format {format}", format=self.format), stray[0], allowed=allowed
            )
        if self.format == "excel" and self.is_growing:
            raise MisfitError(_("a workbook cannot grow by lines"), "is_growing")
        return self

    @model_validator(mode="after")
    def _complete_layout(self) -> Self:
        if self.format != "fixed_width":
            return self
        if self.layout is None:
            raise MisfitError(_("needs 'layout': where each column stands"), "format")
        missing = [column for column in self.columns if column not in self.layout.columns]
        if missing:
            message = _("the column {name} has no place", name=", ".join(missing))
            raise MisfitError(message, "layout", "columns", allowed=", ".join(self.layout.columns))
        return self


class FileSource(SourceBase):
    """Files in a folder."""

    connector: Literal["file"]
    entities: dict[str, FileEntity] = Field(min_length=1)
