"""Likeness of longer texts by the character n-grams that they share."""

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
    def of(cls, texts: Objects) -> NgramVectors:
        """Vectors of texts; what they say of two texts does not depend on the others."""
        weighted = _counted(texts)
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

        # What thousands of texts have finds no neighbours, and would take the square of their number.
        having = np.bincount(self.rows.indices, minlength=_SIZE) + np.bincount(others.rows.indices, minlength=_SIZE)
        kept = diags((having <= _COMMON).astype(np.float32))
        one, other = (self.rows @ kept).tocsr(), (others.rows @ kept).T.tocsr()
        is_whole = bool((having <= _COMMON).all())
        found = sp_matmul_topn(
            one, other, top_n=most, threshold=least if is_whole else least / 2, n_threads=2, sort=False
        ).tocoo()
        left, right = found.row.astype(np.int64), found.col.astype(np.int64)
        if is_whole:
            return left, right
        product = [
            np.asarray(self.rows[left[s : s + _CHUNK]].multiply(others.rows[right[s : s + _CHUNK]]).sum(axis=1)).ravel()
            for s in range(0, len(left), _CHUNK)
        ]
        alike = np.concatenate(product) >= least if product else np.empty(0, dtype=bool)
        return left[alike], right[alike]


# An n-gram that more texts have is not looked up.
_COMMON = 2_000
_CHUNK = 200_000


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
