"""Metrics as SQL: formulas checked against the contracts of their marts, and metrics in them put in place.

An aggregated metric is an expression over the rows of its mart, which Superset and `mart_metric` use; one of
`kind: column` has a value in each row and becomes a column of the mart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import Column, Contract, load_contract
from cockpit.rulebook.metrics import Metric, MetricRules, PlacedMetric
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.formula import (
    Names,
    Term,
    ValueType,
    check_formula,
    finished,
    named_columns,
    parse_formula,
    quotient,
    replaced,
    restricted,
    value_type,
)
from cockpit.warehouse.sql_text import Query, Value, parse_query, with_values

_DIALECT = "postgres"
# The clock is known when a mart is built, not when somebody looks at a dashboard.
_CLOCK: Mapping[str, ValueType] = {"as_of": "time", "business_date": "date"}
# The column by whose months a metric is followed, unless it says otherwise.
_MONTH = "month"


@dataclass(frozen=True)
class CompiledMetric:
    """A metric whose formula fits its mart.

    Attributes:
        origin: `file:line`.
        expression: SQL over the columns of the mart, metrics in it put in place.
        numerator: The part of the rows of a group that can be summed over groups: all of an additive metric, the upper
            part of a ratio; None where sums mean nothing.
        denominator: The lower part of a ratio, if it can be summed.
        columns: Those of the mart that it names.
        uses: Ids of the metrics that its formula names.
        month: Column by whose months it is followed; None when it is not.
    """

    metric: Metric
    origin: str
    mart: str
    expression: str
    numerator: str | None
    denominator: str | None
    columns: tuple[str, ...]
    uses: tuple[str, ...]
    month: str | None

    @property
    def id(self) -> str:
        """Its name."""
        return self.metric.id


@dataclass(frozen=True)
class MetricFault:
    """Why a metric cannot be used.

    Attributes:
        mart: The only table that it concerns; None when that cannot be told.
    """

    error: RuleFileError
    mart: str | None


@dataclass(frozen=True)
class MetricBook:
    """All metrics of a workspace beside the marts that they are about.

    Attributes:
        contracts: Of the marts, by table, with the columns that metrics add.
        metrics: Those that fit, by id, each after the ones that it names.
    """

    contracts: Mapping[str, Contract] = field(default_factory=dict)
    metrics: Mapping[str, CompiledMetric] = field(default_factory=dict)
    faults: tuple[MetricFault, ...] = ()

    def of(self, mart: str) -> list[CompiledMetric]:
        """The aggregated metrics of a mart."""
        return [each for each in self.metrics.values() if each.mart == mart and each.metric.kind != "column"]

    def columns_of(self, mart: str) -> list[CompiledMetric]:
        """The metrics that are columns of a mart."""
        return [each for each in self.metrics.values() if each.mart == mart and each.metric.kind == "column"]

    def require_right(self) -> None:
        """Refuse to go on while a metric is wrong.

        Raises:
            RuleFileError: the first fault.
        """
        if self.faults:
            raise self.faults[0].error

    def fault_of(self, mart: str) -> RuleFileError | None:
        """Why a mart cannot be built."""
        return next((fault.error for fault in self.faults if fault.mart in (mart, None)), None)

    def __getitem__(self, name: str) -> CompiledMetric:
        """The metric of that id.

        Raises:
            RuleFileError: it is wrong, or there is none.
        """
        if name not in self.metrics:
            self.require_right()
            raise RuleFileError(_("unknown metric"), found=name, allowed=", ".join(sorted(self.metrics)))
        return self.metrics[name]


def metric_book(workspace: Workspace) -> MetricBook:
    """The metrics of a workspace beside the contracts of its marts.

    Raises:
        RuleFileError: a contract is wrong.
    """
    folder = workspace.models_folder / "marts"
    return compile_metrics(workspace, [load_contract(path) for path in sorted(folder.glob("*.yml"))])


def compile_metrics(workspace: Workspace, contracts: Iterable[Contract]) -> MetricBook:
    """Check every metric; what is wrong with some is told in `faults`, and does not hide the others.

    Args:
        workspace: Its metrics and parameters.
        contracts: Of all marts, as written.
    """
    settings = workspace.settings
    parameters = {"currency": settings.currency, "time_zone": settings.time_zone, **workspace.parameters}
    compiler = _Compiler(workspace.metrics, {each.table: each for each in contracts}, parameters)
    broken = workspace.broken_rules.get("metrics")
    faults = ([MetricFault(broken, None)] if broken else []) + compiler.faults
    return MetricBook(compiler.extended_contracts(), compiler.compiled, tuple(faults))


def with_metric_columns(query: Query, metrics: Iterable[CompiledMetric]) -> Query:
    """The SQL of a mart with the columns that metrics add to its rows."""
    added = [f"{metric.expression} as {metric.id}" for metric in metrics]
    if not added:
        return query
    own = [f"mart.{name}" for name in query.columns]
    text = f"select {', '.join(own + added)} from (\n{query.text}\n) as mart"
    return parse_query(text, "metrics")


class _Compiler:
    def __init__(self, rules: MetricRules, contracts: Mapping[str, Contract], parameters: Mapping[str, Value]) -> None:
        self._placed = {placed.metric.id: placed for placed in rules.metrics}
        self._contracts = contracts
        self._parameters = parameters
        self._types: dict[str, ValueType] = {
            name: "number" if isinstance(value, int | float) else "text" for name, value in parameters.items()
        }
        self._trees: dict[str, exp.Expr] = {}
        self._path: list[str] = []
        self._failed: set[str] = set()
        self.compiled: dict[str, CompiledMetric] = {}
        self.faults: list[MetricFault] = []
        for placed in rules.metrics:
            self._try(placed)

    def extended_contracts(self) -> dict[str, Contract]:
        """The contracts with the columns that metrics add."""
        added: dict[str, dict[str, Column]] = {}
        for each in self.compiled.values():
            metric = each.metric
            if metric.kind == "column":
                added.setdefault(each.mart, {})[metric.id] = Column(
                    type="numeric",
                    unit=metric.unit,
                    description=f"{metric.name}: {metric.description}",
                    description_zh=f"{metric.name_zh}：{metric.description_zh}",
                )
        return {
            name: contract.model_copy(update={"columns": {**contract.columns, **added[name]}})
            if name in added
            else contract
            for name, contract in self._contracts.items()
        }

    def _try(self, placed: PlacedMetric) -> None:
        try:
            self._compile(placed)
        except RuleFileError as error:
            self._path.clear()
            self._failed.add(placed.metric.id)
            mart = placed.metric.mart if placed.metric.mart in self._contracts else None
            if not any(str(fault.error) == str(error) for fault in self.faults):
                self.faults.append(MetricFault(error, mart))

    def _compile(self, placed: PlacedMetric) -> CompiledMetric:
        metric = placed.metric
        if metric.id in self.compiled:
            return self.compiled[metric.id]
        if metric.id in self._path:
            raise RuleFileError(
                _("metrics are made of each other in a circle"),
                where=placed.place(),
                found=" -> ".join([*self._path[self._path.index(metric.id) :], metric.id]),
            )
        self._path.append(metric.id)
        trees = {key: parse_formula(text, placed.place(key)) for key, text in metric.parts.items()}
        condition = parse_formula(metric.where, placed.place("where")) if metric.where else None
        mart = self._mart(placed, trees)
        contract = self._contracts[mart]
        self._require_a_free_name(placed, contract)
        used = self._used(placed, trees, mart)
        names = self._names(metric, contract)
        put = {name: self._trees[name] for name in used if self._is_put_in(metric, name)}
        resolved = {key: replaced(tree, put) for key, tree in trees.items()}
        terms = {key: self._term(placed, key, tree, names) for key, tree in resolved.items()}
        if condition is not None:
            self._require_condition(placed, condition, names)
            resolved = {key: restricted(tree, condition) for key, tree in resolved.items()}
        self._require_kind(placed, terms)
        compiled = self._compiled(placed, mart, resolved, terms, used)
        self._path.pop()
        self.compiled[metric.id] = compiled
        return compiled

    def _mart(self, placed: PlacedMetric, trees: Mapping[str, exp.Expr]) -> str:
        """The mart that it names, else that of the first metric in its formula."""
        metric = placed.metric
        if metric.mart is None:
            for tree in trees.values():
                for name in named_columns(tree):
                    if name in self._placed:
                        return self._compile(self._placed[name]).mart
            raise RuleFileError(
                _("names no metric, so that nothing says which mart it is about"),
                where=placed.place(),
                fix=_("Add '{name}: ...'.", name="mart"),
            )
        # The table of all metrics cannot be made of metrics about itself.
        marts = sorted(name for name, contract in self._contracts.items() if not contract.from_metrics)
        if metric.mart not in marts:
            raise RuleFileError(
                _("there is no such mart"),
                where=placed.place("mart"),
                found=metric.mart,
                allowed=", ".join(marts),
            )
        return metric.mart

    def _require_a_free_name(self, placed: PlacedMetric, contract: Contract) -> None:
        if placed.metric.id in contract.columns:
            raise RuleFileError(
                _("{table} has a column of this name", table=contract.table),
                where=placed.place("id"),
                found=placed.metric.id,
                fix=_("Give the metric a name of its own."),
            )
        if placed.metric.kind == "column" and contract.built_by:
            raise RuleFileError(
                _("the rows of {table} come from a function, to which no column can be added", table=contract.table),
                where=placed.place("kind"),
            )

    def _used(self, placed: PlacedMetric, trees: Mapping[str, exp.Expr], mart: str) -> tuple[str, ...]:
        """The metrics that its formula names, all of them about the same mart."""
        found: dict[str, None] = {}
        for key, tree in trees.items():
            for name in named_columns(tree):
                if name in self._contracts[mart].columns or name not in self._placed:
                    continue
                if name in self._failed:
                    raise RuleFileError(_("names a metric that is wrong itself"), where=placed.place(key), found=name)
                other = self._compile(self._placed[name])
                if other.mart != mart:
                    raise RuleFileError(
                        _(
                            "mixes marts: {name} is about {other}, this one about {mart}",
                            name=name,
                            other=other.mart,
                            mart=mart,
                        ),
                        where=placed.place(key),
                        found=name,
                        fix=_("Join them in a mart of their own, and take both from there."),
                    )
                found[name] = None
        return tuple(found)

    def _is_put_in(self, metric: Metric, name: str) -> bool:
        """Whether a metric is replaced by its formula; over many rows a column that one made is read like others."""
        return self._placed[name].metric.kind != "column" or metric.kind == "column"

    def _names(self, metric: Metric, contract: Contract) -> Names:
        columns = {name: value_type(column.type) for name, column in contract.columns.items()}
        metrics = [
            placed.metric.id
            for placed in self._placed.values()
            if placed.metric.mart in (contract.table, None) and placed.metric.id != metric.id
        ]
        made = {name: "number" for name in metrics if self._placed[name].metric.kind == "column"}
        if metric.kind != "column":
            columns |= dict.fromkeys(made, "number")
        return Names(columns, {**_CLOCK, **self._types}, tuple(sorted(set(metrics) - set(made))))

    def _term(self, placed: PlacedMetric, key: str, tree: exp.Expr, names: Names) -> Term:
        where, metric = placed.place(key), placed.metric
        term = check_formula(tree, names, where)
        if term.type not in ("number", "null"):
            raise RuleFileError(
                _("a metric is a number, and this is of the type {type}", type=term.type),
                where=where,
                found=metric.parts[key],
            )
        if metric.kind == "column":
            if term.level == "group":
                raise RuleFileError(
                    _("an aggregate is not for 'kind: column', which has a value in every row"),
                    where=where,
                    found=metric.parts[key],
                    allowed="additive, ratio, statistic",
                )
            return term
        if term.level == "row":
            raise RuleFileError(
                _("has columns of single rows; a metric is about many"),
                where=where,
                found=metric.parts[key],
                fix=_("Put each column into an aggregate such as sum(...)."),
            )
        self._require_no_clock(placed, key, tree)
        return term

    def _require_no_clock(self, placed: PlacedMetric, key: str, tree: exp.Expr) -> None:
        clock = sorted({node.name for node in tree.find_all(exp.Placeholder)} & set(_CLOCK))
        if clock:
            raise RuleFileError(
                _("the clock is known to marts, not to dashboards"),
                where=placed.place(key),
                found=f":{clock[0]}",
                fix=_("Use a column of the mart that holds what the clock decides."),
            )

    def _require_condition(self, placed: PlacedMetric, condition: exp.Expr, names: Names) -> None:
        where = placed.place("where")
        term = check_formula(condition, names, where)
        if term.type != "boolean" or term.level != "row":
            raise RuleFileError(
                _("is no condition on columns"), where=where, found=placed.metric.where, allowed="stage = 'won'"
            )
        self._require_no_clock(placed, "where", condition)

    def _require_kind(self, placed: PlacedMetric, terms: Mapping[str, Term]) -> None:
        if placed.metric.kind == "additive" and not terms["formula"].is_additive:
            raise RuleFileError(
                _("is not additive: its value over all rows is not the sum over parts of them"),
                where=placed.place("formula"),
                found=placed.metric.formula,
                allowed=_("sum, count without distinct, + and - of them, * and / by a number"),
                fix=_("Write 'kind: ratio' with numerator and denominator, or 'kind: statistic'."),
            )

    def _compiled(
        self,
        placed: PlacedMetric,
        mart: str,
        trees: Mapping[str, exp.Expr],
        terms: Mapping[str, Term],
        used: tuple[str, ...],
    ) -> CompiledMetric:
        metric = placed.metric
        if metric.kind == "ratio":
            tree = quotient(trees["numerator"], trees["denominator"], metric.when_zero)
        else:
            tree = trees["formula"]
        self._trees[metric.id] = tree
        is_summable = metric.kind == "additive" or (
            metric.kind == "ratio" and all(term.is_additive for term in terms.values())
        )
        parts = [*trees.values()] if is_summable else []
        return CompiledMetric(
            metric=metric,
            origin=placed.place(),
            mart=mart,
            expression=self._sql(tree, metric),
            numerator=self._sql(parts[0], metric) if parts else None,
            denominator=self._sql(parts[1], metric) if len(parts) > 1 else None,
            columns=named_columns(tree),
            uses=used,
            month=self._month(placed, self._contracts[mart]),
        )

    def _sql(self, tree: exp.Expr, metric: Metric) -> str:
        done = finished(tree)
        # A mart's SQL has its parameters filled in when it is built.
        return (done if metric.kind == "column" else with_values(done, self._parameters)).sql(dialect=_DIALECT)

    def _month(self, placed: PlacedMetric, contract: Contract) -> str | None:
        if placed.metric.kind == "column":
            return None
        named = placed.metric.month or (_MONTH if _MONTH in contract.columns else None)
        if named is None:
            return None
        dates = [
            name
            for name, column in contract.columns.items()
            if column.type == "date" and (name == _MONTH or name.endswith(f"_{_MONTH}"))
        ]
        if named not in dates:
            raise RuleFileError(
                _("is no column with first days of months"),
                where=placed.place("month"),
                found=named,
                allowed=", ".join(dates),
            )
        return named
