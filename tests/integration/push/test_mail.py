"""Messages by mail: encrypted, to one person, inert; each failure named without password, address or text."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from cockpit.errors import CockpitError, TerminalError, TransientError
from cockpit.push.mail import MailChannel
from cockpit.push.markup import inert
from cockpit.push.message import ChannelRefusedError, Message, RateLimitedError, Recipient
from tests.integration.push.conftest import email_rule
from tests.integration.push.mail_server import PASSWORD, MailServer, mail_server, make_certificate

ZHAO = Recipient("zhao.min", name="赵敏", email="zhao.min@huaxing.example")
LINK = "http://127.0.0.1:8090/tasks/f4110f43.NDEu.UHiG"
GAP = "\u200b"


def channel(mail: MailServer, url: str | None = None, **rule: object) -> MailChannel:
    return MailChannel(email_rule(**rule), make_url(url or mail.url), "smtp")


def message(
    text: str = "客户 **华为** 的金额为负", title: str = "待确认", link: str | None = LINK, recipient: Recipient = ZHAO
) -> Message:
    return Message(recipient, title, text, link, "task/41")


def failure(mail: MailServer, kind: type[CockpitError], **arguments: object) -> str:
    with pytest.raises(CockpitError) as caught:
        channel(mail, **arguments).send(message())  # type: ignore[arg-type]
    assert type(caught.value) is kind
    shown = " ".join(str(each) for each in (caught.value, caught.value.__cause__, caught.value.__context__))
    assert not any(secret in shown for secret in (PASSWORD, "zhao", "NDEu", "华为"))
    return str(caught.value)


@pytest.mark.parametrize("is_implicit", [False, True], ids=["STARTTLS", "TLS"])
def test_a_message_arrives_encrypted(certificate: Path, monkeypatch: pytest.MonkeyPatch, is_implicit: bool) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(certificate, is_implicit=is_implicit) as mail:
        assert channel(mail).send(message()).answer == "250"
    (taken,) = mail.mails
    assert taken.was_encrypted
    assert taken.recipients == ["<zhao.min@huaxing.example>"]
    parsed = taken.parsed
    assert str(parsed["Subject"]) == "待确认"
    assert str(parsed["To"]) == "赵敏 <zhao.min@huaxing.example>"
    assert str(parsed["From"]) == "CRM Cockpit <cockpit@huaxing.example>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert taken.body("plain") == f"客户 华为 的金额为负\n\nOpen: {LINK}\n"
    assert "<p>客户 <strong>华为</strong> 的金额为负</p>" in taken.body("html")
    assert f'<a href="{LINK}"' in taken.body("html")
    assert parsed.get_content_type() == "multipart/alternative"


def test_a_repeated_message_can_be_told(mail: MailServer) -> None:
    made = channel(mail)
    for key in ("task/41", "task/41", "task/42", "", ""):
        made.send(Message(ZHAO, "x", "y", key=key))
    ids = [taken.parsed["Message-ID"] for taken in mail.mails]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_without_a_user_nobody_signs_on(mail: MailServer) -> None:
    channel(mail, url=f"smtp://localhost:{mail.port}").send(message())
    assert not any(line.startswith("AUTH") for line in mail.lines)
    assert len(mail.mails) == 1


@pytest.mark.parametrize(
    ("verb", "answer", "kind", "says"),
    [
        pytest.param("", "421 4.3.2 going down", TransientError, "421 4.3.2", id="greeting"),
        pytest.param("", "554 5.7.1 your address is blocked", ChannelRefusedError, "554 5.7.1", id="blocked"),
        pytest.param("STARTTLS", "454 4.3.0 TLS not available", TransientError, "454", id="no TLS now"),
        pytest.param("AUTH", "454 4.7.9 later", TransientError, "454", id="sign-on later"),
        pytest.param("MAIL", "550 5.7.1 zhao.min@huaxing.example not yours", ChannelRefusedError, "550 5.7.1", id="sender"),
        pytest.param("RCPT", "550 5.1.1 zhao.min@huaxing.example unknown", TerminalError, "does not know.*550 5.1.1", id="recipient"),
        pytest.param("RCPT", "452 4.2.2 mailbox full, limit reached", TransientError, "452 4.2.2", id="mailbox full"),
        pytest.param("RCPT", "450 4.7.28 our system has detected an unusual rate", RateLimitedError, "450 4.7.28", id="too fast"),
        pytest.param("RCPT", "451 too many messages from you", RateLimitedError, "451", id="too many"),
        pytest.param("RCPT", "451 4.7.1 greylisted", TransientError, "451 4.7.1", id="greylisted"),
        pytest.param("DATA", "503 5.5.1 bad sequence", TerminalError, "503", id="no data"),
        pytest.param("END", "554 5.6.0 spam 客户 华为", TerminalError, "refuses the message.*554 5.6.0", id="text refused"),
        pytest.param("END", "451 4.3.0 disk full", TransientError, "451 4.3.0", id="disk full"),
    ],
)  # fmt: skip
def test_what_the_server_answers(mail: MailServer, verb: str, answer: str, kind: type[CockpitError], says: str) -> None:
    mail.answers = {verb: [answer]}
    assert re.search(says, failure(mail, kind))
    assert mail.mails == []
    # The next one goes.
    channel(mail).send(message())
    assert len(mail.mails) == 1


@pytest.mark.parametrize("verb", ["EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "END"])
def test_the_connection_breaks_off(mail: MailServer, verb: str) -> None:
    mail.close_after = verb
    failure(mail, TransientError)
    channel(mail).send(message())
    assert len(mail.mails) == 1


def test_what_happens_after_it_was_taken_does_not_matter(mail: MailServer) -> None:
    mail.close_after = "QUIT"
    channel(mail).send(message())
    assert len(mail.mails) == 1


def test_a_silent_server(mail: MailServer) -> None:
    mail.delays = {"MAIL": 1.5}
    assert "within 0.8 s" in failure(mail, TransientError)


def test_a_wrong_password(mail: MailServer) -> None:
    says = failure(mail, ChannelRefusedError, url=mail.url.replace(PASSWORD, "tr0ub4dor"))
    assert "535 5.7.8" in says
    assert "tr0ub4dor" not in says


def test_nothing_is_sent_in_the_clear(mail: MailServer) -> None:
    mail.offers_tls = False
    assert "no encryption" in failure(mail, ChannelRefusedError)
    assert not any(line.startswith(("AUTH", "MAIL")) for line in mail.lines)


def test_a_certificate_of_another_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_certificate(tmp_path, "mail.other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with mail_server(other) as mail:
        assert "no safe connection" in failure(mail, ChannelRefusedError)
        assert not any(line.startswith(("AUTH", "MAIL")) for line in mail.lines)


def test_a_certificate_that_nobody_vouches_for(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(make_certificate(tmp_path, "localhost")))
    with mail_server(certificate) as mail:
        assert "no safe connection" in failure(mail, ChannelRefusedError)


@pytest.mark.parametrize(
    "title",
    [
        pytest.param("x\r\nBcc: all@evil.example", id="CR LF"),
        pytest.param("x\nBcc: all@evil.example", id="LF"),
        pytest.param("x\rBcc: all@evil.example", id="CR"),
        pytest.param("x\u2028Bcc: all@evil.example", id="line separator"),
        pytest.param("x\x0bBcc: a", id="vertical tab"),
        pytest.param("x\x00y", id="NUL"),
        pytest.param("=?utf-8?q?x=0ABcc:_all=40evil.example?=", id="encoded"),
        pytest.param("x" * 5000, id="long"),
        pytest.param("客" * 5000, id="long Chinese"),
        pytest.param("", id="empty"),
        pytest.param("\ud800", id="lone surrogate"),
    ],
)
def test_a_subject_stays_in_its_header(mail: MailServer, title: str) -> None:
    channel(mail).send(message(title=title))
    (taken,) = mail.mails
    assert taken.recipients == ["<zhao.min@huaxing.example>"]
    assert sorted(taken.parsed.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    assert len(str(taken.parsed["Subject"])) <= 160
    assert taken.body("plain").startswith("客户")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("zhao", id="no domain"),
        pytest.param("a@b.example, c@d.example", id="two"),
        pytest.param("a@b.example\r\nBcc: c@d.example", id="line end"),
        pytest.param("a@b.example>\r\nRCPT TO:<c@d.example", id="command"),
        pytest.param("Zhao <a@b.example>", id="with a name"),
        pytest.param("a,b@c.example", id="comma"),
        pytest.param("a b@c.example", id="space"),
        pytest.param("@c.example", id="no name"),
        pytest.param("张三@华星.example", id="not ASCII"),
        pytest.param("\ud800@c.example", id="lone surrogate"),
        pytest.param("a" * 400 + "@c.example", id="long"),
    ],
)
def test_an_unusable_address_is_refused_before_anything_is_sent(mail: MailServer, address: str | None) -> None:
    with pytest.raises(TerminalError, match="no usable e-mail address") as caught:
        channel(mail).send(message(recipient=Recipient("zhao.min", email=address)))
    assert not address or address not in str(caught.value)
    assert mail.lines == []


def test_the_name_of_a_person_stays_a_name(mail: MailServer) -> None:
    hostile = Recipient(
        "x", name='赵"敏" <boss@huaxing.example>,\r\nBcc: b@evil.example', email="zhao.min@huaxing.example"
    )
    channel(mail).send(message(recipient=hostile))
    (taken,) = mail.mails
    assert taken.recipients == ["<zhao.min@huaxing.example>"]
    assert [address.addr_spec for address in taken.parsed["To"].addresses] == ["zhao.min@huaxing.example"]
    assert taken.parsed["Bcc"] is None


@pytest.mark.parametrize("letter", ["a", "客", "<", "👍", "**b** ", "\n"])
def test_a_long_text_is_cut_and_keeps_its_link(mail: MailServer, letter: str) -> None:
    channel(mail).send(message(text="x" + letter * 300_000))
    (taken,) = mail.mails
    assert len(taken.content) <= 20_000
    assert taken.body("plain").rstrip().endswith(LINK)
    assert LINK in taken.body("html")


def test_a_text_cannot_end_the_message(mail: MailServer) -> None:
    channel(mail).send(message(text="first\n.\nMAIL FROM:<x@evil.example>\n.\r\nQUIT\n\nlast"))
    assert len(mail.mails) == 1
    assert mail.mails[0].body("plain").startswith(f"first\n.\nMAIL FROM:<x@{GAP}evil.{GAP}example>\n.\nQUIT\n\nlast")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(value=st.text(max_size=200), title=st.text(max_size=200), name=st.text(max_size=80))
def test_any_text_is_taken(mail: MailServer, value: str, title: str, name: str) -> None:
    mail.mails.clear()
    person = Recipient("x", name=name, email="zhao.min@huaxing.example")
    channel(mail).send(message(text=f"Customer {inert(value)} and {value}", title=title, recipient=person))
    (taken,) = mail.mails
    assert taken.recipients == ["<zhao.min@huaxing.example>"]
    assert taken.parsed["Bcc"] is None
    assert taken.body("html").count("<a ") == 1


@pytest.mark.parametrize("url", ["https://mail.example", "smtp://", "postgresql://u:secret@h/d"])
def test_a_wrong_connection_is_refused(mail: MailServer, url: str) -> None:
    with pytest.raises(ChannelRefusedError) as caught:
        channel(mail, url=url)
    assert "secret" not in str(caught.value)


def test_the_log_holds_no_secret(mail: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel(mail).send(message())
    assert not any(secret in caplog.text for secret in (PASSWORD, "zhao", "NDEu", "华为"))
