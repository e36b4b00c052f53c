"""Postal addresses; their numbers tell neighbours apart."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.at_once import read_many, without
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.ngrams import NgramVectors
from cockpit.domain.match.fields.text import plain_words_of, words_of
from cockpit.domain.match.fields.values import (
    Ints,
    Keys,
    LazyKeys,
    Levels,
    Objects,
    Values,
    apply,
    as_objects,
    read_values,
)
from cockpit.domain.match.fields.words import AddressWords, long_forms

_HOUSE = re.compile(r"(?:^|\s)(\d+)")
_ANY_NUMBER = re.compile(r"\d+")
_UNIT = " unit "
# Han characters, digits and punctuation: none of the listed words, which are in letters, stands in such a text.
_WITHOUT_LETTERS = r"^[ -\"$-@\[-`{-~\x{4e00}-\x{9fff}]*$"
_ONE_WORD = r"^[0-9\x{4e00}-\x{9fff}]+$"
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
        listed = {*self._long, *self._kinds, *self._units}
        self._is_plain = _WITHOUT_LETTERS if all(map(str.isascii, listed)) else _NEVER

    def read(self, column: pd.Series) -> Values:
        """Words in their long form."""
        values = read_values(column, lambda texts: read_many(texts, self._is_plain, plain_words_of, self._read))
        return Values(values.codes, values.distinct, self._parts_of(values.distinct))

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        compared, place = np.unique(np.concatenate([left, right]), return_inverse=True)
        vectors = NgramVectors.of(values.parts["streets"][compared])
        is_similar = vectors.likeness(place[: len(left)], place[len(left) :]) >= _SIMILAR_STREET
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
        return LazyKeys(
            {
                "exact": lambda: Keys.of(values.distinct),
                "house": lambda: Keys.of(as_objects(map(_house, numbers, streets))),
                "street": lambda: Keys.of(apply(streets, lambda street: _longest(street)[:8])),
                "number": lambda: Keys.of(numbers),
            }
        )

    def _read(self, text: str) -> str:
        """Words in their long form, without those that say only what kind of street it is."""
        words = [self._long.get(word, word) for word in words_of(text.replace("#", _UNIT)).split()]
        kept = [word for place, word in enumerate(words) if place < 2 or word not in self._kinds]
        said = ["unit" if word in self._units and place else word for place, word in enumerate(kept)]
        # Two words for one unit: apartment number 5.
        return " ".join(
            word for place, word in enumerate(said) if word != "unit" or said[place + 1 : place + 2] != ["unit"]
        )

    def _parts_of(self, texts: Objects) -> dict[str, Objects]:
        """Number, street and unit of each address as it was read."""
        given = pa.array(texts, pa.string())
        is_plain = pc.match_substring_regex(given, _ONE_WORD).to_numpy(zero_copy_only=False)
        parts = {name: np.full(len(texts), "", dtype=object) for name in ("number", "streets", "unit")}
        plain = given.filter(pa.array(is_plain))
        first = pc.struct_field(pc.extract_regex(plain, "(?P<first>[0-9]+)"), "first")
        parts["number"][is_plain] = pc.fill_null(first, "").to_numpy(zero_copy_only=False)
        parts["streets"][is_plain] = without(plain, "^[0-9]+$").to_numpy(zero_copy_only=False)
        for position in np.flatnonzero(~is_plain).tolist():
            found = self._parts(texts[position])
            parts["number"][position], parts["streets"][position], parts["unit"][position] = found
        return parts

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


_NEVER = "^.$^"


def _house(number: str, street: str) -> str:
    return f"{number} {_longest(street)[:4]}" if number and street else ""


def _longest(street: str) -> str:
    return max(street.split(), key=len, default="")
