"""Give each cluster of records its golden id: the one that most of its members have had, as long as they last.

Pure: clusters and what earlier runs left come in, ids and events go out. The events alone, replayed, give again what
earlier runs left, so that ids survive the loss of everything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Texts: TypeAlias = npt.NDArray[np.object_]
Codes: TypeAlias = npt.NDArray[np.int64]

EVENT_COLUMNS = ("kind", "golden_id", "other_id", "record_id")
# Within one run: who goes, who comes, then what became of ids.
_ORDER = ("leave", "reuse", "birth", "join", "split", "merge")
_NONE = -1


@dataclass(frozen=True)
class Known:
    """What earlier runs left.

    Attributes:
        members: record_id, golden_id of the records that were there last time.
        former: record_id, golden_id of the records that had gone before; the id may have been merged away since.
        ids: golden_id, founding_record, born (the lesser, the older), redirect_to (None: stands for itself), merged
            (when it was merged away, the greater, the later; -1 if it was not), is_reused (its founding record's key
            was given to somebody else), of every id that was ever given.
    """

    members: pd.DataFrame
    former: pd.DataFrame
    ids: pd.DataFrame

    @classmethod
    def nothing(cls) -> Known:
        """Before the first run."""
        pairs = pd.DataFrame({"record_id": [], "golden_id": []}, dtype=object)
        return cls(pairs, pairs, _ids([], [], [], [], [], []))


@dataclass(frozen=True)
class Assigned:
    """Ids of one run.

    Attributes:
        record_ids: As given.
        golden_ids: The id of each.
        events: Columns of EVENT_COLUMNS, in the order in which they count; None where a kind has no such value.
    """

    record_ids: Texts
    golden_ids: Texts
    events: pd.DataFrame

    def counts(self) -> dict[str, int]:
        """Events of each kind, also of those that did not happen."""
        found = self.events["kind"].value_counts()
        return {kind: int(found.get(kind, 0)) for kind in _ORDER}


def assign(
    record_ids: Texts,
    cluster: npt.NDArray[Any],
    known: Known,
    *,
    entity: str,
    letter: str,
    reused: Collection[str] = (),
) -> Assigned:
    """Give each cluster an id.

    An id goes to the cluster with most of its members (tie: the one with its founding record, then the one with the
    least record id). A cluster takes, of the ids that go to it, the one with most of its members (tie: the older); the
    others are merged into it. Records that were gone decide only where no record that was there does. A cluster that
    gets none takes back an id that one of its records founded and that no cluster has, the last that was merged away,
    so that an undone merge leaves no trace; else a new one is born.

    Args:
        record_ids: Unique texts, any order; the result does not depend on it.
        cluster: A label for each record; equal labels mean one golden record.
        known: What earlier runs left.
        entity: Part of what a new id is made of.
        letter: What ids of the entity begin with.
        reused: Records whose key now stands for somebody else: their ids do not follow them.

    Returns:
        The ids and what happened.
    """
    return _Assignment(record_ids, cluster, known, reused).run(entity, letter)


def assign_some(
    record_ids: Texts,
    cluster: npt.NDArray[Any],
    known: Known,
    *,
    gone: Collection[str],
    entity: str,
    letter: str,
    reused: Collection[str] = (),
) -> Assigned:
    """As `assign`, where only some records were matched again; all others are where they were.

    Args:
        record_ids, cluster: Of the records that were matched again. For each of them, all that were one with it.
        known: What `read_known_about` gives for these and those that have gone.
        gone: Records that have gone since the last run.
        entity, letter, reused: As for `assign`.

    Returns:
        Of the records that were matched again.
    """
    members = known.members
    others = ~members["record_id"].isin([*record_ids, *gone]).to_numpy(dtype=bool)
    # A golden id stands for its records: no record is called so.
    records = np.concatenate([record_ids, members["record_id"].to_numpy(dtype=object)[others]])
    labels = np.concatenate([cluster.astype(object), members["golden_id"].to_numpy(dtype=object)[others]])
    assigned = assign(records, labels, known, entity=entity, letter=letter, reused=reused)
    count = len(record_ids)
    return Assigned(assigned.record_ids[:count], assigned.golden_ids[:count], assigned.events)


def replay(events: pd.DataFrame) -> Known:
    """What all events come to.

    Args:
        events: Columns of EVENT_COLUMNS and `event_id`, all of one entity since its beginning, any order.
    """
    ordered = events.sort_values("event_id")
    of_records = ordered[ordered["kind"].isin(("birth", "join", "leave", "reuse"))]
    latest = of_records.drop_duplicates("record_id", keep="last")
    pairs = latest[["record_id", "golden_id"]].astype(object)
    kinds = latest["kind"]
    births = ordered[ordered["kind"] == "birth"].drop_duplicates("golden_id", keep="last")
    moves = ordered[ordered["kind"].isin(("birth", "merge"))].drop_duplicates("golden_id", keep="last")
    merges = moves[moves["kind"] == "merge"].set_index("golden_id")
    redirects, merged = merges["other_id"].to_dict(), merges["event_id"].to_dict()
    reuses = ordered[ordered["kind"] == "reuse"].drop_duplicates("record_id", keep="last")
    reused = reuses.set_index("record_id")["event_id"].to_dict()
    founders = births["record_id"].tolist()
    born = births["event_id"].to_numpy(dtype=np.int64)
    golden_ids = births["golden_id"].tolist()
    ids = _ids(
        golden_ids,
        founders,
        born,
        [redirects.get(golden) for golden in golden_ids],
        [merged.get(golden, _NONE) for golden in golden_ids],
        [reused.get(record, _NONE) > at for record, at in zip(founders, born, strict=True)],
    )
    return Known(
        pairs[kinds.isin(("birth", "join")).to_numpy()].reset_index(drop=True),
        pairs[(kinds == "leave").to_numpy()].reset_index(drop=True),
        ids,
    )


def new_id(entity: str, letter: str, founding_record: str) -> str:
    """The id of a golden record that begins with this record, before clashes are looked at."""
    return letter + hashlib.sha256(f"{entity}:{founding_record}".encode()).hexdigest()[:12]


def _ids(
    golden_ids: Collection[str],
    founders: Collection[str],
    born: Collection[int] | Codes,
    redirects: Collection[str | None],
    merged: Collection[int],
    reused: Collection[bool],
) -> pd.DataFrame:
    # Objects, because None is told apart from other things.
    texts = {"golden_id": golden_ids, "founding_record": founders, "redirect_to": redirects}
    frame = pd.DataFrame({name: _texts(values) for name, values in texts.items()}, dtype=object)
    frame["born"] = np.asarray(born, dtype=np.int64)
    frame["merged"] = np.asarray(merged, dtype=np.int64)
    frame["is_reused"] = np.asarray(reused, dtype=bool)
    return frame


class _Assignment:
    """One run, on numbers: records, clusters and ids are positions in their arrays."""

    def __init__(self, record_ids: Texts, cluster: npt.NDArray[Any], known: Known, reused: Collection[str]) -> None:
        self.records = pd.Index(record_ids, dtype=object)
        if not self.records.is_unique:
            raise ValueError("record ids are not unique")
        codes, labels = pd.factorize(np.asarray(cluster))
        self.cluster: Codes = codes.astype(np.int64)
        self.cluster_count = len(labels)
        self.known = known
        self.ids = pd.Index(known.ids["golden_id"], dtype=object)
        self.born = known.ids["born"].to_numpy(dtype=np.int64)
        self.redirect = self._redirects()
        # The id that each record had last time, and the one that it had when it went.
        places = self.records.get_indexer(pd.Index(known.members["record_id"], dtype=object))
        self.gone = np.flatnonzero(places == _NONE)
        self.now = self._ids_of(known.members, places)
        self.before = self._ids_of(
            known.former, self.records.get_indexer(pd.Index(known.former["record_id"], dtype=object))
        )
        self.reuse_from = np.full(len(self.records), _NONE, dtype=np.int64)
        self._cut_off(reused)
        # Of each cluster.
        self.taken = np.full(self.cluster_count, _NONE, dtype=np.int64)
        self.is_born = np.zeros(self.cluster_count, dtype=bool)

    def run(self, entity: str, letter: str) -> Assigned:
        votes = self._votes()
        preferred = self._preferred(votes)
        merged, into = self._take(preferred)
        founding = self._take_back(votes.code)
        names = self._found(founding, entity, letter)
        golden = _texts(names)[self.taken[self.cluster]] if len(self.records) else _texts(())
        events = self._events(names, founding, votes, merged, into)
        return Assigned(self.records.to_numpy(dtype=object), golden, events)

    def _redirects(self) -> Codes:
        """For each id the one that it leads to in the end; itself where it was not merged away."""
        target = np.arange(len(self.ids), dtype=np.int64)
        retired = np.flatnonzero(self.known.ids["redirect_to"].notna())
        names = self.known.ids["redirect_to"].to_numpy(dtype=object)[retired]
        target[retired] = self.ids.get_indexer(pd.Index(names, dtype=object))
        while True:
            further = target[target]
            if np.array_equal(further, target):
                return target
            target = further

    def _ids_of(self, pairs: pd.DataFrame, places: npt.NDArray[Any]) -> Codes:
        found = np.full(len(self.records), _NONE, dtype=np.int64)
        codes = self.ids.get_indexer(pd.Index(pairs["golden_id"], dtype=object))
        is_there = places != _NONE
        found[places[is_there]] = self.redirect[codes[is_there]]
        return found

    def _cut_off(self, reused: Collection[str]) -> None:
        places = self.records.get_indexer(pd.Index(sorted(reused), dtype=object))
        places = places[places != _NONE]
        self.reuse_from[places] = np.where(self.now[places] != _NONE, self.now[places], self.before[places])
        self.now[places] = _NONE
        self.before[places] = _NONE

    @cached_property
    def founders(self) -> Codes:
        """The position of each id's founding record."""
        found = self.records.get_indexer(pd.Index(self.known.ids["founding_record"], dtype=object))
        return found.astype(np.int64)

    @cached_property
    def is_cut_off(self) -> npt.NDArray[np.bool_]:
        """Whether each id's founding record is somebody else by now."""
        is_new = np.where(self.founders != _NONE, self.reuse_from[self.founders] != _NONE, False)
        cut_off: npt.NDArray[np.bool_] = self.known.ids["is_reused"].to_numpy(dtype=bool) | is_new
        return cut_off

    def _clusters_of_founders(self) -> Codes:
        return np.where(self.founders == _NONE, _NONE, self.cluster[self.founders])

    def _votes(self) -> _Votes:
        """How many records of each cluster have had each id."""
        parts = []
        for codes in (self.now, self.before):
            has = codes != _NONE
            parts.append((self.cluster[has], codes[has]))
        width = max(len(self.ids), 1)
        keys = [clusters * width + codes for clusters, codes in parts]
        both = np.unique(np.concatenate(keys))
        counts = []
        for key in keys:
            found, count = np.unique(key, return_counts=True)
            column = np.zeros(len(both), dtype=np.int64)
            column[np.searchsorted(both, found)] = count
            counts.append(column)
        return _Votes(both // width, both % width, counts[0], counts[1])

    def _preferred(self, votes: _Votes) -> _Votes:
        """The cluster that each id goes to."""
        rank = np.zeros(len(votes.code), dtype=np.int64)
        in_many = np.bincount(votes.code, minlength=len(self.ids))[votes.code] > 1
        if in_many.any():
            clusters, place = np.unique(votes.cluster[in_many], return_inverse=True)
            founders = self._least_records(clusters)
            rank[in_many] = np.argsort(np.argsort(founders))[place]
            has_founder = in_many & (self._clusters_of_founders()[votes.code] == votes.cluster)
            rank[has_founder] = np.where(self.is_cut_off[votes.code[has_founder]], len(rank), _NONE)
        order = np.lexsort((rank, -votes.before, -votes.now, votes.code))
        return votes.at(order[_first_of(votes.code[order])])

    def _take(self, preferred: _Votes) -> tuple[Codes, Codes]:
        """Let each cluster choose; returns the ids that are merged away and what they lead to."""
        born = self.born[preferred.code]
        order = np.lexsort((born, -preferred.before, -preferred.now, preferred.cluster))
        is_first = _first_of(preferred.cluster[order])
        chosen, others = preferred.at(order[is_first]), preferred.at(order[~is_first])
        self.taken[chosen.cluster] = chosen.code
        return others.code, self.taken[others.cluster]

    def _take_back(self, voted: Codes) -> Codes:
        """Ids that no cluster has return with their founding record to a cluster without one.

        Returns:
            For each cluster the position of the record that founds its id now, of those that were taken back.
        """
        founding = np.full(self.cluster_count, _NONE, dtype=np.int64)
        if not (self.taken == _NONE).any() or len(self.ids) == 0:
            return founding
        is_free = (self.founders != _NONE) & ~self.is_cut_off
        is_free[voted] = False
        codes = np.flatnonzero(is_free).astype(np.int64)
        clusters = self.cluster[self.founders[codes]]
        is_wanted = self.taken[clusters] == _NONE
        codes, clusters = codes[is_wanted], clusters[is_wanted]
        # The one that was merged away last is the one that it had.
        merged = self.known.ids["merged"].to_numpy(dtype=np.int64)[codes]
        order = np.lexsort((self.born[codes], -merged, clusters))
        order = order[_first_of(clusters[order])]
        self.taken[clusters[order]] = codes[order]
        self.is_born[clusters[order]] = True
        founding[clusters[order]] = self.founders[codes[order]]
        return founding

    def _found(self, founding: Codes, entity: str, letter: str) -> list[str]:
        """Give new ids to the clusters that are left; returns the names of all ids, the new ones last."""
        names: list[str] = self.ids.tolist()
        clusters = np.flatnonzero(self.taken == _NONE).astype(np.int64)
        if len(clusters) == 0:
            return names
        founders = self._least_records(clusters)
        order = np.argsort(founders)
        clusters, founders = clusters[order], founders[order]
        wanted = [new_id(entity, letter, record) for record in founders.tolist()]
        given = set(names)
        for place, name in enumerate(wanted):
            number, free = 1, name
            while free in given:
                number += 1
                free = f"{name}-{number}"
            given.add(free)
            wanted[place] = free
        self.taken[clusters] = len(names) + np.arange(len(clusters), dtype=np.int64)
        self.is_born[clusters] = True
        founding[clusters] = self.records.get_indexer(pd.Index(founders, dtype=object))
        return names + wanted

    def _least_records(self, clusters: Codes) -> Texts:
        """The least record id of each of these clusters."""
        place = np.full(self.cluster_count, _NONE, dtype=np.int64)
        place[clusters] = np.arange(len(clusters), dtype=np.int64)
        members = np.flatnonzero(place[self.cluster] != _NONE)
        of = place[self.cluster[members]]
        least = _texts([None] * len(clusters))
        names = self.records.to_numpy(dtype=object)[members]
        # Most clusters are one record, and need no order.
        sizes = np.bincount(of, minlength=len(clusters))
        is_single = sizes[of] == 1
        least[of[is_single]] = names[is_single]
        of, names = of[~is_single], names[~is_single]
        order = np.argsort(names)
        order = order[np.argsort(of[order], kind="stable")]
        first = order[_first_of(of[order])]
        least[of[first]] = names[first]
        return least

    def _events(self, names: list[str], founding: Codes, votes: _Votes, merged: Codes, into: Codes) -> pd.DataFrame:
        name_of, records = _texts([*names, None]), self.records.to_numpy(dtype=object)
        golden = self.taken[self.cluster]
        parts: dict[str, tuple[Texts, Texts, Texts]] = {}

        members, gone = self.known.members, self.gone
        parts["leave"] = (
            members["golden_id"].to_numpy(dtype=object)[gone],
            _texts([None] * len(gone)),
            members["record_id"].to_numpy(dtype=object)[gone],
        )
        reused = np.flatnonzero(self.reuse_from != _NONE)
        parts["reuse"] = (name_of[self.reuse_from[reused]], name_of[golden[reused]], records[reused])
        born = np.flatnonzero(self.is_born)
        founders = founding[born]
        parts["birth"] = (name_of[self.taken[born]], name_of[self.now[founders]], records[founders])
        has_moved = golden != self.now
        has_moved[founders] = False
        moved = np.flatnonzero(has_moved)
        parts["join"] = (name_of[golden[moved]], name_of[self.now[moved]], records[moved])
        origins = votes.at(np.flatnonzero(self.is_born[votes.cluster] & (votes.now > 0)))
        order = np.lexsort((self.born[origins.code], -origins.now, origins.cluster))
        origins = origins.at(order[_first_of(origins.cluster[order])])
        parts["split"] = (
            name_of[self.taken[origins.cluster]],
            name_of[origins.code],
            _texts([None] * len(origins.code)),
        )
        parts["merge"] = (name_of[merged], name_of[into], _texts([None] * len(merged)))
        frames = []
        for kind in _ORDER:
            values = parts[kind]
            if len(values[0]):
                order = np.argsort(values[0] if values[2][0] is None else values[2])
                frames.append(
                    pd.DataFrame(
                        {"kind": _texts([kind] * len(order))}
                        | dict(zip(EVENT_COLUMNS[1:], (value[order] for value in values), strict=True)),
                        dtype=object,
                    )
                )
        if not frames:
            return pd.DataFrame({name: _texts(()) for name in EVENT_COLUMNS}, dtype=object)
        return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True)
class _Votes:
    """How many records (`now`: there last time; `before`: gone by then) link each cluster with each id."""

    cluster: Codes
    code: Codes
    now: Codes
    before: Codes

    def at(self, places: npt.NDArray[Any]) -> _Votes:
        return _Votes(self.cluster[places], self.code[places], self.now[places], self.before[places])


def _first_of(ordered: Codes) -> npt.NDArray[np.bool_]:
    """Where a new value begins in an ordered array."""
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return is_first


def _texts(values: Collection[Any]) -> Texts:
    found = np.empty(len(values), dtype=object)
    found[:] = list(values)
    return found
