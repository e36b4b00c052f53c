"""Match only what changed, with a frozen model: the result is that of matching all records again.

Whether two records are candidates depends on the keys of the two and on which keys are refused: by the model, or
because too many records share them. What two candidates weigh depends on the two and on the model. And how records are
grouped depends on those that they are connected with. So it is enough to look at the records that changed, at those
whose keys became refused or no longer are, and at everything that these are or were connected with; whatever else
there is stays as it was found before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from cockpit.domain.match import blocking, threshold
from cockpit.domain.match.engine import MANY_COPIES, NO, Matched, compare, match, weigh
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import Hashes, Ints, Objects, as_objects, hashed
from cockpit.domain.match.model import MatchModel
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.domain.match.table import Table

# Keys of different blocks that have the same hash are different keys.
_MIX = np.uint64(0xD6E8FEB86659FD93)
# Records whose keys are Python's numbers at a time.
_CHUNK = 50_000
_UNMIX = np.uint64(pow(int(_MIX), -1, 1 << 64))


@dataclass(frozen=True)
class Keyed:
    """Which records have which keys: each entry is one key of one record.

    Attributes:
        records: Record ids.
        keys: See `keys_of`.
    """

    records: Objects
    keys: Ints

    @classmethod
    def nothing(cls) -> Keyed:
        """No entry."""
        return cls(as_objects(()), np.empty(0, dtype=np.int64))

    @classmethod
    def of(cls, entries: Iterable[tuple[str, int]]) -> Keyed:
        """From pairs of a record and a key."""
        listed = list(entries)
        return cls(as_objects(each for each, _key in listed), np.array([key for _each, key in listed], dtype=np.int64))

    def __add__(self, other: Keyed) -> Keyed:
        return Keyed(np.concatenate([self.records, other.records]), np.concatenate([self.keys, other.keys]))

    def of_records(self, records: Collection[str]) -> Keyed:
        """Entries of these records."""
        return self._where(pd.Index(self.records, dtype=object).isin(list(records)))

    def without(self, records: Collection[str]) -> Keyed:
        """Entries of all other records."""
        return self._where(~pd.Index(self.records, dtype=object).isin(list(records)))

    def under(self, keys: Ints) -> Keyed:
        """Entries of these keys."""
        return self._where(np.isin(self.keys, keys))

    def counts(self) -> tuple[Ints, Ints]:
        """Keys, ascending, and how many entries each has."""
        keys, counts = np.unique(self.keys, return_counts=True)
        return keys, counts.astype(np.int64)

    def _where(self, chosen: np.ndarray) -> Keyed:
        return Keyed(self.records[chosen], self.keys[chosen])


@dataclass(frozen=True)
class Kept:
    """What a full run leaves for those that follow.

    Attributes:
        keys: Of all records, without those that the model refuses.
        full: Keys that more records share than the rule allows -> name of the block, number of records.
    """

    keys: RecordKeys
    full: Mapping[int, tuple[str, int]]


class Store(Protocol):
    """What earlier runs left, and the records as they are now."""

    def frame(self, records: Sequence[str]) -> pd.DataFrame:
        """These records with the columns of the rule; those that have gone are left out."""

    def keys(self, records: Sequence[str]) -> Keyed:
        """Keys that these records had at the last run."""

    def under(self, keys: Ints) -> Keyed:
        """Records that had these keys at the last run."""

    def full(self, keys: Ints) -> Mapping[int, int]:
        """Those of the keys that were full at the last run, and how many records had them."""

    def linked(self, records: Sequence[str]) -> Collection[str]:
        """Records that the last run joined with one of these, or might have, and all that are one with them."""


@dataclass(frozen=True)
class Followed:
    """What became of a change.

    Attributes:
        matched: The records that were matched again, with the pairs among them.
        outside: Pairs of one of these with other records that only a rule keeps apart; `record_ids` and positions are
            those of `outside` itself.
        outside_frame: Records of `outside`.
        frame: Records of `matched`.
        touched: Changed records, those that have gone, and those whose keys became refused or no longer are: what
            earlier runs kept about pairs with one of them no longer holds.
        keys: New keys of those of the changed records that are there.
        full: Keys whose number of records changed and that are full now -> block ("" as before), number of records.
        no_longer_full: Keys that were full and are not.
        compared: Pairs that were compared to find out what the change reaches.
    """

    matched: Matched
    outside: Matched
    outside_frame: pd.DataFrame
    frame: pd.DataFrame
    touched: frozenset[str]
    keys: RecordKeys
    full: Mapping[int, tuple[str, int]]
    no_longer_full: tuple[int, ...]
    compared: int


def is_possible(rule: MatchRule, types: Mapping[FieldType, Field], model: MatchModel) -> bool:
    """Whether changes can be followed: not where all pairs are compared, nor where keys depend on other records."""
    return not model.is_exhaustive and not any(
        types[field.type].depends_on_others for name, field in rule.fields.items() if name in model.names
    )


def kept(frame: pd.DataFrame, rule: MatchRule, types: Mapping[FieldType, Field], model: MatchModel) -> Kept:
    """What is to be kept of all records, so that the next change can be followed."""
    made = keys_of(frame, rule, types, model)
    keys, counts = np.unique(made.keys, return_counts=True)
    is_full = counts > rule.largest_block
    names = made.names_of(keys[is_full])
    full = zip(keys[is_full].tolist(), counts[is_full].tolist(), strict=True)
    return Kept(made, {key: (names[key], count) for key, count in full})


@dataclass(frozen=True)
class RecordKeys:
    """Keys of the records of a frame.

    Attributes:
        record_ids: As in the frame.
        records: Positions of records; one that has several keys stands several times.
        keys: One number for each block and key in it.
        blocks: Name of a block -> where its keys stand in `keys`.
        refused: Records all of whose keys are refused by the model.
    """

    record_ids: Objects
    records: Ints
    keys: Ints
    blocks: Mapping[str, slice]
    refused: frozenset[str] = frozenset()

    @property
    def keyed(self) -> Keyed:
        """By record ids."""
        return Keyed(self.record_ids[self.records], self.keys)

    def names_of(self, keys: Ints) -> dict[int, str]:
        """The block that each of these keys comes from."""
        return {
            key: name
            for name, place in self.blocks.items()
            for key in np.unique(self.keys[place][np.isin(self.keys[place], keys)]).tolist()
        }

    def hashes_of(self, keys: Ints) -> dict[str, Hashes]:
        """These keys as the blocks know them, by block."""
        return {
            name: np.unique(_hashes(name, self.keys[place][np.isin(self.keys[place], keys)]))
            for name, place in self.blocks.items()
        }

    def by_record(self) -> Iterator[tuple[str, list[int]]]:
        """Each record with its keys, also one that has none."""
        keys = self.keys[np.argsort(self.records, kind="stable")]
        ends = np.cumsum(np.bincount(self.records, minlength=len(self.record_ids)))
        place = 0
        for first in range(0, len(self.record_ids), _CHUNK):
            until = ends[first : first + _CHUNK].tolist()
            listed = keys[place : until[-1]].tolist()
            start = place
            for record, end in zip(self.record_ids[first : first + _CHUNK].tolist(), until, strict=True):
                yield record, listed[start - place : end - place]
                start = end
            place = start


def keys_of(frame: pd.DataFrame, rule: MatchRule, types: Mapping[FieldType, Field], model: MatchModel) -> RecordKeys:
    """Keys of records; those that the model refuses are left out.

    Args:
        frame: As for `match`.
        rule, types, model: As for `match`; `is_possible` for them.
    """
    records, keys = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    blocks: dict[str, slice] = {}
    count = 0
    has_key = np.zeros(len(frame), dtype=bool)
    if len(frame):
        for block in blocking.blocks_of(Table(frame, rule, types, model.names), rule.blocks, model.refused):
            has_key[block.records] = True
            known = ~np.isin(block.hashes, model.refused.get(block.name, blocking.NONE))
            records.append(block.records[known])
            keys.append(_keys(block.name, block.hashes[known]))
            blocks[block.name] = slice(count, count + len(keys[-1]))
            count += len(keys[-1])
    ids = frame["record_id"].to_numpy(dtype=object)
    places = np.concatenate(records)
    has_key[places] = False
    return RecordKeys(ids, places, np.concatenate(keys), blocks, frozenset(ids[has_key].tolist()))


def _keys(name: str, hashes: Hashes) -> Ints:
    return ((hashes ^ hashed(as_objects([name]))) * _MIX).view(np.int64)


def _hashes(name: str, keys: Ints) -> Hashes:
    return (keys.view(np.uint64) * _UNMIX) ^ hashed(as_objects([name]))


def follow(
    changed: Collection[str],
    store: Store,
    rule: MatchRule,
    types: Mapping[FieldType, Field],
    model: MatchModel,
    *,
    merged: Sequence[tuple[str, str]] = (),
    apart: Sequence[tuple[str, str]] = (),
    merged_before: Sequence[tuple[str, str]] = (),
    apart_before: Sequence[tuple[str, str]] = (),
    at_most: int | None = None,
) -> Followed | None:
    """Match what a change reaches.

    Args:
        changed: Records that are new, have changed or have gone; some that did not change do no harm.
        store: As the last run left it.
        rule, types, model: Of the last run; `is_possible` for them.
        merged, apart: What people decided, as for `match`.
        merged_before, apart_before: The same at the last run.
        at_most: None is returned when the change reaches more records. It is also returned where none of a record's
            keys leads anywhere, because all are shared by too many: it may repeat one of these.
    """
    review_at = threshold.with_threshold(rule, model).review_at
    now = store.frame(sorted(changed))
    made = keys_of(now, rule, types, model)
    found = _Candidates.of(changed, made.keyed, store, rule.largest_block)
    if _may_repeat(found, store, made, rule):
        return None
    frame = store.frame(sorted({*found.touched, *found.entries.records.tolist()}))
    first = _compared(frame, found, rule, types, model)
    is_near = first.weight >= review_at
    reached = np.unique(np.r_[first.left[is_near & (first.veto == 0)], first.right[is_near & (first.veto == 0)]])
    decided = {*merged} ^ {*merged_before} | {*apart} ^ {*apart_before}
    seeds = {
        *changed,
        *found.touched,
        *first.record_ids[reached].tolist(),
        *(record for pair in decided for record in pair),
    }
    together = _neighbours((*merged, *merged_before))
    reach = connected(
        seeds, lambda records: {*store.linked(records), *(r for each in records for r in together[each])}, at_most
    )
    if reach is None:
        return None
    inside = store.frame(sorted(reach))
    again = keys_of(inside, rule, types, model)
    full_now = np.array(sorted(_full_keys(found, store, again.keyed)), dtype=np.int64)
    matched = _match(
        inside,
        rule,
        types,
        model,
        again.hashes_of(full_now),
        [pair for pair in merged if reach.issuperset(pair)],
        [pair for pair in apart if reach.issuperset(pair)],
    )
    kept_apart = np.flatnonzero(is_near & (first.veto != 0))
    ids = first.record_ids
    one_out = [
        pair
        for pair in kept_apart.tolist()
        if ids[first.left[pair]] not in reach or ids[first.right[pair]] not in reach
    ]
    names = made.names_of(np.array(list(found.full), dtype=np.int64))
    return Followed(
        matched=matched,
        outside=_only(first, np.array(one_out, dtype=np.int64)),
        outside_frame=frame,
        frame=inside,
        touched=frozenset(found.touched) | frozenset(changed),
        keys=made,
        full={key: (names.get(key, ""), count) for key, count in found.full.items()},
        no_longer_full=found.no_longer_full,
        compared=len(first.left),
    )


def _may_repeat(found: _Candidates, store: Store, made: RecordKeys, rule: MatchRule) -> bool:
    """Whether one of these may say the same as records that no key leads to, because there are so many of them."""
    if made.refused and rule.largest_block >= MANY_COPIES:
        return True
    counts = {**store.full(np.unique(made.keys)), **dict.fromkeys(found.no_longer_full, 0), **found.full}
    crowded = np.isin(made.keys, [key for key, count in counts.items() if count >= MANY_COPIES])
    return not np.isin(made.records[crowded], made.records[~crowded]).all()


def connected(
    seeds: Iterable[str], linked: Callable[[Sequence[str]], Iterable[str]], at_most: int | None = None
) -> set[str] | None:
    """All records that are connected with the seeds, themselves too; None when there are more than `at_most`."""
    reached = set(seeds)
    frontier = sorted(reached)
    while frontier:
        if at_most is not None and len(reached) > at_most:
            return None
        frontier = sorted({*linked(frontier)} - reached)
        reached.update(frontier)
    return reached


@dataclass(frozen=True)
class _Candidates:
    """What a change makes candidates.

    Attributes:
        touched: Records whose candidates may be others than before, that are there now.
        entries: Records under the keys of these that are not refused, as they are now.
        full: Keys whose number of records changed and that are full now, with it.
        no_longer_full: Keys that were full and are not.
    """

    touched: frozenset[str]
    entries: Keyed
    full: Mapping[int, int]
    no_longer_full: tuple[int, ...]

    @classmethod
    def of(cls, changed: Collection[str], new: Keyed, store: Store, cap: int) -> _Candidates:
        old = store.keys(sorted(changed))
        keys = np.unique(np.r_[old.keys, new.keys])
        was_full = store.full(keys)
        open_before = keys[~np.isin(keys, np.array(list(was_full), dtype=np.int64))]
        # As they are now: the others' entries, and the new ones of the changed records.
        entries = store.under(open_before).without(changed) + new.under(open_before)
        full = {
            key: count for key, count in zip(*(each.tolist() for each in entries.counts()), strict=True) if count > cap
        }
        crossing = list(full)
        no_longer = []
        for key, count in _counts_now(was_full, old, new).items():
            if count > cap:
                full[key] = count
            else:
                no_longer.append(key)
        opened = np.array(no_longer, dtype=np.int64)
        entries += store.under(opened).without(changed) + new.under(opened)
        crossed = entries.under(np.array([*crossing, *no_longer], dtype=np.int64))
        others = sorted({*crossed.records.tolist()} - {*changed})
        # Their keys are those of before; which of them are full has been found out, or does not change.
        of_others = store.keys(others)
        further = np.setdiff1d(of_others.keys, keys)
        still_full = store.full(further)
        further = further[~np.isin(further, np.array(list(still_full), dtype=np.int64))]
        entries += store.under(further).without(changed)
        open_now = entries.under(np.setdiff1d(entries.keys, np.array(list(full), dtype=np.int64)))
        touched = frozenset({*new.records.tolist(), *others})
        return cls(touched, open_now, full, tuple(no_longer))

    def pairs(self) -> tuple[Objects, Objects]:
        """Each candidate pair with a touched record once: record ids, the lesser one first."""
        codes, ids = pd.factorize(self.entries.records, sort=True)
        is_touched = pd.Index(ids, dtype=object).isin(list(self.touched))[codes]
        order = np.argsort(self.entries.keys, kind="stable")
        keys, codes = self.entries.keys[order], codes[order].astype(np.int64)
        places = np.flatnonzero(is_touched[order])
        start = np.searchsorted(keys, keys[places], side="left")
        count = np.searchsorted(keys, keys[places], side="right") - start
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        one, other = np.repeat(codes[places], count), codes[np.repeat(start, count) + within]
        low, high = np.minimum(one, other), np.maximum(one, other)
        both = np.unique((low * len(ids) + high)[low != high])
        return ids[both // max(len(ids), 1)], ids[both % max(len(ids), 1)]


def _counts_now(was_full: Mapping[int, int], old: Keyed, new: Keyed) -> dict[int, int]:
    """How many records have each of these keys now."""
    counts = dict(was_full)
    for entries, step in ((old, -1), (new, 1)):
        for key, count in zip(*(each.tolist() for each in entries.counts()), strict=True):
            if key in counts:
                counts[key] += step * count
    return counts


def _full_keys(found: _Candidates, store: Store, keyed: Keyed) -> set[int]:
    """Keys of these records that are full now."""
    return ({*store.full(np.unique(keyed.keys))} - {*found.no_longer_full}) | {*found.full}


def _compared(
    frame: pd.DataFrame, found: _Candidates, rule: MatchRule, types: Mapping[FieldType, Field], model: MatchModel
) -> Matched:
    """The candidates of the touched records, none of them joined."""
    ids = frame["record_id"].to_numpy(dtype=object)
    one, other = found.pairs()
    place = pd.Index(ids, dtype=object)
    left, right = place.get_indexer(one).astype(np.int64), place.get_indexer(other).astype(np.int64)
    table = Table(frame, rule, types, model.names)
    compared = compare(table, left, right)
    return Matched(
        record_ids=ids,
        cluster=np.arange(len(ids), dtype=np.int64),
        left=left,
        right=right,
        weight=weigh(table, compared, model, rule),
        levels=compared.levels,
        agreed=compared.agreed,
        veto=compared.vetoes,
        outcome=np.full(len(left), NO, dtype=np.int8),
        model=model,
        blocks=(),
    )


def _match(
    frame: pd.DataFrame,
    rule: MatchRule,
    types: Mapping[FieldType, Field],
    model: MatchModel,
    refused: Mapping[str, Hashes],
    merged: Sequence[tuple[str, str]],
    apart: Sequence[tuple[str, str]],
) -> Matched:
    """Match these records; further keys are refused, because of records that are not among them."""
    names = {*model.refused, *(name for name, hashes in refused.items() if len(hashes))}
    none = blocking.NONE
    both = {name: np.union1d(model.refused.get(name, none), refused.get(name, none)) for name in names}
    found = match(frame, rule, types, replace(model, refused=both), merged=merged, apart=apart)
    return replace(found, model=model)


def _only(matched: Matched, pairs: Ints) -> Matched:
    return replace(
        matched,
        left=matched.left[pairs],
        right=matched.right[pairs],
        weight=matched.weight[pairs],
        levels=matched.levels[pairs],
        agreed=tuple(hashes[pairs] for hashes in matched.agreed),
        veto=matched.veto[pairs],
        outcome=matched.outcome[pairs],
    )


def _neighbours(pairs: Iterable[tuple[str, str]]) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        found[one].add(other)
        found[other].add(one)
    return found
