"""The different rows of levels: millions of pairs have a few thousand of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.domain.match.fields.values import Ints, Levels

# A row of so many levels is one number; levels are below 16.
_COLUMNS = 15


def patterns_of(levels: Levels) -> tuple[Levels, Ints]:
    """The different rows, ascending by their last levels, and which of them each pair has."""
    if levels.shape[1] > _COLUMNS:
        rows, place = np.unique(levels, axis=0, return_inverse=True)
        return rows, place.ravel()
    weights = 16 ** np.arange(levels.shape[1], dtype=np.int64)
    codes = np.zeros(len(levels), dtype=np.int64)
    for column, weight in enumerate(weights):
        codes += (levels[:, column].astype(np.int64) + 1) * weight
    place, found = pd.factorize(codes, sort=True)
    return ((found[:, None] // weights) % 16 - 1).astype(np.int8), place.astype(np.int64)
