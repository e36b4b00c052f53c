"""Names of persons: one part of a name, or a whole name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import OSA

from cockpit.domain.match.fields.closeness import EXACT, SIMILAR, SLIP, closeness, likeness
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.text import words_of
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
from cockpit.domain.match.fields.words import PersonWords

_PREFIX = 3
_EXACT, _SLIP, _SIMILAR, _NICKNAME, _INITIAL, _DIFFERENT = range(6)
_NOBODY: frozenset[str] = frozenset()
_HAN = re.compile("[\u4e00-\u9fff]+")
_APOSTROPHE = re.compile("['`\u2018\u2019\u02bc]")


class PersonName(Field):
    """A given name, a family name or both; the order of words says nothing."""

    levels = ("exact", "one slip", "similar", "nickname", "initial", "different")
    expected = (0.64, 0.17, 0.06, 0.04, 0.03, 0.06)
    weak = frozenset({"exact", "begin", "sound"})

    def __init__(self, words: PersonWords | None = None) -> None:
        words = words or PersonWords()
        self._titles = words.titles
        self._generations = words.generations
        self._called: dict[str, frozenset[str]] = {}
        for name, nicknames in words.nicknames.items():
            for each in (name, *nicknames):
                self._called[each] = self._called.get(each, frozenset()) | {name}

    def read(self, column: pd.Series) -> Values:
        """Words without titles."""
        values = read_values(column, lambda texts: map(self._read, texts))
        names = values.distinct
        return Values(
            values.codes,
            names,
            {
                "first": np.fromiter((ord(name[0]) for name in names), dtype=np.int32, count=len(names)),
                "is_long": np.fromiter((" " in name for name in names), dtype=bool, count=len(names)),
                "has_nickname": np.fromiter((name in self._called for name in names), dtype=bool, count=len(names)),
            },
        )

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        # A few names make many pairs.
        size = len(values.distinct)
        code, inverse = np.unique(left * size + right, return_inverse=True)
        one, other = code // size, code % size
        first, is_long, has_nickname = (values.parts[part] for part in ("first", "is_long", "has_nickname"))
        is_worth = (
            (first[one] == first[other]) | is_long[one] | is_long[other] | (has_nickname[one] & has_nickname[other])
        )
        return self._levels(values.distinct[one], values.distinct[other], is_worth)[inverse]

    def compare_texts(self, left: Objects, right: Objects) -> Levels:
        """Levels for pairs of names as they were read, none of them empty."""
        return self._levels(left, right, np.ones(len(left), dtype=bool))

    def _levels(self, left: Objects, right: Objects, is_worth: npt.NDArray[np.bool_]) -> Levels:
        """Levels of pairs; those that are not alike are looked at word by word where that is worth it."""
        near = closeness(left, right)
        levels = np.full(len(left), _DIFFERENT, dtype=np.int8)
        levels[near == SIMILAR] = _SIMILAR
        levels[near == SLIP] = _SLIP
        levels[near == EXACT] = _EXACT
        rest = np.flatnonzero((levels >= _SIMILAR) & is_worth)
        pairs = zip(left[rest], right[rest], levels[rest].tolist(), strict=True)
        levels[rest] = np.fromiter((self._by_words(*pair) for pair in pairs), dtype=np.int8, count=len(rest))
        return levels

    def _by_words(self, one: str, other: str, level: int) -> int:
        if " " in one or " " in other:
            return min(level, self._several(one.split(), other.split()))
        return min(level, self._single(one, other))

    def _single(self, one: str, other: str) -> int:
        if not self._called.get(one, _NOBODY).isdisjoint(self._called.get(other, _NOBODY)):
            return _NICKNAME
        if one.startswith(other) or other.startswith(one):
            return _NICKNAME if min(len(one), len(other)) > 1 else _INITIAL
        return _DIFFERENT

    def _several(self, one: list[str], other: list[str]) -> int:
        """Names of several words: in another order, or some of them short or left out."""
        one_older = [word for word in one if word not in self._generations] or one
        other_older = [word for word in other if word not in self._generations] or other
        if len(one_older) > 1 and len(other_older) > 1:
            slips = OSA.distance(" ".join(sorted(one_older)), " ".join(sorted(other_older)), score_cutoff=1)
            found = min(slips, 2)
        else:
            found = _SIMILAR if one_older == other_older else _DIFFERENT
        if (one_older, other_older) != (one, other):
            found = max(found, _SIMILAR)
        if found <= _SLIP:
            return found
        if found == 2 and len(one_older) > 1 and len(other_older) > 1:
            found = _DIFFERENT
        # Each word of the shorter name has to have its own in the longer one.
        short, long = sorted((one_older, other_older), key=len)
        left = list(long)
        worst = _EXACT
        for word in sorted(short, key=len, reverse=True):
            best, place = min((self._word(word, each), place) for place, each in enumerate(left))
            if best == _DIFFERENT:
                return found
            worst = max(worst, best)
            del left[place]
        return min(found, max(worst, _SIMILAR))

    def _word(self, one: str, other: str) -> int:
        if one == other:
            return _EXACT
        if min(len(one), len(other)) > 2 and OSA.distance(one, other, score_cutoff=1) <= 1:
            return _SLIP
        return self._single(one, other)

    def _read(self, text: str) -> str:
        words = words_of(_APOSTROPHE.sub("", text)).split()
        return " ".join([word for word in words if word not in self._titles] or words)

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """What candidates are found by."""
        return LazyKeys(
            {
                "exact": lambda: Keys.of(apply(values.distinct, _sorted_words)),
                "begin": lambda: Keys.of_many({word[:_PREFIX] for word in name.split()} for name in values.distinct),
                "sound": lambda: Keys.of_many({sound_of(word) for word in name.split()} for name in values.distinct),
                "whole": lambda: Keys.of_many(map(_whole_keys, values.distinct)),
            }
        )


def _whole_keys(name: str) -> set[str]:
    """Keys of a name that says more than one part of it: of any two words, how they begin or sound.

    A slip leaves one of the two as it was. A name in Han characters is one word, which says as much by itself.
    """
    words = name.split()
    if len(words) == 1:
        return {name} if len(name) > 1 and _HAN.fullmatch(name) else set()
    codes = [(f"{word[:_PREFIX]}-", sound_of(word)) for word in words[:_MOST_WORDS]]
    return {
        " ".join(sorted((one, other)))
        for first, second in itertools.combinations(codes, 2)
        for one, other in itertools.product(first, second)
    }


# A name of more words than these is found by the first of them.
_MOST_WORDS = 5


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


def swapped(given: Values, family: Values, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    """Which pairs of records agree better when given and family name of one of them are exchanged."""
    empty = as_objects([""])
    given_texts = np.append(given.distinct, empty)
    family_texts = np.append(family.distinct, empty)
    a, b = given_texts[given.codes[left]], given_texts[given.codes[right]]
    c, d = family_texts[family.codes[left]], family_texts[family.codes[right]]

    def alike(one: Objects, other: Objects) -> npt.NDArray[np.float32]:
        return np.asarray(likeness(one, other) * ((one != "") & (other != "")), dtype=np.float32)

    straight = alike(a, b) + alike(c, d)
    crossed = alike(a, d) + alike(c, b)
    return np.asarray((crossed > straight + _SWAP_GAIN) & (crossed > _SWAP_LEAST))


# One name has to be found on the other side, and better than where it should stand.
_SWAP_GAIN, _SWAP_LEAST = 0.3, 0.85
