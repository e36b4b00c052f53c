"""Build `core_<entity>_source`, the cross reference: which golden record each source record belongs to.

Records are matched, decisions obeyed, ids given; events, pairs and the report are written in the transaction of the
build, so that a run that is killed leaves nothing half done.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pandas as pd
from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.match.incremental import follow, is_possible
from cockpit.domain.match.incremental import kept as kept_of
from cockpit.domain.match.model import MatchModel
from cockpit.mdm import kept_keys, models, pairs
from cockpit.mdm.assign import Assigned, assign, assign_some
from cockpit.mdm.clusters import MatchingRules, clusters, clusters_again, filled
from cockpit.mdm.decisions import read_decisions, read_reused
from cockpit.mdm.ids import read_known, read_known_about, write_events
from cockpit.mdm.kept_keys import KeptStore, State
from cockpit.mdm.learning import learn_as_before
from cockpit.mdm.record_view import parted
from cockpit.mdm.settle import Conflict, InForce, Pin, settle, settle_pins
from cockpit.mdm.staged import find_reused, read_present, read_records, remember_records
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.survivorship import Survivorship, load_survivorship
from cockpit.warehouse import builds
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext, BuilderInput

_T = TypeVar("_T")

log = logging.getLogger(__name__)

# Records that the report names; it counts all.
_LISTED = 50
# A change of more than this share of all records is not followed; one of so few always is.
_FEW, _ALWAYS_FEW = 1 / 3, 1_000
# A model is learnt anew when there are so many times the records that it was learnt from.
_GROWN = 2


def records(given: BuilderInput) -> Iterator[Sequence[object]]:
    """Match the records of an entity: the one whose cross reference `core_<entity>_source` is built.

    Where it is known which records changed, only what these reach is matched again, with the same result.

    Yields:
        (source, source_key, source_<entity>_key, <entity>_key, matched_by), one per row of `stg_<entity>`, or of those
        that were matched again.

    Raises:
        RuleFileError: a rule file of matching or survivorship is wrong.
    """
    with given.connection.cursor() as cursor:
        run = _Run.of(cursor, given.context, _entity_of(given.table))
        why = run.why_all(cursor, given.affected)
        result = None if why else run.follow(cursor, given.affected or ())
        if result is None:
            result = run.match_all(cursor, why or "reaches_far")
    given.replaced = result.replaced
    given.afterwards.append(result.write)
    columns = [result.frame[name].tolist() for name in ("source", "source_key", "own_key")]
    yield from zip(*columns, result.assigned.golden_ids.tolist(), result.matched_by, strict=True)


@dataclass(frozen=True)
class _Result:
    """What a run found.

    Attributes:
        frame: Records that were matched, as `read_records` gives them; `assigned` and `matched_by` in their order.
        write: Writes all that is not in the cross reference, in the transaction of the build.
        replaced: Keys of the rows that these replace; None when they replace all.
    """

    frame: pd.DataFrame
    assigned: Assigned
    matched_by: Sequence[str]
    write: Callable[[PgCursor], None]
    replaced: Collection[tuple[str, ...]] | None


@dataclass(frozen=True)
class _Run:
    """One run.

    Attributes:
        rule: Of the golden records.
        staged: Contract of the conformed table.
        model: In force; None when there is none for the rules as they are.
        learnt_from: Records that the model was learnt from; None where that was not noted.
        state: What the run before left; None when it left nothing that can be followed.
    """

    context: BuildContext
    entity: str
    rule: Survivorship
    matching: MatchingRules
    staged: Contract
    model: MatchModel | None
    learnt_from: int | None
    state: State | None

    @classmethod
    def of(cls, cursor: PgCursor, context: BuildContext, entity: str) -> _Run:
        folder = context.workspace.models_folder
        matching = MatchingRules.of(folder, entity)
        model, learnt_from = models.read_in_force(cursor, entity, matching.fingerprint) or (None, None)
        return cls(
            context,
            entity,
            load_survivorship(folder, entity),
            matching,
            context.graph[f"stg_{entity}"].contract,
            model,
            learnt_from,
            kept_keys.read_state(cursor, entity),
        )

    def read(self, cursor: PgCursor, only: Iterable[str] | None = None) -> pd.DataFrame:
        compared = self.matching.columns(tuple(self.staged.columns))
        return read_records(cursor, self.rule, self.staged, compared, only)

    def why_all(self, cursor: PgCursor, affected: Sequence[tuple[str, ...]] | None) -> str | None:
        """Why all records are matched, as the report says it; None when a change is followed."""
        state, model = self.state, self.model
        if model is None:
            return "no_model"
        if model.is_exhaustive:
            return "few_records"
        if not is_possible(self.matching.rule, self.matching.types, model):
            return "keys_depend_on_others"
        if state is None:
            return "first"
        if state.model_version != model.version:
            return "other_model"
        if state.rules != self.matching.reading:
            return "other_words"
        if affected is None:
            return "asked"
        if len(affected) > state.records * _FEW:
            return "many_changed"
        changed = _ids_of(affected)
        new = len(changed) - len(_read_golden(cursor, self.entity, changed))
        return "grown" if self._is_outgrown(model, state.records + new) else None

    def match_all(self, cursor: PgCursor, why: str) -> _Result:
        """Match all records; with a new model where there is none, or where there are far more records than before."""
        entity, rule, matching = self.entity, self.rule, self.matching
        frame = self.read(cursor)
        reused = find_reused(cursor, rule, self.staged)
        known = read_known(cursor, entity)
        settled = self._settle(cursor, set(frame["record_id"]).intersection, reused)
        model = None if self.model is None or self._is_outgrown(self.model, len(frame)) else self.model
        taught = model or learn_as_before(cursor, entity, frame, matching, settled, reused)
        clustered = clusters(frame, matching, taught, settled.merged, settled.apart)
        assigned = assign(
            frame["record_id"].to_numpy(dtype=object),
            clustered.cluster,
            known,
            entity=entity,
            letter=rule.id_letter,
            reused=reused,
        )
        golden_of = dict(zip(assigned.record_ids, assigned.golden_ids, strict=True))
        pins, pin_conflicts = settle_pins(settled.pins, golden_of.get)
        state = State(clustered.model.version, matching.reading, len(frame), int(pd.unique(assigned.golden_ids).size))
        can_follow = is_possible(matching.rule, matching.types, clustered.model)
        kept = (
            kept_of(filled(frame, matching.rule), matching.rule, matching.types, clustered.model)
            if can_follow
            else None
        )
        report = {
            **self._report(state, assigned, reused, settled, pin_conflicts),
            "run": {"kind": "all", "why": why, "learnt": model is None},
            "matching": dict(clustered.report),
        }

        def write(cursor: PgCursor) -> None:
            write_events(cursor, entity, assigned, self.context.run_id, self.context.as_of)
            remember_records(cursor, rule, self.staged)
            pairs.replace(cursor, entity, clustered.pairs)
            if model is None:
                models.make_current(cursor, entity, matching.fingerprint, clustered.model, len(frame))
            _write_pins(cursor, self.context, rule, pins)
            kept_keys.write_state(cursor, entity, state if kept else None)
            if kept:
                kept_keys.replace(cursor, entity, kept)
            else:
                kept_keys.forget(cursor, entity)
            kept_keys.write_decided(cursor, entity, settled.merged, settled.apart)
            self._write_report(cursor, report)

        return _Result(frame, assigned, clustered.matched_by, write, None)

    def follow(self, cursor: PgCursor, affected: Sequence[tuple[str, ...]]) -> _Result | None:
        """Match what a change reaches; None when that is too much."""
        entity, rule, matching = self.entity, self.rule, self.matching
        changed = _ids_of(affected)
        state, model = _there(self.state), _there(self.model)
        reused = find_reused(cursor, rule, self.staged, changed)
        settled = self._settle(cursor, lambda named: read_present(cursor, self.staged, named), reused)
        merged_before, apart_before = kept_keys.read_decided(cursor, entity)
        followed = follow(
            changed,
            KeptStore(cursor, entity, lambda only: filled(self.read(cursor, only), matching.rule)),
            matching.rule,
            matching.types,
            model,
            merged=settled.merged,
            apart=settled.apart,
            merged_before=merged_before,
            apart_before=apart_before,
            at_most=max(_ALWAYS_FEW, int(state.records * _FEW)),
        )
        if followed is None:
            return None
        clustered = clusters_again(followed, matching, settled.merged)
        records = followed.matched.record_ids
        frame = self.read(cursor, records).set_index("record_id").loc[list(records)].reset_index()
        gone = changed - {*followed.keys.record_ids}
        known = read_known_about(cursor, entity, rule.id_letter, {*records, *gone})
        assigned = assign_some(
            records, clustered.cluster, known, gone=gone, entity=entity, letter=rule.id_letter, reused=reused
        )
        golden_of = _read_golden(cursor, entity, {pin.record_id for pin in settled.pins})
        golden_of |= dict(zip(assigned.record_ids, assigned.golden_ids, strict=True))
        for record in gone:
            golden_of.pop(record, None)
        pins, pin_conflicts = settle_pins(settled.pins, golden_of.get)
        was = known.members[known.members["record_id"].isin([*records, *gone])]
        state = replace(
            state,
            records=state.records + len(records) - len(was),
            golden_records=state.golden_records
            + int(pd.unique(assigned.golden_ids).size)
            - int(was["golden_id"].nunique()),
        )
        report = {
            **self._report(state, assigned, reused, settled, pin_conflicts),
            "run": {"kind": "change", "changed": len(changed), "gone": len(gone), **clustered.report},
            "matching": _newest_matching(cursor, entity),
        }

        def write(cursor: PgCursor) -> None:
            write_events(cursor, entity, assigned, self.context.run_id, self.context.as_of)
            remember_records(cursor, rule, self.staged, changed)
            pairs.replace_some(cursor, entity, clustered.pairs, followed.touched, {*records})
            _write_pins(cursor, self.context, rule, pins)
            kept_keys.write_state(cursor, entity, state)
            kept_keys.update(cursor, entity, changed, followed.keys, followed.full, followed.no_longer_full)
            kept_keys.write_decided(cursor, entity, settled.merged, settled.apart)
            report["run"]["full_keys"] = kept_keys.count_full(cursor, entity)
            self._write_report(cursor, report)

        replaced = [parted(record) for record in {*records, *gone}]
        return _Result(frame, assigned, clustered.matched_by, write, replaced)

    def _settle(
        self, cursor: PgCursor, present: Callable[[set[str]], Collection[str]], reused: Sequence[str]
    ) -> InForce:
        """What people decided; `present` says which of some records are there."""
        # A record whose key was given away since the last run is none that was decided on.
        as_of_now = dict.fromkeys(reused, _moment(cursor))
        decisions = read_decisions(cursor, self.entity)
        named = {record for each in decisions for record in (*each.left_records, *each.right_records)}
        return settle(decisions, present(named), {**read_reused(cursor, self.entity), **as_of_now})

    def _is_outgrown(self, model: MatchModel, records: int) -> bool:
        """Whether a model was learnt from so few records that it no longer fits."""
        if model.is_exhaustive and records * (records - 1) // 2 > self.matching.rule.exhaustive_pairs:
            return True
        return self.learnt_from is not None and records >= max(self.learnt_from, 1) * _GROWN

    def _report(
        self,
        state: State,
        assigned: Assigned,
        reused: Sequence[str],
        settled: InForce,
        pin_conflicts: Sequence[Conflict],
    ) -> dict[str, Any]:
        return {
            "records": state.records,
            "golden_records": state.golden_records,
            "events": assigned.counts(),
            "reused_keys": {"count": len(reused), "records": reused[:_LISTED]},
            "decisions": dict(Counter(settled.states.values())),
            "conflicts": [list(conflict.decision_ids) for conflict in (*settled.conflicts, *pin_conflicts)],
        }

    def _write_report(self, cursor: PgCursor, report: Mapping[str, Any]) -> None:
        cursor.execute(
            "insert into mdm.run_report (run_id, entity, as_of, content) values (%s, %s, %s, %s)",
            (self.context.run_id, self.entity, self.context.as_of, json.dumps(report, ensure_ascii=False)),
        )
        log.info("%s: %d records, %d golden records", self.entity, report["records"], report["golden_records"])


def _ids_of(places: Iterable[tuple[str, ...]]) -> set[str]:
    return {f"{source}:{key}" for source, key in places}


def _there(found: _T | None) -> _T:
    """What `why_all` has asked for."""
    if found is None:
        raise LookupError("the state of the last run is gone")
    return found


def _read_golden(cursor: PgCursor, entity: str, records: Collection[str]) -> dict[str, str]:
    cursor.execute(
        "select record_id, golden_id from mdm.membership where entity = %s and record_id = any(%s)",
        (entity, list(records)),
    )
    return dict(cursor.fetchall())


def _newest_matching(cursor: PgCursor, entity: str) -> Any:
    """What the last run over all records says about blocks and shared values."""
    cursor.execute(
        "select content -> 'matching' from mdm.run_report where entity = %s order by report_id desc limit 1", (entity,)
    )
    row = cursor.fetchone()
    return row[0] if row else {}


def _entity_of(table: str) -> str:
    return table.removeprefix("core_").removesuffix("_source")


def _moment(cursor: PgCursor) -> Any:
    """Later than any decision that this transaction sees."""
    cursor.execute("select clock_timestamp()")
    return one_row(cursor)[0]


def _write_pins(
    cursor: PgCursor, context: BuildContext, rule: Survivorship, pins: Mapping[tuple[str, str], Pin]
) -> None:
    """Write the pins that count; golden records whose pins have changed are computed again."""
    cursor.execute("select golden_id, field, value, decision_id from mdm.golden_pin where entity = %s", (rule.entity,))
    before = {(golden, field): (value, decision) for golden, field, value, decision in cursor.fetchall()}
    now = {place: (pin.value, pin.decision_id) for place, pin in pins.items() if place[1] in rule.fields}
    changed = sorted(place for place in {*before, *now} if before.get(place) != now.get(place))
    for golden, field in changed:
        cursor.execute(
            "delete from mdm.golden_pin where entity = %s and golden_id = %s and field = %s",
            (rule.entity, golden, field),
        )
        if (golden, field) in now:
            cursor.execute(
                "insert into mdm.golden_pin (entity, golden_id, field, value, decision_id) values (%s, %s, %s, %s, %s)",
                (rule.entity, golden, field, *now[golden, field]),
            )
    if changed:
        golden_ids = sorted({golden for golden, _field in changed})
        builds.note_changed_rows(
            cursor, "mdm.golden_pin", golden_ids, context.run_id, context.as_of, column="golden_id"
        )
