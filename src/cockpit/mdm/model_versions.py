"""Versions of what an entity's matching has learnt: all are kept, one is in force, and who put it there is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.match.model import MatchModel
from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.mdm.decisions import Author
from cockpit.warehouse.faults import database_errors

_WHERE = "mdm.model"


@dataclass(frozen=True)
class Version:
    """A version.

    Attributes:
        made_at: When it was learnt first.
        is_current: Runs weigh with it, as long as `fits`.
        fits: It was learnt under the rules as they are now.
        record_count: Records that it was learnt from; None where that was not noted.
        decision_count: Decisions that it was learnt from, 0 for one that was learnt without; None where that was not
            noted.
        used_by, used_at: The person who put it in force last; None for one that a run learnt, or that never was.
    """

    version: str
    made_at: datetime
    is_current: bool
    fits: bool
    record_count: int | None
    decision_count: int | None
    used_by: str | None
    used_at: datetime | None


def keep(cursor: PgCursor, entity: str, rule: str, model: MatchModel, learnt_from: Mapping[str, Any]) -> None:
    """Keep a version without putting it in force; one that is there already stays as it is.

    Args:
        cursor: In a transaction.
        entity: Such as customer.
        rule: Fingerprint of the rules that it was learnt under.
        learnt_from: `records` and `decisions`, as counts.
    """
    cursor.execute(
        "insert into mdm.model (entity, version, is_current, content)"
        " values (%s, %s, false, cast(%s as jsonb) || jsonb_build_object('rule', cast(%s as text),"
        " 'model', cast(%s as jsonb)))"
        " on conflict (entity, version) do update set content = excluded.content"
        " where model.content ->> 'rule' <> excluded.content ->> 'rule'",
        (entity, model.version, json.dumps(learnt_from), rule, model.to_json()),
    )


def was_taught(cursor: PgCursor, entity: str) -> bool:
    """Whether the version in force, of whatever rules, was learnt from decisions too, as a person wanted."""
    cursor.execute("select content -> 'model' ? 'factors' from mdm.model where entity = %s and is_current", (entity,))
    row = cursor.fetchone()
    return bool(row and row[0])


def versions(connection: PgConnection, entity: str, rule: str) -> list[Version]:
    """All versions of an entity, the newest first.

    Args:
        connection: To the workspace's database, not in a transaction.
        rule: Fingerprint of the rules as they are now.
    """
    with database_errors(_WHERE), connection, connection.cursor() as cursor:
        cursor.execute(
            "select model.version, model.made_at, model.is_current, model.content ->> 'rule' = %s,"
            " cast(model.content ->> 'records' as bigint), case when model.content -> 'model' ? 'factors'"
            " then cast(model.content ->> 'decisions' as bigint) else 0 end,"
            " used.author, used.made_at from mdm.model as model"
            " left join lateral (select author, made_at from mdm.model_use"
            " where entity = model.entity and version = model.version order by use_id desc limit 1) as used on true"
            " where model.entity = %s order by model.made_at desc, model.version",
            (rule, entity),
        )
        return [Version(*row) for row in cursor.fetchall()]


def use(connection: PgConnection, entity: str, rule: str, version: str, author: Author) -> bool:
    """Put a version in force; the next run weighs with it.

    Args:
        connection: To the workspace's database, not in a transaction.
        rule: Fingerprint of the rules as they are now.
        version: Of this entity.
        author: Who says so; kept.

    Returns:
        Whether another one was in force.

    Raises:
        TerminalError: there is no such version, or it was learnt under other rules.
    """
    with database_errors(_WHERE), connection, connection.cursor() as cursor:
        cursor.execute(
            "select version, is_current, content ->> 'rule' = %s from mdm.model where entity = %s for update",
            (rule, entity),
        )
        known = {name: (is_current, fits) for name, is_current, fits in cursor.fetchall()}
        if version not in known:
            raise TerminalError(
                _("there is no such version of a model"), where=entity, found=version, allowed=", ".join(sorted(known))
            )
        is_current, fits = known[version]
        if not fits:
            raise TerminalError(
                _("this version was learnt under other rules"),
                where=entity,
                found=version,
                allowed=", ".join(sorted(name for name, (_current, does_fit) in known.items() if does_fit)) or None,
                fix=_("Learn anew: './cockpit mdm learn {entity}'.", entity=entity),
            )
        if is_current:
            return False
        cursor.execute("update mdm.model set is_current = false where entity = %s and is_current", (entity,))
        cursor.execute("update mdm.model set is_current = true where entity = %s and version = %s", (entity, version))
        cursor.execute(
            "insert into mdm.model_use (entity, version, author, made_through) values (%s, %s, %s, %s)",
            (entity, version, author.name, author.through),
        )
        return True
