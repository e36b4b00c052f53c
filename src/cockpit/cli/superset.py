"""`cockpit superset`: files into Superset, first views before people come, approved dashboards into files."""

from __future__ import annotations

import argparse
from pathlib import Path

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("bring Superset to what superset/ and include/rules/security say")
    parser = verbs.add_parser("superset", help=text, description=text)
    parser.add_argument(
        "action",
        choices=["sync", "warm", "export-approved"],
        help=_(
            "sync: send what differs; warm: compute what people see first;"
            " export-approved: write dashboards published by approval as files"
        ),
    )
    parser.add_argument("--dry-run", action="store_true", help=_("with sync: only say what would change"))
    number = _("N")
    parser.add_argument(
        "--at-a-time", type=int, default=2, metavar=number, help=_("with warm: requests at a time; 2 by default")
    )
    parser.add_argument(
        "--seconds", type=float, default=120, metavar=number, help=_("with warm: for how long; 120 by default")
    )
    parser.add_argument(
        "--into",
        type=Path,
        metavar=_("FOLDER"),
        help=_("with export-approved: where it writes; approved/ in the home folder by default"),
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Sync, warm or export; prints one line per change or file, or counts."""
    if arguments.action == "warm":
        return _warm(arguments.at_a_time, arguments.seconds)
    if arguments.action == "export-approved":
        return _export(arguments.into)
    return _sync(arguments.dry_run)


def _sync(dry_run: bool) -> int:
    from cockpit.pipelines.publish import publish
    from cockpit.rulebook.workspace import find_workspace
    from cockpit.stack.settings import Settings

    result = publish(Settings.load(), find_workspace(), dry_run=dry_run)
    for change in result.changes:
        print(f"  {change}")
    if dry_run:
        print(_("{count} changes would be made", count=len(result.changes)))
    else:
        print(_("{count} changes made", count=len(result.changes)))
    return 0


def _warm(at_a_time: int, seconds: float) -> int:
    """Exit code 1 when nothing could be asked."""
    from cockpit.pipelines.first_views import compute_first_views
    from cockpit.rulebook.workspace import find_workspace
    from cockpit.stack.settings import Settings

    found = compute_first_views(Settings.load(), find_workspace(), at_a_time=max(at_a_time, 1), seconds=seconds)
    print(
        _(
            "{people} people: {computed} results computed, {present} were there, {failed} failed, in {seconds:.1f} s",
            people=found.people,
            computed=found.computed,
            present=found.present,
            failed=found.failed,
            seconds=found.seconds,
        )
    )
    for username in found.refused:
        print(_("  the login of {username} is refused, perhaps with a password of their own", username=username))
    if found.left_out:
        print(_("  the time was over before {count} first views", count=found.left_out))
    return 0 if found.computed + found.present else 1


def _export(into: Path | None) -> int:
    from cockpit.pipelines.export_approved import export_into
    from cockpit.rulebook.workspace import find_workspace
    from cockpit.stack.settings import Settings

    settings = Settings.load()
    folder = into or settings.home / "approved"
    exported = export_into(settings, find_workspace(), folder)
    for dashboard in exported:
        print(dashboard.title)
        for name in dashboard.files:
            print(f"  {folder / name}")
        for what in dashboard.left_out:
            print(f"  {_('left out: {what}', what=what)}")
        roles = ", ".join(dashboard.roles)
        print(f"  {_('roles.yml: add {name} to the dashboards of {roles}', name=dashboard.name, roles=roles)}")
    print(_("{count} approved dashboards", count=len(exported)))
    return 0
