"""The service: who may post what, and what is answered."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from psycopg2.extensions import connection as PgConnection
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.intake import auth, page
from cockpit.intake.body import parse_body, read_body
from cockpit.intake.credentials import SecretReader, form_sources
from cockpit.intake.describe import describe
from cockpit.intake.fields import check_fields
from cockpit.intake.limits import ByteBudget, RateLimit
from cockpit.intake.replies import RefusalError, language_of
from cockpit.intake.tasks.routes import add_routes
from cockpit.intake.writer import (
    ConflictError,
    FormWriter,
    OverloadedError,
    Submission,
    UnavailableError,
    now,
)
from cockpit.rulebook.sources import FormEntity, FormSource
from cockpit.rulebook.workspace import Workspace, find_workspace
from cockpit.warehouse.connections import connect

logger = logging.getLogger(__name__)

IDEMPOTENCY_HEADER = "Idempotency-Key"
TAG_HEADER = "X-Client-Tag"

# Bodies that are being read or wait for their commit, of all forms together.
_BYTES_AT_ONCE = 32 << 20
_RETRY_SECONDS = 2
_PREFLIGHT_SECONDS = 600
_LONGEST_COUNT = 12
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_TAG = re.compile(r"[A-Za-z0-9._/-]{1,64}")
_BROWSER_HEADERS = ", ".join(("Content-Type", IDEMPOTENCY_HEADER, TAG_HEADER, auth.KEY_HEADER))

_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

Connect = Callable[[], PgConnection]


@dataclass
class Form:
    """A form with what is needed to take its posts."""

    source: FormSource
    name: str
    writer: FormWriter
    per_client: RateLimit
    altogether: RateLimit
    replays: auth.Replays

    @property
    def entity(self) -> FormEntity:
        """Its fields and limits."""
        return self.source.entities[self.name]


def create_app(
    workspace: Workspace | None = None, *, connect_to: Connect | None = None, secrets: Path | None = None
) -> FastAPI:
    """The ASGI application.

    Args:
        workspace: Its form sources are served; the company's own when absent.
        connect_to: Opens the workspace's database; the intake's own login when absent.
        secrets: Folder of the forms' secrets; `$COCKPIT_HOME/secrets` when absent.
    """
    chosen = workspace or find_workspace()
    folder = secrets or Path(os.environ.get("COCKPIT_HOME", ".cockpit")) / "secrets"
    service = _Service(chosen, connect_to or (lambda: connect(intake_connection(chosen))), SecretReader(folder))
    app = FastAPI(
        title="CRM Cockpit",
        summary=chosen.settings.title,
        lifespan=service.lifespan,
        # The usual pages load their scripts from elsewhere; ours is at /docs.
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(_SecurityHeaders)
    app.add_exception_handler(404, _not_found)
    app.add_exception_handler(405, _not_found)
    app.add_api_route("/healthz", service.health, methods=["GET"], include_in_schema=False)
    app.add_api_route("/docs", service.docs, methods=["GET"], include_in_schema=False)
    for form in service.forms.values():
        path = f"/forms/{form.source.source}/{form.name}"
        app.add_api_route(
            path,
            service.taker(form),
            methods=["POST"],
            tags=[form.source.source],
            status_code=201,
            operation_id=f"post_{form.source.source}__{form.name}",
            **describe(form.source, form.name),
        )
        app.add_api_route(path, service.preflight(form), methods=["OPTIONS"], include_in_schema=False)
    add_routes(app, chosen, lambda: connect(tasks_connection(chosen)), folder)
    return app


def tasks_connection(workspace: Workspace) -> str:
    """Connection id of the login by which answers about held rows are given."""
    return f"{workspace.settings.warehouse}_tasks"


def intake_connection(workspace: Workspace) -> str:
    """Connection id of the intake's own login to the workspace's database."""
    return f"{workspace.settings.warehouse}_intake"


class _Service:
    """The forms of one workspace and the handlers of their requests."""

    def __init__(self, workspace: Workspace, connect_to: Connect, secrets: SecretReader) -> None:
        self._workspace = workspace
        self._secrets = secrets
        self._budget = ByteBudget(_BYTES_AT_ONCE)
        run_id = f"intake_{uuid.uuid4().hex[:12]}"
        self.forms: dict[str, Form] = {}
        for source in form_sources(workspace):
            for name, entity in source.entities.items():
                replays = auth.Replays()
                writer = FormWriter(
                    source,
                    name,
                    run_id=run_id,
                    zone=workspace.zone,
                    connect=connect_to,
                    on_ready=replays.remember,
                )
                rate = entity.rate_per_minute
                self.forms[f"{source.source}/{name}"] = Form(
                    source, name, writer, RateLimit(rate.client), RateLimit(rate.form), replays
                )

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Write while the service runs; at the end what was accepted is written first."""
        for form in self.forms.values():
            form.writer.start()
        yield
        await asyncio.gather(*(asyncio.to_thread(form.writer.stop) for form in self.forms.values()))

    # Pages

    async def health(self) -> JSONResponse:
        """200 when every form can be taken, else 503 with the ones that cannot."""
        away = sorted(name for name, form in self.forms.items() if not form.writer.is_available)
        return JSONResponse({"status": "unavailable" if away else "ok", "unavailable": away}, 503 if away else 200)

    async def docs(self, request: Request) -> HTMLResponse:
        """The forms for people."""
        lang = request.query_params.get("lang") or _language(request)
        text, policy = page.render(self._workspace, lang, str(request.base_url).rstrip("/"))
        return HTMLResponse(text, headers={"Content-Security-Policy": policy, "Content-Language": lang})

    # Posts

    def taker(self, form: Form) -> Callable[[Request], Awaitable[Response]]:
        """The handler of one form's posts."""

        async def take(request: Request) -> Response:
            cross_origin = _cross_origin_headers(form.entity, request)
            try:
                response = await self._take(form, request, _language(request))
            except RefusalError as refusal:
                response = refusal.response()
            response.headers.update(cross_origin)
            return response

        return take

    def preflight(self, form: Form) -> Callable[[Request], Awaitable[Response]]:
        """The handler of a browser's question whether a page may post."""

        async def answer(request: Request) -> Response:
            headers = _cross_origin_headers(form.entity, request)
            if not headers:
                return RefusalError(403, _("this page may not post to this form", _language(request))).response()
            allowed = {
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": _BROWSER_HEADERS,
                "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
            }
            return Response(status_code=204, headers={**headers, **allowed})

        return answer

    async def _take(self, form: Form, request: Request, lang: str) -> Response:
        if "origin" in request.headers and not _cross_origin_headers(form.entity, request):
            raise RefusalError(403, _("this page may not post to this form", lang))
        # First, so that who tries again while the database is away does not use up its posts.
        if not form.writer.is_available:
            raise _unavailable(lang)
        _within_rate(form.per_client.take(request.client.host if request.client else ""), lang)
        declared = request.headers.get("content-length")
        # A chunked body may become as large as allowed.
        reserved = form.entity.max_bytes
        if declared is not None and declared.isascii() and declared.isdigit() and len(declared) < _LONGEST_COUNT:
            reserved = min(int(declared), reserved)
        if not self._budget.take(reserved):
            raise _overloaded(lang)
        try:
            return await self._store(form, request, declared, lang)
        finally:
            self._budget.give_back(reserved)

    async def _store(self, form: Form, request: Request, declared: str | None, lang: str) -> Response:
        headers = request.headers
        secrets = self._valid_secrets(form, lang)
        is_signed = form.entity.auth.kind == "hmac"
        if not is_signed:
            # Before the body is read.
            auth.verify_key(headers, secrets, lang)
        try:
            body = await read_body(request.stream(), declared, form.entity.max_bytes, lang)
        except ClientDisconnect:
            raise RefusalError(400, _("the body did not arrive in time", lang)) from None
        signature = auth.verify_signature(headers, body, secrets, lang) if is_signed else None
        _within_rate(form.altogether.take(), lang)
        fields = parse_body(body, headers.get("content-type", ""), lang)
        faults = check_fields(form.entity, form.source.drift_of(form.name), fields, lang)
        if faults:
            raise RefusalError(422, _("the submission is not as the form asks", lang), faults)
        key = _header(headers, IDEMPOTENCY_HEADER, _IDEMPOTENCY_KEY, lang)
        submission = Submission(
            submission_id=_submission_id(form, key),
            received_at=now(),
            fields=fields,
            client_tag=_header(headers, TAG_HEADER, _TAG, lang),
            idempotency_key=key,
            signature=signature,
        )
        return await _committed(form, submission, lang)

    def _valid_secrets(self, form: Form, lang: str) -> tuple[bytes, ...]:
        try:
            return self._secrets.valid(form.source.secret_of(form.name))
        except StackError as error:
            logger.warning("%s: %s", form.writer.where, error)
            raise _unavailable(lang) from error


async def _committed(form: Form, submission: Submission, lang: str) -> Response:
    """Store and answer."""
    if submission.signature is not None:
        form.replays.check(submission.signature, submission.idempotency_key, lang)
    try:
        stored = await form.writer.submit(submission)
    except (OverloadedError, UnavailableError, ConflictError) as error:
        if submission.signature is not None:
            form.replays.forget(submission.signature)
        if isinstance(error, ConflictError):
            message = _("{header} was used for a submission of other content", lang, header=IDEMPOTENCY_HEADER)
            raise RefusalError(409, message) from None
        raise (_overloaded if isinstance(error, OverloadedError) else _unavailable)(lang) from None
    answer = {"submission_id": stored.submission_id, "received_at": stored.received_at}
    return JSONResponse(answer, 201 if stored.is_new else 200)


def _submission_id(form: Form, key: str | None) -> str:
    """By chance; under an idempotency key always the same, so that raw's own key finds the repetition."""
    if key is None:
        return str(uuid.uuid4())
    digest = hashlib.sha256(f"{form.source.source}/{form.name}/{key}".encode()).digest()
    # Version 8: made by a rule of our own.
    number = int.from_bytes(digest[:16]) & ~(0xF << 76) & ~(0x3 << 62) | (0x8 << 76) | (0x2 << 62)
    return str(uuid.UUID(int=number))


def _header(headers: Mapping[str, str], name: str, form: re.Pattern[str], lang: str) -> str | None:
    value = headers.get(name)
    if value is not None and not form.fullmatch(value):
        raise RefusalError(400, _("{header} is not of the form {pattern}", lang, header=name, pattern=form.pattern))
    return value


def _within_rate(wait_seconds: float, lang: str) -> None:
    if wait_seconds:
        raise RefusalError(
            429, _("too many posts; try again later", lang), headers={"Retry-After": str(int(wait_seconds))}
        )


def _unavailable(lang: str) -> RefusalError:
    message = _("not stored: the database is not there; try again later", lang)
    return RefusalError(503, message, headers={"Retry-After": str(_RETRY_SECONDS)})


def _overloaded(lang: str) -> RefusalError:
    message = _("not stored: too much is waiting; try again later", lang)
    return RefusalError(503, message, headers={"Retry-After": str(_RETRY_SECONDS)})


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language", ""))


def _cross_origin_headers(form: FormEntity, request: Request) -> dict[str, str]:
    """What lets the page that asks read the answer; nothing when it may not."""
    origin = request.headers.get("origin")
    if origin is None or origin not in form.origins:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After",
        "Vary": "Origin, Accept-Language",
    }


async def _not_found(request: Request, error: Exception) -> Response:
    lang = _language(request)
    if getattr(error, "status_code", 404) == 405:
        return RefusalError(405, _("this address takes POST only", lang), headers={"Allow": "POST, OPTIONS"}).response()
    return RefusalError(404, _("there is no such form; see /docs", lang)).response()


class _SecurityHeaders:
    """Adds headers to every answer; plain ASGI, because it is on the way of every post."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
