"""Read tables of any database that SQLAlchemy knows, row by row, in constant memory (docs/adr/0013)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import CompileError, NoSuchTableError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeEngine

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources import SqlEntity, SqlSource
from cockpit.sources.databases.cursors import Cursor, cursor_of
from cockpit.sources.databases.driver_faults import driver_errors
from cockpit.sources.databases.tables import NO_CURSOR_TYPE, check_cursor, locate, present_name
from cockpit.sources.databases.texts import text_of
from cockpit.sources.loading.copytext import COPY_COLUMNS, CopyText, encode_record, escape, is_decoded
from cockpit.sources.loading.drift import schema_hash
from cockpit.sources.loading.keys import join_key
from cockpit.sources.loading.loader import Portion, Provenance
from cockpit.sources.loading.reading import Delivery, Observed, Window
from cockpit.warehouse.connections import connection_url

# The isolation in which a transaction sees one state of the database from its beginning to its end, without holding
# up those who write. A kind that is not here reads each table in a state of its own.
_SNAPSHOT_ISOLATION: Mapping[str, str] = {
    "mariadb": "REPEATABLE READ",
    "mysql": "REPEATABLE READ",
    "oracle": "SERIALIZABLE",
}

# What a session says first: that it only reads, and where the driver begins no transaction to read in, that too.
_FIRST_STATEMENTS: Mapping[str, tuple[str, ...]] = {
    "mariadb": ("set session transaction read only",),
    "mysql": ("set session transaction read only",),
    "sqlite": ("pragma query_only = on", "begin"),
}


class AnyDatabase:
    """A read-only session on a source; made by `open_source`."""

    def __init__(self, connection: Connection, source: SqlSource) -> None:
        self.name = source.source
        self._connection = connection
        self._source = source

    def reading(self, entity_name: str) -> TableReading:
        """Look up an entity's table.

        Raises:
            TerminalError: no such table, or a cursor that cannot be compared.
            TransientError: connection lost or database locked.
        """
        where = f"{self.name}.{entity_name}"
        with driver_errors(where):
            return TableReading(self._connection, self._source.entities[entity_name], where, self._source.batch_rows)


class TableReading:
    """One table or view, as `Reading` asks for it.

    Attributes:
        position_type: PostgreSQL type of the cursor.
        observed: All columns of the table, with their types in the source's words.
    """

    def __init__(self, connection: Connection, entity: SqlEntity, where: str, batch_rows: int) -> None:
        self._connection = connection
        self._entity = entity
        self._where = where
        self._batch_rows = batch_rows
        schema, _dot, name = entity.table.rpartition(".")
        self._types = _column_types(connection, name, schema or None, where)
        self._names = tuple(self._types)
        self._table = sa.table(name, *(sa.column(column) for column in self._names), schema=schema or None)
        self._cursor = self._find_cursor()
        self.position_type = self._cursor.position_type if self._cursor else NO_CURSOR_TYPE
        self.observed = Observed({column: _type_name(kind, connection) for column, kind in self._types.items()})

    def portions(self, window: Window) -> Iterator[Delivery]:
        """All rows of the window as one portion: they are in no order, so a part of them is no state to stop at.

        Raises:
            TerminalError: a column of the key or the cursor is missing, or the window fits no value of the cursor.
        """
        located = locate(self._where, self._entity, self._names)
        bounds = self._cursor.bounds(window) if self._cursor else None
        condition = bounds.condition() if bounds else None
        statement = sa.select(self._table)
        if condition is not None:
            statement = statement.where(condition)
        key_places = [self._names.index(column) for column in located.key]
        cursor_place = self._names.index(self._cursor.name) if self._cursor else None

        def lines() -> Generator[str, None, None]:
            for row in self._rows(statement):
                position = None
                if self._cursor and bounds and cursor_place is not None:
                    value = self._cursor.read(row[cursor_place])
                    if bounds.exclude(value):
                        continue
                    position = None if value is None else text_of(value)
                payload = dict(zip(self._names, row, strict=True))
                yield encode_record(payload, key=_key(row, key_places), label=window.label, position=position)

        with closing(lines()) as rows:
            provenance = Provenance(cursor=window.seen, schema_hash=schema_hash(self.observed))
            yield Delivery(Portion(CopyText(rows), COPY_COLUMNS), provenance)

    @contextmanager
    def keys(self) -> Iterator[Portion]:
        """Every key that the table holds now; rows that cannot be in raw, for want of a key, are left out."""
        located = locate(self._where, self._entity, self._names)
        statement = sa.select(*(self._table.c[column] for column in located.key))
        places = range(len(located.key))

        def lines() -> Generator[str, None, None]:
            for row in self._rows(statement):
                key = _key(row, places)
                if key and "\0" not in key and is_decoded(key):
                    yield f"{escape(key)}\n"

        with closing(lines()) as rows:
            yield Portion(CopyText(rows), ("key",))

    def _rows(self, statement: sa.Select[Any]) -> Iterator[Sequence[Any]]:
        """Rows as the driver gives them, some thousand at a time.

        The statement's columns have no types on purpose: converting would fail on the first value that does not fit
        its column, and change others.
        """
        with (
            driver_errors(self._where),
            self._connection.execute(statement, execution_options={"yield_per": self._batch_rows}) as result,
        ):
            for rows in result.partitions():
                yield from rows

    def _find_cursor(self) -> Cursor | None:
        name = self._entity.cursor and present_name(self._entity, self._entity.cursor, self._names)
        if not name or not self._entity.cursor:
            return None
        declared = self._entity.columns.get(self._entity.cursor)
        column = self._table.c[name]
        sample = self._connection.scalar(sa.select(column).where(column.is_not(None)).limit(1))
        cursor = cursor_of(name, self._types[name], declared.type if declared else None, sample)
        check_cursor(self._where, self._entity, cursor.position_type)
        return cursor


@contextmanager
def open_source(source: SqlSource) -> Iterator[AnyDatabase]:
    """Open a source for reading, in one snapshot where its kind has them.

    Raises:
        TerminalError: no such file, refused, or its driver is not installed.
        StackError: connection unknown.
        TransientError: no answer.
    """
    url = connection_url(source.connection)
    _refuse_missing_file(url, source.source)
    with driver_errors(source.source):
        engine = _engine(url)
    try:
        with driver_errors(source.source):
            connection = _connect(engine)
        try:
            yield AnyDatabase(connection, source)
        finally:
            connection.close()
    finally:
        engine.dispose()


def _engine(url: URL) -> Engine:
    engine = sa.create_engine(url, poolclass=NullPool, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def keep_undecodable_text(driver_connection: Any, _record: Any) -> None:
        # SQLite's driver gives up the whole table at a text that is not UTF-8; this way its row alone is rejected.
        if hasattr(driver_connection, "text_factory"):
            driver_connection.text_factory = lambda received: received.decode(errors="surrogateescape")

    return engine


def _connect(engine: Engine) -> Connection:
    connection = engine.connect()
    try:
        isolation = _SNAPSHOT_ISOLATION.get(engine.dialect.name)
        if isolation:
            connection = connection.execution_options(isolation_level=isolation)
        for statement in _FIRST_STATEMENTS.get(engine.dialect.name, ()):
            connection.exec_driver_sql(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_missing_file(url: URL, where: str) -> None:
    """SQLite would make an empty database of a mistyped name."""
    if url.get_backend_name() != "sqlite":
        return
    if not url.database or not Path(url.database).is_file():
        raise TerminalError(
            _("no such file or folder"),
            where=where,
            found=url.database or "",
            fix=_("Correct the connection, or put the file there."),
        )


def _column_types(connection: Connection, table: str, schema: str | None, where: str) -> dict[str, TypeEngine[Any]]:
    try:
        columns = sa.inspect(connection).get_columns(table, schema=schema)
    except NoSuchTableError as error:
        raise TerminalError(
            _("the source has no such table, or its user may not see it"),
            where=where,
            found=f"{schema}.{table}" if schema else table,
        ) from error
    return {column["name"]: column["type"] for column in columns}


def _type_name(kind: TypeEngine[Any], connection: Connection) -> str:
    try:
        return str(kind.compile(connection.dialect)).lower()
    except CompileError:
        # A column that its database knows no type of, or one that SQLAlchemy has no name for.
        return ""


def _key(row: Sequence[Any], places: Sequence[int]) -> str | None:
    """None when one of its values is."""
    values = [row[place] for place in places]
    if any(value is None for value in values):
        return None
    return join_key([text_of(value) for value in values])
