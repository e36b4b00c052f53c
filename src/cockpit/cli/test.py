"""`cockpit test`: run the tests in their own environment."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from cockpit.cli.subparsers import Subparsers
from cockpit.errors import UsageError
from cockpit.i18n import _

# Two processes, to which tests/conftest.py gives whole groups: one has the demo for a third of the time.
_SHARED = ["-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
# What each choice gives to pytest; `full` marks the long matrices.
SELECTIONS = {
    "unit": ["tests/unit", "tests/architecture"],
    "default": ["-m", "not full", *_SHARED, "tests"],
    "all": [*_SHARED, "tests"],
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
    # One list: argparse cannot tell an optional word from arguments that are passed on.
    verb.add_argument("words", nargs=argparse.REMAINDER, metavar="[unit|all] [-- ...]", help=_("which tests"))
    return verb


def run(arguments: argparse.Namespace) -> int:
    """Become pytest; its exit code is the verb's."""
    from cockpit.stack.settings import Settings, make_folders

    selection, extra = chosen(arguments.words)
    settings = Settings.load()
    make_folders(settings)
    if selection != "unit":
        _provide_browser(settings.log_of("setup"))
    os.chdir(settings.repository)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *SELECTIONS[selection], *extra])  # noqa: S606 (no shell is wanted)


def chosen(words: Sequence[str]) -> tuple[str, list[str]]:
    """Split the words into the selection and what goes to pytest.

    Raises:
        UsageError: a word before `--` is no selection.
    """
    before, after = list(words), []
    if "--" in before:
        place = before.index("--")
        before, after = before[:place], before[place + 1 :]
    if not before:
        return "default", after
    if len(before) > 1 or before[0] not in ("unit", "all"):
        raise UsageError(
            _("unknown tests"), found=" ".join(before), allowed="unit, all", fix=_("Arguments for pytest go behind --.")
        )
    return before[0], after


def _provide_browser(log: os.PathLike[str]) -> None:
    """Install Chromium and Chinese fonts where possible; else say how, and let the browser tests say what fails."""
    from pathlib import Path

    from cockpit.stack import browser

    def tell(text: str) -> None:
        print(text, file=sys.stderr)

    for need in browser.install(browser.missing(), Path(log), tell):
        tell(_("{need} is missing: the browser tests will fail.", need=need) + " " + browser.how_to_install(need))
