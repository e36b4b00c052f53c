"""The least weight at which a machine may join pairs, for a stated precision of what it joins.

Where enough pairs have an answer, the answers decide: the share that is right of those at or above a weight, less what
chance may have added (the lower end of the exact binomial interval, Clopper and Pearson 1934). Else the model's own
probabilities do: their mean over the pairs at or above a weight is the precision that the model itself expects there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from cockpit.domain.match.fields.values import Levels
from cockpit.domain.match.model import Floats, MatchModel
from cockpit.domain.match.rule import MatchRule

# How sure the lower end of an interval is.
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Threshold:
    """Where joining begins.

    Attributes:
        weight: log2 odds; above every pair when no weight reaches the precision.
        precision: That is expected of the pairs at or above it, 0 to 1; of answers the lower end of the interval.
            1 when there is none.
        pair_count: Pairs at or above it.
        found_by: What the precision was found by.
    """

    weight: float
    precision: float
    pair_count: int
    found_by: Literal["answers", "model"]


def find(
    weight: Floats,
    precision: float,
    *,
    least: float = -np.inf,
    answered: Floats | None = None,
    is_same: npt.NDArray[np.bool_] | None = None,
) -> Threshold:
    """The least weight from which pairs reach a precision.

    Args:
        weight: log2 odds of the pairs that might be joined.
        precision: Share of those joined that are to be right, 0 to 1.
        least: It is not less than this.
        answered: log2 odds of pairs that people answered, which must not have been chosen because of their answer;
            pairs that are harder than most only make it more careful.
        is_same: Their answers.
    """
    if answered is not None and is_same is not None and int((answered >= 0).sum()) >= answers_needed(precision):
        return _by_answers(weight, precision, least, answered, is_same)
    return _by_model(weight, precision, least)


def answers_needed(precision: float) -> int:
    """So many answers prove a precision when all of them are right."""
    return int(np.ceil(np.log(1 - _CONFIDENCE) / np.log(precision)))


def lower_end(right: npt.NDArray[np.int64], count: npt.NDArray[np.int64]) -> Floats:
    """What share is at least right, given how many of so many were; one-sided."""
    found = betaincinv(np.maximum(right, 1), count - right + 1, 1 - _CONFIDENCE)
    return np.asarray(np.where(right > 0, found, 0.0))


def with_threshold(rule: MatchRule, model: MatchModel) -> MatchRule:
    """The rule with the threshold that a model has for its stated precision; as it is where the model has none."""
    if model.merge_at is None:
        return rule
    review_at = min(rule.review_at, model.merge_at)
    return rule.model_copy(update={"merge_at": model.merge_at, "review_at": review_at})


def least_of(rule: MatchRule) -> float:
    """What no threshold may be below: pairs without the proof that the rule asks for stay below it."""
    return max((float(np.nextafter(proof.at_most, np.inf)) for proof in rule.proof), default=-np.inf)


def frozen(model: MatchModel, rule: MatchRule, weight: Floats, vetoes: Levels) -> MatchModel:
    """The model with the threshold for the precision that its rule states, by its own probabilities.

    Args:
        model: As it was learnt.
        rule: As the file has it; without a precision the model stays as it is.
        weight: log2 odds of all compared pairs.
        vetoes: What keeps each of them apart, 0 for nothing.
    """
    if rule.precision is None:
        return model
    return replace(model, merge_at=find(weight[vetoes == 0], rule.precision, least=least_of(rule)).weight)


def _by_answers(
    weight: Floats, precision: float, least: float, answered: Floats, is_same: npt.NDArray[np.bool_]
) -> Threshold:
    order = np.argsort(-answered, kind="stable")
    descending, right = answered[order], np.cumsum(is_same[order].astype(np.int64))
    ends = _ends(descending)
    lower = lower_end(right[ends], ends + 1)
    reached = np.flatnonzero((lower >= precision) & (descending[ends] >= least))
    if not len(reached):
        return _none(np.concatenate([weight, answered]), "answers")
    place = reached[-1]
    at = float(descending[ends[place]])
    return Threshold(at, float(lower[place]), int((weight >= at).sum()), "answers")


def _by_model(weight: Floats, precision: float, least: float) -> Threshold:
    descending = np.sort(weight)[::-1]
    if not len(descending):
        return _none(weight, "model")
    expected = np.cumsum(1 / (1 + np.exp2(-np.clip(descending, -60, 60)))) / np.arange(1, len(descending) + 1)
    ends = _ends(descending)
    reached = np.flatnonzero((expected[ends] >= precision) & (descending[ends] >= least))
    if not len(reached):
        return _none(weight, "model")
    last = int(ends[reached[-1]])
    return Threshold(float(descending[last]), float(expected[last]), last + 1, "model")


def _ends(descending: Floats) -> npt.NDArray[np.int64]:
    """Positions at which each run of equal weights ends: pairs of one weight are joined together or not at all."""
    return np.flatnonzero(np.append(descending[1:] != descending[:-1], True))


def _none(weight: Floats, found_by: Literal["answers", "model"]) -> Threshold:
    return Threshold(float(weight.max(initial=0.0)) + 1.0, 1.0, 0, found_by)
