"""Which columns of an entity its matching compares, and pairs compared for a look, outside of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.match.explain import Explanation, explain
from cockpit.mdm import models
from cockpit.mdm.clusters import MatchingRules, filled
from cockpit.mdm.reasons import Comparison, Reasons
from cockpit.mdm.record_view import parted
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.matching import load_field_types
from cockpit.warehouse.received_text import quoted


@dataclass(frozen=True)
class ComparedFields:
    """What the fields of a matching rule are in the conformed table.

    Attributes:
        columns: Field -> columns that it is read from, those that the table has.
        staged: Contract of the conformed table.
        personal: Its columns about persons.
    """

    columns: Mapping[str, tuple[str, ...]]
    staged: Contract
    personal: frozenset[str]

    @classmethod
    def of(cls, rules: MatchingRules, staged: Contract, personal: frozenset[str]) -> ComparedFields:
        """For an entity."""
        named = {name: field.columns or (name,) for name, field in rules.rule.fields.items()}
        present = {
            name: tuple(column for column in columns if column in staged.columns) for name, columns in named.items()
        }
        return cls(present, staged, personal)

    def column(self, name: str) -> str | None:
        """The column that people know a field by: the last one of texts, as those before are made of it."""
        columns = self.columns.get(name, (name,) if name in self.staged.columns else ())
        texts = [column for column in columns if self.staged.columns[column].type != "jsonb"]
        return texts[-1] if texts else None

    def is_personal(self, name: str) -> bool:
        """Whether a comparison is about persons; one that stands for no column may be."""
        parts = name.split(" / ")
        if len(parts) > 1:
            return any(self.is_personal(part) for part in parts)
        columns = self.columns.get(name, (name,))
        return not columns or any(column in self.personal or column not in self.staged.columns for column in columns)


def compare_now(
    cursor: PgCursor, rules: MatchingRules, staged: Contract, entity: str, pairs: Sequence[tuple[str, str]]
) -> list[tuple[str, str, float, Reasons]]:
    """Compare pairs as the newest run would, with its model: left, right, probability, reasons.

    Args:
        cursor: In a transaction.
        rules: Of the entity's matching.
        staged: Contract of its conformed table.
        pairs: Record ids; those whose records have gone are left out.

    Returns:
        The pairs in their order; none while nothing has been learnt under the rules as they are now.
    """
    model = models.read_current(cursor, entity, rules.fingerprint)
    frame = _read(cursor, rules, staged, sorted({record for pair in pairs for record in pair}))
    present = set(frame["record_id"])
    wanted = [pair for pair in pairs if present.issuperset(pair)]
    if model is None or not model.names or not wanted:
        return []
    types = load_field_types(rules.folder, rules.rule)
    explained = explain(filled(frame, rules.rule), rules.rule, types, model, wanted)
    return [
        (each.left_id, each.right_id, 1 / (1 + 2.0 ** -max(min(each.total, 60.0), -60.0)), _reasons(each))
        for each in explained
    ]


def _reasons(found: Explanation) -> Reasons:
    comparisons = tuple(
        Comparison(each.name, each.left, each.right, each.level, round(each.weight, 2)) for each in found.fields
    )
    return Reasons(round(found.total, 2), found.apart, comparisons)


def _read(cursor: PgCursor, rules: MatchingRules, staged: Contract, records: Sequence[str]) -> pd.DataFrame:
    """The compared columns of some records as texts, as their sources gave them."""
    names = rules.columns(tuple(staged.columns))
    columns = ", ".join(
        f"case when record.completed -> {quoted(name)} is null then cast(record.{name} as text) end" for name in names
    )
    wanted = [parted(record) for record in records]
    cursor.execute(
        f"select record.source || ':' || record.source_key, {columns} from staging.{staged.table} as record"
        " inner join unnest(cast(%s as text[]), cast(%s as text[])) as wanted (source, source_key)"
        " on record.source = wanted.source and record.source_key = wanted.source_key order by 1",
        ([source for source, _key in wanted], [key for _source, key in wanted]),
    )
    return pd.DataFrame(cursor.fetchall(), columns=["record_id", *names], dtype=object)
