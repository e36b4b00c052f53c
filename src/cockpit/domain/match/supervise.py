"""Learn from people's answers how much each comparison counts, starting from what was learnt without them.

A logistic regression on the bits of the comparisons (`MatchModel.contributions`): each comparison gets a factor, all
together an offset. A Gaussian prior holds them at 1 and 0, the answer of expectation maximisation, so that a few
answers hardly move the model and a thousand do. In a model with related records a factor counts for every class, so
that what says nothing between two classes goes on to say nothing between them.

Answers are no random sample. Most are about pairs that the machine left to a person. Those were chosen by what the
comparisons found, not by the answer, which leaves the share of each answer given the comparisons as it is: they are
taken as they come (Zadrozny 2004, "Learning and evaluating classifiers under sample selection bias"). About a pair
that the machine joined, people speak up when it is wrong: chosen by the answer. Beside such answers stand the other
pairs that the machine joined, each with the probability that the model gives it: as long as few are contradicted they
hold the model where it is (the idea of a prior from a simpler model's predictions: Huang et al. 2020, "Catalytic prior
distributions with application to generalized linear models"). Answers about pairs that the machine kept apart are
chosen by the answer as well, among far more pairs; nothing is learnt from them, they are only obeyed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from cockpit.domain.match.fields.values import MISSING, Hashes, Ints, Levels
from cockpit.domain.match.model import Floats, MatchModel

# How far, in bits, a comparison and the offset are expected to be off before anybody has answered; standard deviation.
_EXPECTED_SLIP = 0.5
# Fewer answers, or fewer of one kind, are not learnt from.
_FEWEST, _FEWEST_OF_KIND = 20, 5
_FOLDS = 5
_BINS = 10
# Calibration errors within this are the same: an estimate from a few hundred answers is no better.
_CALIBRATION_SLACK = 0.01
# Joined pairs that stand beside the answers; more are thinned out.
_MOST_JOINED = 20_000
_LOG2 = float(np.log(2))


@dataclass(frozen=True)
class Pairs:
    """Compared pairs; see `Table.compare`.

    Attributes:
        levels: Pairs x comparisons.
        agreed: Per comparison the hash of the value that both have, 0 where they differ.
    """

    levels: Levels
    agreed: tuple[Hashes, ...]

    def __len__(self) -> int:
        return len(self.levels)

    def take(self, rows: npt.NDArray[np.int64]) -> Pairs:
        """Some of them."""
        return Pairs(self.levels[rows], tuple(column[rows] for column in self.agreed))


@dataclass(frozen=True)
class Answers:
    """What people said about pairs.

    Attributes:
        is_same: Whether each pair is one thing.
        weight: What each counts: pairs that one decision was about share its weight of 1.
        group: Answers of one group are about the same records, so that they are no proof of each other.
    """

    pairs: Pairs
    is_same: npt.NDArray[np.bool_]
    weight: Floats
    group: Ints


@dataclass(frozen=True)
class Fit:
    """How well probabilities agree with answers that they were not learnt from, and with what else is known.

    Answers about joined pairs are chosen by the answer, so that the joined pairs that nobody contradicts count too.

    Attributes:
        log_loss: Mean of -ln(probability of what was answered).
        calibration_error: Mean distance between the probabilities of about equal pairs and the share of those that are
            one, 0 to 1.
    """

    log_loss: float
    calibration_error: float


@dataclass(frozen=True)
class Supervised:
    """What came of it.

    Attributes:
        model: With factors and offset where they are better than none; else as it was given.
        is_kept: They are better.
        same_count, different_count: Weight of the answers.
        before, after: On answers that were held out; None when there are too few to learn from.
    """

    model: MatchModel
    is_kept: bool
    same_count: float
    different_count: float
    before: Fit | None = None
    after: Fit | None = None


def supervise(model: MatchModel, answers: Answers, joined: Pairs) -> Supervised:
    """Correct a model by what people answered, if that is better on answers that it was not learnt from.

    Better means: the log loss of cross-validation falls by more than its own standard error, and calibration does not
    get worse.

    Args:
        model: Learnt without answers.
        answers: About pairs that the model leaves to a person, and that it joins.
        joined: Other pairs that the model joins, and that nobody contradicts.
    """
    plain = replace(model, factors=(), offset=0.0)
    same = float(answers.weight[answers.is_same].sum())
    different = float(answers.weight[~answers.is_same].sum())
    if same + different < _FEWEST or min(same, different) < _FEWEST_OF_KIND:
        return Supervised(plain, False, same, different)
    data = _Data.of(plain, answers, joined)
    fold = _folds(answers, len(data.target))
    count = len(answers.is_same)
    before, after = data.bits(_nothing(plain)), np.zeros(len(data.target))
    for held in range(_FOLDS):
        rest, out = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        after[out] = data.take(out).bits(_fitted(data.take(rest)))
    gain = data.losses(before) - data.losses(after)
    by_group = np.bincount(np.unique(answers.group, return_inverse=True)[1], weights=gain[:count])
    error = float(by_group.std() * np.sqrt(len(by_group)))
    fits = [data.fit(bits) for bits in (before, after)]
    is_better = (
        float(gain.sum()) > error and fits[1].calibration_error <= fits[0].calibration_error + _CALIBRATION_SLACK
    )
    if not is_better:
        return Supervised(plain, False, same, different, *fits)
    factors, offset = _fitted(data)
    corrected = replace(plain, factors=tuple(factors.tolist()), offset=offset)
    return Supervised(corrected, True, same, different, *fits)


def fitted(model: MatchModel, answers: Answers, joined: Pairs) -> MatchModel:
    """The model with the likeliest factors and offset, whether or not they are better."""
    plain = replace(model, factors=(), offset=0.0)
    factors, offset = _fitted(_Data.of(plain, answers, joined))
    return replace(plain, factors=tuple(factors.tolist()), offset=offset)


def calibration_error(probability: Floats, target: npt.NDArray[Any], weight: Floats) -> float:
    """Mean distance between probabilities and shares, over tenths of about equal probability.

    Args:
        probability: Of each pair, 0 to 1.
        target: Whether each is one thing, or the probability of it.
        weight: What each counts.
    """
    # Pairs of one probability are not parted.
    _values, place = np.unique(probability, return_inverse=True)
    mass = np.bincount(place, weights=weight)
    total = mass.sum()
    bins = np.minimum((np.cumsum(mass) - mass / 2) / total * _BINS, _BINS - 1).astype(np.int64)
    difference = np.bincount(place, weights=weight * (probability - target))
    return float(np.abs(np.bincount(bins, weights=difference)).sum() / total)


_Parameters = tuple[Floats, float]


def _nothing(model: MatchModel) -> _Parameters:
    return np.ones(len(model.comparisons)), 0.0


@dataclass(frozen=True)
class _Data:
    """Pairs as the regression reads them.

    Attributes:
        bases: Class x pair: log2 odds before anything is compared; strangers, one thing, each kind of related things.
        parts: Per class but the strangers: pairs x comparisons, bits of each.
        target: Probability that each pair is one thing.
        weight: What each counts.
        scale: Per comparison, how many bits it says where it says anything.
    """

    bases: Floats
    parts: tuple[Floats, ...]
    target: Floats
    weight: Floats
    scale: Floats

    @classmethod
    def of(cls, model: MatchModel, answers: Answers, joined: Pairs) -> _Data:
        step = max(1, -(-len(joined) // _MOST_JOINED))
        beside = joined.take(np.arange(0, len(joined), step))
        # What is left of them counts for all.
        share = len(joined) / max(len(beside), 1)
        first, second = cls._read(model, answers.pairs), cls._read(model, beside)
        parts = tuple(np.concatenate(each) for each in zip(first[1], second[1], strict=True))
        own = first[1][0]
        said = np.maximum((own != 0).sum(axis=0), 1)
        data = cls(
            np.concatenate([first[0], second[0]], axis=1),
            parts,
            np.zeros(len(answers.is_same) + len(beside)),
            np.concatenate([answers.weight, np.full(len(beside), share)]),
            # A comparison that no answer is about stays as it is.
            np.maximum(np.sqrt((own**2).sum(axis=0) / said), 1.0),
        )
        believed = _probability(data.bits(_nothing(model)))
        return replace(data, target=np.concatenate([answers.is_same.astype(float), believed[len(answers.is_same) :]]))

    @staticmethod
    def _read(model: MatchModel, pairs: Pairs) -> tuple[Floats, list[Floats]]:
        bases = model.places.gain(pairs.levels) + np.log2(model.class_shares)[:, None]
        own = model.contributions(pairs.levels, pairs.agreed)
        parts = [own]
        for each in model.related:
            related = own.copy()
            for column, comparison in enumerate(model.comparisons):
                given = pairs.levels[:, column] != MISSING
                ratios = np.log2(each.shares[column] / comparison.same)
                related[given, column] += ratios[pairs.levels[given, column]]
            parts.append(related)
        return bases, parts

    def take(self, rows: Ints) -> _Data:
        """Some of the pairs."""
        parts = tuple(each[rows] for each in self.parts)
        return replace(self, bases=self.bases[:, rows], parts=parts, target=self.target[rows], weight=self.weight[rows])

    def bits(self, parameters: _Parameters) -> Floats:
        """log2 odds; the same as `MatchModel.weigh`."""
        return self._bits_and_slopes(parameters)[0]

    def losses(self, bits: Floats) -> Floats:
        """What each pair costs, as log loss times its weight."""
        odds = bits * _LOG2
        return np.asarray(self.weight * (np.logaddexp(0, odds) - self.target * odds))

    def fit(self, bits: Floats) -> Fit:
        """How well log2 odds agree with the targets."""
        error = calibration_error(_probability(bits), self.target, self.weight)
        return Fit(float(self.losses(bits).sum() / self.weight.sum()), error)

    def cost(self, flat: Floats) -> tuple[float, Floats]:
        """What the regression makes least, with its slopes, of factors and offset in one array."""
        factors, offset = flat[:-1], float(flat[-1])
        bits, slopes = self._bits_and_slopes((factors, offset))
        wrong = self.weight * (_probability(bits) - self.target) * _LOG2
        slip = np.append((factors - 1) * self.scale, offset) / _EXPECTED_SLIP
        slope = np.append(wrong @ slopes, wrong.sum())
        slope += slip * np.append(self.scale, 1.0) / _EXPECTED_SLIP
        return float(self.losses(bits).sum() + (slip**2).sum() / 2), slope

    def _bits_and_slopes(self, parameters: _Parameters) -> tuple[Floats, Floats]:
        factors, offset = parameters
        strange, one = self.bases[0], self.bases[1] + self.parts[0] @ factors
        kin = [base + part @ factors for base, part in zip(self.bases[2:], self.parts[1:], strict=True)]
        other = np.asarray(np.logaddexp2.reduce([strange, *kin], axis=0))
        slopes = self.parts[0].copy()
        for odds, part in zip(kin, self.parts[1:], strict=True):
            slopes -= np.exp2(odds - other)[:, None] * part
        return np.asarray(one - other + offset), slopes


def _fitted(data: _Data) -> _Parameters:
    """The likeliest factors and offset. No factor is negative: what is less alike never counts more."""
    start = np.append(np.ones(data.parts[0].shape[1]), 0.0)
    bounds: Sequence[tuple[float | None, float | None]] = [(0.0, None)] * (len(start) - 1) + [(None, None)]
    found = minimize(data.cost, start, jac=True, method="L-BFGS-B", bounds=bounds)
    # The same on every machine: what the last steps of the search differ in says nothing.
    return np.round(found.x[:-1], 6), round(float(found.x[-1]), 6)


def _folds(answers: Answers, total: int) -> Ints:
    """Which part each pair is held out in: whole groups, about as many of each answer in every part."""
    groups, place = np.unique(answers.group, return_inverse=True)
    weight = np.bincount(place, weights=answers.weight)
    same = np.bincount(place, weights=answers.weight * answers.is_same) / weight
    order = np.lexsort((weight, same))
    of_group = np.empty(len(groups), dtype=np.int64)
    of_group[order] = np.arange(len(groups)) % _FOLDS
    return np.concatenate([of_group[place], np.arange(total - len(place)) % _FOLDS])


def _probability(bits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp2(-np.clip(bits, -60, 60))))
