"""Telephones and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.closeness import likeness
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import Ints, Keys, Levels, Values, apply, read_values
from cockpit.domain.normalise.text import LONGEST_TEXT, fold

_NOT_A_DIGIT = re.compile(r"\D+")
# The number within an area; what stands before it is sometimes left out.
_LOCAL_DIGITS = 7


class Phone(Field):
    """A telephone number by its digits; area and country may be missing on one side."""

    levels = ("exact", "without area", "one slip", "different")
    expected = (0.75, 0.05, 0.05, 0.15)

    def read(self, column: pd.Series) -> Values:
        return read_values(column, lambda texts: map(_digits, texts))

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        a, b = values.distinct[left], values.distinct[right]
        slips = cpdist(a, b, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
        local = apply(values.distinct, lambda number: number[-_LOCAL_DIGITS:])
        levels = np.full(len(a), 3, dtype=np.int8)
        levels[slips <= 1] = 2
        levels[local[left] == local[right]] = 1
        return levels

    def keys(self, values: Values) -> Mapping[str, Keys]:
        local = apply(values.distinct, lambda number: number[-_LOCAL_DIGITS:])
        return {"local": Keys.of(local)}


class Email(Field):
    """An e-mail address; the part before @ says more than the domain."""

    levels = ("exact", "one slip", "same user", "similar", "different")
    expected = (0.72, 0.1, 0.06, 0.04, 0.08)
    weak = frozenset({"begin"})

    def read(self, column: pd.Series) -> Values:
        return read_values(column, lambda texts: (_address(text) for text in texts))

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        a, b = values.distinct[left], values.distinct[right]
        users = apply(values.distinct, _user)
        slips = cpdist(a, b, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
        alike = likeness(a, b)
        user_slips = cpdist(users[left], users[right], scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
        levels = np.full(len(a), 4, dtype=np.int8)
        levels[alike >= 0.85] = 3
        levels[(user_slips <= 1) | (alike >= 0.93)] = 2
        levels[slips <= 2] = 1
        return levels

    def keys(self, values: Values) -> Mapping[str, Keys]:
        return {
            "exact": Keys.of(values.distinct),
            "user": Keys.of(apply(values.distinct, _user)),
            "begin": Keys.of(apply(values.distinct, lambda address: address[:5])),
        }


def _digits(text: str) -> str:
    digits = _NOT_A_DIGIT.sub("", fold(text[:LONGEST_TEXT]))
    # Fewer are no number; one digit alone is a placeholder.
    return digits if len(digits) >= 5 and len(set(digits)) > 1 else ""


def _address(text: str) -> str:
    level = fold(text[:LONGEST_TEXT]).casefold().replace(" ", "")
    return level if len(level) > 2 else ""


def _user(address: str) -> str:
    return address.partition("@")[0]
