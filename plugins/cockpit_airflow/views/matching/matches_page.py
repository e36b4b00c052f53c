"""The queue of pairs that wait for a decision, what is worth most first."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Request
from fastapi.responses import HTMLResponse
from psycopg2.extensions import connection as PgConnection

from cockpit.mdm import words
from cockpit.mdm.reasons import Comparison
from cockpit.mdm.record_view import RecordRow, read_records
from cockpit.mdm.review_queue import SORTS, Choice, Question, read_choices, read_questions
from cockpit.quality.shown import visible
from cockpit_airflow.views.database import connected
from cockpit_airflow.views.matching.asked import LEAST, Asked, Offset, filter_of, query_of, sort_of
from cockpit_airflow.views.matching.subject import (
    PLACE,
    Standing,
    Subject,
    is_matched,
    render_matching,
    standing,
    subject_of,
)
from cockpit_airflow.views.page import query

_PER_PAGE = 50
_REASONS_PER_LINE = 4


def show_matches(request: Request, user: GetUserDep, address: Asked, offset: Offset = "") -> HTMLResponse:
    """Pairs that fit what the person asked for, one page of them."""
    subject = subject_of(address["entity"], user)
    asked = {**address, "entity": subject.name}
    wanted, order, start = filter_of(asked), sort_of(asked), int(offset or 0)
    found: list[Question] = []
    choices: list[Choice] = []
    stands = Standing()
    rows: dict[str, RecordRow] = {}
    with connected(PLACE) as connection:
        if is_matched(connection):
            found = read_questions(
                connection, subject.review, subject.staged, wanted, order, offset=start, limit=_PER_PAGE
            )
            with connection.cursor() as cursor:
                choices = read_choices(cursor, subject.review, wanted.is_vetoed)
            rows = rows_of(connection, subject, found)
            connection.rollback()
            stands = standing(connection, subject, user)
    total = found[0].total if found else 0
    return render_matching(
        request,
        "matches",
        user,
        subject,
        asked=asked,
        wanted=wanted,
        stands=stands,
        total=total,
        lines=[line_of(subject, rows, each, query_of(asked)) for each in found],
        sources=[(each.name, subject.source_title(f"{each.name}:")) for each in choices if each.kind == "source"],
        reasons=_reason_choices(subject, choices),
        least_choices=LEAST,
        sorts=list(SORTS),
        sort=order,
        has_stake=subject.review.value_at_stake is not None,
        following=query(request, offset=start + _PER_PAGE) if start + _PER_PAGE < total else None,
        first=query(request, offset=None) if start else None,
    )


def rows_of(connection: PgConnection, subject: Subject, found: list[Question]) -> dict[str, RecordRow]:
    """The records of some questions."""
    with connection.cursor() as cursor:
        records = [record for each in found for record in (each.left_record, each.right_record)]
        return read_records(cursor, subject.staged, records)


def line_of(subject: Subject, rows: dict[str, RecordRow], each: Question, asked: str) -> dict[str, Any]:
    """A question as a line of a table."""
    spoken = [one for one in each.reasons.by_strength() if one.says in ("for", "against")]
    return {
        "address": f"{asked}&" + query_of({}, left=each.left_record, right=each.right_record),
        "sides": [
            {
                "title": subject.shown(subject.review.title, rows.get(record, {}).get(subject.review.title), 80),
                "record": visible(record, 60),
                "source": subject.source_title(record),
            }
            for record in (each.left_record, each.right_record)
        ],
        "percent": percent(each.score),
        "stake": each.stake,
        "pair_count": each.pair_count,
        "veto": words.veto(each.reasons.veto, subject.fields) if each.reasons.veto else None,
        "reasons": [_spoken(subject, one) for one in spoken[:_REASONS_PER_LINE]],
    }


def percent(score: float) -> str:
    """A probability that is never rounded to certainty."""
    return f"{min(max(score, 0.001), 0.999) * 100:.1f} %" if score > 0.99 else f"{score * 100:.0f} %"


def _spoken(subject: Subject, one: Comparison) -> dict[str, Any]:
    return {"label": subject.label(one.name), "level": words.level(one.level), "says": one.says}


def _reason_choices(subject: Subject, choices: list[Choice]) -> list[tuple[str, str, str, int]]:
    """Value, kind, title and count of what pairs can be narrowed by."""
    return [
        (
            f"{each.kind}:{each.name}",
            each.kind,
            words.veto(each.name, subject.fields) if each.kind == "veto" else subject.label(each.name),
            each.pairs,
        )
        for each in choices
        if each.kind != "source"
    ]
