"""`cockpit mdm ACTION`: golden records, decisions about them, and what the newest run of matching found."""

from __future__ import annotations

import argparse
import getpass
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cockpit.cli import mdm_models
from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PgConnection

    from cockpit.errors import TerminalError
    from cockpit.mdm.clusters import MatchingRules
    from cockpit.mdm.compared import ComparedFields
    from cockpit.mdm.decisions import Author, Decided
    from cockpit.rulebook.contract import Contract
    from cockpit.rulebook.review import Review
    from cockpit.rulebook.survivorship import Survivorship
    from cockpit.rulebook.workspace import Workspace

_DECIDING = ("merge", "apart", "split", "pin", "parent", "no-parent", "undo")


@dataclass(frozen=True)
class Subject:
    """The entity that a command is about.

    Attributes:
        staged, golden: Contracts of its conformed table and of its golden records.
        rules: Of its matching.
        fields: What they compare.
        sees_all: Values about persons are shown as they are.
    """

    workspace: Workspace
    rule: Survivorship
    review: Review
    staged: Contract
    golden: Contract
    rules: MatchingRules
    fields: ComparedFields
    sees_all: bool

    @property
    def name(self) -> str:
        """Such as customer."""
        return self.rule.entity


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb and its actions."""
    text = _("look at golden records, say which records are one, take it back")
    parser = verbs.add_parser("mdm", help=text, description=text)
    parser.add_argument("--workspace", default="huaxing", metavar=_("NAME"), help=_("workspace, huaxing by default"))
    parser.add_argument("--entity", default="customer", metavar=_("NAME"), help=_("customer by default"))
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True, title=_("actions"))
    _add_looks(actions)
    _add_decisions(actions)
    mdm_models.add_actions(actions)
    return parser


def _add_looks(actions: Subparsers) -> None:
    text = _("say field by field why two are one, or why they are not")
    explain = actions.add_parser("explain", help=text, description=text)
    _ids(explain, "left", "right")
    text = _("show a golden record: values, where they come from, records, past")
    show = actions.add_parser("show", help=text, description=text)
    _ids(show, "id")
    text = _("list pairs that wait for a decision, the most valuable first")
    review = actions.add_parser("review", help=text, description=text)
    review.add_argument("--rows", type=int, default=20, metavar=_("N"), help=_("how many, 20 by default"))
    review.add_argument("--least", type=float, metavar=_("SCORE"), help=_("only pairs at least this likely, 0 to 1"))
    review.add_argument("--source", metavar=_("SOURCE"), help=_("only pairs with a record of this source"))
    review.add_argument("--text", metavar=_("TEXT"), help=_("only pairs called so, or with this id"))
    review.add_argument("--vetoed", action="store_true", help=_("pairs that a rule keeps apart instead"))
    text = _("list decisions that contradict each other; none of them counts")
    conflicts = actions.add_parser("conflicts", help=text, description=text)
    text = _("show what the newest run of matching found, and what it left out")
    report = actions.add_parser("report", help=text, description=text)
    report.add_argument("about", nargs="?", metavar=_("ENTITY"), help=_("that of --entity when left out"))
    for each in (explain, show, review):
        each.add_argument("--unmasked", action="store_true", help=_("show values about persons as they are"))
    for each in (explain, show, review, conflicts, report):
        each.add_argument("--json", action="store_true", help=_("machine-readable"))


def _add_decisions(actions: Subparsers) -> None:
    text = _("decide that two are one")
    merge = actions.add_parser("merge", help=text, description=text)
    _ids(merge, "left", "right")
    text = _("decide that two are never one")
    apart = actions.add_parser("apart", help=text, description=text)
    _ids(apart, "left", "right")
    text = _("take records out of a golden record; they stay together")
    split = actions.add_parser("split", help=text, description=text)
    _ids(split, "id")
    split.add_argument("records", nargs="+", metavar=_("RECORD"), help=_("records that leave, as source:key"))
    text = _("decide on the value of a field, whatever the records say")
    pin = actions.add_parser("pin", help=text, description=text)
    _ids(pin, "id")
    pin.add_argument("field", metavar=_("FIELD"), help=_("column of the golden record"))
    pin.add_argument("value", nargs="?", metavar=_("VALUE"), help=_("none at all when left out"))
    text = _("decide that a customer belongs below another")
    parent = actions.add_parser("parent", help=text, description=text)
    _ids(parent, "child", "above")
    parent.add_argument(
        "--relation",
        default="subsidiary",
        metavar=_("RELATION"),
        help=_("what the first one is: branch, subsidiary (the default), group (of the group) or former_name"),
    )
    text = _("decide that a customer does not belong below another, or below any")
    no_parent = actions.add_parser("no-parent", help=text, description=text)
    _ids(no_parent, "child")
    no_parent.add_argument("above", nargs="?", metavar="ID", help=_("not below this one; below none when left out"))
    text = _("take a decision back")
    undo = actions.add_parser("undo", help=text, description=text)
    undo.add_argument("decision", type=int, metavar=_("DECISION"), help=_("its number"))
    undo.add_argument("--together", action="store_true", help=_("with all that were made at once with it"))
    for each in (merge, apart, split, pin, parent, no_parent, undo):
        each.add_argument("--reason", required=True, metavar=_("TEXT"), help=_("why; kept with the decision"))
        each.add_argument("--by", metavar=_("NAME"), help=_("who decides; the user of this computer by default"))


def _ids(parser: argparse.ArgumentParser, *names: str) -> None:
    for name in names:
        parser.add_argument(name, metavar="ID", help=_("golden id, or record as source:key"))


def run(arguments: argparse.Namespace) -> int:
    """Do the action."""
    from cockpit.cli.output import stopwatch
    from cockpit.cli.platform import with_database
    from cockpit.rulebook.workspace import find_workspace
    from cockpit.warehouse.connections import connect
    from cockpit.warehouse.faults import database_errors

    entity = getattr(arguments, "about", None) or arguments.entity
    subject = _subject(find_workspace(arguments.workspace), entity, getattr(arguments, "unmasked", True))
    with_database(stopwatch())
    with closing(connect(subject.workspace.settings.warehouse)) as connection, database_errors(subject.name):
        _require_tables(connection)
        if arguments.action in _DECIDING:
            return _decide(connection, subject, arguments)
        if arguments.action in mdm_models.ACTIONS:
            return mdm_models.run(connection, subject, arguments)
        return _look(connection, subject, arguments)


def _subject(workspace: Workspace, entity: str, unmasked: bool) -> Subject:
    from cockpit.mdm.clusters import MatchingRules
    from cockpit.mdm.compared import ComparedFields
    from cockpit.mdm.record_view import personal_columns
    from cockpit.rulebook.review import load_review
    from cockpit.rulebook.survivorship import load_survivorship
    from cockpit.warehouse.model_files import load_models

    review = load_review(workspace.models_folder, entity)
    rule = load_survivorship(workspace.models_folder, entity)
    graph = load_models(workspace)
    staged, golden = graph[f"stg_{entity}"].contract, graph[rule.table].contract
    rules = MatchingRules.of(workspace.models_folder, entity)
    fields = ComparedFields.of(rules, staged, personal_columns(workspace, staged, entity))
    return Subject(workspace, rule, review, staged, golden, rules, fields, unmasked)


def _require_tables(connection: PgConnection) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('mdm.membership') is null")
        (is_missing,) = cursor.fetchone() or (True,)
    if is_missing:
        raise _nothing_matched()


def _nothing_matched() -> TerminalError:
    from cockpit.errors import TerminalError

    return TerminalError(_("nothing has been matched yet"), fix=_("Build core first: './cockpit run'."))


def _look(connection: PgConnection, subject: Subject, arguments: argparse.Namespace) -> int:
    from cockpit.cli import mdm_report_text, mdm_text
    from cockpit.cli.output import inert
    from cockpit.mdm.decisions import conflicts, decisions_about
    from cockpit.mdm.explain import explain
    from cockpit.mdm.golden_view import look
    from cockpit.mdm.review_queue import PairFilter, read_questions
    from cockpit.mdm.run_view import newest_run

    match arguments.action:
        case "explain":
            explained = explain(
                connection, subject.rules, subject.staged, subject.name, arguments.left, arguments.right
            )
            shown = mdm_text.explanation(subject, explained)
        case "show":
            with connection:
                view = look(connection, subject.rule, subject.staged, arguments.id)
            shown = mdm_text.golden(subject, view, decisions_about(connection, subject.name, arguments.id))
        case "review":
            wanted = PairFilter(
                is_vetoed=arguments.vetoed,
                source=arguments.source,
                least_score=arguments.least,
                text=arguments.text,
            )
            with connection:
                found = read_questions(connection, subject.review, subject.staged, wanted, limit=max(arguments.rows, 1))
                shown = mdm_text.questions(subject, connection, found, is_vetoed=arguments.vetoed)
        case "report":
            with connection, connection.cursor() as cursor:
                newest = newest_run(cursor, subject.name)
            if newest is None:
                raise _nothing_matched()
            shown = mdm_report_text.run(subject, newest)
        case _:
            contradictions = conflicts(connection, subject.name)
            made = decisions_about(connection, subject.name, limit=1_000_000) if contradictions else []
            shown = mdm_text.contradictions(contradictions, made)
    print(inert(shown.as_json()) if arguments.json else inert(shown.text))
    return 0


def _decide(connection: PgConnection, subject: Subject, arguments: argparse.Namespace) -> int:
    from cockpit.mdm import decisions

    author = author_of(arguments.by)
    reason = arguments.reason
    match arguments.action:
        case "merge":
            made = decisions.merge(connection, subject.name, arguments.left, arguments.right, author, reason)
        case "apart":
            made = decisions.keep_apart(connection, subject.name, arguments.left, arguments.right, author, reason)
        case "split":
            made = decisions.split(connection, subject.name, arguments.id, arguments.records, author, reason)
        case "pin":
            made = decisions.pin(
                connection, subject.rule, arguments.id, arguments.field, arguments.value, author, reason
            )
        case "parent":
            child, above = arguments.child, arguments.above
            made = decisions.set_parent(connection, child, above, author, reason, relation=arguments.relation)
        case "no-parent":
            made = decisions.set_no_parent(connection, arguments.child, arguments.above, author, reason)
        case _ if arguments.together:
            events = decisions.undo_together(connection, arguments.decision, author, reason)
            print(_("Decisions taken back: {count}", count=len(events)))
            return 0
        case _:
            made = decisions.Decided(decisions.undo(connection, arguments.decision, author, reason))
    _tell(subject, made, arguments)
    return 0


def _tell(subject: Subject, made: Decided, arguments: argparse.Namespace) -> None:
    if arguments.action == "undo":
        print(_("Decision {number} is taken back.", number=arguments.decision))
    else:
        print(
            _(
                "Decision {number} is kept; './cockpit mdm undo {number} --reason ...' takes it back.",
                number=made.decision_id,
            )
        )
    for conflict in made.conflicts:
        others = ", ".join(str(number) for number in conflict.decision_ids if number != made.decision_id)
        print(
            _(
                "It contradicts {others}: none of them counts until one is taken back (see './cockpit mdm conflicts').",
                others=others,
            )
        )
    print(
        _(
            "It counts from the next run on, which Airflow begins by itself; without it: './cockpit run {workspace}'.",
            workspace=subject.workspace.name,
        )
    )


def author_of(named: str | None) -> Author:
    """Who decides at this terminal."""
    from cockpit.mdm.decisions import Author

    return Author(named.strip() if named and named.strip() else getpass.getuser(), "cli")
