"""A mail server on this machine, with a certificate made for it: it takes messages as they are and plays faults."""

from __future__ import annotations

import base64
import datetime
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "cockpit", "correct-horse"


@dataclass
class Mail:
    """One message as it came."""

    sender: str
    recipients: list[str]
    content: bytes
    was_encrypted: bool

    @property
    def parsed(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message

    def body(self, kind: str) -> str:
        part = self.parsed.get_body((kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """What the server has taken, and how it is to behave.

    Attributes:
        answers: Verb -> answers that are given instead, used up one by one.
        close_after: Break the connection off instead of answering this verb, once.
        delays: Verb -> seconds.
    """

    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    close_after: str = ""
    delays: dict[str, float] = field(default_factory=dict)
    offers_tls: bool = True
    is_implicit: bool = False

    @property
    def url(self) -> str:
        return f"smtp{'s' if self.is_implicit else ''}://{USER}:{PASSWORD}@localhost:{self.port}"


def make_certificate(folder: Path, host: str = "localhost") -> Path:
    """Key and certificate in one file; the certificate is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ip_address("127.0.0.2"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def mail_server(certificate: Path, **settings: bool) -> Iterator[MailServer]:
    """The running server."""
    made = MailServer(**settings)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.is_encrypted = made.is_implicit
            self.sender, self.recipients = "", []
            try:
                if made.is_implicit:
                    self._encrypt()
                self._say(made.answers.get("", []).pop(0) if made.answers.get("") else "220 mail.example ESMTP")
                while line := self.rfile.readline():
                    if not self._answer(line.decode("utf-8", "replace").rstrip("\r\n")):
                        return
            except OSError:
                return

        def _encrypt(self) -> None:
            self.connection = context.wrap_socket(self.request, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)
            self.is_encrypted = True

        def _say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

        def _answer(self, line: str) -> bool:
            verb = line.partition(" ")[0].upper()
            made.lines.append(f"{verb} {line.partition(' ')[2]}")
            time.sleep(made.delays.get(verb, 0))
            if made.close_after == verb:
                made.close_after = ""
                return False
            if made.answers.get(verb):
                self._say(made.answers[verb].pop(0))
                return True
            match verb:
                case "EHLO":
                    offers = ["mail.example", "8BITMIME"]
                    offers += ["STARTTLS"] if made.offers_tls and not self.is_encrypted else []
                    offers += ["AUTH PLAIN"] if self.is_encrypted else []
                    for offer in offers[:-1]:
                        self._say(f"250-{offer}")
                    self._say(f"250 {offers[-1]}")
                case "STARTTLS":
                    self._say("220 go ahead")
                    self._encrypt()
                case "AUTH":
                    given = base64.b64decode(line.split(" ")[2]).decode().split("\0")
                    self._say(
                        "235 2.7.0 ok" if given[1:] == [USER, PASSWORD] else "535 5.7.8 bad credentials " + given[2]
                    )
                case "MAIL":
                    self.sender, self.recipients = line.partition(":")[2], []
                    self._say("250 2.1.0 ok")
                case "RCPT":
                    self.recipients.append(line.partition(":")[2])
                    self._say("250 2.1.5 ok")
                case "DATA":
                    return self._take()
                case "QUIT":
                    self._say("221 bye")
                    return False
                case _other:
                    self._say("502 5.5.1 unknown")
            return True

        def _take(self) -> bool:
            self._say("354 go on")
            content = b""
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                content += line.removeprefix(b".")
            if made.close_after == "END":
                made.close_after = ""
                return False
            if made.answers.get("END"):
                self._say(made.answers["END"].pop(0))
                return True
            made.mails.append(Mail(self.sender, self.recipients, content, self.is_encrypted))
            self._say("250 2.0.0 queued as 4711")
            return True

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Session)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
