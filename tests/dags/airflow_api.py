"""Airflow's API server with our plugins, over a metadata database of its own and a given warehouse."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from cockpit.stack.settings import Settings

_START_SECONDS = 120
_AIRFLOW = str(Path(sys.prefix) / "bin" / "airflow")


class AirflowApi:
    """What a browser does: GET with or without a login."""

    def __init__(self, address: str, password: str) -> None:
        self.address = address
        self._password = password
        self._token: str | None = None

    def get(self, path: str, *, signed_in: bool = True, **query: object) -> requests.Response:
        cookies = {"_token": self.token} if signed_in else {}
        return requests.get(self.address + path, params=query, cookies=cookies, timeout=30, allow_redirects=False)

    def request(self, method: str, path: str) -> requests.Response:
        return requests.request(method, self.address + path, cookies={"_token": self.token}, timeout=30)

    @property
    def token(self) -> str:
        if self._token is None:
            person = {"username": "admin", "password": self._password}
            answer = requests.post(f"{self.address}/auth/token", json=person, timeout=30)
            answer.raise_for_status()
            self._token = answer.json()["access_token"]
        return str(self._token)


def make_metadata(settings: Settings, folder: Path) -> dict[str, str]:
    """An empty metadata database in a folder; returns the environment that leads to it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "COCKPIT_"))}
    environment = {
        **inherited,
        **settings.environment(),
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
    }
    del environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"]
    result = subprocess.run(
        [_AIRFLOW, "db", "migrate"], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    return environment


@contextmanager
def airflow_api(settings: Settings, environment: Mapping[str, str], log: Path, **more: str) -> Iterator[AirflowApi]:
    """A running API server; it is stopped at the end.

    Args:
        settings: For the administrator's password.
        environment: Of `make_metadata`.
        log: Where it writes.
        more: Further variables.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    variables = {**environment, "AIRFLOW__API__PORT": str(port), "AIRFLOW__API__BASE_URL": address, **more}
    with log.open("wb") as output:
        process = subprocess.Popen([_AIRFLOW, "api-server"], env=variables, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait(process, address, log)
        yield AirflowApi(address, settings.secret("user_admin"))
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{address}/api/v2/version", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.3)
    raise AssertionError(f"the API server does not start:\n{log.read_text(errors='replace')[-3000:]}")
