"""Bring the metadata databases of Airflow and Superset to the installed versions; skipped when they are."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.stack import postgres
from cockpit.stack.people import ADMIN
from cockpit.stack.secret_files import write_private
from cockpit.stack.services import airflow_environment, superset_environment
from cockpit.stack.settings import Settings
from cockpit.stack.supervision import tail

_PREPARE_SUPERSET = Path(__file__).parent / "prepare_superset.py"


@dataclass(frozen=True)
class Migration:
    """One program's step from the schema that is there to the one it needs.

    Args:
        command: What to run.
        environment: Its variables beside the user's own.
        made_from: Files whose change makes it necessary again.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    made_from: Sequence[Path]


def migrations(settings: Settings) -> tuple[Migration, ...]:
    """The steps for Airflow and for Superset."""
    return (
        Migration(
            name="airflow",
            command=[str(settings.program("airflow", "airflow")), "db", "migrate"],
            environment=airflow_environment(settings),
            made_from=[settings.repository / "requirements/airflow.txt"],
        ),
        Migration(
            name="superset",
            command=[str(settings.program("superset", "python")), str(_PREPARE_SUPERSET)],
            environment=superset_environment(settings)
            | {"COCKPIT_ADMIN": ADMIN, "COCKPIT_ADMIN_PASSWORD_FILE": str(settings.secrets / f"user_{ADMIN}")},
            made_from=[
                settings.repository / "requirements/superset.txt",
                # Its pages bring permissions of their own, and a table.
                *sorted(settings.superset_config.parent.glob("*.py")),
                settings.secrets / f"user_{ADMIN}",
                _PREPARE_SUPERSET,
            ],
        ),
    )


def migrate(settings: Settings, progress: Callable[[str], object]) -> None:
    """Run what is needed, side by side.

    Raises:
        StackError: a step failed; names its log.
    """
    needed = [each for each in migrations(settings) if _stamp(settings, each.name) != _wanted(settings, each)]
    if not needed:
        return
    names = ", ".join(each.name for each in needed)
    progress(_("Preparing the metadata of {names}", names=names))
    with ThreadPoolExecutor(max_workers=len(needed)) as pool:
        for future in [pool.submit(_run, settings, each) for each in needed]:
            future.result()


def _run(settings: Settings, migration: Migration) -> None:
    log = settings.log_of(f"migrate-{migration.name}")
    inherited = {name: value for name, value in os.environ.items() if name != "COCKPIT_DB_URL"}
    with open(log, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as output:
        done = subprocess.run(
            migration.command,
            env=inherited | migration.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=settings.home,
            check=False,
        )
    if done.returncode != 0:
        raise StackError(
            _(
                "the metadata of {name} could not be prepared: {reason}",
                name=migration.name,
                reason=postgres.reason_in("\n".join(tail(log, 50))),
            ),
            where=str(log),
            fix=_("Correct the cause, then run the same command again."),
        )
    path = _stamp_path(settings, migration.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, _wanted(settings, migration))


def _wanted(settings: Settings, migration: Migration) -> str:
    # The server's address: the same home may be pointed to another, empty server.
    address = settings.addresses()["postgres"] if settings.is_external else "embedded"
    digest = hashlib.sha256(f"{sys.version_info[:2]} {address}\n".encode())
    for path in migration.made_from:
        digest.update(path.read_bytes() if path.exists() else b"-")
    return digest.hexdigest()


def _stamp(settings: Settings, name: str) -> str | None:
    path = _stamp_path(settings, name)
    return path.read_text() if path.exists() else None


def _stamp_path(settings: Settings, name: str) -> Path:
    return settings.data / "migrations" / name
