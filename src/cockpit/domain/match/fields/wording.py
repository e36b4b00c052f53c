"""Names of organisations and addresses: several words, of which the rare ones say which one is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.ngrams import NgramVectors, learn_rarity
from cockpit.domain.match.fields.text import words_of
from cockpit.domain.match.fields.values import Ints, Keys, Levels, Objects, Values, apply, as_objects, read_values

_NUMBER = re.compile(r"\d+")


class Organisation(Field):
    """The name of an organisation."""

    levels = ("exact", "same words", "very similar", "similar", "vaguely similar", "different")
    expected = (0.5, 0.08, 0.15, 0.1, 0.07, 0.1)
    weak = frozenset({"begin", "rarest"})

    def read(self, column: pd.Series) -> Values:
        values = read_values(column, lambda texts: (shortened(words_of(text)) for text in texts))
        vectors = NgramVectors.of(values.distinct, learn_rarity(values.distinct))
        return Values(values.codes, values.distinct, {"vectors": vectors, "sorted": apply(values.distinct, _sorted)})

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        cosine = values.parts["vectors"].likeness(left, right)
        levels = np.select([cosine >= 0.85, cosine >= 0.7, cosine >= 0.5], [2, 3, 4], 5).astype(np.int8)
        levels[values.parts["sorted"][left] == values.parts["sorted"][right]] = 1
        return levels

    def keys(self, values: Values) -> Mapping[str, Keys]:
        return {
            "exact": Keys.of(values.parts["sorted"]),
            "begin": Keys.of(apply(values.distinct, lambda name: name.replace(" ", "")[:6])),
            "rarest": Keys.of_many(_rarest(values.distinct)),
        }

    def near(self, values: Values) -> tuple[Ints, Ints] | None:
        vectors = values.parts["vectors"]
        return vectors.nearest(vectors, _NEAREST, _NEAR)


# At most so many neighbours of a name, and how alike they have to be.
_NEAREST, _NEAR = 10, 0.6


class Address(Field):
    """A postal address; its numbers tell neighbours apart."""

    levels = (
        "exact",
        "same number, similar street",
        "number missing, similar street",
        "same number, other street",
        "other number, similar street",
        "different",
    )
    expected = (0.57, 0.2, 0.06, 0.02, 0.07, 0.08)
    weak = frozenset({"street", "number"})

    def read(self, column: pd.Series) -> Values:
        values = read_values(column, lambda texts: (_address(words_of(text)) for text in texts))
        streets = apply(values.distinct, lambda text: " ".join(word for word in text.split() if not word.isdecimal()))
        return Values(
            values.codes,
            values.distinct,
            {
                "vectors": NgramVectors.of(streets, learn_rarity(streets)),
                "number": apply(values.distinct, _house_number),
                "streets": streets,
            },
        )

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        is_similar = values.parts["vectors"].likeness(left, right) >= _SIMILAR_STREET
        a, b = values.parts["number"][left], values.parts["number"][right]
        same = (a == b) & (a != "")
        missing = (a == "") | (b == "")
        found = [is_similar & same, is_similar & missing, same, is_similar]
        return np.select(found, [1, 2, 3, 4], 5).astype(np.int8)

    def keys(self, values: Values) -> Mapping[str, Keys]:
        streets, numbers = values.parts["streets"], values.parts["number"]
        house = [f"{n} {_longest(s)[:4]}" if n and s else "" for n, s in zip(numbers, streets, strict=True)]
        return {
            "exact": Keys.of(values.distinct),
            "house": Keys.of(as_objects(house)),
            "street": Keys.of(apply(streets, lambda street: _longest(street)[:8])),
            "number": Keys.of(numbers),
        }


_SIMILAR_STREET = 0.55


def _house_number(text: str) -> str:
    found = _NUMBER.search(text)
    return found[0] if found else ""


def _longest(street: str) -> str:
    return max(street.split(), key=len, default="")


def _address(text: str) -> str:
    """Without words that say only what kind of street it is, unless nothing else is left."""
    words = shortened(text).split()
    kept = [word for position, word in enumerate(words) if position < 2 or word not in _STREETS]
    return " ".join(kept)


def _sorted(name: str) -> str:
    return "".join(sorted(name.split()))


def _rarest(names: Objects) -> list[list[str]]:
    """The two rarest words of each name."""
    words = [name.split() for name in names]
    having: dict[str, int] = {}
    for each in words:
        for word in set(each):
            having[word] = having.get(word, 0) + 1
    return [sorted(set(each), key=lambda word: (having[word], word))[:2] for each in words]


_STREETS = frozenset(
    {
        "st",
        "rd",
        "ave",
        "blvd",
        "dr",
        "ln",
        "pl",
        "ct",
        "sq",
        "hwy",
        "pkwy",
        "ter",
        "way",
        "cl",
        "cres",
        "circuit",
        "crescent",
    }
)

_SHORT = {
    "street": "st", "road": "rd", "avenue": "ave", "av": "ave", "boulevard": "blvd", "drive": "dr", "lane": "ln", "place": "pl",
    "court": "ct", "square": "sq", "highway": "hwy", "parkway": "pkwy", "terrace": "ter", "north": "n", "south": "s",
    "east": "e", "west": "w", "saint": "st", "centre": "center", "incorporated": "inc", "corporation": "corp",
    "company": "co", "limited": "ltd", "and": "", "the": "",
}  # fmt: skip


def shortened(text: str) -> str:
    """Words that are often abbreviated, in their short form."""
    return " ".join(filter(None, (_SHORT.get(word, word) for word in text.split())))
