"""The key of the hashes by which visitors are told apart."""

from __future__ import annotations

from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.rulebook.sources import LogSource
from cockpit.warehouse.connections import connection_url, secret_file

_SHORTEST_KEY = 16


def pseudonym_key(source: LogSource) -> bytes:
    """The password of the source's connection, else the platform's own secret.

    Raises:
        StackError: neither is there, or it is too short to keep a guesser out.
    """
    if source.connection:
        secret = connection_url(source.connection).password or ""
        place = _("the password of connection '{name}'", name=source.connection)
    else:
        folder = secret_file()
        path = folder.with_name("pseudonym_key") if folder else None
        secret = path.read_text(encoding="utf-8").strip() if path and path.exists() else ""
        place = str(path) if path else "$COCKPIT_HOME/secrets/pseudonym_key"
    if len(secret) < _SHORTEST_KEY:
        raise StackError(
            _("the key for visitors' hashes is missing or too short"),
            where=f"{source.source}: {place}",
            allowed=_("{count} characters or more", count=_SHORTEST_KEY),
            fix=_("Run './cockpit up', which makes it, or give the source a connection with a password."),
        )
    return secret.encode()
