"""Generate `stg_<entity>`, which core reads: the rows that passed their checks, of all sources, in common columns.

Where completion rules found a value for a column that is null, it stands in its place, and `completed` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import Column, Contract, Incremental
from cockpit.rulebook.sources import Conform
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.received_text import quoted
from cockpit.warehouse.staging import SourceEntity, key_column, regrouping, source_entities

# Which values of a conformed row its source did not give.
COMPLETED = "completed"

_COMPLETED_COLUMN = Column(
    type="jsonb",
    description="Columns that were null and were completed: column -> rule, where from, key there; null when none",
    description_zh="补全的字段：字段 → 规则、来源实体、来源主键；无补全时为空",
)


@dataclass(frozen=True)
class Branch:
    """The rows that one entity of a source gives to a conformed entity.

    Attributes:
        key: Column of the typed table that becomes `source_key`.
        is_regrouped: Several rows of the typed table share a key; the latest stands for them.
    """

    source: SourceEntity
    conform: Conform
    key: str
    is_regrouped: bool

    @property
    def table(self) -> str:
        """The typed table, with its schema."""
        return f"staging.{self.source.staging_table}"

    def expression(self, column: str) -> str:
        """SQL over the typed table for a conformed column; null when the source does not give it."""
        return self.conform.columns.get(column, "null")

    def select(self, columns: Sequence[str]) -> str:
        """SQL of its rows that passed their checks.

        Args:
            columns: Expressions over the typed table, each with its name, after `source` and `source_key`.
        """
        rows = ["not is_quarantined", *([f"{self.key} is not null"] if self.is_regrouped else [])]
        if self.conform.where:
            rows.append(f"({self.conform.where})")
        latest = f"{self.conform.latest_by} desc nulls last, " if self.conform.latest_by else ""
        order = f"\norder by {self.key}, {latest}source_key desc" if self.is_regrouped else ""
        distinct = f"distinct on ({self.key}) " if self.is_regrouped else ""
        selected = ", ".join([f"{quoted(self.source.source)} as source", f"{self.key} as source_key", *columns])
        return f"(select {distinct}{selected}\nfrom {self.table}\nwhere {' and '.join(rows)}{order})"


def branches(workspace: Workspace, entity: str) -> Iterator[Branch]:
    """Whoever conforms to an entity."""
    for source in source_entities(workspace, conforming_to=entity):
        is_regrouped = entity in regrouping(source)
        key = key_column(entity) if is_regrouped else "source_key"
        yield Branch(source, source.entity.conforms_to[entity], key, is_regrouped)


def entity_of(contract: Contract) -> str:
    """The conformed entity whose table a contract describes."""
    return contract.table.removeprefix("stg_")


def completion_table(entity: str) -> str:
    """Table in schema staging with the values that were found for null columns of a conformed entity."""
    return f"completion_{entity}"


def conformed_model(workspace: Workspace, contract: Contract, path: Path) -> tuple[Contract, str]:
    """Contract and SQL of `stg_<entity>`.

    Args:
        workspace: Its sources say who conforms.
        contract: The hand-written contract; `source` and `source_key` are its grain.
        path: Its file, for messages.

    Raises:
        RuleFileError: a source gives a column that the contract does not have.
    """
    entity = entity_of(contract)
    documented = {**contract.columns, COMPLETED: _COMPLETED_COLUMN}
    rules = [placed.rule for placed in workspace.completion.of(entity) if placed.rule.enabled]
    # A rule about a column that is not there is the completion's fault, not this table's.
    rules = [rule for rule in rules if rule.column in contract.columns]
    parts: list[str] = []
    reads: dict[str, tuple[str, ...]] = {}
    for branch in branches(workspace, entity):
        stray = sorted(set(branch.conform.columns) - set(contract.columns))
        if stray:
            raise RuleFileError(
                _("conforms_to.{entity} gives a column that the contract does not have", entity=entity),
                where=f"{workspace.folder / workspace.settings.sources / branch.source.source}.yml:1",
                found=stray[0],
                allowed=", ".join(sorted(contract.columns)),
                fix=_("Correct the name or add the column to {path}.", path=path),
            )
        columns = [
            f"cast({branch.expression(name)} as {column.type}) as {name}"
            for name, column in contract.columns.items()
            if name not in ("source", "source_key")
        ]
        parts.append(branch.select(columns if rules else [*columns, f"cast(null as jsonb) as {COMPLETED}"]))
        reads[branch.table] = (branch.key,)
    if not parts:
        # No source of this workspace has the entity: core finds an empty table instead of none.
        nothing = [f"cast(null as {column.type}) as {name}" for name, column in documented.items()]
        return (
            contract.model_copy(update={"materialised": "table", "columns": documented}),
            f"select {', '.join(nothing)} where false",
        )
    sql = "\nunion all\n".join(parts)
    if rules:
        completions = f"staging.{completion_table(entity)}"
        sql = _completed(sql, completions, contract.columns, [rule.column for rule in rules])
        reads[completions] = ("source_key",)
    changed = {
        "materialised": "incremental",
        "incremental": Incremental(key=("source_key",), reads=reads),
        "columns": documented,
    }
    return contract.model_copy(update=changed), sql


def _completed(rows: str, completions: str, columns: Mapping[str, Column], filled: Sequence[str]) -> str:
    """The rows with what was found for their null columns; a value that is there stays."""
    selected: list[str] = []
    marks: list[str] = []
    joins: list[str] = []
    for name, column in columns.items():
        if name not in filled:
            selected.append(f"conformed.{name}")
            continue
        found = f"found_{len(joins) + 1}"
        selected.append(f"coalesce(conformed.{name}, cast({found}.value as {column.type})) as {name}")
        marks.append(
            f"case when conformed.{name} is null and {found}.value is not null then jsonb_build_object({quoted(name)},"
            f" jsonb_build_object('rule', {found}.rule_id, 'from', {found}.from_entity, 'key', {found}.from_key))"
            " else cast('{}' as jsonb) end"
        )
        joins.append(
            f"left join {completions} as {found} on conformed.source = {found}.source"
            f" and conformed.source_key = {found}.source_key and {found}.column_name = {quoted(name)}"
            f" and {found}.outcome = 'filled'"
        )
    selected.append(f"nullif({' || '.join(marks)}, cast('{{}}' as jsonb)) as {COMPLETED}")
    return f"select {', '.join(selected)}\nfrom (\n{rows}\n) as conformed\n" + "\n".join(joins)
