"""Corrections in force, laid over raw when staging reads it: derived from the answers, never the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse import builds
from cockpit.warehouse.staging import OVERLAY

_SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class RowId:
    """One row of a source."""

    source: str
    entity: str
    key: str

    @property
    def overlay(self) -> str:
        """Name under which the bookkeeping of builds knows corrections of this entity."""
        return f"{OVERLAY}{self.source}__{self.entity}"

    @property
    def raw_table(self) -> str:
        """Where the row lies as received."""
        return f"raw.{self.source}__{self.entity}"


def derive(cursor: PgCursor, source: str, entity: str, keys: Sequence[str], run_id: str, as_of: datetime) -> None:
    """Bring the overlay of some rows to what the answers say, and have these rows computed again."""
    values = {"source": source, "entity": entity, "keys": list(keys)}
    cursor.execute((_SQL / "derive_overlay.sql").read_text(encoding="utf-8"), values)
    builds.note_changed_rows(cursor, f"{OVERLAY}{source}__{entity}", keys, run_id, as_of)


def end_outdated(cursor: PgCursor, source: str, entity: str, run_id: str, as_of: datetime) -> int:
    """End corrections of columns for which the source has meanwhile delivered another value.

    Returns:
        The number of columns whose correction ended; each leaves a row in `quality.correction_end`.
    """
    cursor.execute("select exists (select from quality.overlay where source = %s and entity = %s)", (source, entity))
    if cursor.fetchone() != (True,):
        return 0
    statement = (
        (_SQL / "end_outdated.sql").read_text(encoding="utf-8").replace("{raw_table}", f"raw.{source}__{entity}")
    )
    cursor.execute(statement, {"source": source, "entity": entity})
    keys = [key for (key,) in cursor.fetchall()]
    if keys:
        derive(cursor, source, entity, sorted(set(keys)), run_id, as_of)
    return len(keys)
