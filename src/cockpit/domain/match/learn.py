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
from cockpit.domain.match.table import Table

_RANDOM_PAIRS = 1_000_000
# Pairs that a first guess counts as.
_GUESS = 100.0
_KEEP = 0.1
_KEEP_TELLING = 0.3
_STEPS = 300
# A candidate list may hold so many more records of one thing than records; a guess to begin with.
_FIRST_SHARE, _FIRST_RELATED = 0.2, 0.05
_FEWEST = 0.5
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
    places = _learn_places(apart, table.places, different)
    differing = [tuple(name for name in group if name in table.values) for group in related]
    kinds = [group for group in differing if group]
    same, share, kin = _maximise(table, levels, different, places, kinds, total)
    comparisons = tuple(
        ComparisonModel(name, table.levels[column], same[column], different[column], _frequencies(table, name, things))
        for column, name in enumerate(table.names)
    )
    return Learnt(comparisons, share, kin, places)


def _shares(levels: Levels, count: int) -> Floats:
    found = np.bincount(levels[levels != MISSING], minlength=count).astype(float)
    return (found + _FEWEST) / (found.sum() + _FEWEST * count)


def _learn_places(strangers: Levels, columns: tuple[int, ...], different: Sequence[Floats]) -> Places:
    """How the levels of fields about a place go together among strangers."""
    empty = Places(columns, np.empty(0, dtype=np.int64), np.empty(0))
    if len(columns) < 2 or not len(strangers):
        return empty
    patterns, first, counts = np.unique(empty.pattern_of(strangers), return_index=True, return_counts=True)
    expected = np.full(len(patterns), float(len(strangers)))
    for column in columns:
        found = strangers[first, column]
        missing = float(np.mean(strangers[:, column] == MISSING))
        expected *= np.where(found == MISSING, missing, (1 - missing) * different[column][found])
    return Places(columns, patterns, np.log2((counts + 2.0) / (expected + 2.0)))


def _maximise(
    table: Table,
    levels: Levels,
    different: list[Floats],
    places: Places,
    kinds: Sequence[tuple[str, ...]],
    total: float,
) -> tuple[list[Floats], float, tuple[Related, ...]]:
    patterns, counts = _patterns(levels)
    columns = range(patterns.shape[1])
    given = [np.flatnonzero(patterns[:, column] != MISSING) for column in columns]
    found = [patterns[given[column], column] for column in columns]
    guess = [np.asarray(each, dtype=float) for each in table.expected]
    fixed = [{table.names.index(name) for name in group} for group in kinds]
    classes = [list(guess)] + [
        [different[column] if column in kept else guess[column] for column in columns] for kept in fixed
    ]
    telling = set().union(*fixed)
    strange = places.gain(patterns) * np.log(2)
    shares = _bounded(np.array([_FIRST_SHARE] + [_FIRST_RELATED] * len(kinds)) * max(table.size, 1) / total)
    for _step in range(_STEPS):
        odds = np.empty((len(patterns), len(classes) + 1))
        odds[:, 0] = np.log(1 - shares.sum()) + strange
        for place, each in enumerate(classes, start=1):
            odds[:, place] = np.log(shares[place - 1])
            for column in columns:
                odds[given[column], place] += np.log(each[column] / different[column])[found[column]]
        odds -= odds.max(axis=1, keepdims=True)
        belongs = np.exp(odds)
        belongs *= (counts / belongs.sum(axis=1))[:, None]
        for place, each in enumerate(classes):
            kept = fixed[place - 1] if place else set()
            for column in columns:
                if column in kept:
                    continue
                weights = belongs[given[column], place + 1]
                counted = np.bincount(found[column], weights=weights, minlength=len(guess[column])).astype(float)
                share_kept = _KEEP_TELLING if column in telling else _KEEP
                counted += (_GUESS + share_kept * counted.sum()) * guess[column]
                each[column] = _falling(counted / counted.sum(), different[column])
        before, shares = shares, _bounded(np.maximum(belongs[:, 1:].sum(axis=0), _FEWEST) / total)
        if np.abs(shares - before).max() < 1e-6 * before.max():
            break
    related = tuple(
        Related(group, float(share), tuple(each))
        for group, share, each in zip(kinds, shares[1:], classes[1:], strict=True)
    )
    return classes[0], float(shares[0]), related


def _bounded(shares: Floats) -> Floats:
    """Shares of all pairs; some pairs are always of two things, also where every record repeats another one."""
    return shares * min(1.0, _MOST / shares.sum())


def _patterns(levels: Levels) -> tuple[Levels, Ints]:
    """The different rows of levels, and how often each is found."""
    # Levels are below 16, so that a row of fewer than 16 columns is one number.
    if levels.shape[1] > 15:
        rows, counts = np.unique(levels, axis=0, return_counts=True)
        return rows, counts
    places = 16 ** np.arange(levels.shape[1], dtype=np.int64)
    codes = np.zeros(len(levels), dtype=np.int64)
    for column, place in enumerate(places):
        codes += (levels[:, column].astype(np.int64) + 1) * place
    found, counts = np.unique(codes, return_counts=True)
    return ((found[:, None] // places) % 16 - 1).astype(np.int8), counts


def _falling(same: Floats, different: Floats) -> Floats:
    """Shares whose weights do not rise from a better level to a worse one: what is less alike never counts more."""
    weights = np.log(same / different)
    blocks: list[tuple[float, float, int]] = []
    for weight, mass in zip(weights.tolist(), same.tolist(), strict=True):
        blocks.append((weight * mass, mass, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] < blocks[-1][0] / blocks[-1][1]:
            last, before = blocks.pop(), blocks.pop()
            blocks.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    levelled = np.concatenate([np.full(count, total / mass) for total, mass, count in blocks])
    shares = np.exp(levelled) * different
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
    hashes, place = np.unique(table.hashes_of(name), return_inverse=True)
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
