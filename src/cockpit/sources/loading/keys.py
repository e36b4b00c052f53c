"""How the values of a composite key become one text."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2 import sql

SEPARATOR = "|"


def join_key(values: Sequence[str]) -> str:
    """Join a key's values by `|`; a `|` or backslash within one of several values is preceded by a backslash.

    Without that, ('a|b', 'c') and ('a', 'b|c') would be one row. A single value stays as it is.
    """
    if len(values) == 1:
        return values[0]
    return SEPARATOR.join(value.replace("\\", "\\\\").replace(SEPARATOR, f"\\{SEPARATOR}") for value in values)


def key_expression(columns: Sequence[str]) -> sql.Composable:
    """The same in SQL, null when one of the values is null."""
    texts: list[sql.Composable] = [
        sql.SQL("cast({} as text)").format(sql.Identifier("record", column)) for column in columns
    ]
    if len(texts) == 1:
        return texts[0]
    escaped = [sql.SQL(r"replace(replace({}, E'\\', E'\\\\'), '|', E'\\|')").format(text) for text in texts]
    return sql.SQL(" || '|' || ").join(escaped)
