"""A DingTalk robot on this machine: it checks signature, time and size as the real one does, and plays faults."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "SECfe1b33a7c0ffee"
TOKEN = "5f0c9d1e2b3a4c5d"

OK = (200, {"errcode": 0, "errmsg": "ok"})
# Takes the request over: gets the handler, answers by itself or not at all.
Fault = Callable[[BaseHTTPRequestHandler], None]


class Robot:
    """What the robot has seen, and what it is to answer next.

    Attributes:
        messages: Bodies that it took, with the time of each.
        answers: Used up one by one; then messages are judged.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[str] = []
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self.answers: list[tuple[int, Any] | Fault] = []
        self.is_signed = True
        self.delay = 0.0

    @property
    def texts(self) -> list[str]:
        return [message["markdown"]["text"] for _time, message in self.messages]

    def judge(self, target: str, body: bytes, content_type: str) -> tuple[int, Any]:
        query = parse_qs(urlsplit(target).query)
        if query.get("access_token") != [TOKEN]:
            return 200, {"errcode": 300005, "errmsg": "token is not exist"}
        if self.is_signed:
            (timestamp,) = query.get("timestamp", ["0"])
            if abs(time.time() * 1000 - int(timestamp)) > 3_600_000:
                return 200, {"errcode": 310000, "errmsg": "invalid timestamp, more: [https://ding-doc.dingtalk.com]"}
            expected = hmac.new(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), hashlib.sha256).digest()
            if query.get("sign") != [base64.b64encode(expected).decode()]:
                return 200, {"errcode": 310000, "errmsg": "sign not match, more: [https://ding-doc.dingtalk.com]"}
        if not content_type.startswith("application/json"):
            return 200, {"errcode": 43004, "errmsg": "invalid content-type"}
        if len(body) > 20_000:
            return 200, {"errcode": 460101, "errmsg": "message too long, exceed 20000 bytes"}
        document = json.loads(body)
        if not document["markdown"]["title"] or not document["markdown"]["text"]:
            return 200, {"errcode": 40035, "errmsg": "缺少参数 json"}
        self.messages.append((time.monotonic(), document))
        return OK


@contextmanager
def robot() -> Iterator[Robot]:
    """The running robot."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.requests.append(self.path)
            time.sleep(made.delay)
            answer = made.answers.pop(0) if made.answers else made.judge(
                self.path, body, self.headers.get("Content-Type", "")
            )  # fmt: skip
            if callable(answer):
                answer(self)
                return
            status, document = answer
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if status in (301, 302, 307):
                self.send_header("Location", "http://127.0.0.1:1/stolen")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Robot(f"http://:{SECRET}@127.0.0.1:{server.server_port}/robot/send?access_token={TOKEN}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection off without an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def silence(handler: BaseHTTPRequestHandler) -> None:
    """Say nothing for longer than anybody waits."""
    time.sleep(2)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer a byte at a time."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    try:
        for _number in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True
