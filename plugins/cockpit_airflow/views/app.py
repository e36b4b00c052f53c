"""The application of our pages in Airflow; those of the import ledger: what came in, and what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.models.dagrun import DagRun
from fastapi import Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import select
from starlette.exceptions import HTTPException as StarletteHTTPException

from cockpit.errors import CockpitError, TransientError
from cockpit.i18n import _, language
from cockpit.rulebook.workspace import Workspace, find_workspace
from cockpit_airflow.views import data_docs, desk, ledger, matching, scores, shown, texts
from cockpit_airflow.views.access import require_reader
from cockpit_airflow.views.database import Row
from cockpit_airflow.views.ledger import BatchFilter
from cockpit_airflow.views.navigation import areas
from cockpit_airflow.views.page import query, render, root
from cockpit_airflow.views.parameters import Number, Text
from cockpit_airflow.views.punctuality import judge

URL_PREFIX = "/imports"
_FOLDER = Path(__file__).parent

# Airflow shows the page in a frame of its own; nobody else may, and nothing comes from elsewhere.
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_COUNTS = ("received", "loaded", "unchanged", "superseded", "rejected", "deleted", "staged", "quarantined")


def create_app() -> FastAPI:
    """The application that Airflow mounts at URL_PREFIX; only the desk's forms write."""
    app = FastAPI(
        title="Imports",
        # Descriptions of the routes would be open to everybody.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(require_reader)],
        default_response_class=HTMLResponse,
    )
    app.mount("/static", StaticFiles(directory=_FOLDER / "static"), name="static")
    app.get("/")(show_sources)
    app.get("/batches")(show_batches)
    app.get("/batches/{batch_id}")(show_batch)
    app.get("/changes")(show_changes)
    desk.add_routes(app)
    matching.add_routes(app)
    scores.add_routes(app)
    app.get("/data-docs/")(data_docs.show_start)
    app.get("/data-docs/{path:path}")(data_docs.show_file)
    app.middleware("http")(_add_headers)
    app.exception_handler(StarletteHTTPException)(_show_refusal)
    app.exception_handler(RequestValidationError)(_show_bad_address)
    app.exception_handler(CockpitError)(_show_fault)
    return app


def show_sources(request: Request) -> HTMLResponse:
    """Every source: when it was last loaded, what came in, whether the ledger balances."""
    workspace = find_workspace()
    overview = ledger.overview()
    lines = []
    for name in sorted({*workspace.sources, *overview.sources}):
        source, row = workspace.sources.get(name), overview.sources.get(name)
        cron = source.schedule if source else None
        loaded_at = row["loaded_at"] if row else None
        punctuality = judge(cron, workspace.zone, loaded_at, overview.read_at)
        lines.append(
            {
                "source": name,
                "title": _title(workspace, name),
                "loaded_at": loaded_at,
                "age": overview.read_at - loaded_at if loaded_at else None,
                "verdict": punctuality.verdict,
                "due_at": punctuality.due_at,
                "cron": cron,
                "ever": _figures(row, ""),
                "recent": _figures(row, "recent_"),
            }
        )
    return _page(request, "sources", lines=lines, counts=_COUNTS)


def show_batches(
    request: Request,
    source: Text = "",
    entity: Text = "",
    run_id: Text = "",
    unbalanced: bool = False,
    rejected: bool = False,
    before: Number = "",
) -> HTMLResponse:
    """Batches, newest first, narrowed by what the person chose."""
    wanted = BatchFilter(source or None, entity or None, run_id or None, unbalanced, rejected, _integer(before))
    page = ledger.batches(wanted)
    choices = ledger.choices()
    return _page(
        request,
        "batches",
        wanted=wanted,
        rows=page.rows,
        counts=_COUNTS,
        sources=sorted({choice["source"] for choice in choices}),
        entities=sorted({choice["entity"] for choice in choices if source in ("", choice["source"])}),
        older=query(request, before=page.rows[-1]["batch_id"]) if page.has_more else None,
        newest=query(request, before=None) if before else None,
    )


def show_batch(request: Request, batch_id: int, session: SessionDep, offset: Number = "") -> HTMLResponse:
    """One batch with its rejected lines."""
    # Beyond it PostgreSQL has no number.
    row = ledger.batch(batch_id) if 0 < batch_id < 2**63 else None
    if row is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, _("There is no batch {number}.", number=batch_id))
    start = _integer(offset) or 0
    lines = ledger.rejected_lines(batch_id, start)
    for line in lines.rows:
        line["reason"] = _(line["reason"])
        line["is_cut"] = line["text_length"] > len(line["raw_text"])
        line["text"] = shown.masked(line.pop("raw_text"))
    return _page(
        request,
        "batch",
        row=row,
        title=_title(find_workspace(), row["source"]),
        lines=lines.rows,
        run_address=_run_address(request, session, row),
        following=query(request, offset=start + ledger.LINES_PER_PAGE) if lines.has_more else None,
        first=query(request, offset=None) if start else None,
    )


def show_changes(request: Request, source: Text = "", run_id: Text = "", before: Number = "") -> HTMLResponse:
    """Changes of sources' columns, newest first."""
    page = ledger.schema_changes(source or None, run_id or None, _integer(before))
    return _page(
        request,
        "changes",
        rows=page.rows,
        source=source,
        sources=ledger.changing_sources(),
        older=query(request, before=page.rows[-1]["change_id"]) if page.has_more else None,
        newest=query(request, before=None) if before else None,
    )


def _figures(row: Row | None, prefix: str) -> Row:
    names = ("batches", *_COUNTS, "unbalanced")
    return {name: row[prefix + name] if row else 0 for name in names}


def _title(workspace: Workspace, name: str) -> str:
    """The source's title in the reader's language; its name when its file is gone."""
    source = workspace.sources.get(name)
    if source is None:
        return name
    return source.title_zh if language() == "zh" else source.title


def _integer(text: str) -> int | None:
    return int(text) if text else None


def _run_address(request: Request, session: SessionDep, row: Row) -> str | None:
    """Where Airflow shows the run that loaded the batch; None when Airflow did not load it or has forgotten it."""
    dag_id = f"load_{row['source']}"
    known = session.scalar(select(DagRun.id).where(DagRun.dag_id == dag_id, DagRun.run_id == row["run_id"]))
    if known is None:
        return None
    return f"{root(request).removesuffix(URL_PREFIX)}/dags/{dag_id}/runs/{quote(row['run_id'], safe='')}"


def _page(request: Request, template: str, *, status_code: int = 200, **values: Any) -> HTMLResponse:
    return render(
        request,
        template,
        status_code=status_code,
        count_names=texts.count_names(),
        verdicts=texts.verdicts(),
        labels=texts.labels(),
        kinds=texts.kinds_of_change(),
        actions=texts.actions(),
        **values,
    )


async def _add_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _show_refusal(request: Request, error: StarletteHTTPException) -> HTMLResponse:
    """401, 403, 404 and 405 as a page; after the first a person can sign in."""
    airflow = root(request).removesuffix(URL_PREFIX)
    address = None
    message = str(error.detail)
    if error.status_code == status.HTTP_401_UNAUTHORIZED:
        message = _("Sign in to Airflow to see this page.")
        address = f"{airflow}/api/v2/auth/login?{urlencode({'next': f'{airflow}/plugin{URL_PREFIX}'})}"
    return _message(request, error.status_code, message, address)


def _show_bad_address(request: Request, _error: RequestValidationError) -> HTMLResponse:
    message = _("The address holds a value that is not allowed.")
    return _message(request, status.HTTP_400_BAD_REQUEST, message)


def _show_fault(request: Request, error: CockpitError) -> HTMLResponse:
    return _message(request, 503 if isinstance(error, TransientError) else 500, str(error))


def _message(request: Request, code: int, message: str, sign_in: str | None = None) -> HTMLResponse:
    path = request.url.path.removeprefix(root(request))
    area = next((one.name for one in areas() if path.startswith(f"/{one.name}/")), "imports")
    return render(request, "message", area=area, status_code=code, message=message, sign_in=sign_in)
