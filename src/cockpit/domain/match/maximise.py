"""Expectation maximisation: how often records of one thing agree, and how many there are (Winkler 1988).

It starts from a first guess that counts as some pairs, so that a list with few repeats does not invent a meaning of its
own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cockpit.domain.match.fields.values import MISSING, Ints, Levels
from cockpit.domain.match.model import Floats, Places
from cockpit.domain.match.patterns import patterns_of
from cockpit.domain.match.table import Table

# Pairs that a first guess counts as.
_GUESS = 100.0
# Besides, a guess counts as a share of the pairs that are found; where classes are told apart as much as they.
_KEEP, _KEEP_TELLING = 0.1, 1.0
_STEPS, _STEPS_APART = 300, 10
# A candidate list may hold so many more records of one thing than records; a guess to begin with.
_FIRST_SHARE, _FIRST_RELATED = 0.2, 0.2
# So few pairs, of a short list fewer, are no kind of related records: they are records of one thing that happen to
# differ.
_CHANCE, _CHANCE_PER_RECORD = 5.0, 0.0125
_FEWEST_OF_CLASS = 0.01
# A list of which fewer pairs seem to be one thing has taught nothing about them.
_FEWEST = 0.5
# Share of pairs that may be one thing or related.
_MOST = 0.9
# No pattern of places.
NO_CODES = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Rows:
    """Different rows of levels, and how the levels of fields about a place go together in them.

    Attributes:
        rows: Levels, each row once.
        counts: How many pairs have each.
        columns: Positions of the comparisons about a place.
        codes: Of the places' patterns, ascending.
        place: Per row its place in `codes`.
        row_of: Per pair its row.
    """

    rows: Levels
    counts: Ints
    columns: tuple[int, ...]
    codes: Ints
    place: Ints
    row_of: Ints

    @classmethod
    def of(cls, levels: Levels, columns: tuple[int, ...]) -> Rows:
        """Of pairs, with the positions of the comparisons about a place."""
        rows, pattern = patterns_of(levels)
        counts = np.bincount(pattern, minlength=len(rows))
        columns = columns if len(columns) > 1 else ()
        codes, place = np.unique(Places(columns, NO_CODES, np.empty((0, 0))).pattern_of(rows), return_inverse=True)
        return cls(rows, counts, columns, codes, place, pattern)

    def gain(self, weights: Floats, shares: Sequence[Floats], guess: float) -> Floats:
        """log of found / expected share per pattern of places.

        Args:
            weights: Pairs per row.
            shares: Of the levels of each comparison, as if none knew of another.
            guess: Pairs that the assumption counts as.
        """
        found = np.bincount(self.place, weights=weights, minlength=len(self.codes))
        total = float(weights.sum())
        expected = np.full(len(self.rows), total)
        for column in self.columns:
            levels = self.rows[:, column]
            missing = float(weights[levels == MISSING].sum()) / max(total, 1e-9)
            expected *= np.where(levels == MISSING, missing, (1 - missing) * shares[column][levels])
        of_code = np.zeros(len(self.codes))
        of_code[self.place] = expected
        return np.asarray(np.log((found + guess) / (of_code + guess)))


# Pairs that say that fields about a place are independent.
_GUESS_PLACES = 5.0


@dataclass(frozen=True)
class Found:
    """What expectation maximisation found.

    Attributes:
        different: Share of each level among strangers, per comparison.
        classes: The same for one thing and for each kind of related things.
        shares: Of all pairs that belong to each of these classes.
        codes, places: log of found / expected share of patterns of places; one row per class, strangers first.
    """

    different: Sequence[Floats]
    classes: list[list[Floats]]
    shares: Floats
    codes: Ints
    places: Floats

    def belongs(self, rows: Rows) -> Floats:
        """Probability that a pair of each row is of each class; strangers first."""
        odds = np.empty((len(rows.rows), len(self.classes) + 1))
        odds[:, 0] = np.log(1 - self.shares.sum())
        odds[:, 1:] = np.log(self.shares)
        for column, different in enumerate(self.different):
            # A missing value says nothing: it is the last of them, where MISSING points.
            ratios = np.zeros((len(different) + 1, len(self.classes)))
            ratios[:MISSING] = np.log(np.array([each[column] for each in self.classes]) / different).T
            odds[:, 1:] += ratios[rows.rows[:, column]]
        if len(self.codes):
            place = np.minimum(np.searchsorted(self.codes, rows.codes), len(self.codes) - 1)
            odds += np.where(self.codes[place] == rows.codes, self.places[:, place], 0.0).T[rows.place]
        odds -= odds.max(axis=1, keepdims=True)
        belongs = np.exp(odds)
        return np.asarray(belongs / belongs.sum(axis=1, keepdims=True))


def maximise(
    table: Table, rows: Rows, different: Sequence[Floats], places_apart: Floats, kinds: Sequence[tuple[str, ...]]
) -> Found:
    """Expectation maximisation.

    Args:
        table: The records.
        rows: Levels of the candidates.
        different: Share of each level among strangers, per comparison.
        places_apart: log of found / expected share of each pattern of places among strangers.
        kinds: Fields in which each kind of related records differs.
    """
    total = max(table.size * (table.size - 1) / 2, 1.0)
    chance = min(_CHANCE, table.size * _CHANCE_PER_RECORD)
    columns = range(rows.rows.shape[1])
    given = [np.flatnonzero(rows.rows[:, column] != MISSING) for column in columns]
    levels = [rows.rows[given[column], column] for column in columns]
    guess = [np.asarray(each, dtype=float) for each in table.expected]
    fixed = [{table.names.index(name) for name in group} for group in kinds]
    guesses = [guess] + [
        [_of_related(table, column, different[column]) if column in kept else guess[column] for column in columns]
        for kept in fixed
    ]
    classes = [list(each) for each in guesses]
    telling = set().union(*fixed)
    graded = [_graded(table, column) for column in columns]
    places = np.zeros((len(classes) + 1, len(rows.codes)))
    places[0] = places_apart
    first = shares = _bounded(np.array([_FIRST_SHARE] + [_FIRST_RELATED] * len(kinds)) * max(table.size, 1) / total)
    for step in range(_STEPS):
        belongs = Found(different, classes, shares, rows.codes, places).belongs(rows) * rows.counts[:, None]
        for place, each in enumerate(classes):
            kept = fixed[place - 1] if place else set()
            for column in columns:
                if column in kept and not _related_guess(table, column):
                    continue
                weights = belongs[given[column], place + 1]
                counted = np.bincount(levels[column], weights=weights, minlength=len(guess[column])).astype(float)
                share_kept = _KEEP_TELLING if place or column in telling else _KEEP
                # Related records agree on all else much as records of one thing do: nothing but what is assumed of the
                # fields that tell them apart says which of the two a pair is.
                assumed = classes[0][column] if place and column not in kept else guesses[place][column]
                counted += (_GUESS + share_kept * counted.sum()) * assumed
                each[column] = counted / counted.sum()
                if column not in kept:
                    each[column] = _falling(each[column], different[column], graded[column])
            # At first the fields have to say which pairs are one thing.
            if step >= _STEPS_APART:
                places[place + 1] = rows.gain(belongs[:, place + 1], each, _GUESS_PLACES)
        pairs = belongs[:, 1:].sum(axis=0)
        pairs[1:] -= chance
        before, shares = shares, _bounded(np.maximum(pairs, _FEWEST_OF_CLASS) / total)
        if step > _STEPS_APART and np.abs(shares - before).max() < 1e-6 * before.max():
            break
    if shares[0] * total < _FEWEST:
        # The kinds of related records took all pairs, or there are none: what was assumed is all that is known.
        places[1:] = 0.0
        return Found(different, guesses, first, rows.codes, places)
    return Found(different, classes, shares, rows.codes, places)


def _graded(table: Table, column: int) -> Ints:
    """Positions of the levels that are better or worse than each other."""
    name = table.names[column]
    aside: frozenset[str] = table.types[name].aside if name in table.types else frozenset()
    return np.array([place for place, level in enumerate(table.levels[column]) if level not in aside])


def _related_guess(table: Table, column: int) -> tuple[float, ...]:
    name = table.names[column]
    return table.types[name].related if name in table.types else ()


def _of_related(table: Table, column: int, different: Floats) -> Floats:
    """Levels of a field in which related records differ: as strangers do, unless the type knows better."""
    guess = _related_guess(table, column)
    return np.asarray(guess, dtype=float) if guess else different


def _bounded(shares: Floats) -> Floats:
    """Shares of all pairs; some pairs are always of two things, also where every record repeats another one."""
    return np.asarray(shares * min(1.0, _MOST / shares.sum()))


def _falling(same: Floats, different: Floats, graded: Ints) -> Floats:
    """Shares whose weights do not rise from a better level to a worse one: what is less alike never counts more.

    Args:
        same, different: Share of each level.
        graded: Levels that this holds for, in their order.
    """
    weights = np.log(same / different)
    blocks: list[tuple[float, float, int]] = []
    for weight, mass in zip(weights[graded].tolist(), same[graded].tolist(), strict=True):
        blocks.append((weight * mass, mass, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] < blocks[-1][0] / blocks[-1][1]:
            last, before = blocks.pop(), blocks.pop()
            blocks.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    weights[graded] = np.concatenate([np.full(count, total / mass) for total, mass, count in blocks])
    shares = np.exp(weights) * different
    return np.asarray(shares / shares.sum())
