"""How each API makes sure who asks; every comparison takes the same time whatever the difference."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping

from starlette.requests import Request

from cockpit.demo.apis.server.config import CLIENT

# Whether a request may go on.
Guard = Callable[[Request], bool]

_CLOCK_TOLERANCE_SECONDS = 300


def same(given: str | None, expected: str) -> bool:
    """Compare without telling by the time how much was right."""
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())


def header_key(name: str, secret: str) -> Guard:
    """A key in a header."""
    return lambda request: same(request.headers.get(name), secret)


def query_key(name: str, secret: str) -> Guard:
    """A key in the query, as advertising platforms have it."""
    return lambda request: same(request.query_params.get(name), secret)


def bearer(secret: str) -> Guard:
    """A fixed token."""
    return lambda request: same(_credentials(request, "bearer"), secret)


def basic_or_bearer(secret: str) -> Guard:
    """User and password, or the password as a token."""
    return lambda request: same(_password(request), secret) or same(_credentials(request, "bearer"), secret)


def client_of(request: Request, form: Mapping[str, str], secret: str) -> bool:
    """Whether a token is asked for with the client's secret, in the form or as basic authentication."""
    if same(form.get("client_id"), CLIENT):
        return same(form.get("client_secret"), secret)
    return same(_password(request), secret)


def issue_token(secret: str, seconds: int) -> str:
    """An access token that carries its end, so that a restart forgets none."""
    expires = str(int(time.time()) + seconds)
    return f"{expires}.{_digest(secret, expires)}"


def issued_token(secret: str) -> Guard:
    """A token of `issue_token` that has not expired."""

    def check(request: Request) -> bool:
        expires, _dot, digest = (_credentials(request, "bearer") or "").partition(".")
        return same(digest, _digest(secret, expires)) and int(expires) > time.time()

    return check


def signature(secret: str, timestamp: str, method: str, path: str, query: str, body: bytes) -> str:
    """What `signed` expects: HMAC-SHA256 over five lines, hexadecimal; the query as it is sent."""
    lines = (timestamp, method, path, query, hashlib.sha256(body).hexdigest())
    return _digest(secret, "\n".join(lines))


def signed(secret: str) -> Guard:
    """Headers X-Key, X-Timestamp (seconds) and X-Signature; an old timestamp is refused."""

    def check(request: Request) -> bool:
        timestamp = request.headers.get("x-timestamp", "")
        is_now = timestamp.isdecimal() and abs(int(timestamp) - time.time()) <= _CLOCK_TOLERANCE_SECONDS
        expected = signature(
            secret, timestamp, request.method, request.url.path, request.scope["query_string"].decode("latin-1"), b""
        )
        return (
            is_now and same(request.headers.get("x-key"), CLIENT) and same(request.headers.get("x-signature"), expected)
        )

    return check


def _digest(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _credentials(request: Request, scheme: str) -> str | None:
    kind, _space, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == scheme else None


def _password(request: Request) -> str | None:
    """The password of basic authentication for our user."""
    try:
        user, _colon, password = base64.b64decode(_credentials(request, "basic") or "").decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if user == CLIENT else None
