"""The frozen version of what matching learnt, kept so that each run weighs as the one before."""

from __future__ import annotations

from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.match.model import MatchModel


def read_current(cursor: PgCursor, entity: str, rule: str) -> MatchModel | None:
    """The version in force; None when there is none that was learnt under this rule.

    Args:
        cursor: In the transaction of the run.
        entity: What is matched.
        rule: Fingerprint of the rule file: another rule needs another model.
    """
    found = read_in_force(cursor, entity, rule)
    return found[0] if found else None


def read_in_force(cursor: PgCursor, entity: str, rule: str) -> tuple[MatchModel, int | None] | None:
    """As `read_current`, and how many records the version was learnt from; None where that was not noted."""
    cursor.execute(
        "select content ->> 'model', version, cast(content ->> 'records' as bigint) from mdm.model"
        " where entity = %s and is_current and content ->> 'rule' = %s",
        (entity, rule),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    text, version, records = row
    model = MatchModel.from_json(text)
    # Computed once, when it was learnt: a large model takes a while to be written as text.
    vars(model)["version"] = version
    return model, records


def make_current(cursor: PgCursor, entity: str, rule: str, model: MatchModel, records: int) -> None:
    """Keep a version that was learnt from so many records, and let the next runs use it; those before stay."""
    cursor.execute("update mdm.model set is_current = false where entity = %s and is_current", (entity,))
    cursor.execute(
        "insert into mdm.model (entity, version, is_current, content)"
        " values (%s, %s, true, jsonb_build_object('rule', cast(%s as text), 'records', cast(%s as bigint),"
        " 'model', cast(%s as jsonb)))"
        " on conflict (entity, version) do update set is_current = true, content = model.content || excluded.content",
        (entity, model.version, rule, records, model.to_json()),
    )
