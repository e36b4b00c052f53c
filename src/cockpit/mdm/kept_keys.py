"""What a run of matching leaves so that the next one can follow what changed: keys of records, and the state they fit.

Each record's keys stand in `mdm.record_key_<entity>`, one row per record with an index of the keys in it. Keys that
more records share than the rule allows are counted in `mdm.full_key`: looking up a key never gives many records.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.match.fields.values import Ints
from cockpit.domain.match.incremental import Kept, Keyed, RecordKeys
from cockpit.mdm.settle import Pair
from cockpit.warehouse.copy import copy_rows

# What an index of millions of keys is sorted in.
_SORT_MEMORY = "256MB"


@dataclass(frozen=True)
class State:
    """What the newest run left.

    Attributes:
        model_version: The model by which its keys and pairs were made.
        rules: Fingerprint of the rules and words by which they were made.
        records: Of the entity.
        golden_records: Likewise.
    """

    model_version: str
    rules: str
    records: int
    golden_records: int


def read_state(cursor: PgCursor, entity: str) -> State | None:
    """What the newest run left; None when it left nothing that can be followed."""
    cursor.execute(
        "select model_version, rules, record_count, golden_count from mdm.matching_state where entity = %s", (entity,)
    )
    row = cursor.fetchone()
    return State(*row) if row else None


def write_state(cursor: PgCursor, entity: str, state: State | None) -> None:
    """Keep the state of this run; None when nothing is kept that the next run could follow."""
    cursor.execute("delete from mdm.matching_state where entity = %s", (entity,))
    if state is not None:
        cursor.execute(
            "insert into mdm.matching_state (entity, model_version, rules, record_count, golden_count)"
            " values (%s, %s, %s, %s, %s)",
            (entity, state.model_version, state.rules, state.records, state.golden_records),
        )


def read_decided(cursor: PgCursor, entity: str) -> tuple[list[Pair], list[Pair]]:
    """Pairs that decisions put together, and kept apart, in the newest run."""
    cursor.execute("select left_record, right_record, is_merged from mdm.decided_pair where entity = %s", (entity,))
    rows = cursor.fetchall()
    return (
        [(left, right) for left, right, is_merged in rows if is_merged],
        [(left, right) for left, right, is_merged in rows if not is_merged],
    )


def write_decided(cursor: PgCursor, entity: str, merged: Iterable[Pair], apart: Iterable[Pair]) -> None:
    """Keep the pairs of this run; only what differs is written."""
    merged_before, apart_before = read_decided(cursor, entity)
    for is_merged, before, now in ((True, {*merged_before}, {*merged}), (False, {*apart_before}, {*apart})):
        gone = sorted(before - now)
        cursor.execute(
            "delete from mdm.decided_pair as pair"
            " using unnest(cast(%s as text[]), cast(%s as text[])) as gone (one, other)"
            " where pair.entity = %s and pair.left_record = gone.one and pair.right_record = gone.other"
            " and pair.is_merged = %s",
            ([one for one, _other in gone], [other for _one, other in gone], entity, is_merged),
        )
        copy_rows(
            cursor,
            "mdm.decided_pair",
            ["entity", "left_record", "right_record", "is_merged"],
            ((entity, *pair, is_merged) for pair in sorted(now - before)),
        )


def forget(cursor: PgCursor, entity: str) -> None:
    """Keep no keys: the next run matches all records anyway."""
    cursor.execute(f"drop table if exists {_table(entity)}")
    cursor.execute("delete from mdm.full_key where entity = %s", (entity,))


def replace(cursor: PgCursor, entity: str, kept: Kept) -> None:
    """Keep the keys of all records."""
    forget(cursor, entity)
    table = _table(entity)
    # Made anew: an index that is built at once takes a fraction of the time and the space.
    cursor.execute(f"create table {table} (record_id text not null, keys bigint [] not null)")
    _copy_keys(cursor, table, kept.keys)
    cursor.execute("select set_config('maintenance_work_mem', %s, true)", (_SORT_MEMORY,))
    cursor.execute(f"alter table {table} add primary key (record_id)")
    # Without a list of pending entries, which each look-up would have to read.
    cursor.execute(f"create index on {table} using gin (keys) with (fastupdate = off)")
    cursor.execute(f"analyze {table}")
    _copy_full(cursor, entity, kept.full)


def update(
    cursor: PgCursor,
    entity: str,
    changed: Collection[str],
    keys: RecordKeys,
    full: Mapping[int, tuple[str, int]],
    no_longer_full: Collection[int],
) -> None:
    """Keep the keys of changed records.

    Args:
        changed: Records that are new, have changed or have gone.
        keys: Of those that are there.
        full, no_longer_full: See `Followed`.
    """
    table = _table(entity)
    cursor.execute(f"delete from {table} where record_id = any(%s)", (sorted(changed),))
    _copy_keys(cursor, table, keys)
    cursor.execute(
        "delete from mdm.full_key where entity = %s and key = any(%s) returning key, block",
        (entity, [*full, *no_longer_full]),
    )
    before = dict(cursor.fetchall())
    _copy_full(cursor, entity, {key: (name or before.get(key, ""), count) for key, (name, count) in full.items()})


def count_full(cursor: PgCursor, entity: str) -> dict[str, int]:
    """How many keys of each block have become full since the model was learnt."""
    cursor.execute(
        "select block, count(*) from mdm.full_key where entity = %s group by block order by block", (entity,)
    )
    return dict(cursor.fetchall())


@dataclass(frozen=True)
class KeptStore:
    """What earlier runs left, and the records as they are now; see `cockpit.domain.match.incremental.Store`.

    Attributes:
        cursor: In the transaction of the run.
        read: Reads records as they are compared.
    """

    cursor: PgCursor
    entity: str
    read: Callable[[Sequence[str]], pd.DataFrame]

    def frame(self, records: Sequence[str]) -> pd.DataFrame:
        """These records, without those that have gone."""
        return self.read(records)

    def keys(self, records: Sequence[str]) -> Keyed:
        """Keys that these records had at the last run."""
        self.cursor.execute(
            f"select record_id, unnest(keys) from {_table(self.entity)} where record_id = any(%s)", (list(records),)
        )
        return Keyed.of(self.cursor.fetchall())

    def under(self, keys: Ints) -> Keyed:
        """Records that had these keys at the last run."""
        self.cursor.execute(
            "select kept.record_id, wanted.key from unnest(cast(%s as bigint[])) as wanted (key)"
            f" inner join {_table(self.entity)} as kept on kept.keys @> array[wanted.key]",
            (keys.tolist(),),
        )
        return Keyed.of(self.cursor.fetchall())

    def full(self, keys: Ints) -> Mapping[int, int]:
        """Those of the keys that were full, with their numbers of records."""
        self.cursor.execute(
            "select key, record_count from mdm.full_key where entity = %s and key = any(%s)",
            (self.entity, keys.tolist()),
        )
        return dict(self.cursor.fetchall())

    def linked(self, records: Sequence[str]) -> Collection[str]:
        """Records of pairs that were joined or shown, and of the same golden records."""
        self.cursor.execute(
            "select right_record from mdm.pair"
            " where entity = %(entity)s and left_record = any(%(records)s) and outcome <> 'no'"
            " union select left_record from mdm.pair"
            " where entity = %(entity)s and right_record = any(%(records)s) and outcome <> 'no'"
            " union select other.record_id from mdm.membership as one"
            " inner join mdm.membership as other using (entity, golden_id)"
            " where one.entity = %(entity)s and one.record_id = any(%(records)s)",
            {"entity": self.entity, "records": list(records)},
        )
        return {record for (record,) in self.cursor.fetchall()}


def _table(entity: str) -> str:
    return f"mdm.record_key_{entity}"


def _copy_keys(cursor: PgCursor, table: str, keys: RecordKeys) -> None:
    rows = ((record, f"{{{','.join(map(str, each))}}}") for record, each in keys.by_record())
    copy_rows(cursor, table, ["record_id", "keys"], rows)


def _copy_full(cursor: PgCursor, entity: str, full: Mapping[int, tuple[str, int]]) -> None:
    rows = ((entity, key, name, count) for key, (name, count) in full.items())
    copy_rows(cursor, "mdm.full_key", ["entity", "key", "block", "record_count"], rows)
