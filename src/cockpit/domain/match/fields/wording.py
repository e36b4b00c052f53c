"""Names of organisations: several words, of which the rare ones say which one is meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.closeness import lengths
from cockpit.domain.match.fields.common_words import CommonWords
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.ngrams import NgramVectors
from cockpit.domain.match.fields.text import words_of
from cockpit.domain.match.fields.values import (
    MISSING,
    Ints,
    Keys,
    Levels,
    Objects,
    Values,
    apply,
    as_objects,
    as_one,
    read_values,
)
from cockpit.domain.match.fields.words import OrganisationWords, long_forms

_APOSTROPHE = re.compile("['`\u2018\u2019\u02bc]")
# Between the name and another name of the same organisation.
_OR = " / "

_SAME, _SLIPS, _LEFT_OUT, _SHORT, _MOST, _SOME, _DIFFERENT = range(7)
# Share of the weight of words from which nothing is missing; that much is common to a name and a fuller one, to two
# names that have most in common, to two that have something in common.
_ALL, _FULLER, _MOSTLY, _PARTLY = 0.97, 0.5, 0.6, 0.25
# A word that few organisations have counts as so many that many have.
_TELLING = 1.7
_NGRAMS_SLIPS, _NGRAMS_MOST, _NGRAMS_SOME = 0.9, 0.78, 0.6
_SHORTEST_FOR_SLIP = 7
# At most so many neighbours of a name, and how alike they have to be.
_NEAREST, _NEAR = 10, 0.7


class Organisation(Field):
    """The name of an organisation: its words without legal forms, and other names that it trades under."""

    levels = ("same words", "slips", "words left out", "short form", "most words", "some words", "different")
    expected = (0.5, 0.14, 0.12, 0.08, 0.06, 0.04, 0.06)
    related = (0.02, 0.02, 0.06, 0.1, 0.25, 0.35, 0.2)
    weak = frozenset({"begin", "rarest"})
    # What is rare, and what is near, among all names.
    depends_on_others = True

    def __init__(self, words: OrganisationWords | None = None) -> None:
        words = words or OrganisationWords()
        self._long = long_forms(words.short_forms)
        self._forms = words.legal_forms
        self._fillers = words.fillers
        self._common = frozenset(
            _singular(word) for word in words.common | words.short_forms.keys() | words.legal_forms
        )
        others = "|".join(sorted(map(re.escape, words.other_names), key=len, reverse=True))
        self._or = re.compile(rf"(?:^|\s)(?:{others})(?:\s|$)") if others else None

    def read(self, column: pd.Series) -> Values:
        """Words in their long form without legal forms; other names follow a slash."""
        values = read_values(column, lambda texts: map(self._read, texts))
        names, other = _names_of(values.distinct)
        words = [name.split() for name in names]
        return Values(
            values.codes,
            values.distinct,
            {
                # Names, first those of the values in their order, then other names.
                "other": other,
                "names": as_one(_Names(names, words, self._weigh, NgramVectors.of(names))),
                "identity": as_objects(_OR.join(_sorted(name) for name in text.split(_OR)) for text in values.distinct),
            },
        )

    def identities(self, values: Values) -> Objects:
        """Names with their words in one order."""
        return as_objects(values.parts["identity"])

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        names: _Names = values.parts["names"].item()
        other = values.parts["other"]
        levels = names.compare(left, right)
        for one, two in ((left, other[right]), (other[left], right), (other[left], other[right])):
            both = np.flatnonzero((one != MISSING) & (two != MISSING) & (levels > _SAME))
            if len(both):
                levels[both] = np.minimum(levels[both], names.compare(one[both], two[both]))
        return levels

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """What candidates are found by."""
        names = [text.split(_OR) for text in values.distinct]
        return {
            "exact": Keys.of_many({_sorted(name) for name in each} for each in names),
            "begin": Keys.of_many({name.replace(" ", "")[:6] for name in each} for each in names),
            "rarest": Keys.of_many(_rarest(apply(values.distinct, lambda text: text.replace(_OR, " ")))),
        }

    def near(self, values: Values) -> tuple[Ints, Ints] | None:
        """Names that are alike by their n-grams."""
        names: _Names = values.parts["names"].item()
        vectors = names.vectors
        count = len(values.distinct)
        left, right = vectors.nearest(vectors, _NEAREST, _NEAR)
        own = np.arange(len(names.texts))
        own[count:] = np.flatnonzero(values.parts["other"] != MISSING)
        return own[left], own[right]

    def _read(self, text: str) -> str:
        level = words_of(_APOSTROPHE.sub("", text))
        names = [level] if self._or is None else self._or.split(level, maxsplit=1)
        cores = list(dict.fromkeys(filter(None, (self._core(name) for name in names))))
        return _OR.join(cores[:2])

    def _weigh(self, word: str) -> float:
        return 1.0 if word in self._common or word.isdecimal() else _TELLING

    def _core(self, name: str) -> str:
        """Long forms without legal forms and fillers, unless nothing else is left."""
        words = [_singular(self._long.get(word, word)) for word in _with_initials(name.split())]
        telling = [word for word in words if word not in self._fillers] or words
        return " ".join(word for place, word in enumerate(telling) if not place or word not in self._forms)


class _Names:
    """Names of which pairs are compared."""

    def __init__(
        self, texts: Objects, words: list[list[str]], weigh: Callable[[str], float], vectors: NgramVectors
    ) -> None:
        self.texts = texts
        self.vectors = vectors
        self._common = CommonWords.of(words, weigh)
        self._sorted = apply(texts, _sorted)
        self._together = apply(texts, lambda text: text.replace(" ", ""))

    def compare(self, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        one, other = self._common.shared(left, right)
        most, least, mean = np.maximum(one, other), np.minimum(one, other), (one + other) / 2
        found: list[npt.NDArray[np.bool_]] = [
            least >= _ALL,
            (most >= _ALL) & (least >= _FULLER),
            (most >= _ALL) & (least >= _PARTLY),
            mean >= _MOSTLY,
            mean >= _PARTLY,
        ]
        levels = np.select(found, [_SLIPS, _LEFT_OUT, _SHORT, _MOST, _SOME], _DIFFERENT).astype(np.int8)
        rest = np.flatnonzero(levels > _SLIPS)
        cosine = self.vectors.likeness(left[rest], right[rest])
        by_grams = [cosine >= _NGRAMS_SLIPS, cosine >= _NGRAMS_MOST, cosine >= _NGRAMS_SOME]
        levels[rest] = np.minimum(levels[rest], np.select(by_grams, [_SLIPS, _MOST, _SOME], _DIFFERENT))
        a, b = self._together[left], self._together[right]
        slips = cpdist(a, b, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
        levels[(slips == 1) & (np.minimum(lengths(a), lengths(b)) >= _SHORTEST_FOR_SLIP) & (levels > _SLIPS)] = _SLIPS
        levels[(self._sorted[left] == self._sorted[right]) | (slips == 0)] = _SAME
        return levels


def _names_of(texts: Objects) -> tuple[Objects, Ints]:
    """First names of the texts and then their other names; per text where its other name stands, or MISSING."""
    parts = [text.split(_OR) for text in texts]
    other = np.full(len(parts), MISSING, dtype=np.int64)
    several = [place for place, each in enumerate(parts) if len(each) > 1]
    other[several] = len(parts) + np.arange(len(several))
    return as_objects([each[0] for each in parts] + [parts[place][1] for place in several]), other


def _with_initials(words: Iterable[str]) -> list[str]:
    """Single letters that follow each other as one word: l l c."""
    joined: list[str] = []
    is_run = False
    for word in words:
        is_letter = len(word) == 1 and word.isalpha() and word.isascii()
        if is_letter and is_run:
            joined[-1] += word
        else:
            joined.append(word)
        is_run = is_letter
    return joined


def _singular(word: str) -> str:
    """A word without the s of a plural, roughly."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "sui" and word.isascii() else word


def _sorted(name: str) -> str:
    return " ".join(sorted(name.split()))


def _rarest(names: Objects) -> list[list[str]]:
    """The two rarest words of each name."""
    words = [name.split() for name in names]
    having: dict[str, int] = {}
    for each in words:
        for word in set(each):
            having[word] = having.get(word, 0) + 1
    return [sorted(set(each), key=lambda word: (having[word], word))[:2] for each in words]
