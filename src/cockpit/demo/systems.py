"""The databases of the demo company's systems, as their owners."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2.extensions import connection as PgConnection


@dataclass(frozen=True)
class Systems:
    """Open connections; whoever opened them closes them.

    Attributes:
        erp, crm: As the owners of these databases.
        truth: As the owner of schema truth.
    """

    erp: PgConnection
    crm: PgConnection
    truth: PgConnection
