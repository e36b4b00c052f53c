"""The page of one golden record: its values and where they come from, its records, its past, and decisions about it."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Request, Response, status

from cockpit.errors import TerminalError
from cockpit.mdm import decisions, words
from cockpit.mdm.decisions import LONGEST_VALUE, Author
from cockpit.mdm.golden_view import FoundGolden, GoldenView, IdEvent, Member, Version, look, search
from cockpit.mdm.record_view import shown_columns
from cockpit.mdm.review_queue import stakes
from cockpit.quality.shown import visible
from cockpit_airflow.views.database import connected
from cockpit_airflow.views.desk.desk_page import to
from cockpit_airflow.views.desk.forms import AnswerForm, Posted
from cockpit_airflow.views.matching.asked import Entity, query_of
from cockpit_airflow.views.matching.group import read_group
from cockpit_airflow.views.matching.subject import (
    PLACE,
    Standing,
    Subject,
    decision_lines,
    is_matched,
    not_found,
    render_matching,
    require,
    standing,
    subject_of,
)
from cockpit_airflow.views.parameters import Text

# Names of records in one line of the past; it counts the others.
_NAMED_PER_EVENT = 6


def show_golden(
    request: Request,
    user: GetUserDep,
    id: Text = "",  # noqa: A002 (name in the address)
    text: Text = "",
    parent: Text = "",
    entity: Entity = "",
) -> Response:
    """A golden record by any of its ids, with those that may be above it when some were searched; or a search."""
    if id:
        return _show(request, user, entity, id, above=parent)
    subject = subject_of(entity, user)
    found: list[FoundGolden] = []
    stands = Standing()
    with connected(PLACE) as connection:
        if is_matched(connection):
            if text.strip():
                found = search(connection, subject.rule, subject.review, text.strip())
                connection.rollback()
            stands = standing(connection, subject, user)
    column = subject.rule.fields[subject.review.golden_title].column
    return render_matching(
        request,
        "search",
        user,
        subject,
        typed=text,
        stands=stands,
        found=[
            {"id": each.golden_id, "title": subject.shown(column, each.title, 120), "records": each.records}
            for each in found
        ],
    )


def decide_golden(request: Request, user: GetUserDep, posted: AnswerForm) -> Response:
    """Take records out of a golden record, decide on a value, or on who is above it."""
    require(posted.fields, "id", "do")
    subject = subject_of(posted.one("entity"), user)
    golden_id, reason = posted.one("id"), posted.one("reason")
    author = Author(posted.by, "desk")
    with connected(PLACE, readonly=False) as connection:
        try:
            match posted.one("do"):
                case "split":
                    decisions.split(connection, subject.name, golden_id, posted.many("record"), author, reason)
                    done = "split"
                case "parent":
                    named, relation = posted.one("parent"), posted.one("relation")
                    decisions.set_parent(connection, golden_id, named, author, reason, relation=relation)
                    done = "parent"
                case "no_parent":
                    decisions.set_no_parent(connection, golden_id, posted.one("parent") or None, author, reason)
                    done = "parent"
                case _:
                    field, value = posted.one("field"), posted.one("value")
                    decisions.pin(connection, subject.rule, golden_id, field, value, author, reason)
                    done = "pinned"
        except TerminalError as error:
            above = posted.one("searched")
            return _show(request, user, subject.name, golden_id, above=above, posted=posted, problem=error)
    return to(request, f"/desk/golden?{query_of({'entity': subject.name}, id=golden_id, done=done)}")


def _show(
    request: Request,
    user: BaseUser,
    entity: str,
    named: str,
    *,
    above: str = "",
    posted: Posted | None = None,
    problem: TerminalError | None = None,
) -> Response:
    subject = subject_of(entity, user)
    with connected(PLACE) as connection:
        try:
            view = look(connection, subject.rule, subject.staged, named)
            with connection.cursor() as cursor:
                amount = stakes(cursor, subject.review, [view.golden_id]).get(view.golden_id)
            group = read_group(connection, subject, view.golden_id, above)
            connection.rollback()
            made = decisions.decisions_about(connection, subject.name, view.golden_id)
            stands = standing(connection, subject, user)
        except TerminalError as error:
            raise not_found(error) from error
    values = _values(subject, view)
    title = next((each["value"] for each in values if each["name"] == subject.review.golden_title), None)
    return render_matching(
        request,
        "golden",
        user,
        subject,
        status_code=status.HTTP_200_OK if problem is None else status.HTTP_409_CONFLICT,
        problem=str(problem) if problem else None,
        golden=view.golden_id,
        title=title,
        via=view.via,
        earlier=view.earlier,
        is_built=view.is_built,
        amount=amount,
        values=values,
        members=[_member(subject, each) for each in view.members],
        events=[_event(each) for each in view.events],
        versions=_versions(subject, view.versions),
        made=decision_lines(subject, made),
        happenings=words.events(),
        group=group,
        stands=stands,
        longest_value=LONGEST_VALUE,
        sent=posted.one("do") if posted else "",
        sent_field=posted.one("field") if posted else "",
        sent_value=posted.one("value") if posted else "",
        sent_parent=posted.one("parent") if posted else "",
        sent_relation=posted.one("relation") if posted else "",
        sent_records=posted.many("record") if posted else (),
        reason=posted.one("reason") if posted else "",
    )


def _values(subject: Subject, view: GoldenView) -> list[dict[str, Any]]:
    criteria = words.criteria()
    lines = []
    for each in view.values:
        column = subject.rule.fields[each.field].column
        lines.append(
            {
                "name": each.field,
                "label": words.label(each.field, subject.golden),
                "value": subject.shown(column, each.value),
                "record": visible(each.record_id, 60) if each.record_id else None,
                "source": subject.source_title(each.record_id) if each.record_id else None,
                "reason": criteria.get(each.reason or "", each.reason),
                "is_pinned": each.pinned is not None,
                "is_hidden": subject.is_hidden(column),
            }
        )
    return lines


def _member(subject: Subject, member: Member) -> dict[str, Any]:
    values = [
        (subject.label(name), text)
        for name in shown_columns(subject.staged)
        if (text := subject.shown(name, member.row.get(name), 120)) is not None and name != subject.review.title
    ]
    return {
        "id": member.record_id,
        "shown": visible(member.record_id, 80),
        "source": subject.source_title(member.record_id),
        "title": subject.shown(subject.review.title, member.row.get(subject.review.title), 120),
        "since": member.since,
        "values": values,
    }


def _event(event: IdEvent) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "golden": event.golden_id,
        "other": event.other_id,
        "records": [visible(record, 60) for record in event.record_ids[:_NAMED_PER_EVENT]],
        "more": max(len(event.record_ids) - _NAMED_PER_EVENT, 0),
        "as_of": event.as_of,
    }


def _versions(subject: Subject, versions: tuple[Version, ...]) -> list[dict[str, Any]]:
    """Each version with what it changed against the one before."""
    lines = []
    for number, version in enumerate(versions):
        older = versions[number + 1].content if number + 1 < len(versions) else {}
        changes = []
        for name in subject.rule.fields:
            before, after = older.get(name), version.content.get(name)
            if before != after:
                column = subject.rule.fields[name].column
                changes.append(
                    {
                        "label": words.label(name, subject.golden),
                        "before": subject.shown(column, before, 120),
                        "after": subject.shown(column, after, 120),
                    }
                )
        is_first = number + 1 == len(versions)
        lines.append({"from": version.valid_from, "to": version.valid_to, "changes": changes, "is_first": is_first})
    return lines
