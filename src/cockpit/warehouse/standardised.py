"""Standardise the texts that a build of staging meets, each distinct text once per version of its rule.

`staging.std_<kind>` is a memory of a pure function: it can be emptied at any time, the next full build fills it again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.normalise.decided import WithDecisions
from cockpit.domain.normalise.kinds import stored_text
from cockpit.domain.normalise.standard import Standard, Standardiser, to_json
from cockpit.domain.normalise.text import LONGEST_TEXT
from cockpit.rulebook.contract import Column
from cockpit.rulebook.sources import SourceColumn
from cockpit.warehouse.copy import copy_rows
from cockpit.warehouse.standardise_many import ManyStandardiser

log = logging.getLogger(__name__)

# Temporary table with the texts of the rows that a build computes, one column per column of the source.
RECEIVED = "received"

_BATCH = 100_000

# Kinds whose texts stay readable in the column, so that what was read of them stands among the parts.
_KEPT_AS_TEXTS = ("address", "company")


@dataclass(frozen=True)
class StandardisedColumn:
    """A column whose texts are standardised.

    Attributes:
        name: Our name of the column.
        declared: What its source promises about the texts, as JSON with sorted keys; part of the memory's key.
        version: Of the kind's rule file.
    """

    name: str
    kind: str
    declared: str
    version: str

    @property
    def results(self) -> str:
        """Temporary table with the results that a build needs."""
        return memory_of(self.kind).removeprefix("staging.")

    @property
    def memory(self) -> str:
        """Table in which results are remembered."""
        return memory_of(self.kind)


_COLUMNS = ("text", "declared", "version", "value", "stored", "outcome", "reason", "confidence", "details")


def memory_of(kind: str) -> str:
    """Table in which the results of a kind are remembered."""
    return f"staging.std_{kind.replace('-', '_')}"


Parts: TypeAlias = dict[str, tuple[str, Column]]


def declared_text(column: SourceColumn) -> str:
    """The column's promises in one form."""
    return json.dumps(column.declared, sort_keys=True, ensure_ascii=False) if column.declared else ""


def join(column: StandardisedColumn, alias: str) -> str:
    """The SQL that finds the results for a column of `received`."""
    declared, version = (text.replace("'", "''") for text in (column.declared, column.version))
    return (
        f"left join pg_temp.{column.results} as {alias} on {alias}.text = received.{column.name}"
        f" and {alias}.declared = '{declared}' and {alias}.version = '{version}'"
    )


def parts(column: StandardisedColumn, source: SourceColumn, alias: str) -> Parts:
    """The columns that stand beside a standardised one: name -> SQL and contract."""
    received = f"received.{column.name}"
    # A text without a result is one that was too long to be looked into.
    unseen = f"{received} is not null and {alias}.text is null"
    name = column.name
    title, title_zh = source.description, source.description_zh
    return {
        f"{name}_received": (
            received,
            Column(type="text", description=f"{title}, as received", description_zh=f"{title_zh}（原文）"),
        ),
        f"{name}_outcome": (
            f"case when {unseen} then 'invalid' else {alias}.outcome end",
            Column(
                type="text",
                description=f"{title}: ok, review, invalid or absent; null without a text",
                description_zh=f"{title_zh}：标准化结果（ok、review、invalid、absent）",
            ),
        ),
        f"{name}_reason": (
            f"case when {unseen} then 'too_long' else {alias}.reason end",
            Column(type="text", description=f"{title}: what was found", description_zh=f"{title_zh}：标准化说明"),
        ),
        f"{name}_confidence": (
            f"{alias}.confidence",
            Column(
                type="real",
                unit="0-1",
                description=f"{title}: how sure the reading is",
                description_zh=f"{title_zh}：置信度",
            ),
        ),
        f"{name}_details": (
            _details(column.kind, alias),
            Column(type="jsonb", description=f"{title}: its parts", description_zh=f"{title_zh}：组成部分"),
        ),
    }


def _details(kind: str, alias: str) -> str:
    """The parts; with them the value of a kind whose column keeps the text."""
    if kind in _KEPT_AS_TEXTS:
        return f"{alias}.details || jsonb_build_object('value', {alias}.value)"
    return f"{alias}.details"


def create_memory(cursor: PgCursor, columns: Iterable[StandardisedColumn]) -> None:
    """Make the tables in which results are remembered, one per kind."""
    for memory in sorted({column.memory for column in columns}):
        cursor.execute(
            f'create table if not exists {memory} (text text collate "C", declared text, version text, value jsonb,'
            " stored text, outcome text not null, reason text not null, confidence real not null, details jsonb,"
            " standardised_at timestamptz not null default now(), primary key (text, declared, version))"
        )


def fill(cursor: PgCursor, columns: Sequence[StandardisedColumn], rules: Path) -> None:
    """Bring together the results for every text of `received`: remembered ones, and new ones for the rest.

    The results lie in temporary tables, because the build reads one snapshot, in which another build's new results
    cannot be seen.

    Args:
        cursor: In the transaction of the build; the temporary table `received` has the columns.
        columns: Of one model.
        rules: Folder of the rule files.

    Raises:
        RuleFileError: the rule of a kind is wrong, or one of its examples fails.
    """
    for results in sorted({column.results for column in columns}):
        cursor.execute(f"drop table if exists pg_temp.{results}")
        cursor.execute(f"create temp table {results} (like staging.{results} including defaults)")
        cursor.execute(f"alter table pg_temp.{results} add column is_new boolean not null default false")
    groups: dict[tuple[str, str], list[StandardisedColumn]] = {}
    for column in columns:
        groups.setdefault((column.kind, column.declared), []).append(column)
    for group in groups.values():
        _fill_group(cursor, group, rules)
    for results in sorted({column.results for column in columns}):
        cursor.execute(f"analyze pg_temp.{results}")


def remember(cursor: PgCursor, columns: Iterable[StandardisedColumn]) -> None:
    """Keep the new results of a build that has been committed.

    Args:
        cursor: In a transaction of its own, so that a text which another build has just remembered is no conflict.
        columns: Those of `fill`.
    """
    cursor.execute("set transaction isolation level read committed")
    names = ", ".join(_COLUMNS)
    for column in {column.results: column for column in columns}.values():
        cursor.execute(
            f"insert into {column.memory} ({names}) select {names} from pg_temp.{column.results} where is_new"
            " order by text, declared on conflict do nothing"
        )
        if cursor.rowcount:
            cursor.execute(f"delete from {column.memory} where version <> %s", (column.version,))
        cursor.execute(f"drop table pg_temp.{column.results}")


def with_decisions(cursor: PgCursor, standardiser: Standardiser, kind: str) -> Standardiser:
    """The standardiser with what stewards decided about texts of its kind, the newest decision for each text."""
    cursor.execute(
        "select text, answer from quality.decision where kind = %s and undone_at is null order by decision_id", (kind,)
    )
    answers = dict(cursor.fetchall())
    # An answer that a changed rule no longer knows is no answer; its text goes to a person again.
    known = {text: answer for text, answer in answers.items() if standardiser.standardise(answer).outcome == "ok"}
    return WithDecisions.from_answers(standardiser, known) if known else standardiser


def _fill_group(cursor: PgCursor, columns: Sequence[StandardisedColumn], rules: Path) -> None:
    """Columns of one kind about which the source promises the same."""
    first = columns[0]
    received = " union ".join(f"select distinct {column.name} as text from pg_temp.{RECEIVED}" for column in columns)
    key = (first.declared, first.version)
    names = ", ".join(_COLUMNS)
    cursor.execute(
        f"insert into pg_temp.{first.results} ({names})"
        f" select {', '.join(f'known.{name}' for name in _COLUMNS)} from ({received}) as received"
        f" inner join {first.memory} as known on known.text = received.text"
        " and known.declared = %s and known.version = %s",
        key,
    )
    cursor.execute(
        f"select text from ({received}) as received where char_length(text) <= {LONGEST_TEXT} and not exists"
        f" (select from pg_temp.{first.results} as known where known.text = received.text and known.declared = %s)",
        (first.declared,),
    )
    texts = [text for (text,) in cursor.fetchall()]
    if not texts:
        return
    with ManyStandardiser(rules, first.kind, json.loads(first.declared or "{}")) as many:
        standardiser = with_decisions(cursor, many, first.kind)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            rows = _rows(first, batch, standardiser.standardise_batch(batch))
            copy_rows(cursor, f"pg_temp.{first.results}", (*_COLUMNS, "is_new"), rows)
    log.info("standardised %d texts as %s", len(texts), first.kind)


def _rows(
    column: StandardisedColumn, texts: Sequence[str], results: Sequence[Standard]
) -> Iterator[tuple[object, ...]]:
    for text, result in zip(texts, results, strict=True):
        yield (
            text,
            column.declared,
            column.version,
            to_json(result.value),
            stored_text(column.kind, result, text),
            result.outcome,
            result.reason,
            result.confidence,
            to_json(result.details) if result.details else None,
            True,
        )
