"""Turn SQLAlchemy's errors into ours, whatever the driver beneath it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, NoSuchModuleError, OperationalError, SQLAlchemyError

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _

# Modules of drivers whose package has another name.
_PACKAGES = {"MySQLdb": "mysqlclient", "cx_Oracle": "oracledb", "pymysql": "PyMySQL"}

# Drivers report both what passes (a lost connection, a lock) and what does not as operational errors.
_PERMANENT = (
    "access denied",
    "authentication",
    "does not exist",
    "invalid username",
    "login failed",
    "malformed",
    "no such",
    "not a database",
    "permission denied",
    "unable to open",
    "unknown database",
)


@contextmanager
def driver_errors(where: str) -> Iterator[None]:
    """Translate the errors of reading a source.

    Args:
        where: `source.entity`, for the message.

    Raises:
        TransientError: connection lost or refused, database locked.
        TerminalError: any other refusal, and a driver that is not installed.
    """
    try:
        yield
    except NoSuchModuleError as error:
        raise TerminalError(
            _("connector 'sql' cannot read this kind of database"),
            where=where,
            found=str(error).rpartition(":")[2],
            allowed="postgresql, sqlite, mysql, mariadb, oracle, mssql",
        ) from error
    except ModuleNotFoundError as error:
        package = _PACKAGES.get(error.name or "", error.name)
        raise TerminalError(
            _("the driver of this database is not installed: package {package}", package=package),
            where=where,
            fix=_("Add it to requirements/airflow.in and compile the lock, as CONTRIBUTING.md says."),
        ) from error
    except DBAPIError as error:
        reason = _reason(error)
        passes = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
        if passes and not any(sign in reason.lower() for sign in _PERMANENT):
            raise TransientError(
                _("the source does not answer now: {reason}", reason=reason),
                where=where,
                fix=_("Nothing of this step was kept; run it again."),
            ) from error
        raise TerminalError(
            _("the source refused: {reason}", reason=reason),
            where=where,
            fix=_("Check the connection, the entity's table and what its user may read."),
        ) from error
    except SQLAlchemyError as error:
        raise TerminalError(
            _("the source cannot be read: {reason}", reason=str(error).partition("\n")[0]), where=where
        ) from error


def _reason(error: DBAPIError) -> str:
    # Only the first line of the driver's own words: what SQLAlchemy adds holds the statement and its values.
    return str(error.orig).strip().partition("\n")[0] or type(error.orig).__name__
