"""`cockpit up`: start PostgreSQL, Airflow and Superset and wait until they are healthy."""

from __future__ import annotations

import argparse

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("start the platform and wait until it is healthy")
    return verbs.add_parser("up", help=text, description=text)


def run(_arguments: argparse.Namespace) -> int:
    """Start; services that run already stay as they are."""
    from cockpit.cli.output import stopwatch
    from cockpit.stack import lifecycle
    from cockpit.stack.settings import Settings

    tell = stopwatch()
    settings = lifecycle.up(Settings.load(), progress=tell)
    tell(_("All services are healthy."))
    addresses = settings.addresses()
    print(_("Cockpit  {address}", address=addresses["superset"]))
    print(_("Airflow  {address}", address=addresses["airflow"]))
    print(_("Forms    {address}", address=addresses["intake"] + "/docs"))
    print(_("Users and passwords: './cockpit credentials'"))
    return 0
