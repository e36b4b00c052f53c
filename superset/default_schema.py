"""What a database answers when asked for its default schema, remembered.

Superset asks twice for each chart, over a new connection each time, to say which table a name without a schema means.
The answer hangs on the login's settings alone.
"""

from __future__ import annotations

from typing import Any

from superset.models.core import Database

_known: dict[tuple[str, str | None], str | None] = {}


def install_default_schema() -> None:
    """Ask each database once per process; another address is another database."""
    ask = Database.get_default_schema

    def default_schema(database: Any, catalog: str | None) -> str | None:
        key = (str(database.sqlalchemy_uri), catalog)
        if key not in _known:
            _known[key] = ask(database, catalog)
        return _known[key]

    Database.get_default_schema = default_schema
