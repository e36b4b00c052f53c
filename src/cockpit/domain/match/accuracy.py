"""How well groups of records agree with the truth: by pairs, and by records (B-cubed, Bagga and Baldwin 1998)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cockpit.domain.match.fields.values import Ints


@dataclass(frozen=True)
class Accuracy:
    """Counts of pairs, and shares of 0-1.

    Attributes:
        record_count: Records whose truth is known.
        found_pair_count: Pairs of records in one group.
        true_pair_count: Pairs of records that truly are one.
        right_pair_count: Pairs that are both.
        b_cubed_precision: Of the records in a record's group, itself included, the share that truly is it; on average.
        b_cubed_recall: Of the records that truly are it, itself included, the share in its group; on average.
    """

    record_count: int
    found_pair_count: int
    true_pair_count: int
    right_pair_count: int
    b_cubed_precision: float
    b_cubed_recall: float

    @property
    def precision(self) -> float:
        """Of the pairs in one group, those that truly are one; 1 where there are none."""
        return self.right_pair_count / self.found_pair_count if self.found_pair_count else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that truly are one, those in one group; 1 where there are none."""
        return self.right_pair_count / self.true_pair_count if self.true_pair_count else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of pairs."""
        return _harmonic(self.precision, self.recall)

    @property
    def b_cubed(self) -> float:
        """Harmonic mean of both B-cubed shares."""
        return _harmonic(self.b_cubed_precision, self.b_cubed_recall)


def measure(truth: npt.ArrayLike, found: npt.ArrayLike) -> Accuracy:
    """Compare two ways to group the same records.

    Args:
        truth: What each record truly is; any values, equal ones are one thing.
        found: The group of each record, in the same order.
    """
    true_labels, found_labels = _numbered(truth), _numbered(found)
    if not len(true_labels):
        return Accuracy(0, 0, 0, 0, 1.0, 1.0)
    true_sizes, found_sizes = np.bincount(true_labels), np.bincount(found_labels)
    both, sizes = np.unique(true_labels * len(found_sizes) + found_labels, return_counts=True)
    # Each record of a cell shares its group and its truth with the whole cell.
    weight = sizes.astype(float) ** 2 / len(true_labels)
    return Accuracy(
        record_count=len(true_labels),
        found_pair_count=_pairs(found_sizes),
        true_pair_count=_pairs(true_sizes),
        right_pair_count=_pairs(sizes),
        b_cubed_precision=float((weight / found_sizes[both % len(found_sizes)]).sum()),
        b_cubed_recall=float((weight / true_sizes[both // len(found_sizes)]).sum()),
    )


def _numbered(values: npt.ArrayLike) -> Ints:
    """Whole numbers from 0, equal values alike."""
    array: npt.NDArray[Any] = np.asarray(values)
    return np.unique(array, return_inverse=True)[1].astype(np.int64)


def _pairs(sizes: npt.NDArray[Any]) -> int:
    wide = sizes.astype(np.int64)
    return int((wide * (wide - 1) // 2).sum())


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
