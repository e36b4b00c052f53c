"""`cockpit run PIPELINE`: a workspace from its sources to its marts, without Airflow."""

from __future__ import annotations

import argparse
import sys

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("run a workspace from its sources to its marts, without Airflow")
    parser = verbs.add_parser("run", help=text, description=text)
    parser.add_argument(
        "pipeline", metavar=_("PIPELINE"), help=_("name of a workspace, such as huaxing or online_retail")
    )
    parser.add_argument("--as-of", metavar=_("TIME"), help=_("business time, such as 2026-03-05T18:00; now by default"))
    parser.add_argument("--full", action="store_true", help=_("compute every row anew, not only what changed"))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run; prints each stage with its seconds and what changed."""
    from cockpit.cli.output import inert, stopwatch
    from cockpit.cli.platform import with_database
    from cockpit.pipelines.refresh import refresh
    from cockpit.pipelines.run_context import parse_as_of, run_context
    from cockpit.rulebook.workspace import find_workspace

    workspace = find_workspace(arguments.pipeline)
    as_of = parse_as_of(arguments.as_of, workspace.zone) if arguments.as_of else None
    context = run_context(workspace, as_of=as_of)
    tell = stopwatch()
    with_database(tell)
    result = refresh(context, tell, full=arguments.full)
    received = sum(load.received for load in result.loads)
    loaded = sum(load.loaded for load in result.loads)
    print(
        _(
            "{received:,} rows received, {loaded:,} loaded, {changed:,} rows changed in tables in {seconds:.1f} s",
            received=received,
            loaded=loaded,
            changed=result.table_rows_changed,
            seconds=sum(result.seconds.values()),
        )
    )
    print(_("Details: './cockpit report --workspace {name}'", name=workspace.name))
    for error in result.failures.values():
        print(inert(f"cockpit: {error}"), file=sys.stderr)
    return next((error.exit_code for error in result.failures.values()), 0)
