"""`cockpit metrics list|check|show`: the figures that the business defines; needs no database and no platform."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.pipelines.metrics import ShownMetrics
    from cockpit.warehouse.metrics import CompiledMetric


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb and its actions."""
    text = _("list, check and explain the metrics of include/rules/metrics")
    parser = verbs.add_parser("metrics", help=text, description=text)
    parser.add_argument("--workspace", default="huaxing", metavar=_("NAME"), help=_("workspace, huaxing by default"))
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True, title=_("actions"))
    text = _("every metric with its mart")
    listing = actions.add_parser("list", help=text, description=text)
    listing.add_argument("--mart", metavar=_("TABLE"), help=_("only metrics of this mart"))
    text = _("whether all formulas fit their marts; every fault with file and line")
    actions.add_parser("check", help=text, description=text)
    text = _("one metric: meaning, formula, SQL, and where it can be seen")
    showing = actions.add_parser("show", help=text, description=text)
    showing.add_argument("metric", metavar=_("METRIC"), help=_("its id, as 'list' shows it"))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do the action."""
    from cockpit.pipelines.metrics import shown_metrics
    from cockpit.rulebook.workspace import find_workspace

    shown = shown_metrics(find_workspace(arguments.workspace))
    match arguments.action:
        case "list":
            return _list(shown, arguments.mart)
        case "check":
            return _check(shown)
        case _:
            return _show(shown, arguments.metric)


def _list(shown: ShownMetrics, mart: str | None) -> int:
    from cockpit.cli.output import table
    from cockpit.errors import UsageError

    shown.book.require_right()
    known = sorted({each.mart for each in shown.book.metrics.values()})
    if mart and mart not in known:
        raise UsageError(_("this mart has no metrics"), found=mart, allowed=", ".join(known))
    found = [each for each in shown.book.metrics.values() if mart in (None, each.mart)]
    rows = [
        [each.id, each.metric.title, _kinds()[each.metric.kind], each.mart]
        for each in sorted(found, key=lambda each: (each.mart, each.id))
    ]
    print(table([_("metric"), _("name"), _("kind"), _("mart")], rows))
    print(_("{count} metrics", count=len(rows)))
    return 0


def _kinds() -> dict[str, str]:
    return {"additive": _("sum"), "ratio": _("ratio"), "statistic": _("statistic"), "column": _("column")}


def _check(shown: ShownMetrics) -> int:
    from cockpit.cli.output import inert
    from cockpit.errors import RuleFileError

    for fault in shown.book.faults:
        print(inert(f"cockpit: {fault.error}"), file=sys.stderr)
    if shown.book.faults:
        return RuleFileError.exit_code
    marts = len({each.mart for each in shown.book.metrics.values()})
    print(_("{count} metrics are right; marts: {marts}", count=len(shown.book.metrics), marts=marts))
    return 0


def _show(shown: ShownMetrics, name: str) -> int:
    from cockpit.cli.output import folded, inert

    found = shown.book[name]
    metric = found.metric
    file, _colon, line = found.origin.rpartition(":")
    place = f"{os.path.relpath(file)}:{line}"
    print(inert(f"{metric.id}  {metric.title}"))
    print(inert(folded(metric.meaning)))
    print()
    facts = [
        (_("kind"), _kinds()[metric.kind]),
        (_("mart"), found.mart),
        (_("unit"), metric.unit),
        (_("good is"), {"up": _("up"), "down": _("down"), "none": "-"}[metric.direction]),
        (_("owner"), metric.owner),
        (_("written in"), place),
        *((_(key), text) for key, text in metric.parts.items()),
        *([(_("where"), metric.where)] if metric.where else []),
        *([(_("made of"), ", ".join(found.uses))] if found.uses else []),
        ("SQL", found.expression),
        (_("seen in"), ", ".join(_places(shown, found))),
    ]
    print(inert(_aligned(facts)))
    return 0


def _places(shown: ShownMetrics, found: CompiledMetric) -> list[str]:
    """Where a reader finds the values."""
    places = [_("dataset {name}", name=name) for name in shown.datasets.get(found.id, ())]
    if found.metric.kind == "column":
        places.append(f"marts.{found.mart}.{found.id}")
    if found.month:
        places.append("marts.mart_metric")
    return places or ["-"]


def _aligned(facts: list[tuple[str, str]]) -> str:
    """Two columns within 80: what, and its text in as many lines as it takes."""
    from cockpit.cli.output import folded, width

    left = max(width(label) for label, _text in facts) + 2
    lines = []
    for label, text in facts:
        first, *rest = folded(text, indent=left).splitlines()
        lines += [label + first[width(label) :], *rest]
    return "\n".join(lines)
