"""A source system as YAML: where it is, what it holds, what its columns mean to us."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER, Check
from cockpit.rulebook.files import MisfitError, Rule, load

FieldType: TypeAlias = Literal["text", "bigint", "integer", "numeric", "date", "timestamp", "boolean"]


class SourceColumn(Rule):
    """One column as the source delivers it.

    Attributes:
        type: What staging casts the received text to; a value that does not fit becomes null and is
            reported by the check `values_fit_types`.
        name: Our name for it, when the source's own name is not a good one.
        required: Null or empty quarantines the row.
    """

    type: FieldType
    name: str | None = Field(default=None, pattern=IDENTIFIER)
    required: bool = False
    description: str = Field(min_length=3)
    description_zh: str = Field(min_length=1)
    unit: str | None = None


class Conform(Rule):
    """How an entity's rows become rows of a conformed entity `stg_<name>`, which core reads.

    Attributes:
        key: Our names of the columns that identify the conformed row within this source. When they are not
            the entity's own key (a flat export that repeats the customer on each line), the row with the
            greatest `latest_by` stands for the rest.
        columns: Conformed column -> SQL expression over our names.
        where: Rows that take part; all when absent.
    """

    key: tuple[str, ...] = Field(min_length=1)
    latest_by: str | None = None
    columns: dict[str, str] = Field(min_length=1)
    where: str | None = None


class Entity(Rule):
    """One table or one kind of file of a source."""

    key: tuple[str, ...] | Literal["line"]
    columns: dict[str, SourceColumn] = Field(min_length=1)
    checks: tuple[Check, ...] = ()
    conforms_to: dict[str, Conform] = Field(default_factory=dict)
    owner: str | None = None

    def our_name(self, column: str) -> str:
        """The name that a source's column has from staging on."""
        return self.columns[column].name or column

    @model_validator(mode="after")
    def _known_key(self) -> Self:
        if self.key != "line":
            unknown = sorted(set(self.key) - set(self.columns))
            if unknown:
                raise MisfitError(
                    _("names {unknown}, which is not in columns", unknown=", ".join(unknown)),
                    "key",
                    allowed=", ".join(self.columns),
                )
        names = [self.our_name(column) for column in self.columns]
        for column, name in zip(self.columns, names, strict=True):
            if not re.match(IDENTIFIER, name):
                raise MisfitError(_("needs a 'name' of our own: lower case, digits, '_'"), "columns", column)
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise MisfitError(_("two columns have the name {name}", name=twice), "columns")
        return self


class SqlEntity(Entity):
    """A table or view of a database.

    Attributes:
        table: Name in the source, `schema.table` or `table`.
        cursor: Column that grows with each change; only rows at or after the last seen value, less
            `overlap`, are read. Null rows are always read.
        overlap: How late a transaction may become visible in the source.
    """

    key: tuple[str, ...] = Field(min_length=1)
    table: str = Field(pattern=r"^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$")
    cursor: str | None = None
    overlap: timedelta = timedelta(0)


class FileEntity(Entity):
    """Delimited text files, optionally gzip-compressed.

    Attributes:
        path: A file, or a pattern with `*`; `${NAME}` is taken from the environment, a relative path is
            relative to the workspace.
        batch_by: Column whose date part starts a new batch, so that each business day can be traced.
        null_values: Texts that stand for nothing.
    """

    path: str
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    batch_by: str | None = None
    null_values: tuple[str, ...] = ("",)


class _SourceBase(Rule):
    source: str = Field(pattern=IDENTIFIER)
    title: str
    title_zh: str
    owner: str
    schedule: str | None = None


class SqlSource(_SourceBase):
    """A database, reached through a named connection."""

    connector: Literal["sql"]
    connection: str = Field(pattern=IDENTIFIER)
    entities: dict[str, SqlEntity] = Field(min_length=1)


class FileSource(_SourceBase):
    """Files in a folder."""

    connector: Literal["file"]
    entities: dict[str, FileEntity] = Field(min_length=1)


Source: TypeAlias = SqlSource | FileSource


def load_source(path: Path) -> Source:
    """Read one source file.

    Raises:
        RuleFileError: not readable or not fitting, with file and line.
    """
    if load(path, _Connector).connector == "sql":
        return load(path, SqlSource)
    return load(path, FileSource)


class _Connector(Rule):
    """Reads the one key that decides which type the rest must fit."""

    model_config = ConfigDict(extra="ignore")

    connector: Literal["sql", "file"]
