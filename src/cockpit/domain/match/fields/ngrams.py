"""Likeness of longer texts by the character n-grams that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, diags

from cockpit.domain.match.fields.values import Ints, Objects, ascending

Signs: TypeAlias = npt.NDArray[np.uint64]

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
        pointers, places = _grams(texts)
        counts = np.diff(pointers)
        data = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
        return cls(csr_matrix((data, places, pointers), shape=(len(texts), _SIZE)))

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


def _grams(texts: Objects) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Where the n-grams of each text begin and end, and their places.

    They are runs of three characters within words, of two where they are Han; the ends of a word count as characters.
    Words are parted by single spaces.
    """
    if not len(texts):
        return np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32)
    # Each word between spaces of its own, each text on a line.
    level = " " + " \n ".join(texts).replace(" ", "  ") + " "
    signs = np.frombuffer(level.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    is_end = (signs == ord(" ")) | (signs == ord("\n"))
    starts = np.flatnonzero(is_end[:-1] & ~is_end[1:]) + 1
    ends = np.flatnonzero(~is_end[:-1] & is_end[1:]) + 1
    foreign = np.concatenate([[0], np.cumsum(signs > _LAST_ASCII)])
    size = np.where(foreign[ends] > foreign[starts], _HAN, _LATIN)
    counts = ends - starts + 3 - size
    first = np.repeat(starts - 1 - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    third = np.where(np.repeat(size, counts) == _LATIN, signs[np.minimum(first + 2, len(signs) - 1)], 0)
    places = _place(signs[first], signs[first + 1], third)
    text_of = np.cumsum(signs == ord("\n"))[first]
    found = ascending(text_of * _SIZE + places)
    pointers = np.searchsorted(found, np.arange(len(texts) + 1, dtype=np.int64) * _SIZE)
    return pointers, (found % _SIZE).astype(np.int32)


def _place(one: Signs, two: Signs, three: Signs) -> Ints:
    """Place of an n-gram; the same on every machine."""
    mixed = ((one * _MIX + two) * _MIX + three) * _MIX
    return ((mixed >> np.uint64(40)) & np.uint64(_SIZE - 1)).astype(np.int64)


_LAST_ASCII = 127
_MIX = np.uint64(0x9E3779B97F4A7C15)
