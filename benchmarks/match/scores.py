"""How well clusters agree with the truth: pairs and B-cubed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Score:
    """Shares of 0-1.

    Attributes:
        precision: Of the pairs that are in one cluster, those that truly are one; 1 when there are none.
        recall: Of the pairs that truly are one, those in one cluster; 1 when there are none.
        b_cubed: Harmonic mean of precision and recall per record, the record itself included.
    """

    precision: float
    recall: float
    b_cubed: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of pairs."""
        return _harmonic(self.precision, self.recall)


def labels_of(values: Iterable[Any]) -> Labels:
    """Whole numbers from 0 for any values."""
    return pd.factorize(pd.Series(list(values)))[0].astype(np.int64)


def score(truth: Labels, found: Labels) -> Score:
    """Compare two ways to group the same records.

    Args:
        truth: Label of each record, whole numbers from 0.
        found: The same, of the clusters to judge.
    """
    both, sizes = np.unique(truth * (found.max() + 1) + found, return_counts=True)
    true_sizes, found_sizes = np.bincount(truth), np.bincount(found)
    common = _pairs(sizes)
    found_pairs, true_pairs = _pairs(found_sizes), _pairs(true_sizes)
    weights = sizes.astype(float) ** 2 / len(truth)
    b_precision = float((weights / found_sizes[both % (found.max() + 1)]).sum())
    b_recall = float((weights / true_sizes[both // (found.max() + 1)]).sum())
    return Score(
        precision=common / found_pairs if found_pairs else 1.0,
        recall=common / true_pairs if true_pairs else 1.0,
        b_cubed=_harmonic(b_precision, b_recall),
    )


def joined(count: int, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> Labels:
    """Labels of the records that chains of pairs connect; positions in, one label per record out."""
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _pairs(sizes: npt.NDArray[np.int64]) -> int:
    wide = sizes.astype(np.int64)
    return int((wide * (wide - 1) // 2).sum())


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
