"""Postal addresses; their numbers tell neighbours apart."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.ngrams import NgramVectors
from cockpit.domain.match.fields.text import words_of
from cockpit.domain.match.fields.values import Ints, Keys, Levels, Values, apply, as_objects, as_one, read_values
from cockpit.domain.match.fields.words import AddressWords, long_forms

_HOUSE = re.compile(r"(?:^|\s)(\d+)")
_ANY_NUMBER = re.compile(r"\d+")
_UNIT = " unit "
_SIMILAR_STREET = 0.55
# In a shorter number every other one is one slip away.
_SHORTEST_SLIP = 3


class Address(Field):
    """A postal address."""

    levels = (
        "exact",
        "same number, similar street",
        "number missing, similar street",
        "other unit of the house",
        "slip in the number, similar street",
        "same number, other street",
        "other number, similar street",
        "different",
    )
    expected = (0.54, 0.2, 0.06, 0.02, 0.03, 0.02, 0.05, 0.08)
    weak = frozenset({"street", "number"})

    def __init__(self, words: AddressWords | None = None) -> None:
        words = words or AddressWords()
        self._long = long_forms(words.short_forms)
        self._kinds = words.street_kinds
        self._units = words.units

    def read(self, column: pd.Series) -> Values:
        """Words in their long form."""
        values = read_values(column, lambda texts: map(self._read, texts))
        parts = [self._parts(text) for text in values.distinct]
        streets = as_objects(street for _number, street, _unit in parts)
        return Values(
            values.codes,
            values.distinct,
            {
                "vectors": as_one(NgramVectors.of(streets)),
                "number": as_objects(number for number, _street, _unit in parts),
                "unit": as_objects(unit for _number, _street, unit in parts),
                "streets": streets,
            },
        )

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        vectors: NgramVectors = values.parts["vectors"].item()
        is_similar = vectors.likeness(left, right) >= _SIMILAR_STREET
        a, b = values.parts["number"][left], values.parts["number"][right]
        same = (a == b) & (a != "")
        missing = (a == "") | (b == "")
        one, other = values.parts["unit"][left], values.parts["unit"][right]
        is_other_unit = (one != other) & (one != "") & (other != "")
        is_slip = np.zeros(len(left), dtype=bool)
        maybe = np.flatnonzero(is_similar & ~same & ~missing)
        slips = cpdist(a[maybe], b[maybe], scorer=OSA.distance, score_cutoff=1, dtype=np.int32) <= 1
        digits = np.fromiter((min(len(x), len(y)) for x, y in zip(a[maybe], b[maybe], strict=True)), int, len(maybe))
        is_slip[maybe] = slips & (digits >= _SHORTEST_SLIP)
        found = [is_similar & same & ~is_other_unit, is_similar & missing, is_similar & same, is_slip, same, is_similar]
        return np.select(found, [1, 2, 3, 4, 5, 6], 7).astype(np.int8)

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """What candidates are found by."""
        streets, numbers = values.parts["streets"], values.parts["number"]
        house = [f"{n} {_longest(s)[:4]}" if n and s else "" for n, s in zip(numbers, streets, strict=True)]
        return {
            "exact": Keys.of(values.distinct),
            "house": Keys.of(as_objects(house)),
            "street": Keys.of(apply(streets, lambda street: _longest(street)[:8])),
            "number": Keys.of(numbers),
        }

    def _read(self, text: str) -> str:
        """Words in their long form, without those that say only what kind of street it is."""
        words = [self._long.get(word, word) for word in words_of(text.replace("#", _UNIT)).split()]
        kept = [word for place, word in enumerate(words) if place < 2 or word not in self._kinds]
        said = ["unit" if word in self._units and place else word for place, word in enumerate(kept)]
        # Two words for one unit: apartment number 5.
        return " ".join(
            word for place, word in enumerate(said) if word != "unit" or said[place + 1 : place + 2] != ["unit"]
        )

    def _parts(self, text: str) -> tuple[str, str, str]:
        """House number, street and unit, "" where there is none."""
        before, mark, after = text.partition(_UNIT)
        unit, _space, rest = after.partition(" ")
        if not mark:
            before, rest, unit = text, "", ""
        found = _HOUSE.search(before) or _ANY_NUMBER.search(before)
        number = found[0].strip() if found else ""
        street = " ".join(word for word in f"{before} {rest}".split() if not word.isdecimal())
        return number, street, unit


def _longest(street: str) -> str:
    return max(street.split(), key=len, default="")
