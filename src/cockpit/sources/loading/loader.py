"""The one way into raw: COPY to a temporary table, compare by key, write only what differs, with its ledger row.

A transaction holds one batch or several; a batch never spreads over two. A crash therefore leaves each batch in or
out as a whole, and a re-run takes up after the last one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TextIO, cast

import psycopg2
from psycopg2 import errorcodes, sql
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _
from cockpit.rulebook.sources import Deletes
from cockpit.sources.loading import ledger
from cockpit.sources.loading.ledger import BatchResult
from cockpit.sources.loading.statements import statement

logger = logging.getLogger(__name__)

# After a crash the server may need a moment to notice that the old session is gone.
LOCK_WAIT_SECONDS = 5

_LONGEST_NAME = 63  # PostgreSQL cuts longer names silently, and two entities would share a table.

# Rows whose cursor lies further ahead than any clock or time zone explains must not push the cursor over the rows
# of the days between; they are read again each time instead.
_NEWEST_TIME = sql.SQL("max(position) filter (where position <= now() + interval '1 day')")
_NEWEST_NUMBER = sql.SQL("max(position)")
TIME_TYPES = ("date", "timestamp without time zone", "timestamp with time zone")

_COPY_BYTES = 1 << 16


class Rows(Protocol):
    """What COPY reads from.

    Attributes:
        failure: The error that ended the rows early; a driver replaces it by one of its own, or does not notice.
    """

    failure: Exception | None

    def read(self, size: int = ..., /) -> bytes:
        """The next bytes; nothing at the end."""


@dataclass(frozen=True)
class Portion:
    """What one transaction loads.

    Attributes:
        rows: Input of COPY for `columns`.
        columns: Columns of the temporary table `incoming`, see create_incoming.sql.
        is_binary: Whether `rows` is in COPY's binary format.
        has_new_keys: Raw cannot hold any of the keys, nor do they repeat, so that nothing needs comparing.
        has_unique_keys: No key repeats within the portion.
    """

    rows: Rows
    columns: tuple[str, ...]
    is_binary: bool = False
    has_new_keys: bool = False
    has_unique_keys: bool = False


@dataclass(frozen=True)
class Provenance:
    """Where rows come from, for their ledger row.

    Attributes:
        cursor: Value of the entity's cursor up to which rows were seen before; None when all are read.
        holds_cursor: Whether the next load may begin at this portion's greatest cursor. Not before everything up to
            it was read: an unsorted source may have more to come, a back-fill has read an interval of the past.
        file: Name of the file, for rejected lines.
        content_hash: Hash of the file's content.
        schema_hash: Hash of the columns that the source delivers, or who tells it once the rows are read.
    """

    cursor: str | None = None
    holds_cursor: bool = True
    file: str | None = None
    content_hash: str | None = None
    schema_hash: str | Callable[[], str] | None = None


class EntityLoader:
    """Writes the raw table and the ledger rows of one entity during one run; made by `open_loader`."""

    def __init__(self, connection: PgConnection, source: str, entity: str, run_id: str, position_type: str) -> None:
        self.connection = connection
        self.source = source
        self.entity = entity
        self.run_id = run_id
        self.position_type = position_type
        self.where = f"{source}.{entity}"
        self.table = sql.Identifier("raw", f"{source}__{entity}")
        self.has_loaded = False
        self.is_indexed = False
        # The greatest cursor of this run's portions so far.
        self.reached: str | None = None

    def load(
        self, portion: Portion, provenance: Provenance, before_commit: Callable[[], None] | None = None
    ) -> list[BatchResult]:
        """Load a portion in one transaction.

        Args:
            portion: Its rows are read to the end.
            provenance: The same for all its batches.
            before_commit: Last look; an error that it raises undoes the portion.

        Returns:
            One result per label in the portion, in order of arrival; none when it has no rows.
        """
        started = time.monotonic()
        with self.connection, self.connection.cursor() as cursor:
            copy = sql.SQL("copy incoming ({columns}) from stdin with (format {format})").format(
                columns=sql.SQL(", ").join(map(sql.Identifier, portion.columns)),
                format=sql.SQL("binary" if portion.is_binary else "text"),
            )
            _copy(cursor, copy, portion.rows)
            arrivals = self._arrivals(cursor, self.reached or provenance.cursor)
            outcomes = [self._write_rows(cursor, portion, arrival, provenance.file) for arrival in arrivals]
            if arrivals and not self.is_indexed:
                cursor.execute(statement("index_raw_table", table=self.table))
            seconds = time.monotonic() - started
            total = sum(arrival.received for arrival in arrivals)
            results = [
                self._write_ledger(cursor, provenance, arrival, outcome, seconds * arrival.received / total)
                for arrival, outcome in zip(arrivals, outcomes, strict=True)
            ]
            if before_commit:
                before_commit()
        self.is_indexed = self.is_indexed or bool(arrivals)
        if arrivals and not provenance.content_hash:
            self.reached = arrivals[-1].last_position
        self.has_loaded = self.has_loaded or any(result.loaded for result in results)
        return results

    def load_straight(
        self,
        rows: Callable[[int], AbstractContextManager[Portion]],
        label: str,
        reached: str | None,
        provenance: Provenance,
    ) -> BatchResult | None:
        """Load a raw table's first rows by COPY into the table itself.

        Args:
            rows: Given the batch's number, input of COPY for key, payload, hash and batch_id; no key is missing or
                repeats.
            label: Name of the batch.
            reached: Greatest cursor of the rows.
            provenance: Of the batch.

        Returns:
            The ledger row; None when there are no rows.
        """
        started = time.monotonic()
        with self.connection, self.connection.cursor() as cursor:
            batch_id = ledger.next_batch_id(cursor)
            with rows(batch_id) as portion:
                copy = sql.SQL("copy {} ({}) from stdin with (format binary)").format(
                    self.table, sql.SQL(", ").join(map(sql.Identifier, portion.columns))
                )
                _copy(cursor, copy, portion.rows)
            received = cursor.rowcount
            if not received:
                return None
            cursor.execute(statement("index_raw_table", table=self.table))
            cursor.execute(sql.SQL("select sum(pg_column_size(payload)) from {}").format(self.table))
            row = cursor.fetchone()
            arrival = _Arrival(label, received, 0, int(row[0]) if row else 0, None, reached)
            outcome = _Outcome(batch_id, loaded=received)
            result = self._write_ledger(cursor, provenance, arrival, outcome, time.monotonic() - started)
        self.is_indexed = self.has_loaded = True
        self.reached = reached
        return result

    def note_nothing_new(self, label: str, provenance: Provenance) -> BatchResult:
        """Write the ledger row of a run that received nothing, or nothing more after its last portion."""
        arrival = _Arrival(label, 0, 0, 0, None, self.reached or provenance.cursor)
        with self.connection, self.connection.cursor() as cursor:
            return self._write_ledger(cursor, provenance, arrival, _Outcome(ledger.next_batch_id(cursor)), 0.0)

    def delete_missing(self, keys: Portion, limits: Deletes) -> BatchResult | None:
        """Mark rows as deleted whose keys the source no longer has.

        Args:
            keys: Input of COPY for the column `key`: every key that the source holds.
            limits: How many rows may go at once.

        Returns:
            The ledger row, with `deleted` counted apart; None when nothing is gone.

        Raises:
            TerminalError: more would go than allowed; nothing is marked.
        """
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement("create_present"))
            copy = sql.SQL("copy present (key) from stdin with (format {})").format(
                sql.SQL("binary" if keys.is_binary else "text")
            )
            _copy(cursor, copy, keys.rows)
            cursor.execute("analyze present")
            cursor.execute(statement("count_missing", table=self.table))
            row = cursor.fetchone() or (0, 0)
            missing, held = int(row[0]), int(row[1])
            if missing > max(held * limits.max_share, limits.tolerated_rows):
                raise TerminalError(
                    _("{missing} of {held} rows are gone from the source", missing=missing, held=held),
                    where=self.where,
                    allowed=f"deletes.max_share {limits.max_share:g}",
                    fix=_("If they really were deleted, raise max_share for one load; else mend the source."),
                )
            if not missing:
                return None
            return self._delete(cursor, sql.SQL("not exists (select from present where present.key = held.key)"))

    def delete_lines(
        self, prefix: str, after_line: int, provenance: Provenance, within: Callable[[PgCursor], None]
    ) -> BatchResult | None:
        """Mark rows of a file without keys as deleted, because other content has come in its place.

        Args:
            prefix: What their keys begin with, up to the `|` before the line number.
            after_line: Lines up to this one stay; 0 for none.
            provenance: Of the content that is gone.
            within: Called in the same transaction.

        Returns:
            The ledger row, with `deleted` counted apart; None when no row is left of it.
        """
        # A range, so that the primary key finds them; } follows | in the order of bytes.
        condition = sql.SQL("held.key >= {} and held.key < {}").format(
            sql.Literal(prefix), sql.Literal(f"{prefix[:-1]}}}")
        )
        if after_line:
            condition += sql.SQL(
                " and case when held.key ~ '[|][0-9]{{1,18}}$'"
                " then cast(substring(held.key from '[0-9]+$') as bigint) > {} else false end"
            ).format(sql.Literal(after_line))
        with self.connection, self.connection.cursor() as cursor:
            within(cursor)
            return self._delete(cursor, condition, provenance)

    def _delete(
        self, cursor: PgCursor, condition: sql.Composable, provenance: Provenance | None = None
    ) -> BatchResult | None:
        started = time.monotonic()
        batch_id = ledger.next_batch_id(cursor)
        cursor.execute(statement("mark_deleted", table=self.table, condition=condition), {"batch_id": batch_id})
        deleted: dict[int, int] = dict(cursor.fetchall())
        if not deleted:
            return None
        ledger.write_replacements(cursor, batch_id, deleted, is_deletion=True)
        arrival = _Arrival("deletes", 0, 0, 0, None, None)
        outcome = _Outcome(batch_id, deleted=sum(deleted.values()))
        return self._write_ledger(cursor, provenance or Provenance(), arrival, outcome, time.monotonic() - started)

    def _arrivals(self, cursor: PgCursor, seen: str | None) -> list[_Arrival]:
        newest = newest_position(self.position_type)
        cursor.execute(
            statement("list_batches", newest=newest, position_type=sql.SQL(self.position_type)),
            {"cursor": seen},
        )
        return [_Arrival(*row) for row in cursor.fetchall()]

    def _write_rows(self, cursor: PgCursor, portion: Portion, arrival: _Arrival, file: str | None) -> _Outcome:
        batch_id = ledger.next_batch_id(cursor)
        values = {"label": arrival.label, "batch_id": batch_id}
        if arrival.rejected:
            place = {"source": self.source, "entity": self.entity, "file": file}
            cursor.execute(statement("insert_rejected"), values | place)
        superseded = unchanged = loaded = 0
        has_held_keys = False
        if not portion.has_new_keys:
            if not portion.has_unique_keys:
                cursor.execute(statement("drop_superseded"), values)
                superseded = cursor.rowcount
            cursor.execute(statement("compare_with_raw", table=self.table), values)
            held = cursor.fetchall()
            unchanged = sum(unchanged_rows for _batch, _changed, unchanged_rows in held)
            replaced = {older_batch_id: changed for older_batch_id, changed, _unchanged in held if changed}
            ledger.write_replacements(cursor, batch_id, replaced)
            has_held_keys = bool(held)
        if arrival.received > arrival.rejected + superseded + unchanged:
            name = "merge_rows" if has_held_keys else "insert_rows"
            cursor.execute(statement(name, table=self.table), values)
            loaded = cursor.rowcount
        return _Outcome(batch_id, superseded, unchanged, loaded)

    def _write_ledger(
        self, cursor: PgCursor, provenance: Provenance, arrival: _Arrival, outcome: _Outcome, seconds: float
    ) -> BatchResult:
        result = BatchResult(
            batch_id=outcome.batch_id,
            source=self.source,
            entity=self.entity,
            label=arrival.label,
            received=arrival.received,
            loaded=outcome.loaded,
            unchanged=outcome.unchanged,
            superseded=outcome.superseded,
            rejected=arrival.rejected,
            deleted=outcome.deleted,
            bytes=int(arrival.bytes),
            seconds=round(seconds, 3),
        )
        ledger.write_batch(
            cursor,
            result,
            {
                "run_id": self.run_id,
                "cursor_from": arrival.first_position if provenance.content_hash else provenance.cursor,
                "cursor_to": arrival.last_position,
                "holds_cursor": provenance.holds_cursor,
                "content_hash": provenance.content_hash,
                "schema_hash": provenance.schema_hash() if callable(provenance.schema_hash) else provenance.schema_hash,
            },
        )
        logger.debug("%s %s: received %s, loaded %s", self.where, result.label, result.received, result.loaded)
        return result


class _Arrival(NamedTuple):
    """What one batch of the transaction received; the columns of list_batches.sql."""

    label: str
    received: int
    rejected: int
    bytes: int
    first_position: str | None
    last_position: str | None


class _Outcome(NamedTuple):
    """What became of a batch's rows."""

    batch_id: int
    superseded: int = 0
    unchanged: int = 0
    loaded: int = 0
    deleted: int = 0


@contextmanager
def open_loader(
    connection: PgConnection, source: str, entity: str, run_id: str, position_type: str = "bigint"
) -> Iterator[EntityLoader]:
    """Lock the entity, make its raw table where it is missing, and let it be loaded.

    Args:
        connection: To the workspace's database; its session settings are changed.
        position_type: PostgreSQL type by which newer rows are told from older ones.

    Raises:
        TransientError: another process loads the same entity.
        TerminalError: the table's name would be too long.
    """
    loader = EntityLoader(connection, source, entity, run_id, position_type)
    name = f"{source}__{entity}"
    if len(name) > _LONGEST_NAME:
        raise TerminalError(
            _("the names of source and entity are too long together"),
            where=loader.where, found=name, allowed=_("{count} characters", count=_LONGEST_NAME),
        )  # fmt: skip
    _lock(connection, loader.where)
    try:
        with connection, connection.cursor() as cursor:
            # Enough to keep the keys of a million rows in memory; texts of times must not depend on the server.
            cursor.execute("set work_mem = '64MB'; set temp_buffers = '32MB'; set time zone 'UTC'")
            cursor.execute("select to_regclass(%s) is null", (loader.table.as_string(cursor),))
            if cursor.fetchone() == (True,):
                cursor.execute(statement("create_raw_table", table=loader.table))
            cursor.execute(
                "select exists (select from pg_index where indrelid = to_regclass(%s) and indisprimary)",
                (loader.table.as_string(cursor),),
            )
            loader.is_indexed = cursor.fetchone() == (True,)
            cursor.execute(statement("create_incoming", position_type=sql.SQL(position_type)))
        yield loader
        if loader.has_loaded:
            with connection, connection.cursor() as cursor:
                # Staging reads the table at once, before autovacuum would have looked at it.
                cursor.execute(sql.SQL("analyze {}").format(loader.table))
    finally:
        _release(connection, loader.where)


def newest_position(position_type: str) -> sql.Composable:
    """The aggregate that tells the cursor up to which rows have been seen."""
    return _NEWEST_TIME if position_type in TIME_TYPES else _NEWEST_NUMBER


def _copy(cursor: PgCursor, command: sql.Composable, rows: Rows) -> None:
    try:
        # The stubs ask for readline too, which COPY never calls.
        cursor.copy_expert(command.as_string(cursor), cast(TextIO, rows), _COPY_BYTES)
    except psycopg2.Error:
        if rows.failure:
            raise rows.failure from None
        raise
    if rows.failure:
        raise rows.failure


def _lock(connection: PgConnection, where: str) -> None:
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"set local lock_timeout = '{LOCK_WAIT_SECONDS}s'")
            # Held by the session, so that it spans transactions and ends with the process.
            cursor.execute("select pg_advisory_lock(hashtextextended('cockpit.load ' || %s, 0))", (where,))
    except psycopg2.OperationalError as error:
        if error.pgcode != errorcodes.LOCK_NOT_AVAILABLE:
            raise
        raise TransientError(
            _("another load of this entity is running"),
            where=where,
            fix=_("Wait for it to end, then run this one again."),
        ) from error


def _release(connection: PgConnection, where: str) -> None:
    """Let the next load of a shared connection's entities begin; a broken session has released it by itself."""
    if connection.closed:
        return
    try:
        connection.rollback()
        with connection, connection.cursor() as cursor:
            cursor.execute("drop table if exists incoming, present")
            cursor.execute("select pg_advisory_unlock(hashtextextended('cockpit.load ' || %s, 0))", (where,))
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        logger.warning("%s: the session broke off; its lock ends with it", where)
