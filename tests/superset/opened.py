"""The other end of open_superset.py: asks it as a person, with the answers that tests of the real Superset read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cockpit.stack.services import superset_environment

_SCRIPT = Path(__file__).with_name("open_superset.py")


@dataclass(frozen=True)
class Answer:
    """As much of an answer as the tests read."""

    status_code: int
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Person:
    """Logged in with a bearer token."""

    def __init__(self, process: subprocess.Popen[str], username: str, password: str) -> None:
        self._process, self.username = process, username
        login = {"username": username, "password": password, "provider": "db"}
        answer = _ask(process, {"method": "POST", "path": "/api/v1/security/login", "json": login})
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def request(self, method: str, path: str, **more: Any) -> Answer:
        return _ask(self._process, {"method": method, "path": path, "json": more.get("json"), "headers": self._headers})


@contextmanager
def opened_superset(stack: Any, defence: str) -> Iterator[Any]:
    """Gives people by user name, who ask a Superset of the same data without this defence."""
    process = subprocess.Popen(
        [stack.settings.program("superset", "python"), str(_SCRIPT), defence],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **superset_environment(stack.settings)},
    )
    try:
        _read(process)
        yield lambda username: Person(process, username, stack.password(username))
    finally:
        process.kill()
        process.wait()


def _ask(process: subprocess.Popen[str], asked: dict[str, Any]) -> Answer:
    assert process.stdin is not None
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    found = _read(process)
    return Answer(found["status"], found["text"])


def _read(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("answer "):
            return dict(json.loads(line.removeprefix("answer ")))
    raise AssertionError("Superset has ended")
