"""Bring a workspace database's row security in line with the rules and the signing key.

The database decides which rows a person sees (include/sql/security); this module only tells it who there is.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor
from psycopg2.extras import execute_values

from cockpit.rulebook.security import Grant, RoleMart, SecurityRules

logger = logging.getLogger(__name__)

# What 20_scope.sql reads of the organisation, each through a view of that name, with its columns and their types.
ORGANISATION: Mapping[str, Mapping[str, str]] = {
    "core_org_unit": {
        "org_unit_code": "text",
        "level": "text",
        "business_unit_code": "text",
        "sales_region_code": "text",
        "region_code": "text",
        "team_code": "text",
    },
    "core_region": {"region_code": "text", "sales_region_code": "text"},
    "core_sales_rep": {"username": "text", "team_code": "text", "is_active": "boolean"},
    "core_customer_owner": {"customer_key": "text", "owner_username": "text", "valid_to": "timestamptz"},
}


@dataclass(frozen=True)
class SecurityChange:
    """What `apply_security` changed; all zero and False when everything was in place.

    Attributes:
        granted: New rows of security.user_grant and security.role_mart.
        revoked: Rows taken away.
        key_rotated: A different signing key was stored; the old one is accepted for 15 minutes more.
    """

    granted: int
    revoked: int
    key_rotated: bool

    @property
    def total(self) -> int:
        """Number of changes, for "0 rows changed"."""
        return self.granted + self.revoked + int(self.key_rotated)


def install_security(connection: PgConnection, folder: Path) -> None:
    """Create or bring up to date the functions and tables of schema `security`, in one transaction.

    Args:
        connection: To a workspace database as cockpit_etl; committed.
        folder: include/sql/security.
    """
    with connection, connection.cursor() as cursor:
        for path in sorted(folder.glob("[0-9]*.sql")):
            cursor.execute(path.read_text(encoding="utf-8"))


def bind_organisation(cursor: PgCursor, tables: Collection[str]) -> None:
    """Let units, sales regions, teams and customers be resolved by the tables of core that a workspace has.

    Args:
        cursor: As cockpit_etl, with schema `security` installed.
        tables: Names of the tables of core that are there; a missing one resolves nothing.
    """
    for table, columns in ORGANISATION.items():
        # Names and types are ours.
        if table in tables:
            query = f"select {', '.join(columns)} from core.{table}"
        else:
            nothing = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
            query = f"select {nothing} where false"
        cursor.execute(f"create or replace view security.{table} as {query}")


def apply_security(
    connection: PgConnection, rules: SecurityRules, time_zone: ZoneInfo, identity_key: bytes
) -> SecurityChange:
    """Write who may see what by difference, and the signing key, in one transaction.

    Readers see either the old or the new rules. A second call with the same input changes nothing.

    Args:
        connection: To a workspace database as cockpit_etl, with schema `security` installed; committed.
        rules: Roles, people and their scopes.
        time_zone: The workspace's: where the days of a scope begin and end.
        identity_key: What Superset signs with, at least 32 bytes.
    """
    with connection, connection.cursor() as cursor:
        change = write_security(cursor, rules, time_zone, identity_key)
    logger.info(
        "row security: %s grants added, %s removed, key rotated: %s", change.granted, change.revoked, change.key_rotated
    )
    return change


def write_security(cursor: PgCursor, rules: SecurityRules, time_zone: ZoneInfo, identity_key: bytes) -> SecurityChange:
    """`apply_security` inside a transaction of the caller's."""
    # Two writers at once would each compute a difference to the same old state.
    cursor.execute(
        "lock table security.user_grant, security.role_mart, security.identity_key in share row exclusive mode"
    )
    changes = [
        _write(cursor, "security.user_grant", Grant._fields, rules.grants(time_zone)),
        _write(cursor, "security.role_mart", RoleMart._fields, rules.readable()),
    ]
    granted, revoked = (sum(counts) for counts in zip(*changes, strict=True))
    return SecurityChange(granted, revoked, _write_key(cursor, identity_key))


def _write(cursor: PgCursor, table: str, columns: Sequence[str], rows: Collection[tuple[Any, ...]]) -> tuple[int, int]:
    """Make the table hold these rows; returns how many were added and removed."""
    names = ", ".join(columns)
    # Compared in the table's own types: an instant has more than one text.
    cursor.execute(f"create temporary table wanted (like {table}) on commit drop")
    if rows:
        execute_values(cursor, f"insert into wanted ({names}) values %s", sorted(rows))
    cursor.execute(f"delete from {table} where ({names}) not in (select {names} from wanted)")
    removed = cursor.rowcount
    cursor.execute(f"insert into {table} ({names}) select {names} from wanted on conflict do nothing")
    added = cursor.rowcount
    cursor.execute("drop table wanted")
    return added, removed


def _write_key(cursor: PgCursor, identity_key: bytes) -> bool:
    cursor.execute("select key from security.identity_key where slot = 'current'")
    row = cursor.fetchone()
    if row is not None and bytes(row[0]) == identity_key:
        return False
    cursor.execute("delete from security.identity_key where slot = 'previous'")
    cursor.execute("update security.identity_key set slot = 'previous', retired_at = now() where slot = 'current'")
    cursor.execute("insert into security.identity_key (slot, key) values ('current', %s)", (identity_key,))
    return True
