"""Databases, roles and schemas of the platform; skipped when nothing they are made from has changed."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import encrypt_password

from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.stack import postgres
from cockpit.stack.secret_files import write_private
from cockpit.stack.settings import DATABASES, ROLES, Database, Settings

logger = logging.getLogger(__name__)

# Written on every role, so that a role of the same name on a shared server is not taken over.
OWNERSHIP = "CRM Cockpit"
_FOLDER = Path(__file__).parent
# What the row security needs of an administrator, kept beside the rest of it.
_SECURITY_SCRIPT = Path("include/sql/security/provision.sql")


def provision(settings: Settings) -> None:
    """Make or complete the cluster.

    The embedded server is left alone when neither scripts nor passwords changed since the last time; an existing
    server is always looked at, because others may change it.

    Raises:
        StackError: not enough rights, or a role of this name belongs to something else.
        TransientError: the server does not answer.
    """
    stamp = settings.data / "migrations" / "provision"
    wanted = _inputs(settings)
    if not settings.is_external and stamp.exists() and stamp.read_text() == wanted:
        return
    try:
        connection = postgres.connect(settings)
        try:
            _provision_roles(connection, settings)
            for database in DATABASES:
                _provision_database(connection, database)
                _provision_content(settings, database)
                _restrict_connections(connection, database)
            if not settings.is_external:
                _close_maintenance_databases(connection)
        finally:
            connection.close()
    except psycopg2.errors.InsufficientPrivilege as error:
        raise StackError(
            _("the database login may not do this: {reason}", reason=str(error).splitlines()[0]),
            where="COCKPIT_DB_URL",
            fix=_("Name a login that may create roles and databases."),
        ) from error
    except (psycopg2.errors.DiskFull, psycopg2.OperationalError) as error:
        raise StackError(
            _("the database could not be set up: {reason}", reason=postgres.reason_in(str(error))),
            where="postgres",
            fix=_("Correct the cause, then run the same command again."),
        ) from error
    stamp.parent.mkdir(parents=True, exist_ok=True)
    write_private(stamp, wanted)


# Many rounds protect passwords that can be guessed. These are random numbers of 192 bits, and whoever connects waits
# for each round: PostgreSQL's own 4,096 were half of the time of a connection; a chart makes one for each query.
_SCRAM_ITERATIONS = 256
_SCRAM_ITERATIONS_SINCE = 160_000


def _inputs(settings: Settings) -> str:
    scripts = [Path(__file__), *sorted(_FOLDER.glob("*.sql")), settings.repository / _SECURITY_SCRIPT]
    digest = hashlib.sha256(repr((DATABASES, [settings.secret(role) for role in ROLES])).encode())
    for script in scripts:
        digest.update(script.read_bytes() if script.exists() else b"-")
    return digest.hexdigest()


def _provision_roles(connection: PgConnection, settings: Settings) -> None:
    with connection.cursor() as cursor:
        if connection.server_version >= _SCRAM_ITERATIONS_SINCE:
            cursor.execute("set scram_iterations = %s", (_SCRAM_ITERATIONS,))
        cursor.execute(
            "select rolname, shobj_description(oid, 'pg_authid') from pg_roles where rolname = any(%s)", [list(ROLES)]
        )
        existing: dict[str, str | None] = dict(cursor.fetchall())
        foreign = [role for role, comment in existing.items() if comment != OWNERSHIP]
        if foreign:
            raise StackError(
                _("the database role '{role}' belongs to something else", role=foreign[0]),
                where="COCKPIT_DB_URL",
                fix=_("Use a server of its own, or comment the role as '{comment}'.", comment=OWNERSHIP),
            )
        for role in ROLES:
            name = sql.Identifier(role)
            if role not in existing:
                cursor.execute(sql.SQL("create role {} login").format(name))
                cursor.execute(sql.SQL("comment on role {} is {}").format(name, sql.Literal(OWNERSHIP)))
                logger.info("role %s created", role)
            # Encrypted here: a plain password would stand in the server's log after an error.
            encrypted = encrypt_password(settings.secret(role), role, connection, "scram-sha-256")
            cursor.execute(sql.SQL("alter role {} password {}").format(name, sql.Literal(encrypted)))
            if settings.is_external:
                # An administrator that is no superuser (managed servers) must be a member to give ownership away.
                cursor.execute(sql.SQL("grant {} to current_user").format(name))


def _provision_database(connection: PgConnection, database: Database) -> None:
    name = sql.Identifier(database.name)
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", [database.name])
        if cursor.fetchone() is None:
            cursor.execute(
                sql.SQL("create database {} owner {} template template0 encoding 'UTF8'").format(
                    name, sql.Identifier(database.owner)
                )
            )
            logger.info("database %s created", database.name)


def _restrict_connections(connection: PgConnection, database: Database) -> None:
    """Owner and readers may connect, nobody else; last, whatever the scripts before granted."""
    name = sql.Identifier(database.name)
    strangers = [sql.Identifier(role) for role in ROLES if role not in (database.owner, *database.readers)]
    readers = [sql.Identifier(role) for role in database.readers]
    with connection.cursor() as cursor:
        for role in (sql.SQL("public"), *strangers):
            cursor.execute(sql.SQL("revoke all on database {} from {}").format(name, role))
        for role in readers:
            cursor.execute(sql.SQL("grant connect on database {} to {}").format(name, role))


def _close_maintenance_databases(connection: PgConnection) -> None:
    with connection.cursor() as cursor:
        for name in ("postgres", "template1"):
            cursor.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(name)))


def _provision_content(settings: Settings, database: Database) -> None:
    scripts = []
    if database.is_workspace:
        scripts.append(_FOLDER / "workspace.sql")
        scripts.append(settings.repository / _SECURITY_SCRIPT)
    if database.has_truth:
        scripts.append(_FOLDER / "truth.sql")
    present = [script for script in scripts if script.exists()]
    if not present and not database.readers:
        return
    connection = postgres.connect(settings, database.name)
    try:
        with connection.cursor() as cursor:
            for script in present:
                # Without parameters psycopg2 leaves per cent signs alone.
                cursor.execute(script.read_text(encoding="utf-8"))
            if not database.is_workspace:
                _let_readers_read(cursor, database)
    finally:
        connection.close()


def _let_readers_read(cursor: psycopg2.extensions.cursor, database: Database) -> None:
    """Readers of a source system: select on everything in it, now and later."""
    owner = sql.Identifier(database.owner)
    for reader in database.readers:
        name = sql.Identifier(reader)
        cursor.execute(sql.SQL("grant usage on schema public to {}").format(name))
        cursor.execute(sql.SQL("grant select on all tables in schema public to {}").format(name))
        cursor.execute(
            sql.SQL("alter default privileges for role {} in schema public grant select on tables to {}").format(
                owner, name
            )
        )
