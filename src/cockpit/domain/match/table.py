"""Records ready to be compared: their fields read once, and what comparing two of them finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cockpit.domain.match.fields.company import CompanyName
from cockpit.domain.match.fields.contact import Email
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.made_of_name import MadeOfName
from cockpit.domain.match.fields.person import PersonName, swapped
from cockpit.domain.match.fields.values import MISSING, Hashes, Ints, Levels, Objects, Values, hashed
from cockpit.domain.match.rule import FieldType, MatchRule

_ORDERS = ("as they stand", "exchanged")
_PLACES = frozenset({"address", "postcode", "region"})


@dataclass(frozen=True)
class Compared:
    """What was found for pairs of records.

    Attributes:
        levels: Pairs x comparisons.
        agreed: Per comparison the hash of the value that both records have, 0 where they differ.
        vetoes: Per pair 0, or what keeps the two apart: a finding about names (its place in company.APART, from 1)
            or the field whose values differ (-1 - its place).
    """

    levels: Levels
    agreed: tuple[Hashes, ...]
    vetoes: Levels


class Table:
    """Records of one frame.

    Args:
        frame: The records.
        rule: What is compared.
        types: How each type of field is read and compared.
        names: Comparisons of a frozen model; None takes every field that has a value.

    Attributes:
        values: Per field of the rule that the frame has a column for.
        names, levels, expected: Of the comparisons: one per field, and one per pair of fields that may be exchanged.
    """

    def __init__(
        self, frame: pd.DataFrame, rule: MatchRule, types: Mapping[FieldType, Field], names: Sequence[str] | None = None
    ) -> None:
        self.size = len(frame)
        self.values: dict[str, Values] = {}
        self._columns: dict[str, str] = {}
        self.types: dict[str, Field] = {}
        # A frozen model compares what it was learnt from, also where these records say nothing about it.
        given = [c for c in frame.columns if c in rule.columns and (names is not None or frame[c].notna().any())]
        for name, column in rule.columns_in(given).items():
            if names is not None and name not in names:
                continue
            self._columns[name] = column
            self.types[name] = types[rule.fields[name].type]
            self.values[name] = self.types[name].read(frame[column])
        self._rule = rule
        self._swapped = [pair for pair in rule.swapped if set(pair) <= self.values.keys()]
        self._made = self._made_of_names()
        self._hashes: dict[str, Hashes] = {}
        self._identities: dict[str, tuple[Hashes, Ints]] = {}
        orders = [f"{given} / {family}" for given, family in self._swapped]
        self.names: tuple[str, ...] = (*self.values, *orders)
        self.levels = tuple([each.levels for each in self.types.values()] + [_ORDERS] * len(orders))
        self.expected = tuple([each.expected for each in self.types.values()] + [(0.9, 0.1)] * len(orders))
        self.places = tuple(place for place, name in enumerate(self.values) if rule.fields[name].type in _PLACES)

    def _made_of_names(self) -> dict[str, MadeOfName]:
        return {
            name: MadeOfName(self.values[name], [self.values[each] for each in names if each in self.values])
            for name, names in self._rule.made_of.items()
            if name in self.values
        }

    def only(self, records: Ints) -> Table:
        """The same for some records, among which every value is found."""
        fewer = copy(self)
        fewer.size = len(records)
        fewer.values = {name: replace(values, codes=values.codes[records]) for name, values in self.values.items()}
        fewer._made = fewer._made_of_names()
        return fewer

    def column_of(self, name: str) -> str | None:
        """Column of the frame that a field was read from; None for what is no field."""
        return self._columns.get(name)

    def hashes_of(self, name: str) -> Hashes:
        """Hash of each distinct value of a field."""
        if name not in self._hashes:
            self._hashes[name] = hashed(self.types[name].identities(self.values[name]))
        return self._hashes[name]

    def identities_of(self, name: str) -> tuple[Hashes, Ints]:
        """Hashes of a field, each once and ascending, and which of them each distinct value has."""
        if name not in self._identities:
            hashes, place = np.unique(self.hashes_of(name), return_inverse=True)
            self._identities[name] = hashes, place
        return self._identities[name]

    def compare(self, left: Ints, right: Ints) -> Compared:
        """Compare pairs of positions of records."""
        levels = np.full((len(left), len(self.names)), MISSING, dtype=np.int8)
        agreed = [np.zeros(len(left), dtype=np.uint64) for _name in self.names]
        vetoes = np.zeros(len(left), dtype=np.int8)
        for column, (name, values) in enumerate(self.values.items()):
            one, other = values.codes[left].astype(np.int64), values.codes[right].astype(np.int64)
            given = (one != MISSING) & (other != MISSING)
            levels[given & (one == other), column] = 0
            rest = np.flatnonzero(given & (one != other))
            field = self.types[name]
            if isinstance(field, CompanyName):
                levels[rest, column], vetoes[rest] = field.judge(values, one[rest], other[rest])
            else:
                levels[rest, column] = field.compare(values, one[rest], other[rest])
            equal = np.flatnonzero(levels[:, column] == 0)
            agreed[column][equal] = self.hashes_of(name)[one[equal]]
            if self._rule.fields[name].is_apart:
                contradicts = np.array([level not in field.bearable for level in field.levels])[levels[rest, column]]
                vetoes[rest] = np.where((vetoes[rest] == 0) & contradicts, -1 - column, vetoes[rest])
        for place, (given_name, family_name) in enumerate(self._swapped, start=len(self.values)):
            self._compare_order(levels, agreed, place, given_name, family_name, left, right)
        for name, made in self._made.items():
            column = self.names.index(name)
            _without_name(made, levels[:, column], agreed[column], left, right)
        return Compared(levels, tuple(agreed), vetoes)

    def made_of_names(self, name: str, records: Ints) -> Objects | None:
        """How e-mail addresses of records are made of their names, "" where they are not; None for another field."""
        return self._made[name].of(records) if name in self._made else None

    def _compare_order(
        self, levels: Levels, agreed: list[Hashes], place: int, given: str, family: str, left: Ints, right: Ints
    ) -> None:
        """Where two names agree better exchanged, compare them so."""
        firsts, lasts = self.values[given], self.values[family]
        exchanged = swapped(firsts, lasts, left, right)
        levels[:, place] = exchanged
        pairs = np.flatnonzero(exchanged)
        names = list(self.values)
        for name, one, other in ((given, firsts, lasts), (family, lasts, firsts)):
            column = names.index(name)
            a, b = one.codes[left[pairs]], other.codes[right[pairs]]
            found = np.full(len(pairs), MISSING, dtype=np.int8)
            both = np.flatnonzero((a != MISSING) & (b != MISSING))
            field = self.types[name]
            if isinstance(field, PersonName):
                found[both] = field.compare_texts(one.distinct[a[both]], other.distinct[b[both]])
            levels[pairs, column] = found
            agreed[column][pairs] = 0
            equal = both[found[both] == 0]
            agreed[column][pairs[equal]] = self.hashes_of(name)[a[equal]]


def _without_name(made: MadeOfName, levels: Levels, agreed: Hashes, left: Ints, right: Ints) -> None:
    """Take what the names say out of what addresses say that are made of them.

    Args:
        levels, agreed: Of the addresses; equal ones are as frequent as other addresses that are made in the same way,
            and alike ones say nothing, unless they have the same digits.
    """
    pairs = np.flatnonzero((levels != MISSING) & (levels <= _OF_ONE_USER))
    if not len(pairs):
        return
    (one, digits), (other, other_digits) = made.of_pairs(left[pairs], right[pairs])
    of_names = (one != "") & (other != "")
    is_equal = of_names & (levels[pairs] == 0)
    agreed[pairs[is_equal]] = hashed(one[is_equal])
    is_said = (digits == other_digits) & (digits != "")
    levels[pairs[of_names & ~is_equal & ~is_said]] = MISSING


# Levels of addresses up to this one say that their users are alike.
_OF_ONE_USER = Email.levels.index("similar")
