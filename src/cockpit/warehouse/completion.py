"""Generate `completion_<entity>`: what the completion rules find for null columns of a conformed entity.

Values come from typed tables only, never from completed ones: a guess does not become the ground of another. The
table is small, computed as a whole and written by difference, so that `stg_<entity>` stays incremental: it follows the
keys that changed here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.completion import CompletionStep, PlacedCompletion
from cockpit.rulebook.contract import Column, Contract
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.conformed import Branch, branches, completion_table, entity_of
from cockpit.warehouse.received_text import quoted
from cockpit.warehouse.sql_text import Expression, Query, parse_expression
from cockpit.warehouse.staging import TypedModel

# What a steward refused; written by quality.completions.
REFUSALS = "quality.completion_refusal"

# Different values that are kept of a conflict, for the person who looks at it.
_KEPT = 5

_COLUMNS = {
    "source": Column(type="text", nullable=False, description="Source system", description_zh="来源系统"),
    "source_key": Column(
        type="text", nullable=False, description="Key of the row within its source", description_zh="来源系统中的主键"
    ),
    "column_name": Column(
        type="text", nullable=False, description="Column that is null in the row", description_zh="缺失的字段"
    ),
    "rule_id": Column(type="text", nullable=False, description="Completion rule", description_zh="补全规则"),
    "outcome": Column(
        type="text",
        nullable=False,
        description="filled; conflict when different values were found; refused by a steward",
        description_zh="结果：filled 已补全、conflict 值不一致、refused 已被拒绝",
    ),
    "value": Column(
        type="text", description="What was found; null for a conflict", description_zh="找到的值，冲突时为空"
    ),
    "from_entity": Column(
        type="text", nullable=False, description="Source and entity that it was found in", description_zh="取值来源实体"
    ),
    "from_key": Column(
        type="text", nullable=False, description="Key there, the first of several", description_zh="取值来源主键"
    ),
    "found_count": Column(
        type="bigint", unit="rows", nullable=False, description="Rows that gave a value", description_zh="给出值的行数"
    ),
    "candidates": Column(
        type="text[]", description="Of a conflict, some of the different values", description_zh="冲突时的候选值"
    ),
}


@dataclass(frozen=True)
class CompletionModel:
    """Contract and query of `completion_<entity>`.

    Attributes:
        fault: Why it cannot be built: a rule names a column that is not there, completes what must not be completed,
            or takes a value that is standardised otherwise than the column. What it would complete then stays too.
    """

    contract: Contract
    query: Query
    fault: RuleFileError | None = None


@dataclass(frozen=True)
class _Typed:
    """A typed table as rules may ask it."""

    columns: Mapping[str, Column]
    standards: Mapping[str, str]

    def standardised(self, expression: Expression) -> list[str]:
        """Standardised columns that an expression looks at, themselves or what stands beside them."""
        return sorted(
            name
            for name in self.standards
            if any(column == name or column == f"{name}_details" for column in expression.columns)
        )


def completion_model(
    workspace: Workspace, contract: Contract, typed: Mapping[str, TypedModel]
) -> CompletionModel | None:
    """The model for one conformed entity; None when no rule completes it.

    Args:
        workspace: Its rules and sources.
        contract: The hand-written contract of the conformed table.
        typed: Typed models by table name.
    """
    entity = entity_of(contract)
    rules = workspace.completion.of(entity)
    if not rules:
        return None
    tables = {
        f"staging.{name}": _Typed(model.contract.columns, {each.name: each.kind for each in model.standardised})
        for name, model in typed.items()
    }
    receiving = list(branches(workspace, entity))
    parts: list[str] = []
    reads = {REFUSALS}
    fault = None
    try:
        for placed in rules:
            _check(placed, contract, receiving, tables)
            if placed.rule.enabled:
                parts.append(_found(placed, contract.columns[placed.rule.column], receiving, tables))
                reads |= {branch.table for branch in receiving}
                reads |= {_table(step) for step in placed.rule.steps}
    except RuleFileError as error:
        parts, fault = [], error
    if not parts:
        # The rules are switched off, or one of them is wrong and nothing is built.
        nothing = ", ".join(f"cast(null as {column.type}) as {name}" for name, column in _COLUMNS.items())
        parts, reads = [f"select {nothing} where false"], set()
    completions = Contract(
        table=completion_table(entity),
        description=f"What completion rules found for missing values of {entity}",
        description_zh=f"{entity} 缺失值的补全结果",
        grain=("source", "source_key", "column_name"),
        owner=contract.owner,
        columns=_COLUMNS,
        indexes=(("rule_id", "outcome"),),
    )
    query = Query("\nunion all\n".join(parts), frozenset(reads), tuple(_COLUMNS))
    return CompletionModel(completions, query, fault)


def _table(step: CompletionStep) -> str:
    return f"staging.stg_{step.source}__{step.name}"


def _found(placed: PlacedCompletion, column: Column, receiving: Sequence[Branch], tables: Mapping[str, _Typed]) -> str:
    """What one rule finds.

    The first step that finds something for a row decides. Different values are a conflict, also where a later step
    would know one only: a value that some doubt is worse than none.
    """
    rule = placed.rule
    steps = list(enumerate(rule.steps, start=1))
    missing = "\n    union all\n    ".join(_missing(placed, branch, tables[branch.table]) for branch in receiving)
    candidates = "\n    union all\n    ".join(
        _of_other_rows(placed, number, step, column, tables[_table(step)]) if step.same else _of_the_row(number, column)
        for number, step in steps
    )
    entities = " ".join(f"when {number} then {quoted(step.entity)}" for number, step in steps)
    return f"""(
with missing as (
    {missing}
), candidate as (
    {candidates}
), judged as (
    select candidate.source, candidate.source_key, candidate.step, count(distinct candidate.value) as value_count,
        min(candidate.value) as value, min(candidate.from_key) as from_key, count(*) as found_count,
        array_agg(distinct candidate.value order by candidate.value) as found_values
    from candidate
    group by candidate.source, candidate.source_key, candidate.step
), decided as (
    select distinct on (judged.source, judged.source_key) judged.source, judged.source_key, judged.step,
        judged.value_count, judged.value, judged.from_key, judged.found_count, judged.found_values
    from judged
    order by judged.source, judged.source_key, judged.step
)
select decided.source, decided.source_key, {quoted(rule.column)} as column_name, {quoted(rule.id)} as rule_id,
    case when decided.value_count > 1 then 'conflict' when refused.value is not null then 'refused' else 'filled' end
        as outcome,
    case when decided.value_count = 1 then decided.value end as value,
    case decided.step {entities} end as from_entity,
    decided.from_key, decided.found_count,
    case when decided.value_count > 1 then decided.found_values[1:{_KEPT}] end as candidates
from decided
left join (
    select distinct refusal.source, refusal.key, refusal.value
    from {REFUSALS} as refusal
    where refusal.undone_at is null and refusal.entity = {quoted(rule.entity)}
        and refusal.column_name = {quoted(rule.column)}
) as refused on decided.source = refused.source and decided.source_key = refused.key and decided.value = refused.value
)"""


def _missing(placed: PlacedCompletion, branch: Branch, table: _Typed) -> str:
    """Rows of one source without a value, with what the steps compare."""
    rule = placed.rule
    compared: dict[str, str] = {}
    for number, step in enumerate(rule.steps, start=1):
        where = placed.step_origin(number - 1)
        if not step.same:
            is_own = (branch.source.source, branch.source.name) == (step.source, step.name)
            sure = _sure([step.value, step.where], rule.min_confidence, table, where) if is_own else ["false"]
            conditions = [*sure, *([f"({step.where})"] if step.where else [])]
            compared[f"value_{number}"] = _only_when(conditions, _value(step))
            continue
        takes_part = not step.into or branch.source.source in step.into
        for position, left in enumerate(step.same, start=1):
            own = branch.expression(left)
            sure = _sure([own], rule.min_confidence, table, placed.origin) if takes_part else ["false"]
            compared[f"on_{number}_{position}"] = _only_when(sure, f"cast({own} as text)")
    conformed = branch.expression(rule.column)
    is_missing = [f"({conformed}) is null", *_nothing_given(conformed, table, placed.origin)]
    rows = branch.select(
        [
            *(f"{expression} as {name}" for name, expression in compared.items()),
            f"{' and '.join(is_missing)} as is_missing",
        ]
    )
    return f"select {', '.join(['source', 'source_key', *compared])} from {rows} as given where is_missing"


def _of_the_row(number: int, column: Column) -> str:
    value = f"missing.value_{number}"
    return (
        f"select {number} as step, missing.source, missing.source_key, {_fitting(value, column)} as value,"
        f" missing.source_key as from_key from missing where {_fitting(value, column)} is not null"
    )


def _of_other_rows(placed: PlacedCompletion, number: int, step: CompletionStep, column: Column, table: _Typed) -> str:
    looked_at = [step.value, *step.same.values(), step.where]
    conditions = ["not is_quarantined", *_sure(looked_at, placed.rule.min_confidence, table, placed.origin)]
    if step.where:
        conditions.append(f"({step.where})")
    keys = ", ".join(f"cast({right} as text) as on_{position}" for position, right in enumerate(step.same.values(), 1))
    latest = step.latest_by or "cast(null as text)"
    same = " and ".join(f"missing.on_{number}_{p} = giver.on_{p}" for p in range(1, len(step.same) + 1))
    return (
        f"select {number} as step, ranked.source, ranked.source_key, ranked.value, ranked.from_key from ("
        "select missing.source, missing.source_key, giver.value, giver.from_key,"
        " rank() over (partition by missing.source, missing.source_key order by giver.latest desc nulls last) as place"
        f" from missing inner join (select from_key, {_fitting('value', column)} as value, latest,"
        f" {', '.join(f'on_{position}' for position in range(1, len(step.same) + 1))}"
        f" from (select source_key as from_key, {_value(step)} as value, {latest} as latest, {keys}"
        f" from {_table(step)} where {' and '.join(conditions)}) as looked) as giver on {same}"
        " where giver.value is not null) as ranked where ranked.place = 1"
    )


def _value(step: CompletionStep) -> str:
    """What a step finds in a row, as text."""
    text = f"nullif(btrim(cast(({step.value}) as text)), '')"
    if not step.starts_with:
        return text
    longest_first = sorted(step.starts_with.items(), key=lambda pair: -len(pair[0]))
    cases = " ".join(
        f"when left({text}, {len(start)}) = {quoted(start)} then {quoted(value)}" for start, value in longest_first
    )
    return f"case {cases} end"


def _fitting(value: str, column: Column) -> str:
    """A found text in the one form of the column's type; null when it does not fit."""
    if column.type == "text":
        return value
    return (
        f"case when pg_input_is_valid({value}, {quoted(column.type)})"
        f" then cast(cast({value} as {column.type}) as text) end"
    )


def _only_when(conditions: Sequence[str], expression: str) -> str:
    if "false" in conditions:
        return "cast(null as text)"
    return f"case when {' and '.join(conditions)} then {expression} end" if conditions else expression


def _sure(expressions: Sequence[str | None], min_confidence: float, table: _Typed, where: str) -> list[str]:
    """What has to hold so that the standardised columns that expressions look at are believed."""
    names = {name for text in expressions if text for name in table.standardised(parse_expression(text, where))}
    return [
        # The column is real, and 0.9 is not the nearest real.
        f"{name}_outcome = 'ok' and {name}_confidence >= cast({min_confidence} as real)"
        for name in sorted(names)
    ]


def _nothing_given(expression: str, table: _Typed, where: str) -> list[str]:
    """A text that could not be read is no missing value: somebody has to look at it."""
    return [
        f"coalesce({name}_outcome, 'absent') = 'absent'"
        for name in table.standardised(parse_expression(expression, where))
    ]


def _check(
    placed: PlacedCompletion, contract: Contract, receiving: Sequence[Branch], tables: Mapping[str, _Typed]
) -> None:
    """A wrong name or a value of another kind is found before any data are touched."""
    rule = placed.rule
    columns = set(contract.columns)
    unknown = _("the conformed entity has no such column")
    _refuse_unknown(unknown, placed.origin, {rule.column}, columns)
    if rule.column in contract.grain or not contract.columns[rule.column].nullable or rule.column.endswith("_key"):
        raise RuleFileError(
            _("a column that names a row is never completed"),
            where=placed.origin,
            found=rule.column,
            allowed=", ".join(sorted(name for name in columns if not name.endswith("_key"))),
        )
    for number, step in enumerate(rule.steps):
        where = placed.step_origin(number)
        _refuse_unknown(_("no source has this entity"), where, {_table(step)}, tables)
        table = tables[_table(step)]
        _refuse_unknown(unknown, where, set(step.same), columns)
        looked_at = [step.value, *step.same.values(), *filter(None, (step.where, step.latest_by))]
        for text in looked_at:
            _check_expression(text, where, set(table.columns))
        for receiver in receiving:
            if step.into and receiver.source.source not in step.into:
                continue
            own = tables[receiver.table]
            for left, right in step.same.items():
                _check_kinds(where, (receiver.expression(left), own), (right, table))
            if not step.starts_with and (step.same or receiver.table == _table(step)):
                _check_kinds(where, (receiver.expression(rule.column), own), (step.value, table), is_strict=True)


def _check_expression(text: str, where: str, columns: Collection[str]) -> None:
    expression = parse_expression(text, where)
    if expression.subqueries or expression.parameters:
        raise RuleFileError(
            _("looks at the columns of one row only"),
            where=where,
            found=text,
            fix=_("Leave out the subquery or the parameter."),
        )
    _refuse_unknown(_("the entity has no such column"), where, set(expression.columns), columns)


def _check_kinds(where: str, one: tuple[str, _Typed], other: tuple[str, _Typed], *, is_strict: bool = False) -> None:
    """Two columns that are standardised differently mean different things by the same text.

    Args:
        where: File and line.
        one, other: Expression and its table; only plain columns are looked at.
        is_strict: A standardised column and one that is not are different too: codes would stand beside words.
    """
    if not all(text in table.columns for text, table in (one, other)):
        return
    kinds = [table.standards.get(text) for text, table in (one, other)]
    if kinds[0] != kinds[1] and (is_strict or all(kinds)):
        raise RuleFileError(
            _("the columns are not standardised as the same kind"),
            where=where,
            found=", ".join(
                f"{text}: {kind or _('not standardised')}"
                for (text, _table_of), kind in zip((one, other), kinds, strict=True)
            ),
        )


def _refuse_unknown(message: str, where: str, names: Collection[str], known: Collection[str]) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise RuleFileError(message, where=where, found=unknown[0], allowed=", ".join(sorted(known)))
