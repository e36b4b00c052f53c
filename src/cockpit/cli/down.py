"""`cockpit down`: stop everything, and leave no process behind."""

from __future__ import annotations

import argparse

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("stop the platform; data stay")
    return verbs.add_parser("down", help=text, description=text)


def run(_arguments: argparse.Namespace) -> int:
    """Stop, also what a killed supervisor left behind."""
    import sys

    from cockpit.stack import lifecycle
    from cockpit.stack.settings import Settings

    left = lifecycle.down(Settings.load(), progress=lambda text: print(text, file=sys.stderr))
    if left:
        print(_("Ended {count} processes that an earlier run had left behind.", count=left))
    print(_("Everything is stopped; data stay."))
    return 0
