"""Sign requests on: the credentials of a connection, in the way that the source file says."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from requests import PreparedRequest
from requests.auth import AuthBase
from sqlalchemy.engine import URL

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources.rest import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    HmacAuth,
    NoAuth,
    OAuth2Auth,
    RestSource,
)
from cockpit.sources.rest.pace import Timing

# A token is renewed this long before it expires, because the answer takes its time too.
_EXPIRY_MARGIN_SECONDS = 30
_DEFAULT_EXPIRY_SECONDS = 3600.0


class Unsigned(AuthBase):
    """Sends no credentials; without it the library would look for some in ~/.netrc."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Leave the request as it is."""
        return request


@dataclass(frozen=True)
class SignedHeader(AuthBase):
    """A header with a fixed value."""

    name: str
    value: str

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header."""
        request.headers[self.name] = self.value
        return request


@dataclass(frozen=True)
class SignedQuery(AuthBase):
    """A parameter of the query with a fixed value; replaces one that a link of the API has brought along."""

    name: str
    value: str

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Set the parameter."""
        parts = urlsplit(request.url or "")
        query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != self.name]
        request.url = urlunsplit(parts._replace(query=urlencode([*query, (self.name, self.value)])))
        return request


@dataclass(frozen=True)
class SignedHmac(AuthBase):
    """A signature over the request as it is sent."""

    rule: HmacAuth
    key_id: str
    secret: str
    timing: Timing

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign with a new time and nonce."""
        parts = urlsplit(request.url or "")
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body
        values = {
            "method": request.method or "",
            "path": parts.path or "/",
            "query": parts.query,
            "timestamp": self._timestamp(),
            "nonce": secrets.token_hex(16),
            "key_id": self.key_id,
            "body_sha256": hashlib.sha256(content).hexdigest(),
            "body": content.decode("utf-8", "surrogateescape"),
        }
        text = self.rule.separator.join(values[part] for part in self.rule.sign)
        digest = hmac.new(self.secret.encode(), text.encode("utf-8", "surrogateescape"), self.rule.algorithm).digest()
        signature = digest.hex() if self.rule.encoding == "hex" else b64encode(digest).decode()
        request.headers[self.rule.signature_header] = self.rule.prefix + signature
        for header, part in (
            (self.rule.timestamp_header, "timestamp"),
            (self.rule.nonce_header, "nonce"),
            (self.rule.key_id_header, "key_id"),
            (self.rule.body_hash_header, "body_sha256"),
        ):
            if header:
                request.headers[header] = values[part]
        return request

    def _timestamp(self) -> str:
        now = self.timing.now()
        if self.rule.time_format == "iso":
            return datetime.fromtimestamp(math.floor(now), UTC).isoformat().replace("+00:00", "Z")
        return str(math.floor(now * 1000) if self.rule.time_format == "unix_ms" else math.floor(now))


class SignedToken(AuthBase):
    """A token of OAuth 2 client credentials; the transport fetches one when `needs_token` says so."""

    def __init__(self, rule: OAuth2Auth, client_id: str, client_secret: str, timing: Timing) -> None:
        self.token_url = rule.token_url
        self._rule = rule
        self._client = (client_id, client_secret)
        self._timing = timing
        self._token: str | None = None
        self._expires_at = 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the token."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    @property
    def needs_token(self) -> bool:
        """Whether there is none, or one about to expire."""
        return self._token is None or self._timing.monotonic() >= self._expires_at

    def form(self) -> dict[str, str]:
        """What the server for tokens is sent."""
        form = {"grant_type": "client_credentials", **self._rule.params}
        if self._rule.scope:
            form["scope"] = self._rule.scope
        if self._rule.client_in == "body":
            form |= {"client_id": self._client[0], "client_secret": self._client[1]}
        return form

    def client_auth(self) -> AuthBase:
        """How the request for a token itself is signed on."""
        return _basic(*self._client) if self._rule.client_in == "basic" else Unsigned()

    def accept(self, document: object) -> bool:
        """Take the token out of the server's answer; False when there is none."""
        answer = document if isinstance(document, Mapping) else {}
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not _is_sendable(token):
            return False
        try:
            seconds = float(str(lifetime))
        except ValueError:
            seconds = _DEFAULT_EXPIRY_SECONDS
        # A token of a short life serves for half of it.
        margin = min(_EXPIRY_MARGIN_SECONDS, seconds / 2)
        self._token, self._expires_at = token, self._timing.monotonic() + seconds - margin
        return True

    def forget(self) -> None:
        """Ask for a new token next time: the API refuses this one."""
        self._token = None


def authentication(source: RestSource, connection: URL, timing: Timing) -> AuthBase:
    """What signs each request of a source.

    Args:
        connection: Holds the credentials.

    Raises:
        TerminalError: the connection lacks a credential, or has one that no header can carry.
    """
    rule = source.auth
    match rule:
        case NoAuth():
            return Unsigned()
        case BasicAuth():
            return _basic(_credential(source, connection, "user"), _credential(source, connection, "password"))
        case BearerAuth():
            token = _sendable(source, _credential(source, connection, rule.credential))
            return SignedHeader("Authorization", f"{rule.prefix} {token}".strip())
        case ApiKeyAuth() if rule.place == "query":
            return SignedQuery(rule.name, _credential(source, connection, rule.credential))
        case ApiKeyAuth():
            return SignedHeader(rule.name, _sendable(source, _credential(source, connection, rule.credential)))
        case OAuth2Auth():
            client = (_credential(source, connection, "user"), _credential(source, connection, "password"))
            return SignedToken(rule, *client, timing)
        case HmacAuth():
            is_named = rule.key_id_header is not None or "key_id" in rule.sign
            key_id = _sendable(source, _credential(source, connection, "user")) if is_named else ""
            return SignedHmac(rule, key_id, _credential(source, connection, "password"), timing)


def _basic(user: str, password: str) -> SignedHeader:
    return SignedHeader("Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")


def _credential(source: RestSource, connection: URL, part: str) -> str:
    value = {"user": connection.username, "password": connection.password}.get(part) or connection.query.get(part)
    if not isinstance(value, str) or not value:
        raise TerminalError(
            _("connection '{name}' has no {part}, which its source needs", name=source.connection, part=part),
            where=source.source,
            allowed="https://user:password@host/path?parameter=...",
            fix=_("Add it to the connection, percent-encoded, or correct 'auth' of the source."),
        )
    return value


def _sendable(source: RestSource, value: str) -> str:
    if not _is_sendable(value):
        raise TerminalError(
            _("connection '{name}' has a credential that no header can carry", name=source.connection),
            where=source.source,
            allowed=_("letters, digits and signs of ASCII, without line feeds"),
            fix=_("Check how it was copied into the connection."),
        )
    return value


def _is_sendable(value: str) -> bool:
    return value.isascii() and value.isprintable() and value == value.strip() and value != ""
