"""A real HTTP server for tests: it pages, signs on and misbehaves as it is told.

As a program, `python api.py PORT COUNT`, it gives that many records in pages, sorted by their cursor.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        return urlsplit(self.target).query

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    """What is sent back.

    Attributes:
        content: Sent as JSON; bytes as they are.
        cut_after: Send so many bytes of the body only, then end the connection.
        bytes_per_second: Send no faster; all at once when None.
        delay: Seconds before anything is sent.
        has_length: Whether the length is announced; else the end of the connection ends the body.
    """

    content: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    bytes_per_second: float | None = None
    delay: float = 0
    has_length: bool = True


Behaviour = Callable[[Asked], Reply]


class Server(ThreadingHTTPServer):
    """Answers as its behaviour says and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour, port: int = 0) -> None:
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two packets, of which the second would wait for the first to be confirmed.
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *values: object) -> None:
        pass

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        self.server.asked.append(asked)
        with suppress(OSError):
            self._send(self.server.behaviour(asked))

    do_POST = do_GET  # noqa: N815 - the name that the library calls

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        body = reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
        self.send_response(reply.status)
        if reply.has_length:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.bytes_per_second:
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(1 / reply.bytes_per_second)
        else:
            self.wfile.write(body[: reply.cut_after])
        if reply.cut_after is not None:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True


@contextmanager
def serve(behaviour: Behaviour, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Server]:
    """Run a server in a thread."""
    with Server(behaviour, port) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def paged(rows: list[Any], kind: str, *, most: int = 1_000, path: str = "/v1/rows") -> Behaviour:
    """A well-behaved API of one kind of paging; parameters `since` and `until` limit `changed`."""

    def behave(asked: Asked) -> Reply:
        if asked.path != path:
            return Reply({"message": "no such path"}, 404)
        params = asked.params | (json.loads(asked.body) if asked.method == "POST" else {})
        chosen = [row for row in rows if _within(row, params)]
        size = min(int(params.get("limit", most)), most)
        if kind == "page":
            start = (int(params.get("page", 1)) - 1) * size
        else:
            start = int(params.get("offset" if kind == "offset" else "cursor", 0) or 0)
        part, end = chosen[start : start + size], start + size
        has_more = end < len(chosen)
        following = urlencode({**asked.params, "cursor": end})
        match kind:
            case "none":
                return Reply({"data": {"items": chosen}})
            case "offset":
                return Reply({"data": {"items": part, "total": len(chosen)}})
            case "page":
                return Reply({"data": {"items": part, "pages": -(-len(chosen) // size)}})
            case "cursor":
                return Reply({"data": {"items": part}, "next": str(end) if has_more else None, "more": has_more})
            case "link":
                link = {"Link": f'<{path}?{following}>; rel="next", </v1/other>; rel="last"'} if has_more else {}
                return Reply({"data": {"items": part}}, headers=link)
            case _next_url:
                address = f"http://{asked.headers['Host']}{path}?{following}" if has_more else None
                return Reply({"data": {"items": part}, "links": {"next": address}})

    return behave


def _within(row: Any, params: Mapping[str, Any]) -> bool:
    changed = row.get("changed") if isinstance(row, dict) else None
    if changed is None:
        return True
    return str(params.get("since", "")) <= str(changed) and str(changed) <= str(params.get("until", "9"))


def moment(number: int) -> str:
    """A time that grows with the number."""
    return f"2026-03-{1 + number // 86_400:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"


if __name__ == "__main__":
    records = [{"id": number, "changed": moment(number), "text": "x" * 40} for number in range(int(sys.argv[2]))]
    with Server(paged(records, "offset"), int(sys.argv[1])) as program:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        program.serve_forever()
