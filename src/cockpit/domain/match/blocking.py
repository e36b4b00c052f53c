"""Find the pairs of records that are worth comparing: those that share a key.

Adding records never takes a pair away, except where a block grows beyond its cap; such blocks are reported.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cockpit.domain.match.fields.values import MISSING, Hashes, Ints, Keys, Values, as_objects, ascending, hashed
from cockpit.domain.match.table import Table

# No key.
NONE: Hashes = np.empty(0, dtype=np.uint64)
# Spreads a combined key over 64 bits.
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Block:
    """Keys of records under one block rule.

    Attributes:
        name: What the rule is called in reports, such as `phone.exact`.
        records: Positions of records; one that has several keys stands several times.
        hashes: The key of each.
        refused: Keys that were left out because too many records share them.
    """

    name: str
    records: Ints
    hashes: Hashes
    refused: Hashes = field(default_factory=lambda: NONE)


@dataclass(frozen=True)
class BlockReport:
    """What a block rule brought.

    Attributes:
        pairs: Candidates that it found.
        refused: Keys that too many records share; no pairs come from them.
        largest_refused: Records under the most frequent of them.
    """

    name: str
    pairs: int
    refused: Hashes
    largest_refused: int = 0


@dataclass(frozen=True)
class Candidates:
    """Pairs of positions of records, left < right, and what each block brought."""

    left: Ints
    right: Ints
    blocks: tuple[BlockReport, ...]


def record_keys(values: Values, keys: Keys) -> tuple[Ints, Hashes]:
    """Keys per record instead of per distinct value."""
    if len(keys.values) < 2 or bool((np.diff(keys.values) > 0).all()):
        # One key per value.
        key = np.full(len(values.distinct) + 1, MISSING, dtype=np.int64)
        key[keys.values] = np.arange(len(keys.values))
        of_record = key[values.codes]
        records = np.flatnonzero(of_record != MISSING)
        return records, keys.hashes[of_record[records]]
    order = np.argsort(values.codes, kind="stable")
    codes = values.codes[order]
    start = np.searchsorted(codes, keys.values, side="left")
    count = np.searchsorted(codes, keys.values, side="right") - start
    total = int(count.sum())
    if not total:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
    within = np.arange(total) - np.repeat(np.cumsum(count) - count, count)
    return order[np.repeat(start, count) + within].astype(np.int64), np.repeat(keys.hashes, count)


def combined(name: str, one: Block, other: Block) -> Block:
    """Keys of records that have a key in both blocks: each of the one with each of the other."""
    order = np.argsort(other.records, kind="stable")
    records, hashes = other.records[order], other.hashes[order]
    start = np.searchsorted(records, one.records, side="left")
    count = np.searchsorted(records, one.records, side="right") - start
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    second = hashes[np.repeat(start, count) + within]
    first = np.repeat(one.hashes, count)
    return Block(name, np.repeat(one.records, count), (first * _MIX) ^ second)


def pairs_of(block: Block, cap: int, refused: Hashes) -> tuple[Ints, Ints, BlockReport]:
    """Pairs of records with an equal key.

    Args:
        block: Keys of records.
        cap: Keys of more records give no pairs.
        refused: Keys that give no pairs anyway.

    Returns:
        Positions, left < right, where a pair may stand several times; and what was found and refused.
    """
    order = np.argsort(block.hashes, kind="stable")
    hashes, records = block.hashes[order], block.records[order]
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]]) if len(hashes) else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(hashes)])
    is_refused = (sizes > cap) | ((sizes > 1) & np.isin(hashes[starts], refused))
    lefts, rights = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    # All blocks of one size at once.
    for size in np.unique(sizes[(sizes > 1) & ~is_refused]):
        members = records[starts[(sizes == size) & ~is_refused][:, None] + np.arange(size)]
        one, other = np.triu_indices(int(size), 1)
        lefts.append(members[:, one].ravel())
        rights.append(members[:, other].ravel())
    left, right = np.concatenate(lefts), np.concatenate(rights)
    left, right = np.minimum(left, right), np.maximum(left, right)
    kept = left != right
    largest = int(sizes[is_refused].max(initial=0))
    all_refused = ascending(np.concatenate([hashes[starts[is_refused]], block.refused]))
    return left[kept], right[kept], BlockReport(block.name, 0, all_refused, largest)


def blocks_of(
    table: Table, wanted: Sequence[Sequence[str]], refused: Mapping[str, Hashes] | None = None
) -> Iterator[Block]:
    """Keys of the records.

    Args:
        table: The records.
        wanted: Names of keys, one or two at a time. When there are none: each strong key by itself, and weak keys of
            different fields two by two, unless both are about a place, which say little more than one of them.
        refused: Keys that were refused when the model was learnt, by block; None while one is learnt. What most
            of the records share is then left out of pairs of keys, which it would make the other key by itself.
    """
    offered = _Offered(table)
    if wanted:
        for names in wanted:
            blocks = [offered.block(name) for name in names]
            if all(block is not None for block in blocks):
                first, *others = [block for block in blocks if block is not None]
                yield combined(" + ".join(names), first, others[0]) if others else first
        return
    places = {table.names[column] for column in table.places}
    for name in offered.strong:
        yield from filter(None, [offered.block(name)])
    telling: dict[str, Block] = {}
    for name in offered.weak:
        if (block := offered.block(name)) is not None:
            telling[name] = _telling(block, table.size, None if refused is None else refused.get(name, NONE))
            if len(telling[name].refused):
                yield Block(name, _NOBODY, NONE, telling[name].refused)
    for one_name, other_name in itertools.combinations(telling, 2):
        fields = {one_name.partition(".")[0], other_name.partition(".")[0]}
        if len(fields) > 1 and not fields <= places:
            yield combined(f"{one_name} + {other_name}", telling[one_name], telling[other_name])


def _telling(block: Block, size: int, refused: Hashes | None) -> Block:
    """A block without the keys that most records share, or without those that are refused."""
    if refused is None:
        hashes, counts = np.unique(block.hashes, return_counts=True)
        refused = hashes[counts > max(size * _MOST_SHARED, _FEW)]
    kept = ~np.isin(block.hashes, refused)
    return Block(block.name, block.records[kept], block.hashes[kept], refused)


_NOBODY: Ints = np.empty(0, dtype=np.int64)
# What more than half of the records share says nothing about two of them; in a short list that may be chance.
_MOST_SHARED, _FEW = 0.5, 200


class _Offered:
    """Keys that the fields of a table offer; each is computed once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._offers = {name: field.keys(table.values[name]) for name, field in table.types.items()}
        self._keys = {f"{name}.{key}": (name, key) for name, offer in self._offers.items() for key in offer}
        self._blocks: dict[str, Block] = {}
        self._near = {f"{name}.alike": name for name in table.types}
        self.weak = [offered for offered, (name, key) in self._keys.items() if key in table.types[name].weak]
        self.strong = [key for key in self._keys if key not in self.weak] + list(self._near)

    def block(self, name: str) -> Block | None:
        """The records under a key; None when the fields do not offer it."""
        if name not in self._blocks:
            if name in self._keys:
                field, key = self._keys[name]
                self._blocks[name] = Block(name, *record_keys(self._table.values[field], self._offers[field][key]))
            elif name in self._near and (made := self._alike(name)) is not None:
                self._blocks[name] = made
        return self._blocks.get(name)

    def _alike(self, name: str) -> Block | None:
        field = self._near[name]
        near = self._table.types[field].near(self._table.values[field])
        return None if near is None else _near_block(name, self._table.values[field], *near)


def _near_block(name: str, values: Values, left: Ints, right: Ints) -> Block:
    """A key of its own for each pair of values that are alike."""
    once = left < right
    left, right = left[once], right[once]
    keys = hashed(as_objects(f"{a} {b}" for a, b in zip(left, right, strict=True)))
    both = np.argsort(np.concatenate([left, right]), kind="stable")
    found = Keys(np.concatenate([left, right])[both], np.concatenate([keys, keys])[both])
    return Block(name, *record_keys(values, found))


def candidates(blocks: Iterable[Block], size: int, cap: int, refused: Mapping[str, Hashes]) -> Candidates:
    """The union of the pairs of all blocks, each pair once, ordered.

    Args:
        blocks: Keys of the records.
        size: Number of records.
        cap: Keys of more records are refused.
        refused: Keys that were refused when the model was learnt, by block; they stay refused.
    """
    reports: list[BlockReport] = []
    codes = [np.empty(0, dtype=np.int64)]
    for block in blocks:
        left, right, report = pairs_of(block, cap, refused.get(block.name, NONE))
        code = ascending(left * size + right)
        reports.append(replace(report, pairs=len(code)))
        codes.append(code)
    union = ascending(np.concatenate(codes))
    return Candidates(union // max(size, 1), union % max(size, 1), tuple(reports))
