"""Bring a workspace database's row security in line with the rules and the signing key.

The database decides which rows a person sees (include/sql/security); this module only tells it who there is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor
from psycopg2.extras import execute_values

from cockpit.rulebook.security import SecurityRules

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SecurityChange:
    """What `apply_security` changed; all zero and False when everything was in place.

    Attributes:
        scopes_added: New rows of security.user_scope.
        scopes_removed: Rows taken away.
        key_rotated: A different signing key was stored; the old one is accepted for 15 minutes more.
    """

    scopes_added: int
    scopes_removed: int
    key_rotated: bool

    @property
    def total(self) -> int:
        """Number of changes, for "0 rows changed"."""
        return self.scopes_added + self.scopes_removed + int(self.key_rotated)


def install_security(connection: PgConnection, folder: Path) -> None:
    """Create or bring up to date the functions and tables of schema `security`, in one transaction.

    Args:
        connection: To a workspace database as cockpit_etl; committed.
        folder: include/sql/security.
    """
    with connection, connection.cursor() as cursor:
        for path in sorted(folder.glob("[0-9]*.sql")):
            cursor.execute(path.read_text(encoding="utf-8"))


def apply_security(connection: PgConnection, rules: SecurityRules, identity_key: bytes) -> SecurityChange:
    """Write scopes by difference, and the signing key, in one transaction.

    Readers see either the old or the new scopes. A second call with the same input changes nothing.

    Args:
        connection: To a workspace database as cockpit_etl, with schema `security` installed; committed.
        rules: People and their scopes.
        identity_key: What Superset signs with, at least 32 bytes.
    """
    with connection, connection.cursor() as cursor:
        change = write_security(cursor, rules, identity_key)
    logger.info(
        "row security: %s scopes added, %s removed, key rotated: %s",
        change.scopes_added,
        change.scopes_removed,
        change.key_rotated,
    )
    return change


def write_security(cursor: PgCursor, rules: SecurityRules, identity_key: bytes) -> SecurityChange:
    """`apply_security` inside a transaction of the caller's."""
    # Two writers at once would each compute a difference to the same old state.
    cursor.execute("lock table security.user_scope, security.identity_key in share row exclusive mode")
    cursor.execute("select username, scope_kind, scope_key from security.user_scope")
    present = set(cursor.fetchall())
    wanted = rules.scopes()
    added, removed = wanted - present, present - wanted
    if removed:
        execute_values(
            cursor,
            "delete from security.user_scope as scope using (values %s) as gone (username, kind, key) "
            "where (scope.username, scope.scope_kind, scope.scope_key) = (gone.username, gone.kind, gone.key)",
            sorted(removed),
        )
    if added:
        execute_values(
            cursor, "insert into security.user_scope (username, scope_kind, scope_key) values %s", sorted(added)
        )
    return SecurityChange(len(added), len(removed), _write_key(cursor, identity_key))


def _write_key(cursor: PgCursor, identity_key: bytes) -> bool:
    cursor.execute("select key from security.identity_key where slot = 'current'")
    row = cursor.fetchone()
    if row is not None and bytes(row[0]) == identity_key:
        return False
    cursor.execute("delete from security.identity_key where slot = 'previous'")
    cursor.execute("update security.identity_key set slot = 'previous', retired_at = now() where slot = 'current'")
    cursor.execute("insert into security.identity_key (slot, key) values ('current', %s)", (identity_key,))
    return True
