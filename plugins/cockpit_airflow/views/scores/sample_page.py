"""The week's sample of a person, one card per row, and what all answers together measure."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse

from cockpit.i18n import language
from cockpit.quality import samples
from cockpit.quality.samples import ANSWERS
from cockpit.quality.scores import scores_of
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views import page
from cockpit_airflow.views.access import may_change
from cockpit_airflow.views.database import connected
from cockpit_airflow.views.desk.context import desk_context
from cockpit_airflow.views.desk.forms import AnswerForm
from cockpit_airflow.views.scores.area_page import render_quality
from cockpit_airflow.views.scores.reading import read
from cockpit_airflow.views.scores.shown_rows import shown_rows

_PLACE = "quality.sample"

Text = Annotated[str, Query(max_length=250, pattern=r"^[^\x00]*$")]


def show_samples(request: Request, user: GetUserDep, owner: Text = "") -> HTMLResponse:
    """The sample of an owner; one's own first."""
    context = desk_context()
    today = context.as_of.astimezone(context.workspace.zone).date()
    week = samples.week_of(today)
    owners = read("sample_owners", week=week)
    chosen = owner or _first(owners, str(user.get_name()))
    rules = scores_of(context).rules.samples
    with connected(_PLACE) as connection, connection.cursor() as cursor:
        measured = samples.measured_accuracy(cursor, today, rules.weeks) if rules else []
    rows = read("sample_rows", week=week, owner=chosen) if chosen else []
    _add_values(context, rows, masked=not may_change(user))
    return render_quality(
        request,
        "samples",
        user,
        context,
        week=week,
        weeks=rules.weeks if rules else 0,
        owners=owners,
        chosen=chosen,
        rows=rows,
        answers=ANSWERS,
        company=next((line for line in measured if not (line.owner or line.entity)), None),
        entities=[line for line in measured if line.entity],
        people=[line for line in measured if line.owner and line.accuracy is not None],
        open_count=sum(row["answer"] is None for row in rows),
    )


def answer_sample(request: Request, sample_id: int, posted: AnswerForm) -> RedirectResponse:
    """Keep an answer and go back to the sample."""
    context = desk_context()
    rules = scores_of(context).rules.samples
    columns = {each.entity: each.shown for each in (rules.entities if rules else ())}
    with connected(_PLACE, readonly=False) as connection:
        samples.answer(
            connection,
            sample_id if 0 < sample_id < 2**63 else 0,
            posted.one("answer"),
            posted.by,
            column=(posted.one("column") or None) if posted.one("answer") == "wrong" else None,
            note=posted.one("note"),
            columns=columns,
        )
    back = page.query(request, owner=posted.one("owner") or None)
    address = f"{page.root(request)}/quality/samples{back}#row-{sample_id}"
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)


def _first(owners: list[dict[str, Any]], person: str) -> str:
    """The person's own sample, else one that waits, else any."""
    names = [row["owner"] for row in owners]
    if person in names:
        return person
    waiting = [row["owner"] for row in owners if row["answered"] < row["drawn"]]
    return next(iter([*waiting, *names]), "")


def _add_values(context: BuildContext, rows: list[dict[str, Any]], *, masked: bool) -> None:
    rules = scores_of(context).rules.samples
    asked = {each.entity: each for each in (rules.entities if rules else ())}
    for place, rule in asked.items():
        source, entity = place.split(".")
        keys = [row["key"] for row in rows if (row["source"], row["entity"]) == (source, entity)]
        found = shown_rows(context, source, entity, keys, rule.shown, masked=masked)
        for row in rows:
            if (row["source"], row["entity"]) == (source, entity):
                row["values"] = found.get(row["key"])
    for row in rows:
        row.setdefault("values", None)
        row["asked"] = row["question_zh"] if language() == "zh" else row["question"]
