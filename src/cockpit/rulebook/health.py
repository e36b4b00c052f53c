"""How healthy an open opportunity is: what each signal takes off 100 points, and which reason is shown for it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load

FULL_SCORE = 100

# What mart_opportunity measures of an open opportunity.
Measure: TypeAlias = Literal[
    "days_since_activity",
    "stage_dwell_ratio",
    "days_overdue",
    "competitor_count",
    "next_step_missing",
    "amount_to_budget_ratio",
]


class Loss(Rule):
    """Points that a signal takes off, with the reason that is shown.

    Attributes:
        lost: Points; none when absent.
        code: Name of the reason, the same for machines in all languages; needed where points are lost.
    """

    lost: float = Field(default=0, ge=0)
    code: str | None = Field(default=None, pattern=IDENTIFIER)
    reason: str | None = Field(default=None, min_length=1)
    reason_zh: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if bool(self.lost) != all((self.code, self.reason, self.reason_zh)):
            raise MisfitError(_("points that are lost need code, reason and reason_zh, no others do"))
        return self


class Band(Loss):
    """Values of a measure from above the band before up to and including `up_to`; the last one has no end."""

    up_to: float | None = None


class Signal(Rule):
    """One measure and what it takes off.

    Attributes:
        weight: Most points that it may take off.
        bands: In rising order; the last one is without an end.
        unknown: What holds when the measure is not known.
    """

    measure: Measure
    weight: float = Field(gt=0, le=FULL_SCORE)
    bands: tuple[Band, ...] = Field(min_length=1)
    unknown: Loss

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        *bounded, last = self.bands
        ends = [band.up_to for band in bounded]
        if last.up_to is not None or None in ends:
            raise MisfitError(_("the last band has no 'up_to', all others have one"), "bands")
        known = [end for end in ends if end is not None]
        if any(after <= before for before, after in pairwise(known)):
            raise MisfitError(_("the bands do not rise"), "bands")
        for loss in (*self.bands, self.unknown):
            if loss.lost > self.weight:
                message = _("a band takes off {lost:g} points, more than the weight", lost=loss.lost)
                raise MisfitError(message, "bands", allowed=f"<= {self.weight:g}")
        return self


class Grades(Rule):
    """Points from which an opportunity is good, and from which it has to be watched; below it is at risk."""

    good: float = Field(gt=0, le=FULL_SCORE)
    watch: float = Field(gt=0, le=FULL_SCORE)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.watch >= self.good:
            raise MisfitError(_("'watch' is not below 'good'"), "watch", allowed=f"< {self.good:g}")
        return self


class Example(Rule):
    """Measures and what has to come of them; the tests build such an opportunity and compare."""

    measures: dict[Measure, float]
    score: float
    grade: Literal["good", "watch", "at_risk"]
    codes: tuple[str, ...]


class Health(Rule):
    """Contents of `health/opportunity.yml`.

    Attributes:
        least_stays: Stays that led on from a stage, of which there have to be so many to say what is typical.
        signals: Their weights add up to 100.
    """

    version: int = 1
    grades: Grades
    least_stays: int = Field(default=20, ge=1)
    signals: tuple[Signal, ...] = Field(min_length=1)
    examples: tuple[Example, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        total = sum(signal.weight for signal in self.signals)
        if total != FULL_SCORE:
            raise MisfitError(_("the weights add up to {total:g}, not to 100", total=total), "signals")
        measures = Counter(signal.measure for signal in self.signals)
        codes = Counter(loss.code for signal in self.signals for loss in (*signal.bands, signal.unknown) if loss.code)
        for repeated in (name for name, count in (*measures.items(), *codes.items()) if count > 1):
            raise MisfitError(_("{name} is used twice", name=repeated), "signals")
        unknown = sorted({code for example in self.examples for code in example.codes} - set(codes))
        if unknown:
            raise MisfitError(_("no band has the code {code}", code=unknown[0]), "examples", allowed=", ".join(codes))
        return self

    def parameters(self) -> dict[str, float | str]:
        """Values that SQL models use as `:name`: one entry of JSON per band, `is_unknown` where it stands for none."""
        bands = [
            _entry(signal, position, band, band.up_to, is_unknown=False)
            for signal in self.signals
            for position, band in enumerate(signal.bands, start=1)
        ]
        unknown = [_entry(signal, 0, signal.unknown, None, is_unknown=True) for signal in self.signals]
        return {
            "health_bands": json.dumps([*bands, *unknown], ensure_ascii=False),
            "health_good_from": self.grades.good,
            "health_watch_from": self.grades.watch,
            "health_least_stays": self.least_stays,
        }


def _entry(signal: Signal, position: int, loss: Loss, up_to: float | None, *, is_unknown: bool) -> dict[str, Any]:
    return {
        "measure": signal.measure,
        "position": position,
        "is_unknown": is_unknown,
        "up_to": up_to,
        "lost": loss.lost,
        "code": loss.code,
        "reason": loss.reason,
        "reason_zh": loss.reason_zh,
    }


def load_health(folder: Path) -> Health:
    """Read `opportunity.yml` of the folder.

    Raises:
        RuleFileError: it is missing or does not fit, with file and line.
    """
    return load(folder / "opportunity.yml", Health)
