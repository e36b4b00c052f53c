"""Check one model and act on the outcome: hold rows back, stop what lies downstream, or warn.

A row of a source is held back by its flag `is_quarantined` in staging and by an open entry in `quality.quarantine`
with each reason; it is released as soon as it passes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError
from cockpit.i18n import _, language
from cockpit.quality import data_docs, due_rows, quarantine, warned
from cockpit.quality.due_rows import DueRows
from cockpit.quality.suite import RULE_COLUMN, Outcome, evaluate, is_computed
from cockpit.quality.verdicts import passes
from cockpit.warehouse import builds
from cockpit.warehouse.builds import Build, CheckedState
from cockpit.warehouse.connections import connection_url
from cockpit.warehouse.copy import copy_rows
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.locks import exclusive
from cockpit.warehouse.models import Model
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext, changed_columns, set_up

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GateResult:
    """What the checks of one model found.

    Attributes:
        skipped: Neither rows nor rules have changed since the last check.
        held_back: Rows in quarantine after this check.
        looked_at: Rows that could have changed their verdict, and were looked at.
        changed: Rows whose flag changed.
        warnings: Ids of failed checks that only warn.
        stop: The failure of a check with `on_fail: stop`; None when there is none.
    """

    model: str
    skipped: bool
    held_back: int
    looked_at: int
    changed: int
    warnings: tuple[str, ...]
    stop: TerminalError | None = None


def check(connection: PgConnection, model: Model, context: BuildContext) -> GateResult:
    """Evaluate the model's checks and record the result.

    Args:
        connection: To the workspace's database, not in a transaction.
        model: A built model; without checks nothing happens.
        context: Clock, parameters and run id.

    Returns:
        What was found. A check that stops is no error here: what lies downstream is not built as long as it fails,
        everything else goes on, and the run tells at its end.

    Raises:
        TerminalError: a check cannot be evaluated.
        RuleFileError: a rule file about its rows is wrong.
    """
    model.require_rules()
    checks = model.contract.checks
    if not checks:
        return GateResult(model.name, True, 0, 0, 0, ())
    started = time.monotonic()
    with database_errors(str(model.origin)), exclusive(connection, f"build {model.qualified_name}"):
        with connection, connection.cursor() as cursor:
            if not _exists(cursor, model):
                # Blocked before its first build.
                return GateResult(model.name, True, 0, 0, 0, ())
            seen = _state(cursor, model, context)
            last = builds.last_check(cursor, model.name)
            if last == seen:
                return GateResult(model.name, True, quarantine.count(cursor, model), 0, 0, ())
            set_up(cursor, context)
            previous = _previous_rows(cursor, model)
            due = due_rows.collect(cursor, model, context, last, seen)
            table = _create_checked_table(cursor, model, context, due)
            looked_at = rows = cursor.rowcount
            if last and previous is not None and not due.is_all:
                rows = previous + builds.rows_added(cursor, model.name, last.versions[model.qualified_name])
        evaluation = evaluate(
            connection_url(context.workspace.settings.warehouse).render_as_string(hide_password=False),
            "quality",
            table,
            model.contract.grain,
            checks,
            previous,
            rows,
        )
        outcomes = evaluation.outcomes
        with connection, connection.cursor() as cursor:
            checked_at = _record_results(cursor, model, context, outcomes)
            changed = _apply(cursor, model, context, outcomes, seen, started)
            held_back = quarantine.count(cursor, model)
            cursor.execute(f"drop table quality.{table}")
        data_docs.publish(model, context, evaluation, checked_at=checked_at, held_back=held_back)
    warnings = tuple(o.check.rule_id for o in outcomes if not o.passed and o.check.on_fail == "warn")
    for rule in warnings:
        log.warning("%s: check %s failed (warn)", model.name, rule)
    return GateResult(model.name, False, held_back, looked_at, changed, warnings, _stop(model, outcomes))


def _stop(model: Model, outcomes: Sequence[Outcome]) -> TerminalError | None:
    stopped = [o for o in outcomes if not o.passed and o.check.on_fail == "stop"]
    if not stopped:
        return None
    first = stopped[0]
    why = first.check.why_zh if language() == "zh" and first.check.why_zh else first.check.why
    error = TerminalError(
        _("check '{rule}' failed for {count} rows", rule=first.check.rule_id, count=first.failed_count),
        where=model.name,
        fix=why or _("Look at quality.check_result; tables downstream keep their rows of before."),
    )
    log.error("%s", error)
    return error


def _exists(cursor: PgCursor, model: Model) -> bool:
    cursor.execute("select to_regclass(%s) is not null", (model.qualified_name,))
    return bool(one_row(cursor)[0])


def _state(cursor: PgCursor, model: Model, context: BuildContext) -> CheckedState:
    # A row that was confirmed is looked at again although it is the same.
    answers = {name for name in model.reads if name.startswith("quality.")}
    tables = sorted({model.qualified_name, *answers, *model.looked_at})
    text = json.dumps([[c.model_dump_json() for c in model.contract.checks], _asked_with(model, context)])
    return CheckedState(
        hashlib.sha256(text.encode()).hexdigest()[:16],
        {table: builds.content_version(cursor, table) for table in tables},
    )


def _asked_with(model: Model, context: BuildContext) -> dict[str, str]:
    """The parameters that the checks name, and their values; rules about now are asked again once in a business day."""
    values = context.parameters()
    names = {name for check in model.contract.checks if check.condition for name in model.condition(check).parameters}
    return {name: str(values["business_date" if name == "as_of" else name]) for name in sorted(names)}


def _create_checked_table(cursor: PgCursor, model: Model, context: BuildContext, due: DueRows) -> str:
    """A table of the rows to look at, with what checks ask of them.

    It has the columns that checks look at, and a boolean column per rule without an expectation of its own. Each
    condition is computed once, however often Great Expectations reads it, and from one snapshot. A view would also
    forbid other builds to change the tables that its conditions ask.
    """
    checks = model.contract.checks
    read = [name for check in checks for name in (*check.columns, *filter(None, (check.column,)))]
    columns = [f"t.{name}" for name in dict.fromkeys((*model.contract.grain, *read))]
    for rule in filter(is_computed, checks):
        column = RULE_COLUMN + rule.rule_id
        if rule.rule_id in due.judged:
            verdict = f"t.{column} is not false"
        else:
            verdict = passes(rule, model, context).as_string(cursor)
        columns.append(f"{verdict} as {column}")
    name = f"checked_{model.name}"
    cursor.execute(f"drop table if exists quality.{name}")
    # Unlogged: it lives until the end of the check, and a crash may take it away.
    cursor.execute(f"create unlogged table quality.{name} as select {', '.join(columns)} from {due.table}")
    return name


def _previous_rows(cursor: PgCursor, model: Model) -> int | None:
    cursor.execute(
        "select row_count from quality.check_result where model = %s order by checked_at desc limit 1", (model.name,)
    )
    row = cursor.fetchone()
    return int(row[0]) if row else None


def _record_results(cursor: PgCursor, model: Model, context: BuildContext, outcomes: Sequence[Outcome]) -> datetime:
    """Keep what was found, and drop what is too old; returns the moment that it is kept with."""
    copy_rows(
        cursor,
        "quality.check_result",
        ("run_id", "model", "rule_id", "on_fail", "passed", "row_count", "failed_count"),
        [
            (context.run_id, model.name, o.check.rule_id, o.check.on_fail, o.passed, o.row_count, o.failed_count)
            for o in outcomes
        ],
    )
    _forget_results(cursor, model, context.workspace.settings.check_results_days)
    cursor.execute("select now()")
    (moment,) = one_row(cursor)
    return cast(datetime, moment)


def _forget_results(cursor: PgCursor, model: Model, days: int) -> None:
    """Drop figures of the model that are older; the newest of each check stay, a removed one's too."""
    cursor.execute(
        "delete from quality.check_result as result"
        " where result.model = %s and result.checked_at < now() - make_interval(days => %s)"
        " and exists (select from quality.check_result as newer where newer.model = result.model"
        " and newer.rule_id = result.rule_id and newer.checked_at > result.checked_at)",
        (model.name, days),
    )


def _apply(
    cursor: PgCursor,
    model: Model,
    context: BuildContext,
    outcomes: Sequence[Outcome],
    seen: CheckedState,
    started: float,
) -> int:
    """Hold back and release rows, and record the check as a build, so that models downstream notice."""
    asked = changed_columns(model, context.graph)
    changed = quarantine.apply(cursor, model, outcomes, asked) if model.is_gated else 0
    if model.is_source:
        warned.apply(cursor, model, outcomes)
    # A check that stopped something counts as not made: the next run looks again, and nobody reads a gated table.
    stopped = any(not outcome.passed and outcome.check.on_fail == "stop" for outcome in outcomes)
    fingerprint, upstream = (builds.STOPPED, {}) if stopped else (seen.rules, seen.versions)
    result = Build(0, model.name, "check", 0, changed, 0, fingerprint, upstream, time.monotonic() - started)
    listable = builds.is_listable(cursor, model.qualified_name, changed)
    build_id = builds.record(cursor, result, context.run_id, context.as_of, has_changed_keys=listable)
    if changed and listable:
        builds.record_changed_keys(cursor, build_id, model.name, quarantine.CHANGES, asked)
    return changed
