"""Messages by electronic mail: encrypted on the way to a server whose name is verified, as plain text and as HTML."""

from __future__ import annotations

import contextlib
import hashlib
import html
import re
import smtplib
import ssl
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.engine import URL

from cockpit.domain.masking import mask
from cockpit.errors import CockpitError, TerminalError, TransientError
from cockpit.i18n import _, language
from cockpit.push.markup import clean, cut, one_line, to_html, to_plain
from cockpit.push.message import ChannelRefusedError, Message, RateLimitedError, Receipt
from cockpit.push.timing import Pace, Timing
from cockpit.rulebook.push import EmailRule

_LONGEST_SUBJECT = 150
# A server that is asked too much says so with one of these (RFC 3463, and what large providers answer).
_TOO_FAST = re.compile(
    r"\b4\.7\.(0|28|500|650)\b|too (many (messages|connections)|fast)|\brate\b|throttl|frequency|频率", re.IGNORECASE
)
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_PORTS = {"smtp": 587, "smtps": 465}
# Base64 adds a third and a line end every 76 characters.
_GROWTH = 4 / 3 * 78 / 76


class MailChannel:
    """One mail server.

    Args:
        connection: `smtp://user:password@host:587` begins in the clear and must offer STARTTLS; `smtps://` is
            encrypted from the start.
        name: Of the connection, for messages.

    Raises:
        ChannelRefusedError: the connection is no address of a mail server.
    """

    def __init__(self, rule: EmailRule, connection: URL, name: str, timing: Timing | None = None) -> None:
        self.rule: EmailRule = rule
        self._timing = timing or Timing()
        self._name = name
        if connection.drivername not in _PORTS or not connection.host:
            raise ChannelRefusedError(
                _("connection '{name}' is not the address of a mail server", name=name),
                allowed="smtp://user:password@host:587, smtps://user:password@host:465",
            )
        self._connection = connection
        self._pace = Pace(rule, self._timing)

    def send(self, message: Message) -> Receipt:
        """Hand a message to the mail server; errors as in `Channel`."""
        mail = self._mail(message)
        with self._pace:
            return self._hand_over(mail)

    def _mail(self, message: Message) -> EmailMessage:
        recipient = message.recipient
        mail = EmailMessage(policy=SMTP)
        sender_name = self.rule.sender_name_zh if language() == "zh" else self.rule.sender_name
        domain = self.rule.sender.rpartition("@")[2]
        mail["From"] = Address(one_line(sender_name), addr_spec=self.rule.sender)
        mail["To"] = Address(one_line(recipient.name, 60), addr_spec=_checked(recipient.email, self._name))
        # The policy refuses line ends in a header; there are none left.
        mail["Subject"] = one_line(message.title, _LONGEST_SUBJECT) or "-"
        mail["Date"] = format_datetime(datetime.fromtimestamp(self._timing.now(), UTC))
        # The same for each try, so that a mail server may drop the second of two.
        digest = hashlib.sha256(f"{message.key}\n{recipient.username}".encode("utf-8", "replace")).hexdigest()
        mail["Message-ID"] = f"<{digest[:32] if message.key else _random(self._timing)}@{domain}>"
        # No answers of absent people.
        mail["Auto-Submitted"] = "auto-generated"
        self._fill(mail, message)
        return mail

    def _fill(self, mail: EmailMessage, message: Message) -> None:
        text = clean(message.text_markdown[: self.rule.max_bytes])
        links = message.links()
        plain_end = "".join(f"\n\n{label}: {link}" for label, link in links)
        html_end = "".join(
            f'<p><a href="{html.escape(link)}" style="display:inline-block;padding:10px 18px;'
            f'background:#1f4e79;color:#fff;text-decoration:none;border-radius:4px">{html.escape(label)}</a></p>'
            for label, link in links
        )

        def parts(kept: str) -> tuple[str, str]:
            page = (
                '<!DOCTYPE html><html><head><meta charset="utf-8">'
                '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
                '<body style="font-family:sans-serif;line-height:1.5;color:#222">'
                f"{to_html(kept)}{html_end}</body></html>"
            )
            return f"{to_plain(kept)}{plain_end}\n", page

        def fits(kept: str) -> bool:
            size = sum(len(part.encode("utf-8")) for part in parts(kept))
            # Headers and borders take the rest.
            return size * _GROWTH + 1_500 <= self.rule.max_bytes

        plain, page = parts(cut(text, fits))
        # Base64 has no lines that could end the message or grow too long.
        mail.set_content(plain, cte="base64")
        mail.add_alternative(page, subtype="html", cte="base64")

    def _hand_over(self, mail: EmailMessage) -> Receipt:
        fault: CockpitError
        try:
            with contextlib.closing(self._connect()) as server:
                self._sign_on(server)
                server.send_message(mail)
                # It has been taken: what happens after that does not matter.
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    server.quit()
                return Receipt("250")
        except (smtplib.SMTPException, OSError) as error:
            fault = self._fault(error)
        # Raised here: the library's own texts hold addresses.
        raise fault

    def _connect(self) -> smtplib.SMTP:
        host, kind = str(self._connection.host), self._connection.drivername
        port = self._connection.port or _PORTS[kind]
        # Without a name of its own the library asks the network for one.
        own_name = self.rule.sender.rpartition("@")[2]
        timeout = self.rule.timeout_seconds
        if kind == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, local_hostname=own_name, timeout=timeout, context=context)
        server = smtplib.SMTP(host, port, local_hostname=own_name, timeout=timeout)
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
        return server

    def _sign_on(self, server: smtplib.SMTP) -> None:
        user, password = self._connection.username, self._connection.password
        if user and password:
            server.login(user, password)

    def _fault(self, error: Exception) -> CockpitError:
        again = _("The message is tried again by itself.")
        if isinstance(error, ssl.SSLCertVerificationError):
            return ChannelRefusedError(
                _("no safe connection: {reason}", reason=error.verify_message),
                where=self._name,
                fix=_("Renew the server's certificate; an authority of your own goes into SSL_CERT_FILE."),
            )
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return ChannelRefusedError(
                _("the mail server offers no encryption or no way to sign on"),
                where=self._name,
                fix=_("Use the server's port with STARTTLS (smtp://) or TLS (smtps://)."),
            )
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            code, text = next(iter(error.recipients.values()), (550, b""))
            return self._answered(code, text, TerminalError(
                _("the mail server does not know the recipient"), where=self._name, found=_code(code, text),
                fix=_("Correct the person's address."),
            ))  # fmt: skip
        if isinstance(error, smtplib.SMTPResponseException):
            found = _code(error.smtp_code, error.smtp_error)
            # Only a refusal of the message itself says nothing about the next one.
            refusal: CockpitError = (
                TerminalError(_("the mail server refuses the message"), where=self._name, found=found)
                if isinstance(error, smtplib.SMTPDataError)
                else ChannelRefusedError(
                    _("the mail server refuses us"),
                    where=self._name,
                    found=found,
                    fix=_("Check user, password and sender of the connection '{name}'.", name=self._name),
                )
            )
            return self._answered(error.smtp_code, error.smtp_error, refusal)
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            reason = _("no complete answer within {seconds} s", seconds=f"{self.rule.timeout_seconds:g}")
            return TransientError(reason, where=self._name, fix=again)
        reason = getattr(error, "strerror", None) or type(error).__name__
        return TransientError(_("the connection broke off: {reason}", reason=reason), where=self._name, fix=again)

    def _answered(self, code: int, text: bytes | str, refusal: CockpitError) -> CockpitError:
        """The refusal, unless the server says that it is for now."""
        if not 400 <= code < 500:
            return refusal
        found = _code(code, text)
        if code in (421, 450, 451, 452) and _TOO_FAST.search(_decoded(text)):
            return RateLimitedError(
                _("the mail server takes no more messages for a while"),
                self.rule.pause_seconds,
                where=self._name,
                found=found,
                fix=_("Lower 'messages' of the channel."),
            )
        return TransientError(
            _("the mail server cannot take the message now"),
            where=self._name,
            found=found,
            fix=_("The message is tried again by itself."),
        )


def _checked(address: str | None, where: str) -> str:
    """A single plain address."""
    try:
        if not address:
            raise EmailNotValidError
        # Names of tests are as good as others here: whether a domain exists is for the mail server to say.
        found = validate_email(address, check_deliverability=False, test_environment=True, allow_smtputf8=False)
        return found.ascii_email or found.normalized
    except EmailNotValidError:
        raise TerminalError(
            _("the person has no usable e-mail address"),
            where=where,
            found=mask(address),
            fix=_("Correct the person's address."),
        ) from None


def _code(code: int, text: bytes | str) -> str:
    """The server's code; its text may repeat addresses."""
    enhanced = _ENHANCED.search(_decoded(text))
    return f"{code} {enhanced[0]}" if enhanced else str(code)


def _decoded(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _random(timing: Timing) -> str:
    return hashlib.sha256(f"{timing.now()} {timing.chance()}".encode()).hexdigest()[:32]
