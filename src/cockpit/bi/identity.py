"""Sign who is asking, so that PostgreSQL can verify it (include/sql/security/10_identity.sql).

Imports the standard library only: Superset runs this in its own environment.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path
from urllib.parse import quote

SETTING = "app.identity"
# Longer than bi_reader's statement_timeout, short enough that a value copied from a log is worth nothing.
LIFETIME_SECONDS = 120
MINIMUM_KEY_BYTES = 32

# PostgreSQL cuts an application name after so many bytes.
_LONGEST_LOG_NAME = 63


def read_identity_key(path: Path) -> bytes:
    """Read the signing key.

    Args:
        path: File with the key as hex text, mode 0600.

    Raises:
        ValueError: The file does not hold at least 32 bytes as hex. The message never holds the content.
    """
    text = path.read_text(encoding="ascii").strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) < MINIMUM_KEY_BYTES:
        raise ValueError(f"{path}: expected at least {MINIMUM_KEY_BYTES} bytes as hex; delete it and start again")
    return key


def sign_identity(username: str, key: bytes, expires_at: int) -> str:
    """`username|expiry|signature`, the value of `app.identity`.

    Args:
        username: As in security.user_scope.
        key: The secret that the database knows too.
        expires_at: Seconds since 1970; the database refuses the value from then on.
    """
    message = f"{username}|{expires_at}"
    signature = hmac.new(key, message.encode("utf-8"), hashlib.sha256).hexdigest()
    return f"{message}|{signature}"


def connection_option(identity: str) -> str:
    """The libpq `options` text that sets the identity before the first statement."""
    escaped = re.sub(r"([\\\s])", r"\\\1", identity)
    return f"-c {SETTING}={escaped}"


def log_name(username: str | None) -> str:
    """The `application_name` under which PostgreSQL's log shows a person's statements.

    Everything but ASCII letters, digits and a few marks is percent-encoded, so that no name can look like a part of a
    log line; one that is too long ends with a hash, so that no two are shown alike. Parentheses stand in nobody's.

    Args:
        username: None for work that nobody has asked for.
    """
    if username is None:
        return "(nobody)"
    name = quote(username, safe="@").replace("~", "%7E")
    if len(name) <= _LONGEST_LOG_NAME:
        return name
    return f"{name[:46]}~{hashlib.sha256(username.encode('utf-8')).hexdigest()[:16]}"
