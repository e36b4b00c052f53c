"""Match records: read their fields, find candidates, compare them, weigh what was found, group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.domain.match import blocking, cluster, threshold
from cockpit.domain.match.blocking import BlockReport, Candidates
from cockpit.domain.match.fields.address import Address
from cockpit.domain.match.fields.company import CompanyName
from cockpit.domain.match.fields.contact import Email, Phone
from cockpit.domain.match.fields.date import Date
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.person import PersonName
from cockpit.domain.match.fields.product import ProductName, Specification
from cockpit.domain.match.fields.text import Identifier, Postcode, Region, Text
from cockpit.domain.match.fields.values import Hashes, Ints, Levels, Objects
from cockpit.domain.match.fields.wording import Organisation
from cockpit.domain.match.fields.words import WordLists
from cockpit.domain.match.identical import first_equal
from cockpit.domain.match.learn import Strangers, learn
from cockpit.domain.match.model import Floats, MatchModel
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.domain.match.table import Compared, Table
from cockpit.domain.normalise.names.company_rule import CompanyRule

NO, REVIEW, MERGE = range(3)

# Name of the block that has every pair.
ALL = "all"
# Name of the block of records that repeat another one.
SAME = "same"

# From so many on, records that say the same are one node. Fewer are compared like any others, because how often
# one thing is written twice in the same way is also learnt from them.
MANY_COPIES = 20
# Pairs that are compared at a time: bounds the memory.
_CHUNK = 2_000_000
# No single pair outweighs a whole group.
_HEAVIEST = 20.0
_UNKNOWN = -6.0


@dataclass(frozen=True)
class Matched:
    """What matching found.

    Attributes:
        record_ids: In the order of the input.
        cluster: Per record the position of the least record of its group.
        left, right: Candidate pairs, as positions.
        weight: log2 odds of each pair.
        levels: Pairs x comparisons.
        agreed: Per comparison the hash of the value that both have, 0 where they differ.
        veto: 0, or what keeps the pair apart.
        outcome: NO, REVIEW or MERGE.
        model: What the weights come from.
        blocks: What each block rule brought.
    """

    record_ids: Objects
    cluster: Ints
    left: Ints
    right: Ints
    weight: Floats
    levels: Levels
    agreed: tuple[Hashes, ...]
    veto: Levels
    outcome: Levels
    model: MatchModel
    blocks: tuple[BlockReport, ...]

    @cached_property
    def parts(self) -> npt.NDArray[np.float32]:
        """What each comparison adds to the weight, in bits; pairs x comparisons."""
        return self.model.contributions(self.levels, self.agreed).astype(np.float32)


def field_types(company: CompanyRule | None, words: WordLists | None = None) -> dict[FieldType, Field]:
    """All types of fields.

    Args:
        company: How names of companies are read; None where there are none.
        words: What is known about words; None for nothing.
    """
    words = words or WordLists()
    types: dict[FieldType, Field] = {
        "person_name": PersonName(words.persons),
        "organisation": Organisation(words.organisations),
        "date": Date(),
        "identifier": Identifier(),
        "phone": Phone(),
        "email": Email(words.mail),
        "address": Address(words.addresses),
        "postcode": Postcode(),
        "region": Region(),
        "text": Text(),
        "product_name": ProductName(words.products),
        "specification": Specification(words.products),
    }
    if company is not None:
        types["company_name"] = CompanyName(company)
    return types


def match(
    frame: pd.DataFrame,
    rule: MatchRule,
    types: Mapping[FieldType, Field],
    model: MatchModel | None = None,
    *,
    merged: Sequence[tuple[str, str]] = (),
    apart: Sequence[tuple[str, str]] = (),
) -> Matched:
    """Match all records of a frame.

    Args:
        frame: Column `record_id`, unique, and the columns of the rule; those that are missing are left out.
        rule: What is compared.
        types: See `field_types`.
        model: A frozen version; None learns one from these records.
        merged, apart: Pairs of record ids that a person put together or kept apart.
    """
    order = np.argsort(frame["record_id"].to_numpy(dtype=object), kind="stable")
    # All that follows sees the records in the order of their ids, so that the order of the input says nothing.
    known = [name for name in frame.columns if name in rule.columns]
    # Records that are in order need not be copied.
    rows = frame[known] if bool((np.diff(order) == 1).all()) else frame[known].iloc[order]
    everything = Table(rows, rule, types, model.names if model else None)
    decided = _Decided.of(frame, order, merged, apart)
    # Records that say the same are one node, whatever their number; of what people named, each is one of its own.
    codes = [values.codes for values in everything.values.values()]
    first = first_equal(codes, everything.size, fewest=MANY_COPIES, apart=decided.records())
    kept = np.flatnonzero(first == np.arange(everything.size))
    table = everything if len(kept) == everything.size else everything.only(kept)
    decided = decided.among(kept)
    found = _candidates(table, rule, model)
    compared = compare(table, found.left, found.right)
    learnt = model or _learn(table, found, compared, rule)
    weight = weigh(table, compared, learnt, rule)
    model = model or threshold.frozen(learnt, rule, weight, compared.vetoes)
    rule = threshold.with_threshold(rule, model)
    labels = _group(table.size, found, weight, compared.vetoes, rule, decided)
    if table is not everything:
        found = replace(found, left=kept[found.left], right=kept[found.right])
        labels = kept[labels][np.searchsorted(kept, first)]
        labels, found, weight, compared = _with_copies(everything, first, labels, found, weight, compared, model, rule)
    together = labels[found.left] == labels[found.right]
    outcome = np.where(
        together, MERGE, np.where((weight >= rule.review_at) & (compared.vetoes == 0), REVIEW, NO)
    ).astype(np.int8)
    positions = order[labels]
    cluster_of = np.empty(everything.size, dtype=np.int64)
    cluster_of[order] = positions
    return Matched(
        frame["record_id"].to_numpy(dtype=object),
        cluster_of,
        order[found.left],
        order[found.right],
        weight,
        compared.levels,
        compared.agreed,
        compared.vetoes,
        outcome,
        model,
        found.blocks,
    )


def _with_copies(
    table: Table,
    first: Ints,
    labels: Ints,
    found: Candidates,
    weight: Floats,
    compared: Compared,
    model: MatchModel,
    rule: MatchRule,
) -> tuple[Ints, Candidates, Floats, Compared]:
    """Labels of all records, and a pair of each copy with the record that it repeats.

    A copy is where that record is if the two would be joined by what they say; else it is by itself.
    """
    copies = np.flatnonzero(first != np.arange(table.size))
    same = compare(table, first[copies], copies)
    weight_of_copies = weigh(table, same, model, rule)
    alone = copies[weight_of_copies < rule.merge_at]
    labels[alone] = alone
    left, right = np.r_[found.left, first[copies]], np.r_[found.right, copies]
    order = np.lexsort((right, left))
    return (
        labels,
        Candidates(left[order], right[order], (*found.blocks, BlockReport(SAME, len(copies), blocking.NONE))),
        np.r_[weight, weight_of_copies][order],
        Compared(
            np.concatenate([compared.levels, same.levels])[order],
            tuple(np.concatenate(each)[order] for each in zip(compared.agreed, same.agreed, strict=True)),
            np.r_[compared.vetoes, same.vetoes][order],
        ),
    )


def _learn(table: Table, found: Candidates, compared: Compared, rule: MatchRule) -> MatchModel:
    """Learn twice: what the first model puts together tells the second what is frequent among different things."""
    strangers = Strangers.of(table)
    first = _learn_once(table, found, compared, rule, strangers, None)
    things = _group(table.size, found, weigh(table, compared, first, rule), compared.vetoes, rule)
    return _learn_once(table, found, compared, rule, strangers, things)


def _learn_once(
    table: Table, found: Candidates, compared: Compared, rule: MatchRule, strangers: Strangers, things: Ints | None
) -> MatchModel:
    learnt = learn(table, (found.left, found.right), compared.levels, strangers, rule.related, things)
    return MatchModel(
        learnt.comparisons,
        learnt.share,
        learnt.related,
        learnt.places,
        is_exhaustive=[block.name for block in found.blocks] == [ALL],
        refused={block.name: block.refused for block in found.blocks if len(block.refused)},
    )


def weigh(table: Table, compared: Compared, model: MatchModel, rule: MatchRule) -> Floats:
    """log2 odds of compared pairs, with what the rule asks for as proof."""
    weight = model.weigh(compared.levels, compared.agreed)
    for proof in rule.proof:
        if proof.field not in table.values:
            continue
        column = table.names.index(proof.field)
        sure = [place for place, name in enumerate(table.levels[column]) if name in proof.sure]
        proven = np.isin(compared.levels[:, column], sure)
        for name in proof.by:
            if name in table.values:
                proven |= compared.levels[:, table.names.index(name)] == 0
        weight = np.where(proven, weight, np.minimum(weight, proof.at_most))
    return weight


def _candidates(table: Table, rule: MatchRule, model: MatchModel | None) -> Candidates:
    total = table.size * (table.size - 1) // 2
    if model.is_exhaustive if model else total <= rule.exhaustive_pairs:
        left, right = np.triu_indices(table.size, 1)
        return Candidates(left.astype(np.int64), right.astype(np.int64), (BlockReport(ALL, total, blocking.NONE),))
    refused = model.refused if model else None
    blocks = blocking.blocks_of(table, rule.blocks, refused)
    return blocking.candidates(blocks, table.size, rule.largest_block, refused or {})


def compare(table: Table, left: Ints, right: Ints) -> Compared:
    """Compare many pairs, some at a time."""
    if len(left) <= _CHUNK:
        return table.compare(left, right)
    parts = [table.compare(left[s : s + _CHUNK], right[s : s + _CHUNK]) for s in range(0, len(left), _CHUNK)]
    return Compared(
        np.concatenate([part.levels for part in parts]),
        tuple(np.concatenate(column) for column in zip(*(part.agreed for part in parts), strict=True)),
        np.concatenate([part.vetoes for part in parts]),
    )


@dataclass(frozen=True)
class _Decided:
    """What people decided, as positions of records."""

    merged: Ints
    apart: Ints

    @classmethod
    def of(
        cls, frame: pd.DataFrame, order: Ints, merged: Sequence[tuple[str, str]], apart: Sequence[tuple[str, str]]
    ) -> _Decided:
        """Decisions about records that are not there are left out."""
        place = pd.Index(frame["record_id"].to_numpy(dtype=object)[order])

        def positions(pairs: Sequence[tuple[str, str]]) -> Ints:
            found = np.array([place.get_indexer(list(pair)) for pair in pairs], dtype=np.int64).reshape(-1, 2)
            return np.sort(found[(found >= 0).all(axis=1)], axis=1)

        return cls(positions(merged), positions(apart))

    def records(self) -> Ints:
        """All that somebody decided about."""
        return np.unique(np.r_[self.merged.ravel(), self.apart.ravel()])

    def among(self, kept: Ints) -> _Decided:
        """The same, as positions among the records that are kept, which are all that it is about."""
        return _Decided(np.searchsorted(kept, self.merged), np.searchsorted(kept, self.apart))


_NOTHING = _Decided(np.empty((0, 2), dtype=np.int64), np.empty((0, 2), dtype=np.int64))


def _group(
    size: int, found: Candidates, weight: Floats, vetoes: Levels, rule: MatchRule, decided: _Decided = _NOTHING
) -> Ints:
    """Label per record: the least record of its group. Decisions of people win over weights and vetoes."""
    value = np.clip(weight, -_HEAVIEST * 2, _HEAVIEST)
    value[vetoes != 0] = cluster.VETOED
    left, right = found.left, found.right
    if len(decided.merged) or len(decided.apart):
        left, right, value = _with_decisions(size, left, right, value, decided)
    reach = value >= rule.review_at
    component = cluster.components(
        size, np.r_[left[reach], decided.merged[:, 0]], np.r_[right[reach], decided.merged[:, 1]]
    )
    inside = np.flatnonzero(component[left] == component[right])
    inside = inside[np.argsort(component[left[inside]], kind="stable")]
    left, right, value = left[inside], right[inside], value[inside]
    labels = np.arange(size, dtype=np.int64)
    if not len(left):
        return labels
    starts = np.flatnonzero(np.r_[True, np.diff(component[left]) != 0])
    ends = np.r_[starts[1:], len(left)]
    together: dict[int, list[tuple[int, int]]] = {}
    for one, other in decided.merged.tolist():
        together.setdefault(int(component[one]), []).append((one, other))
    # Where all pairs are known and each speaks for it, any order of joining ends with one group; where none does, none.
    members = np.bincount(component)[component[left[starts]]]
    is_undecided = np.isin(component[left[starts]], list(together))
    speaks_for = np.minimum.reduceat(value, starts) >= rule.merge_at
    is_one = speaks_for & (ends - starts == members * (members - 1) // 2) & ~is_undecided
    is_open = (np.maximum.reduceat(value, starts) >= rule.merge_at) & ~is_one | is_undecided
    joined = np.repeat(is_one, ends - starts)
    # Pairs are ascending, so that the first pair of a group has its least record.
    labels[right[joined]] = np.repeat(left[starts], ends - starts)[joined]
    for start, end in zip(starts[is_open].tolist(), ends[is_open].tolist(), strict=True):
        part = slice(start, end)
        for group in cluster.group(
            left[part].tolist(),
            right[part].tolist(),
            value[part].tolist(),
            rule.merge_at,
            _UNKNOWN,
            together.get(int(component[left[start]]), ()),
        ):
            labels[group] = group[0]
    return labels


def _with_decisions(size: int, left: Ints, right: Ints, value: Floats, decided: _Decided) -> tuple[Ints, Ints, Floats]:
    """Pairs that people decided about, with the weight that says so, in place of what was found."""
    code = left * size + right
    pairs = np.concatenate([decided.merged, decided.apart])
    weights = np.r_[np.full(len(decided.merged), _HEAVIEST), np.full(len(decided.apart), cluster.FORBIDDEN)]
    codes, first = np.unique(pairs[:, 0] * size + pairs[:, 1], return_index=True)
    kept = ~np.isin(code, codes)
    all_codes = np.r_[code[kept], codes]
    order = np.argsort(all_codes, kind="stable")
    return all_codes[order] // size, all_codes[order] % size, np.r_[value[kept], weights[first]][order]
