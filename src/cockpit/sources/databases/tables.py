"""What tables of all databases have in common: where an entity's key and cursor stand, and what a cursor may be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources import SqlEntity
from cockpit.sources.loading.loader import TIME_TYPES

# Texts order differently from server to server, and fractions in binary differ from what is written of them.
CURSOR_TYPES = (*TIME_TYPES, "smallint", "integer", "bigint", "numeric")

NO_CURSOR_TYPE = "bigint"


@dataclass(frozen=True)
class Located:
    """Names of an entity's columns as its table has them now.

    Attributes:
        key: In the order of the entity's key.
        cursor: None when the entity has none.
    """

    key: tuple[str, ...]
    cursor: str | None


def present_name(entity: SqlEntity, column: str, present: Collection[str]) -> str | None:
    """The name under which a table has a column: its own, else the first synonym that is there; None without any."""
    declared = entity.columns.get(column)
    names = (column, *declared.synonyms) if declared else (column,)
    return next((name for name in names if name in present), None)


def locate(where: str, entity: SqlEntity, present: Collection[str]) -> Located:
    """Find the columns without which no row can be read; others may be absent, which is the drift policy's business.

    Args:
        where: `source.entity`, for the message.
        present: Columns of the table.

    Raises:
        TerminalError: a column of the key, or the cursor, is missing under all its names.
    """
    wanted = [*entity.key, *filter(None, (entity.cursor,))]
    found = {column: present_name(entity, column, present) for column in wanted}
    missing = [column for column, name in found.items() if name is None]
    if missing:
        raise TerminalError(
            _("the column {name} is missing", name=", ".join(missing)),
            where=f"{where}: {entity.table}",
            found=", ".join(present),
            fix=_("Correct 'columns', 'key' or 'cursor' of the entity."),
        )
    return Located(
        key=tuple(name for column in entity.key if (name := found[column])),
        cursor=found[entity.cursor] if entity.cursor else None,
    )


def check_cursor(where: str, entity: SqlEntity, position_type: str) -> None:
    """Refuse a cursor that cannot be compared, or that an overlap cannot be taken off.

    Args:
        position_type: PostgreSQL's name of the cursor's type, without length or precision, or the source's own
            where PostgreSQL has none for it.

    Raises:
        TerminalError: the type does not fit.
    """
    allowed = TIME_TYPES if entity.overlap else CURSOR_TYPES
    if entity.cursor and position_type not in allowed:
        raise TerminalError(
            _("the cursor {name} has a type that does not fit", name=entity.cursor),
            where=f"{where}: {entity.table}",
            found=position_type,
            allowed=", ".join(allowed),
        )
