"""`cockpit queries`: who asked what, out of the database's log."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.stack.query_log import Asked
    from cockpit.stack.settings import Settings

_SHOWN_CHARACTERS = 220


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("show who asked the marts what, on a day")
    verb = verbs.add_parser("queries", help=text, description=text)
    verb.add_argument("--person", metavar=_("USER"), help=_("only what this person asked"))
    verb.add_argument("--day", type=_day, metavar=_("DAY"), help=_("such as 2026-11-23; today when not given"))
    verb.add_argument("--full", action="store_true", help=_("whole statements, and those that only open a connection"))
    verb.add_argument(
        "--file",
        metavar=_("FILE"),
        help=_("a log of an existing server, '-' for the input; all its days without --day"),
    )
    return verb


def run(arguments: argparse.Namespace) -> int:
    """Print the statements in the order of the log.

    Raises:
        StackError: the log lies on an existing server.
    """
    from cockpit.stack.settings import Settings

    count = 0
    for asked in _asked(arguments, Settings.load()):
        if arguments.person in (None, asked.person) and (arguments.full or not asked.is_of_the_driver):
            count += 1
            _show(asked, with_day=arguments.file is not None, full=arguments.full)
    print(_("{count} statements", count=count), file=sys.stderr)
    return 0


def _asked(arguments: argparse.Namespace, settings: Settings) -> Iterator[Asked]:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from cockpit.errors import StackError
    from cockpit.stack import query_log

    if arguments.file is not None:
        if arguments.file != "-" and not Path(arguments.file).is_file():
            raise StackError(_("there is no such file"), where=arguments.file)
        # Split at line feeds alone: other line ends may stand in a statement.
        source = sys.stdin.fileno() if arguments.file == "-" else arguments.file
        with open(source, encoding="utf-8", errors="replace", newline="\n") as file:  # noqa: PTH123 (or a number)
            yield from (
                asked for asked in query_log.statements(file) if arguments.day is None or asked.day == arguments.day
            )
    elif settings.is_external:
        raise StackError(
            _("the log of an existing PostgreSQL lies on its server"),
            fix=_("Bring it here and name it with --file; see docs/how-to/see-who-asked-what.md."),
        )
    else:
        day = arguments.day or datetime.now(ZoneInfo(settings.time_zone)).date()
        yield from query_log.of_day(settings, day)


def _show(asked: Asked, *, with_day: bool, full: bool) -> None:
    from cockpit.cli.output import folded, inert

    when = f"{asked.day} {asked.time}" if with_day else asked.time
    note = "  " + _("(under another name)") if asked.has_other_name else ""
    print(inert(f"{when}  {asked.person}  {asked.database}{note}"))
    text = asked.text
    if not full and len(text) > _SHOWN_CHARACTERS:
        text = text[:_SHOWN_CHARACTERS] + " …"
    print(folded(inert(text), indent=4))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_("is no day such as 2026-11-23: {text}", text=text)) from error
