"""The SQL of datasets, parsed once per process.

Superset parses a dataset's SQL three times for each chart, to render it, to add row rules and to name its tables.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from superset.sql.parse import SQLStatement


def install_parsed_sql() -> None:
    """Remember what has been parsed; callers get copies, because they add conditions to them."""
    parse = lru_cache(maxsize=512)(SQLStatement._parse)

    def copies(_cls: type[Any], script: str, engine: str) -> list[Any]:
        return [statement.copy() if statement else statement for statement in parse(script, engine)]

    SQLStatement._parse = classmethod(copies)
