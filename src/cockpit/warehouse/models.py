"""The models of a workspace: contracts and SQL from include/sql, staging generated from the sources' mappings."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import LAYERS, Check, Contract, load_contract
from cockpit.rulebook.survivorship import survivorship_file
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse import completion, conformed, golden, staging
from cockpit.warehouse.metric_table import metric_table
from cockpit.warehouse.metrics import compile_metrics, with_metric_columns
from cockpit.warehouse.segment_rules import check_segments
from cockpit.warehouse.sql_text import Query, Subquery, at_line, parse_expression, parse_query
from cockpit.warehouse.standardised import StandardisedColumn

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

# What every build knows besides the parameters of workspace.yml.
CLOCK_PARAMETERS = ("as_of", "business_date", "time_zone", "currency")


@dataclass(frozen=True)
class Model:
    """One table or view and how it is computed.

    Attributes:
        layer: Schema it lives in.
        query: Its SQL; None when a pipeline function builds it.
        origin: File for messages.
        received: SQL for the texts that `query` finds standardised; None when it standardises nothing.
        standardised: Columns that are standardised between the two.
        fault: Why it is not built and not checked: one of the rule files that it depends on is wrong.
    """

    layer: str
    contract: Contract
    query: Query | None
    origin: Path
    received: Query | None = None
    standardised: tuple[StandardisedColumn, ...] = ()
    fault: RuleFileError | None = None

    def require_rules(self) -> None:
        """Refuse to go on without all rules: no row may pass because one could not be read.

        Raises:
            RuleFileError: its fault.
        """
        if self.fault:
            raise self.fault

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
    def step(self) -> int:
        """Which step of a run builds and checks it: 0 typed, 1 conformed and core, 2 marts."""
        return 0 if self.is_source else 2 if self.layer == "marts" else 1

    @property
    def is_gated(self) -> bool:
        """Whether a check may hold single rows back, so that each row carries a flag."""
        return any(check.on_fail == "quarantine" for check in self.contract.checks)

    @property
    def is_source(self) -> bool:
        """Whether it holds the rows of one source, as that source has them."""
        return self.layer == "staging" and "__" in self.name

    @cached_property
    def looked_at(self) -> frozenset[str]:
        """Tables of staging that its checks ask beside its own; a change there can make its rows right or wrong."""
        asked = {self.referred_table(check) for check in self.contract.checks if check.expect == "references"}
        for check in self.contract.checks:
            if check.condition:
                asked |= parse_expression(check.condition, check.origin or self.origin).reads
        return frozenset(asked) - {self.qualified_name}

    def referred_table(self, check: Check) -> str:
        """`customer.customer_id` in a source's rule means that source's own customers in staging.

        In a model of core or marts `core_customer.customer_key` means that table of core.
        """
        entity = str(check.refers_to).split(".")[0]
        return f"staging.{self.name.split('__')[0]}__{entity}" if self.is_source else f"core.{entity}"

    @cached_property
    def definition(self) -> str:
        """Changes whenever another table could come out of the same data."""
        # Checks look at rows; they make none, except that a table whose rows may be held back has a flag.
        contract = self.contract.model_dump_json(exclude={"checks"})
        parts = [contract, self.query.text if self.query else self.contract.built_by, self.is_gated]
        if self.received:
            parts.append(self.received.text)
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

    @property
    def faults(self) -> list[RuleFileError]:
        """Why models are not built, in building order."""
        return [model.fault for model in self.models.values() if model.fault]

    def layer(self, layer: str) -> list[Model]:
        """Models of one layer in building order."""
        return [model for model in self.models.values() if model.layer == layer]

    def typed(self, source: str) -> list[Model]:
        """The typed staging models of one source."""
        return [model for model in self.layer("staging") if model.name.startswith(f"stg_{source}__")]

    def asking(self, models: Iterable[Model]) -> list[Model]:
        """Typed models of staging whose checks ask these models, without these themselves."""
        names = {model.qualified_name for model in models}
        return [
            model
            for model in self.models.values()
            if model.is_source and model.qualified_name not in names and model.looked_at & names
        ]

    def conformed(self) -> list[Model]:
        """The staging models that core reads; one that no source feeds is an empty table."""
        return [model for model in self.layer("staging") if "__" not in model.name]

    def upstream(self, model: Model) -> list[Model]:
        """Models that this one reads (raw tables and bookkeeping are not models)."""
        return [
            self.models[name.split(".")[1]]
            for name in sorted(model.reads)
            # The tables of a source whose file is wrong are no models.
            if not name.startswith(("raw.", "ops.", "quality.", "mdm.")) and name.split(".")[1] in self.models
        ]

    def gates(self, model: Model) -> list[Model]:
        """Models of the steps before, directly or through others read, whose rows must have passed their checks.

        Checks of a step run when all its models are built: typed tables first, then conformed ones and core, then
        marts.
        """
        found: dict[str, Model] = {}
        waiting = [model]
        while waiting:
            for upstream in self.upstream(waiting.pop()):
                if upstream.name not in found:
                    found[upstream.name] = upstream
                    waiting.append(upstream)
        return [
            each
            for each in found.values()
            if each.step < model.step and any(check.on_fail == "stop" for check in each.contract.checks)
        ]

    def downstream(self, model: Model) -> list[Model]:
        """Models that read this one."""
        return [other for other in self.models.values() if model.qualified_name in other.reads]


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
    raw_tables = {f"raw.{name}" for name in staging.raw_tables(workspace)}
    models = list(_read_models(workspace))
    known = {model.qualified_name for model in models} | raw_tables | _BOOKKEEPING
    parameters = {*CLOCK_PARAMETERS, *workspace.parameters}
    typed = {model.qualified_name: model for model in models if model.is_source}
    by_name = {model.qualified_name: model for model in models}
    segments = _segments_fault(workspace, by_name.get("core.core_customer_profile"), parameters)
    examined: list[Model] = []
    for model in models:
        fault = model.fault or _inherited_fault(workspace, model)
        if model.query and "segments" in model.query.parameters:
            fault = fault or segments
        try:
            _check(model, known)
            _check_expressions(model, parameters, typed)
            _check_via(model, by_name)
            _check_references(model, by_name)
        except RuleFileError as error:
            # What a wrong file does not tell may be all that is missing here.
            broken = [*workspace.broken_sources.values(), *workspace.broken_rules.values()]
            fault = fault or (error if model.is_source else next(iter(broken), None))
            if fault is None:
                raise
        examined.append(_without_rules(model, fault) if fault else model)
    return ModelGraph(_in_building_order(examined))


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


def _check(model: Model, known: set[str]) -> None:
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
    if model.query:
        for name in sorted(model.query.parameters - parameters)[:1]:
            where = _line_of(model, f":{name}")
        _refuse_unknown(_("uses an unknown parameter"), where, model.query.parameters, parameters)
        where = at_line(model.origin)
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


def _in_building_order(models: list[Model]) -> dict[str, Model]:
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
