"""Decisions that contradict each other, all that were made, and taking one back."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Request, Response, status
from fastapi.responses import HTMLResponse

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.mdm import decisions, words
from cockpit.mdm.decisions import Author, Listed
from cockpit.mdm.record_view import read_records
from cockpit.mdm.settle import Conflict
from cockpit.quality.shown import visible
from cockpit_airflow.views.database import connected
from cockpit_airflow.views.desk.desk_page import to
from cockpit_airflow.views.desk.forms import AnswerForm
from cockpit_airflow.views.matching.asked import Entity, query_of, read_posted
from cockpit_airflow.views.matching.subject import (
    PLACE,
    Standing,
    Subject,
    decision_lines,
    is_matched,
    number_of,
    render_matching,
    standing,
    subject_of,
)

_MOST_SHOWN = 200
_ALL = 1_000_000


def show_conflicts(request: Request, user: GetUserDep, entity: Entity = "") -> HTMLResponse:
    """Decisions of which none counts until one is taken back."""
    return _show_conflicts(request, user, entity)


def show_decisions(request: Request, user: GetUserDep, entity: Entity = "") -> HTMLResponse:
    """The newest decisions."""
    subject = subject_of(entity, user)
    made: list[Listed] = []
    stands = Standing()
    with connected(PLACE) as connection:
        if is_matched(connection):
            made = decisions.decisions_about(connection, subject.name, limit=_MOST_SHOWN)
            stands = standing(connection, subject, user)
    return render_matching(
        request,
        "decisions",
        user,
        subject,
        made=decision_lines(subject, made),
        most=_MOST_SHOWN,
        conflicts=None,
        stands=stands,
    )


def undo_decision(request: Request, user: GetUserDep, posted: AnswerForm) -> Response:
    """Take a decision back, or all that were made at once with it, and return to the page that asked for it."""
    number, author = number_of(posted.one("decision")), Author(posted.by, "desk")
    reason = posted.one("reason") or _("taken back at once")
    with connected(PLACE, readonly=False) as connection:
        try:
            if posted.one("do") == "together":
                decisions.undo_together(connection, number, author, reason)
            else:
                decisions.undo(connection, number, author, reason)
        except TerminalError as error:
            return _show_conflicts(request, user, posted.one("entity"), problem=error)
    asked = read_posted(posted)
    match posted.one("page"):
        case "golden":
            return to(request, f"/desk/golden?{query_of(asked, id=posted.one('id'), done='undone')}")
        case "pair":
            ids = {"left": posted.one("left"), "right": posted.one("right")}
            return to(request, f"/desk/matches/pair?{query_of(asked, **ids, done='undone')}")
        case "conflicts" | "decisions" as page:
            return to(request, f"/desk/matches/{page}?{query_of(asked, done='undone')}")
        case _:
            return to(request, f"/desk/matches?{query_of(asked, done='undone')}")


def _show_conflicts(
    request: Request, user: GetUserDep, entity: str, problem: TerminalError | None = None
) -> HTMLResponse:
    subject = subject_of(entity, user)
    found: tuple[Conflict, ...] = ()
    made: dict[int, Listed] = {}
    titles: dict[str, str | None] = {}
    stands = Standing()
    with connected(PLACE) as connection:
        if is_matched(connection):
            found = decisions.conflicts(connection, subject.name)
            if found:
                every = decisions.decisions_about(connection, subject.name, limit=_ALL)
                made = {each.decision.decision_id: each for each in every}
            with connection.cursor() as cursor:
                rows = read_records(cursor, subject.staged, {record for each in found for record in each.records})
            connection.rollback()
            title = subject.review.title
            titles = {record: subject.shown(title, row.get(title), 80) for record, row in rows.items()}
            stands = standing(connection, subject, user)
    return render_matching(
        request,
        "decisions",
        user,
        subject,
        status_code=status.HTTP_200_OK if problem is None else status.HTTP_409_CONFLICT,
        problem=str(problem) if problem else None,
        conflicts=[_conflict(subject, each, made, titles) for each in found],
        made=None,
        most=_MOST_SHOWN,
        stands=stands,
    )


def _conflict(
    subject: Subject, conflict: Conflict, made: dict[int, Listed], titles: dict[str, str | None]
) -> dict[str, Any]:
    return {
        "field": words.label(conflict.field, subject.golden) if conflict.field else None,
        "records": [
            {"record": record, "shown": visible(record, 60), "title": titles.get(record)} for record in conflict.records
        ],
        "made": decision_lines(subject, [made[number] for number in conflict.decision_ids if number in made]),
    }
