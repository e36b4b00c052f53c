"""A database as a source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.sources.base import CursorEntity, SourceBase


class SqlEntity(CursorEntity):
    """A table or view of a database.

    Attributes:
        table: Name in the source, `schema.table` or `table`.
    """

    table: str = Field(pattern=r"^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$")


class SqlSource(SourceBase):
    """A database, reached through a named connection.

    Attributes:
        connection: Its id: `erp` is the address in `AIRFLOW_CONN_ERP`. PostgreSQL is read by COPY, any other database
            through SQLAlchemy.
        batch_rows: Rows that are fetched at a time from a database that is not PostgreSQL; bounds the memory.
    """

    connector: Literal["sql"]
    connection: str = Field(pattern=IDENTIFIER)
    batch_rows: int = Field(default=5_000, ge=1, le=100_000)
    entities: dict[str, SqlEntity] = Field(min_length=1)
