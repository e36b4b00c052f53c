"""Read tables of a PostgreSQL source: COPY out of there, into COPY here, nothing in between but a pipe."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.source import SqlEntity, SqlSource
from cockpit.sources.delimited import EMPTY_KEY
from cockpit.sources.keys import key_expression
from cockpit.sources.loader import TIME_TYPES
from cockpit.sources.statements import statement
from cockpit.warehouse.connections import connect, connection_url
from cockpit.warehouse.faults import database_errors

COPY_COLUMNS = ("key", "payload", "hash", "label", "position", "reason", "raw_text")

_CURSOR_TYPES = (*TIME_TYPES, "smallint", "integer", "bigint", "numeric")
_TYPE_MODIFIER = re.compile(r"\(.*?\)")
_NO_CURSOR_TYPE = "bigint"


@dataclass(frozen=True)
class SourceTable:
    """A table of the source, looked up and fit to be read.

    Attributes:
        position_type: PostgreSQL type of the cursor column; any type where there is none.
        schema_hash: SHA-256 of the names and types of all its columns, declared or not.
    """

    entity: SqlEntity
    name: sql.Identifier
    position_type: str
    schema_hash: str


class PostgresSource:
    """A read-only session on a source, in one snapshot from beginning to end; made by `open_source`."""

    def __init__(self, connection: PgConnection, source: SqlSource) -> None:
        self.name = source.source
        self._connection = connection
        self._source = source

    def table(self, entity_name: str) -> SourceTable:
        """Look up an entity's table.

        Raises:
            TerminalError: no such table, a declared column or the cursor is missing, or a cursor that cannot be
                compared.
        """
        entity = self._source.entities[entity_name]
        where = f"{self.name}.{entity_name}"
        name = sql.Identifier(*entity.table.split("."))
        with database_errors(where), self._connection.cursor() as cursor:
            cursor.execute(statement("list_columns"), {"table": name.as_string(cursor)})
            columns: dict[str, str] = dict(cursor.fetchall())
        if not columns:
            raise TerminalError(
                _("the source has no such table, or its user may not see it"), where=where, found=entity.table
            )
        missing = [
            column for column in (*entity.columns, *entity.key, entity.cursor) if column and column not in columns
        ]
        if missing:
            raise TerminalError(
                _("the column {name} is missing", name=", ".join(dict.fromkeys(missing))),
                where=f"{where}: {entity.table}",
                found=", ".join(columns),
                fix=_("Correct 'columns', 'key' or 'cursor' of the entity."),
            )
        position_type = _NO_CURSOR_TYPE
        if entity.cursor:
            position_type = _TYPE_MODIFIER.sub("", columns[entity.cursor])
            # Texts order differently from server to server; a cursor must not.
            if position_type not in _CURSOR_TYPES or (entity.overlap and position_type not in TIME_TYPES):
                raise TerminalError(
                    _("the cursor {name} has a type that does not fit", name=entity.cursor),
                    where=f"{where}: {entity.table}",
                    found=position_type,
                    allowed=", ".join(TIME_TYPES if entity.overlap else _CURSOR_TYPES),
                )
        described = "\n".join(f"{column} {kind}" for column, kind in columns.items())
        return SourceTable(entity, name, position_type, hashlib.sha256(described.encode()).hexdigest())

    @contextmanager
    def rows(self, table: SourceTable, label: str, after: str | None) -> Iterator[Pump]:
        """Start reading rows in COPY's binary format for `COPY_COLUMNS`.

        Args:
            label: Name of the batch.
            after: Cursor value up to which rows were seen; all rows are read when None.
        """
        copy = statement(
            "copy_rows",
            label=sql.Literal(label),
            no_key=sql.Literal(EMPTY_KEY),
            key=key_expression(table.entity.key),
            position=self._position(table),
            table=table.name,
            condition=self._condition(table, after),
        )
        pump = Pump(self._connection, copy.as_string(self._connection))
        try:
            yield pump
        finally:
            pump.close()

    @staticmethod
    def _position(table: SourceTable) -> sql.Composable:
        if table.entity.cursor:
            return sql.Identifier("record", table.entity.cursor)
        return sql.SQL("cast(null as {})").format(sql.SQL(table.position_type))

    @staticmethod
    def _condition(table: SourceTable, after: str | None) -> sql.Composable:
        if after is None or table.entity.cursor is None:
            return sql.SQL("")
        start: sql.Composable = sql.SQL("cast({} as {})").format(sql.Literal(after), sql.SQL(table.position_type))
        if table.entity.overlap:
            start = sql.SQL("{} - {}").format(start, sql.Literal(table.entity.overlap))
        return sql.SQL("where record.{cursor} >= {start} or record.{cursor} is null").format(
            cursor=sql.Identifier(table.entity.cursor), start=start
        )


class Pump:
    """Moves the output of COPY through a pipe, whose size bounds the memory, to the COPY that reads it.

    Attributes:
        failure: The error that ended the source's output early. The reader only sees an end, so the loader has to
            look here before it commits.
    """

    def __init__(self, connection: PgConnection, copy: str) -> None:
        reading, writing = os.pipe()
        self.failure: Exception | None = None
        self._output: BinaryIO = os.fdopen(reading, "rb")
        self._thread = threading.Thread(target=self._run, args=(connection, copy, writing), name="copy", daemon=True)
        self._thread.start()

    def _run(self, connection: PgConnection, copy: str, writing: int) -> None:
        try:
            with os.fdopen(writing, "wb") as sink, connection.cursor() as cursor:
                cursor.copy_expert(copy, sink)
        except Exception as error:
            self.failure = error

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; nothing when the source's output has ended, well or not."""
        data = self._output.read(size)
        if not data:
            # The failure is known only when the thread has ended.
            self._thread.join()
        return data

    def close(self) -> None:
        """Stop reading; the source's COPY ends with it."""
        self._output.close()
        self._thread.join()


@contextmanager
def open_source(source: SqlSource) -> Iterator[PostgresSource]:
    """Open a source for reading: one snapshot, so that tables read after each other fit together.

    Raises:
        TerminalError: not PostgreSQL.
        StackError: connection unknown or refused.
        TransientError: no answer.
    """
    backend = connection_url(source.connection).get_backend_name()
    if backend != "postgresql":
        raise TerminalError(
            _("connector 'sql' cannot read this kind of database"),
            where=source.source,
            found=backend,
            allowed="postgresql",
        )
    connection = connect(source.connection)
    try:
        with database_errors(source.source):
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            connection.set_client_encoding("UTF8")
            with connection.cursor() as cursor:
                # The text of a time, in keys and payloads, must not depend on the server's settings.
                cursor.execute("set time zone 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'iso_8601'")
        yield PostgresSource(connection, source)
    finally:
        connection.close()
