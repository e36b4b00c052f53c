"""One request of a web API: paced, tried again, bounded, and every failure named without its secrets."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
import urllib3
from requests.auth import AuthBase
from sqlalchemy.engine import URL

from cockpit.errors import CockpitError, TerminalError, TransientError
from cockpit.i18n import _
from cockpit.rulebook.sources.rest import ApiKeyAuth, RestSource
from cockpit.sources.rest.answers import Answer, NotJsonError, read_json
from cockpit.sources.rest.auth import SignedToken, authentication
from cockpit.sources.rest.pace import Pace, Timing, back_off, retry_after_seconds
from cockpit.sources.rest.paths import MISSING, find, outline

logger = logging.getLogger(__name__)

_CHUNK = 1 << 16
_TRY_AGAIN = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_SECRET_NAME = re.compile(r"key|token|secret|sign|passw|auth|credential|session|ticket", re.IGNORECASE)
_LONGEST_VALUE = 60


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        url: With its query, without credentials.
        body: Sent as a JSON object.
        form: Sent as a form.
        auth: Signs it on instead of the source's own way.
    """

    method: str
    url: str
    body: Mapping[str, object] | None = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    auth: AuthBase | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Fault:
    """Why a try failed.

    Attributes:
        is_temporary: Another try may succeed.
        ends_as: Kind of the error after the last try.
        status: Of the answer, where there was one.
        retry_after: Seconds that the server asks to wait.
    """

    reason: str
    is_temporary: bool = False
    ends_as: type[CockpitError] = TerminalError
    status: int | None = None
    retry_after: float | None = None
    found: str | None = None
    fix: str | None = None


class Transport:
    """Sends the requests of one source, one after the other; made once per run.

    Attributes:
        base_url: Address that paths are below of, ending in `/`.
    """

    def __init__(self, source: RestSource, connection: URL, timing: Timing) -> None:
        if connection.drivername not in ("http", "https") or not connection.host:
            raise TerminalError(
                _("connection '{name}' is not the address of a web API", name=source.connection),
                where=source.source,
                found=connection.drivername,
                allowed="https://user:password@host/path",
            )
        self.base_url = _base_url(connection)
        self._source = source
        self._timing = timing
        self._pace = Pace(source.rate_per_minute, timing)
        self._auth = authentication(source, connection, timing)
        self._session = requests.Session()
        self._session.auth = self._auth
        self._session.headers.update({"User-Agent": "crm-cockpit", "Accept": "application/json", **source.headers})
        # At its level DEBUG the library would log addresses with the key in them.
        logging.getLogger("urllib3").setLevel(logging.INFO)

    def close(self) -> None:
        """End its connections."""
        self._session.close()

    def is_ours(self, url: str) -> bool:
        """Whether an address is on the API's own server, to which alone credentials may go."""
        ours, other = urlsplit(self.base_url), urlsplit(url)
        return (ours.scheme, ours.netloc.lower()) == (other.scheme, other.netloc.lower())

    def describe(self, call: Call) -> str:
        """Method, path and query of a request, with the values of secrets hidden."""
        parts = urlsplit(call.url)
        query = "&".join(
            f"{name}={self._shown(name, value)}" for name, value in parse_qsl(parts.query, keep_blank_values=True)
        )
        body = ", ".join(f"{name}={self._shown(name, str(value))}" for name, value in (call.body or {}).items())
        return f"{call.method} {parts.path or '/'}{'?' if query else ''}{query}{f' {{{body}}}' if body else ''}"

    def _shown(self, name: str, value: str) -> str:
        rule = self._source.auth
        is_secret = isinstance(rule, ApiKeyAuth) and name.lower() == rule.name.lower()
        if is_secret or _SECRET_NAME.search(name):
            return "***"
        return value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "..."

    def fetch(self, call: Call, where: str) -> Answer:
        """Send a request until it is answered.

        Args:
            where: `source.entity`, for messages.

        Raises:
            TransientError: no answer, time-out, 429 or 5xx, after all tries.
            TerminalError: credentials, address, certificate or answer are not what they should be.
        """
        tries = 0
        is_renewed = False
        while True:
            if call.auth is None and isinstance(self._auth, SignedToken) and self._auth.needs_token:
                self._sign_on(self._auth, where)
            self._pace.wait()
            outcome = self._try(call)
            if isinstance(outcome, Answer):
                return outcome
            if (
                outcome.status == HTTPStatus.UNAUTHORIZED
                and isinstance(self._auth, SignedToken)
                and call.auth is None
                and not is_renewed
            ):
                # The server may end a token before its time; once is enough to find out.
                is_renewed = True
                self._auth.forget()
                continue
            tries += 1
            if not outcome.is_temporary or tries > self._source.retries:
                # Raised here, where no exception of the library with the full address is being handled.
                raise outcome.ends_as(
                    outcome.reason,
                    where=f"{where}: {self.describe(call)}",
                    found=outcome.found,
                    fix=outcome.fix,
                )
            seconds = back_off(tries, self._timing, outcome.retry_after)
            logger.warning(
                "%s: %s: %s; try %s of %s in %.1f s",
                where, self.describe(call), outcome.reason, tries + 1, self._source.retries + 1, seconds,
            )  # fmt: skip
            self._timing.sleep(seconds)

    def _sign_on(self, auth: SignedToken, where: str) -> None:
        url = (
            urljoin(self.base_url, auth.token_url)
            if "://" in auth.token_url
            else self.base_url + auth.token_url.lstrip("/")
        )
        call = Call("POST", url, form=auth.form(), auth=auth.client_auth())
        answer = self.fetch(call, where)
        if not auth.accept(answer.document):
            raise TerminalError(
                _("the answer holds no access_token"),
                where=f"{where}: {self.describe(call)}",
                found=outline(answer.document),
                fix=_("Correct 'auth.token_url' of the source."),
            )

    def _try(self, call: Call) -> Answer | _Fault:
        started = self._timing.monotonic()
        try:
            with self._send(call) as response:
                if not HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
                    return self._refusal(response)
                body = bytearray()
                for chunk in _chunks(response):
                    body += chunk
                    if len(body) > self._source.max_megabytes * 1_000_000:
                        return _Fault(
                            _("the answer is larger than {megabytes} MB", megabytes=f"{self._source.max_megabytes:g}"),
                            fix=_("Ask for smaller pages with 'page.size', or raise 'max_megabytes'."),
                        )
                    if self._timing.monotonic() - started > self._source.timeout_seconds:
                        return self._too_slow()
                return self._read(call, response, bytes(body))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            return self._broken(error)

    def _send(self, call: Call) -> requests.Response:
        request = requests.Request(
            call.method,
            call.url,
            json=call.body,
            data=call.form,
            auth=call.auth,
        )
        prepared = self._session.prepare_request(request)
        settings = self._session.merge_environment_settings(prepared.url, {}, True, None, None)
        # A redirect would take credentials and signature where nobody has put them.
        return self._session.send(prepared, timeout=self._source.timeout_seconds, allow_redirects=False, **settings)

    def _read(self, call: Call, response: requests.Response, body: bytes) -> Answer | _Fault:
        links = {relation: str(link.get("url", "")) for relation, link in response.links.items()}
        if response.status_code == HTTPStatus.NO_CONTENT:
            return Answer(None, links)
        content_type = response.headers.get("Content-Type")
        try:
            document = read_json(body, content_type)
        except NotJsonError as error:
            return _Fault(
                _("the answer is cut off or no JSON") if error.is_broken else _("the answer is no JSON"),
                is_temporary=error.is_broken,
                found=f"{(content_type or '').partition(';')[0]}, {len(body)} bytes",
                fix=_("Check the path and the connection's address; see what the API answers."),
            )
        # Servers for tokens have rules of their own.
        refusal = self._judge(document) if call.auth is None else None
        return refusal or Answer(document, links)

    def _judge(self, document: object) -> _Fault | None:
        """A refusal that the API calls 200."""
        for path, expected in self._source.success.items():
            value = find(document, path)
            if value is MISSING or str(value) != str(expected):
                return _Fault(
                    _("the API refuses: '{path}' is not {expected}", path=path, expected=expected),
                    found=outline(document),
                    fix=_("Look the code up in the API's manual."),
                )
        return None

    def _refusal(self, response: requests.Response) -> _Fault:
        status = response.status_code
        reason = _("the API answers {status}", status=_status_text(status))
        if status in _REFUSED:
            return _Fault(
                _("the API refuses the credentials: {status}", status=_status_text(status)),
                status=status,
                fix=_("Check the connection '{name}' and 'auth' of the source.", name=self._source.connection),
            )
        if status in _TRY_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            wanted = retry_after_seconds(response.headers.get("Retry-After"), self._timing.now())
            return _Fault(reason, True, TransientError, status, wanted, fix=_("Try again later."))
        if status == HTTPStatus.NOT_FOUND:
            return _Fault(reason, status=status, fix=_("Correct the connection's address or 'path' of the entity."))
        if status < HTTPStatus.BAD_REQUEST:
            return _Fault(reason, status=status, fix=_("Write the final address; redirects are not followed."))
        return _Fault(reason, status=status, fix=_("Compare 'params' and 'page' of the entity with the API's manual."))

    def _too_slow(self) -> _Fault:
        return _Fault(
            _("no complete answer within {seconds} s", seconds=f"{self._source.timeout_seconds:g}"),
            True,
            TransientError,
            fix=_("Try again later, or raise 'timeout_seconds'."),
        )

    def _broken(self, error: BaseException) -> _Fault:
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLError) and not isinstance(cause, _TORN_TLS):
                verdict = getattr(cause, "verify_message", None) or cause.reason or type(cause).__name__
                return _Fault(
                    _("no safe connection: {reason}", reason=verdict),
                    fix=_("Renew the server's certificate; an authority of your own goes into REQUESTS_CA_BUNDLE."),
                )
        if any(isinstance(cause, _TOO_SLOW) for cause in causes):
            return self._too_slow()
        if isinstance(error, _OUR_FAULT):
            return _Fault(
                _("the request cannot be sent: {reason}", reason=type(error).__name__),
                fix=_("Correct the connection's address or 'headers' of the source."),
            )
        texts = [cause.strerror for cause in causes if isinstance(cause, OSError) and isinstance(cause.strerror, str)]
        return _Fault(
            _("the connection broke off: {reason}", reason=texts[-1] if texts else type(causes[-1]).__name__),
            True,
            TransientError,
            fix=_("Check that '{host}' can be reached from here.", host=urlsplit(self.base_url).netloc),
        )


# A connection that ends in the middle of the encryption is a broken one, not an unsafe one.
_TORN_TLS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
# Not urllib3's TimeoutError, of which a refused connection is a kind.
_TOO_SLOW = (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)
_OUR_FAULT = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidJSONError,
    urllib3.exceptions.LocationParseError,
    UnicodeError,
)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The uncompressed body, as it arrives: a larger read would wait for a server that sends a byte at a time."""
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        yield chunk


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made of; the libraries wrap them in arguments, reasons and contexts."""
    pending, seen = [error], set[int]()
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = (*current.args, getattr(current, "reason", None), current.__cause__, current.__context__)
        pending += [each for each in inner if isinstance(each, BaseException)]


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _base_url(connection: URL) -> str:
    host = connection.host or ""
    place = f"[{host}]" if ":" in host else host
    port = f":{connection.port}" if connection.port else ""
    path = (connection.database or "").strip("/")
    return f"{connection.drivername}://{place}{port}/{path}{'/' if path else ''}"
