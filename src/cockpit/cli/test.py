"""`cockpit test`: run the tests in their own environment."""

from __future__ import annotations

import argparse
import os
import sys

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

# What each choice gives to pytest; `full` marks the long matrices.
SELECTIONS = {
    "unit": ["tests/unit", "tests/architecture"],
    "default": ["-m", "not full", "tests"],
    "all": ["tests"],
}


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("run the tests; more for pytest after --")
    verb = verbs.add_parser(
        "test",
        help=text,
        description=_(
            "Run the tests: 'unit' the fast ones without services, 'all' the long matrices too, else everything "
            "on one pass. What follows -- goes to pytest."
        ),
    )
    verb.add_argument("selection", nargs="?", choices=["unit", "all"], default="default", help=_("which tests"))
    verb.add_argument("pytest", nargs=argparse.REMAINDER, metavar="-- ...", help=_("arguments for pytest"))
    return verb


def run(arguments: argparse.Namespace) -> int:
    """Become pytest; its exit code is the verb's."""
    from cockpit.stack.settings import Settings, make_folders

    settings = Settings.load()
    make_folders(settings)
    if arguments.selection != "unit":
        _provide_browser(settings.log_of("setup"))
    extra = [argument for argument in arguments.pytest if argument != "--"]
    os.chdir(settings.repository)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *SELECTIONS[arguments.selection], *extra])  # noqa: S606 (no shell is wanted)


def _provide_browser(log: os.PathLike[str]) -> None:
    """Install Chromium and Chinese fonts where possible; else say how, and let the browser tests say what fails."""
    from pathlib import Path

    from cockpit.stack import browser

    def tell(text: str) -> None:
        print(text, file=sys.stderr)

    for need in browser.install(browser.missing(), Path(log), tell):
        tell(_("{need} is missing: the browser tests will fail.", need=need) + " " + browser.how_to_install(need))
