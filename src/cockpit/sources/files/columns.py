"""Find the columns of an entity in what a file delivers, under their own names or a synonym."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources.file import FolderEntity


def names_of(entity: FolderEntity, column: str) -> tuple[str, ...]:
    """Names under which a column may be delivered, its own first."""
    return (column, *entity.columns[column].synonyms)


def place_of(entity: FolderEntity, column: str, header: Sequence[str]) -> int | None:
    """Position of a column in the header; None when it is not there."""
    return next((header.index(name) for name in names_of(entity, column) if name in header), None)


def named_header(cells: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns as a file gives them, `column_<n>` where a name is empty."""
    return tuple(cell.strip() or f"column_{number}" for number, cell in enumerate(cells, start=1))


def require_columns(entity: FolderEntity, header: Sequence[str], where: str) -> None:
    """Refuse a header by which rows could not be told apart.

    Other columns than the contract's are the business of the drift policy.

    Raises:
        TerminalError: a name comes twice, or a column of the key, a required one or that of the day is missing.
    """
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise TerminalError(_("the header names a column twice"), where=where, found=", ".join(repeated))
    vital = vital_columns(entity)
    missing = [column for column in entity.columns if column in vital and place_of(entity, column, header) is None]
    # Not one known column: another delimiter or encoding, or another file altogether.
    if not missing and all(place_of(entity, column, header) is None for column in entity.columns):
        missing = list(entity.columns)
    if missing:
        raise TerminalError(
            _("the column {name} is missing", name=", ".join(missing)),
            where=where,
            found=", ".join(header),
            allowed=", ".join(entity.columns),
            fix=_("Correct the file, or 'columns', 'encoding' and 'delimiter' of the entity."),
        )


def vital_columns(entity: FolderEntity) -> set[str]:
    """Columns without which a row is of no use: required ones, those of the key and that of the day."""
    required = {name for name, column in entity.columns.items() if column.required}
    key = () if entity.key == "line" else entity.key
    return {*required, *key, *((entity.batch_by,) if entity.batch_by else ())}


def value_of(entity: FolderEntity, column: str, payload: Mapping[str, object]) -> object:
    """A column's value in a record with names of its own; a dotted name reaches into nested objects."""
    for name in names_of(entity, column):
        value = payload.get(name)
        if value is None and "." in name:
            value = _nested(payload, name.split("."))
        if value is not None:
            return value
    return None


def _nested(payload: object, path: Sequence[str]) -> object:
    for name in path:
        if not isinstance(payload, Mapping):
            return None
        payload = payload.get(name)
    return payload
