"""What all pages about quality have in common."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import Request
from fastapi.responses import HTMLResponse

from cockpit.i18n import language
from cockpit.quality.scores import scores_of
from cockpit.rulebook.scores import DIMENSIONS
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views import page
from cockpit_airflow.views.access import may_change
from cockpit_airflow.views.desk.forms import token_for
from cockpit_airflow.views.scores import reading, texts


def render_quality(
    request: Request, template: str, user: BaseUser, context: BuildContext, **values: Any
) -> HTMLResponse:
    """A page of this area with its texts and the token that its forms need."""
    thresholds = scores_of(context).rules.thresholds

    def verdict(score: float | None) -> str:
        if score is None:
            return "none"
        return "good" if score >= thresholds.good else "fair" if score >= thresholds.fair else "poor"

    return page.render(
        request,
        f"scores/{template}",
        area="quality",
        say=texts.quality_texts(),
        dimensions={name: texts.dimensions()[name] for name in DIMENSIONS},
        percent=percent,
        points=points,
        verdict=verdict,
        spark=reading.spark,
        source_title=lambda name: title_of(context, name),
        token=token_for(str(user.get_id())),
        person=str(user.get_name()),
        may_change=may_change(user),
        **values,
    )


def percent(share: float | Decimal | None) -> str:
    """0.9876 as 98.8 %, cut rather than rounded: only what is complete is 100 %; a dash for None."""
    if share is None:
        return "–"
    tenths = int(Decimal(str(share)) * 1000 + Decimal("1e-9"))
    return f"{tenths / 10:.1f} %"


def points(change: float | None) -> str:
    """A change in percentage points with its sign; empty for None and for less than a tenth."""
    if change is None or abs(change) < 0.0005:
        return ""
    return f"{change * 100:+.1f}".replace("-", "−")


def title_of(context: BuildContext, source: str) -> str:
    """A source's title in the language of the platform; its name when its file is gone."""
    found = context.workspace.sources.get(source)
    if found is None:
        return source
    return found.title_zh if language() == "zh" else found.title
