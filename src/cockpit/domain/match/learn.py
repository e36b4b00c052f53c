"""Learn a model from the records themselves, without labels.

What strangers agree on is counted on random pairs, which are almost never one thing. How often records of one thing
agree, and how many there are, comes from expectation maximisation over the candidates (Winkler 1988), from a first
guess that counts as some pairs, so that a list with few repeats does not invent a meaning of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cockpit.domain.match.fields.values import MISSING, Ints, Levels
from cockpit.domain.match.model import ComparisonModel, Floats, Frequencies, Places, Related
from cockpit.domain.match.patterns import patterns_of
from cockpit.domain.match.table import Table

_RANDOM_PAIRS = 500_000
# Pairs that a first guess counts as.
_GUESS = 100.0
# Besides, a guess counts as a share of the pairs that are found; where classes are told apart as much as they.
_KEEP, _KEEP_TELLING = 0.1, 1.0
_STEPS, _STEPS_APART = 300, 10
# How often strangers agree at some level, as a guess, and how many pairs of strangers that guess counts as.
_RARELY, _GUESSED_STRANGERS = 0.001, 500.0
# A candidate list may hold so many more records of one thing than records; a guess to begin with.
_FIRST_SHARE, _FIRST_RELATED = 0.2, 0.2
_FEWEST = 0.5
# So few pairs are no kind of related records: they are records of one thing that happen to differ.
_CHANCE = 5.0
_FEWEST_OF_CLASS = 0.01
# Share of pairs that may be one thing or related.
_MOST = 0.9


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
    levels: Levels,
    strangers: Strangers,
    related: Sequence[Sequence[str]],
    things: Ints | None = None,
) -> Learnt:
    """Learn from candidates.

    Args:
        table: The records.
        levels: What comparing the candidates found.
        strangers: Random pairs of the same table.
        related: Fields in which kinds of related records differ.
        things: Which thing each record is, as far as it is known; values that one thing has several times are not
            frequent, and its records are no strangers. None takes each record for a thing.
    """
    total = max(table.size * (table.size - 1) / 2, 1.0)
    apart = strangers.known_apart(things)
    different = [_shares(apart[:, column], len(names)) for column, names in enumerate(table.levels)]
    differing = [tuple(name for name in group if name in table.values) for group in related]
    kinds = [group for group in differing if group]
    rows = _Rows.of(levels, table.places)
    strange = _places_of_strangers(apart, rows, different)
    same, share, kin, places = _maximise(table, rows, different, strange, kinds, total)
    comparisons = tuple(
        ComparisonModel(name, table.levels[column], same[column], different[column], _frequencies(table, name, things))
        for column, name in enumerate(table.names)
    )
    return Learnt(comparisons, share, kin, places)


def _shares(levels: Levels, count: int) -> Floats:
    """Share of each level among strangers; few of them prove little, so that a guess counts as some more."""
    found = np.bincount(levels[levels != MISSING], minlength=count).astype(float)
    guess = np.full(count, _RARELY)
    guess[-1] = 1 - _RARELY * (count - 1)
    counted = found + _GUESSED_STRANGERS * guess
    return np.asarray(counted / counted.sum())


@dataclass(frozen=True)
class _Rows:
    """Different rows of levels, and how the levels of fields about a place go together in them.

    Attributes:
        rows: Levels, each row once.
        counts: How many candidates have each.
        columns: Positions of the comparisons about a place.
        codes: Of the places' patterns, ascending.
        place: Per row its place in `codes`.
    """

    rows: Levels
    counts: Ints
    columns: tuple[int, ...]
    codes: Ints
    place: Ints

    @classmethod
    def of(cls, levels: Levels, columns: tuple[int, ...]) -> _Rows:
        rows, pattern = patterns_of(levels)
        counts = np.bincount(pattern, minlength=len(rows))
        columns = columns if len(columns) > 1 else ()
        codes, place = np.unique(Places(columns, _NO_CODES, np.empty((0, 0))).pattern_of(rows), return_inverse=True)
        return cls(rows, counts, columns, codes, place)

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


_NO_CODES = np.empty(0, dtype=np.int64)
# Pairs that say that fields about a place are independent.
_GUESS_PLACES_APART, _GUESS_PLACES = 2.0, 5.0


def _places_of_strangers(strangers: Levels, patterns: _Rows, different: Sequence[Floats]) -> Floats:
    """log of found / expected share per pattern among strangers; 0 for patterns that only candidates have."""
    if not patterns.columns or not len(strangers):
        return np.zeros(len(patterns.codes))
    apart = _Rows.of(strangers, patterns.columns)
    gain = apart.gain(apart.counts.astype(float), different, _GUESS_PLACES_APART)
    position = np.minimum(np.searchsorted(apart.codes, patterns.codes), len(apart.codes) - 1)
    return np.asarray(np.where(apart.codes[position] == patterns.codes, gain[position], 0.0))


def _maximise(
    table: Table,
    patterns: _Rows,
    different: list[Floats],
    strange: Floats,
    kinds: Sequence[tuple[str, ...]],
    total: float,
) -> tuple[list[Floats], float, tuple[Related, ...], Places]:
    columns = range(patterns.rows.shape[1])
    given = [np.flatnonzero(patterns.rows[:, column] != MISSING) for column in columns]
    found = [patterns.rows[given[column], column] for column in columns]
    guess = [np.asarray(each, dtype=float) for each in table.expected]
    fixed = [{table.names.index(name) for name in group} for group in kinds]
    guesses = [guess] + [
        [_of_related(table, column, different[column]) if column in kept else guess[column] for column in columns]
        for kept in fixed
    ]
    classes = [list(each) for each in guesses]
    telling = set().union(*fixed)
    graded = [_graded(table, column) for column in columns]
    places = np.zeros((len(classes) + 1, len(patterns.codes)))
    places[0] = strange
    shares = _bounded(np.array([_FIRST_SHARE] + [_FIRST_RELATED] * len(kinds)) * max(table.size, 1) / total)
    for step in range(_STEPS):
        odds = np.empty((len(patterns.rows), len(classes) + 1))
        odds[:, 0] = np.log(1 - shares.sum())
        for place, each in enumerate(classes, start=1):
            odds[:, place] = np.log(shares[place - 1])
            for column in columns:
                odds[given[column], place] += np.log(each[column] / different[column])[found[column]]
        odds += places.T[patterns.place]
        odds -= odds.max(axis=1, keepdims=True)
        belongs = np.exp(odds)
        belongs *= (patterns.counts / belongs.sum(axis=1))[:, None]
        for place, each in enumerate(classes):
            kept = fixed[place - 1] if place else set()
            for column in columns:
                if column in kept and not _related_guess(table, column):
                    continue
                weights = belongs[given[column], place + 1]
                counted = np.bincount(found[column], weights=weights, minlength=len(guess[column])).astype(float)
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
                places[place + 1] = patterns.gain(belongs[:, place + 1], each, _GUESS_PLACES)
        pairs = belongs[:, 1:].sum(axis=0)
        pairs[1:] -= _CHANCE
        before, shares = shares, _bounded(np.maximum(pairs, _FEWEST_OF_CLASS) / total)
        if step > _STEPS_APART and np.abs(shares - before).max() < 1e-6 * before.max():
            break
    related = tuple(
        Related(group, float(share), tuple(each))
        for group, share, each in zip(kinds, shares[1:], classes[1:], strict=True)
    )
    learnt = Places(patterns.columns, patterns.codes if patterns.columns else _NO_CODES, places / np.log(2))
    return classes[0], float(shares[0]), related, learnt


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


def _frequencies(table: Table, name: str, things: Ints | None) -> Frequencies | None:
    if name not in table.values:
        return None
    codes = table.values[name].codes
    given = np.flatnonzero(codes != MISSING)
    if things is not None:
        _thing, first = np.unique(codes[given].astype(np.int64) * table.size + things[given], return_index=True)
        given = given[first]
    counts = np.bincount(codes[given], minlength=len(table.values[name].distinct))
    hashes, place = table.identities_of(name)
    together = np.bincount(place, weights=counts, minlength=len(hashes)).astype(np.int64)
    registered = np.zeros(len(hashes), dtype=bool)
    registered[place] = table.types[name].registered(table.values[name])
    several = (together > 1) & ~registered
    rare = 1.0 if things is None else expected_of_rare(together)
    if registered.any():
        rare, several = _RAREST, ~registered
    return Frequencies(int(counts.sum()), rare, hashes[several], together[several])


def expected_of_rare(counts: Ints) -> float:
    """How many things a value is expected to have that one thing was seen with (Good and Turing, 1953).

    Where values seldom repeat among things, as full names of companies, one that is seen once says much more than
    that it is one of so many.
    """
    once, twice = int(np.sum(counts == 1)), int(np.sum(counts == 2))
    return float(min(max(2 * twice / once, _RAREST), 1.0)) if once else 1.0


# A list that is too small to show a repeat does not prove that there is none.
_RAREST = 0.02
