"""`cockpit setup`: make the environments and folders, start nothing."""

from __future__ import annotations

import argparse

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("make the environments; every other verb does it too when needed")
    return verbs.add_parser("setup", help=text, description=text)


def run(_arguments: argparse.Namespace) -> int:
    """Say what is there: the environments were made before this module could be loaded."""
    from cockpit.stack.settings import Settings, make_folders

    settings = Settings.load()
    make_folders(settings)
    print(_("Environments are ready in {path}.", path=settings.environments))
    print(_("Next: './cockpit demo' with the demo company, or './cockpit up' for an empty platform."))
    return 0
