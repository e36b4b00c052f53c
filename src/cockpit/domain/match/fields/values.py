"""A column of records as comparisons read it: each distinct value once, and which of them each record has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int32]
Levels: TypeAlias = npt.NDArray[np.int8]
Objects: TypeAlias = npt.NDArray[np.object_]
Hashes: TypeAlias = npt.NDArray[np.uint64]

# In codes and levels: nothing was said.
MISSING = -1


@dataclass(frozen=True)
class Values:
    """A column.

    Attributes:
        codes: Per record the position in `distinct`; MISSING where it has no usable value.
        distinct: The values as they are compared.
        parts: What a comparison asks for besides, each as long as `distinct` or one object (see `as_one`).
    """

    codes: Codes
    distinct: Objects
    parts: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def counts(self) -> Ints:
        """How many records have each distinct value."""
        return np.bincount(self.codes[self.codes != MISSING], minlength=len(self.distinct)).astype(np.int64)


@dataclass(frozen=True)
class Keys:
    """Keys under which values are looked up; a value may have several, or none.

    Attributes:
        values: Positions of distinct values, ascending.
        hashes: The key of each.
    """

    values: Ints
    hashes: Hashes

    @classmethod
    def of(cls, texts: Objects) -> Keys:
        """One key per value, none where the text is empty."""
        given = np.flatnonzero(texts != "")
        return cls(given, hashed(texts[given]))

    @classmethod
    def of_many(cls, texts: Iterable[Iterable[str]]) -> Keys:
        """Several keys per value."""
        values: list[int] = []
        keys: list[str] = []
        for position, each in enumerate(texts):
            for text in each:
                values.append(position)
                keys.append(text)
        return cls(np.array(values, dtype=np.int64), hashed(as_objects(keys)))


class LazyKeys(Mapping[str, Keys]):
    """Keys by name, each made when it is asked for: most rules want a few of those that a type offers."""

    def __init__(self, makers: Mapping[str, Callable[[], Keys]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> Keys:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def hashed(texts: Objects) -> Hashes:
    """64-bit hashes, the same on every machine and in every run."""
    if not len(texts):
        return np.empty(0, dtype=np.uint64)
    return pd.util.hash_array(texts, categorize=False)


def ascending(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Each number once, in order. `np.unique` alone takes a hundred times as long for millions of them."""
    found = np.sort(numbers)
    return found[np.concatenate([[True], found[1:] != found[:-1]])] if len(found) else found


def as_objects(texts: Iterable[Any]) -> Objects:
    """A one-dimensional array of Python objects."""
    listed = list(texts)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def as_one(thing: Any) -> Objects:
    """An array that holds one Python object; `.item()` gives it back."""
    array = np.empty((), dtype=object)
    array[()] = thing
    return array


def different_texts(column: pd.Series) -> tuple[Ints, list[str]]:
    """Which of the different texts of a column each record has, MISSING for none; and these texts."""
    codes, found = pd.factorize(column, use_na_sentinel=True)
    if isinstance(found.dtype, pd.StringDtype):
        return codes, pa.array(found).to_pylist()
    return codes, [str(text) for text in found]


def read_values(column: pd.Series, read: Callable[[list[str]], Iterable[str]]) -> Values:
    """A column whose distinct texts become values by `read`; texts that become the same value share it.

    Args:
        column: Texts; None, NaN and NaT are no value.
        read: Distinct texts -> their values, "" for none.
    """
    codes, texts = different_texts(column)
    values = as_objects(read(texts))
    if not len(values):
        return Values(np.full(len(column), MISSING, dtype=np.int32), values)
    value_codes, distinct = pd.factorize(values)
    empty = np.flatnonzero(distinct == "")
    if len(empty):
        # Positions above that of the empty value move down by one.
        gone = int(empty[0])
        value_codes = np.where(value_codes == gone, MISSING, value_codes - (value_codes > gone))
        distinct = np.delete(distinct, gone)
    of_text = np.append(value_codes, MISSING).astype(np.int32)
    return Values(of_text[codes], as_objects(distinct))


def apply(values: Objects, function: Callable[[str], Any]) -> Objects:
    """`function` of each value."""
    return as_objects(map(function, values))
