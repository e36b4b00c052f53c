"""Turn a template and its values into a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.loaders import ChoiceLoader

from cockpit.i18n import language
from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.views import shown, texts
from cockpit_airflow.views.navigation import areas

_FOLDER = Path(__file__).parent
# Areas with templates of their own, `desk/queue.html`.
_AREAS = ("desk", "matching", "scores")


def render(
    request: Request, template: str, *, area: str = "imports", status_code: int = 200, **values: Any
) -> HTMLResponse:
    """A page in the language of the platform.

    Args:
        request: For the path below which the application is mounted.
        template: Name without `.html`; `desk/queue` for one of an area's own.
        area: Where the navigation says that the person is.
        status_code: Of the answer.
        values: What the template shows; all texts are escaped there.
    """
    text = (
        _templates()
        .get_template(f"{template}.html")
        .render(
            root=root(request),
            lang="zh-CN" if language() == "zh" else "en",
            here=template.rpartition("/")[2],
            areas=areas(),
            area=next(one for one in areas() if one.name == area),
            text=texts.page_texts(),
            **values,
        )
    )
    return HTMLResponse(text, status_code)


def query(request: Request, **changed: object) -> str:
    """The address's query with some values changed; None takes one away."""
    values = {**request.query_params, **changed}
    return "?" + urlencode({name: value for name, value in values.items() if value not in (None, "")})


def root(request: Request) -> str:
    """Path of this application, also behind a proxy that puts Airflow below a path."""
    return str(request.scope.get("root_path", "")).rstrip("/")


@cache
def _templates() -> Environment:
    own = {name: FileSystemLoader(_FOLDER / name / "templates") for name in _AREAS}
    templates = Environment(
        loader=ChoiceLoader([FileSystemLoader(_FOLDER / "templates"), PrefixLoader(own)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(number=shown.number, size=shown.size, seconds=shown.seconds, age=shown.age)
    templates.filters["moment"] = lambda value: shown.moment(value, find_workspace().zone)
    return templates
