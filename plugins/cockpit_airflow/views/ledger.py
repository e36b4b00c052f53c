"""Read the import ledger for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.errors import UndefinedTable
from psycopg2.extensions import connection as PgConnection

from cockpit_airflow.views.database import Row, connected, select

_QUERIES = Path(__file__).parent / "sql"
_PLACE = "ops.import_ledger"
BATCHES_PER_PAGE = 50
LINES_PER_PAGE = 100
CHANGES_PER_PAGE = 100
# So much of a rejected line is shown.
_TEXT_LENGTH = 400


@dataclass(frozen=True)
class Page:
    """Some rows, and whether there are more behind them."""

    rows: list[Row]
    has_more: bool


@dataclass(frozen=True)
class BatchFilter:
    """Which batches a person asked for; what is None or False does not narrow.

    Attributes:
        before: Only batches with a smaller number.
    """

    source: str | None = None
    entity: str | None = None
    run_id: str | None = None
    unbalanced: bool = False
    rejected: bool = False
    before: int | None = None


@dataclass(frozen=True)
class Overview:
    """The ledger by source.

    Attributes:
        read_at: By the database's clock.
        sources: Row of sources.sql, by source.
    """

    read_at: datetime
    sources: Mapping[str, Row]


def overview() -> Overview:
    """Every source with its figures; no sources before the workspace was prepared for the first time."""
    with _ledger() as connection:
        read_at: datetime = _select(connection, "clock")[0]["read_at"]
        try:
            return Overview(read_at, {row["source"]: row for row in _select(connection, "sources")})
        except UndefinedTable:
            return Overview(read_at, {})


def choices() -> list[Row]:
    """Source and entity of everything that ever loaded."""
    return _read("choices")


def batches(wanted: BatchFilter) -> Page:
    """One page of batches, newest first."""
    rows = _read("batches", **vars(wanted), limit=BATCHES_PER_PAGE + 1)
    return _page(rows, BATCHES_PER_PAGE)


def batch(batch_id: int) -> Row | None:
    """One batch with where its rows are now; None when there is none of that number."""
    found = _read("batch", batch_id=batch_id)
    return found[0] if found else None


def rejected_lines(batch_id: int, offset: int) -> Page:
    """One page of the lines of a batch that could not be read; `raw_text` is not masked yet."""
    rows = _read("rejected_lines", batch_id=batch_id, offset=offset, limit=LINES_PER_PAGE + 1, text_length=_TEXT_LENGTH)
    return _page(rows, LINES_PER_PAGE)


def schema_changes(source: str | None, run_id: str | None, before: int | None) -> Page:
    """One page of changes of columns, newest first."""
    rows = _read("schema_changes", source=source, run_id=run_id, before=before, limit=CHANGES_PER_PAGE + 1)
    return _page(rows, CHANGES_PER_PAGE)


def changing_sources() -> list[str]:
    """Sources whose columns have changed at least once."""
    return [row["source"] for row in _read("changing_sources")]


def _page(rows: list[Row], size: int) -> Page:
    return Page(rows[:size], len(rows) > size)


def _read(name: str, **values: object) -> list[Row]:
    with _ledger() as connection:
        try:
            return _select(connection, name, **values)
        except UndefinedTable:
            # Nothing has been loaded yet.
            return []


@contextmanager
def _ledger() -> Iterator[PgConnection]:
    with connected(_PLACE) as connection:
        yield connection


def _select(connection: PgConnection, name: str, **values: object) -> list[Row]:
    return select(connection, _QUERIES / f"{name}.sql", values)
