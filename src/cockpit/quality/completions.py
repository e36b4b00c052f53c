"""Values that completion rules found: how many, and the ones that a steward refuses.

A completed value is computed, never stored back: switching its rule off, or refusing it, makes it null at the next run.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality.answers import checked_reason
from cockpit.warehouse import builds
from cockpit.warehouse.completion import REFUSALS
from cockpit.warehouse.conformed import completion_table
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.models import Model, ModelGraph
from cockpit.warehouse.runner import BuildContext


@dataclass(frozen=True)
class Cell:
    """One column of one row of a conformed entity.

    Attributes:
        entity: Conformed entity, such as customer.
        source: Source of the row.
        key: Key of the row within its source.
    """

    entity: str
    source: str
    key: str
    column: str


def refuse(connection: PgConnection, context: BuildContext, cell: Cell, reason: str, by: str) -> int:
    """Say that the value which a rule found for a cell is not right; it is null again after the next run.

    Args:
        connection: To the workspace's database, not in a transaction.
        context: Clock, models.
        cell: Whose value; a different value that is found later may stand there.
        reason: In the steward's words; kept.
        by: User name of the steward.

    Returns:
        Number of the refusal.

    Raises:
        TerminalError: no rule completes the cell now, or its value has been refused.
    """
    where = f"{cell.entity}.{cell.column}"
    model = _model(context.graph, cell.entity)
    with database_errors(REFUSALS), connection, connection.cursor() as cursor:
        cursor.execute(
            f"select value, rule_id from {model.qualified_name}"
            " where source = %s and source_key = %s and column_name = %s and outcome = 'filled'",
            (cell.source, cell.key, cell.column),
        )
        found = cursor.fetchone()
        if found is None:
            raise TerminalError(_("this value was not completed by a rule"), where=where)
        cursor.execute(
            f"insert into {REFUSALS} (source, entity, key, column_name, value, rule_id, reason, refused_by)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (entity, source, key, column_name, value)"
            " where undone_at is null do nothing returning refusal_id",
            (cell.source, cell.entity, cell.key, cell.column, *found, checked_reason(reason), by),
        )
        refused = cursor.fetchone()
        if refused is None:
            raise TerminalError(_("this value has been refused; the next run takes it away"), where=where)
        _note(cursor, context, cell.key)
    return int(refused[0])


def take_back(connection: PgConnection, context: BuildContext, refusal_id: int, by: str) -> None:
    """Let the rule speak again about a refused value.

    Raises:
        TerminalError: there is no such refusal in force.
    """
    with database_errors(REFUSALS), connection, connection.cursor() as cursor:
        cursor.execute(
            f"update {REFUSALS} set undone_by = %s, undone_at = clock_timestamp()"
            " where refusal_id = %s and undone_at is null returning key",
            (by, refusal_id),
        )
        found = cursor.fetchone()
        if found is None:
            raise TerminalError(_("this refusal is not in force"), found=refusal_id)
        _note(cursor, context, found[0])


def sources_of(connection: PgConnection, graph: ModelGraph, entity: str, key: str, column: str) -> list[str]:
    """Sources in which a row with this key has a value of the column that a rule filled.

    Raises:
        TerminalError: no rule completes the entity.
    """
    model = _model(graph, entity)
    with database_errors(model.qualified_name), connection, connection.cursor() as cursor:
        cursor.execute(
            f"select distinct source from {model.qualified_name}"
            " where source_key = %s and column_name = %s and outcome = 'filled' order by source",
            (key, column),
        )
        return [source for (source,) in cursor.fetchall()]


def view(graph: ModelGraph) -> str:
    """The statement that makes `quality.completion`: every value that rules found, of all conformed entities.

    A row per conformed row and column; with the rule, where from, and whether it is filled, in conflict or refused.
    """
    columns = "source, source_key, column_name, rule_id, outcome, value, from_entity, from_key, found_count, candidates"
    tables = [
        f"select '{model.name.removeprefix(completion_table(''))}' as entity, {columns} from {model.qualified_name}"
        for model in completion_models(graph)
    ]
    texts = ", ".join(f"cast(null as text) as {name}" for name in ("entity", *columns.split(", ")[:8]))
    nothing = f"select {texts}, cast(null as bigint) as found_count, cast(null as text[]) as candidates where false"
    return f"create or replace view quality.completion as {' union all '.join([nothing, *tables])}"


def completion_models(graph: ModelGraph) -> list[Model]:
    """The models that hold what completion rules found."""
    prefix = completion_table("")
    return [model for model in graph.conformed() if model.name.startswith(prefix)]


def _model(graph: ModelGraph, entity: str) -> Model:
    found = {model.name.removeprefix(completion_table("")): model for model in completion_models(graph)}
    if entity not in found:
        raise TerminalError(_("no rule completes this entity"), found=entity, allowed=", ".join(sorted(found)))
    return found[entity]


def _note(cursor: PgCursor, context: BuildContext, key: str) -> None:
    """Have what was found computed again."""
    builds.note_changed_rows(cursor, REFUSALS, [key], "refusal", context.as_of)
