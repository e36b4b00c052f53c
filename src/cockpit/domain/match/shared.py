"""Name the values that so many records share that they find no pairs: a placeholder, an agent's telephone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.domain.match.blocking import BlockReport
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import MISSING, Keys, Values
from cockpit.domain.match.rule import FieldType, MatchRule


@dataclass(frozen=True)
class SharedKey:
    """A key that a block refused.

    Attributes:
        block: Its block, `field.key`.
        field: Of the rule.
        record: Position of a record that has the key, by the most frequent of the values that lead to it.
        count: Records that have it.
    """

    block: str
    field: str
    record: int
    count: int


def shared_keys(
    frame: pd.DataFrame, rule: MatchRule, types: Mapping[FieldType, Field], blocks: Iterable[BlockReport]
) -> list[SharedKey]:
    """The refused keys of blocks that are one key of one field, the most frequent first.

    Combinations of two keys are left out: what they share is no value that anybody knows.

    Args:
        frame: The records that were matched, in any order.
        rule, types: By which they were.
        blocks: What `match` reports.
    """
    columns = rule.columns_in(frame.columns)
    read: dict[str, Values] = {}
    found: list[SharedKey] = []
    for block in blocks:
        field, _dot, key = block.name.partition(".")
        if field not in columns or not len(block.refused):
            continue
        kind = types[rule.fields[field].type]
        if field not in read:
            read[field] = kind.read(frame[columns[field]])
        keys = kind.keys(read[field])
        if key in keys:
            found += _refused(block, field, read[field], keys[key])
    return sorted(found, key=lambda each: (-each.count, each.block, each.record))


def _refused(block: BlockReport, field: str, values: Values, keys: Keys) -> Iterator[SharedKey]:
    is_refused = np.isin(keys.hashes, block.refused)
    places, hashes = keys.values[is_refused], keys.hashes[is_refused]
    counts = values.counts()[places]
    given = np.flatnonzero(values.codes != MISSING)
    # The first record of each value.
    first = np.full(len(values.distinct), -1, dtype=np.int64)
    first[values.codes[given[::-1]]] = given[::-1]
    for each in np.unique(hashes):
        same = np.flatnonzero(hashes == each)
        most = places[same[counts[same].argmax()]]
        yield SharedKey(block.name, field, int(first[most]), int(counts[same].sum()))
