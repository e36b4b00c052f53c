"""Likeness of longer texts by the character n-grams that they share, rare ones counting more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, diags

from cockpit.domain.match.fields.values import Ints, Objects

# Hashed n-grams; two that fall together are as rare as the more frequent one.
_SIZE = 1 << 18
_LATIN, _HAN = 3, 2


@dataclass(frozen=True)
class NgramVectors:
    """One row of unit length per text."""

    rows: csr_matrix

    @classmethod
    def of(cls, texts: Objects, rarity: npt.NDArray[np.float32]) -> NgramVectors:
        """Vectors of texts with weights that were learnt by `learn_rarity`."""
        counts = _counted(texts)
        weighted = counts @ diags(rarity)
        length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        return cls((diags(1 / np.maximum(length, 1e-9)) @ weighted).tocsr().astype(np.float32))

    def likeness(self, left: Ints, right: Ints) -> npt.NDArray[np.float32]:
        """Cosine of pairs of rows, 0-1."""
        out = np.empty(len(left), dtype=np.float32)
        for start in range(0, len(left), _CHUNK):
            part = slice(start, start + _CHUNK)
            product = self.rows[left[part]].multiply(self.rows[right[part]])
            out[part] = np.asarray(product.sum(axis=1)).ravel()
        return out

    def nearest(self, others: NgramVectors, most: int, least: float) -> tuple[Ints, Ints]:
        """For each row at most `most` rows of the others that are at least so alike."""
        from sparse_dot_topn import sp_matmul_topn

        found = sp_matmul_topn(
            self.rows, others.rows.T.tocsr(), top_n=most, threshold=least, n_threads=2, sort=False
        ).tocoo()
        return found.row.astype(np.int64), found.col.astype(np.int64)


_CHUNK = 200_000


def learn_rarity(texts: Objects) -> npt.NDArray[np.float32]:
    """Weight of each hashed n-gram: the logarithm of how few of the texts have it."""
    counts = _counted(texts)
    having = np.bincount(counts.indices, minlength=_SIZE)
    return (np.log((1 + len(texts)) / (1 + having)) + 1).astype(np.float32)


def _counted(texts: Objects) -> csr_matrix:
    """Which n-grams each text has."""
    index: list[int] = []
    pointers = [0]
    for text in texts:
        index.extend({hash_of(gram) for gram in ngrams(text)})
        pointers.append(len(index))
    data = np.ones(len(index), dtype=np.float32)
    return csr_matrix((data, np.array(index, dtype=np.int32), np.array(pointers)), shape=(len(texts), _SIZE))


def ngrams(text: str) -> set[str]:
    """Runs of three characters within words, of two where they are Han; the ends of a word count as characters."""
    grams: set[str] = set()
    for word in text.split():
        size = _LATIN if word.isascii() else _HAN
        padded = f" {word} "
        grams.update(padded[start : start + size] for start in range(max(len(padded) - size + 1, 1)))
    return grams


def hash_of(gram: str) -> int:
    """Place of an n-gram; the same on every machine (FNV-1a)."""
    value = 0xCBF29CE484222325
    for code in gram.encode():
        value = ((value ^ code) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return (value >> 20) & (_SIZE - 1)
