"""How alike two short texts are, in few steps; in bulk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.values import Levels, Objects

EXACT, SLIP, SIMILAR, VAGUE, DIFFERENT = range(5)
CLOSENESS = ("exact", "one slip", "similar", "vaguely similar", "different")

# Two slips are as one in a long text.
_LONG = 9
_SIMILAR, _VAGUE = 0.9, 0.8


def closeness(left: Objects, right: Objects) -> Levels:
    """Steps of CLOSENESS for pairs of texts, none of them empty."""
    slips = cpdist(left, right, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
    likeness = cpdist(left, right, scorer=JaroWinkler.normalized_similarity, score_cutoff=_VAGUE, dtype=np.float32)
    shortest = np.minimum(lengths(left), lengths(right))
    levels = np.full(len(left), DIFFERENT, dtype=np.int8)
    levels[likeness >= _VAGUE] = VAGUE
    levels[(likeness >= _SIMILAR) | (slips <= 1)] = SIMILAR
    levels[((slips <= 1) & (shortest > 2)) | ((slips <= 2) & (shortest >= _LONG))] = SLIP
    levels[slips == 0] = EXACT
    return levels


def likeness(left: Objects, right: Objects) -> npt.NDArray[np.float32]:
    """Jaro-Winkler likeness, 0-1."""
    return cpdist(left, right, scorer=JaroWinkler.normalized_similarity, dtype=np.float32)


def lengths(texts: Objects) -> npt.NDArray[np.int32]:
    """Characters per text."""
    return np.fromiter(map(len, texts), dtype=np.int32, count=len(texts))
