"""Read the command line, run the verb, and turn every failure into one line and an exit code.

A verb is a module of this package with `add_parser(subparsers)` and `run(arguments) -> exit code`. It imports what
it needs inside `run`, so that help stays fast.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cockpit import __version__
from cockpit.cli.output import inert
from cockpit.errors import CockpitError
from cockpit.i18n import _

VERBS = (
    "setup",
    "up",
    "down",
    "demo",
    "run",
    "sources",
    "models",
    "standardise",
    "match",
    "tasks",
    "completions",
    "mdm",
    "report",
    "metrics",
    "superset",
    "status",
    "logs",
    "queries",
    "doctor",
    "credentials",
    "test",
    "bench",
    "reset",
)

EXIT_FAILURE = 1
EXIT_INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The parser with all verbs."""
    # argparse takes its own texts (usage, options, errors) from this name; they come from our catalogue too.
    argparse._ = _  # type: ignore[attr-defined]
    root = argparse.ArgumentParser(
        prog="cockpit",
        description=_("CRM Cockpit: from raw customer data to figures that people trust."),
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=18),
        epilog=_("Exit codes: 0 done, 1 failed, 2 usage, 3 configuration wrong, 4 platform not running, 75 try again."),
    )
    root.add_argument(
        "-V",
        "--version",
        action="version",
        version=__version__,
        help=_("show program's version number and exit"),
    )
    verbs = root.add_subparsers(dest="verb", metavar=_("VERB"), required=True, title=_("verbs"))
    for verb in VERBS:
        module = importlib.import_module(f"cockpit.cli.{verb}")
        module.add_parser(verbs).set_defaults(run=module.run)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Returns:
        The exit code.
    """
    # Data, logs and secrets of the platform are nobody else's business.
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    # Libraries set levels on loggers of their own; the terminal shows warnings whatever they think.
    logging.getLogger().handlers[0].setLevel(logging.WARNING)
    given = _parsed(arguments)
    try:
        code: int = given.run(given)
    except CockpitError as error:
        print(inert(f"cockpit: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; what is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILURE
    except Exception as error:  # The outermost place: the traceback goes to the log, not to the user.
        log = _write_traceback()
        print(
            "cockpit: "
            + _(
                "unexpected error: {kind}: {text} (log: {log}). Please report it with the log.",
                kind=type(error).__name__,
                text=inert(str(error).splitlines()[0]) if str(error) else "-",
                log=log,
            ),
            file=sys.stderr,
        )
        return EXIT_FAILURE
    return code


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; help wraps at the terminal's width, and without a terminal at 80 columns, which fit everywhere."""
    if "COLUMNS" in os.environ or sys.stdout.isatty():
        return parser().parse_args(arguments)
    # For argparse alone: tables that go into a file or a pipe are as wide as they are.
    os.environ["COLUMNS"] = "80"
    try:
        return parser().parse_args(arguments)
    finally:
        del os.environ["COLUMNS"]


def _write_traceback() -> Path:
    from cockpit.stack.settings import REPOSITORY

    home = Path(os.environ.get("COCKPIT_HOME") or REPOSITORY / ".cockpit")
    path = home / "logs" / "cli.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{datetime.now().astimezone().isoformat()} {' '.join(sys.argv[1:2])}\n{traceback.format_exc()}")
    return path
