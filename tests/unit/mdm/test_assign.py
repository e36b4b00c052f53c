"""Ids stay with the majority of their records, and the events say all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.mdm.assign import Assigned, Known, assign, assign_some, new_id, replay


class Runs:
    """Matching runs one after another; each knows only what the events of the earlier ones say."""

    def __init__(self) -> None:
        self.events = pd.DataFrame({"kind": [], "golden_id": [], "other_id": [], "record_id": [], "event_id": []})

    @property
    def known(self) -> Known:
        return replay(self.events) if len(self.events) else Known.nothing()

    def run(self, clusters: Sequence[str], reused: Sequence[str] = ()) -> dict[str, str]:
        """Each text is a cluster, each of its letters a record; gives the id of each record."""
        found = self.assign({record: label for label, cluster in enumerate(clusters) for record in cluster}, reused)
        return dict(zip(found.record_ids, found.golden_ids, strict=True))

    def assign(self, labels: Mapping[str, int], reused: Sequence[str] = ()) -> Assigned:
        found = assign(
            np.array(list(labels), dtype=object),
            np.array(list(labels.values())),
            self.known,
            entity="customer",
            letter="C",
            reused=reused,
        )
        more = found.events.assign(event_id=range(len(self.events) + 1, len(self.events) + 1 + len(found.events)))
        self.events = pd.concat([self.events, more], ignore_index=True) if len(self.events) else more
        return found

    def said(self, since: int = 0) -> list[tuple[str, str, str | None, str | None]]:
        rows = self.events.iloc[since:][["kind", "golden_id", "other_id", "record_id"]]
        return list(rows.itertuples(index=False, name=None))


def of(record: str) -> str:
    return new_id("customer", "C", record)


def groups(ids: Mapping[str, str]) -> dict[str, str]:
    """Golden id -> its records."""
    found: dict[str, str] = {}
    for record in sorted(ids):
        found[ids[record]] = found.get(ids[record], "") + record
    return found


# Runs over the same few records: some are gone now and then.
LABELS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 4))
HISTORY = st.lists(LABELS, min_size=1, max_size=5)


def test_a_new_id_is_made_of_the_least_record() -> None:
    assert Runs().run(["ba", "c"]) == {"a": of("a"), "b": of("a"), "c": of("c")}
    assert new_id("customer", "C", "erp:17") == "C9081d339c99f"


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([["abc"], ["ab", "c"]], {of("a"): "ab", of("c"): "c"}, id="a split leaves the id with the majority"),
        pytest.param([["abc"], ["a", "bc"]], {of("a"): "bc", "new": "a"}, id="also when the founder leaves"),
        pytest.param([["ab", "c"], ["abc"]], {of("a"): "abc"}, id="the larger part keeps its id in a merge"),
        pytest.param([["a", "bc"], ["abc"]], {of("b"): "abc"}, id="the larger part, not the one with the least record"),
        pytest.param([["b"], ["a", "b"], ["ab"]], {of("b"): "ab"}, id="of equal parts the older id stays"),
        pytest.param([["ab"], ["a", "b"]], {of("a"): "a", of("b"): "b"}, id="of equal parts the least record keeps it"),
        pytest.param([["a", "b"], ["ab"], ["a", "b"]], {of("a"): "a", of("b"): "b"}, id="an undone merge leaves no trace"),
        pytest.param([["ab", "cd"], ["abcd"], ["ab", "cd"]], {of("a"): "ab", of("c"): "cd"}, id="nor does a larger one"),
        pytest.param([["ad", "bcf"], ["acdf", "b"], ["abcdf"], ["acdf", "b"]], {of("a"): "acdf", f"{of('b')}-2": "b"}, id="of two ids of one founder the last returns"),
        pytest.param([["a"], [], ["a"]], {of("a"): "a"}, id="a record that comes back gets its id back"),
        pytest.param([["ab"], ["b"], ["a", "b"]], {of("a"): "b", "new": "a"}, id="not if others still have it"),
        pytest.param([["ab", "c"], ["c"], ["ac", "b"]], {of("c"): "ac", of("b"): "b"}, id="who was there decides"),
        pytest.param(
            [["abc", "de"], ["ad", "bce"]], {of("a"): "bce", "new": "ad"}, id="an id goes where most of its records go"
        ),
    ],
)  # fmt: skip
def test_who_keeps_the_id(history: list[list[str]], expected: dict[str, str]) -> None:
    runs = Runs()
    for clusters in history:
        found = runs.run(clusters)
    named = {golden if golden in expected else "new": records for golden, records in groups(found).items()}
    assert named == expected


def test_events_of_a_merge_and_of_its_undoing() -> None:
    runs = Runs()
    runs.run(["a", "bc"])
    since = len(runs.events)
    runs.run(["abc"])
    assert runs.said(since) == [("join", of("b"), of("a"), "a"), ("merge", of("a"), of("b"), None)]
    since = len(runs.events)
    runs.run(["a", "bc"])
    assert runs.said(since) == [("birth", of("a"), of("b"), "a"), ("split", of("a"), of("b"), None)]


def test_a_gone_record_is_an_event_and_its_id_follows_a_merge() -> None:
    runs = Runs()
    runs.run(["a", "b"])
    runs.run(["b"])
    assert runs.said(2) == [("leave", of("a"), None, "a")]
    # It returns as the same customer as b.
    assert runs.run(["ab"]) == {"a": of("b"), "b": of("b")}
    assert runs.said(3) == [("join", of("b"), None, "a"), ("merge", of("a"), of("b"), None)]


@pytest.mark.parametrize("merged_before", [False, True], ids=["alone", "with another"])
def test_a_key_that_stands_for_somebody_else_gets_another_id(merged_before: bool) -> None:
    runs = Runs()
    before = runs.run(["ab"] if merged_before else ["a", "b"])
    after = runs.run(["a", "b"], reused=["a"])
    assert after["b"] == before["b"]
    assert after["a"] == f"{of('a')}-2"
    assert ("reuse", of("a"), f"{of('a')}-2", "a") in runs.said()
    # Neither does the old id return with it.
    runs.run(["ab"])
    assert runs.run(["a", "b"]) == after


def test_two_ids_that_clash_get_numbers() -> None:
    ids = pd.DataFrame(
        {
            "golden_id": [of("a"), f"{of('a')}-2"],
            "founding_record": ["y", "z"],
            "born": [1, 2],
            "redirect_to": [None, None],
            "merged": [-1, -1],
            "is_reused": [False, False],
        }
    ).astype({"redirect_to": object})
    known = Known(Known.nothing().members, Known.nothing().former, ids)
    found = assign(np.array(["a"], dtype=object), np.array([0]), known, entity="customer", letter="C")
    assert list(found.golden_ids) == [f"{of('a')}-3"]


def test_the_same_record_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="not unique"):
        assign(np.array(["a", "a"], dtype=object), np.array([0, 1]), Known.nothing(), entity="customer", letter="C")


@settings(max_examples=50)
@given(HISTORY)
def test_replayed_events_give_the_membership(history: list[dict[str, int]]) -> None:
    runs = Runs()
    gone: dict[str, str] = {}
    for labels in history:
        before = dict(zip(runs.known.members["record_id"], runs.known.members["golden_id"], strict=True))
        found = runs.assign(labels)
        members = dict(zip(found.record_ids, found.golden_ids, strict=True))
        gone = {record: golden for record, golden in {**gone, **before}.items() if record not in members}
        known = runs.known
        assert dict(zip(known.members["record_id"], known.members["golden_id"], strict=True)) == members
        assert dict(zip(known.former["record_id"], known.former["golden_id"], strict=True)) == gone


@settings(max_examples=50)
@given(HISTORY)
def test_a_cluster_has_one_id_and_an_id_one_cluster(history: list[dict[str, int]]) -> None:
    runs = Runs()
    for labels in history:
        found = runs.assign(labels)
        pairs = set(zip(labels.values(), found.golden_ids, strict=True))
        assert len(pairs) == len({label for label, _id in pairs}) == len({golden for _label, golden in pairs})


@settings(max_examples=50)
@given(HISTORY)
def test_nothing_happens_when_nothing_changes(history: list[dict[str, int]]) -> None:
    runs = Runs()
    for labels in history:
        runs.assign(labels)
    assert len(runs.assign(history[-1]).events) == 0


@settings(max_examples=50)
@given(HISTORY, st.randoms())
def test_the_order_of_records_says_nothing(history: list[dict[str, int]], random: object) -> None:
    one, other = Runs(), Runs()
    for labels in history:
        shuffled = list(labels.items())
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        one.assign(labels)
        # Labels are names only.
        other.assign({record: -3 * label for record, label in shuffled})
    assert one.said() == other.said()


@settings(max_examples=50)
@given(LABELS, LABELS)
def test_a_mutual_majority_keeps_its_id(first: dict[str, int], second: dict[str, int]) -> None:
    runs = Runs()
    before = dict(zip(first, runs.assign(first).golden_ids, strict=True))
    after = dict(zip(second, runs.assign(second).golden_ids, strict=True))
    stayed = [record for record in second if record in before]
    for golden in {before[record] for record in stayed}:
        cluster, count = Counter(second[r] for r in stayed if before[r] == golden).most_common(1)[0]
        of_cluster = Counter(before[r] for r in stayed if second[r] == cluster)
        of_id = Counter(second[r] for r in stayed if before[r] == golden)
        if count * 2 > of_id.total() and count * 2 > of_cluster.total():
            assert {after[record] for record, label in second.items() if label == cluster} == {golden}


@settings(max_examples=50)
@given(HISTORY)
def test_every_id_ever_given_leads_to_a_living_one_or_to_nobody(history: list[dict[str, int]]) -> None:
    runs = Runs()
    seen: set[str] = set()
    for labels in history:
        seen |= set(runs.assign(labels).golden_ids)
    ids = runs.known.ids.set_index("golden_id")
    for golden in seen:
        steps = 0
        while ids.loc[golden, "redirect_to"] is not None:
            golden, steps = ids.loc[golden, "redirect_to"], steps + 1
            assert steps <= len(ids)


@settings(max_examples=50)
@given(HISTORY)
def test_a_merge_that_is_undone_at_once_gives_every_id_back(history: list[dict[str, int]]) -> None:
    runs = Runs()
    for labels in history:
        before = runs.assign(labels)
    runs.assign(dict.fromkeys(history[-1], 0))
    after = runs.assign(history[-1])
    kept = sum(one == other for one, other in zip(before.golden_ids, after.golden_ids, strict=True))
    # Only an id whose founder has long been elsewhere cannot return; and one that was numbered, because the founder's
    # own id was somebody else's then, may find that one free again.
    members = dict(zip(before.record_ids, before.golden_ids, strict=True))
    founders = runs.known.ids.set_index("golden_id")["founding_record"]
    if all(members.get(founders[golden]) == golden and "-" not in golden for golden in members.values()):
        assert kept == len(before.golden_ids)


def about(known: Known, records: Sequence[str]) -> Known:
    """What `read_known_about` reads."""
    ids = known.ids
    names = [of(record) for record in records]
    reached = {
        *known.members["golden_id"][known.members["record_id"].isin(records)],
        *known.former["golden_id"][known.former["record_id"].isin(records)],
        *ids["golden_id"][ids["founding_record"].isin(records) | ids["golden_id"].isin(names)],
    }
    redirects = dict(zip(ids["golden_id"], ids["redirect_to"], strict=True))
    while further := {redirects[golden] for golden in reached} - reached - {None}:
        reached |= further
    return Known(
        known.members[known.members["golden_id"].isin(reached)],
        known.former[known.former["record_id"].isin(records)],
        ids[ids["golden_id"].isin(reached)].reset_index(drop=True),
    )


MANY = "abcdefghijklmnop"
CHANGES = st.dictionaries(st.sampled_from(MANY), st.one_of(st.none(), st.integers(0, 9)), max_size=5)


@settings(max_examples=200)
@given(
    st.dictionaries(st.sampled_from(MANY), st.integers(0, 9), min_size=5),
    st.lists(st.tuples(CHANGES, st.sets(st.sampled_from(MANY), max_size=2)), min_size=1, max_size=5),
)
def test_what_changed_alone_gives_the_same_ids_and_events(
    first: dict[str, int], rounds: list[tuple[dict[str, int | None], set[str]]]
) -> None:
    runs = Runs()
    labels = dict(first)
    runs.assign(labels)
    for changes, reused in rounds:
        known = runs.known
        before = dict(zip(known.members["record_id"], known.members["golden_id"], strict=True))
        for record, label in changes.items():
            labels.pop(record, None)
            if label is not None:
                labels[record] = label
        were = {frozenset(r for r in before if before[r] == golden) for golden in before.values()}
        are = {frozenset(r for r in labels if labels[r] == label) for label in labels.values()}
        again = sorted(record for group in are if group not in were or group & reused for record in group)
        gone = sorted({*before} - {*labels})
        some = assign_some(
            np.array(again, dtype=object),
            np.array([labels[record] for record in again]),
            about(known, [*again, *gone]),
            gone=gone,
            entity="customer",
            letter="C",
            reused=sorted(reused),
        )
        known_now = len(runs.events)
        every = runs.assign(labels, sorted(reused))
        golden = dict(zip(every.record_ids, every.golden_ids, strict=True))
        assert dict(zip(some.record_ids, some.golden_ids, strict=True)) == {record: golden[record] for record in again}
        assert {r: golden[r] for r in labels if r not in again} == {r: before[r] for r in labels if r not in again}
        said = list(some.events.itertuples(index=False, name=None))
        assert said == runs.said(known_now)
