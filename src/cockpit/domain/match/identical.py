"""Find the records that say the same in every field: a list that was pasted twice, a thousand lines of one thing.

They are one node to matching, whatever their number: comparing each with each would take its square.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cockpit.domain.match.fields.values import MISSING, Codes, Ints


def first_equal(columns: Sequence[Codes]) -> Ints:
    """For each record the position of the first one that says the same; its own where there is none before it.

    Args:
        columns: Per field, per record the position of its value among the distinct ones; MISSING for none. No value and
            a value are different. Records that say nothing at all are equal to none.
    """
    size = len(columns[0]) if columns else 0
    number = np.zeros(size, dtype=np.int64)
    is_silent = np.ones(size, dtype=bool)
    for codes in columns:
        is_silent &= codes == MISSING
        wide = codes.astype(np.int64) + 1
        # Numbered anew after each column, so that the product stays far below 2**63.
        number = pd.factorize(number * (int(wide.max(initial=0)) + 1) + wide)[0].astype(np.int64)
    places = np.arange(size, dtype=np.int64)
    first = np.empty(int(number.max(initial=-1)) + 1, dtype=np.int64)
    # The last one that is written stays: the first record of each number.
    first[number[::-1]] = places[::-1]
    return np.where(is_silent, places, first[number]) if size else places
