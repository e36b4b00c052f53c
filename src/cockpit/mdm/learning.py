"""Learn a new version of what an entity is matched by: from all its records and from what stewards decided.

Nothing comes into force here; what would change is shown first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.match import cluster
from cockpit.domain.match.engine import MERGE, NO, REVIEW, Matched, compare, match, weigh
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import Ints, Levels, Objects
from cockpit.domain.match.model import MatchModel
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.domain.match.supervise import Answers, Pairs, Supervised, supervise
from cockpit.domain.match.table import Compared, Table
from cockpit.domain.match.threshold import Threshold, find, least_of
from cockpit.mdm import model_versions, models
from cockpit.mdm.clusters import MatchingRules, filled
from cockpit.mdm.decisions import read_decisions, read_reused
from cockpit.mdm.settle import Decision, InForce, settle
from cockpit.mdm.staged import read_records
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.matching import load_field_types
from cockpit.rulebook.survivorship import Survivorship
from cockpit.warehouse.faults import database_errors

OUTCOMES = ("no", "review", "merge")
# Pairs that are named for each kind of change.
_EXAMPLES = 3
# Records of one side of a decision whose pairs are looked up.
_MOST_RECORDS = 200


@dataclass(frozen=True)
class Counts:
    """What a version comes to, with the decisions that are in force.

    Attributes:
        golden_records: Groups of records.
        joined, review: Compared pairs that are joined, that are left to a person.
    """

    golden_records: int
    joined: int
    review: int


@dataclass(frozen=True)
class Moved:
    """Pairs whose outcome is another one.

    Attributes:
        before, after: One of OUTCOMES; `no` also for a pair that was not compared.
        examples: Record ids of some of them.
    """

    before: str
    after: str
    count: int
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Lesson:
    """What was learnt.

    Attributes:
        model: The new version; it is kept, but not in force.
        current: The version in force; None when there is none that fits the rules.
        record_count: Records of the entity.
        decision_count: Decisions about pairs that are in force.
        used_count: Those of them that say something about pairs that the machine joined or left to a person.
        supervised: What the decisions brought.
        threshold: Where joining begins, where a precision is stated.
        before, after: With the version in force, None when there is none, and with the new one.
        moved: What becomes of pairs; nothing when there is no version in force, or it is the same.
    """

    model: MatchModel
    current: str | None
    record_count: int
    decision_count: int
    used_count: int
    supervised: Supervised
    threshold: Threshold | None
    before: Counts | None
    after: Counts
    moved: tuple[Moved, ...]


def learn(
    connection: PgConnection,
    rules: MatchingRules,
    rule: Survivorship,
    staged: Contract,
    *,
    precision: float | None = None,
) -> Lesson:
    """Learn a version and keep it.

    Args:
        connection: To the workspace's database, not in a transaction.
        rules: Of the entity's matching.
        rule: Of its golden records.
        staged: Contract of its conformed table.
        precision: That joined pairs are to have, 0 to 1; None takes what the rule says.

    Raises:
        RuleFileError: a rule file of matching is wrong.
        TransientError: the connection was lost.
    """
    with database_errors(staged.table), connection, connection.cursor() as cursor:
        frame = read_records(cursor, rule, staged, rules.columns(tuple(staged.columns)))
        decisions, reused_at = read_decisions(cursor, rule.entity), read_reused(cursor, rule.entity)
        current = models.read_current(cursor, rule.entity, rules.fingerprint)
    settled = settle(decisions, set(frame["record_id"]), reused_at)
    lesson = study(frame, rules, current, decisions, settled, reused_at, precision=precision)
    learnt_from = {
        "records": lesson.record_count,
        "decisions": lesson.used_count if lesson.supervised.is_kept else 0,
    }
    with database_errors("mdm.model"), connection, connection.cursor() as cursor:
        model_versions.keep(cursor, rule.entity, rules.fingerprint, lesson.model, learnt_from)
    return lesson


def study(
    frame: pd.DataFrame,
    rules: MatchingRules,
    current: MatchModel | None,
    decisions: Sequence[Decision],
    settled: InForce,
    reused_at: Mapping[str, datetime],
    *,
    precision: float | None = None,
) -> Lesson:
    """What can be learnt from records and decisions, and what it would change.

    Args:
        frame: `record_id`, unique, and the columns that are compared.
        current: The version in force.
        decisions: All about the entity.
        settled: What they come to.
        reused_at: When the key of a record was last found to stand for somebody else.
        precision: That joined pairs are to have; None takes what the rule says.
    """
    frame, types = filled(frame, rules.rule), load_field_types(rules.folder, rules.rule)
    taught = _teach(frame, rules.rule, types, decisions, settled, reused_at, precision)
    after = match(frame, taught.rule, types, taught.model, merged=settled.merged, apart=settled.apart)
    before = current and match(frame, rules.rule, types, current, merged=settled.merged, apart=settled.apart)
    return Lesson(
        model=taught.model,
        current=current.version if current else None,
        record_count=len(frame),
        decision_count=taught.decision_count,
        used_count=taught.used_count,
        supervised=taught.supervised,
        threshold=taught.threshold,
        before=_counts(before) if before else None,
        after=_counts(after),
        moved=tuple(_moved(before, after)) if before else (),
    )


def learn_as_before(
    cursor: PgCursor,
    entity: str,
    frame: pd.DataFrame,
    rules: MatchingRules,
    settled: InForce,
    reused: Collection[str],
) -> MatchModel | None:
    """A model for a run that has to learn anew, from decisions too where a person put such a version in force.

    Args:
        cursor: In the transaction of the run.
        frame: As for `study`.
        settled: What the decisions come to.
        reused: Records whose key was found to stand for somebody else in this run.

    Returns:
        None where the version in force was learnt from records alone.
    """
    if not model_versions.was_taught(cursor, entity):
        return None
    reused_at = {**read_reused(cursor, entity), **dict.fromkeys(reused, datetime.max.replace(tzinfo=UTC))}
    types = load_field_types(rules.folder, rules.rule)
    decisions = read_decisions(cursor, entity)
    return _teach(filled(frame, rules.rule), rules.rule, types, decisions, settled, reused_at, None).model


@dataclass(frozen=True)
class _Taught:
    """What was learnt, and under which rule it is to be used."""

    model: MatchModel
    rule: MatchRule
    supervised: Supervised
    threshold: Threshold | None
    decision_count: int
    used_count: int


def _teach(
    frame: pd.DataFrame,
    stated: MatchRule,
    types: Mapping[FieldType, Field],
    decisions: Sequence[Decision],
    settled: InForce,
    reused_at: Mapping[str, datetime],
    precision: float | None,
) -> _Taught:
    # What people were asked is what the rule as it stands leaves to them.
    plain = match(frame, stated, types)
    rule = stated if precision is None else stated.model_copy(update={"precision": precision})
    table = Table(frame, rule, types, plain.model.names)
    counting = [each for each in decisions if settled.states.get(each.decision_id) == "in_force" and _is_pair(each)]
    said = _Said.of(counting, plain, reused_at)
    answers, compared = said.answers(table, plain)
    supervised = supervise(plain.model, answers, _joined(table, plain, said.place))
    model, threshold = replace(supervised.model, merge_at=None), None
    if rule.precision is not None:
        everything = compare(table, plain.left, plain.right)
        left_to_people = plain.outcome[said.place] == REVIEW
        threshold = find(
            weigh(table, everything, model, rule)[everything.vetoes == 0],
            rule.precision,
            least=least_of(rule),
            answered=weigh(table, compared, model, rule)[left_to_people],
            is_same=said.is_same[left_to_people],
        )
        model = replace(model, merge_at=threshold.weight)
    return _Taught(model, rule, supervised, threshold, len(counting), int(np.unique(said.decision).size))


def _is_pair(decision: Decision) -> bool:
    return decision.kind in ("merge", "not_same", "split")


@dataclass(frozen=True)
class _Said:
    """What decisions say about compared pairs, those aside that the machine keeps apart.

    Attributes:
        place: Positions of the pairs among the compared ones.
        decision: The decision about each.
        is_same: What it says.
    """

    place: Ints
    decision: Ints
    is_same: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, decisions: Sequence[Decision], found: Matched, reused_at: Mapping[str, datetime]) -> _Said:
        """What is in force."""
        size = len(found.record_ids)
        named = {record for each in decisions for record in (*each.left_records, *each.right_records)}
        place_of = {record: place for place, record in enumerate(found.record_ids) if record in named}
        codes, numbers, answers = [], [], []
        for each in decisions:
            left, right = (
                np.array(
                    [place_of[name] for name in _about(each, records, reused_at) if name in place_of], dtype=np.int64
                )
                for records in (each.left_records, each.right_records)
            )
            one, other = np.repeat(left, len(right)), np.tile(right, len(left))
            codes.append(_codes(one, other, size))
            numbers.append(np.full(len(one), each.decision_id, dtype=np.int64))
            answers.append(np.full(len(one), each.kind == "merge"))
        if not codes:
            return cls(_NO_INTS, _NO_INTS, np.empty(0, dtype=bool))
        code, number, is_same = np.concatenate(codes), np.concatenate(numbers), np.concatenate(answers)
        compared = _codes(found.left, found.right, size)
        order = np.argsort(compared, kind="stable")
        at = np.minimum(np.searchsorted(compared[order], code), max(len(order) - 1, 0))
        place = order[at] if len(order) else _NO_INTS
        is_known = compared[place] == code if len(order) else np.zeros(len(code), dtype=bool)
        is_known[is_known] &= (found.veto[place[is_known]] == 0) & (found.outcome[place[is_known]] != NO)
        return cls(place[is_known], number[is_known], is_same[is_known])._once()

    def _once(self) -> _Said:
        """Each pair once; what two decisions say differently of one pair is left out."""
        same, different = self.place[self.is_same], self.place[~self.is_same]
        kept = ~np.isin(self.place, np.intersect1d(same, different))
        _places, first = np.unique(self.place[kept], return_index=True)
        rows = np.flatnonzero(kept)[first]
        return _Said(self.place[rows], self.decision[rows], self.is_same[rows])

    def answers(self, table: Table, found: Matched) -> tuple[Answers, Compared]:
        """As they are learnt from, and what comparing the pairs found."""
        left, right = found.left[self.place], found.right[self.place]
        compared = table.compare(left, right)
        _numbers, position, count = np.unique(self.decision, return_inverse=True, return_counts=True)
        # A decision about many pairs of records is one decision, and those about one record hang together.
        group = cluster.components(table.size, left, right)[left] if len(left) else _NO_INTS
        pairs = Pairs(compared.levels, compared.agreed)
        return Answers(pairs, self.is_same, 1 / count[position], group.astype(np.int64)), compared


_NO_INTS = np.empty(0, dtype=np.int64)


def _about(decision: Decision, records: Sequence[str], reused_at: Mapping[str, datetime]) -> Iterator[str]:
    """The records of a side that the decision is still about."""
    for record in records[:_MOST_RECORDS]:
        if record not in reused_at or reused_at[record] <= decision.made_at:
            yield record


def _codes(one: Ints, other: Ints, size: int) -> Ints:
    return np.asarray(np.minimum(one, other).astype(np.int64) * size + np.maximum(one, other))


def _joined(table: Table, found: Matched, answered: Collection[int] | Ints) -> Pairs:
    """Pairs that the machine joined and that nobody decided about."""
    is_joined = (found.outcome == MERGE) & (found.veto == 0)
    is_joined[np.asarray(answered, dtype=np.int64)] = False
    rows = np.flatnonzero(is_joined)
    compared = compare(table, found.left[rows], found.right[rows])
    return Pairs(compared.levels, compared.agreed)


def _counts(found: Matched) -> Counts:
    return Counts(
        int(np.unique(found.cluster).size), int((found.outcome == MERGE).sum()), int((found.outcome == REVIEW).sum())
    )


def _moved(before: Matched, after: Matched) -> Iterator[Moved]:
    """Pairs whose outcome is another one, by what became of them."""
    size = len(after.record_ids)
    code = np.union1d(*(_codes(each.left, each.right, size)[each.outcome != NO] for each in (before, after)))
    old, new = (_outcomes(each, code, size) for each in (before, after))
    names: Objects = after.record_ids
    for was in range(len(OUTCOMES)):
        for becomes in reversed(range(len(OUTCOMES))):
            rows = np.flatnonzero((old == was) & (new == becomes))
            if was == becomes or not len(rows):
                continue
            examples = sorted(
                (min(pair), max(pair))
                for pair in (
                    (str(names[code[row] // size]), str(names[code[row] % size])) for row in rows[:_EXAMPLES].tolist()
                )
            )
            yield Moved(OUTCOMES[was], OUTCOMES[becomes], len(rows), tuple(examples))


def _outcomes(found: Matched, code: Ints, size: int) -> Levels:
    """What became of pairs; NO for those that were not compared."""
    own = _codes(found.left, found.right, size)
    order = np.argsort(own, kind="stable")
    if not len(order):
        return np.full(len(code), NO, dtype=np.int8)
    at = order[np.minimum(np.searchsorted(own[order], code), len(order) - 1)]
    return np.where(own[at] == code, found.outcome[at], NO).astype(np.int8)
