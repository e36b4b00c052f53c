"""The SQL files beside this module, with the names of tables and columns put in."""

from __future__ import annotations

import functools
from importlib import resources

from psycopg2 import sql


@functools.cache
def _text(name: str) -> str:
    return (resources.files("cockpit.sources.loading") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def statement(name: str, **parts: sql.Composable) -> sql.Composed:
    """A statement of `sql/<name>.sql`; `%(name)s` in it stays open for values."""
    return sql.SQL(_text(name)).format(**parts)
