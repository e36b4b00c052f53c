"""Names of persons: one part of a name, or a whole name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cockpit.domain.match.fields.closeness import DIFFERENT, EXACT, SIMILAR, SLIP, begins_like, closeness
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.text import words_of
from cockpit.domain.match.fields.values import Ints, Keys, Levels, Objects, Values, apply, as_objects, read_values

_PREFIX = 3


class PersonName(Field):
    """A given name, a family name or both; the order of words says nothing."""

    levels = ("exact", "one slip", "similar", "short form", "different")
    expected = (0.65, 0.18, 0.07, 0.04, 0.06)
    weak = frozenset({"exact", "begin", "sound"})

    def read(self, column: pd.Series) -> Values:
        return read_values(column, lambda texts: map(words_of, texts))

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        return compare_names(values.distinct[left], values.distinct[right])

    def keys(self, values: Values) -> Mapping[str, Keys]:
        return {
            "exact": Keys.of(apply(values.distinct, _sorted_words)),
            "begin": Keys.of_many({word[:_PREFIX] for word in name.split()} for name in values.distinct),
            "sound": Keys.of_many({sound_of(word) for word in name.split()} for name in values.distinct),
        }


def compare_names(left: Objects, right: Objects) -> Levels:
    """Levels of PersonName for pairs of names, none of them empty."""
    near = closeness(left, right)
    levels = np.full(len(left), 4, dtype=np.int8)
    levels[near == SIMILAR] = 2
    levels[near == SLIP] = 1
    levels[near == EXACT] = 0
    # Only pairs that are not alike as they stand are looked at word by word.
    rest = np.flatnonzero(levels == 4)
    levels[rest[begins_like(left[rest], right[rest])]] = 3
    many = np.array([" " in a and " " in b for a, b in zip(left[rest], right[rest], strict=True)], dtype=bool)
    if many.any():
        worded = rest[many]
        near = closeness(apply(left[worded], _sorted_words), apply(right[worded], _sorted_words))
        levels[worded] = np.select([near == EXACT, near == SLIP, near < DIFFERENT], [0, 1, 2], levels[worded])
    return levels


def _sorted_words(name: str) -> str:
    return " ".join(sorted(name.split()))


_SOUNDS = str.maketrans(
    {
        **dict.fromkeys("bfpvw", "1"),
        **dict.fromkeys("cgjkqsxz", "2"),
        **dict.fromkeys("dt", "3"),
        **dict.fromkeys("l", "4"),
        **dict.fromkeys("mn", "5"),
        **dict.fromkeys("r", "6"),
        **dict.fromkeys("aeiouyh", None),
    }
)


def sound_of(word: str) -> str:
    """How a word in Latin letters sounds, roughly (the classes of Soundex, without its first letter); else the word."""
    if not word.isascii():
        return word
    sound = word.translate(_SOUNDS)
    return "".join(sign for position, sign in enumerate(sound) if not position or sound[position - 1] != sign) or word


def swapped(given: Values, family: Values, left: Ints, right: Ints) -> np.ndarray:
    """Which pairs of records agree better when given and family name of one of them are exchanged."""
    from cockpit.domain.match.fields.closeness import likeness

    empty = as_objects([""])
    given_texts = np.append(given.distinct, empty)
    family_texts = np.append(family.distinct, empty)
    a, b = given_texts[given.codes[left]], given_texts[given.codes[right]]
    c, d = family_texts[family.codes[left]], family_texts[family.codes[right]]

    def alike(one: Objects, other: Objects) -> np.ndarray:
        return likeness(one, other) * ((one != "") & (other != ""))

    straight = alike(a, b) + alike(c, d)
    crossed = alike(a, d) + alike(c, b)
    return (crossed > straight + _SWAP_GAIN) & (crossed > _SWAP_LEAST)


# One name has to be found on the other side, and better than where it should stand.
_SWAP_GAIN, _SWAP_LEAST = 0.3, 0.85
