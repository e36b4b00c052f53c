"""The page of texts whose meaning a steward decides; an answer is used like a synonym from the next run on."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import HTTPException, Query, Request, Response, status

from cockpit.domain.masking import mask
from cockpit.domain.normalise.choice import ChoiceRule
from cockpit.errors import TerminalError
from cockpit.i18n import _, language
from cockpit.quality import decisions
from cockpit.quality.shown import visible
from cockpit.rulebook.normalisation import load_rule
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views.access import may_change
from cockpit_airflow.views.database import Row, connected
from cockpit_airflow.views.desk import texts
from cockpit_airflow.views.desk.context import desk_context
from cockpit_airflow.views.desk.desk_page import render_desk, to
from cockpit_airflow.views.desk.forms import AnswerForm, Posted
from cockpit_airflow.views.desk.reviews import MOST_DECISIONS, kinds_in_use, read_decisions, waiting_texts
from cockpit_airflow.views.page import query

_PLACE = "quality.decision"
_TEXTS_PER_PAGE = 50
# Kinds whose texts are about persons.
_PERSONAL = frozenset({"person", "phone", "email"})

Kind = Annotated[str, Query(max_length=40, pattern=r"^[a-z-]*$")]
Number = Annotated[str, Query(pattern=r"^[0-9]{0,6}$")]


def show_reviews(request: Request, user: GetUserDep, kind: Kind = "", offset: Number = "") -> Response:
    """Texts of one kind; of the one with most rows when none is named."""
    return _show(request, user, kind, int(offset or 0))


def answer_review(request: Request, user: GetUserDep, posted: AnswerForm) -> Response:
    """Take an answer about a text, or take one back."""
    context = desk_context()
    kind = posted.one("kind")
    if kind not in kinds_in_use(context.graph):
        raise HTTPException(status.HTTP_400_BAD_REQUEST, _("The form could not be read."))
    with connected(_PLACE, readonly=False) as connection:
        try:
            if posted.one("do") == "take_back":
                number = posted.one("decision")
                is_number = number.isascii() and number.isdigit() and len(number) < 19
                decisions.take_back(connection, context, int(number) if is_number else 0, posted.by)
                done = "taken_back"
            else:
                decisions.decide(
                    connection, context, kind, posted.one("text"), posted.one("answer"), posted.one("reason"), posted.by
                )
                done = "decided"
        except TerminalError as error:
            return _show(request, user, kind, 0, posted=posted, problem=error)
    return to(request, f"/desk/reviews?kind={quote(kind)}&done={done}")


def _show(
    request: Request,
    user: BaseUser,
    kind: str,
    offset: int,
    *,
    posted: Posted | None = None,
    problem: TerminalError | None = None,
) -> Response:
    context = desk_context()
    sees_all = may_change(user)
    with connected(_PLACE) as connection:
        waiting = {name: waiting_texts(connection, context.graph, name) for name in sorted(kinds_in_use(context.graph))}
        if kind not in waiting:
            kind = max(waiting, key=lambda name: waiting[name].row_count, default="")
        made = read_decisions(connection, kind, MOST_DECISIONS) if kind else []
    found = waiting[kind].rows if kind else ()
    is_masked = kind in _PERSONAL and not sees_all
    return render_desk(
        request,
        "reviews",
        user,
        status_code=status.HTTP_200_OK if problem is None else status.HTTP_409_CONFLICT,
        kind=kind,
        kinds=sorted(
            ((name, texts.kinds().get(name, name), len(found.rows)) for name, found in waiting.items()),
            key=lambda line: -line[2],
        ),
        lines=[_line(row, is_masked) for row in found[offset : offset + _TEXTS_PER_PAGE]],
        text_count=len(found),
        row_count=waiting[kind].row_count if kind else 0,
        choices=_choices(context, kind),
        decisions=[{**row, "text": _shown(row["text"], is_masked)} for row in made],
        may_change=sees_all,
        problem=str(problem) if problem else None,
        sent_text=posted.one("text") if posted else None,
        sent_answer=posted.one("answer") if posted else "",
        sent_reason=posted.one("reason") if posted else "",
        following=query(request, offset=offset + _TEXTS_PER_PAGE) if len(found) > offset + _TEXTS_PER_PAGE else None,
        first=query(request, offset=None) if offset else None,
    )


def _line(row: Row, is_masked: bool) -> dict[str, Any]:
    candidates = _candidates(row)
    return {
        **row,
        "shown_text": _shown(row["text"], is_masked),
        "candidates": [] if is_masked else [visible(one, 200) for one in candidates],
        "answer": candidates[0] if len(candidates) == 1 and not is_masked else "",
    }


def _candidates(row: Row) -> list[str]:
    """What a text may stand for, as its rule says, likeliest first."""
    value, details = row["value"], row["details"] or {}
    if value is not None and not isinstance(value, list | dict):
        return [str(value)]
    if suggestion := details.get("suggestion"):
        local, at, _domain = row["text"].strip().rpartition("@")
        return [f"{local}{at}{suggestion}"]
    found = details.get("candidates") or details.get("classes") or ()
    return [str(one) for one in found if isinstance(one, str | int | float)]


def _shown(text: str, is_masked: bool) -> str:
    return visible((mask(text) or "") if is_masked else text, 200)


def _choices(context: BuildContext, kind: str) -> list[tuple[str, str]]:
    """The codes of a kind that has a list of them, with their labels."""
    folder = context.workspace.normalisation_folder
    if folder is None or not kind:
        return []
    rule = load_rule(folder, kind)
    if not isinstance(rule, ChoiceRule):
        return []
    return [(code, one.zh if language() == "zh" else one.en) for code, one in rule.codes.items()]
