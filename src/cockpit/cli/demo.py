"""`cockpit demo`: the generated company, from its ERP to a cockpit with data, through the real scheduler."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("fill a generated company and take its data to the cockpit")
    parser = verbs.add_parser("demo", help=text, description=text)
    parser.add_argument(
        "--scale",
        choices=["small", "medium", "large"],
        default="small",
        help=_("size: 2,000 customers and 20,000 orders; 100,000 and 1 million; 1 and 10 million"),
    )
    parser.add_argument("--seed", type=int, default=1, metavar=_("N"), help=_("another seed gives another company"))
    parser.add_argument(
        "action",
        nargs="?",
        choices=["fill", "day"],
        default="fill",
        help=_("fill: make the company (default); day: add one business day to all its systems"),
    )
    parser.add_argument(
        "--date", metavar=_("DAY"), help=_("with day: which one, such as 2026-03-05; the next one by default")
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Fill or add a day, start, run the DAGs, publish the dashboards, report."""
    from cockpit.cli.output import stopwatch
    from cockpit.cli.platform import with_database
    from cockpit.cli.report_text import as_text
    from cockpit.demo.profile import Scale
    from cockpit.pipelines.demo import add_day, fill_company, run_dags, send_forms
    from cockpit.pipelines.first_views import compute_first_views_quietly
    from cockpit.pipelines.measure_quality import measure_quality
    from cockpit.pipelines.publish import publish
    from cockpit.pipelines.report import report
    from cockpit.pipelines.run_context import parse_as_of, run_context
    from cockpit.rulebook.workspace import find_workspace
    from cockpit.stack import lifecycle

    tell = stopwatch()
    settings = with_database(tell)
    workspace = find_workspace("huaxing")
    if arguments.action == "day":
        day = parse_as_of(arguments.date, workspace.zone).date() if arguments.date else None
        filled = add_day(settings, day, tell)
    else:
        filled = fill_company(settings, workspace, Scale(arguments.scale), arguments.seed, tell)
    settings = lifecycle.up(settings, progress=tell)
    run_dags(settings, workspace, filled, tell, lambda: send_forms(settings, workspace, filled.company, tell))
    context = run_context(workspace, as_of=filled.as_of)
    measured = measure_quality(context).measured
    tell(_("Quality measured: {score}", score="-" if measured.overall is None else f"{measured.overall:.1%}"))
    changes = publish(settings, workspace).changes
    tell(_("Dashboards published: {count} changes", count=len(changes)))
    if (found := compute_first_views_quietly(settings, workspace)) is not None:
        tell(_("First views computed for {people} people", people=found.people))
    result = report(context)
    print()
    print(as_text(result))
    print()
    _say_where(settings.addresses(), print)
    return 0 if result.ledger.is_balanced else 1


def _say_where(addresses: dict[str, str], say: Callable[[str], None]) -> None:
    say(_("Cockpit  {address}", address=addresses["superset"]))
    say(_("Airflow  {address}", address=addresses["airflow"]))
    say(_("Users and passwords: './cockpit credentials'"))
