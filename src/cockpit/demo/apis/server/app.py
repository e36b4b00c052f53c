"""The ASGI application: `uvicorn --factory cockpit.demo.apis.server.app:create_app`."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlencode

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cockpit.demo.apis.server.config import Config
from cockpit.demo.apis.server.limits import Failures, RateLimit
from cockpit.demo.apis.server.listing import Listing, Page, Place, Wanted
from cockpit.demo.apis.server.sign_on import client_of, issue_token
from cockpit.demo.apis.server.systems import SYSTEMS, Collection, System

logger = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

_TOKEN_FORM_BYTES = 4096
_CONNECTIONS = 4
_QUERY_SECONDS = 30
# What an unreachable or restarting database looks like.
_DATABASE_AWAY = (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, asyncpg.InterfaceError)


class Database:
    """The pool of connections; made at the first request, so that the process starts before its database."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._pool: asyncpg.Pool | None = None

    async def pool(self) -> asyncpg.Pool:
        """The open pool.

        Raises:
            OSError, asyncpg.PostgresError: the database does not answer.
        """
        if self._pool is None:
            self._pool = await asyncpg.create_pool(
                self._address,
                min_size=0,
                max_size=_CONNECTIONS,
                command_timeout=_QUERY_SECONDS,
                server_settings={"timezone": "Asia/Shanghai", "application_name": "cockpit demo-apis"},
            )
        return self._pool

    async def close(self) -> None:
        """Close what is open."""
        if self._pool is not None:
            await self._pool.close()


def create_app(config: Config | None = None) -> Starlette:
    """The application; its settings come from the environment when absent."""
    settings = config or Config.of()
    database = Database(settings.database)
    failures = Failures(settings.seed, settings.failure_interval)
    routes = [Route("/healthz", _health(database))]
    for system in SYSTEMS:
        secret = settings.secrets[system.name]
        limit = RateLimit(settings.requests_per_second)
        if system.name == "wecom":
            routes.append(Route("/wecom/oauth/token", _token(secret, settings.token_seconds), methods=["POST"]))
        for collection in system.collections:
            answer = _list(system, collection, database)
            guarded = _guarded(answer, system, secret, limit, failures)
            routes.append(Route(f"/{system.name}{collection.path}", guarded, methods=["GET"]))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await database.close()

    return Starlette(routes=routes, lifespan=lifespan)


def _health(database: Database) -> Endpoint:
    async def health(_request: Request) -> Response:
        try:
            await (await database.pool()).fetchval("select 1")
        except _DATABASE_AWAY:
            return _refusal(503, "database_unavailable")
        return JSONResponse({"status": "ok"})

    return health


def _token(secret: str, seconds: int) -> Endpoint:
    """OAuth 2: client credentials against an access token."""

    async def token(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > _TOKEN_FORM_BYTES:
                return _refusal(413, "invalid_request")
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        if not client_of(request, form, secret):
            return _refusal(401, "invalid_client")
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type")
        issued = {"access_token": issue_token(secret, seconds), "token_type": "Bearer", "expires_in": seconds}
        return JSONResponse(issued, headers={"Cache-Control": "no-store"})

    return token


def _guarded(answer: Endpoint, system: System, secret: str, limit: RateLimit, failures: Failures) -> Endpoint:
    """Refuse strangers, then the hasty, then now and then anybody."""
    guard = system.guard(secret)

    async def guarded(request: Request) -> Response:
        if not _is_known(guard, request):
            return _refusal(401, "unauthorized")
        if not limit.admits():
            return _refusal(429, "too_many_requests", {"Retry-After": "1"})
        if failures.fails_now():
            return _refusal(503, "temporarily_unavailable", {"Retry-After": "1"})
        try:
            return await answer(request)
        except _DATABASE_AWAY:
            return _refusal(503, "temporarily_unavailable", {"Retry-After": "2"})

    return guarded


def _is_known(guard: Callable[[Request], bool], request: Request) -> bool:
    try:
        return guard(request)
    except ValueError:
        # A forged token or header that cannot even be read.
        return False


def _list(system: System, collection: Collection, database: Database) -> Endpoint:
    listing = Listing(collection.view)

    async def page(request: Request) -> Response:
        try:
            wanted, number = _wanted(system, request)
        except (ValueError, OverflowError):
            return _refusal(400, "invalid_parameter")
        try:
            found = await listing.read(await database.pool(), wanted)
        except asyncpg.UndefinedTableError:
            # The demo company has not been generated yet.
            return _refusal(503, "no_data_yet", {"Retry-After": "30"})
        return _answer(system, collection, request, wanted, number, found)

    return page


def _wanted(system: System, request: Request) -> tuple[Wanted, int]:
    """What a request asks for, and the number of the page where pages have numbers.

    Raises:
        ValueError: a parameter is not of the right form.
    """
    params = request.query_params
    size = int(params.get(system.size) or system.default_size)
    if size < 1:
        raise ValueError("the size of a page is at least 1")
    limit = min(size, system.max_size)
    since, until = (
        system.reads_time(text) if (text := params.get(name)) else None for name in (system.since, system.until)
    )
    position = params.get(system.position)
    number, offset, after = 1, 0, None
    if position and system.paging == "page":
        number = int(position)
        offset = (number - 1) * limit
    elif position and system.paging == "offset":
        offset = int(position)
    elif position:
        after = Place.of_token(position)
    if offset < 0:
        raise ValueError("a page before the first")
    return Wanted(since=since, until=until, limit=limit, after=after, offset=offset), number


def _answer(
    system: System, collection: Collection, request: Request, wanted: Wanted, number: int, page: Page
) -> Response:
    """The page in the system's own form; records are JSON already and are not read again."""
    headers: dict[str, str] = {}
    members = dict(system.envelope)
    following = page.last.token() if page.last is not None and page.has_more else None
    match system.paging:
        case "page":
            members |= {system.position: number, "has_next": page.has_more}
        case "offset":
            members["meta"] = {"offset": wanted.offset, "limit": wanted.limit, "has_more": page.has_more}
        case "cursor":
            members["next_cursor"] = following or ""
        case "link":
            if following:
                headers["Link"] = f'<{_address_of_next(system, request, following)}>; rel="next"'
        case "next_url":
            members["next"] = _address_of_next(system, request, following) if following else None
    records = f"[{','.join(page.records)}]"
    if collection.records:
        head = json.dumps(members, ensure_ascii=False)[1:-1]
        records = f"{{{head}{', ' if head else ''}{json.dumps(collection.records)}: {records}}}"
    return Response(records, media_type="application/json", headers=headers)


def _address_of_next(system: System, request: Request, token: str) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != system.position]
    return str(request.url.replace(query=urlencode([*kept, (system.position, token)])))


def _refusal(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": code}, status_code=status, headers=headers)
