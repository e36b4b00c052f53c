"""A change that is followed gives what matching all records again gives, with the same model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.domain.match import incremental
from cockpit.domain.match.engine import MANY_COPIES, NO, Matched, field_types, match
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import Ints
from cockpit.domain.match.incremental import Followed, Keyed, connected, follow, is_possible, kept, keys_of
from cockpit.domain.match.model import MatchModel
from cockpit.domain.match.rule import FieldRule, FieldType, MatchRule
from tests.unit.domain.match.people import people

RULE = MatchRule(
    fields={
        "given": FieldRule(type="person_name"),
        "family": FieldRule(type="person_name"),
        "born": FieldRule(type="date"),
        "city": FieldRule(type="region"),
        "email": FieldRule(type="email"),
        "phone": FieldRule(type="phone"),
        "code": FieldRule(type="identifier", is_apart=True),
    },
    swapped=(("given", "family"),),
    related=(("given", "born"),),
    # Few ways to become candidates, and few records that fill a block: changes cross the cap both ways, and it shows.
    blocks=(("phone.local",), ("email.exact",), ("family.sound", "city.exact")),
    largest_block=3,
    exhaustive_pairs=0,
)
TYPES: dict[FieldType, Field] = field_types(None)
Row = dict[str, str | None]
Pair = tuple[str, str]
Shown = dict[Pair, tuple[float, int, int]]


def shown(found: Matched, review_at: float = RULE.review_at) -> Shown:
    """Pairs worth keeping: joined, to be looked at, or kept apart by a rule alone."""
    result = {}
    for pair in np.flatnonzero((found.outcome != NO) | ((found.veto != 0) & (found.weight >= review_at))):
        ids = sorted((found.record_ids[found.left[pair]], found.record_ids[found.right[pair]]))
        weight = round(float(found.weight[pair]), 9)
        result[ids[0], ids[1]] = (weight, int(found.veto[pair]), int(found.outcome[pair]))
    return result


def groups(found: Matched) -> dict[str, str]:
    return dict(zip(found.record_ids.tolist(), found.record_ids[found.cluster].tolist(), strict=True))


def listed(entries: Keyed) -> list[tuple[str, int]]:
    return sorted(zip(entries.records.tolist(), entries.keys.tolist(), strict=True))


def frame_of(rows: Mapping[str, Row]) -> pd.DataFrame:
    frame = pd.DataFrame([{"record_id": record, **rows[record]} for record in sorted(rows)], dtype=object)
    return frame if len(frame) else pd.DataFrame({name: [] for name in ("record_id", *RULE.fields)}, dtype=object)


class Memory:
    """What runs leave, in memory; the records are those of now."""

    def __init__(
        self, rows: Mapping[str, Row], model: MatchModel, merged: Sequence[Pair], apart: Sequence[Pair]
    ) -> None:
        found = match(frame_of(rows), RULE, TYPES, model, merged=merged, apart=apart)
        left = kept(frame_of(rows), RULE, TYPES, model)
        self.rows = dict(rows)
        self.entries = left.keys.keyed
        self.full_keys = {key: count for key, (_name, count) in left.full.items()}
        self.pairs = shown(found)
        self.groups = groups(found)

    def frame(self, records: Sequence[str]) -> pd.DataFrame:
        return frame_of({record: self.rows[record] for record in records if record in self.rows})

    def keys(self, records: Sequence[str]) -> Keyed:
        return self.entries.of_records(records)

    def under(self, keys: Ints) -> Keyed:
        return self.entries.under(keys)

    def full(self, keys: Ints) -> Mapping[int, int]:
        return {key: self.full_keys[key] for key in keys.tolist() if key in self.full_keys}

    def linked(self, records: Sequence[str]) -> Collection[str]:
        wanted = {*records}
        near = [pair for pair, (_weight, _veto, outcome) in self.pairs.items() if outcome != NO and wanted & {*pair}]
        named = {self.groups[record] for record in wanted if record in self.groups}
        return {record for pair in near for record in pair} | {
            record for record, group in self.groups.items() if group in named
        }

    def take(self, result: Followed) -> None:
        inside = {*result.frame["record_id"]}
        gone = result.touched - inside
        self.pairs = (
            {
                pair: value
                for pair, value in self.pairs.items()
                if not result.touched & {*pair} and not inside >= {*pair}
            }
            | shown(result.matched)
            | shown(result.outside)
        )
        self.groups = {record: group for record, group in self.groups.items() if record not in gone} | groups(
            result.matched
        )
        changed = {*result.keys.record_ids.tolist()} | gone
        self.entries = self.entries.without(changed) + result.keys.keyed
        self.full_keys |= {key: count for key, (_name, count) in result.full.items()}
        for key in result.no_longer_full:
            del self.full_keys[key]


def sure(model: MatchModel | None = None) -> tuple[dict[str, Row], MatchModel]:
    """A list and a model that was learnt from part of it."""
    drawn, _truth = people(60, 30)
    rows = {
        str(row["record_id"]): {
            "phone": f"0241 55{int(row['record_id'][5:]) // 5:04}",
            "code": None,
            **{name: value if isinstance(value, str) else None for name, value in row.items() if name != "record_id"},
        }
        for row in drawn.to_dict("records")
    }
    some = {record: row for place, (record, row) in enumerate(rows.items()) if place % 3}
    found = match(frame_of({**some, "list:zzzz": {**rows["list:0001"], "code": "A1"}}), RULE, TYPES, model)
    return rows, found.model


ROWS, MODEL = sure()
RECORDS = sorted(ROWS)


def test_the_list_is_worth_it() -> None:
    found = match(frame_of(ROWS), RULE, TYPES, MODEL)
    assert is_possible(RULE, TYPES, MODEL)
    assert len({*groups(found).values()}) < len(ROWS) - 15
    assert sum(len(block.refused) for block in found.blocks) > 5


@st.composite
def changes(draw: st.DrawFn) -> tuple[dict[str, Row | None], list[Pair], list[Pair]]:
    """Records that come, change (values of another one) and go, and what people decide about pairs."""
    changed: dict[str, Row | None] = {}
    for record in draw(st.lists(st.sampled_from([*RECORDS, "new:1", "new:2", "new:3"]), max_size=6, unique=True)):
        if draw(st.integers(0, 3)) == 0:
            changed[record] = None
            continue
        base, other = ROWS[draw(st.sampled_from(RECORDS))], ROWS[draw(st.sampled_from(RECORDS))]
        taken = draw(st.sets(st.sampled_from([*RULE.fields])))
        changed[record] = {
            **base,
            **{name: other[name] for name in taken},
            "code": draw(st.sampled_from([None, "A1", "B2"])),
        }
    pairs = st.lists(
        st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(lambda p: p[0] < p[1]), max_size=2
    )
    merged, apart = draw(pairs), draw(pairs)
    return changed, sorted({*merged}), sorted({*apart} - {*merged})


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(start=st.sets(st.sampled_from(RECORDS), min_size=20), rounds=st.lists(changes(), min_size=1, max_size=3))
def test_a_change_that_is_followed_equals_a_full_run(
    start: set[str], rounds: list[tuple[dict[str, Row | None], list[Pair], list[Pair]]]
) -> None:
    rows: dict[str, Row] = {record: ROWS[record] for record in start}
    merged: list[Pair] = []
    apart: list[Pair] = []
    store = Memory(rows, MODEL, merged, apart)
    for changed, merged_now, apart_now in rounds:
        for record, row in changed.items():
            if row is None:
                rows.pop(record, None)
            else:
                rows[record] = row
        store.rows = dict(rows)
        result = follow(
            changed,
            store,
            RULE,
            TYPES,
            MODEL,
            merged=merged_now,
            apart=apart_now,
            merged_before=merged,
            apart_before=apart,
        )
        assert result is not None
        store.take(result)
        merged, apart = merged_now, apart_now
        full = Memory(rows, MODEL, merged, apart)
        assert store.groups == full.groups
        assert store.pairs == full.pairs
        assert store.full_keys == full.full_keys
        assert listed(store.entries) == listed(full.entries)


@settings(max_examples=40)
@given(start=st.sets(st.sampled_from(RECORDS), min_size=10), more=st.sets(st.sampled_from(RECORDS)))
def test_more_records_take_no_candidate_away(start: set[str], more: set[str]) -> None:
    rule = RULE.model_copy(update={"largest_block": 1000})
    pairs = []
    for some in (start, start | more):
        found = match(frame_of({record: ROWS[record] for record in some}), rule, TYPES, MODEL)
        ids = zip(found.record_ids[found.left], found.record_ids[found.right], strict=True)
        pairs.append({(min(each), max(each)) for each in ids})
    assert pairs[0] <= pairs[1]


def test_a_key_that_fills_up_is_named_and_counted() -> None:
    rows: dict[str, Row] = {f"a:{n}": {**ROWS[RECORDS[n]], "phone": "0241 999999"} for n in range(0, 30, 10)}
    store = Memory(rows, MODEL, (), ())
    store.rows = rows | {"a:new": {**ROWS[RECORDS[40]], "phone": "0241 999999"}}
    result = follow(["a:new"], store, RULE, TYPES, MODEL)
    assert result is not None
    assert ("phone.local", 4) in result.full.values()
    # All that had it have fewer candidates now.
    assert result.touched == {*store.rows}
    store.take(result)
    del store.rows["a:new"]
    result = follow(["a:new"], store, RULE, TYPES, MODEL)
    assert result is not None
    assert result.full == {}
    assert len(result.no_longer_full) >= 1


def test_what_reaches_too_far_is_not_followed() -> None:
    store = Memory(ROWS, MODEL, (), ())
    assert follow(RECORDS[:10], store, RULE, TYPES, MODEL, at_most=5) is None


def test_a_further_copy_of_many_is_not_followed() -> None:
    """No key leads to the others any more, and all of them are one."""
    copies: dict[str, Row] = {f"a:{n:02}": ROWS[RECORDS[0]] for n in range(MANY_COPIES)}
    store = Memory(copies, MODEL, (), ())
    assert len({*store.groups.values()}) == 1
    store.rows = copies | {"a:new": ROWS[RECORDS[0]]}
    assert follow(["a:new"], store, RULE, TYPES, MODEL) is None


@pytest.mark.parametrize(
    ("rule", "model"),
    [
        pytest.param(MatchRule(fields={"given": FieldRule(type="organisation")}), MODEL, id="keys depend on others"),
        pytest.param(RULE, replace(MODEL, is_exhaustive=True), id="all pairs are compared"),
    ],
)
def test_what_cannot_be_followed(rule: MatchRule, model: MatchModel) -> None:
    assert not is_possible(rule, TYPES, model)


def test_keys_leave_out_what_the_model_refuses() -> None:
    frame = frame_of(ROWS)
    made = keys_of(frame, RULE, TYPES, MODEL)
    assert MODEL.refused
    every = keys_of(frame, RULE, TYPES, replace(MODEL, refused={}))
    assert len(made.keyed.keys) < len(every.keyed.keys)


def test_connected() -> None:
    links: dict[str, Any] = {"a": ["b"], "b": ["a", "c"], "d": ["e"]}
    found = connected(["a"], lambda records: [each for record in records for each in links.get(record, [])])
    assert found == {"a", "b", "c"}


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_keys_are_listed_record_by_record(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incremental, "_CHUNK", chunk)
    rows = {**ROWS, "list:none": dict.fromkeys(RULE.fields)}
    made = keys_of(frame_of(rows), RULE, TYPES, MODEL)
    by_record = dict(made.by_record())
    assert list(by_record) == sorted(rows)
    assert by_record["list:none"] == []
    assert sorted((record, key) for record, keys in by_record.items() for key in keys) == listed(made.keyed)
