"""What is counted in a table to say how good its rows are: two conditions per measure, all read in one pass.

The dimensions are those of DAMA (The six primary dimensions for data quality assessment, DAMA UK, 2013); what each
means here stands in docs/explanation/quality-scores.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.scores import COLUMN, Dimension, Golden, Reference, Scores
from cockpit.rulebook.sources import Entity
from cockpit.warehouse.models import Model
from cockpit.warehouse.received_text import quoted
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import Expression, parse_expression


@dataclass(frozen=True)
class Measure:
    """Something of which a share is good.

    Attributes:
        column: Our name of the column; empty when rows are counted.
        counted: SQL over the row `t` and what was found about it, `found`; rows for which it is true are the total.
        good: SQL; of these rows those for which it is true are good.
        is_of_table: Whether it adds to the table's own score in the dimension.
    """

    dimension: Dimension
    column: str
    counted: str
    good: str
    is_of_table: bool = True


@dataclass(frozen=True)
class Subject:
    """A table and how it is measured.

    Attributes:
        measures: Without those of time, which are about batches.
        owner: SQL over `t` for who answers for a row.
        golden: Tables of core that say which of its rows are one too many.
        reads: Schema-qualified tables that the measures look at, its own among them.
    """

    source: str
    entity: str
    model: Model
    measures: tuple[Measure, ...]
    owner: str
    golden: tuple[Golden, ...]
    unique_rules: tuple[str, ...]
    reads: frozenset[str]


def subjects(context: BuildContext, scores: Scores) -> Iterator[Subject]:
    """Every table of every source.

    Raises:
        RuleFileError: a reference cannot be read, or asks a table or column that is not there.
    """
    for source in context.workspace.sources.values():
        for name, entity in source.entities.items():
            yield _subject(context, scores, source.source, name, entity)


def owner_of_row(model: Model, scores: Scores) -> str:
    """SQL over `t`: the person that a row names, else the owner of the table."""
    named = dict.fromkeys(
        [
            *sorted({check.owner_column for check in model.contract.checks if check.owner_column}),
            *(name for name in scores.rules.owner_columns if name in model.contract.columns),
        ]
    )
    parts = [f"nullif(btrim(cast(t.{name} as text)), '')" for name in named]
    return f"coalesce({', '.join([*parts, quoted(model.contract.owner)])})"


def _subject(context: BuildContext, scores: Scores, source: str, name: str, entity: Entity) -> Subject:
    model = context.graph[f"stg_{source}__{name}"]
    full_name = f"{source}.{name}"
    measures = [*_completeness(model, entity, scores.rules.expected_columns(full_name)), *_validity(model, entity)]
    reads = {model.qualified_name}
    for number, reference in enumerate(scores.rules.references):
        for column in _columns_of(reference, full_name, model):
            condition = _condition(context, scores, number, reference, column, model)
            measures.append(condition.measure)
            reads |= condition.reads
    unique_rules = tuple(
        check.rule_id
        for check in model.contract.checks
        if check.expect == "unique" or check.rule_id in scores.rules.uniqueness.rules
    )
    golden = tuple(each for each in scores.rules.uniqueness.golden if each.conformed in entity.conforms_to)
    if unique_rules or golden:
        measures.append(Measure("uniqueness", "", "true", "not coalesce(found.is_double, false)"))
    reads |= {f"core.{each.table}" for each in golden if each.table in context.graph.models}
    golden = tuple(each for each in golden if each.table in context.graph.models)
    return Subject(
        source, name, model, tuple(measures), owner_of_row(model, scores), golden, unique_rules, frozenset(reads)
    )


def _completeness(model: Model, entity: Entity, expected: set[str]) -> Iterator[Measure]:
    """Of the columns that a row must or should fill, those that it fills, readable or not."""
    standards = {column.name for column in model.standardised}
    for received, column in entity.columns.items():
        name = entity.our_name(received)
        if column.required or name in expected:
            yield Measure("completeness", name, "true", _is_given(name, column.type, name in standards))


def _validity(model: Model, entity: Entity) -> Iterator[Measure]:
    """Rows that pass every check, and of each column the given values that could be read."""
    yield Measure("validity", "", "true", "not coalesce(found.is_invalid, false)")
    standards = {column.name for column in model.standardised}
    for received, column in entity.columns.items():
        name = entity.our_name(received)
        given = _is_given(name, column.type, name in standards)
        if name in standards:
            yield Measure("validity", name, given, f"t.{name}_outcome = 'ok'", is_of_table=False)
        elif column.type != "text":
            yield Measure("validity", name, given, f"t.{name} is not null", is_of_table=False)


def _is_given(name: str, column_type: str, is_standardised: bool) -> str:
    if is_standardised:
        return f"nullif(btrim(t.{name}_received), '') is not null and t.{name}_outcome is distinct from 'absent'"
    if column_type == "text":
        return f"nullif(btrim(t.{name}), '') is not null"
    return f"(t.{name} is not null or {quoted(name)} = any(t.invalid_columns))"


def _columns_of(reference: Reference, entity: str, model: Model) -> list[str]:
    if reference.columns:
        return [column.name for column in model.standardised if column.kind == reference.columns.standard]
    return [str(reference.column)] if entity in reference.entities else []


@dataclass(frozen=True)
class _Condition:
    measure: Measure
    reads: frozenset[str]


def _condition(
    context: BuildContext, scores: Scores, number: int, reference: Reference, column: str, model: Model
) -> _Condition:
    where = scores.place("references", number, "right_when")
    expression = parse_expression(reference.right_when.replace(COLUMN, column), where)
    _refuse_unknown(_("names an unknown column"), where, expression.columns, set(model.contract.columns))
    parameters = context.parameters()
    _refuse_unknown(_("uses an unknown parameter"), where, expression.parameters, set(parameters))
    _check_tables(context, expression, where)
    right = expression.render(parameters)
    return _Condition(Measure("accuracy", column, f"({right}) is not null", f"({right})"), expression.reads)


def _check_tables(context: BuildContext, expression: Expression, where: str) -> None:
    tables = {model.qualified_name: model for model in context.graph.models.values() if model.is_source}
    for query in expression.subqueries:
        _refuse_unknown(_("asks an unknown table"), where, set(query.tables.values()), set(tables))
        known = {name: set(tables[table].contract.columns) for name, table in query.tables.items()}
        everything = set().union(*known.values(), query.made)
        for place, column in query.columns:
            _refuse_unknown(_("names an unknown column"), where, {column}, known.get(place, everything))


def _refuse_unknown(message: str, where: str, names: set[str] | frozenset[str], known: set[str]) -> None:
    unknown = sorted(set(names) - known)
    if unknown:
        raise RuleFileError(message, where=where, found=unknown[0], allowed=", ".join(sorted(known)))
