"""Telephones and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.at_once import ASCII, read_many, without
from cockpit.domain.match.fields.closeness import likeness
from cockpit.domain.match.fields.field import Field
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
from cockpit.domain.match.fields.words import MailWords
from cockpit.domain.normalise.text import LONGEST_TEXT, fold

_NOT_A_DIGIT = re.compile(r"\D+")
# The number within an area; what stands before it is sometimes left out.
_LOCAL_DIGITS = 7


class Phone(Field):
    """A telephone number by its digits; area and country may be missing on one side."""

    levels = ("exact", "without area", "one slip", "different")
    expected = (0.75, 0.05, 0.05, 0.15)

    def read(self, column: pd.Series) -> Values:
        """Digits; too few of them are no number."""
        return read_values(column, _digits_of_many)

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        a, b = values.distinct[left], values.distinct[right]
        slips = cpdist(a, b, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
        local = _local(values.distinct)
        levels = np.full(len(a), 3, dtype=np.int8)
        levels[slips <= 1] = 2
        levels[local[left] == local[right]] = 1
        return levels

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """What candidates are found by."""
        return LazyKeys({"local": lambda: Keys.of(_local(values.distinct))})


class Email(Field):
    """An e-mail address: a person's by the part before @, an organisation's by the domain."""

    levels = ("exact", "slips", "same user", "similar", "same domain", "different")
    expected = (0.7, 0.1, 0.06, 0.03, 0.04, 0.07)
    # In a list of organisations it says much, in one of persons that they are colleagues.
    aside = frozenset({"same domain"})
    weak = frozenset({"begin"})

    def __init__(self, words: MailWords | None = None) -> None:
        self._words = words or MailWords()

    def read(self, column: pd.Series) -> Values:
        """In lower case; who it belongs to is its user or its domain."""
        return read_values(column, _addresses_of)

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        compared, place = np.unique(np.concatenate([left, right]), return_inverse=True)
        one, other = place[: len(left)], place[len(left) :]
        texts = values.distinct[compared]
        users, domains = self._users(texts), self._domains(texts)
        a, b = texts[one], texts[other]
        slips = cpdist(a, b, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
        alike = likeness(a, b)
        user_slips = cpdist(users[one], users[other], scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
        has_users = (users[one] != "") & (users[other] != "")
        levels = np.full(len(a), 5, dtype=np.int8)
        levels[(domains[one] == domains[other]) & (domains[one] != "")] = 4
        # Boxes of functions are alike everywhere.
        levels[(alike >= 0.85) & has_users] = 3
        levels[((user_slips <= 1) | (alike >= 0.93)) & has_users] = 2
        levels[(slips <= 2) & (has_users | (levels == 5))] = 1
        return levels

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """What candidates are found by."""
        return LazyKeys(
            {
                "exact": lambda: Keys.of(values.distinct),
                "user": lambda: Keys.of(self._users(values.distinct)),
                "domain": lambda: Keys.of(self._domains(values.distinct)),
                "begin": lambda: Keys.of(apply(values.distinct, lambda address: address[:5])),
            }
        )

    def _users(self, addresses: Objects) -> Objects:
        """What stands before @; "" for a function."""
        return _unless(without(pa.array(addresses, pa.string()), "@.*"), self._words.functions)

    def _domains(self, addresses: Objects) -> Objects:
        """Domains that not anybody has a box at, else ""."""
        return _unless(without(pa.array(addresses, pa.string()), "^[^@]*@?"), self._words.hosts)


def _unless(texts: pa.StringArray, listed: Collection[str]) -> Objects:
    """Texts; "" for those that are listed."""
    is_listed = pc.is_in(texts, pa.array(sorted(listed), pa.string()))
    return as_objects(pc.if_else(is_listed, "", texts).to_pylist())


def _local(numbers: Objects) -> Objects:
    return as_objects(pc.utf8_slice_codeunits(pa.array(numbers, pa.string()), -_LOCAL_DIGITS).to_pylist())


def _digits_of_many(texts: Sequence[str]) -> Objects:
    return read_many(texts, ASCII, _plain_digits, _digits)


def _plain_digits(texts: pa.StringArray) -> pa.StringArray:
    return without(without(texts, "[^0-9]+"), _NO_NUMBER)


def _digits(text: str) -> str:
    digits = _NOT_A_DIGIT.sub("", fold(text[:LONGEST_TEXT]))
    # Fewer are no number; one digit alone is a placeholder.
    return digits if len(digits) >= 5 and len(set(digits)) > 1 else ""


_NO_NUMBER = "^(?:.{1,4}|" + "|".join(f"{digit}+" for digit in range(10)) + ")$"


def _addresses_of(texts: Sequence[str]) -> Objects:
    return read_many(texts, ASCII, lambda plain: without(pc.utf8_lower(without(plain, " ")), "^.{1,2}$"), _address)


def _address(text: str) -> str:
    level = fold(text[:LONGEST_TEXT]).casefold().replace(" ", "")
    return level if len(level) > 2 else ""
