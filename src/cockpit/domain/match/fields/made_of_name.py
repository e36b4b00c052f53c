"""E-mail addresses that are made of the name of their owner: two persons of one name easily have nearly the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from cockpit.domain.match.fields.text import words_of
from cockpit.domain.match.fields.values import MISSING, Ints, Objects, Values, as_objects

_NOT_A_LETTER = re.compile("[^a-z]+")
_NOT_A_DIGIT = re.compile(r"\D+")
_HAN = re.compile("[\u4e00-\u9fff]+")
_MOST_WORDS = 6


class MadeOfName:
    """How the addresses of records are made of their names.

    Args:
        addresses: As `Email` reads them.
        names: Fields of names of persons, as `PersonName` reads them.
    """

    def __init__(self, addresses: Values, names: Sequence[Values]) -> None:
        self._addresses = addresses
        self._names = names

    def of(self, records: Ints) -> Objects:
        """Per record how its address is made of its name; "" where it is not."""
        return self._made(records, [self._codes(records)])[0]

    def of_pairs(self, left: Ints, right: Ints) -> tuple[tuple[Objects, Objects], tuple[Objects, Objects]]:
        """How the addresses of two records are made of the names of either, and the digits in them; left, then right.

        A name with a slip is not what its own address is made of.
        """
        names = [self._codes(left), self._codes(right)]
        return self._made(left, names), self._made(right, names)

    def _codes(self, records: Ints) -> Ints:
        """Name x record."""
        return np.array([each.codes[records] for each in self._names], dtype=np.int64).reshape(-1, len(records))

    def _made(self, records: Ints, names: Sequence[Ints]) -> tuple[Objects, Objects]:
        """How addresses are made of names, of one or several records each, and the digits in them."""
        codes = np.concatenate([self._addresses.codes[records][None, :].astype(np.int64), *names])
        different, place = np.unique(codes, axis=1, return_inverse=True)
        made = [self._made_of(address, named) for address, *named in different.T.tolist()]
        place = place.ravel()
        return as_objects(how for how, _digits in made)[place], as_objects(digits for _how, digits in made)[place]

    def _made_of(self, address: int, named: Sequence[int]) -> tuple[str, str]:
        if address == MISSING:
            return "", ""
        texts = [
            self._names[place % len(self._names)].distinct[code] for place, code in enumerate(named) if code != MISSING
        ]
        return made_of(self._addresses.distinct[address], [word for text in texts for word in _in_letters(text)])


def made_of(address: str, words: Sequence[str]) -> tuple[str, str]:
    """How an address is made of the words of a name, and the digits in it; "" and "" when it is not.

    The first says all that the name does not: the order of its parts, digits, signs, and the domain.

    Args:
        address: In lower case.
        words: In letters a-z.
    """
    level, letters, domain = _parts(address)
    words = list(dict.fromkeys(word for word in words if len(word) > 1))[:_MOST_WORDS]
    # Each way begins or ends with a whole word; most addresses of most pairs are told by that.
    if not domain or not any(letters.startswith(word) or letters.endswith(word) for word in words):
        return "", ""
    kind = next((kind for kind, made in _makes(words) if made == letters), "")
    if not kind:
        return "", ""
    return f"{kind} {re.sub('[a-z]+', 'a', level)}@{domain}", _NOT_A_DIGIT.sub("", level)


@lru_cache(maxsize=65_536)
def _parts(address: str) -> tuple[str, str, str]:
    """What stands before the @ as written on one level, the letters of it, and the domain."""
    user, _at, domain = address.partition("@")
    level = words_of(user)
    return level, _NOT_A_LETTER.sub("", level), domain


def _makes(words: Sequence[str]) -> list[tuple[str, str]]:
    made = [("word", word) for word in words]
    for one in words:
        for other in words:
            if one != other:
                made += [("words", one + other), ("initial first", one[0] + other), ("initial last", one + other[0])]
    return made


@lru_cache(maxsize=65_536)
def _in_letters(name: str) -> tuple[str, ...]:
    """Words of a name in letters a-z; of a name in Han characters the family name and the rest, as they are read."""
    if _HAN.fullmatch(name):
        from pypinyin import lazy_pinyin

        first, *rest = lazy_pinyin(name)
        return (first, "".join(rest)) if rest else (first,)
    return tuple(word for word in name.split() if word.isascii() and word.isalpha())
