"""A small client of Superset's REST API: log in, read, write, and say plainly what went wrong."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import requests
import yaml

from cockpit.errors import StackError, TransientError
from cockpit.i18n import _

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 60
_UNORDERED = "/api/v1/security/"
_PAGE_SIZE = 100


class SupersetClient:
    """One person's session at one Superset; a context manager.

    Raises:
        TransientError: Superset does not answer, or answers that it is not ready.
        StackError: the login is refused, or Superset refuses a request.
    """

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.username = username
        self._session = requests.Session()
        # Superset compares the referrer when it checks for cross-site requests.
        self._session.headers["Referer"] = self.base_url
        self._session.headers["Authorization"] = f"Bearer {self._log_in(password)}"

    def allow_writes(self) -> Self:
        """Fetch the token that Superset wants with every change; viewers may not ask for one."""
        self._session.headers["X-CSRFToken"] = self.get("/api/v1/security/csrf_token/")["result"]
        return self

    def _log_in(self, password: str) -> str:
        answer = self._send(
            "POST",
            "/api/v1/security/login",
            json={"username": self.username, "password": password, "provider": "db", "refresh": False},
        )
        return str(answer.json()["access_token"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """GET a JSON answer; `query` is sent as Superset's `q` parameter."""
        suffix = f"?q={quote(to_rison(query))}" if query else ""
        return dict(self._send("GET", path + suffix).json())

    def list(self, path: str) -> Iterator[dict[str, Any]]:
        """All entries of a paged list."""
        # Superset orders its own lists; those of the login library have no order, and pages of an unordered list
        # may leave an entry out.
        order = {"order_column": "id", "order_direction": "asc"} if path.startswith(_UNORDERED) else {}
        page = 0
        while True:
            entries = self.get(path, {"page": page, "page_size": _PAGE_SIZE, **order})["result"]
            yield from entries
            if len(entries) < _PAGE_SIZE:
                return
            page += 1

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST JSON and read the JSON answer, such as the number of what was created."""
        return dict(self._send("POST", path, json=body).json())

    def put(self, path: str, body: Mapping[str, Any]) -> None:
        """Change the given fields of one object."""
        self._send("PUT", path, json=body)

    def delete(self, path: str) -> None:
        """Remove one object."""
        self._send("DELETE", path)

    def import_assets(self, archive: bytes, passwords: Mapping[str, str]) -> None:
        """Create or overwrite the assets of an archive; `passwords` by the database's path in it."""
        self._send(
            "POST",
            "/api/v1/assets/import/",
            files={"bundle": ("cockpit.zip", archive, "application/zip")},
            data={"passwords": json.dumps(dict(passwords))},
        )

    def export_assets(self) -> dict[str, dict[str, Any]]:
        """All assets of this Superset as import documents, by UUID."""
        content = self._send("GET", "/api/v1/assets/export/").content
        documents = {}
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                document = yaml.safe_load(archive.read(name))
                if isinstance(document, dict) and "uuid" in document:
                    documents[str(document["uuid"])] = document
        return documents

    def _send(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            answer = self._session.request(method, self.base_url + path, timeout=_TIMEOUT_SECONDS, **more)
        except requests.RequestException as error:
            raise TransientError(
                _("Superset does not answer"),
                where=self.base_url,
                fix=_("See './cockpit status'; start the platform with './cockpit up'."),
            ) from error
        if answer.status_code in (502, 503, 504):
            raise TransientError(
                _("Superset is not ready (HTTP {status})", status=answer.status_code), where=self.base_url
            )
        if answer.status_code == requests.codes.unauthorized and path.endswith("/security/login"):
            raise StackError(
                _("Superset refuses the login of {username}", username=self.username),
                where=self.base_url,
                fix=_("Compare with './cockpit credentials'."),
            )
        if not answer.ok:
            raise StackError(
                _(
                    "Superset refused {method} {path} (HTTP {status})",
                    method=method,
                    path=path.split("?")[0],
                    status=answer.status_code,
                ),
                where=self.base_url,
                found=_reason(answer),
                fix=_("See './cockpit logs superset'."),
            )
        return answer


def _reason(answer: requests.Response) -> str:
    """What Superset says, without the request: that may hold a password."""
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return answer.reason
    if errors := body.get("errors"):
        return "; ".join(str(error.get("message")) for error in errors)[:500]
    return str(body.get("message"))[:500]


def to_rison(value: Any) -> str:
    """Write a value as Rison, the notation of Superset's `q` parameter."""
    if isinstance(value, bool):
        return "!t" if value else "!f"
    if value is None:
        return "!n"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "(" + ",".join(f"{to_rison(key)}:{to_rison(inner)}" for key, inner in value.items()) + ")"
    if isinstance(value, list | tuple):
        return "!(" + ",".join(to_rison(inner) for inner in value) + ")"
    text = str(value)
    # A bare word, or a quoted text in which ! and ' are escaped by !.
    return text if text.isidentifier() else "'" + text.replace("!", "!!").replace("'", "!'") + "'"
