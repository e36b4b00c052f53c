"""What completion rules filled, for the person who looks at it, refuses a value or takes that back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from cockpit.domain.masking import mask
from cockpit.errors import TerminalError, UsageError
from cockpit.i18n import _
from cockpit.pipelines.workspace import prepare_once
from cockpit.quality import completions
from cockpit.quality.completions import Cell
from cockpit.rulebook.completion import CompletionRule
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.connections import connect
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import parse_expression

State: TypeAlias = Literal["filled", "conflict", "refused"]

_TABLE_PREFIX = "stg_"


@dataclass(frozen=True)
class CompletedValue:
    """What a rule found for one column of one row.

    Attributes:
        cell: Which one.
        value: Personal ones masked; of a conflict some of the different values, parted by `|`.
        state: filled, conflict or refused; refused_next and back_next when the next run takes the value away or
            brings it back; refused_unseen when a refused value is not found any more.
        from_entity, from_key: Where it was found; empty for refused_unseen.
        refusal: Number of the refusal in force; None when there is none.
    """

    cell: Cell
    rule: str
    value: str
    state: str
    from_entity: str
    from_key: str
    refusal: int | None


def completed_values(
    workspace: Workspace, table: str | None = None, rule: str | None = None, state: State | None = None, limit: int = 20
) -> tuple[int, list[CompletedValue]]:
    """How many values rules have found, and the first of them in the order of tables, sources and keys.

    Args:
        table: Conformed entity such as customer, or its table; all when None.
        rule: Only what this rule found.
        state: Only these.

    Raises:
        TerminalError: no rule completes the table, or there is no such rule.
        RuleFileError: the rules cannot be read.
    """
    _require_readable(workspace)
    rules = {placed.rule.id: placed.rule for placed in workspace.completion.rules}
    entity = _known(_entity(table), sorted({each.entity for each in rules.values()})) if table else None
    if rule is not None and rule not in rules:
        raise TerminalError(_("there is no such completion rule"), found=rule, allowed=", ".join(sorted(rules)))
    with (
        database_errors("quality.completion"),
        closing(connect(workspace.settings.warehouse)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select to_regclass('quality.completion') is null")
        if one_row(cursor)[0]:
            return 0, []
        statement = (Path(__file__).parent / "completed_values.sql").read_text(encoding="utf-8")
        cursor.execute(statement, {"entity": entity, "rule": rule, "state": state, "limit": max(limit, 1)})
        found = cursor.fetchall()
    values = [
        CompletedValue(
            Cell(entity, source, key, column),
            rule_id,
            # A rule that has been removed says nothing about its values any more.
            value if rule_id in rules and not _is_personal(workspace, rules[rule_id]) else str(mask(value)),
            state,
            from_entity,
            from_key,
            refusal,
        )
        for entity, source, key, column, rule_id, value, state, from_entity, from_key, refusal, _count in found
    ]
    return (found[0][-1] if found else 0), values


def refuse_value(
    context: BuildContext, table: str, key: str, column: str, reason: str, by: str, source: str | None = None
) -> tuple[int, Cell]:
    """Refuse what a rule found for a column of a row; it is null again after the next run.

    Args:
        context: Clock, models.
        table: Conformed entity such as customer, or its table.
        key: Key of the row within its source.
        reason: In the steward's words; kept.
        by: User name of the steward.
        source: Of the row; needed where rows of several sources have this key.

    Returns:
        Number of the refusal, and what was refused.

    Raises:
        TerminalError: no rule completes it now, its value has been refused, or the reason is empty.
        UsageError: the source is needed.
        RuleFileError: the rules cannot be read.
    """
    _require_readable(context.workspace)
    prepare_once(context)
    entity = _entity(table)
    with closing(connect(context.workspace.settings.warehouse)) as connection:
        sources = [source] if source else completions.sources_of(connection, context.graph, entity, key, column)
        if len(sources) > 1:
            raise UsageError(
                _("rows of several sources have this key"),
                found=key,
                allowed=", ".join(sources),
                fix=_("Say which one with --source."),
            )
        cell = Cell(entity, sources[0] if sources else "", key, column)
        return completions.refuse(connection, context, cell, reason, by), cell


def take_back_refusal(context: BuildContext, refusal: int, by: str) -> None:
    """Let rules speak again about a refused value; the next run fills it, when it is still found.

    Raises:
        TerminalError: there is no such refusal in force.
    """
    prepare_once(context)
    with closing(connect(context.workspace.settings.warehouse)) as connection:
        completions.take_back(connection, context, refusal, by)


def _require_readable(workspace: Workspace) -> None:
    broken = workspace.broken_rules.get("completion")
    if broken:
        raise broken


def _entity(table: str) -> str:
    return table.removeprefix("staging.").removeprefix(_TABLE_PREFIX)


def _known(entity: str, entities: list[str]) -> str:
    if entity not in entities:
        raise TerminalError(_("no rule completes this entity"), found=entity, allowed=", ".join(entities))
    return entity


def _is_personal(workspace: Workspace, rule: CompletionRule) -> bool:
    """Whether the rule may find a personal value; a region that follows from a telephone number is none."""
    for step in rule.steps:
        if step.starts_with:
            continue
        source = workspace.sources.get(step.source)
        entity = source.entities.get(step.name) if source else None
        if entity is None:
            # Its file cannot be read.
            return True
        personal = {entity.our_name(name) for name, each in entity.columns.items() if each.sensitivity == "personal"}
        columns = parse_expression(step.value, rule.id).columns
        if personal & {column.removesuffix("_details") for column in columns}:
            return True
    return False
