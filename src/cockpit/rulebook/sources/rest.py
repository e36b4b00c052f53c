"""A web API as a source."""

from __future__ import annotations

import re
import zoneinfo
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule
from cockpit.rulebook.sources.base import CursorEntity, FieldType, SourceBase

# Names of the parts of an answer, joined by dots; a number is a position in a list. The whole answer is "".
DOTTED_PATH = r"^$|^[^.\s]+(\.[^.\s]+)*$"
HEADER_NAME = r"^[A-Za-z0-9][A-Za-z0-9-]*$"

# How a time is written in a parameter: `local` has no offset and is in the source's time zone.
TimeFormat: TypeAlias = Literal["iso", "local", "date", "unix", "unix_ms"]

# Types that order the same on every server; a text does not.
CURSOR_TYPES: tuple[FieldType, ...] = ("timestamp", "date", "bigint", "integer", "numeric")
_TIME_TYPES = ("timestamp", "date")

# Headers whose values are credentials, which belong into the connection.
_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie")

# What a signature may be made of, in the order in which the API wants it.
SignedPart: TypeAlias = Literal["method", "path", "query", "timestamp", "nonce", "key_id", "body_sha256", "body"]


class NoAuth(Rule):
    """The API asks for no credentials."""

    kind: Literal["none"] = "none"


class BasicAuth(Rule):
    """User and password of the connection."""

    kind: Literal["basic"]


class BearerAuth(Rule):
    """A fixed token in the header Authorization.

    Attributes:
        credential: Part of the connection that holds it: `password`, `user`, or a parameter of its query.
        prefix: Word before the token.
    """

    kind: Literal["bearer"]
    credential: str = "password"
    prefix: str = "Bearer"


class ApiKeyAuth(Rule):
    """A key in a header or in the query.

    Attributes:
        place: Where the API expects it; a key in the query ends in logs of servers, so prefer the header.
        name: Of the header or parameter.
        credential: Part of the connection that holds it: `password`, `user`, or a parameter of its query.
    """

    kind: Literal["api_key"]
    place: Literal["header", "query"] = "header"
    name: str = Field(default="X-Api-Key", min_length=1)
    credential: str = "password"

    @model_validator(mode="after")
    def _fit_header(self) -> Self:
        if self.place == "header" and not re.match(HEADER_NAME, self.name):
            raise MisfitError(_("is not the name of a header"), "name", allowed=HEADER_NAME)
        return self


class OAuth2Auth(Rule):
    """Client credentials: user and password of the connection are exchanged for a token, anew before it expires.

    Attributes:
        token_url: Where: a path of the API, or a whole https address when another server signs on.
        scope: What the token is asked for.
        client_in: How the client shows itself: fields of the form, or basic authentication.
        params: Further fields of the form, such as `audience`.
    """

    kind: Literal["oauth2"]
    token_url: str = Field(min_length=1)
    scope: str | None = None
    client_in: Literal["body", "basic"] = "body"
    params: dict[str, str] = Field(default_factory=dict)


class HmacAuth(Rule):
    """A signature over each request, made with the connection's password; its user is the id of the key.

    Time and nonce are new at every try, so that a server may refuse what it has seen before.

    Attributes:
        sign: Parts of the signed text, in their order. `query` is as sent, without `?`; `body_sha256` is hexadecimal.
        separator: Between the parts.
        algorithm: Hash function.
        encoding: How the signature is written.
        time_format: How the timestamp is written.
        signature_header: Carries the signature, after `prefix`.
        timestamp_header: Carries the timestamp; not sent when null, nor are the other headers.
        nonce_header: Carries a random text.
        key_id_header: Carries the connection's user.
        body_hash_header: Carries `body_sha256`.
    """

    kind: Literal["hmac"]
    sign: tuple[SignedPart, ...] = ("method", "path", "query", "timestamp", "body_sha256")
    separator: str = "\n"
    algorithm: Literal["sha256", "sha384", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    time_format: Literal["unix", "unix_ms", "iso"] = "unix"
    prefix: str = ""
    signature_header: str = Field(default="X-Signature", pattern=HEADER_NAME)
    timestamp_header: str | None = Field(default="X-Timestamp", pattern=HEADER_NAME)
    nonce_header: str | None = Field(default=None, pattern=HEADER_NAME)
    key_id_header: str | None = Field(default=None, pattern=HEADER_NAME)
    body_hash_header: str | None = Field(default=None, pattern=HEADER_NAME)

    @model_validator(mode="after")
    def _told(self) -> Self:
        for part, header in (("timestamp", self.timestamp_header), ("nonce", self.nonce_header)):
            if part in self.sign and header is None:
                # Otherwise the server cannot repeat the calculation.
                raise MisfitError(_("'{part}' is signed but no header carries it", part=part), f"{part}_header")
        if "timestamp" not in self.sign and "nonce" not in self.sign:
            raise MisfitError(_("needs 'timestamp' or 'nonce': a signature must not serve twice"), "sign")
        return self


Auth: TypeAlias = Annotated[
    NoAuth | BasicAuth | BearerAuth | ApiKeyAuth | OAuth2Auth | HmacAuth, Field(discriminator="kind")
]


class OnePage(Rule):
    """Everything comes in one answer."""

    kind: Literal["none"] = "none"


class SizedPages(Rule):
    """What all kinds of pages have in common.

    Attributes:
        size_param: Parameter that asks for `size` records.
        size: Records wanted in an answer; the API may give fewer.
        max_pages: A reading that needs more is taken for endless.
    """

    size_param: str | None = None
    size: int | None = Field(default=None, ge=1)
    max_pages: int = Field(default=100_000, ge=1)

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.size_param is None) != (self.size is None):
            raise MisfitError(_("'size' and 'size_param' go together"), "size" if self.size else "size_param")
        return self


class OffsetPages(SizedPages):
    """A parameter says how many records to skip; it grows by the records received, and ends at an empty page.

    Attributes:
        param: Its name.
        start: Its first value.
        total: Path to the number of all records, which saves the last, empty page.
        has_more: Path to whether another page follows.
    """

    kind: Literal["offset"]
    param: str = "offset"
    start: int = Field(default=0, ge=0)
    total: str | None = Field(default=None, pattern=DOTTED_PATH)
    has_more: str | None = Field(default=None, pattern=DOTTED_PATH)


class NumberedPages(SizedPages):
    """A parameter holds the number of the page; ends at an empty page.

    Attributes:
        param: Its name.
        start: Number of the first page.
        page_count: Path to the number of pages, which saves the last, empty page.
        has_more: Path to whether another page follows.
    """

    kind: Literal["page"]
    param: str = "page"
    start: int = Field(default=1, ge=0)
    page_count: str | None = Field(default=None, pattern=DOTTED_PATH)
    has_more: str | None = Field(default=None, pattern=DOTTED_PATH)


class CursorPages(SizedPages):
    """Each answer holds a token for the next page; ends where there is none.

    Attributes:
        next: Path to the token.
        param: Parameter that takes it.
        has_more: Path to whether another page follows, for APIs that give a token on the last page too.
    """

    kind: Literal["cursor"]
    next: str = Field(min_length=1, pattern=DOTTED_PATH)
    param: str = "cursor"
    has_more: str | None = Field(default=None, pattern=DOTTED_PATH)


class LinkPages(SizedPages):
    """The header Link holds the address of the next page.

    Attributes:
        rel: Its relation.
    """

    kind: Literal["link"]
    rel: str = "next"


class UrlPages(SizedPages):
    """Each answer holds the address of the next page; ends where there is none.

    Attributes:
        next: Path to it.
    """

    kind: Literal["next_url"]
    next: str = Field(min_length=1, pattern=DOTTED_PATH)


Page: TypeAlias = Annotated[
    OnePage | OffsetPages | NumberedPages | CursorPages | LinkPages | UrlPages, Field(discriminator="kind")
]

ParamValue: TypeAlias = str | int | bool | tuple[str | int, ...]


class RestEntity(CursorEntity):
    """One collection of records.

    A column `a.b` is the value `b` within the object `a` of a record.

    Attributes:
        path: Below the connection's address.
        method: POST sends the parameters as a JSON object in the body; the API must not change anything by it.
        params: Parameters of every request.
        records: Path to the list of records in an answer; empty when the answer is the list.
        page: How further records are asked for.
        since_param: Parameter that takes the cursor's value from which to read, that value included; without it
            everything is read each time.
        until_param: Parameter that takes the end of a past interval.
        time_format: How those two are written when the cursor is a time.
        is_sorted: Records come in ascending order of the cursor, so that an interrupted reading goes on where it
            stopped instead of at the beginning. A record out of order stops the load.
        keys_path: Path that lists all records, when another one than `path` does it with less; their keys suffice.
    """

    path: str = Field(pattern=r"^[^\s?#]*$")
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, ParamValue] = Field(default_factory=dict)
    records: str = Field(default="", pattern=DOTTED_PATH)
    page: Page = Field(default_factory=OnePage)
    since_param: str | None = None
    until_param: str | None = None
    time_format: TimeFormat = "iso"
    is_sorted: bool = False
    keys_path: str | None = Field(default=None, pattern=r"^[^\s?#]*$")

    @model_validator(mode="after")
    def _fit_path(self) -> Self:
        for name, path in (("path", self.path), ("keys_path", self.keys_path)):
            if path and (re.match(r"\w+://|//", path) or ".." in path.split("/")):
                raise MisfitError(_("is not a path below the connection's address"), name)
        if self.keys_path and not self.deletes:
            raise MisfitError(_("is used for 'deletes' only"), "keys_path")
        return self

    @model_validator(mode="after")
    def _fit_cursor(self) -> Self:
        if self.cursor is None:
            for name in ("since_param", "until_param", "is_sorted"):
                if getattr(self, name):
                    raise MisfitError(_("needs a 'cursor'"), name)
            return self
        if self.cursor not in self.columns:
            raise MisfitError(
                _("names {unknown}, which is not in columns", unknown=self.cursor),
                "cursor",
                allowed=", ".join(self.columns),
            )
        if self.columns[self.cursor].formats not in ((), ("iso",)):
            raise MisfitError(_("the cursor {name} has to come in ISO form", name=self.cursor), "cursor")
        kind = self.columns[self.cursor].type
        fitting = _TIME_TYPES if self.overlap else CURSOR_TYPES
        if kind not in fitting:
            raise MisfitError(
                _("the cursor {name} has a type that does not fit", name=self.cursor),
                "cursor",
                allowed=", ".join(fitting),
            )
        return self


class RestSource(SourceBase):
    """A web API that answers in JSON.

    Attributes:
        connection: Id of an http or https address in `AIRFLOW_CONN_<ID>`; its user, password and query hold the
            credentials and are sent only as `auth` says, and to no other server.
        auth: How the API is signed on to.
        headers: Sent with every request; no credentials.
        success: Path -> value that every answer must have there, for APIs that say 200 to a refusal.
        rate_per_minute: Most requests in a minute, evenly spaced; without limit when absent.
        timeout_seconds: For one answer, from the request to its last byte.
        retries: Further tries after a time-out, a broken connection, 429 and 5xx.
        max_megabytes: A larger answer is refused; ask for smaller pages.
        time_zone: IANA name of the zone of times that carry no offset.
    """

    connector: Literal["rest"]
    connection: str = Field(pattern=IDENTIFIER)
    auth: Auth = Field(default_factory=NoAuth)
    headers: dict[str, str] = Field(default_factory=dict)
    success: dict[str, str | int | bool] = Field(default_factory=dict)
    rate_per_minute: float | None = Field(default=None, gt=0)
    timeout_seconds: float = Field(default=60, gt=0, le=3600)
    retries: int = Field(default=5, ge=0, le=20)
    max_megabytes: float = Field(default=50, gt=0, le=500)
    time_zone: str = "UTC"
    entities: dict[str, RestEntity] = Field(min_length=1)

    @model_validator(mode="after")
    def _fit_headers(self) -> Self:
        for name, value in self.headers.items():
            if name.lower() in _SECRET_HEADERS:
                raise MisfitError(_("holds a secret; put it into the connection and say 'auth'"), "headers", name)
            if not re.match(HEADER_NAME, name) or not re.match(r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$", value):
                raise MisfitError(_("is not a header"), "headers", name)
        return self

    @model_validator(mode="after")
    def _known_zone(self) -> Self:
        try:
            zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = _("{name} is no IANA time zone such as Asia/Shanghai", name=self.time_zone)
            raise MisfitError(message, "time_zone") from error
        return self
