"""`cockpit logs`: what the services wrote."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

_INTERVAL_SECONDS = 0.3


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("show the end of the logs, or follow them")
    verb = verbs.add_parser("logs", help=text, description=text)
    verb.add_argument("service", nargs="?", metavar=_("SERVICE"), help=_("name as in status; all when not given"))
    verb.add_argument("-f", "--follow", action="store_true", help=_("go on as lines are written"))
    verb.add_argument("-n", "--lines", type=int, default=40, metavar="N", help=_("lines of each log (default 40)"))
    return verb


def run(arguments: argparse.Namespace) -> int:
    """Print the ends of the logs.

    Raises:
        StackError: there is no log of that name.
    """
    from cockpit.errors import StackError
    from cockpit.stack.settings import Settings
    from cockpit.stack.supervision import tail

    settings = Settings.load()
    names = sorted(log.stem for log in settings.logs.glob("*.log"))
    if arguments.service:
        if arguments.service not in names:
            raise StackError(
                _("there is no such log"),
                found=arguments.service,
                allowed=", ".join(names) or _("none yet; './cockpit up' writes them"),
            )
        names = [arguments.service]
    logs = {name: settings.newest_log_of(name) for name in names}
    sizes = {name: log.stat().st_size for name, log in logs.items()}
    for name, log in logs.items():
        for line in tail(log, arguments.lines):
            _show(name if len(logs) > 1 else "", line)
    while arguments.follow:
        time.sleep(_INTERVAL_SECONDS)
        for name, log in logs.items():
            sizes[name] = _show_new(name if len(logs) > 1 else "", log, sizes[name])
            # The database server begins a file each day.
            if (newest := settings.newest_log_of(name)) != log:
                logs[name], sizes[name] = newest, 0
    return 0


def _show_new(name: str, log: Path, position: int) -> int:
    """Print whole lines written after `position`; returns the next position."""
    try:
        size = log.stat().st_size
    except FileNotFoundError:
        return 0
    # A smaller file is a new one: the log was rotated.
    position = position if size >= position else 0
    with log.open("rb") as file:
        file.seek(position)
        text = file.read()
    end = text.rfind(b"\n") + 1
    for line in text[:end].decode(errors="replace").splitlines():
        _show(name, line)
    return position + end


def _show(name: str, line: str) -> None:
    """A line, with the service's name where several are shown."""
    print(f"{name}: {line}" if name else line, flush=True)
