"""Every quarter the owners of customers and contacts say again that they are right; progress per owner."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import RuleFileError, TerminalError
from cockpit.i18n import _
from cockpit.quality.measures import owner_of_row
from cockpit.quality.samples import LONGEST_NOTE
from cockpit.quality.scores import scores_of
from cockpit.rulebook.scores import CampaignRule, Scores
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.locks import exclusive
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import parse_expression
from cockpit.warehouse.tables import FLAG

log = logging.getLogger(__name__)

# Reopened: an answer was a mistake, the row waits again.
Answer: TypeAlias = Literal["right", "wrong", "unreachable", "reopened"]
ANSWERS: tuple[Answer, ...] = ("right", "wrong", "unreachable", "reopened")

_QUERIES = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class Progress:
    """How far a campaign is.

    Attributes:
        owner: None for all of the campaign.
        total: Rows to verify; those that have left their source aside.
        done: Answered, however.
        gone: Rows that have left their source meanwhile.
    """

    campaign_id: int
    name: str
    quarter: date
    owner: str | None
    total: int
    done: int
    right: int
    wrong: int
    unreachable: int
    gone: int

    @property
    def open(self) -> int:
        """Rows that wait."""
        return self.total - self.done

    @property
    def share(self) -> float | None:
        """0-1; None when nothing is to be verified."""
        return self.done / self.total if self.total else None


def quarter_of(day: date) -> date:
    """The first day of its quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def begin(connection: PgConnection, context: BuildContext) -> int:
    """Begin the campaigns of the business day's quarter, each once, and note which of their rows have left.

    Args:
        connection: To the workspace's database, prepared, not in a transaction.
        context: Its business time says which quarter.

    Returns:
        The number of rows that are to be verified newly.

    Raises:
        RuleFileError: the condition of a campaign cannot be read, or names a column that is not there.
    """
    scores = scores_of(context)
    quarter = quarter_of(context.as_of.astimezone(context.workspace.zone).date())
    added = 0
    conditions = [_condition(context, scores, number, rule) for number, rule in enumerate(scores.rules.campaigns)]
    with (
        database_errors("quality.campaign"),
        exclusive(connection, "begin campaigns"),
        connection,
        connection.cursor() as cursor,
    ):
        for rule, condition in zip(scores.rules.campaigns, conditions, strict=True):
            added += _begin(cursor, context, scores, rule, condition, quarter)
    return added


def _begin(
    cursor: PgCursor, context: BuildContext, scores: Scores, rule: CampaignRule, condition: str, quarter: date
) -> int:
    source, entity = rule.entity.split(".")
    model = _model(context, rule)
    cursor.execute(
        "update quality.campaign_item as item set gone_at = now() from quality.campaign as campaign"
        " where campaign.campaign_id = item.campaign_id and campaign.quarter = %s and item.gone_at is null"
        " and item.source = %s and item.entity = %s"
        f" and not exists (select from {model.qualified_name} as t where t.source_key = item.key)",
        (quarter, source, entity),
    )
    cursor.execute(
        "insert into quality.campaign (name, quarter) values (%s, %s) on conflict do nothing returning campaign_id",
        (rule.id, quarter),
    )
    made = cursor.fetchone()
    if made is None:
        return 0
    # What is held back is asked for as a task already.
    passing = f"not t.{FLAG}" if model.is_gated else "true"
    owner = owner_of_row(model, scores)
    cursor.execute(
        "insert into quality.campaign_item (campaign_id, source, entity, key, owner)"
        f" select %s, %s, %s, t.source_key, {owner.replace('%', '%%')} from {model.qualified_name} as t"
        f" where {passing} and ({condition.replace('%', '%%')})",
        (made[0], source, entity),
    )
    added = int(cursor.rowcount)
    if not added:
        # Nothing is there yet; the campaign begins when something is.
        cursor.execute("delete from quality.campaign where campaign_id = %s", made)
    log.info("campaign %s of %s: %d rows to verify", rule.id, quarter, added)
    return added


def _condition(context: BuildContext, scores: Scores, number: int, rule: CampaignRule) -> str:
    where = scores.place("campaigns", number, "where")
    expression = parse_expression(rule.where or "true", where)
    columns = set(_model(context, rule).contract.columns)
    unknown = sorted(expression.columns - columns)
    if unknown:
        message = _("names an unknown column")
        raise RuleFileError(message, where=where, found=unknown[0], allowed=", ".join(sorted(columns)))
    if expression.subqueries:
        raise RuleFileError(_("a campaign's condition asks its own table alone"), where=where)
    return expression.render(context.parameters())


def _model(context: BuildContext, rule: CampaignRule) -> Model:
    return context.graph[f"stg_{rule.entity.replace('.', '__')}"]


def answer(connection: PgConnection, item_id: int, found: str, person: str, note: str = "") -> None:
    """Keep what a person says about a row; the newest answer counts.

    Args:
        connection: Not in a transaction.
        item_id: Of quality.campaign_item.
        found: One of ANSWERS.
        person: User name.
        note: What else they say.

    Raises:
        TerminalError: there is no such row, or the answer is none.
    """
    if found not in ANSWERS:
        raise TerminalError(_("this is no answer"), found=found[:40], allowed=", ".join(ANSWERS))
    if len(note) > LONGEST_NOTE or "\x00" in note:
        raise TerminalError(
            _("the note is too long or holds a NUL"), allowed=_("{count} characters", count=LONGEST_NOTE)
        )
    with database_errors("quality.campaign_answer"), connection, connection.cursor() as cursor:
        cursor.execute(
            "insert into quality.campaign_answer (item_id, answer, note, answered_by)"
            " select item_id, %s, %s, %s from quality.campaign_item where item_id = %s and gone_at is null",
            (found, note.strip(), person, item_id),
        )
        if cursor.rowcount == 0:
            raise TerminalError(_("there is no such row in a campaign"), found=item_id)


def progress(cursor: PgCursor, quarter: date) -> list[Progress]:
    """Each campaign of a quarter, as a whole first and then by owner."""
    cursor.execute(_query("campaign_progress"), {"quarter": quarter})
    return [Progress(*row) for row in cursor.fetchall()]


@functools.cache
def _query(name: str) -> str:
    return (_QUERIES / f"{name}.sql").read_text(encoding="utf-8")
