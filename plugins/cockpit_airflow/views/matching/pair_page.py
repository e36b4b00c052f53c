"""Two golden records side by side: why they may be one, why not, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Request, Response, status
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.mdm import decisions, words
from cockpit.mdm.decisions import Author
from cockpit.mdm.explain import ComparedPair, Explanation, explain
from cockpit.mdm.ids import Found, find
from cockpit.mdm.reasons import Comparison
from cockpit.mdm.record_view import RecordRow, read_records, shown_columns
from cockpit.mdm.review_queue import Question, read_around, stakes
from cockpit.quality.shown import visible
from cockpit_airflow.views.database import connected
from cockpit_airflow.views.desk.desk_page import to
from cockpit_airflow.views.desk.forms import AnswerForm, Posted
from cockpit_airflow.views.matching.asked import Asked, filter_of, query_of, read_posted, sort_of
from cockpit_airflow.views.matching.matches_page import percent
from cockpit_airflow.views.matching.subject import (
    PLACE,
    Subject,
    decision_lines,
    not_found,
    render_matching,
    require,
    standing,
    subject_of,
)
from cockpit_airflow.views.parameters import Text

# Bits; what is less is not seen in figures with one decimal.
_ROUNDING = 0.05
# A bar is as long as so many bits.
_LONGEST_BAR = 12
_LONGEST_COMPARED = 200


@dataclass(frozen=True)
class _Seen:
    """What is shown about a pair.

    Attributes:
        left, right: The records that stand for the two sides.
        around: The questions before and behind it, where it is one.
    """

    found: Explanation
    left: str
    right: str
    rows: dict[str, RecordRow]
    goldens: dict[str, Found]
    amounts: dict[str, Any]
    before: Question | None
    here: Question | None
    behind: Question | None


def show_pair(request: Request, user: GetUserDep, asked: Asked, left: Text = "", right: Text = "") -> Response:
    """Two records or golden records, compared; with the question before and behind it in the queue."""
    return _show(request, user, left, right, asked)


def decide_pair(request: Request, user: GetUserDep, posted: AnswerForm) -> Response:
    """Take a decision about what the page has shown, and go on to the next question."""
    require(posted.fields, "left", "right", "do")
    subject = subject_of(posted.one("entity"), user)
    asked = read_posted(posted)
    left, right = posted.one("left"), posted.one("right")
    author = Author(posted.by, "desk")
    with connected(PLACE, readonly=False) as connection:
        try:
            found = explain(connection, subject.rules, subject.staged, subject.name, left, right)
            if posted.one("seen") != _state(found):
                raise TerminalError(_("somebody has decided about these two, or a run has changed them; look again"))
            if posted.one("do") == "same":
                decisions.merge(connection, subject.name, left, right, author, posted.one("reason"))
            else:
                # The question was about all records of the two, not only about those that stood for them.
                sides = (left, right) if found.is_together else (found.left.golden_id, found.right.golden_id)
                decisions.keep_apart(connection, subject.name, *sides, author, posted.one("reason"))
        except TerminalError as error:
            return _show(request, user, left, right, asked, posted=posted, problem=error)
    if posted.one("next_left") and posted.one("next_right"):
        following = query_of(asked, left=posted.one("next_left"), right=posted.one("next_right"), done="decided")
        return to(request, f"/desk/matches/pair?{following}")
    return to(request, f"/desk/matches?{query_of(asked, done='decided')}")


def _show(
    request: Request,
    user: BaseUser,
    left: str,
    right: str,
    asked: dict[str, str],
    *,
    posted: Posted | None = None,
    problem: TerminalError | None = None,
) -> Response:
    subject = subject_of(asked["entity"], user)
    asked = {**asked, "entity": subject.name}
    with connected(PLACE) as connection:
        try:
            seen = _look(connection, subject, left, right, asked)
        except TerminalError as error:
            raise not_found(error) from error
        stands = standing(connection, subject, user)
    pair = seen.found.pair
    reasons = pair.reasons if pair else None
    made = decision_lines(subject, seen.found.decisions)
    return render_matching(
        request,
        "pair",
        user,
        subject,
        status_code=status.HTTP_200_OK if problem is None else status.HTTP_409_CONFLICT,
        problem=str(problem) if problem else None,
        asked=asked,
        back=query_of(asked),
        left=seen.left,
        right=seen.right,
        sides=[_side(subject, seen, record) for record in (seen.left, seen.right)],
        is_together=seen.found.is_together,
        is_compared=pair is not None,
        outcome=pair.outcome if pair else None,
        percent=percent(pair.score) if pair else None,
        total=reasons.total if reasons else None,
        veto=words.veto(reasons.veto, subject.fields) if reasons and reasons.veto else None,
        disputed=[each for each in made if each["state"] == "conflict"],
        compared=[_compared(subject, seen, each) for each in (reasons.comparisons if reasons else ())],
        rest=f"{reasons.rest:+.1f}" if reasons and abs(reasons.rest) > _ROUNDING else None,
        others=_others(subject, seen, [each.name for each in (reasons.comparisons if reasons else ())]),
        is_kept=seen.found.is_kept,
        pair_count=seen.found.pair_count,
        path=[_step(step) for step in seen.found.path],
        made=made,
        state=_state(seen.found),
        stake=seen.here.stake if seen.here else sum(seen.amounts.values()) if seen.amounts else None,
        place=seen.here.place if seen.here else None,
        place_total=seen.here.total if seen.here else None,
        before=_address(asked, seen.before),
        behind=_address(asked, seen.behind),
        following=seen.behind,
        stands=stands,
        reason=posted.one("reason") if posted else _("compared side by side"),
    )


def _look(connection: PgConnection, subject: Subject, left: str, right: str, asked: dict[str, str]) -> _Seen:
    found = explain(connection, subject.rules, subject.staged, subject.name, left, right)
    ends = _ends(found)
    goldens = (found.left.golden_id, found.right.golden_id)
    around: list[Question] = []
    with connection.cursor() as cursor:
        rows = read_records(cursor, subject.staged, ends)
        whole = {golden: find(cursor, subject.name, golden) for golden in goldens}
        amounts = stakes(cursor, subject.review, goldens)
    if not found.is_together:
        around = read_around(
            connection, subject.review, subject.staged, filter_of(asked), sort_of(asked), (goldens[0], goldens[1])
        )
    connection.rollback()
    here = next((each for each in around if {each.left_golden, each.right_golden} == set(goldens)), None)
    place = here.place if here else 0
    return _Seen(
        found=found,
        left=ends[0],
        right=ends[1],
        rows=rows,
        goldens=whole,
        amounts=amounts,
        before=next((each for each in around if here and each.place == place - 1), None),
        here=here,
        behind=next((each for each in around if here and each.place == place + 1), None),
    )


def _ends(found: Explanation) -> tuple[str, str]:
    """The records that stand for the two sides, left as asked."""
    if found.pair is None:
        return found.left.records[0], found.right.records[0]
    one, other = found.pair.left_record, found.pair.right_record
    return (one, other) if one in found.left.records else (other, one)


def _state(found: Explanation) -> str:
    """Changes with whatever the person has to know before deciding."""
    made = ",".join(f"{each.decision.decision_id}{each.state}" for each in found.decisions)
    return f"{found.left.golden_id} {found.right.golden_id} {made}"


def _address(asked: dict[str, str], question: Question | None) -> str | None:
    if question is None:
        return None
    return "?" + query_of(asked, left=question.left_record, right=question.right_record)


def _side(subject: Subject, seen: _Seen, record: str) -> dict[str, Any]:
    golden = next(each for each in seen.goldens.values() if record in each.records)
    row = seen.rows.get(record, {})
    return {
        "record": visible(record, 80),
        "source": subject.source_title(record),
        "title": subject.shown(subject.review.title, row.get(subject.review.title), 120) or "–",
        "golden": golden.golden_id,
        "records": len(golden.records),
        "amount": seen.amounts.get(golden.golden_id),
    }


def _compared(subject: Subject, seen: _Seen, each: Comparison) -> dict[str, Any]:
    # People know a value as its source wrote it, not the part of it that was compared.
    column = subject.fields.column(each.name) or ""
    left = subject.shown(each.name, seen.rows.get(seen.left, {}).get(column) or _given(seen, each, seen.left))
    right = subject.shown(each.name, seen.rows.get(seen.right, {}).get(column) or _given(seen, each, seen.right))
    return {
        "label": subject.label(each.name),
        "left": marked(left, right),
        "right": marked(right, left),
        "level": words.level(each.level),
        "says": each.says,
        "strength": words.strength(each.weight) if each.level is not None else "",
        "weight": f"{each.weight:+.1f}" if each.level is not None else "",
        "bar": min(max(round(abs(each.weight)), 1), _LONGEST_BAR) if each.says in ("for", "against") else 0,
    }


def _given(seen: _Seen, each: Comparison, record: str) -> str | None:
    """What was compared of one of the two records."""
    pair = seen.found.pair
    return each.left if pair is not None and pair.left_record == record else each.right


def _others(subject: Subject, seen: _Seen, names: list[str]) -> list[dict[str, Any]]:
    """What was not compared and one of the two has."""
    compared = {column for name in names for column in subject.fields.columns.get(name, (name,))}
    left, right = seen.rows.get(seen.left, {}), seen.rows.get(seen.right, {})
    lines = []
    for name in shown_columns(subject.staged):
        one, other = subject.shown(name, left.get(name)), subject.shown(name, right.get(name))
        if name not in compared and (one is not None or other is not None):
            lines.append({"label": subject.label(name), "left": marked(one, other), "right": marked(other, one)})
    return lines


def _step(step: ComparedPair) -> dict[str, str]:
    return {
        "left": step.left_record,
        "right": step.right_record,
        "left_shown": visible(step.left_record, 60),
        "right_shown": visible(step.right_record, 60),
        "percent": percent(step.score),
    }


def marked(text: str | None, other: str | None) -> list[tuple[str, bool]]:
    """A text in parts, each with whether the other one lacks it; nothing for None."""
    if text is None:
        return []
    if other is None or text == other or max(len(text), len(other)) > _LONGEST_COMPARED:
        return [(text, False)]
    same = SequenceMatcher(None, text, other, autojunk=False)
    # Where hardly anything is shared, all of it differs: single characters in common mean nothing.
    if same.ratio() < 0.4:
        return [(text, True)]
    return [(text[start:end], kind != "equal") for kind, start, end, _from, _to in same.get_opcodes() if end > start]
