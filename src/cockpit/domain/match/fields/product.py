"""What articles are called, and their specifications: sizes are told apart by their numbers, not by their signs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.measure import BARE, JOINED, Measures, ProductWords
from cockpit.domain.match.fields.text import Text
from cockpit.domain.match.fields.values import Ints, Keys, Levels, Values, as_objects, as_one, read_values

EXACT, LEFT_OUT, MORE, DIFFERENT = range(4)

# Of a text that says no size and no mark.
NOTHING = "-"
# Between the sizes of a value, and between what is measured and how much.
_NEXT, _IS = "; ", "="


class Specification(Field):
    """Sizes and marks of an article, in whatever unit they are written; words that are neither say nothing."""

    levels = ("exact", "sizes left out", "each says more", "different")
    expected = (0.75, 0.15, 0.05, 0.05)
    bearable = frozenset({"sizes left out", "each says more"})
    weak = frozenset({"exact"})

    def __init__(self, words: ProductWords) -> None:
        self._measures = Measures(words)

    def read(self, column: pd.Series) -> Values:
        """Sizes and marks of the texts."""
        values = read_values(column, lambda texts: (_written(self._measures.read(text).sizes) for text in texts))
        return Values(values.codes, values.distinct, _tabulated([parsed(text) for text in values.distinct]))

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        kinds, said, count = values.parts["kinds"].item(), values.parts["said"].item(), values.parts["count"]
        in_both, agreeing = _shared(kinds, left, right), _shared(said, left, right)
        levels = np.full(len(left), MORE, dtype=np.int8)
        levels[in_both == np.minimum(count[left], count[right])] = LEFT_OUT
        levels[agreeing < in_both] = DIFFERENT
        # A number without unit may be any of the other's.
        has_bare = values.parts["has_bare"]
        says = (count > 0) | has_bare
        open_ones = (has_bare[left] | has_bare[right]) & says[left] & says[right] & (levels != DIFFERENT)
        read = values.parts["read"]
        for pair in np.flatnonzero(open_ones).tolist():
            levels[pair] = judged(read[left[pair]], read[right[pair]])
        levels[~says[left] | ~says[right]] = LEFT_OUT
        return levels


class ProductName(Text):
    """What kind of article it is: the words without sizes, marks, material and packing."""

    weak = frozenset({"exact", "part"})

    def __init__(self, words: ProductWords) -> None:
        self._measures = Measures(words)

    def read(self, column: pd.Series) -> Values:
        """Words in one order; Chinese ones only, where there are any."""
        return read_values(column, lambda texts: (self._measures.read(text).name for text in texts))

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """The whole name, and its words: of a Chinese one the first and the last two characters."""
        return {"exact": Keys.of(values.distinct), "part": Keys.of_many(map(_parts, values.distinct))}


def parsed(text: str) -> dict[str, str]:
    """What is measured -> how much, of a value as `Specification.read` writes it."""
    pairs = (part.rpartition(_IS) for part in text.split(_NEXT)) if text != NOTHING else ()
    return {kind: value for kind, _sign, value in pairs}


def judged(one: Mapping[str, str], other: Mapping[str, str]) -> int:
    """Level of two specifications that are not equal; a number without unit agrees with an equal one of any unit."""
    shared = (one.keys() & other.keys()) - {BARE}
    if any(one[kind] != other[kind] for kind in shared):
        return DIFFERENT
    (bare, sized), (other_bare, other_sized) = _unshared(one, shared), _unshared(other, shared)
    bare, other_bare = bare - other_bare, other_bare - bare
    bare, other_sized = bare - other_sized, other_sized - bare
    sized, other_bare = sized - other_bare, other_bare - sized
    if (bare and (other_bare or other_sized)) or (other_bare and sized):
        return DIFFERENT
    return MORE if (bare or sized) and (other_bare or other_sized) else LEFT_OUT


def _unshared(said: Mapping[str, str], shared: Set[str]) -> tuple[Counter[str], Counter[str]]:
    """Numbers without unit, and those with one that only this text has."""
    sized = [number for kind, value in said.items() if kind != BARE and kind not in shared for number in _each(value)]
    return Counter(_each(said[BARE]) if BARE in said else ()), Counter(sized)


def _each(value: str) -> list[str]:
    return value.split(JOINED)


def _written(sizes: Mapping[str, str]) -> str:
    return _NEXT.join(f"{kind}{_IS}{value}" for kind, value in sizes.items()) or NOTHING


def _tabulated(texts: list[dict[str, str]]) -> dict[str, npt.NDArray[Any]]:
    """Texts as read, text x what is measured, and text x what is measured and how much: 1 where it says so."""
    sized = [{kind: value for kind, value in said.items() if kind != BARE} for said in texts]
    return {
        "read": as_objects(texts),
        "kinds": as_one(_table([list(said) for said in sized])),
        "said": as_one(_table([[f"{kind}{_IS}{value}" for kind, value in said.items()] for said in sized])),
        "count": np.array([len(said) for said in sized], dtype=np.int64),
        "has_bare": np.array([BARE in said for said in texts], dtype=bool),
    }


def _table(texts: list[list[str]]) -> csr_matrix:
    position: dict[str, int] = {}
    index = [position.setdefault(word, len(position)) for words in texts for word in words]
    pointers = np.cumsum([0, *map(len, texts)])
    return csr_matrix((np.ones(len(index), dtype=np.int32), index, pointers), shape=(len(texts), max(len(position), 1)))


def _shared(table: csr_matrix, left: Ints, right: Ints) -> Ints:
    """How much is in both texts of each pair."""
    out = np.empty(len(left), dtype=np.int64)
    for start in range(0, len(left), _CHUNK):
        part = slice(start, start + _CHUNK)
        out[part] = np.asarray(table[left[part]].multiply(table[right[part]]).sum(axis=1)).ravel()
    return out


# Pairs that are looked at together: bounds the memory.
_CHUNK = 200_000


def _parts(name: str) -> list[str]:
    if name.isascii():
        return name.split(" ")
    return [name] if len(name) <= _ENDS else list(dict.fromkeys((name[:_ENDS], name[-_ENDS:])))


_ENDS = 2
