"""What Superset works out again and again for one chart, worked out once.

Measured in November 2026, beside permissions (access.py) and notes of steps (event_log.py): together they were two
thirds of a chart's time. Nothing here decides anything; what is remembered hangs on its key, or lives for one
request.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import g, has_request_context
from superset.models.core import Database
from superset.sql.parse import SQLStatement
from superset.utils import rls


def install_asked_once() -> None:
    """Put the memories before Superset's own functions; called once, when the application is made."""
    _remember_default_schema()
    _remember_parsed_sql()
    _remember_row_rules()


def _remember_default_schema() -> None:
    """Superset opens a connection each time to ask for it. It hangs on the login's settings; per process."""
    ask = Database.get_default_schema
    known: dict[tuple[str, str | None], str | None] = {}

    def default_schema(database: Any, catalog: str | None) -> str | None:
        key = (str(database.sqlalchemy_uri), catalog)
        if key not in known:
            known[key] = ask(database, catalog)
        return known[key]

    Database.get_default_schema = default_schema


def _remember_parsed_sql() -> None:
    """A dataset's SQL is parsed to render it, to add row rules and to name its tables; per process."""
    parse = lru_cache(maxsize=512)(SQLStatement._parse)

    def parse_once(_cls: type[Any], script: str, engine: str) -> list[Any]:
        # Callers add conditions to what they get.
        return [statement.copy() if statement else statement for statement in parse(script, engine)]

    SQLStatement._parse = classmethod(parse_once)


def _remember_row_rules() -> None:
    """The person's row rules of each table in a dataset's SQL; per request."""
    ask = rls.get_predicates_for_table

    def predicates(table: Any, database: Any, default_catalog: str | None) -> list[str]:
        if not has_request_context():
            return list(ask(table, database, default_catalog))
        key = (str(table), database.id, default_catalog)
        known = g.setdefault("cockpit_row_rules", {})
        if key not in known:
            known[key] = ask(table, database, default_catalog)
        return list(known[key])

    rls.get_predicates_for_table = predicates
