"""How many of the pairs that truly are one each block rule brings: what it does not bring is never compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.domain.match import engine
from cockpit.domain.match.blocking import NONE, Block, blocks_of, pairs_of
from cockpit.domain.match.engine import Matched
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import Hashes, Ints, ascending
from cockpit.domain.match.identical import first_equal
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.domain.match.table import Table


@dataclass(frozen=True)
class BlockRecall:
    """Shares of 0-1 of the pairs that truly are one; 1 where there are none.

    Attributes:
        by_block: Of each block rule alone.
        together: Of all of them: no record is found by matching that they do not bring.
    """

    by_block: Mapping[str, float]
    together: float


def block_recall(
    frame: pd.DataFrame,
    rule: MatchRule,
    types: Mapping[FieldType, Field],
    matched: Matched,
    known: Ints,
    labels: Ints,
) -> BlockRecall:
    """Look for the true pairs among those of each block.

    Args:
        frame, rule, types: By which was matched.
        matched: What came of it, for the keys that were refused.
        known: Positions of the records whose truth is known.
        labels: What each of these is; equal numbers are one thing. Many copies of one record count as one.
    """
    if matched.model.is_exhaustive:
        return BlockRecall({engine.ALL: 1.0}, 1.0)
    table = Table(frame, rule, types, matched.model.names)
    codes = [values.codes for values in table.values.values()]
    first = first_equal(codes, table.size, fewest=engine.MANY_COPIES)
    own = first[known] == known
    true = _codes(Block("", known[own], labels[own].astype(np.uint64)), table.size, table.size)
    kept = np.flatnonzero(first == np.arange(table.size))
    found = np.zeros(len(true), dtype=bool)
    by_block: dict[str, float] = {}
    for block in blocks_of(table.only(kept), rule.blocks, matched.model.refused):
        pairs = _codes(
            Block(block.name, kept[block.records], block.hashes),
            table.size,
            rule.largest_block,
            matched.model.refused.get(block.name, NONE),
        )
        here = np.isin(true, pairs, assume_unique=True)
        found |= here
        by_block[block.name] = _share(here)
    return BlockRecall(by_block, _share(found))


def _codes(block: Block, size: int, cap: int, refused: Hashes = NONE) -> Ints:
    left, right, _report = pairs_of(block, cap, refused)
    return ascending(left * size + right)


def _share(found: npt.NDArray[np.bool_]) -> float:
    return float(found.mean()) if len(found) else 1.0
