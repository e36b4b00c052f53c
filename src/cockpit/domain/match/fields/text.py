"""Short texts, regions, postcodes and registration numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.at_once import PLAIN, read_many, without
from cockpit.domain.match.fields.closeness import CLOSENESS, closeness, lengths
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import Ints, Keys, LazyKeys, Levels, Objects, Values, apply, read_values
from cockpit.domain.normalise.text import LONGEST_TEXT, fold

_NOT_A_WORD = re.compile(r"[\W_]+")
# The same of plain texts.
_NOT_PLAIN_WORD = r"[^0-9A-Za-z\x{4e00}-\x{9fff}]+"


_ACCENT = re.compile("[\u0300-\u036f]")


def words_of(text: str) -> str:
    """A text without differences of width, case, accents, spaces and punctuation; what is too long is cut."""
    level = fold(text[:LONGEST_TEXT]).casefold()
    if not level.isascii():
        level = unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", level)))
    return _NOT_A_WORD.sub(" ", level).strip()


def words_of_many(texts: Sequence[str]) -> Objects:
    """`words_of` each text."""
    return read_many(texts, PLAIN, plain_words_of, words_of)


def plain_words_of(texts: pa.StringArray) -> pa.StringArray:
    """`words_of` plain texts."""
    return pc.utf8_trim(pc.utf8_lower(without(texts, _NOT_PLAIN_WORD, " ")), " ")


def signs_of(text: str) -> str:
    """Letters and digits only, in capitals."""
    return words_of(text).replace(" ", "").upper()


def _signs_of_many(texts: Sequence[str]) -> Objects:
    return read_many(texts, PLAIN, lambda plain: pc.utf8_upper(without(plain, _NOT_PLAIN_WORD)), signs_of)


_WEB = re.compile(r"(?:[a-z]{3,6}://)?(?:www\d?\.)?((?:[\w-]+\.)+[a-z]{2,})(?::\d+)?(?:[/?#].*)?", re.IGNORECASE)


def host_of(text: str) -> str:
    """Of an address of a web site the host; another text as it is."""
    found = _WEB.fullmatch(text.strip()[:LONGEST_TEXT])
    return found[1] if found else text


class Text(Field):
    """A short text that says one thing."""

    levels = CLOSENESS
    expected = (0.7, 0.12, 0.06, 0.05, 0.07)
    weak = frozenset({"exact"})

    def read(self, column: pd.Series) -> Values:
        """Words; of an address of a web site its host."""
        return read_values(column, lambda texts: words_of_many([host_of(text) for text in texts]))

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        return closeness(values.distinct[left], values.distinct[right])


class Region(Text):
    """A place of which there are few: a city, a province, a country."""


class Identifier(Field):
    """A number or code that one thing has: digits and letters; slips of typing are near."""

    levels = ("exact", "one slip", "two slips", "different")
    expected = (0.85, 0.08, 0.02, 0.05)

    def read(self, column: pd.Series) -> Values:
        """Letters and digits."""
        return read_values(column, _signs_of_many)

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        a, b = values.distinct[left], values.distinct[right]
        slips = cpdist(a, b, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
        # In a number of three digits everything is near.
        slips[(slips == 2) & (np.minimum(lengths(a), lengths(b)) < 6)] = 3
        return np.asarray(np.minimum(slips, 3), dtype=np.int8)


class Postcode(Identifier):
    """A postcode; the first half of it is a wider place."""

    weak = frozenset({"exact", "area"})

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """What candidates are found by."""
        return LazyKeys(
            {
                "exact": lambda: Keys.of(values.distinct),
                "area": lambda: Keys.of(apply(values.distinct, lambda code: code[:3])),
            }
        )
