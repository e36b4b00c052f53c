"""Learn a model from the records themselves, without labels.

What strangers agree on is counted on random pairs, which are almost never one thing. How often records of one thing
agree, and how many there are, comes from expectation maximisation over the candidates. A value is as frequent as the
things that have it, not as the records: those of one thing count once, as far as they are likely to be one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cockpit.domain.match.fields.values import MISSING, Hashes, Ints, Levels, hashed
from cockpit.domain.match.maximise import NO_CODES, Found, Rows, maximise
from cockpit.domain.match.model import ComparisonModel, Floats, Frequencies, Places, Related
from cockpit.domain.match.table import Table

_RANDOM_PAIRS = 1_000_000
# How often strangers agree at some level, as a guess, and how many pairs of strangers that guess counts as.
_RARELY, _GUESSED_STRANGERS = 0.001, 500.0
# Pairs of strangers that say that fields about a place are independent.
_GUESS_PLACES_APART = 2.0
# Pairs that are drawn at random and turn out to be one thing are no strangers; what these agree on is counted again
# where they are more than so small a share, at most so many times.
_FEW_OF_STRANGERS, _ROUNDS = 1e-4, 3
# A pair that is less likely one thing does not change what is frequent.
_LIKELY = 0.01


@dataclass(frozen=True)
class Learnt:
    """What a model needs from the pairs."""

    comparisons: tuple[ComparisonModel, ...]
    share: float
    related: tuple[Related, ...]
    places: Places


@dataclass(frozen=True)
class Strangers:
    """Random pairs of records, which are almost never one thing, and what comparing them found."""

    left: Ints
    right: Ints
    levels: Levels

    @classmethod
    def of(cls, table: Table, seed: int = 1) -> Strangers:
        """All pairs of a short list; else drawn with a fixed seed, so that learning twice gives the same."""
        if table.size * (table.size - 1) // 2 <= _RANDOM_PAIRS:
            left, right = np.triu_indices(table.size, 1)
        else:
            left, right = np.random.default_rng(seed).integers(0, table.size, (2, _RANDOM_PAIRS))
            left, right = left[left != right], right[left != right]
        return cls(left, right, table.compare(left, right).levels)

    def known_apart(self, things: Ints | None) -> Levels:
        """Those that are not one thing as far as it is known."""
        return self.levels if things is None else self.levels[things[self.left] != things[self.right]]


def learn(
    table: Table,
    pairs: tuple[Ints, Ints],
    levels: Levels,
    strangers: Strangers,
    related: Sequence[Sequence[str]],
    things: Ints | None = None,
) -> Learnt:
    """Learn from candidates.

    Args:
        table: The records.
        pairs: The candidates, as positions of records.
        levels: What comparing them found.
        strangers: Random pairs of the same table.
        related: Fields in which kinds of related records differ.
        things: Which thing each record is, as far as it is known; values that one thing has several times are not
            frequent, and its records are no strangers. None takes each record for a thing.
    """
    differing = [tuple(name for name in group if name in table.values) for group in related]
    kinds = [group for group in differing if group]
    rows = Rows.of(levels, table.places)
    found = _found(table, rows, Rows.of(strangers.known_apart(things), table.places), kinds)
    likely = _Likely.of(pairs, found.belongs(rows)[:, 1][rows.row_of], things)
    comparisons = tuple(
        ComparisonModel(
            name,
            table.levels[column],
            found.classes[0][column],
            found.different[column],
            _frequencies(table, name, things, likely, levels[:, column]),
        )
        for column, name in enumerate(table.names)
    )
    kin = tuple(
        Related(group, float(share), tuple(each))
        for group, share, each in zip(kinds, found.shares[1:], found.classes[1:], strict=True)
    )
    places = Places(rows.columns, rows.codes if rows.columns else NO_CODES, found.places / np.log(2))
    return Learnt(comparisons, float(found.shares[0]), kin, places)


def _found(table: Table, rows: Rows, apart: Rows, kinds: Sequence[tuple[str, ...]]) -> Found:
    """Maximise with what strangers agree on, again and again without those that turned out to be one thing."""
    weights = apart.counts.astype(float)
    for _round in range(_ROUNDS):
        different = [_shares(apart.rows[:, column], weights, len(names)) for column, names in enumerate(table.levels)]
        found = maximise(table, rows, different, _places_of_strangers(apart, weights, rows, different), kinds)
        before, weights = weights, apart.counts * (1 - found.belongs(apart)[:, 1])
        if np.abs(before - weights).sum() <= _FEW_OF_STRANGERS * before.sum():
            break
    return found


def _shares(levels: Levels, weights: Floats, count: int) -> Floats:
    """Share of each level among strangers; few of them prove little, so that a guess counts as some more.

    Args:
        levels: What was found.
        weights: Pairs for which it was.
        count: Levels that there are.
    """
    given = levels != MISSING
    found = np.bincount(levels[given], weights=weights[given], minlength=count).astype(float)
    guess = np.full(count, _RARELY)
    guess[-1] = 1 - _RARELY * (count - 1)
    counted = found + _GUESSED_STRANGERS * guess
    return np.asarray(counted / counted.sum())


def _places_of_strangers(apart: Rows, weights: Floats, rows: Rows, different: Sequence[Floats]) -> Floats:
    """log of found / expected share per pattern among strangers; 0 for patterns that only candidates have."""
    if not rows.columns or not len(apart.rows):
        return np.zeros(len(rows.codes))
    gain = apart.gain(weights, different, _GUESS_PLACES_APART)
    position = np.minimum(np.searchsorted(apart.codes, rows.codes), len(apart.codes) - 1)
    return np.asarray(np.where(apart.codes[position] == rows.codes, gain[position], 0.0))


@dataclass(frozen=True)
class _Likely:
    """Candidates that may be one thing, although they are not known to be.

    Attributes:
        pairs: Which of the candidates.
        left, right: Their positions.
        one: Probability that each is one thing, whatever value it is that they share.
    """

    pairs: Ints
    left: Ints
    right: Ints
    one: Floats

    @classmethod
    def of(cls, pairs: tuple[Ints, Ints], one: Floats, things: Ints | None) -> _Likely:
        left, right = pairs
        likely = np.flatnonzero(one > _LIKELY)
        if things is not None:
            likely = likely[things[left[likely]] != things[right[likely]]]
        return cls(likely, left[likely], right[likely], one[likely])

    def repeats(self, values: Ints, levels: Levels) -> Floats:
        """Per record how many other things with the same value are expected to be the same as its own.

        Args:
            values: Which value each record has.
            levels: What comparing the field found, of all candidates.
        """
        same = np.flatnonzero((levels[self.pairs] == 0) & (values[self.left] == values[self.right]))
        left, right, one = self.left[same], self.right[same], self.one[same]
        size = len(values)
        return np.asarray(np.bincount(left, one, size) + np.bincount(right, one, size), dtype=float)


def _frequencies(table: Table, name: str, things: Ints | None, likely: _Likely, levels: Levels) -> Frequencies | None:
    """How many things have each value of a field.

    Args:
        table, things: See `learn`.
        name: The field; what is no field has no values.
        likely: Candidates that may be one thing.
        levels: What comparing the field found, of all candidates.
    """
    if name not in table.values:
        return None
    hashes, place = table.identities_of(name)
    codes = table.values[name].codes
    given = np.flatnonzero(codes != MISSING)
    values = np.full(table.size, MISSING, dtype=np.int64)
    values[given] = place[codes[given]]
    # Of k records that all are one thing each counts 1 / k.
    parts = 1 / (1 + likely.repeats(values, levels))
    if things is not None:
        _thing, first = np.unique(values[given] * table.size + things[given], return_index=True)
        given = given[first]
    counts = np.bincount(values[given], parts[given], minlength=len(hashes))
    together = np.maximum(np.rint(counts), np.bincount(values[given], minlength=len(hashes)) > 0).astype(np.int64)
    registered = np.zeros(len(hashes), dtype=bool)
    registered[place] = table.types[name].registered(table.values[name])
    several = (together > 1) & ~registered
    rare = 1.0 if things is None else expected_of_rare(together)
    if registered.any():
        rare, several = _RAREST, ~registered
    found, counted = _with_made(table, name, given, hashes[several], together[several])
    return Frequencies(max(int(np.rint(counts.sum())), 1), rare, found, counted)


def _with_made(table: Table, name: str, given: Ints, hashes: Hashes, counts: Ints) -> tuple[Hashes, Ints]:
    """Frequencies of values, and of how e-mail addresses are made of names.

    Args:
        given: Records that have a value, one of each thing.
    """
    step = max(len(given) // _MOST_MADE, 1)
    made = table.made_of_names(name, given[::step])
    if made is None:
        return hashes, counts
    how, times = np.unique(hashed(made[made != ""]), return_counts=True)
    several = (times * step > 1) & ~np.isin(how, hashes)
    order = np.argsort(np.concatenate([hashes, how[several]]), kind="stable")
    return (
        np.concatenate([hashes, how[several]])[order],
        np.concatenate([counts, times[several] * step])[order].astype(np.int64),
    )


# Records that say how addresses are made.
_MOST_MADE = 20_000


def expected_of_rare(counts: Ints) -> float:
    """How many things a value is expected to have that one thing was seen with (Good and Turing, 1953).

    Where values seldom repeat among things, as full names of companies, one that is seen once says much more than
    that it is one of so many.
    """
    once, twice = int(np.sum(counts == 1)), int(np.sum(counts == 2))
    return float(min(max(2 * twice / once, _RAREST), 1.0)) if once else 1.0


# A list that is too small to show a repeat does not prove that there is none.
_RAREST = 0.02
