"""What was found about lists while they were matched that somebody should know before they use the result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.domain.match.engine import Matched
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.identical import first_equal
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.domain.match.shared import shared_keys
from cockpit.domain.normalise.text import LONGEST_TEXT

_LETTER = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class SharedValue:
    """A value, or a part of it, that so many records have that it finds no pairs by itself.

    Attributes:
        key: The part, as `field.key`.
        text: As it stands in one of them.
        count: Records that have this part.
    """

    key: str
    text: str
    count: int


@dataclass(frozen=True)
class Notes:
    """What somebody should know.

    Attributes:
        empty: Fields whose column has nothing at all.
        unread: Field -> texts without a letter or digit, which count as none; only fields that have some.
        cut: Field -> texts of which only the first LONGEST_TEXT characters are read; only fields that have some.
        silent_count: Records of which no field says anything; each stays by itself.
        repeated_count: Records that say the same as an earlier one in every field.
        repeated_apart_count: Those of them that are not in one group with it.
        shared: The most frequent first.
        largest: A record of the largest group of more than the largest block, and its size; None without one.
    """

    empty: tuple[str, ...]
    unread: Mapping[str, int]
    cut: Mapping[str, int]
    silent_count: int
    repeated_count: int
    repeated_apart_count: int
    shared: tuple[SharedValue, ...]
    largest: tuple[int, int] | None


def look(frame: pd.DataFrame, rule: MatchRule, types: Mapping[FieldType, Field], matched: Matched) -> Notes:
    """Look at the records that were matched.

    Args:
        frame: `record_id` and the columns that were compared; None for nothing.
        rule, types: By which they were.
    """
    columns = rule.columns_in(frame.columns)
    texts = {name: frame[column].to_numpy(dtype=object) for name, column in columns.items()}
    codes, unread, cut = [], {}, {}
    is_silent = np.ones(len(frame), dtype=bool)
    for name, values in texts.items():
        code, distinct = pd.factorize(values, use_na_sentinel=True)
        codes.append(code.astype(np.int32))
        is_read = _each(code, (_LETTER.search(text) is not None for text in distinct))
        is_silent &= ~is_read
        unread[name] = int(((code >= 0) & ~is_read).sum())
        cut[name] = int(_each(code, (len(text) > LONGEST_TEXT for text in distinct)).sum())
    first = first_equal(codes, len(frame))
    is_repeated = (first != np.arange(len(frame))) & ~is_silent
    sizes = np.bincount(matched.cluster, minlength=1)
    largest = int(sizes.argmax())
    return Notes(
        empty=tuple(name for name, values in texts.items() if all(text is None for text in values)),
        unread={name: count for name, count in unread.items() if count},
        cut={name: count for name, count in cut.items() if count},
        silent_count=int(is_silent.sum()),
        repeated_count=int(is_repeated.sum()),
        repeated_apart_count=int((is_repeated & (matched.cluster != matched.cluster[first])).sum()),
        shared=tuple(_shared(frame, rule, types, matched, texts)),
        largest=(largest, int(sizes[largest])) if sizes[largest] > rule.largest_block else None,
    )


def _each(codes: npt.NDArray[Any], of_distinct: Iterable[bool]) -> npt.NDArray[np.bool_]:
    """What holds of each record's value; False where it has none."""
    holds = np.array([*of_distinct, False], dtype=bool)
    return np.asarray(holds[codes], dtype=bool)


def _shared(
    frame: pd.DataFrame,
    rule: MatchRule,
    types: Mapping[FieldType, Field],
    matched: Matched,
    texts: Mapping[str, npt.NDArray[np.object_]],
) -> Iterable[SharedValue]:
    """Each value once for the records that share it, although several of its parts may be shared by just these."""
    told: set[tuple[str, str, int]] = set()
    for each in shared_keys(frame, rule, types, matched.blocks):
        text = str(texts[each.field][each.record])
        if (each.field, text, each.count) not in told:
            told.add((each.field, text, each.count))
            yield SharedValue(each.block, text, each.count)
