"""How much of the words of two texts is in both, slips of typing forgiven."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist
from scipy.sparse import csr_matrix

from cockpit.domain.match.fields.values import Ints, as_objects, hashed

Floats32 = npt.NDArray[np.float32]

# Pairs of texts that are looked at together: bounds the memory.
_CHUNK = 200_000
# Shorter words, and words with digits, are other words when a sign differs.
_SHORTEST, _LONGEST = 4, 40
# Words that are alike without one of their letters; more of them under one key say nothing.
_MOST_ALIKE = 30


@dataclass(frozen=True)
class CommonWords:
    """Texts as the words that they are made of.

    Attributes:
        words: Text x word, the weight of each word.
        alike: Text x word, 1 for each word of the text and each that is one slip away from one of them.
        total: Weight of all words of each text.
    """

    words: csr_matrix
    alike: csr_matrix
    total: Floats32

    @classmethod
    def of(cls, texts: Iterable[Iterable[str]], weigh: Callable[[str], float]) -> CommonWords:
        """Texts by their words.

        Args:
            texts: Words of each.
            weigh: Weight of a word; what is found about two texts does not depend on the others.
        """
        position: dict[str, int] = {}
        index: list[int] = []
        pointers = [0]
        for words in texts:
            index.extend({position.setdefault(word, len(position)) for word in words})
            pointers.append(len(index))
        size, count = len(pointers) - 1, max(len(position), 1)
        data = np.ones(len(index), dtype=np.float32)
        present = csr_matrix((data, np.array(index, dtype=np.int64), np.array(pointers)), shape=(size, count))
        weight = np.array([weigh(word) for word in position] or [0.0], dtype=np.float32)
        words = present.multiply(weight[None, :]).tocsr().astype(np.float32)
        alike = (present @ _slips(list(position), count)).tocsr()
        alike.data = np.minimum(alike.data, 1.0)
        return cls(words, alike, np.asarray(words.sum(axis=1), dtype=np.float32).ravel())

    def shared(self, left: Ints, right: Ints) -> tuple[Floats32, Floats32]:
        """Share, 0-1, of the words of the left text that the right one has, and the other way round."""
        return self._held(left, right), self._held(right, left)

    def _held(self, one: Ints, other: Ints) -> Floats32:
        out = np.empty(len(one), dtype=np.float32)
        for start in range(0, len(one), _CHUNK):
            part = slice(start, start + _CHUNK)
            product = self.words[one[part]].multiply(self.alike[other[part]])
            out[part] = np.asarray(product.sum(axis=1)).ravel()
        return np.asarray(out / np.maximum(self.total[one], np.float32(1e-6)), dtype=np.float32)


def _slips(words: list[str], count: int) -> csr_matrix:
    """Word x word: 1 for itself and for words that are one slip of typing away."""
    long = [place for place, word in enumerate(words) if _SHORTEST <= len(word) <= _LONGEST and word.isalpha()]
    places = np.array([place for place in long for _sign in range(len(words[place]) + 1)], dtype=np.int64)
    keys = hashed(as_objects(key for place in long for key in _without_one(words[place])))
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], places[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(keys)])
    one = [np.arange(count)]
    other = [np.arange(count)]
    for size in np.unique(sizes[(sizes > 1) & (sizes <= _MOST_ALIKE)]):
        members = places[starts[sizes == size][:, None] + np.arange(size)]
        left, right = np.triu_indices(int(size), 1)
        one.append(members[:, left].ravel())
        other.append(members[:, right].ravel())
    left, right = np.concatenate(one), np.concatenate(other)
    code = np.unique(np.minimum(left, right) * count + np.maximum(left, right))
    left, right = code // count, code % count
    if words:
        texts = as_objects(words)
        near = cpdist(texts[left], texts[right], scorer=OSA.distance, score_cutoff=1, dtype=np.int32) <= 1
        left, right = left[near], right[near]
    apart = left != right
    rows, columns = np.concatenate([left, right[apart]]), np.concatenate([right, left[apart]])
    return csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(count, count))


def _without_one(word: str) -> list[str]:
    return [word, *(word[:place] + word[place + 1 :] for place in range(len(word)))]
