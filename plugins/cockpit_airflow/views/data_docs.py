"""Data Docs inside Airflow: the pages that checks have written, for people who are logged in."""

from __future__ import annotations

import re
from typing import Final

from fastapi import HTTPException, Request, Response, status
from fastapi.responses import RedirectResponse

from cockpit.i18n import _, language
from cockpit.quality.doc_folder import folder_of
from cockpit.rulebook.workspace import find_workspace

# Every address that there is. Nothing else becomes part of a path, so that no request can leave the folder.
_PAGES: Final = re.compile(r"(en|zh)/(?:[a-z][a-z0-9_]{0,62}/)?(?:index|[0-9]{8}T[0-9]{12}Z)\.html")
_STYLE: Final = "static/data_docs.css"


def show_start(request: Request) -> Response:
    """To the index in the platform's language."""
    here = str(request.scope.get("root_path", "")).rstrip("/")
    return RedirectResponse(f"{here}/data-docs/{language()}/index.html", status.HTTP_302_FOUND)


def show_file(path: str) -> Response:
    """One page or its style sheet.

    Raises:
        HTTPException: 404 for everything that is no page, and for pages that are not there (any more).
    """
    folder = folder_of(find_workspace().name)
    media_type = "text/css" if path == _STYLE else "text/html" if _PAGES.fullmatch(path) else None
    if folder is None or media_type is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, _("There is no such page."))
    try:
        content = (folder / path).read_bytes()
    except FileNotFoundError as error:
        is_start = path.count("/") == 1 and media_type == "text/html"
        raise HTTPException(
            status.HTTP_404_NOT_FOUND,
            _("Nothing has been checked yet.") if is_start else _("This result is no longer kept."),
        ) from error
    return Response(content, media_type=f"{media_type}; charset=utf-8")
