"""The addresses `/tasks/<token>`: show a row, take an answer, say politely why a link is of no use any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, TypeVar

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from cockpit.domain.task_link import TaskLink
from cockpit.errors import CockpitError, RuleFileError, StackError, TerminalError, TransientError
from cockpit.i18n import LANGUAGES, _, language
from cockpit.intake.body import URL_ENCODED, parse_body, read_body
from cockpit.intake.limits import RateLimit
from cockpit.intake.replies import RefusalError, language_of
from cockpit.intake.tasks import page, shown
from cockpit.intake.tasks.desk import Answer, Closed, ClosedLinkError, Connect, Desk, OpenTask, Outcome
from cockpit.quality.answers import LONGEST_REASON, LONGEST_VALUE
from cockpit.quality.shown import line_ends
from cockpit.rulebook.workspace import Workspace

logger = logging.getLogger(__name__)

T = TypeVar("T")

# A person looks at a few pages a minute; an office behind one address at some more.
_PER_CLIENT, _PER_TASK = 120, 30
# Pages that are made at the same time; each holds a connection to the database.
_AT_ONCE = 8
_LONGEST_BODY = 1 << 20
_RETRY_SECONDS = 5
_VALUE: Final = "value."
# Genuine links whose work is done, and what was never one of ours.
_STATUS: Mapping[Closed, int] = {"malformed": 404, "forged": 404}


def add_routes(app: FastAPI, workspace: Workspace, connect: Connect, secrets: Path) -> None:
    """Serve the pages of a workspace's tasks.

    Args:
        connect: Opens the workspace's database with the login for answers.
        secrets: Folder with the key of links.
    """
    pages = _Pages(workspace, Desk(workspace, connect, secrets))
    app.add_api_route("/tasks/{token}", pages.show, methods=["GET"], include_in_schema=False)
    app.add_api_route("/tasks/{token}", pages.take, methods=["POST"], include_in_schema=False)


class _Pages:
    """The handlers."""

    def __init__(self, workspace: Workspace, desk: Desk) -> None:
        self._workspace = workspace
        self._desk = desk
        self._per_client = RateLimit(_PER_CLIENT)
        self._per_task = RateLimit(_PER_TASK)
        self._being_made = 0

    async def show(self, request: Request, token: str) -> Response:
        """The row behind a link."""
        lang = _language(request)
        try:
            link = self._admitted(request, token, lang)
            task = await self._in_thread(lambda: self._desk.open(link), lang)
        except (ClosedLinkError, RefusalError, CockpitError) as error:
            return self._refusal(error, lang)
        return self._form(task, token, lang)

    async def take(self, request: Request, token: str) -> Response:
        """An answer."""
        lang = _language(request)
        try:
            # A page of somebody else may not send this form off; browsers say where it stood.
            if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                raise RefusalError(403, _("this page may not post to this form", lang))
            link = self._admitted(request, token, lang)
            fields = await _posted(request, lang)
            if fields.get("token") != token:
                raise RefusalError(403, _("this page may not post to this form", lang))
            return await self._answered(link, token, fields, lang)
        except (ClosedLinkError, RefusalError, CockpitError) as error:
            return self._refusal(error, lang)

    async def _answered(self, link: TaskLink, token: str, fields: Mapping[str, str], lang: str) -> Response:
        entered = {
            name.removeprefix(_VALUE): line_ends(value) for name, value in fields.items() if name.startswith(_VALUE)
        }
        reason = fields.get("reason", "").replace("\x00", "").strip()
        kind: Literal["correct", "confirm"] = "confirm" if fields.get("action") == "confirm" else "correct"
        # What the answer is about; the row may change until it is given, which its version shows.
        task = await self._in_thread(lambda: self._desk.open(link), lang)
        changes = shown.changes_of(task, entered, lang, self._workspace.zone) if kind == "correct" else {}
        faults, others = _faults_before(kind, changes, reason, lang)
        if kind == "confirm" and not task.may_be_confirmed:
            others.append(_("A value that cannot be read cannot be right as it is; correct it.", lang))
        if faults or others:
            return self._form(task, token, lang, entered, reason, faults, others)
        answer = Answer(
            kind, fields.get("version", ""), changes, reason or _("corrected by the person asked", language())
        )
        try:
            outcome = await self._in_thread(lambda: self._desk.answer(link, answer), lang)
        except RuleFileError:
            # Not the person's fault.
            raise
        except TerminalError as error:
            logger.warning("task %s: %s", link.task_id, error.message)
            others = [_("This answer cannot be taken. Look at the values again.", lang)]
            return self._form(task, token, lang, entered, reason, {}, others)
        return self._after(outcome, token, lang, entered, reason)

    def _after(self, outcome: Outcome, token: str, lang: str, entered: Mapping[str, str], reason: str) -> Response:
        if outcome.is_accepted:
            return _html(200, page.thanks(self._workspace, lang, needs_approval=outcome.needs_approval), lang)
        if outcome.has_changed:
            others = [_("The row has changed in the meantime. These are its values now; please look again.", lang)]
            return self._form(outcome.task, token, lang, None, reason, {}, others)
        faults, others = shown.faults_of(outcome.task, outcome.failing, outcome.values, lang)
        return self._form(outcome.task, token, lang, entered, reason, faults, others)

    def _form(
        self,
        task: OpenTask,
        token: str,
        lang: str,
        entered: Mapping[str, str] | None = None,
        reason: str = "",
        faults: Mapping[str, list[str]] | None = None,
        others: list[str] | None = None,
    ) -> Response:
        fields = shown.fields_of(task, lang, self._workspace.zone, entered, faults)
        text = page.form(self._workspace, task, fields, lang, token=token, reason=reason, faults=others or [])
        return _html(422 if faults or others else 200, text, lang)

    def _admitted(self, request: Request, token: str, lang: str) -> TaskLink:
        """The link, if it is genuine and not used too often.

        Raises:
            ClosedLinkError: it is not genuine or too old.
            RefusalError: 429.
        """
        wait = self._per_client.take(request.client.host if request.client else "")
        if not wait:
            link = self._desk.verify(token)
            wait = self._per_task.take(str(link.task_id))
            if not wait:
                return link
        raise RefusalError(429, _("Too many requests; try again later.", lang), headers={"Retry-After": str(int(wait))})

    async def _in_thread(self, work: Callable[[], T], lang: str) -> T:
        """Work that waits for the database.

        Raises:
            RefusalError: 503, too much of it is going on.
        """
        if self._being_made >= _AT_ONCE:
            message = _("Too much is going on; try again in a moment.", lang)
            raise RefusalError(503, message, headers={"Retry-After": str(_RETRY_SECONDS)})
        self._being_made += 1
        try:
            return await asyncio.to_thread(work)
        finally:
            self._being_made -= 1

    def _refusal(self, error: Exception, lang: str) -> Response:
        if isinstance(error, ClosedLinkError):
            return _html(_STATUS.get(error.reason, 410), page.closed(self._workspace, error.reason, lang), lang)
        if isinstance(error, RefusalError):
            text = page.message(self._workspace, error.message, lang)
            return _html(error.status, text, lang, error.headers)
        if not isinstance(error, TransientError | StackError):
            logger.error("a page of a task could not be shown: %s", error)
        text = page.message(self._workspace, _("This does not work just now; try again in a moment.", lang), lang)
        return _html(503, text, lang, {"Retry-After": str(_RETRY_SECONDS)})


def _faults_before(
    kind: str, changes: Mapping[str, str | None], reason: str, lang: str
) -> tuple[dict[str, list[str]], list[str]]:
    """What can be said about an answer without the rules: by column, and in general."""
    faults = {
        name: [_("longer than {count} characters, or with signs that no value has", lang, count=LONGEST_VALUE)]
        for name, value in changes.items()
        if value and (len(value) > LONGEST_VALUE or "\x00" in value)
    }
    others = []
    if kind == "correct" and not changes:
        others.append(_("Nothing is changed. Change a value, or say that the row is right as it is.", lang))
    if kind == "confirm" and not reason:
        others.append(_("Say in a few words why the row is right as it is.", lang))
    if len(reason) > LONGEST_REASON:
        others.append(_("The reason is longer than {count} characters.", lang, count=LONGEST_REASON))
    return faults, others


async def _posted(request: Request, lang: str) -> dict[str, str]:
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != URL_ENCODED:
        raise RefusalError(415, _("this page may not post to this form", lang))
    try:
        body = await read_body(request.stream(), request.headers.get("content-length"), _LONGEST_BODY, lang)
    except ClientDisconnect:
        raise RefusalError(400, _("the body did not arrive in time", lang)) from None
    return {name: str(value) for name, value in parse_body(body, content_type, lang).items()}


def _language(request: Request) -> str:
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        return asked
    accepted = request.headers.get("accept-language", "")
    return language_of(accepted) if accepted else language()


def _html(status: int, text: str, lang: str, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    return HTMLResponse(
        text,
        status,
        {
            **(headers or {}),
            "Content-Security-Policy": page.POLICY,
            "Content-Language": lang,
            "X-Robots-Tag": "noindex",
        },
    )
