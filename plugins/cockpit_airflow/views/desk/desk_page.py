"""What all pages of the desk have in common."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import Request, status
from fastapi.responses import HTMLResponse, RedirectResponse

from cockpit_airflow.views import page
from cockpit_airflow.views.desk import texts
from cockpit_airflow.views.desk.forms import token_for


def render_desk(
    request: Request, template: str, user: BaseUser, *, status_code: int = 200, **values: Any
) -> HTMLResponse:
    """A page of the desk with the texts and the token that its forms need."""
    return page.render(
        request,
        f"desk/{template}",
        area="desk",
        status_code=status_code,
        **desk_values(user),
        states=texts.states(),
        outcomes=texts.outcomes(),
        through=texts.ways(),
        done=texts.done().get(request.query_params.get("done", "")),
        **values,
    )


def desk_values(user: BaseUser) -> dict[str, Any]:
    """What every page of the desk needs: its texts, who reads it, and the token that its forms send back."""
    return {"desk": texts.desk_texts(), "token": token_for(str(user.get_id())), "person": str(user.get_name())}


def to(request: Request, path: str) -> RedirectResponse:
    """To another page after a form was accepted, so that loading it again sends nothing again."""
    return RedirectResponse(f"{page.root(request)}{path}", status.HTTP_303_SEE_OTHER)
