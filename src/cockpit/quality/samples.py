"""Rows that owners look at every week, and the accuracy that their answers measure.

An automatic score can only find what a rule knows; a random sample also finds what no rule knows, and says how sure it
is.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.interval import wilson_interval
from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality.measures import owner_of_row
from cockpit.quality.scores import scores_of
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.locks import exclusive
from cockpit.warehouse.received_text import quoted
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.tables import FLAG

log = logging.getLogger(__name__)

Answer: TypeAlias = Literal["right", "wrong", "unknown"]
ANSWERS: tuple[Answer, ...] = ("right", "wrong", "unknown")
LONGEST_NOTE = 2000

_QUERIES = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class MeasuredAccuracy:
    """What people found in sampled rows.

    Attributes:
        owner, source, entity: Whose rows; None for all.
        drawn: Rows that were asked for.
        unknown: Answers that nobody could give; they count neither way.
        low, high: Wilson's interval of 95 %, 0-1; None without answers.
        automatic: Accuracy as rules see it, 0-1; None where none can measure it.
    """

    owner: str | None
    source: str | None
    entity: str | None
    drawn: int
    right: int
    wrong: int
    unknown: int
    low: float | None
    high: float | None
    automatic: float | None

    @property
    def accuracy(self) -> float | None:
        """Share of right ones among those that could be judged."""
        judged = self.right + self.wrong
        return self.right / judged if judged else None


def week_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def draw(connection: PgConnection, context: BuildContext) -> int:
    """Draw the sample of the business day's week; an owner who has one keeps it.

    Args:
        connection: To the workspace's database, prepared, not in a transaction.
        context: Its business time says which week.

    Returns:
        The number of rows drawn.
    """
    scores = scores_of(context)
    rules = scores.rules.samples
    if rules is None:
        return 0
    candidates, questions = [], []
    for each in rules.entities:
        source, entity = each.entity.split(".")
        model = context.graph[f"stg_{source}__{entity}"]
        names = f"{owner_of_row(model, scores)} as owner, {quoted(source)} as source, {quoted(entity)} as entity"
        passing = f" where not t.{FLAG}" if model.is_gated else ""
        candidates.append(f"select {names}, t.source_key as key from {model.qualified_name} as t{passing}")
        questions.append(
            {"source": source, "entity": entity, "question": each.question, "question_zh": each.question_zh}
        )
    statement = _query("draw_sample").replace("{candidates}", " union all ".join(candidates).replace("%", "%%"))
    day = context.as_of.astimezone(context.workspace.zone).date()
    values = {"week": week_of(day), "rows_per_owner": rules.rows_per_owner, "questions": json.dumps(questions)}
    with (
        database_errors("quality.sample"),
        exclusive(connection, "draw sample"),
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)
        drawn = int(cursor.rowcount)
    log.info("sample of %s: %d rows drawn", values["week"], drawn)
    return drawn


def answer(
    connection: PgConnection,
    sample_id: int,
    found: str,
    person: str,
    *,
    column: str | None = None,
    note: str = "",
    columns: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Keep what a person found about a sampled row; a later answer about it counts instead of an earlier one.

    Args:
        connection: Not in a transaction.
        sample_id: Of quality.sample.
        found: One of ANSWERS.
        person: User name.
        column: Which column is wrong, where the person says so.
        note: What else they say.
        columns: Those that may be named, by `source.entity`.

    Raises:
        TerminalError: there is no such row, or the answer is none.
    """
    if found not in ANSWERS:
        raise TerminalError(_("this is no answer"), found=found[:40], allowed=", ".join(ANSWERS))
    if len(note) > LONGEST_NOTE or "\x00" in note:
        raise TerminalError(
            _("the note is too long or holds a NUL"), allowed=_("{count} characters", count=LONGEST_NOTE)
        )
    with database_errors("quality.sample_answer"), connection, connection.cursor() as cursor:
        cursor.execute("select source || '.' || entity from quality.sample where sample_id = %s", (sample_id,))
        known = cursor.fetchone()
        if known is None:
            raise TerminalError(_("there is no such row in a sample"), found=sample_id)
        allowed = (columns or {}).get(known[0], ())
        if column is not None and (found != "wrong" or column not in allowed):
            raise TerminalError(_("this column cannot be wrong here"), found=column[:40], allowed=", ".join(allowed))
        cursor.execute(
            "insert into quality.sample_answer (sample_id, answer, column_name, note, answered_by)"
            " values (%s, %s, %s, %s, %s)",
            (sample_id, found, column, note.strip(), person),
        )


def measured_accuracy(cursor: PgCursor, today: date, weeks: int) -> list[MeasuredAccuracy]:
    """What the answers of the last weeks say: for the company, each entity, each owner.

    Args:
        cursor: In a transaction.
        today: Business day.
        weeks: That many weeks count, the present one among them.
    """
    cursor.execute(_query("measured_accuracy"), {"since": week_of(today) - timedelta(weeks=weeks)})
    found = []
    for owner, source, entity, drawn, right, wrong, unknown, automatic in cursor.fetchall():
        interval = wilson_interval(right, right + wrong)
        low, high = interval or (None, None)
        found.append(
            MeasuredAccuracy(
                owner, source, entity, drawn, right, wrong, unknown, low, high,
                None if automatic is None else float(automatic),
            )
        )  # fmt: skip
    return found


@functools.cache
def _query(name: str) -> str:
    return (_QUERIES / f"{name}.sql").read_text(encoding="utf-8")
