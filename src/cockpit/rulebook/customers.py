"""How customers are classed: stages of their life in `lifecycle.yml`, recency, frequency and money in `rfm.yml`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import Field, model_validator

from cockpit.i18n import _
from cockpit.rulebook.files import MisfitError, Rule, load

Stage: TypeAlias = Literal["prospect", "new", "active", "loyal", "recovered", "silent", "lost"]
STAGES: tuple[Stage, ...] = get_args(Stage)

# High or low recency, frequency and money, in this order.
Cell: TypeAlias = Annotated[str, Field(pattern=r"^[HL]{3}$")]
_CELLS = 8
# Scores are 1 to 5: four bounds part them.
_BOUNDS = 4


class StageRule(Rule):
    """What a stage is called and how great the risk is that its customers are lost.

    Attributes:
        churn_risk: Divisor of what a customer is worth: 1 for no risk, 2 for a customer who is as good as lost. Never
            below 1, so that nobody is worth more than has been earned.
    """

    name_en: str = Field(min_length=2)
    name_zh: str = Field(min_length=1)
    churn_risk: float = Field(ge=1, le=10)


class Thresholds(Rule):
    """Where a stage ends, in days and orders.

    Attributes:
        new_days: A customer is new for so many days from the first order.
        recovered_days: A customer who orders again after a silence counts as recovered for so long.
        silent_after_days: Without an order for more than so many days a customer is silent,
        lost_after_days: and for more than so many lost.
        loyal_orders, loyal_days: Loyal is who, with the last order, made so many within so many days.
    """

    new_days: int = Field(ge=1)
    recovered_days: int = Field(ge=1)
    silent_after_days: int = Field(ge=1)
    lost_after_days: int = Field(ge=2)
    loyal_orders: int = Field(ge=2)
    loyal_days: int = Field(ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not max(self.new_days, self.recovered_days) <= self.silent_after_days < self.lost_after_days:
            raise MisfitError(
                _("stages would end before they begin"),
                "silent_after_days",
                allowed="new_days, recovered_days <= silent_after_days < lost_after_days",
            )
        return self


class LifecycleExample(Rule):
    """Days of orders and the stage that has to come out; the tests ask PostgreSQL."""

    orders: tuple[date, ...]
    day: date
    stage: Stage


class LifetimeValueExample(Rule):
    """A customer of a stage and what it has to be worth."""

    stage: Stage
    ordered_amount: Decimal
    service_cost: Decimal
    lifetime_value: Decimal


class Lifecycle(Rule):
    """Contents of `lifecycle.yml`.

    Attributes:
        months: Months whose transitions are shown, up to the last one that has ended.
    """

    version: int = 1
    months: int = Field(ge=1, le=240)
    thresholds: Thresholds
    stages: dict[Stage, StageRule]
    examples: tuple[LifecycleExample, ...] = ()
    lifetime_value_examples: tuple[LifetimeValueExample, ...] = ()

    @model_validator(mode="after")
    def _names_all(self) -> Self:
        missing = [stage for stage in STAGES if stage not in self.stages]
        if missing:
            raise MisfitError(_("a stage is missing: {stage}", stage=missing[0]), "stages", allowed=", ".join(STAGES))
        return self


class CellRule(Rule):
    """What one of the eight cells is called."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    name_en: str = Field(min_length=2)
    name_zh: str = Field(min_length=1)


class Rfm(Rule):
    """Contents of `rfm.yml`.

    Attributes:
        window_days: Orders of so many days count for frequency and money; recency looks back without end.
        recency_days: Days since the last order up to which the score is 5, 4, 3, 2; beyond it is 1.
        frequency_orders: Orders from which on the score is 2, 3, 4, 5; below it is 1.
        monetary_amount: The same for their net amount, in the workspace's currency.
        high_from: Score from which on a customer stands high.
        cells: Names of the eight cells by high or low recency, frequency and money.
    """

    version: int = 1
    window_days: int = Field(ge=1)
    recency_days: tuple[int, ...] = Field(min_length=_BOUNDS, max_length=_BOUNDS)
    frequency_orders: tuple[int, ...] = Field(min_length=_BOUNDS, max_length=_BOUNDS)
    monetary_amount: tuple[Decimal, ...] = Field(min_length=_BOUNDS, max_length=_BOUNDS)
    high_from: int = Field(ge=2, le=5)
    cells: dict[Cell, CellRule] = Field(min_length=_CELLS)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        for name in ("recency_days", "frequency_orders", "monetary_amount"):
            if any(low >= high for low, high in pairwise(getattr(self, name))):
                raise MisfitError(_("its bounds do not rise"), name)
        return self


class CustomerRules(Rule):
    """How a workspace classes its customers."""

    lifecycle: Lifecycle
    rfm: Rfm

    def parameters(self) -> dict[str, float | str]:
        """Values that SQL models use as `:name`: numbers of days and orders, bounds as arrays, names as JSON."""
        thresholds = self.lifecycle.thresholds.model_dump()
        stages = [{"stage": stage, **rule.model_dump()} for stage, rule in self.lifecycle.stages.items()]
        cells = [{"cell": cell, **rule.model_dump()} for cell, rule in self.rfm.cells.items()]
        return {
            **{f"lifecycle_{name}": value for name, value in thresholds.items()},
            "lifecycle_months": self.lifecycle.months,
            "lifecycle_stages": json.dumps(stages, ensure_ascii=False),
            "rfm_window_days": self.rfm.window_days,
            # A score ends with its last day, and the next one begins on the day after.
            "rfm_recency_bounds": _array(bound + 1 for bound in self.rfm.recency_days),
            "rfm_frequency_bounds": _array(self.rfm.frequency_orders),
            "rfm_monetary_bounds": _array(self.rfm.monetary_amount),
            "rfm_high_from": self.rfm.high_from,
            "rfm_cells": json.dumps(cells, ensure_ascii=False),
        }


def _array(values: Iterable[int | Decimal]) -> str:
    """An array as PostgreSQL reads it."""
    return "{" + ",".join(map(str, values)) + "}"


def load_customer_rules(lifecycle: Path, rfm: Path) -> CustomerRules:
    """Read both files.

    Raises:
        RuleFileError: one is missing or does not fit, with file and line.
    """
    return CustomerRules(lifecycle=load(lifecycle, Lifecycle), rfm=load(rfm, Rfm))
