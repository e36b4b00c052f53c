"""Measure how good the data are, once a day: per column, table, source, owner and for the company.

Only tables whose rows, checks or rules have changed since they were measured are read; the scores of the others are
carried over. Each table is read once.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.quality.agreed_times import agreed_times
from cockpit.quality.measures import Measure, Subject, subjects
from cockpit.rulebook.scores import Scores
from cockpit.warehouse import builds
from cockpit.warehouse.builds import Build
from cockpit.warehouse.copy import copy_rows
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.locks import exclusive
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext

log = logging.getLogger(__name__)

TABLE = "quality.score_daily"
_QUERIES = Path(__file__).parent / "sql"
_COLUMNS = ("day", "level", "source", "entity", "column_name", "owner", "dimension", "good", "total", "score")

# (level, column, owner, dimension) -> good and total.
_Counts: TypeAlias = dict[tuple[str, str, str, str], list[int]]


@dataclass
class Measured:
    """What a measurement did.

    Attributes:
        day: Business day that it is for.
        read: Tables that were read, `source.entity`.
        carried: Tables whose scores were carried over.
        overall: The company's overall score, 0-1; None when nothing could be measured.
    """

    day: date
    read: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    overall: float | None = None


def measure(connection: PgConnection, context: BuildContext, now: datetime | None = None) -> Measured:
    """Measure everything for the business day; a second time on the same day replaces the first.

    Args:
        connection: To the workspace's database, prepared, not in a transaction.
        context: Its business time is the day; which rules there are.
        now: By which lateness is judged; the database's clock when None. Loads have no business time.

    Raises:
        RuleFileError: the workspace has no scores.yml, or one of its references does not fit the tables.
        TransientError: the connection is lost; the scores of before stay.
    """
    scores = scores_of(context)
    planned = list(subjects(context, scores))
    with (
        database_errors(TABLE),
        exclusive(connection, "measure quality"),
        connection,
        connection.cursor() as cursor,
    ):
        return _Measurement(cursor, context, scores, now).run(planned)


def scores_of(context: BuildContext) -> Scores:
    """The rules by which a workspace is measured.

    Raises:
        RuleFileError: it has none.
    """
    if "scores" in context.workspace.broken_rules:
        raise context.workspace.broken_rules["scores"]
    if context.workspace.scores is None:
        raise RuleFileError(
            _("says nothing about how quality is measured"),
            where=f"{context.workspace.folder / 'workspace.yml'}:1",
            fix=_("Add 'scores: rules/scores' with a scores.yml."),
        )
    return context.workspace.scores


class _Measurement:
    """One measurement within its transaction."""

    def __init__(self, cursor: PgCursor, context: BuildContext, scores: Scores, now: datetime | None) -> None:
        self._cursor = cursor
        self._context = context
        self._scores = scores
        self._day = context.as_of.astimezone(context.workspace.zone).date()
        self._now = now
        self._changed = 0

    def run(self, planned: list[Subject]) -> Measured:
        self._cursor.execute("select set_config('TimeZone', %s, true)", (self._context.workspace.settings.time_zone,))
        if self._now is None:
            self._cursor.execute("select clock_timestamp()")
            self._now = one_row(self._cursor)[0]
        result = Measured(self._day)
        self._forget(planned)
        for subject in planned:
            name = f"{subject.source}.{subject.entity}"
            (result.read if self._measure(subject) else result.carried).append(name)
        self._timeliness(self._now)
        self._above(planned)
        self._cursor.execute(
            f"select score from {TABLE} where day = %s and level = 'company' and dimension = 'overall'", (self._day,)
        )
        found = self._cursor.fetchone()
        result.overall = float(found[0]) if found else None
        build = Build(0, TABLE.split(".")[1], "incremental", self._changed, 0, 0, "", {}, 0.0)
        builds.record(self._cursor, build, self._context.run_id, self._context.as_of, has_changed_keys=False)
        log.info("quality of %s: %d tables read, %d carried over", self._day, len(result.read), len(result.carried))
        return result

    def _forget(self, planned: list[Subject]) -> None:
        """Days that are too old, and today's scores of what is no longer there."""
        known = [f"{subject.source}.{subject.entity}" for subject in planned]
        oldest = self._day - timedelta(days=self._scores.rules.keep_days)
        self._cursor.execute(
            f"delete from {TABLE} where day < %s or (day = %s and entity <> '' and source || '.' || entity <> all(%s))",
            (oldest, self._day, known),
        )
        self._cursor.execute("delete from quality.score_state where source || '.' || entity <> all(%s)", (known,))

    def _measure(self, subject: Subject) -> bool:
        """Bring today's scores of a table up to date; whether it had to be read."""
        fingerprint = self._fingerprint(subject)
        place = (subject.source, subject.entity)
        self._cursor.execute(
            "select fingerprint, day from quality.score_state where source = %s and entity = %s", place
        )
        known = self._cursor.fetchone()
        if known and known[0] == fingerprint and known[1] == self._day:
            return False
        self._cursor.execute(f"delete from {TABLE} where day = %s and source = %s and entity = %s", (self._day, *place))
        is_same = bool(known and known[0] == fingerprint)
        if is_same and known:
            self._carry_over(subject, known[1])
        else:
            self._keep(subject, self._count(subject))
        self._cursor.execute(
            "insert into quality.score_state (source, entity, fingerprint, day) values (%s, %s, %s, %s)"
            " on conflict (source, entity) do update set fingerprint = excluded.fingerprint, day = excluded.day",
            (*place, fingerprint, self._day),
        )
        return not is_same

    def _fingerprint(self, subject: Subject) -> str:
        versions = {table: builds.version(self._cursor, table) for table in sorted(subject.reads)}
        self._cursor.execute(
            "select"
            " (select coalesce(max(build_id), 0) from ops.model_build where model = %(model)s and kind = 'check'),"
            " (select coalesce(max(correction_id), 0) from quality.correction"
            " where source = %(source)s and entity = %(entity)s),"
            " (select count(*) from quality.waiver where source = %(source)s and entity = %(entity)s),"
            " (select coalesce(max(answer.answer_id), 0) from quality.sample_answer as answer"
            " inner join quality.sample as sample using (sample_id)"
            " where sample.source = %(source)s and sample.entity = %(entity)s and sample.week > %(since)s),"
            " (select coalesce(min(answer.answer_id), 0) from quality.sample_answer as answer"
            " inner join quality.sample as sample using (sample_id)"
            " where sample.source = %(source)s and sample.entity = %(entity)s and sample.week > %(since)s)",
            self._names(subject) | {"model": subject.model.name},
        )
        state = [repr(subject.measures), subject.owner, subject.unique_rules, repr(subject.golden)]
        text = json.dumps([versions, list(one_row(self._cursor)), state])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _names(self, subject: Subject) -> dict[str, object]:
        samples = self._scores.rules.samples
        since = self._day - timedelta(weeks=samples.weeks if samples else 0)
        return {"source": subject.source, "entity": subject.entity, "since": since}

    def _carry_over(self, subject: Subject, day: date) -> None:
        names = ", ".join(_COLUMNS[1:])
        self._cursor.execute(
            f"insert into {TABLE} (day, {names}) select %s, {names} from {TABLE}"
            " where day = %s and source = %s and entity = %s and dimension not in ('timeliness', 'overall')",
            (self._day, day, subject.source, subject.entity),
        )
        self._changed += self._cursor.rowcount

    def _count(self, subject: Subject) -> _Counts:
        """Read the table once; all measures of it by owner."""
        counts: _Counts = defaultdict(lambda: [0, 0])
        figures = [f"count(*) filter (where {m.counted} and {m.good})" for m in subject.measures]
        totals = [f"count(*) filter (where {m.counted})" for m in subject.measures]
        self._cursor.execute(
            f"select {subject.owner}, array[{', '.join(figures)}], array[{', '.join(totals)}]"
            f" from {subject.model.qualified_name} as t left join ({self._findings(subject)}) as found"
            " on t.source_key = found.key group by 1"
        )
        for owner, good, total in self._cursor.fetchall():
            for number, each in enumerate(subject.measures):
                _add(counts, each, owner, good[number], total[number])
        self._add_evidence(subject, counts)
        return counts

    def _findings(self, subject: Subject) -> str:
        values = self._names(subject) | {"unique_rules": list(subject.unique_rules)}
        parts = [self._cursor.mogrify(_query("findings"), values).decode()]
        for golden in subject.golden:
            # The first row of each golden record is the one that may stay.
            statement = sql.SQL(
                "select source_key as key,"
                " row_number() over (partition by {column} order by source_key) > 1 as is_double, false as is_invalid"
                " from {table} where source = {source}"
            ).format(
                column=sql.Identifier(golden.column),
                table=sql.Identifier("core", golden.table),
                source=sql.Literal(subject.source),
            )
            parts.append(statement.as_string(self._cursor))
        if len(parts) == 1:
            return parts[0]
        union = " union all ".join(f"({part})" for part in parts)
        return (
            "select each.key, bool_or(each.is_double) as is_double, bool_or(each.is_invalid) as is_invalid"
            f" from ({union}) as each group by each.key"
        )

    def _add_evidence(self, subject: Subject, counts: _Counts) -> None:
        """What people said about rows: corrections, confirmations, samples."""
        entity = self._context.workspace.source(subject.source).entities[subject.entity]
        statement = _query("evidence")
        for place, text in (
            ("{raw}", f"raw.{subject.source}__{subject.entity}"),
            ("{staging}", subject.model.qualified_name),
            ("{owner}", subject.owner.replace("%", "%%")),
        ):
            statement = statement.replace(place, text)
        self._cursor.execute(statement, self._names(subject))
        for owner, received, good, total in self._cursor.fetchall():
            column = entity.our_name(received) if received in entity.columns else ""
            _add(counts, Measure("accuracy", column, "", ""), owner, good, total)

    def _keep(self, subject: Subject, counts: _Counts) -> None:
        rows = [
            (
                self._day,
                level,
                subject.source,
                subject.entity,
                column,
                owner,
                dimension,
                good,
                total,
                _share(good, total),
            )
            for (level, column, owner, dimension), (good, total) in counts.items()
            if total
        ]
        copy_rows(self._cursor, TABLE, _COLUMNS, rows)
        self._changed += len(rows)

    def _timeliness(self, now: datetime) -> None:
        rules = self._scores.rules.timeliness
        agreed = [
            {"source": name, "due_at": each.due_at.isoformat(), "allowed_seconds": allowance.total_seconds()}
            for name, source in self._context.workspace.sources.items()
            if source.schedule
            for allowance in [timedelta(hours=rules.hours(name))]
            for each in agreed_times(
                source.schedule, self._context.workspace.zone, now, timedelta(days=rules.days), allowance
            )
        ]
        self._cursor.execute(f"delete from {TABLE} where day = %s and dimension = 'timeliness'", (self._day,))
        self._cursor.execute(_query("timeliness"), {"agreed": json.dumps(agreed)})
        known = {
            (source.source, entity) for source in self._context.workspace.sources.values() for entity in source.entities
        }
        rows = [
            (self._day, "entity", source, entity, "", "", "timeliness", good, total, _share(good, total))
            for source, entity, good, total in self._cursor.fetchall()
            if (source, entity) in known
        ]
        copy_rows(self._cursor, TABLE, _COLUMNS, rows)
        self._changed += len(rows)

    def _above(self, planned: list[Subject]) -> None:
        rules = self._scores.rules
        importance = [
            {"source": s.source, "entity": s.entity, "weight": rules.weight(f"{s.source}.{s.entity}")} for s in planned
        ]
        weights = [{"dimension": name, "weight": weight} for name, weight in rules.weights.items()]
        self._cursor.execute(
            _query("score_above_tables"),
            {"day": self._day, "importance": json.dumps(importance), "weights": json.dumps(weights)},
        )
        self._changed += 1


def _add(counts: _Counts, measure: Measure, owner: str, good: int, total: int) -> None:
    """Add to the column, to the table, and to the owner's share of the table."""
    keys = [("column", measure.column, "", measure.dimension)] if measure.column else []
    if measure.is_of_table:
        keys += [("entity", "", "", measure.dimension), ("owner", "", owner, measure.dimension)]
    for key in keys:
        counts[key][0] += good
        counts[key][1] += total


def _share(good: int, total: int) -> str:
    """As text, because a fraction without end has no exact number; 12 digits are kept."""
    return f"{good / total:.12f}"


@functools.cache
def _query(name: str) -> str:
    return (_QUERIES / f"{name}.sql").read_text(encoding="utf-8")
