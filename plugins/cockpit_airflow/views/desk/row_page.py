"""The page of one row that is held back: what was delivered, why it waits, what happened to it, and the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import HTTPException, Request, Response, status
from psycopg2.errors import UndefinedTable
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality import answers
from cockpit.quality.answers import Author
from cockpit.quality.assignments import assign
from cockpit.quality.overlay import RowId
from cockpit.quality.shown import visible
from cockpit.rulebook.contract import Check
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.staging import TYPE_CHECK
from cockpit_airflow.views.access import may_change
from cockpit_airflow.views.database import Row, connected, select
from cockpit_airflow.views.desk import acting, texts
from cockpit_airflow.views.desk.context import desk_context
from cockpit_airflow.views.desk.desk_page import render_desk, to
from cockpit_airflow.views.desk.fields import RowOnPage, changes_of, fields_of
from cockpit_airflow.views.desk.forms import AnswerForm, Posted
from cockpit_airflow.views.desk.people import known_owners, require_known
from cockpit_airflow.views.desk.queue import PLACE, SQL, raw_rows
from cockpit_airflow.views.desk.queue_page import title_of

# Older events of a row are in the tables.
_MOST_EVENTS = 200


@dataclass(frozen=True)
class _Task:
    """A task with its row as it is now.

    Attributes:
        on_page: None when the row has left its source, or the source has been taken out.
        version: Of the row that the page shows; empty without one.
    """

    row: Row
    row_id: RowId
    on_page: RowOnPage | None
    version: str


def show_row(request: Request, task_id: int, user: GetUserDep) -> Response:
    """One task."""
    context = desk_context()
    with connected(PLACE, readonly=False) as connection:
        return _show(request, connection, context, user, _task(connection, context, task_id))


def answer_row(request: Request, task_id: int, user: GetUserDep, posted: AnswerForm) -> Response:
    """Take what a person says about the row: `do` says which form it was."""
    context = desk_context()
    with connected(PLACE, readonly=False) as connection:
        task = _task(connection, context, task_id)
        try:
            match posted.one("do"):
                case "check" | "save":
                    return _correct(request, connection, context, user, task, posted)
                case "confirm":
                    answered = acting.confirm(
                        connection, context, task.row_id, posted.one("version"), posted.one("reason"), posted.by
                    )
                    done = "waiting" if answered.needs_approval else "confirmed"
                case "approve" | "reject":
                    is_approved = posted.one("do") == "approve"
                    answers.approve(
                        connection,
                        context,
                        _answer_of(connection, task, posted),
                        is_approved=is_approved,
                        reason=posted.one("reason"),
                        by=posted.by,
                    )
                    done = "approved" if is_approved else "rejected"
                case "undo":
                    number = _answer_of(connection, task, posted)
                    answers.undo(connection, context, number, posted.one("reason"), Author(posted.by, "desk"))
                    done = "undone"
                case "assign":
                    require_known(connection, context, posted.one("owner"))
                    assign(connection, [task_id], posted.one("owner"), posted.one("reason"), posted.by)
                    done = "assigned"
                case _:
                    raise HTTPException(status.HTTP_400_BAD_REQUEST, _("The form could not be read."))
        except TerminalError as error:
            return _show(request, connection, context, user, task, posted=posted, problem=error)
    return to(request, f"/desk/tasks/{task_id}?done={done}")


def _correct(
    request: Request, connection: PgConnection, context: BuildContext, user: BaseUser, task: _Task, posted: Posted
) -> Response:
    if task.on_page is None:
        raise TerminalError(_("the row is no longer in its source"))
    changes = changes_of(task.on_page, posted.beginning("value."))
    if posted.one("do") == "check":
        failing = answers.examine(connection, context, task.row_id, changes).failing
        return _show(request, connection, context, user, task, posted=posted, examined=failing)
    answered = acting.correct(
        connection, context, task.row_id, posted.one("version"), changes, posted.one("reason"), posted.by
    )
    if answered.correction_id is None:
        return _show(request, connection, context, user, task, posted=posted, examined=answered.failing)
    return to(request, f"/desk/tasks/{task.row['task_id']}?done=corrected")


def _show(
    request: Request,
    connection: PgConnection,
    context: BuildContext,
    user: BaseUser,
    task: _Task,
    *,
    posted: Posted | None = None,
    problem: TerminalError | None = None,
    examined: tuple[Check, ...] | None = None,
) -> Response:
    """The page; with what was entered and what is wrong with it when an answer was not accepted."""
    sees_all = may_change(user)
    reasons = select(connection, SQL / "reasons.sql", task.row)
    events = select(
        connection,
        SQL / "history.sql",
        {**{name: task.row[name] for name in ("source", "entity", "key")}, "limit": _MOST_EVENTS},
    )
    checks = _checks(context, task.row_id)
    entity = task.on_page.entity if task.on_page else None
    entered = posted.beginning("value.") if posted else None
    return render_desk(
        request,
        "row",
        user,
        status_code=status.HTTP_200_OK if problem is None else status.HTTP_409_CONFLICT,
        task=task.row,
        shown_key=visible(task.row["key"], 120),
        source_title=title_of(context, task.row["source"]),
        reasons=[{**reason, "check": checks.get(reason["rule_id"])} for reason in reasons],
        columns=fields_of(
            task.on_page,
            context.workspace.zone,
            sees_personal=sees_all,
            entered=entered,
            faults=examined or (),
        )
        if task.on_page
        else [],
        version=task.version,
        may_change=sees_all,
        may_answer=sees_all and task.row["state"] == "open" and task.on_page is not None,
        may_confirm=all(reason["rule_id"] != TYPE_CHECK.rule_id for reason in reasons),
        needs_second=any(checks[reason["rule_id"]].concerns_money for reason in reasons if reason["rule_id"] in checks),
        events=[_event(event, sees_all, _personal(entity)) for event in events],
        waiting=next((event for event in events if _waits(event)), None),
        owners=known_owners(connection, context) if sees_all else [],
        problem=str(problem) if problem else None,
        examined=None if examined is None else list(examined),
        reason=posted.one("reason") if posted else "",
        sent=posted.one("do") if posted else "",
        happenings=texts.events(),
    )


def _task(connection: PgConnection, context: BuildContext, task_id: int) -> _Task:
    try:
        # Beyond it PostgreSQL has no number.
        found = select(connection, SQL / "task.sql", {"task_id": task_id}) if 0 < task_id < 2**63 else []
    except UndefinedTable:
        found = []
    if not found:
        raise HTTPException(status.HTTP_404_NOT_FOUND, _("There is no task {number}.", number=task_id))
    row = found[0]
    row_id = RowId(row["source"], row["entity"], row["key"])
    held = raw_rows(connection, context.graph, [row]).get((row_id.source, row_id.entity, row_id.key))
    connection.rollback()
    if held is None:
        return _Task(row, row_id, None, "")
    try:
        seen = answers.look(connection, context, row_id)
    except TerminalError:
        # It went between the two looks.
        return _Task(row, row_id, None, "")
    entity = context.workspace.source(row_id.source).entities[row_id.entity]
    failing = seen.failing if row["closed_at"] is None else ()
    return _Task(row, row_id, RowOnPage(entity, held["payload"], held["patch"], seen.values, failing), seen.version)


def _checks(context: BuildContext, row: RowId) -> dict[str, Check]:
    model = context.graph.models.get(f"stg_{row.source}__{row.entity}")
    return {check.rule_id: check for check in model.contract.checks} if model else {}


def _answer_of(connection: PgConnection, task: _Task, posted: Posted) -> int:
    """The number of an answer about this very row.

    Raises:
        TerminalError: it is about another one.
    """
    number = posted.one("answer")
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select correction_id from quality.correction"
            " where source = %s and entity = %s and key = %s and correction_id = %s",
            (
                task.row_id.source,
                task.row_id.entity,
                task.row_id.key,
                int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0,
            ),
        )
        found = cursor.fetchone()
    if found is None:
        raise TerminalError(_("there is no such answer"))
    return int(found[0])


def _waits(event: Row) -> bool:
    details = event["details"] or {}
    return (
        event["kind"] == "confirm"
        and details["needs_approval"]
        and not details["is_decided"]
        and not details["is_undone"]
    )


def _personal(entity: Any) -> set[str]:
    if entity is None:
        return set()
    return {
        name
        for received, column in entity.columns.items()
        if column.sensitivity == "personal"
        for name in (received, *column.synonyms)
    }


def _event(event: Row, sees_all: bool, personal: set[str]) -> dict[str, Any]:
    """An event as the page shows it: values inert, those about persons only for people who may answer."""
    details = event["details"] or {}
    changes = []
    for name, change in sorted((details.get("changes") or {}).items()):
        hidden = not sees_all and (name in personal or not personal)
        before, after = (
            None if change[side] is None else "***" if hidden else visible(str(change[side]), 120)
            for side in ("before", "after")
        )
        changes.append({"name": name, "before": before, "after": after})
    return {
        **event,
        "changes": changes,
        "can_undo": event["kind"] in ("correct", "confirm") and not details["is_undone"],
        "waits": _waits(event),
    }
