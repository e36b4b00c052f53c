"""One decision about many pairs: which they would be is shown first, then all of them are accepted with one reason."""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import HTTPException, Request, Response, status
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.mdm import decisions
from cockpit.mdm.decisions import Author
from cockpit.mdm.foreseen import Foreseen, foresee
from cockpit.mdm.review_queue import Question, read_questions
from cockpit_airflow.views.database import connected
from cockpit_airflow.views.desk.forms import AnswerForm, Posted
from cockpit_airflow.views.matching.asked import filter_of, query_of, read_posted, sort_of
from cockpit_airflow.views.matching.matches_page import line_of, percent, rows_of
from cockpit_airflow.views.matching.subject import PLACE, Subject, render_matching, require, subject_of

# A decision about more pairs than a person can have thought about is a threshold that has to be changed.
MOST_AT_ONCE = 500
_SHOWN = 20


def show_choice(request: Request, user: GetUserDep, posted: AnswerForm) -> Response:
    """What would be accepted: all pairs of the filter that are at least so likely. Nothing is decided yet."""
    require(posted.fields, "least")
    return _show(request, user, posted)


def accept(request: Request, user: GetUserDep, posted: AnswerForm) -> Response:
    """Accept the pairs that the page before has shown and that wait still; all of them or none."""
    subject = subject_of(posted.one("entity"), user)
    shown = {tuple(text.split("\t")) for text in posted.many("pair")[:MOST_AT_ONCE]}
    asked = read_posted(posted)
    with connected(PLACE, readonly=False) as connection:
        open_ones = read_questions(
            connection, subject.review, subject.staged, filter_of(asked), sort_of(asked), limit=MOST_AT_ONCE
        )
        connection.rollback()
        chosen = [(each.left_record, each.right_record) for each in open_ones]
        chosen = [pair for pair in chosen if pair in shown]
        try:
            made = decisions.merge_pairs(
                connection, subject.name, chosen, Author(posted.by, "desk"), posted.one("reason")
            )
            contradicting = {
                number for conflict in decisions.conflicts(connection, subject.name) for number in conflict.decision_ids
            }
        except TerminalError as error:
            return _show(request, user, posted, problem=error)
    return render_matching(
        request,
        "bulk_done",
        user,
        subject,
        count=len(made),
        first=made[0] if made else None,
        conflicts=len(contradicting.intersection(made)),
        left_out=len(shown) - len(chosen),
        back=query_of({**asked, "least": ""}),
    )


def _show(request: Request, user: BaseUser, posted: Posted, problem: TerminalError | None = None) -> Response:
    subject = subject_of(posted.one("entity"), user)
    asked = {**read_posted(posted), "entity": subject.name}
    wanted = filter_of(asked)
    if wanted.is_vetoed or wanted.least_score is None:
        # What a rule keeps apart is looked at one by one.
        raise HTTPException(status.HTTP_400_BAD_REQUEST, _("The form could not be read."))
    with connected(PLACE) as connection:
        found = read_questions(connection, subject.review, subject.staged, wanted, sort_of(asked), limit=MOST_AT_ONCE)
        rows = rows_of(connection, subject, found[:_SHOWN])
        connection.rollback()
        foreseen = _foresee(connection, subject, found, posted.by)
    return render_matching(
        request,
        "bulk",
        user,
        subject,
        status_code=status.HTTP_200_OK if problem is None else status.HTTP_409_CONFLICT,
        problem=str(problem) if problem else None,
        asked=asked,
        back=query_of({**asked, "least": ""}),
        least=percent(wanted.least_score),
        pairs=[f"{each.left_record}\t{each.right_record}" for each in found],
        total=found[0].total if found else 0,
        lowest=percent(min(each.score for each in found)) if found else None,
        stake=_sum(found),
        foreseen=foreseen,
        lines=[line_of(subject, rows, each, query_of(asked)) for each in found[:_SHOWN]],
        most=MOST_AT_ONCE,
        reason=posted.one("reason"),
    )


def _foresee(connection: PgConnection, subject: Subject, found: list[Question], person: str) -> Foreseen:
    pairs = [(each.left_record, each.right_record) for each in found]
    return foresee(connection, subject.name, pairs, Author(person, "desk"))


def _sum(found: list[Question]) -> object:
    amounts = [each.stake for each in found if each.stake is not None]
    return sum(amounts) if amounts else None
