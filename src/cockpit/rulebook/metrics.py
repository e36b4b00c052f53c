"""Figures that the business defines, in `include/rules/metrics/*.yml`, one file per subject.

Whether formulas fit the marts is found out with the models (`cockpit.warehouse.metrics`), which know their columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import _, language
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load_with_lines
from cockpit.rulebook.yaml_lines import Location

MetricKind: TypeAlias = Literal["additive", "ratio", "statistic", "column"]
MetricFormat: TypeAlias = Literal["currency", "price", "percent", "number", "days"]

# A formula that is longer is a model; it also bounds how deep one can be nested.
_LONGEST = 2000


class Metric(Rule):
    """One figure.

    Attributes:
        id: Unique over all files; its name in formulas, in Superset and as a column.
        name, name_zh: What people read.
        description, description_zh: What it says, and what is left out.
        mart: Table of marts whose columns the formula names; may be left out where it names metrics only.
        kind: `additive` sums over regions, months and all else; `ratio` is `numerator` by `denominator`, each summed
            first; `statistic` is anything else over many rows, such as a median, and cannot be rolled up; `column` has
            a value in each row and becomes a column of the mart.
        formula: SQL expression over columns of the mart or other metrics of the same mart; not for a ratio.
        numerator, denominator: The two parts of a ratio, each like `formula`.
        when_zero: Value of a ratio whose denominator is 0; null when absent.
        where: SQL condition: only rows for which it is true count.
        unit: What it counts, such as `workspace currency`, `ratio` or `days`.
        format: How it is shown: `currency` in millions or, in Chinese, in 万; `price` in whole units of the currency;
            `percent` of a ratio; `number`; `days`.
        decimals: Digits behind the point; none for `price` and `number`, one for `percent` and `days`; of `currency`
            those of the language.
        direction: Whether a greater value is good: `up`, `down` or `none`.
        month: Column of the mart by whose months `mart_metric` follows it; `month` where the mart has such a column.
        owner: Who answers for the definition.
    """

    id: str = Field(pattern=IDENTIFIER)
    name: str = Field(min_length=2)
    name_zh: str = Field(min_length=1)
    description: str = Field(min_length=3)
    description_zh: str = Field(min_length=2)
    mart: str | None = Field(default=None, pattern=IDENTIFIER)
    kind: MetricKind
    formula: str | None = Field(default=None, min_length=1, max_length=_LONGEST)
    numerator: str | None = Field(default=None, min_length=1, max_length=_LONGEST)
    denominator: str | None = Field(default=None, min_length=1, max_length=_LONGEST)
    when_zero: float | None = None
    where: str | None = Field(default=None, min_length=1, max_length=_LONGEST)
    unit: str = Field(min_length=2)
    format: MetricFormat
    decimals: int | None = Field(default=None, ge=0, le=6)
    direction: Literal["up", "down", "none"]
    month: str | None = Field(default=None, pattern=IDENTIFIER)
    owner: str = Field(min_length=2)

    @property
    def parts(self) -> dict[str, str]:
        """The expressions that it consists of, by their keys."""
        given = {"formula": self.formula, "numerator": self.numerator, "denominator": self.denominator}
        return {key: text for key, text in given.items() if text is not None}

    @property
    def title(self) -> str:
        """Its name in the reader's language."""
        return self.name_zh if language() == "zh" else self.name

    @property
    def meaning(self) -> str:
        """Its description in the reader's language."""
        return self.description_zh if language() == "zh" else self.description

    @model_validator(mode="after")
    def _has_the_parts_of_its_kind(self) -> Self:
        wanted = ("numerator", "denominator") if self.kind == "ratio" else ("formula",)
        for key in ("formula", "numerator", "denominator"):
            if (key in wanted) != (getattr(self, key) is not None):
                message = _("'kind: {kind}' needs {keys}", kind=self.kind, keys=", ".join(wanted))
                raise MisfitError(message, key if key in self.parts else "kind", allowed=", ".join(wanted))
        if self.kind != "ratio" and self.when_zero is not None:
            raise MisfitError(_("is for 'kind: ratio'; a division by zero gives null elsewhere"), "when_zero")
        if self.kind == "column":
            for key in ("where", "month"):
                if getattr(self, key) is not None:
                    raise MisfitError(_("is not for 'kind: column', which has a value in every row"), key)
        if self.format == "currency" and self.decimals is not None:
            raise MisfitError(_("is not for 'format: currency', whose digits follow the language"), "decimals")
        return self


class MetricFile(Rule):
    """Contents of one file."""

    version: int = 1
    metrics: tuple[Metric, ...] = Field(min_length=1)


@dataclass(frozen=True)
class PlacedMetric:
    """A metric and where it stands.

    Attributes:
        lines: Of its keys.
    """

    metric: Metric
    file: Path
    line: int
    lines: dict[Location, int]

    def place(self, key: str | None = None) -> str:
        """`file:line` of a key, or of the metric."""
        return f"{self.file}:{self.lines.get((key,), self.line) if key else self.line}"


@dataclass(frozen=True)
class MetricRules:
    """All metrics of a workspace, in the order of files and lines."""

    metrics: tuple[PlacedMetric, ...] = ()


def load_metrics(folder: Path) -> MetricRules:
    """Read every file of a folder.

    Raises:
        RuleFileError: the folder is missing, a file does not fit, or two metrics have one id.
    """
    if not folder.is_dir():
        raise RuleFileError(
            _("there is no such folder"), where=str(folder), fix=_("Correct 'metrics' in workspace.yml.")
        )
    placed: dict[str, PlacedMetric] = {}
    for file in sorted(folder.glob("*.yml")):
        content, lines = load_with_lines(file, MetricFile)
        for number, metric in enumerate(content.metrics):
            at = ("metrics", number)
            own = {place[2:]: line for place, line in lines.items() if place[:2] == at}
            found = PlacedMetric(metric, file, lines.get(at, 1), own)
            if metric.id in placed:
                raise RuleFileError(
                    _("another metric has this id"),
                    where=found.place("id"),
                    found=metric.id,
                    fix=_("See {place}.", place=placed[metric.id].place("id")),
                )
            placed[metric.id] = found
    return MetricRules(tuple(placed.values()))
