"""Messages by the robot of a DingTalk group: signed Markdown, with a refusal seen behind every HTTP 200."""

from __future__ import annotations

import json
import logging
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

import requests
import urllib3
from sqlalchemy.engine import URL

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _
from cockpit.push.markup import cut, one_line, to_dingtalk
from cockpit.push.message import ChannelRefusedError, Message, RateLimitedError, Receipt
from cockpit.push.signatures import sign_dingtalk
from cockpit.push.timing import Pace, Timing
from cockpit.rulebook.push import DingTalkRule

_LONGEST_TITLE = 100
_LONGEST_ANSWER = 1 << 16
_LONGEST_SHOWN = 120
_LOCAL = ("127.0.0.1", "localhost", "::1")

# What DingTalk answers, https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages
_TOO_FAST = {130101, 410100, 302033, 90018}
_BUSY = {-1, 1000, 400002, 500000}
# The robot or its signature: every message would be refused.
_REFUSED = {310000, 300001, 300005, 400013, 400101, 400102, 400106, 40014}


@dataclass(frozen=True)
class _Reply:
    status: int
    body: bytes


class DingTalkChannel:
    """One robot.

    Args:
        connection: `https://:SECRET@oapi.dingtalk.com/robot/send?access_token=TOKEN`; without a secret the robot
            has to know us by its keyword or our address.
        name: Of the connection, for messages.

    Raises:
        ChannelRefusedError: the connection is no address of a robot.
    """

    def __init__(self, rule: DingTalkRule, connection: URL, name: str, timing: Timing | None = None) -> None:
        self.rule: DingTalkRule = rule
        self._timing = timing or Timing()
        self._name = name
        token = connection.query.get("access_token")
        is_safe = connection.drivername == "https" or (
            connection.drivername == "http" and connection.host in _LOCAL
        )  # A robot of a test on this machine needs no certificate.
        if not is_safe or not connection.host or not isinstance(token, str):
            raise ChannelRefusedError(
                _("connection '{name}' is not the address of a DingTalk robot", name=name),
                allowed="https://:SECRET@oapi.dingtalk.com/robot/send?access_token=TOKEN",
            )
        self._secret = connection.password
        self._token = token
        host = f"[{connection.host}]" if ":" in connection.host else connection.host
        port = f":{connection.port}" if connection.port else ""
        path = quote(f"/{connection.database or 'robot/send'}")
        self._url = f"{connection.drivername}://{host}{port}{path}?access_token={quote(token, safe='')}"
        self._pace = Pace(rule, self._timing)
        # At its level DEBUG the library would log addresses with the token in them.
        logging.getLogger("urllib3").setLevel(logging.INFO)

    def send(self, message: Message) -> Receipt:
        """Hand a message to the robot; errors as in `Channel`."""
        body = self._body(message)
        with self._pace:
            reply = self._post(body)
        return self._judge(reply)

    def _body(self, message: Message) -> bytes:
        # DingTalk refuses an empty one.
        title = one_line(message.title, _LONGEST_TITLE) or "-"
        end = "".join(f"\n\n[{label}]({link})" for label, link in message.links())
        heading = to_dingtalk(f"### {title.replace('*', '＊')}")
        keyword = self.rule.keyword
        end = f"{end}\n\n{keyword}" if keyword else end

        def encode(text: str) -> bytes:
            content = {"title": title, "text": f"{heading}\n\n{text}{end}"}
            document = {"msgtype": "markdown", "markdown": content}
            return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

        # No character takes less than a byte: what is longer than the limit need not be looked at.
        text = to_dingtalk(message.text_markdown[: self.rule.max_bytes])
        return encode(cut(text, lambda part: len(encode(part)) <= self.rule.max_bytes))

    def _signed_url(self) -> str:
        if not self._secret:
            return self._url
        timestamp = int(self._timing.now() * 1000)
        return f"{self._url}&timestamp={timestamp}&sign={sign_dingtalk(self._secret, timestamp)}"

    def _post(self, body: bytes) -> _Reply:
        fault: TransientError | ChannelRefusedError
        try:
            return self._try(body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            fault = self._broken(error)
        # Raised here, where no exception of the library with the full address is being handled.
        raise fault

    def _try(self, body: bytes) -> _Reply:
        started = self._timing.monotonic()
        with requests.Session() as session, session.post(
            self._signed_url(),
            data=body,
            headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "crm-cockpit"},
            timeout=self.rule.timeout_seconds,
            # A redirect would take the token where nobody has put it.
            allow_redirects=False,
            stream=True,
        ) as response:  # fmt: skip
            read = bytearray()
            while chunk := response.raw.read1(_LONGEST_ANSWER, decode_content=True):
                read += chunk
                if len(read) > _LONGEST_ANSWER:
                    break
                if self._timing.monotonic() - started > self.rule.timeout_seconds:
                    raise requests.Timeout
            return _Reply(response.status_code, bytes(read))

    def _broken(self, error: BaseException) -> TransientError | ChannelRefusedError:
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return ChannelRefusedError(
                    _("no safe connection: {reason}", reason=cause.verify_message),
                    where=self._name,
                    fix=_("Renew the server's certificate; an authority of your own goes into REQUESTS_CA_BUNDLE."),
                )
        if any(isinstance(cause, requests.Timeout | urllib3.exceptions.ReadTimeoutError | TimeoutError)
               for cause in causes):  # fmt: skip
            reason = _("no complete answer within {seconds} s", seconds=f"{self.rule.timeout_seconds:g}")
        else:
            texts = [each.strerror for each in causes if isinstance(each, OSError) and isinstance(each.strerror, str)]
            reason = _("the connection broke off: {reason}", reason=texts[-1] if texts else type(causes[-1]).__name__)
        return TransientError(reason, where=self._name, fix=_("The message is tried again by itself."))

    def _judge(self, reply: _Reply) -> Receipt:
        status = reply.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise self._too_fast(f"HTTP {status}")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            raise TransientError(
                _("DingTalk answers {status}", status=status),
                where=self._name,
                fix=_("The message is tried again by itself."),
            )
        if status != HTTPStatus.OK:
            raise ChannelRefusedError(
                _("DingTalk answers {status}", status=status),
                where=self._name,
                fix=_("Check the address of the connection '{name}'.", name=self._name),
            )
        try:
            document = json.loads(reply.body.decode("utf-8"))
            code = int(document["errcode"])
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ChannelRefusedError(
                _("the answer is not one of DingTalk"),
                where=self._name,
                found=f"{len(reply.body)} bytes",
                fix=_("Check the address of the connection '{name}'.", name=self._name),
            ) from None
        if code == 0:
            return Receipt("errcode 0")
        raise self._refusal(code, str(document.get("errmsg", "")))

    def _refusal(self, code: int, errmsg: str) -> Exception:
        found = f"errcode {code}: {self._shown(errmsg)}"
        if code in _TOO_FAST:
            return self._too_fast(found)
        if code in _BUSY:
            return TransientError(
                _("DingTalk is busy"), where=self._name, found=found, fix=_("The message is tried again by itself.")
            )
        if code in _REFUSED:
            return ChannelRefusedError(
                _("DingTalk refuses the robot"),
                where=self._name,
                found=found,
                fix=_(
                    "Check token, secret and keyword of the robot of '{name}', and this machine's clock.",
                    name=self._name,
                ),
            )
        return TerminalError(_("DingTalk refuses the message"), where=self._name, found=found)

    def _too_fast(self, found: str) -> RateLimitedError:
        return RateLimitedError(
            _("DingTalk takes no more messages of this robot for a while"),
            self.rule.pause_seconds,
            where=self._name,
            found=found,
            fix=_("Lower 'messages' of the channel, or see who else uses the robot."),
        )

    def _shown(self, errmsg: str) -> str:
        """What the provider said, without what it might repeat: token, secret, numbers of telephones."""
        for secret in filter(None, (self._secret, self._token)):
            errmsg = errmsg.replace(secret, "***")
        return re.sub(r"\d{7,}", "***", one_line(errmsg, _LONGEST_SHOWN))


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
