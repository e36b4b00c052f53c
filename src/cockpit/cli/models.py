"""`cockpit models graph|run|explain`: the tables, what they are computed from, and building some of them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.warehouse.models import Model
    from cockpit.warehouse.runner import BuildContext


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb and its actions."""
    text = _("show the tables and what they are computed from, build some of them")
    parser = verbs.add_parser("models", help=text, description=text)
    parser.add_argument("--workspace", default="huaxing", metavar=_("NAME"), help=_("workspace, huaxing by default"))
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True, title=_("actions"))
    text = _("list models by layer with what each reads; needs no database")
    graph = actions.add_parser("graph", help=text, description=text)
    _selectors(graph)
    graph.add_argument(
        "--format", choices=("text", "mermaid", "json"), default="text", help=_("as a table, a drawing or data")
    )
    text = _("build models from what is there, without loading sources, and check them")
    run_ = actions.add_parser("run", help=text, description=text)
    _selectors(run_)
    run_.add_argument("--full", action="store_true", help=_("compute every row anew, not only what changed"))
    run_.add_argument("--as-of", metavar=_("TIME"), help=_("business time, such as 2026-03-05T18:00; now by default"))
    text = _("say what a model reads, who reads it, its columns, and why its last build was as it was")
    explain = actions.add_parser("explain", help=text, description=text)
    explain.add_argument("model", metavar=_("MODEL"), help=_("name of a table, such as mart_receipt_daily"))
    explain.add_argument(
        "--column", metavar=_("COLUMN"), help=_("follow one column to the fields of the sources; needs no database")
    )
    return parser


def _selectors(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar=_("SELECTOR"),
        help=_(
            "NAME, NAME+ with what reads it, +NAME with what it reads, a pattern such as mart_*, layer:LAYER, "
            "owner:OWNER; may be repeated; all without it"
        ),
    )


def run(arguments: argparse.Namespace) -> int:
    """Do one action; exit code 1 when a check has stopped something."""
    from cockpit.pipelines.run_context import parse_as_of, run_context
    from cockpit.rulebook.workspace import find_workspace

    workspace = find_workspace(arguments.workspace)
    as_of = getattr(arguments, "as_of", None)
    context = run_context(workspace, as_of=parse_as_of(as_of, workspace.zone) if as_of else None)
    match arguments.action:
        case "graph":
            from cockpit.cli.models_text import graph_text
            from cockpit.warehouse.selection import select

            print(graph_text(context.graph, select(context.graph, _words(arguments)), arguments.format))
            return 0
        case "run":
            from cockpit.warehouse.selection import select

            return _run(context, select(context.graph, _words(arguments)), full=arguments.full)
        case _:
            return _explain(context, arguments)


def _words(arguments: argparse.Namespace) -> list[str]:
    """Selectors may also stand together: `--select "core_order core_receipt+"`."""
    return [word for each in arguments.select for word in each.replace(",", " ").split()]


def _run(context: BuildContext, models: list[Model], *, full: bool) -> int:
    import sys
    import time

    from cockpit.cli.models_text import build_text
    from cockpit.cli.output import inert, stopwatch
    from cockpit.cli.platform import with_database
    from cockpit.pipelines.build_models import build_models

    with_database(stopwatch())
    started = time.monotonic()
    result = build_models(context, models, lambda build: print(build_text(build), flush=True), full=full)
    print(
        _(
            "models: {count}, computed: {built}, rows changed: {changed:,}, in {seconds:.1f} s",
            count=len(result.builds),
            built=sum(build.kind != "fresh" for build in result.builds),
            changed=sum(build.changed for build in result.builds),
            seconds=time.monotonic() - started,
        )
    )
    stops = [check.stop for check in result.checked if check.stop]
    for error in (*stops, *result.blocked.values()):
        print(inert(f"cockpit: {error}"), file=sys.stderr)
    return 1 if stops or result.blocked else 0


def _explain(context: BuildContext, arguments: argparse.Namespace) -> int:
    from cockpit.cli.models_text import column_text, explain_text
    from cockpit.cli.platform import with_database
    from cockpit.errors import UsageError
    from cockpit.pipelines.explain_model import last_build_facts
    from cockpit.warehouse.lineage import Lineage

    # An unknown model or column is named before anything is started.
    model = context.graph[arguments.model.rpartition(".")[2]]
    lineage = Lineage(context.workspace, context.graph)
    if arguments.column:
        if arguments.column not in model.contract.columns:
            raise UsageError(
                _("no column of {table}", table=model.name),
                found=arguments.column,
                allowed=", ".join(model.contract.columns),
            )
        print(column_text(context.graph, model, arguments.column, lineage))
        return 0
    with_database(lambda _text: None)
    build = last_build_facts(context, model)
    print(explain_text(context.graph, model, build, context.workspace, lineage))
    return 0
