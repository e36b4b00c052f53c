"""Build `core_<entity>_source`, the cross reference: which golden record each source record belongs to.

Records are matched, decisions obeyed, ids given; events, pairs and the report are written in the transaction of the
build, so that a run that is killed leaves nothing half done.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.key_reuse import is_somebody_else
from cockpit.mdm import models, pairs
from cockpit.mdm.assign import assign
from cockpit.mdm.clusters import MatchingRules, clusters
from cockpit.mdm.decisions import read_decisions, read_reused
from cockpit.mdm.frames import read_texts
from cockpit.mdm.ids import read_known, write_events
from cockpit.mdm.settle import Pin, settle, settle_pins
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.survivorship import Survivorship, load_survivorship
from cockpit.warehouse import builds
from cockpit.warehouse.received_text import quoted
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext, BuilderInput

log = logging.getLogger(__name__)

# Records that the report names; it counts all.
_LISTED = 50


def customers(given: BuilderInput) -> Iterator[Sequence[object]]:
    """Match all customers of staging.

    Yields:
        (source, source_key, source_customer_key, customer_key, matched_by), one per row of `stg_customer`.

    Raises:
        RuleFileError: a rule file of matching or survivorship is wrong.
    """
    return _run(given, "customer")


def contacts(given: BuilderInput) -> Iterator[Sequence[object]]:
    """Match all persons of staging; as `customers`."""
    return _run(given, "contact")


def _run(given: BuilderInput, entity: str) -> Iterator[Sequence[object]]:
    context = given.context
    rule = load_survivorship(context.workspace.models_folder, entity)
    matching = MatchingRules.of(context.workspace.models_folder, entity)
    staged = context.graph[f"stg_{entity}"].contract
    with given.connection.cursor() as cursor:
        frame = _read_records(cursor, rule, staged, matching.columns(tuple(staged.columns)))
        reused = _find_reused(cursor, rule, staged)
        known = read_known(cursor, entity)
        # A record whose key was given away since the last run is none that was decided on.
        as_of_now = dict.fromkeys(reused, _moment(cursor))
        decisions = read_decisions(cursor, entity)
        settled = settle(decisions, set(frame["record_id"]), {**read_reused(cursor, entity), **as_of_now})
        model = models.read_current(cursor, entity, matching.fingerprint)
    clustered = clusters(frame, matching, model, settled.merged, settled.apart)
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
    report = {
        "records": len(frame),
        "golden_records": int(pd.unique(assigned.golden_ids).size),
        "events": assigned.counts(),
        "reused_keys": {"count": len(reused), "records": reused[:_LISTED]},
        "decisions": dict(Counter(settled.states.values())),
        "conflicts": [list(conflict.decision_ids) for conflict in (*settled.conflicts, *pin_conflicts)],
        "matching": dict(clustered.report),
    }

    def write(cursor: PgCursor) -> None:
        write_events(cursor, entity, assigned, context.run_id, context.as_of)
        _remember_records(cursor, rule, staged)
        pairs.replace(cursor, entity, clustered.pairs)
        if model is None:
            models.make_current(cursor, entity, matching.fingerprint, clustered.model)
        _write_pins(cursor, context, rule, pins)
        cursor.execute(
            "insert into mdm.run_report (run_id, entity, as_of, content) values (%s, %s, %s, %s)",
            (context.run_id, entity, context.as_of, json.dumps(report, ensure_ascii=False)),
        )
        log.info("%s: %d records, %d golden records", entity, report["records"], report["golden_records"])

    given.afterwards.append(write)
    columns = [frame[name].tolist() for name in ("source", "source_key", "own_key")]
    yield from zip(*columns, assigned.golden_ids.tolist(), clustered.matched_by, strict=True)


def _moment(cursor: PgCursor) -> Any:
    """Later than any decision that this transaction sees."""
    cursor.execute("select clock_timestamp()")
    return one_row(cursor)[0]


def _read_records(cursor: PgCursor, rule: Survivorship, staged: Contract, compared: Sequence[str]) -> pd.DataFrame:
    values = ", ".join(f"{_given(staged, name)} as {name}" for name in compared)
    return read_texts(
        cursor,
        "select source || ':' || source_key as record_id, source, source_key,"
        f" cast({rule.key} as text) as own_key, {values} from staging.{staged.table} order by source, source_key",
    )


def _given(staged: Contract, column: str) -> str:
    """A column as text, as its source gave it: one that a completion rule filled proves nothing, because its value may
    come from the record that it would be compared with.
    """
    text = f"cast({column} as text)"
    if staged.columns[column].type == "timestamptz":
        # The same text whatever the time zone of the session.
        text = f"cast({column} at time zone 'UTC' as text)"
    return f"case when completed -> {quoted(column)} is null then {text} end"


def _content(rule: Survivorship, staged: Contract) -> str:
    return f"array[{', '.join(_given(staged, name) for name in rule.same_while_one_of)}]"


def _find_reused(cursor: PgCursor, rule: Survivorship, staged: Contract) -> list[str]:
    """Records whose key stands for somebody else than at the last run, in order."""
    if not rule.same_while_one_of:
        return []
    cursor.execute(
        "select seen.record_id, seen.content, now.content from mdm.record_seen as seen"
        f" inner join (select source || ':' || source_key as record_id, {_content(rule, staged)} as content"
        f" from staging.{staged.table}) as now on seen.record_id = now.record_id"
        " where seen.entity = %s and seen.content is distinct from now.content",
        (rule.entity,),
    )
    name_at = rule.same_while_one_of.index(rule.same_name) if rule.same_name else None
    return sorted(
        record
        for record, before, now in cursor
        if is_somebody_else(before, now, name_at=name_at, other_name_below=rule.other_name_below)
    )


def _remember_records(cursor: PgCursor, rule: Survivorship, staged: Contract) -> None:
    if not rule.same_while_one_of:
        return
    cursor.execute(
        "insert into mdm.record_seen as seen (entity, record_id, content)"
        f" select %s, now.record_id, now.content from (select source || ':' || source_key as record_id,"
        f" {_content(rule, staged)} as content from staging.{staged.table}) as now"
        " left join mdm.record_seen as before on before.entity = %s and before.record_id = now.record_id"
        " where before.content is distinct from now.content"
        " on conflict (entity, record_id) do update set content = excluded.content",
        (rule.entity, rule.entity),
    )


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
        builds.note_changed_rows(cursor, "mdm.golden_pin", golden_ids, context.run_id, context.as_of)
