"""The models of a workspace: contracts and SQL from include/sql, staging generated from the sources' mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import LAYERS, Contract, load_contract
from cockpit.rulebook.survivorship import survivorship_file
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse import completion, conformed, golden, staging
from cockpit.warehouse.metric_table import metric_table
from cockpit.warehouse.metrics import compile_metrics, with_metric_columns
from cockpit.warehouse.model_checks import check_model, in_building_order
from cockpit.warehouse.models import CLOCK_PARAMETERS, Model, ModelGraph
from cockpit.warehouse.segment_rules import check_segments
from cockpit.warehouse.sql_text import Query, parse_query

# Tables that no model makes: bookkeeping that a mart may show, and master data that outlives every rebuild.
_BOOKKEEPING = frozenset(
    {
        "ops.import_ledger",
        "ops.schema_change",
        "quality.held_amount",
        "quality.quarantine",
        "quality.score_daily",
        "mdm.decision",
        "mdm.golden_pin",
        "mdm.golden_version",
        "mdm.membership",
        "mdm.model_use",
    }
)


def load_models(workspace: Workspace) -> ModelGraph:
    """Read every model, check that they fit together, and put them in building order.

    A model that depends on a rule file that is wrong has a fault; the others are as they would be.

    A process that asks again for the same workspace gets the same graph: a task does so twice.

    Raises:
        RuleFileError: in core and marts, a contract without SQL or the reverse, columns that differ between the two,
            an unknown table, column or parameter, a layer read upwards; or a cycle; always before anything runs.
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
    others = {f"raw.{name}" for name in staging.raw_tables(workspace)} | _BOOKKEEPING
    models = list(_read_models(workspace))
    parameters = {*CLOCK_PARAMETERS, *workspace.parameters}
    by_name = {model.qualified_name: model for model in models}
    segments = _segments_fault(workspace, by_name.get("core.core_customer_profile"), parameters)
    examined: list[Model] = []
    for model in models:
        fault = model.fault or _inherited_fault(workspace, model)
        if model.query and "segments" in model.query.parameters:
            fault = fault or segments
        try:
            check_model(model, by_name, others, parameters)
        except RuleFileError as error:
            # What a wrong file does not tell may be all that is missing here.
            broken = [*workspace.broken_sources.values(), *workspace.broken_rules.values()]
            fault = fault or (error if model.is_source else next(iter(broken), None))
            if fault is None:
                raise
        examined.append(_without_rules(model, fault) if fault else model)
    return ModelGraph(in_building_order(examined))


def _inherited_fault(workspace: Workspace, model: Model) -> RuleFileError | None:
    """Why the tables that unite sources, or show what rules say, have to stay as they are."""
    broken = workspace.broken_rules
    if model.query and "product_lines" in model.query.parameters and "product_lines" in broken:
        # Without its lines each product would be taken for unclassified.
        return broken["product_lines"]
    if model.layer == "staging" and not model.is_source:
        # Rows of a source that cannot be read would be taken for gone, as would values that were completed.
        return next(iter(workspace.broken_sources.values()), None) or broken.get("completion")
    shows_quality = model.layer == "marts" and any(name.startswith("quality.") for name in model.reads)
    return broken.get("scores") if shows_quality else None


def _segments_fault(workspace: Workspace, profile: Model | None, parameters: set[str]) -> RuleFileError | None:
    """Why the segments cannot be asked of the customers; those of before stay in force."""
    try:
        check_segments(workspace.segments, profile.contract.columns if profile else (), parameters)
    except RuleFileError as error:
        return error
    return None


def _without_rules(model: Model, fault: RuleFileError) -> Model:
    """A model that is neither built nor checked; its rules may not even be readable."""
    checks = tuple(check for check in model.contract.checks if check == staging.TYPE_CHECK)
    return replace(model, contract=model.contract.model_copy(update={"checks": checks}), fault=fault)


def _read_models(workspace: Workspace) -> Iterable[Model]:
    all_typed: dict[str, staging.TypedModel] = {}
    found_contracts = {layer: _contracts(workspace.models_folder / layer) for layer in LAYERS[1:]}
    indexed = {
        column
        for contracts in found_contracts.values()
        for contract in contracts.values()
        for columns in (contract.grain, *contract.indexes)
        for column in columns
    }
    for entity in staging.source_entities(workspace):
        typed = staging.source_model(entity, workspace.normalisation_folder, indexed)
        all_typed[typed.contract.table] = typed
        origin = workspace.folder / workspace.settings.sources / f"{entity.source}.yml"
        # Generated, so that nobody has to be told of faults in it: parsed only when it is rendered.
        reads = frozenset({f"raw.{entity.raw_table}", entity.overlay})
        columns = tuple(typed.contract.columns)
        received = Query(typed.received, reads, ()) if typed.received else None
        query = Query(typed.sql, reads, columns)
        fault = workspace.quality.fault(f"{entity.source}.{entity.name}") or typed.fault
        yield Model("staging", typed.contract, query, origin, received, typed.standardised, fault)
    metrics = compile_metrics(workspace, found_contracts["marts"].values())
    for layer, contracts in found_contracts.items():
        for path, written in contracts.items():
            sql_file = path.with_suffix(".sql")
            contract, fault = written, None
            if layer == "marts":
                contract, fault = metrics.contracts[written.table], metrics.fault_of(written.table)
            if layer == "staging":
                found = completion.completion_model(workspace, contract, all_typed)
                if found:
                    yield Model(layer, found.contract, found.query, path, fault=found.fault)
                yield _conformed(workspace, contract, path, found.fault if found else None)
            elif contract.survivorship and not sql_file.exists():
                staged = {each.table: each for each in found_contracts["staging"].values()}
                yield _golden(workspace, contract, path, staged)
            elif contract.from_metrics and not sql_file.exists():
                # Without the one that is wrong its rows would be taken for gone.
                fault = fault or next((each.error for each in metrics.faults), None)
                yield Model(layer, contract, parse_query(metric_table(metrics), path), path, fault=fault)
            elif sql_file.exists() and not contract.built_by:
                query = parse_query(sql_file.read_text(encoding="utf-8"), sql_file)
                query = with_metric_columns(query, metrics.columns_of(contract.table))
                yield Model(layer, contract, query, sql_file, fault=fault)
            elif contract.built_by and not sql_file.exists():
                yield Model(layer, contract, None, path, fault=fault)
            else:
                raise RuleFileError(
                    _("a model has either an SQL file or built_by"),
                    where=f"{path}:1",
                    allowed=f"{path.stem}.sql | built_by: module:function",
                )


def _conformed(workspace: Workspace, contract: Contract, path: Path, fault: RuleFileError | None) -> Model:
    try:
        made, sql = conformed.conformed_model(workspace, contract, path)
        return Model("staging", made, parse_query(sql, path), path, fault=fault)
    except RuleFileError as error:
        # A source maps its columns wrongly; what the others conform to goes on.
        return Model("staging", contract, None, path, fault=error)


def _golden(workspace: Workspace, contract: Contract, path: Path, staged: Mapping[str, Contract]) -> Model:
    rules = survivorship_file(workspace.models_folder, str(contract.survivorship))
    try:
        return Model("core", contract, parse_query(golden.golden_sql(workspace, contract, staged), rules), rules)
    except RuleFileError as error:
        # What was chosen before stays; other models go on.
        return Model("core", contract, None, path, fault=error)


def _contracts(folder: Path) -> dict[Path, Contract]:
    """The contracts of a layer by their files."""
    paths = sorted(folder.glob("*.yml"))
    orphans = sorted({path.stem for path in folder.glob("*.sql")} - {path.stem for path in paths})
    if orphans:
        raise RuleFileError(
            _("a model needs a contract beside its SQL"),
            where=f"{folder / orphans[0]}.sql:1",
            allowed=f"{orphans[0]}.yml",
        )
    return {path: load_contract(path) for path in paths}
