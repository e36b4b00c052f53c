"""The process of the web APIs, run for real on a free port, and a client for each way of signing on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from cockpit.demo.apis.server.config import CLIENT, SYSTEMS
from cockpit.demo.apis.server.sign_on import signature
from cockpit.stack.settings import REPOSITORY

SECRETS = {system: f"secret-of-{system}" for system in SYSTEMS}


@dataclass
class Apis:
    """A running process.

    Attributes:
        address: Its root, `http://127.0.0.1:<port>`.
    """

    address: str
    process: subprocess.Popen[bytes]

    def get(self, path: str, sign_on: bool = True, **params: object) -> requests.Response:
        """Ask for a path of one of the APIs, signed on as its system wants it unless told otherwise."""
        address = path if path.startswith("http") else f"{self.address}{path}"
        system = address.removeprefix(self.address).split("/")[1]
        request = requests.Request("GET", address, params={name: str(value) for name, value in params.items()})
        if sign_on:
            self._sign_on(request, system)
        prepared = request.prepare()
        if sign_on and system == "shop":
            prepared.headers.update(signed_headers(prepared.url or "", SECRETS["shop"]))
        with _direct() as session:
            return session.send(prepared, timeout=30)

    def token(self, **form: str) -> requests.Response:
        """Ask WeCom for an access token."""
        with _direct() as session:
            return session.post(f"{self.address}/wecom/oauth/token", data=form, timeout=30)

    def connections(self) -> dict[str, str]:
        """What pipelines are told about the APIs."""
        host = self.address.removeprefix("http://")
        return {
            f"AIRFLOW_CONN_{system.upper()}": f"http://{CLIENT}:{SECRETS[system]}@{host}/{system}" for system in SYSTEMS
        }

    def _sign_on(self, request: requests.Request, system: str) -> None:
        match system:
            case "scm":
                request.headers["X-Api-Key"] = SECRETS[system]
            case "wecom":
                form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRETS[system]}
                request.headers["Authorization"] = f"Bearer {self.token(**form).json()['access_token']}"
            case "market_feed":
                request.headers["Authorization"] = f"Bearer {SECRETS[system]}"
            case "service_desk":
                request.auth = (CLIENT, SECRETS[system])
            case "ads":
                request.params = {**request.params, "api_key": SECRETS[system]}


def signed_headers(url: str, secret: str, timestamp: str | None = None) -> dict[str, str]:
    """The shop's signature of a GET."""
    moment = timestamp or str(int(time.time()))
    path, _mark, query = url.partition("://")[2].partition("/")[2].partition("?")
    return {
        "X-Key": CLIENT,
        "X-Timestamp": moment,
        "X-Signature": signature(secret, moment, "GET", f"/{path}", query, b""),
    }


@contextmanager
def serve(database: str, **settings: object) -> Iterator[Apis]:
    """Start the process and stop it at the end.

    Args:
        database: URL of the database, for a login that reads it.
        settings: Further COCKPIT_DEMO_APIS_ variables, lower case; nothing fails by itself unless told.
    """
    port = free_port()
    variables = {
        "database": database,
        "failure_interval": 0,
        "rate": 100_000,
        **{f"secret_{system}": secret for system, secret in SECRETS.items()},
        **settings,
    }
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY / "src"),
        **{f"COCKPIT_DEMO_APIS_{name.upper()}": str(value) for name, value in variables.items()},
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "cockpit.demo.apis.server.app:create_app"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--no-access-log", "--log-level", "warning"], env=environment
    )
    apis = Apis(f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_it_answers(apis)
        yield apis
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_it_answers(apis: Apis) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert apis.process.poll() is None, "the process ended"
        try:
            with _direct() as session:
                session.get(f"{apis.address}/healthz", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the process does not answer")


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _direct() -> requests.Session:
    """A configured proxy cannot reach loopback."""
    session = requests.Session()
    session.trust_env = False
    return session
