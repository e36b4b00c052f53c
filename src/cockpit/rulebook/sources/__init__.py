"""A source system as YAML: where it is, what it holds, what its columns mean to us."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import ConfigDict

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.dictionary import Dictionary
from cockpit.rulebook.files import Rule, load
from cockpit.rulebook.sources.base import (
    Conform,
    CursorEntity,
    Deletes,
    DriftPolicy,
    Entity,
    SourceBase,
    SourceColumn,
    has_time_cursor,
    personal_columns,
)
from cockpit.rulebook.sources.file import FileEntity, FileSource
from cockpit.rulebook.sources.form import FormColumn, FormEntity, FormSource
from cockpit.rulebook.sources.log import LogEntity, LogSource
from cockpit.rulebook.sources.rest import RestEntity, RestSource
from cockpit.rulebook.sources.sql import SqlEntity, SqlSource
from cockpit.rulebook.yaml_lines import read_yaml

Source: TypeAlias = SqlSource | FileSource | FormSource | LogSource | RestSource

_TYPES: dict[str, type[SqlSource] | type[FileSource] | type[FormSource] | type[LogSource] | type[RestSource]] = {
    "sql": SqlSource,
    "file": FileSource,
    "form": FormSource,
    "log": LogSource,
    "rest": RestSource,
}

__all__ = [
    "Conform",
    "CursorEntity",
    "Deletes",
    "DriftPolicy",
    "Entity",
    "FileEntity",
    "FileSource",
    "FormColumn",
    "FormEntity",
    "FormSource",
    "LogEntity",
    "LogSource",
    "RestEntity",
    "RestSource",
    "Source",
    "SourceBase",
    "SourceColumn",
    "SqlEntity",
    "SqlSource",
    "has_time_cursor",
    "load_source",
    "personal_columns",
]


class _Connector(Rule):
    """Reads the one key that decides which type the rest must fit."""

    model_config = ConfigDict(extra="ignore")

    connector: Literal["sql", "file", "form", "log", "rest"]


def load_source(path: Path, dictionary: Dictionary | None = None) -> Source:
    """Read one source file and complete its columns from the data dictionary, an empty one when absent.

    Raises:
        RuleFileError: not readable or not fitting, with file and line.
    """
    kind = load(path, _Connector).connector
    source: Any = load(path, _TYPES[kind])
    entities = {
        name: _completed(path, name, entity, dictionary or Dictionary()) for name, entity in source.entities.items()
    }
    completed: Source = source.model_copy(update={"entities": entities})
    if completed.personal_data is None:
        _refuse_unexplained_personal_data(path, completed)
    return completed


def _completed(path: Path, name: str, entity: Entity, dictionary: Dictionary) -> Entity:
    for column_name, column in entity.columns.items():
        if column.field is not None and column.field not in dictionary.fields:
            raise RuleFileError(
                _("{column}: the data dictionary has no such field", column=column_name),
                where=f"{path}:{_line(path, 'entities', name, 'columns', column_name, 'field')}",
                found=column.field,
                fix=_("Correct the name, or add the field to the dictionary."),
            )
    columns = {each: column.completed(dictionary) for each, column in entity.columns.items()}
    return entity.model_copy(update={"columns": columns})


def _refuse_unexplained_personal_data(path: Path, source: Source) -> None:
    for name, entity in source.entities.items():
        personal = personal_columns(entity)
        if personal:
            raise RuleFileError(
                _("{column} is personal data, and nothing says why it may be processed", column=personal[0]),
                where=f"{path}:{_line(path, 'entities', name, 'columns', personal[0])}",
                fix=_("Add personal_data with basis, purpose and purpose_zh to the source."),
            )


def _line(path: Path, *location: str) -> int:
    _data, lines = read_yaml(path)
    return lines.get(location, 1)
