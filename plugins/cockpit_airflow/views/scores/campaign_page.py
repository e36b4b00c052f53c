"""Campaigns of the quarter: progress per owner, and the rows that an owner still has to verify."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse

from cockpit.i18n import language
from cockpit.quality import campaigns
from cockpit.quality.campaigns import ANSWERS, quarter_of
from cockpit.quality.scores import scores_of
from cockpit.rulebook.scores import CampaignRule
from cockpit_airflow.views import page
from cockpit_airflow.views.access import may_change
from cockpit_airflow.views.database import connected
from cockpit_airflow.views.desk.context import desk_context
from cockpit_airflow.views.desk.forms import AnswerForm
from cockpit_airflow.views.scores.area_page import render_quality
from cockpit_airflow.views.scores.reading import read
from cockpit_airflow.views.scores.shown_rows import shown_rows

_PLACE = "quality.campaign"
_ROWS_PER_PAGE = 25

Text = Annotated[str, Query(max_length=250, pattern=r"^[^\x00]*$")]
Number = Annotated[str, Query(pattern=r"^[0-9]{0,18}$")]


def show_campaigns(
    request: Request, user: GetUserDep, campaign: Text = "", owner: Text = "", done: bool = False, after: Number = ""
) -> HTMLResponse:
    """Progress of each campaign; with an owner their rows."""
    context = desk_context()
    quarter = quarter_of(context.as_of.astimezone(context.workspace.zone).date())
    rules = {rule.id: rule for rule in scores_of(context).rules.campaigns}
    with connected(_PLACE) as connection, connection.cursor() as cursor:
        found = campaigns.progress(cursor, quarter)
    whole = [line for line in found if line.owner is None]
    chosen = campaign if campaign in {line.name for line in whole} else next((line.name for line in whole), "")
    own = [line for line in found if line.owner is not None and line.name == chosen]
    rule = rules.get(chosen)
    rows = []
    if owner and rule:
        rows = read(
            "campaign_items",
            name=chosen,
            quarter=quarter,
            owner=owner,
            is_done=done,
            after=int(after) if after else 0,
            limit=_ROWS_PER_PAGE + 1,
        )
        source, entity = rule.entity.split(".")
        keys = [row["key"] for row in rows]
        values = shown_rows(context, source, entity, keys, rule.shown, masked=not may_change(user))
        for row in rows:
            row["values"] = values.get(row["key"])
    return render_quality(
        request,
        "campaigns",
        user,
        context,
        quarter=f"{quarter.year} Q{quarter.month // 3 + 1}",
        campaigns=[(line, _title(rules.get(line.name), line.name)) for line in whole],
        chosen=chosen,
        owners=sorted(own, key=lambda line: (line.share or 0, -line.open, line.owner or "")),
        owner=owner,
        is_done=done,
        rows=rows[:_ROWS_PER_PAGE],
        answers=[answer for answer in ANSWERS if answer != "reopened"],
        following=page.query(request, after=rows[_ROWS_PER_PAGE - 1]["item_id"])
        if len(rows) > _ROWS_PER_PAGE
        else None,
    )


def answer_item(request: Request, item_id: int, posted: AnswerForm) -> RedirectResponse:
    """Keep an answer and go back to the owner's rows."""
    with connected(_PLACE, readonly=False) as connection:
        campaigns.answer(
            connection, item_id if 0 < item_id < 2**63 else 0, posted.one("answer"), posted.by, posted.one("note")
        )
    back = page.query(
        request,
        campaign=posted.one("campaign") or None,
        owner=posted.one("owner") or None,
        done=posted.one("done") or None,
    )
    return RedirectResponse(f"{page.root(request)}/quality/campaigns{back}#rows", status.HTTP_303_SEE_OTHER)


def _title(rule: CampaignRule | None, name: str) -> str:
    if rule is None:
        return name
    return rule.title_zh if language() == "zh" else rule.title
