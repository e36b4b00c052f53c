"""`cockpit superset sync`: dashboards, roles and people from files into Superset."""

from __future__ import annotations

import argparse

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("bring Superset to what superset/ and include/rules/security say")
    parser = verbs.add_parser("superset", help=text, description=text)
    parser.add_argument("action", choices=["sync"], help=_("sync: send what differs"))
    parser.add_argument("--dry-run", action="store_true", help=_("only say what would change"))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Sync; prints one line per change."""
    from cockpit.pipelines.publish import publish
    from cockpit.rulebook.workspace import find_workspace
    from cockpit.stack.settings import Settings

    result = publish(Settings.load(), find_workspace(), dry_run=arguments.dry_run)
    for change in result.changes:
        print(f"  {change}")
    if arguments.dry_run:
        print(_("{count} changes would be made", count=len(result.changes)))
    else:
        print(_("{count} changes made", count=len(result.changes)))
    return 0
