"""The models of a workspace: contracts and SQL from include/sql, staging generated from the sources' mappings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import LAYERS, Contract, load_contract
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse import staging
from cockpit.warehouse.sql_text import Query, parse_expression, parse_query

# Each layer may read itself and the one before; marts never read staging.
_READABLE = {
    "staging": {"raw", "staging"},
    "core": {"staging", "core"},
    # The ledger is about loads, not about the business, so no layer stands between it and its mart.
    "marts": {"core", "marts", "ops"},
}

# Bookkeeping that a mart may show.
_BOOKKEEPING = frozenset({"ops.import_ledger", "ops.schema_change"})

# What every build knows besides the parameters of workspace.yml.
CLOCK_PARAMETERS = ("as_of", "business_date", "time_zone", "currency")


@dataclass(frozen=True)
class Model:
    """One table or view and how it is computed.

    Attributes:
        layer: Schema it lives in.
        query: Its SQL; None when a pipeline function builds it.
        origin: File for messages.
    """

    layer: str
    contract: Contract
    query: Query | None
    origin: Path

    @property
    def name(self) -> str:
        """Table name; unique over all layers."""
        return self.contract.table

    @property
    def qualified_name(self) -> str:
        """Schema and table."""
        return f"{self.layer}.{self.contract.table}"

    @cached_property
    def reads(self) -> frozenset[str]:
        """Schema-qualified names of the tables it is computed from."""
        return self.query.reads if self.query else frozenset(self.contract.reads)

    @property
    def is_about_loads(self) -> bool:
        """Whether it shows bookkeeping, which grows with each run, instead of the business."""
        return any(name.startswith("ops.") for name in self.reads)

    @property
    def is_gated(self) -> bool:
        """Whether a check may hold single rows back, so that each row carries a flag."""
        return any(check.on_fail == "quarantine" for check in self.contract.checks)

    @cached_property
    def definition(self) -> str:
        """Changes whenever another table could come out of the same data."""
        parts = [self.contract.model_dump_json(), self.query.text if self.query else self.contract.built_by]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ModelGraph:
    """All models of a workspace, each after the ones that it reads."""

    models: Mapping[str, Model]

    def __getitem__(self, name: str) -> Model:
        """The model of that table name.

        Raises:
            RuleFileError: there is none.
        """
        if name not in self.models:
            raise RuleFileError(_("unknown model"), found=name, allowed=", ".join(self.models))
        return self.models[name]

    def layer(self, layer: str) -> list[Model]:
        """Models of one layer in building order."""
        return [model for model in self.models.values() if model.layer == layer]

    def typed(self, source: str) -> list[Model]:
        """The typed staging models of one source."""
        return [model for model in self.layer("staging") if model.name.startswith(f"stg_{source}__")]

    def conformed(self) -> list[Model]:
        """The staging models that core reads; one that no source feeds is an empty table."""
        return [model for model in self.layer("staging") if "__" not in model.name]

    def upstream(self, model: Model) -> list[Model]:
        """Models that this one reads (raw tables and bookkeeping are not models)."""
        return [
            self.models[name.split(".")[1]] for name in sorted(model.reads) if not name.startswith(("raw.", "ops."))
        ]

    def downstream(self, model: Model) -> list[Model]:
        """Models that read this one."""
        return [other for other in self.models.values() if model.qualified_name in other.reads]


def load_models(workspace: Workspace) -> ModelGraph:
    """Read every model, check that they fit together, and put them in building order.

    A process that asks again for the same workspace gets the same graph: a task does so twice.

    Raises:
        RuleFileError: a contract without SQL or the reverse, columns that differ between the two, an unknown
            table, column or parameter, a layer read upwards, or a cycle; always before anything runs.
    """
    known = _LOADED.get(id(workspace))
    if known is None:
        graph = _load(workspace)
        _LOADED.clear()
        # The workspace is kept so that its identity is not given to another.
        _LOADED[id(workspace)] = known = (workspace, graph)
    return known[1]


_LOADED: dict[int, tuple[Workspace, ModelGraph]] = {}


def _load(workspace: Workspace) -> ModelGraph:
    raw_tables = {f"raw.{name}" for name in staging.raw_tables(workspace)}
    models = list(_read_models(workspace))
    known = {model.qualified_name for model in models} | raw_tables | _BOOKKEEPING
    parameters = {*CLOCK_PARAMETERS, *workspace.parameters}
    for model in models:
        _check(model, known)
        _check_expressions(model, parameters)
    return ModelGraph(_in_building_order(models))


def _read_models(workspace: Workspace) -> Iterable[Model]:
    for entity in staging.source_entities(workspace):
        contract, sql = staging.source_model(entity)
        origin = workspace.folder / workspace.settings.sources / f"{entity.source}.yml"
        # Generated, so that nobody has to be told of faults in it: parsed only when it is rendered.
        reads = frozenset({f"raw.{entity.raw_table}"})
        yield Model("staging", contract, Query(sql, reads, tuple(contract.columns)), origin)
    for layer in LAYERS[1:]:
        folder = workspace.models_folder / layer
        contracts = {path.stem: path for path in sorted(folder.glob("*.yml"))}
        orphans = sorted({path.stem for path in folder.glob("*.sql")} - set(contracts))
        if orphans:
            raise RuleFileError(
                _("a model needs a contract beside its SQL"),
                where=f"{folder / orphans[0]}.sql:1",
                allowed=f"{orphans[0]}.yml",
            )
        for name, path in contracts.items():
            contract = load_contract(path)
            sql_file = path.with_suffix(".sql")
            if layer == "staging":
                contract, sql = staging.conformed_model(workspace, contract, path)
                yield Model(layer, contract, parse_query(sql, path), path)
            elif sql_file.exists() and not contract.built_by:
                yield Model(layer, contract, parse_query(sql_file.read_text(encoding="utf-8"), sql_file), sql_file)
            elif contract.built_by and not sql_file.exists():
                yield Model(layer, contract, None, path)
            else:
                raise RuleFileError(
                    _("a model has either an SQL file or built_by"),
                    where=f"{path}:1",
                    allowed=f"{name}.sql | built_by: module:function",
                )


def _check(model: Model, known: set[str]) -> None:
    where = f"{model.origin}:1"
    unknown = sorted(model.reads - known)
    if unknown:
        raise RuleFileError(
            _("reads an unknown table"), where=where, found=unknown[0], allowed=", ".join(sorted(known))
        )
    upwards = sorted(name for name in model.reads if name.split(".")[0] not in _READABLE[model.layer])
    if upwards:
        raise RuleFileError(
            _("reads a layer that it must not read"),
            where=where,
            found=upwards[0],
            allowed=", ".join(sorted(_READABLE[model.layer])),
        )
    if model.layer == "marts" and not model.contract.row_scope:
        raise RuleFileError(
            _("a mart says by which column its rows are permitted"),
            where=where,
            fix=_("Add row_scope with kind and column."),
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
        for message, names in (
            (_("the SQL gives columns that the contract does not describe"), produced - promised),
            (_("the contract describes columns that the SQL does not give"), promised - produced),
        ):
            if names:
                raise RuleFileError(message, where=where, found=", ".join(sorted(names)))
    incremental = model.contract.incremental
    if incremental:
        stray = sorted(set(incremental.reads) - model.reads)
        if stray:
            raise RuleFileError(
                _("incremental.reads names a table that the model does not read"),
                where=where,
                found=stray[0],
                allowed=", ".join(sorted(model.reads)),
            )


def _check_expressions(model: Model, parameters: set[str]) -> None:
    """Names in SQL and conditions that nothing stands for would fail only when data are there."""
    if model.query:
        _refuse_unknown(_("uses an unknown parameter"), model, model.query.parameters, parameters)
    for check in model.contract.checks:
        if check.condition:
            condition = parse_expression(check.condition, model.origin)
            rule = check.rule_id
            message = _("the condition of {rule} uses an unknown parameter", rule=rule)
            _refuse_unknown(message, model, condition.parameters, parameters)
            message = _("the condition of {rule} names an unknown column", rule=rule)
            _refuse_unknown(message, model, condition.columns, set(model.contract.columns))


def _refuse_unknown(message: str, model: Model, names: frozenset[str], known: set[str]) -> None:
    unknown = sorted(names - known)
    if unknown:
        raise RuleFileError(message, where=f"{model.origin}:1", found=unknown[0], allowed=", ".join(sorted(known)))


def _in_building_order(models: list[Model]) -> dict[str, Model]:
    by_name = {model.qualified_name: model for model in models}
    ordered: dict[str, Model] = {}
    path: list[str] = []

    def visit(model: Model) -> None:
        if model.name in ordered:
            return
        if model.name in path:
            raise RuleFileError(
                _("models read each other in a circle"),
                where=f"{model.origin}:1",
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
