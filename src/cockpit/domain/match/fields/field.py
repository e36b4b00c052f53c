"""What a type of field does: read a column, compare two values in steps, offer keys to find candidates by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.domain.match.fields.values import Ints, Keys, Levels, Objects, Values


class Field:
    """Base of the types.

    Attributes:
        levels: What a comparison can find, best first; the last one says that the values differ.
        expected: How often each level is found between records of one thing, as a first guess; sums to 1.
        related: How often each level is found between two things that are told apart by this field and agree on much
            else, such as two firms of one group; empty where they differ as strangers do.
        aside: Levels that may say more than a better one, or less than a worse one.
        bearable: Levels at which two values do not contradict each other, so that they keep no records apart where the
            rule says that the field does.
        weak: Names of keys that many records share; they find candidates only together with another field's key.
        depends_on_others: Keys, or what a comparison finds, depend on what other records there are, so that a change
            cannot be followed without looking at all of them.
    """

    levels: ClassVar[tuple[str, ...]]
    expected: ClassVar[tuple[float, ...]]
    related: ClassVar[tuple[float, ...]] = ()
    aside: ClassVar[frozenset[str]] = frozenset()
    bearable: ClassVar[frozenset[str]] = frozenset()
    weak: ClassVar[frozenset[str]] = frozenset()
    depends_on_others: ClassVar[bool] = False

    def read(self, column: pd.Series) -> Values:
        """The column's values as they are compared."""
        raise NotImplementedError

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of positions in `values.distinct` that are not equal."""
        raise NotImplementedError

    def identities(self, values: Values) -> Objects:
        """Text of each distinct value; values of one text are as frequent together."""
        return values.distinct

    def registered(self, values: Values) -> npt.NDArray[np.bool_]:
        """Which identities a register gives only once: who has such a value is the same, however often it is seen."""
        return np.zeros(len(values.distinct), dtype=bool)

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """Keys of the distinct values by name, strongest first; most types have `exact`."""
        return {"exact": Keys.of(values.distinct)}

    def near(self, values: Values) -> tuple[Ints, Ints] | None:
        """Pairs of distinct values that are alike though they share no key; None for types without."""
        del values
        return None
