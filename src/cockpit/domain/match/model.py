"""What agreement and difference of each field say about two records, as numbers that stay the same until learnt anew.

Fellegi and Sunter's model with log2 odds: a level that is found with a share m among records of one thing and u among
records of two things counts log2(m / u). Three things are added. Equal values count by their own frequency, so that a
common surname says less. Fields that say where something is are taken together for u: who shares the city shares the
state. And besides "one thing" and "two things" there may be classes of related records - one household, two sites of
one organisation - that agree on much and are not one thing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cockpit.domain.match.fields.values import MISSING, Hashes, Ints, Levels
from cockpit.domain.match.patterns import patterns_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frequencies:
    """How many things have a value; values that are not listed were seen once or never.

    Attributes:
        total: Things that have any value.
        rare: How many of them a value that was seen once is expected to have; see `expected_of_rare`.
        hashes: Of values that at least two things have, ascending.
        counts: How many have each.
    """

    total: int
    rare: float
    hashes: Hashes
    counts: Ints

    def shares(self, hashes: Hashes) -> Floats:
        """Share of the things that have each value."""
        place = np.minimum(np.searchsorted(self.hashes, hashes), max(len(self.hashes) - 1, 0))
        known = self.hashes[place] == hashes if len(self.hashes) else np.zeros(len(hashes), dtype=bool)
        counts = np.where(known, self.counts[place] if len(self.counts) else self.rare, self.rare)
        return counts / max(self.total, 1)


@dataclass(frozen=True)
class ComparisonModel:
    """One comparison.

    Attributes:
        name: The field, or two names whose order is compared.
        levels: Names of its levels, best first.
        same, different: Share of each level among pairs of one thing (m) and of two things (u).
        frequencies: Of the values; None when equal values count the same.
    """

    name: str
    levels: tuple[str, ...]
    same: Floats
    different: Floats
    frequencies: Frequencies | None = None

    def ratios(self, shares: Floats) -> Floats:
        """log2(share / u) per level."""
        return np.log2(shares / self.different)


@dataclass(frozen=True)
class Related:
    """Records that agree on much and are two things.

    Attributes:
        differ: Fields in which they differ.
        share: Share of such pairs among all pairs.
        shares: Of the levels of each comparison among them.
    """

    differ: tuple[str, ...]
    share: float
    shares: tuple[Floats, ...]


@dataclass(frozen=True)
class Places:
    """How much more often than by chance pairs agree, or differ, on several fields about a place at once.

    Strangers who share the city share the state; one thing that moved differs in all of them.

    Attributes:
        columns: Positions of these comparisons.
        patterns: Levels of them as one number, ascending; see `pattern_of`.
        gains: log2 of found / expected share per pattern; one row per class: strangers, one thing, each kind of
            related things.
    """

    columns: tuple[int, ...]
    patterns: Ints
    gains: Floats

    def pattern_of(self, levels: Levels) -> Ints:
        """Levels of the columns as one number."""
        weights = 16 ** np.arange(len(self.columns), dtype=np.int64)
        return np.asarray(((levels[:, self.columns].astype(np.int64) + 1) * weights).sum(axis=1))

    def gain(self, levels: Levels) -> Floats:
        """Class x pair; 0 for patterns that were never found."""
        if not len(self.patterns):
            return np.zeros((len(self.gains), len(levels)))
        wanted = self.pattern_of(levels)
        place = np.minimum(np.searchsorted(self.patterns, wanted), len(self.patterns) - 1)
        return np.where(self.patterns[place] == wanted, self.gains[:, place], 0.0)


@dataclass(frozen=True)
class MatchModel:
    """A frozen version of everything that was learnt.

    Attributes:
        share: Share of true pairs among all pairs.
        is_exhaustive: All pairs were candidates.
        refused: Keys of blocks that were too large, by block rule; they stay refused.
        factors: What each comparison counts by, from people's decisions (see `supervise`); empty when each counts as
            it was learnt.
        offset: Bits that are added to each weight, likewise.
        merge_at: log2 odds from which pairs are joined, where the rule states a precision; else None.
    """

    comparisons: tuple[ComparisonModel, ...]
    share: float
    related: tuple[Related, ...]
    places: Places
    is_exhaustive: bool
    refused: Mapping[str, Hashes]
    factors: tuple[float, ...] = ()
    offset: float = 0.0
    merge_at: float | None = None

    def factor(self, column: int) -> float:
        """What a comparison counts by."""
        return self.factors[column] if self.factors else 1.0

    @property
    def class_shares(self) -> Floats:
        """Share of all pairs: strangers, one thing, each kind of related things."""
        kin = [each.share for each in self.related]
        return np.array([max(1 - self.share - sum(kin), 1e-9), self.share, *kin])

    @property
    def names(self) -> tuple[str, ...]:
        """Of the comparisons."""
        return tuple(each.name for each in self.comparisons)

    @cached_property
    def version(self) -> str:
        """Changes with whatever a result depends on."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def weigh(self, levels: Levels, agreed: Sequence[Hashes]) -> Floats:
        """log2 odds that pairs are one thing.

        Args:
            levels: Pairs x comparisons.
            agreed: Per comparison the hash of the value that both have, 0 where they do not agree.
        """
        rows, pattern = patterns_of(levels)
        strange, one, *kin = self._odds(rows)
        rarity = np.zeros(len(levels))
        for column, comparison in enumerate(self.comparisons):
            rarity += self.factor(column) * self._rarity(comparison, levels[:, column], agreed[column])
        related = [odds[pattern] + rarity for odds in kin]
        other = np.logaddexp2.reduce([strange[pattern], *related], axis=0)
        return np.asarray(one[pattern] + rarity - other + self.offset)

    def _odds(self, levels: Levels) -> Floats:
        """log2 odds of each class, without what rare values add; class x row."""
        strange, one, *kin = self.places.gain(levels) + np.log2(self.class_shares)[:, None]
        for column, comparison in enumerate(self.comparisons):
            found = levels[:, column]
            given = found != MISSING
            factor = self.factor(column)
            one[given] += factor * comparison.ratios(comparison.same)[found[given]]
            for each, odds in zip(self.related, kin, strict=True):
                odds[given] += factor * comparison.ratios(each.shares[column])[found[given]]
        return np.stack([strange, one, *kin])

    def contributions(self, levels: Levels, agreed: Sequence[Hashes]) -> Floats:
        """log2(m / u) of each comparison, with what the rarity of an equal value adds; pairs x comparisons.

        With `share` as odds and `offset`, and without what is said about places and related records, they add up to
        `weigh`.
        """
        parts = np.zeros(levels.shape)
        for column, comparison in enumerate(self.comparisons):
            found = levels[:, column]
            given = found != MISSING
            parts[given, column] = comparison.ratios(comparison.same)[found[given]]
            parts[:, column] += self._rarity(comparison, found, agreed[column])
            parts[:, column] *= self.factor(column)
        return parts

    def _rarity(self, comparison: ComparisonModel, levels: Levels, agreed: Hashes) -> Floats:
        """What an equal value counts more than an average one."""
        gain = np.zeros(len(levels))
        if comparison.frequencies is None:
            return gain
        equal = np.flatnonzero((levels == 0) & (agreed != 0))
        gain[equal] = np.log2(comparison.different[0] / comparison.frequencies.shares(agreed[equal]))
        return gain

    def to_json(self) -> str:
        """Everything, as text."""
        return json.dumps(
            {
                "share": self.share,
                "is_exhaustive": self.is_exhaustive,
                "comparisons": [
                    {
                        "name": each.name,
                        "levels": each.levels,
                        "same": each.same.tolist(),
                        "different": each.different.tolist(),
                        "frequencies": each.frequencies
                        and [
                            each.frequencies.total,
                            each.frequencies.rare,
                            _packed(each.frequencies.hashes),
                            _packed(each.frequencies.counts),
                        ],
                    }
                    for each in self.comparisons
                ],
                "related": [[each.differ, each.share, [s.tolist() for s in each.shares]] for each in self.related],
                "places": [self.places.columns, self.places.patterns.tolist(), self.places.gains.tolist()],
                "refused": {name: _packed(hashes) for name, hashes in self.refused.items()},
                # Written only where there are any: a model that has none keeps its version.
                **({"factors": self.factors} if self.factors else {}),
                **({"offset": self.offset} if self.offset else {}),
                **({"merge_at": self.merge_at} if self.merge_at is not None else {}),
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> MatchModel:
        """What `to_json` wrote."""
        read: Mapping[str, Any] = json.loads(text)
        columns, patterns, gains = read["places"]
        return cls(
            comparisons=tuple(
                ComparisonModel(
                    each["name"],
                    tuple(each["levels"]),
                    np.array(each["same"]),
                    np.array(each["different"]),
                    each["frequencies"]
                    and Frequencies(
                        each["frequencies"][0],
                        each["frequencies"][1],
                        _unpacked(each["frequencies"][2], np.uint64),
                        _unpacked(each["frequencies"][3], np.int64),
                    ),
                )
                for each in read["comparisons"]
            ),
            share=read["share"],
            related=tuple(
                Related(tuple(differ), share, tuple(np.array(s) for s in shares))
                for differ, share, shares in read["related"]
            ),
            places=Places(tuple(columns), np.array(patterns, dtype=np.int64), np.array(gains, dtype=float)),
            is_exhaustive=read["is_exhaustive"],
            refused={name: _unpacked(packed, np.uint64) for name, packed in read["refused"].items()},
            factors=tuple(read.get("factors", ())),
            offset=read.get("offset", 0.0),
            merge_at=read.get("merge_at"),
        )


def _packed(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(
        zlib.compress(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    ).decode()


def _unpacked(text: str, dtype: type) -> Any:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.dtype(dtype).newbyteorder("<")).astype(dtype)
