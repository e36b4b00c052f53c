"""A running intake and what tests ask of it."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import uvicorn
import yaml

from cockpit.intake.__main__ import prepare
from cockpit.intake.app import create_app
from cockpit.intake.auth import sign
from cockpit.rulebook.workspace import Workspace, load_workspace
from tests.workspaces import WorkspaceDatabase


def text(**more: Any) -> dict[str, Any]:
    return {"type": "text", "description": "A text", "description_zh": "文字", **more}


CONSENT = {"type": "boolean", "required": True, "description": "Consent", "description_zh": "同意"}
FIELDS = {
    "contact": text(required=True, max_length=20),
    "phone": text(pattern=r"[0-9 +-]{5,20}", sensitivity="personal"),
    "wish": text(values=["visit", "sample"]),
    "people": {"type": "integer", "description": "People", "description_zh": "人数"},
    "consent": CONSENT,
}
FORMS: dict[str, Any] = {
    "page": {
        "title": "Page",
        "title_zh": "页面",
        "auth": {"kind": "key"},
        "origins": ["https://www.example.com"],
        "max_bytes": 4096,
        "rate_per_minute": {"client": 6000, "form": 60000},
        "consent": "consent",
        "columns": FIELDS,
    },
    "server": {
        "title": "Server",
        "title_zh": "服务器",
        "auth": {"kind": "hmac"},
        "rate_per_minute": {"client": 6000, "form": 60000},
        "consent": "consent",
        "columns": FIELDS,
    },
}


def write_workspace(folder: Path, forms: dict[str, Any], **source: Any) -> Workspace:
    sources = folder / "sources"
    sources.mkdir(exist_ok=True)
    declared = {
        "source": "web", "title": "Web", "title_zh": "网页", "owner": "tests", "connector": "form",
        "personal_data": {"basis": "consent", "purpose": "To answer", "purpose_zh": "答复"},
        "entities": forms, **source,
    }  # fmt: skip
    (sources / "web.yml").write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    settings = {
        "workspace": "site", "title": "Site", "title_zh": "测试", "warehouse": "site_warehouse",
        "sources": "sources", "models": "models", "currency": "CNY", "time_zone": "Asia/Shanghai",
    }  # fmt: skip
    (folder / "workspace.yml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    load_workspace.cache_clear()
    return load_workspace(folder / "workspace.yml")


class Intake:
    """The service in a thread of this process, reached over HTTP."""

    def __init__(self, workspace: Workspace, database: WorkspaceDatabase, secrets: Path) -> None:
        self.database = database
        self.secrets = secrets
        secrets.mkdir(exist_ok=True)
        prepare(workspace, secrets)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        app = create_app(workspace, secrets=secrets)
        config = uvicorn.Config(app, port=self.port, access_log=False, log_config=None, timeout_graceful_shutdown=10)
        self.server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    def start(self) -> None:
        self._thread.start()
        self.wait_until_healthy()

    def wait_until_healthy(self, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.http.get("/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError("the intake is not healthy")

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(20)

    def secret(self, form: str) -> str:
        return (self.secrets / f"form_web__{form}").read_text().splitlines()[0]

    def post(self, fields: Any, *, form: str = "page", **headers: str) -> httpx.Response:
        """With the form's key; header names with '_' for '-'."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(f"/forms/web/{form}", json=fields, headers={"X-Form-Key": self.secret(form)} | named)

    def post_signed(
        self, body: bytes, *, secret: str | None = None, at: float | None = None, **headers: str
    ) -> httpx.Response:
        timestamp = str(int(time.time() if at is None else at))
        signed = {
            "Content-Type": "application/json",
            "X-Form-Timestamp": timestamp,
            "X-Form-Signature": sign((secret or self.secret("server")).encode(), timestamp, body),
        }
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post("/forms/web/server", content=body, headers=signed | named)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.database.dsn("cockpit_etl"))) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def raw(self, form: str = "page") -> list[dict[str, Any]]:
        """Payloads in order of arrival."""
        rows = self.query(f"select payload from raw.web__{form} order by payload ->> 'received_at', key")
        return [payload for (payload,) in rows]
