"""Whether models fit together: what they read is there, and their contracts say what their SQL gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import LAYERS
from cockpit.warehouse import completion, staging
from cockpit.warehouse.models import Model
from cockpit.warehouse.sql_text import Subquery, at_line, parse_expression

# Of more names a message shows those that are most like what was found.
_NAMES_SHOWN = 24
# Each layer may read itself and the one before; marts never read staging.
_READABLE = {
    "staging": {"raw", "staging", "quality"},
    # What stewards decided stands beside the rows that it is about.
    "core": {"staging", "core", "mdm"},
    # The ledger is about loads, not about the business, so no layer stands between it and its mart.
    "marts": {"core", "marts", "ops", "quality"},
}


def check_model(model: Model, tables: Mapping[str, Model], others: set[str], parameters: set[str]) -> None:
    """Refuse a model that could not be built or checked, before anything runs.

    Args:
        model: As its files say.
        tables: All models by their qualified names.
        others: Tables that no model makes.
        parameters: Names that may be used as `:name`.

    Raises:
        RuleFileError: with file and line.
    """
    _check_tables(model, {*tables, *others})
    _check_expressions(model, parameters, {name: table for name, table in tables.items() if table.is_source})
    _check_via(model, tables)
    _check_references(model, tables)


def in_building_order(models: Sequence[Model]) -> dict[str, Model]:
    """Each after the ones that it reads, by name.

    Raises:
        RuleFileError: a cycle.
    """
    by_name = {model.qualified_name: model for model in models}
    ordered: dict[str, Model] = {}
    path: list[str] = []

    def visit(model: Model) -> None:
        if model.name in ordered:
            return
        if model.name in path:
            last = next(each for each in models if each.name == path[-1])
            raise RuleFileError(
                _("models read each other in a circle"),
                where=_line_of(last, model.qualified_name),
                found=" -> ".join([*path[path.index(model.name) :], model.name]),
            )
        path.append(model.name)
        for name in sorted(model.reads):
            if name in by_name:
                visit(by_name[name])
        path.pop()
        ordered[model.name] = model

    for layer in LAYERS:
        for model in models:
            if model.layer == layer:
                visit(model)
    return ordered


def _line_of(model: Model, word: str, *, is_last: bool = False) -> str:
    """`file:line` where a word stands in a model's SQL, the first or the last time; line 1 where it is not written."""
    return _found_line(model.origin, rf"(?<![\w.]){re.escape(word)}(?!\w)", is_last=is_last)


def _contract_line(model: Model, column: str) -> str:
    """`file:line` where a contract describes a column."""
    return _found_line(model.origin.with_suffix(".yml"), rf"^  {re.escape(column)}:")


def _found_line(file: Path, pattern: str, *, is_last: bool = False) -> str:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    found = [
        number
        for number, line in enumerate(lines, start=1)
        if re.search(pattern, line) and not line.lstrip().startswith(("--", "#"))
    ]
    return f"{file}:{found[-1 if is_last else 0] if found else 1}"


def _check_tables(model: Model, known: set[str]) -> None:
    where = f"{model.origin}:1"
    # Generated models alone read what people decided; there is one table of it for all sources.
    decided = (staging.OVERLAY, completion.REFUSALS)
    unknown = sorted(name for name in model.reads - known if not name.startswith(decided))
    if unknown:
        raise RuleFileError(
            _("reads an unknown table"),
            where=_line_of(model, unknown[0]),
            found=unknown[0],
            allowed=_some_of(known, unknown[0]),
        )
    upwards = sorted(name for name in model.reads if name.split(".")[0] not in _READABLE[model.layer])
    if upwards:
        raise RuleFileError(
            _("reads a layer that it must not read"),
            where=_line_of(model, upwards[0]),
            found=upwards[0],
            allowed=", ".join(sorted(_READABLE[model.layer])),
        )
    if model.layer == "marts" and model.contract.row_scope is None:
        raise RuleFileError(
            _("a mart says by which columns its rows are permitted"),
            where=where,
            fix=_("Add row_scope with its columns, or '{}' for rows about the whole company."),
        )
    if model.layer == "marts" and model.contract.materialised == "view":
        raise RuleFileError(
            _("a mart is a table, because a view has no row policies"),
            where=where,
            found="materialised: view",
            allowed="table, incremental",
        )
    if model.query:
        produced, promised = set(model.query.columns), set(model.contract.columns)
        if produced - promised:
            names = sorted(produced - promised)
            raise RuleFileError(
                _("the SQL gives columns that the contract does not describe"),
                where=_line_of(model, names[0], is_last=True),
                found=", ".join(names),
            )
        if promised - produced:
            names = sorted(promised - produced)
            raise RuleFileError(
                _("the contract describes columns that the SQL does not give"),
                where=_contract_line(model, names[0]),
                found=", ".join(names),
            )
    incremental = model.contract.incremental
    if incremental:
        named = {*incremental.reads, *incremental.followed, *incremental.through, *incremental.via}
        stray = sorted(named - model.reads)
        if stray:
            raise RuleFileError(
                _("incremental names a table that the model does not read"),
                where=where,
                found=stray[0],
                allowed=", ".join(sorted(model.reads)),
            )


def _check_expressions(model: Model, parameters: set[str], tables: Mapping[str, Model]) -> None:
    """Names in SQL and conditions that nothing stands for would fail only when data are there."""
    where = at_line(model.origin)
    for name in sorted(model.parameters - parameters)[:1]:
        where = _line_of(model, f":{name}" if model.query else name)
    _refuse_unknown(_("uses an unknown parameter"), where, model.parameters, parameters)
    seen: set[str] = set()
    for check in model.contract.checks:
        rule = check.rule_id
        where = check.origin or at_line(model.origin)
        if rule in seen:
            raise RuleFileError(_("two checks of {table} have the same id", table=model.name), where=where, found=rule)
        seen.add(rule)
        message = _("the check {rule} names an unknown column", rule=rule)
        named = {*check.offending, *filter(None, (check.owner_column,))}
        _refuse_unknown(message, where, named, set(model.contract.columns))
        if check.condition:
            condition = parse_expression(check.condition, where)
            message = _("the condition of {rule} uses an unknown parameter", rule=rule)
            _refuse_unknown(message, where, condition.parameters, parameters)
            message = _("the condition of {rule} names an unknown column", rule=rule)
            _refuse_unknown(message, where, condition.columns, set(model.contract.columns))
            for subquery in condition.subqueries:
                _check_subquery(rule, where, subquery, tables)


def _check_subquery(rule: str, where: str, subquery: Subquery, tables: Mapping[str, Model]) -> None:
    """Only typed tables and their columns; none of the row's, which would make it run once for each row."""
    message = _("the condition of {rule} asks an unknown table", rule=rule)
    _refuse_unknown(message, where, set(subquery.tables.values()), set(tables))
    known = {name: set(tables[table].contract.columns) for name, table in subquery.tables.items()}
    everything = set().union(*known.values(), subquery.made)
    for place, column in sorted(subquery.columns):
        if place and place not in known and place not in subquery.made:
            raise RuleFileError(
                _("the condition of {rule} names a table within a subquery that is not in it", rule=rule),
                where=where,
                found=place,
                allowed=", ".join(sorted(known)),
                fix=_("A subquery stands alone: compare the row with its result, such as 'key in (select ...)'."),
            )
        message = _("the condition of {rule} names an unknown column within a subquery", rule=rule)
        _refuse_unknown(message, where, {column}, known.get(place, everything))


def _check_via(model: Model, tables: Mapping[str, Model]) -> None:
    """The columns of the join stand on both sides, so that what changed can be looked up in each driving table."""
    incremental = model.contract.incremental
    if incremental is None:
        return
    for table, columns in incremental.via.items():
        for other in (table, *incremental.reads):
            known = set(tables[other].contract.columns) if other in tables else set()
            message = _("incremental.via {table}: {other} has no such column", table=table, other=other)
            _refuse_unknown(message, _contract_line(model, "via"), columns, known)


def _check_references(model: Model, tables: Mapping[str, Model]) -> None:
    """A source's file has looked at its own; models of core and marts refer to tables of core."""
    if model.is_source:
        return
    for check in model.contract.checks:
        if check.expect == "references":
            where = check.origin or at_line(model.origin)
            table, column = model.referred_table(check), str(check.refers_to).split(".")[1]
            message = _("the check {rule} refers to an unknown table", rule=check.rule_id)
            _refuse_unknown(message, where, {table}, {name for name in tables if name.startswith("core.")})
            message = _("the check {rule} names an unknown column", rule=check.rule_id)
            _refuse_unknown(message, where, {column}, set(tables[table].contract.columns))


def _refuse_unknown(message: str, where: str, names: Iterable[str], known: set[str]) -> None:
    unknown = sorted(set(names) - known)
    if unknown:
        raise RuleFileError(message, where=where, found=unknown[0], allowed=_some_of(known, unknown[0]))


def _some_of(known: set[str], found: str) -> str:
    """All names, or of many those that are most like what was found."""
    if len(known) <= _NAMES_SHOWN:
        return ", ".join(sorted(known))
    near = get_close_matches(found, sorted(known), n=_NAMES_SHOWN // 3, cutoff=0)
    return _("{names} and {count} others", names=", ".join(near), count=len(known) - len(near))
