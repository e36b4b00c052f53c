"""`cockpit doctor`: what on this machine is right, what is wrong, and what to do."""

from __future__ import annotations

import argparse

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

EXIT_UNUSABLE = 4


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("check ports, disk, memory, fonts, browser and locks; say what to do")
    return verbs.add_parser("doctor", help=text, description=text)


def run(_arguments: argparse.Namespace) -> int:
    """Print one line for each finding; the exit code is 4 when something prevents starting."""
    from cockpit.cli.output import width
    from cockpit.stack.diagnosis import examine
    from cockpit.stack.settings import Settings

    findings = list(examine(Settings.load()))
    widest = max(width(finding.subject) for finding in findings)
    for finding in findings:
        space = " " * (widest - width(finding.subject))
        print(f"{finding.level:4}  {finding.subject}{space}  {finding.found}")
        if finding.fix:
            print(f"{'':{widest + 6}}  {finding.fix}")
    failed = sum(finding.level == "fail" for finding in findings)
    if failed:
        print(_("{count} of these prevent starting.", count=failed))
    return EXIT_UNUSABLE if failed else 0
