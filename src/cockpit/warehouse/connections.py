"""The one place that turns a connection's name into an open connection.

Connections come from `AIRFLOW_CONN_<NAME>` in the environment or from the secret file that `./cockpit up` keeps;
Airflow reads the same variables, so that a task and `./cockpit run` always reach the same database.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as PgConnection
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from cockpit.errors import StackError, TransientError
from cockpit.i18n import _

PREFIX = "AIRFLOW_CONN_"


def secret_file() -> Path | None:
    """`$COCKPIT_HOME/secrets/connections.env`, when COCKPIT_HOME is set."""
    home = os.environ.get("COCKPIT_HOME")
    return Path(home) / "secrets" / "connections.env" if home else None


def is_defined(name: str) -> bool:
    """Whether there is a connection of that name, usable or not."""
    variable = PREFIX + name.upper()
    return bool(os.environ.get(variable) or _from_file(variable))


def connection_url(name: str) -> URL:
    """The address of a connection, with its password.

    Args:
        name: Connection id, for example `warehouse`; upper and lower case are the same.

    Raises:
        StackError: unknown or not readable as a URL. The message never holds the URL.
    """
    variable = PREFIX + name.upper()
    text = os.environ.get(variable) or _from_file(variable)
    if not text:
        raise StackError(
            _("connection '{name}' is not defined", name=name),
            allowed=f"{variable}=postgresql://user:password@host:port/database",
            fix=_("Set the variable, or run './cockpit up', which defines the platform's own connections."),
        )
    try:
        # Airflow writes postgres://; SQLAlchemy 2.1 would map postgresql:// to psycopg 3.
        url = make_url(text.replace("postgres://", "postgresql://", 1))
    except ArgumentError as error:
        raise StackError(
            _("connection '{name}' is not a URL", name=name), allowed="postgresql://user:password@host:port/database"
        ) from error
    return url.set(drivername="postgresql+psycopg2") if url.get_backend_name() == "postgresql" else url


def _from_file(variable: str) -> str | None:
    file = secret_file()
    if file is None or not file.exists():
        return None
    for line in file.read_text(encoding="utf-8").splitlines():
        name, _sign, value = line.partition("=")
        if name.strip() == variable:
            return value.strip()
    return None


def connect(name: str) -> PgConnection:
    """Open a psycopg2 connection to a PostgreSQL database by its connection id.

    Raises:
        StackError: unknown connection, wrong password, or no such database.
        TransientError: the server does not answer (yet).
    """
    url = connection_url(name)
    try:
        connection = psycopg2.connect(
            host=url.host,
            port=url.port,
            user=url.username,
            password=url.password,
            dbname=url.database,
            application_name=f"cockpit {name}",
            connect_timeout=10,
        )
    except psycopg2.OperationalError as error:
        place = f"{url.host}:{url.port}/{url.database}"
        reason = str(error).strip().splitlines()[-1]
        if "authentication failed" in reason or "does not exist" in reason:
            raise StackError(
                _("connection '{name}' was refused: {reason}", name=name, reason=reason),
                where=place,
                fix=_("Check its user, password and database."),
            ) from error
        raise TransientError(
            _("connection '{name}' has no answer: {reason}", name=name, reason=reason),
            where=place,
            fix=_("See './cockpit status'; start the platform with './cockpit up'."),
        ) from error
    return connection


class Connections:
    """Open connections that are used again; leaving it closes them.

    Args:
        name: Connection id. None is opened before it is needed.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._idle: list[PgConnection] = []

    def __enter__(self) -> Connections:
        return self

    def __exit__(self, *_error: object) -> None:
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def one(self) -> Iterator[PgConnection]:
        """A connection for one user at a time, as `connect` gives it; errors as there."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = connect(self._name)
        try:
            yield connection
            # Whatever its user set, such as the isolation level, ends here.
            connection.reset()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
