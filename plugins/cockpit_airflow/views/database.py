"""How pages ask the workspace's database: transactions of a few seconds, one connection per request."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from psycopg2.errors import QueryCanceled
from psycopg2.extensions import connection as PgConnection
from psycopg2.extras import RealDictCursor

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.workspace import find_workspace
from cockpit.warehouse.connections import connect
from cockpit.warehouse.faults import database_errors

Row: TypeAlias = dict[str, Any]

# A page that takes longer helps nobody, and holds a thread of the API server meanwhile.
_SECONDS = 15


@contextmanager
def connected(place: str, *, readonly: bool = True) -> Iterator[PgConnection]:
    """A connection for one request.

    Args:
        place: What is asked, for messages.
        readonly: Whether PostgreSQL refuses to write.

    Raises:
        TransientError: the database does not answer.
        TerminalError: it refuses, or does not answer in time.
    """
    with closing(connect(find_workspace().settings.warehouse)) as connection:
        connection.set_session(readonly=readonly)
        with database_errors(place):
            with connection, connection.cursor() as cursor:
                cursor.execute("set statement_timeout = %s", (f"{_SECONDS}s",))
            try:
                yield connection
            except QueryCanceled as error:
                raise TerminalError(
                    _("no answer in {seconds} s", seconds=_SECONDS),
                    where=place,
                    fix=_("Choose a source, or try again when fewer tasks run."),
                ) from error


def select(connection: PgConnection, file: Path, values: Mapping[str, object] | None = None, **parts: str) -> list[Row]:
    """The rows of a query that lies in a file.

    Args:
        connection: Of `connected`.
        file: With `%(name)s` for values and `{name}` for parts.
        values: By name.
        parts: SQL of our own that stands in several queries.
    """
    text = _text(file)
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(text, values or None)
        return [dict(row) for row in cursor.fetchall()]


@functools.cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
