"""Look at the machine before, or when, something does not work: what is right, what is wrong and what to do."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import psutil

from cockpit.errors import CockpitError
from cockpit.i18n import _
from cockpit.stack import account, browser, environments, ports, postgres
from cockpit.stack.settings import Ports, Settings
from cockpit.stack.supervision import Supervisor

Level = Literal["ok", "warn", "fail"]

_LEAST_DISK_GB = 5
_LEAST_MEMORY_GB = 4
_NEWEST_TESTED_PYTHON = (3, 12)


@dataclass(frozen=True)
class Finding:
    """One line of `./cockpit doctor`.

    Args:
        level: `fail` prevents starting, `warn` limits something.
        subject: What was looked at.
        found: What was found.
        fix: What to do; None when all is well.
    """

    level: Level
    subject: str
    found: str
    fix: str | None = None


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check, cheap ones first."""
    yield _python()
    yield from _environments(settings)
    yield _disk(settings)
    yield _memory()
    yield from _ports(settings)
    yield from _database_account(settings)
    yield _chromium()
    yield _fonts()


def _python() -> Finding:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info[:2] > _NEWEST_TESTED_PYTHON:
        return Finding(
            "warn",
            "Python",
            found,
            _("Superset's packages have no ready builds for it; set COCKPIT_PYTHON to a 3.11 or 3.12."),
        )
    return Finding("ok", "Python", found)


def _environments(settings: Settings) -> Iterator[Finding]:
    for name in environments.SERVING:
        complete = environments.is_complete(settings.environments / name, environments.lock_hash(name))
        subject = _("environment {name}", name=name)
        if complete:
            yield Finding("ok", subject, _("complete, as its lock says"))
        else:
            yield Finding("warn", subject, _("not made, or the lock has changed"), _("Run './cockpit setup'."))


def _disk(settings: Settings) -> Finding:
    place = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    free = shutil.disk_usage(place).free / 2**30
    found = _("{free} GB free in {place}", free=f"{free:.1f}", place=place)
    if free < _LEAST_DISK_GB:
        level: Level = "fail" if free < 1 else "warn"
        return Finding(
            level,
            _("disk"),
            found,
            _("Have {least} GB free, or set COCKPIT_HOME to another disk.", least=_LEAST_DISK_GB),
        )
    return Finding("ok", _("disk"), found)


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    found = _("{free} of {total} GB free", free=f"{memory.available / 2**30:.1f}", total=f"{memory.total / 2**30:.1f}")
    if memory.available / 2**30 < _LEAST_MEMORY_GB:
        return Finding(
            "warn",
            _("memory"),
            found,
            _("The platform takes 2.5 GB when idle: close programs, or set COCKPIT_SUPERSET_WORKERS=1."),
        )
    return Finding("ok", _("memory"), found)


def _ports(settings: Settings) -> Iterator[Finding]:
    running = Supervisor(settings).is_running()
    remembered = (settings.run / "ports.json").exists()
    for name in Ports.model_fields:
        if name == "postgres" and settings.is_external:
            continue
        port = getattr(settings.ports, name)
        subject = _("port of {name}", name=name)
        if running:
            yield Finding("ok", subject, _("{port}, in use by this platform", port=port))
        elif ports.is_free(settings.bind, port):
            yield Finding("ok", subject, _("{port} is free", port=port))
        elif remembered:
            variable = f"COCKPIT_{name.upper()}_PORT"
            yield Finding(
                "fail",
                subject,
                _("{port} is taken by {holder}", port=port, holder=ports.holder(port)),
                _("Stop it, or set {variable} to another port.", variable=variable),
            )
        else:
            found = _(
                "{port} is taken by {holder}; the next free one will be used", port=port, holder=ports.holder(port)
            )
            yield Finding("ok", subject, found)


def _database_account(settings: Settings) -> Iterator[Finding]:
    subject = "PostgreSQL"
    try:
        if settings.is_external:
            postgres.check_version(settings)
            yield Finding("ok", subject, _("external server {address}", address=settings.addresses()["postgres"]))
            return
        words = account.prefix(settings.postgres_data)
        user = account.account()
        postgres.program(settings, "postgres")
    except CockpitError as error:
        yield Finding("fail", subject, error.message, error.fix)
        return
    if user is None:
        yield Finding("ok", subject, _("runs as you (user id {uid})", uid=os.getuid()))
    elif any("dac_read_search" in word for word in words):
        yield Finding("ok", subject, _("runs as user {user}, which may pass closed folders for it", user=user.pw_name))
    else:
        yield Finding("ok", subject, _("runs as user {user}, not as root", user=user.pw_name))


def _chromium() -> Finding:
    found = browser.find_chromium()
    if found is None:
        return Finding(
            "warn", "Chromium", _("not found; only './cockpit test' needs it"), browser.how_to_install("chromium")
        )
    return Finding("ok", "Chromium", str(found))


def _fonts() -> Finding:
    subject = _("Chinese fonts")
    if not browser.has_chinese_fonts():
        return Finding("warn", subject, _("not found; screenshots would show boxes"), browser.how_to_install("fonts"))
    return Finding("ok", subject, _("installed"))
