"""`cockpit tasks list|link`: rows that wait for somebody's answer, and a link to one of them for trying out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.rulebook.workspace import Workspace


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb and its actions."""
    text = _("list rows that wait for an answer; make a link to one")
    parser = verbs.add_parser("tasks", help=text, description=text)
    parser.add_argument("--workspace", default="huaxing", metavar=_("NAME"), help=_("workspace, huaxing by default"))
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True, title=_("actions"))
    text = _("show open tasks, the newest first; no values")
    listing = actions.add_parser("list", help=text, description=text)
    listing.add_argument("--owner", metavar=_("NAME"), help=_("only tasks of this owner"))
    listing.add_argument("--rows", type=int, default=20, metavar=_("N"), help=_("how many, 20 by default"))
    text = _("print a link to a task; whoever has it can answer in the person's name")
    link = actions.add_parser("link", help=text, description=text)
    link.add_argument("task", type=int, metavar=_("TASK"), help=_("number of the task"))
    link.add_argument("--person", metavar=_("NAME"), help=_("who answers by it; who acts for the owner by default"))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do the action."""
    from cockpit.cli.output import stopwatch
    from cockpit.cli.platform import with_database
    from cockpit.rulebook.workspace import find_workspace

    workspace = find_workspace(arguments.workspace)
    with_database(stopwatch())
    if arguments.action == "link":
        return _link(workspace, arguments.task, arguments.person)
    return _list(workspace, arguments.owner, arguments.rows)


def _list(workspace: Workspace, owner: str | None, rows: int) -> int:
    from cockpit.cli.output import table
    from cockpit.i18n import language
    from cockpit.pipelines.tell_owners import open_tasks

    total, tasks = open_tasks(workspace, owner, rows)
    lines = [
        [
            str(task.task_id),
            f"{task.source}.{task.entity}",
            task.key[:24],
            task.owner,
            task.state,
            task.message_zh if language() == "zh" else task.message,
        ]
        for task in tasks
    ]
    print(table([_("Task"), _("table"), _("key"), _("owner"), _("state"), _("why")], lines))
    print(_("{count} tasks wait for an answer", count=total))
    return 0


def _link(workspace: Workspace, task: int, person: str | None) -> int:
    from cockpit.pipelines.run_context import run_context
    from cockpit.pipelines.tell_owners import issue_link

    link = issue_link(run_context(workspace), task, person)
    until = link.expires_at.astimezone(workspace.zone).strftime("%Y-%m-%d %H:%M")
    print(_("For {person} alone, until {until}:", person=link.person, until=until))
    print(link.address)
    return 0
