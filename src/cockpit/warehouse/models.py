"""Models: tables and views, how each is computed, and which of them read which."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import Check, Contract
from cockpit.warehouse.sql_text import Expression, Query, parse_expression
from cockpit.warehouse.standardised import StandardisedColumn

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

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the values, such as the business date, that its rows depend on."""
        return frozenset(self.query.parameters if self.query else self.contract.parameters)

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
                asked |= self.condition(check).reads
        return frozenset(asked) - {self.qualified_name}

    def condition(self, check: Check) -> Expression:
        """The parsed condition of one of its checks that has one."""
        return parse_expression(str(check.condition), check.origin or self.origin)

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
        contract = self.contract.model_dump_json(exclude={"checks"}, exclude_defaults=True)
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
