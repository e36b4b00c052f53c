"""The frozen version of what matching learnt, kept so that each run weighs as the one before."""

from __future__ import annotations

import json

from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.match.model import MatchModel


def read_current(cursor: PgCursor, entity: str, rule: str) -> MatchModel | None:
    """The version in force; None when there is none that was learnt under this rule.

    Args:
        cursor: In the transaction of the run.
        entity: What is matched.
        rule: Fingerprint of the rule file: another rule needs another model.
    """
    cursor.execute(
        "select content -> 'model' from mdm.model where entity = %s and is_current and content ->> 'rule' = %s",
        (entity, rule),
    )
    row = cursor.fetchone()
    return MatchModel.from_json(json.dumps(row[0])) if row else None


def make_current(cursor: PgCursor, entity: str, rule: str, model: MatchModel) -> None:
    """Keep a version that was learnt, and let the next runs use it; those before stay."""
    cursor.execute("update mdm.model set is_current = false where entity = %s and is_current", (entity,))
    cursor.execute(
        "insert into mdm.model (entity, version, is_current, content)"
        " values (%s, %s, true, jsonb_build_object('rule', cast(%s as text), 'model', cast(%s as jsonb)))"
        " on conflict (entity, version) do update set is_current = true, content = excluded.content",
        (entity, model.version, rule, model.to_json()),
    )
