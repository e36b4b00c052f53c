"""`cockpit completions list|refuse|take-back`: values that rules found for missing ones, and those that are wrong."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.pipelines.completed_values import CompletedValue
    from cockpit.rulebook.workspace import Workspace

STATES = ("filled", "conflict", "refused")


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb and its actions."""
    text = _("list values that rules completed; refuse one, or take that back")
    parser = verbs.add_parser("completions", help=text, description=text)
    parser.add_argument("--workspace", default="huaxing", metavar=_("NAME"), help=_("workspace, huaxing by default"))
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True, title=_("actions"))
    text = _("show what rules found for missing values, and from where; personal values masked")
    listing = actions.add_parser("list", help=text, description=text)
    listing.add_argument("--table", metavar=_("TABLE"), help=_("only values of this table, such as customer"))
    listing.add_argument("--rule", metavar=_("RULE"), help=_("only what this rule found"))
    listing.add_argument("--state", choices=STATES, help=_("only values in this state"))
    listing.add_argument("--rows", type=int, default=20, metavar=_("N"), help=_("how many, 20 by default"))
    text = _("say that a value is not right; it is missing again after the next run")
    refuse = actions.add_parser("refuse", help=text, description=text)
    refuse.add_argument("table", metavar=_("TABLE"), help=_("table of the row, such as customer"))
    refuse.add_argument("key", metavar=_("KEY"), help=_("key of the row within its source"))
    refuse.add_argument("column", metavar=_("COLUMN"), help=_("column with the value"))
    refuse.add_argument("--reason", required=True, metavar=_("TEXT"), help=_("why it is not right; kept"))
    refuse.add_argument("--source", metavar=_("SOURCE"), help=_("source of the row, where several have this key"))
    _add_by(refuse)
    text = _("let rules fill a refused value again")
    back = actions.add_parser("take-back", help=text, description=text)
    back.add_argument("number", type=int, metavar=_("NUMBER"), help=_("number of the refusal, as 'list' shows it"))
    _add_by(back)
    return parser


def _add_by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", metavar=_("NAME"), help=_("who decides; the name of this login by default"))


def run(arguments: argparse.Namespace) -> int:
    """Do the action."""
    from cockpit.cli.output import stopwatch
    from cockpit.cli.platform import with_database
    from cockpit.rulebook.workspace import find_workspace

    workspace = find_workspace(arguments.workspace)
    with_database(stopwatch())
    match arguments.action:
        case "list":
            return _list(workspace, arguments)
        case "refuse":
            return _refuse(workspace, arguments)
        case _:
            return _take_back(workspace, arguments)


def _list(workspace: Workspace, arguments: argparse.Namespace) -> int:
    from cockpit.cli.output import table
    from cockpit.pipelines.completed_values import completed_values

    total, values = completed_values(workspace, arguments.table, arguments.rule, arguments.state, arguments.rows)
    header = [_("Table"), _("source"), _("key"), _("column"), _("value"), _("state"), _("rule"), _("from")]
    rows = [
        [
            value.cell.entity,
            value.cell.source,
            value.cell.key,
            value.cell.column,
            value.value,
            _state(value),
            value.rule,
            f"{value.from_entity} {value.from_key}".strip() or "-",
        ]
        for value in values
    ]
    print(table(header, rows))
    print(_("{shown} of {count} values", shown=len(values), count=total))
    return 0


def _state(value: CompletedValue) -> str:
    """The state in words, with the number by which a refusal is taken back."""
    words = {
        "filled": _("filled"),
        "conflict": _("conflict"),
        "refused": _("refused, no. {number}", number=value.refusal),
        "refused_next": _("refused, no. {number}; gone with the next run", number=value.refusal),
        "refused_unseen": _("refused, no. {number}; not found now", number=value.refusal),
        "back_next": _("comes back with the next run"),
    }
    return words[value.state]


def _refuse(workspace: Workspace, arguments: argparse.Namespace) -> int:
    from cockpit.cli.output import inert
    from cockpit.pipelines.completed_values import refuse_value
    from cockpit.pipelines.run_context import run_context

    number, cell = refuse_value(
        run_context(workspace),
        arguments.table,
        arguments.key,
        arguments.column,
        arguments.reason,
        _author(arguments),
        arguments.source,
    )
    where = inert(f"{cell.entity}.{cell.column}, {cell.source} {cell.key}")
    print(_("Refusal {number}: {where}. The value is missing again after the next run.", number=number, where=where))
    print(_("To take it back: ./cockpit completions take-back {number}", number=number))
    return 0


def _take_back(workspace: Workspace, arguments: argparse.Namespace) -> int:
    from cockpit.pipelines.completed_values import take_back_refusal
    from cockpit.pipelines.run_context import run_context

    take_back_refusal(run_context(workspace), arguments.number, _author(arguments))
    print(_("Refusal {number} is taken back; the next run fills the value if it is found.", number=arguments.number))
    return 0


def _author(arguments: argparse.Namespace) -> str:
    import getpass

    from cockpit.errors import UsageError

    given = arguments.by
    if given is None:
        try:
            given = getpass.getuser()
        except (KeyError, OSError):
            # A container whose user has no name.
            given = ""
    name: str = given.strip()
    if not name or not name.isprintable():
        raise UsageError(_("say who decides"), where="--by")
    return name
