"""Find the records that say the same in every field: a list that was pasted twice, a thousand lines of one thing.

They are one node to matching, whatever their number: comparing each with each would take its square.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cockpit.domain.match.fields.values import MISSING, Codes, Ints

_NONE: Ints = np.empty(0, dtype=np.int64)


def first_equal(columns: Sequence[Codes], size: int, *, fewest: int = 2, apart: Ints = _NONE) -> Ints:
    """For each record the position of the first one that says the same; its own where there is none before it.

    Args:
        columns: Per field, per record the position of its value among the distinct ones; MISSING for none. No value and
            a value are different. Records that say nothing at all are equal to none.
        size: Number of records.
        fewest: Records of which at least so many say the same are found; where there are fewer, each is its own.
        apart: Positions of records that are equal to none, whatever they say.
    """
    places = np.arange(size, dtype=np.int64)
    number = np.zeros(size, dtype=np.int64)
    is_alone = np.ones(size, dtype=bool)
    for codes in columns:
        is_alone &= codes == MISSING
        wide = codes.astype(np.int64) + 1
        # Numbered anew after each column, so that the product stays far below 2**63.
        number = pd.factorize(number * (int(wide.max(initial=0)) + 1) + wide)[0].astype(np.int64)
    is_alone[apart] = True
    candidates = places[~is_alone]
    found = number[candidates]
    count = np.bincount(found, minlength=1)
    first = np.zeros(len(count), dtype=np.int64)
    # The last one that is written stays: the first record of each number.
    first[found[::-1]] = candidates[::-1]
    is_many = count[found] >= fewest
    places[candidates[is_many]] = first[found[is_many]]
    return places
