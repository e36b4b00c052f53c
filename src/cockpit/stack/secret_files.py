"""Generated secrets: one file each, readable by their owner only, made once and never printed."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.engine import URL

from cockpit.stack.people import ADMIN, people
from cockpit.stack.settings import CONNECTIONS, ROLES, SUPERUSER, WEB_CONNECTIONS, Settings


def _password() -> str:
    # URL-safe: it stands in connection URLs.
    return secrets.token_urlsafe(24)


def _signing_key() -> str:
    # Airflow asks for at least 64 bytes.
    return secrets.token_urlsafe(72)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _login_password() -> str:
    # Typed by people: no letters that look alike.
    return "-".join("".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(5)) for _ in range(3))


def wanted(settings: Settings) -> dict[str, Callable[[], str]]:
    """Name and generator of every secret that the platform needs."""
    roles = ROLES if settings.is_external else (SUPERUSER, *ROLES)
    return {
        **dict.fromkeys(roles, _password),
        "identity_key": lambda: secrets.token_hex(32),
        "pseudonym_key": lambda: secrets.token_hex(32),
        "task_link_key": lambda: secrets.token_hex(32),
        "airflow_jwt": _signing_key,
        "airflow_api": _signing_key,
        "airflow_fernet": _fernet_key,
        "superset_secret_key": _signing_key,
        **{each.secret: _password for each in WEB_CONNECTIONS.values()},
        **{f"user_{username}": _login_password for username in (ADMIN, *people(settings))},
    }


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; another reader sees the old or the new content, never half."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)


def ensure(settings: Settings) -> None:
    """Make the secrets that are missing; existing ones stay, so that a deleted file means a new value."""
    for name, generate in wanted(settings).items():
        path = settings.secrets / name
        if not path.exists():
            write_private(path, generate() + "\n")
    if settings.database_url is not None:
        write_private(settings.secrets / "database_url", settings.database_url.get_secret_value() + "\n")
    write_private(settings.secrets / "airflow_users.json", json.dumps({ADMIN: settings.secret(f"user_{ADMIN}")}))
    _write_connections(settings)


def _write_connections(settings: Settings) -> None:
    """Renew the platform's own lines; connections that the user added stay."""
    path = settings.secrets / "connections.env"
    own = {
        f"AIRFLOW_CONN_{name.upper()}": settings.database_address(connection.role, connection.database)
        for name, connection in CONNECTIONS.items()
    } | {f"AIRFLOW_CONN_{name.upper()}": settings.web_address(name) for name in WEB_CONNECTIONS}
    # The demo company's call centre keeps its data in one file.
    own["AIRFLOW_CONN_CALL_CENTRE"] = URL.create("sqlite", database=str(settings.demo_files / "call_centre.sqlite"))
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if line.partition("=")[0].strip() not in own]
    made = [f"{variable}={url.render_as_string(hide_password=False)}" for variable, url in own.items()]
    write_private(path, "\n".join([*kept, *made]) + "\n")


def connection_variables(settings: Settings) -> dict[str, str]:
    """`AIRFLOW_CONN_*` variables, the platform's and the user's."""
    path = settings.secrets / "connections.env"
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {name.strip(): value.strip() for name, sign, value in pairs if sign and not name.lstrip().startswith("#")}
