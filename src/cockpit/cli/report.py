"""`cockpit report`: rows per layer, ledger balance, seconds per stage, truth score."""

from __future__ import annotations

import argparse

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("show rows per layer, ledger balance, seconds per stage and truth score")
    parser = verbs.add_parser("report", help=text, description=text)
    parser.add_argument("--json", action="store_true", help=_("machine-readable; fields in docs/reference/report.md"))
    parser.add_argument("--workspace", metavar=_("NAME"), default="huaxing", help=_("workspace; huaxing by default"))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Print the report; exit code 1 when the ledger does not balance."""
    from cockpit.cli.platform import with_database
    from cockpit.pipelines.report import report
    from cockpit.pipelines.run_context import run_context
    from cockpit.rulebook.workspace import find_workspace

    with_database(lambda _text: None)
    result = report(run_context(find_workspace(arguments.workspace)))
    if arguments.json:
        print(result.model_dump_json(indent=2))
    else:
        from cockpit.cli.report_text import as_text

        print(as_text(result))
    return 0 if result.ledger.is_balanced else 1
