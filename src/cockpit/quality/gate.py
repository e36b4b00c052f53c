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

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality import quarantine
from cockpit.quality.suite import RULE_COLUMN, Outcome, evaluate
from cockpit.rulebook.contract import Check
from cockpit.warehouse import builds
from cockpit.warehouse.builds import Build
from cockpit.warehouse.connections import connection_url
from cockpit.warehouse.copy import copy_rows
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.locks import exclusive
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext, changed_columns
from cockpit.warehouse.sql_text import parse_expression

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GateResult:
    """What the checks of one model found.

    Attributes:
        skipped: Neither rows nor rules have changed since the last check.
        held_back: Rows in quarantine after this check.
        changed: Rows whose flag changed.
        warnings: Ids of failed checks that only warn.
    """

    model: str
    skipped: bool
    held_back: int
    changed: int
    warnings: tuple[str, ...]


def check(connection: PgConnection, model: Model, context: BuildContext) -> GateResult:
    """Evaluate the model's checks and record the result.

    Args:
        connection: To the workspace's database, not in a transaction.
        model: A built model; without checks nothing happens.
        context: Clock, parameters and run id.

    Raises:
        TerminalError: a check with `on_fail: stop` failed; results are recorded, nothing downstream should run.
    """
    checks = model.contract.checks
    if not checks:
        return GateResult(model.name, True, 0, 0, ())
    started = time.monotonic()
    with database_errors(str(model.origin)), exclusive(connection, f"build {model.qualified_name}"):
        with connection, connection.cursor() as cursor:
            seen = _state(cursor, model, context)
            if builds.last_check(cursor, model.name) == seen:
                return GateResult(model.name, True, quarantine.count(cursor, model), 0, ())
            view = _create_condition_view(cursor, model, context)
            previous = _previous_rows(cursor, model)
        outcomes = evaluate(
            connection_url(context.workspace.settings.warehouse).render_as_string(hide_password=False),
            "quality",
            view,
            model.contract.grain,
            checks,
            previous,
        )
        with connection, connection.cursor() as cursor:
            _record_results(cursor, model, context, outcomes)
            changed = _apply(cursor, model, context, outcomes, seen, started)
            held_back = quarantine.count(cursor, model)
            # A view left behind would forbid the next build to change a column's type.
            cursor.execute(f"drop view quality.{view}")
    warnings = tuple(o.check.rule_id for o in outcomes if not o.passed and o.check.on_fail == "warn")
    for rule in warnings:
        log.warning("%s: check %s failed (warn)", model.name, rule)
    stopped = [o for o in outcomes if not o.passed and o.check.on_fail == "stop"]
    if stopped:
        first = stopped[0]
        raise TerminalError(
            _("check '{rule}' failed for {count} rows", rule=first.check.rule_id, count=first.failed_count),
            where=model.name,
            fix=first.check.why or _("Look at quality.check_result; tables downstream keep their rows of before."),
        )
    return GateResult(model.name, False, held_back, changed, warnings)


def _state(cursor: PgCursor, model: Model, context: BuildContext) -> tuple[str, dict[str, int]]:
    """Fingerprint of the rules and versions of the rows that they look at."""
    referred = {_referred_table(model, c) for c in model.contract.checks if c.expect == "references"}
    tables = sorted({model.qualified_name, *referred})
    text = json.dumps([c.model_dump_json() for c in model.contract.checks] + [_day(context)])
    return hashlib.sha256(text.encode()).hexdigest()[:16], {
        table: builds.content_version(cursor, table) for table in tables
    }


def _day(context: BuildContext) -> str:
    # Rules about the future are looked at again once in a business day.
    return str(context.parameters()["business_date"])


def _create_condition_view(cursor: PgCursor, model: Model, context: BuildContext) -> str:
    """A view of the table with a boolean column per rule that Great Expectations has no expectation for."""
    columns = ["t.*"]
    for rule in model.contract.checks:
        if rule.expect == "condition":
            condition = parse_expression(str(rule.condition), model.origin).render(context.parameters())
            columns.append(f"coalesce({condition}, true) as {RULE_COLUMN}{rule.rule_id}")
        elif rule.expect == "references":
            column = str(rule.refers_to).split(".")[1]
            columns.append(
                # Uncorrelated, so that PostgreSQL hashes the other table once instead of searching it for each row.
                f"t.{rule.column} is null or t.{rule.column} in (select referred.{column}"
                f" from {_referred_table(model, rule)} as referred where referred.{column} is not null)"
                f" as {RULE_COLUMN}{rule.rule_id}"
            )
    name = f"check_{model.name}"
    cursor.execute(f"drop view if exists quality.{name}")
    cursor.execute(f"create view quality.{name} as select {', '.join(columns)} from {model.qualified_name} as t")
    return name


def _referred_table(model: Model, check: Check) -> str:
    """`customer.customer_id` in a source's rule means that source's own customers in staging."""
    entity = str(check.refers_to).split(".")[0]
    source, _entity = quarantine.source_entity(model)
    return f"staging.stg_{source}__{entity}"


def _previous_rows(cursor: PgCursor, model: Model) -> int | None:
    cursor.execute(
        "select row_count from quality.check_result where model = %s order by checked_at desc limit 1", (model.name,)
    )
    row = cursor.fetchone()
    return int(row[0]) if row else None


def _record_results(cursor: PgCursor, model: Model, context: BuildContext, outcomes: Sequence[Outcome]) -> None:
    copy_rows(
        cursor,
        "quality.check_result",
        ("run_id", "model", "rule_id", "on_fail", "passed", "row_count", "failed_count"),
        [
            (context.run_id, model.name, o.check.rule_id, o.check.on_fail, o.passed, o.row_count, o.failed_count)
            for o in outcomes
        ],
    )


def _apply(
    cursor: PgCursor,
    model: Model,
    context: BuildContext,
    outcomes: Sequence[Outcome],
    seen: tuple[str, dict[str, int]],
    started: float,
) -> int:
    """Hold back and release rows, and record the check as a build, so that models downstream notice."""
    asked = changed_columns(model, context.graph)
    changed = quarantine.apply(cursor, model, outcomes, asked) if model.is_gated else 0
    # A check that stopped something counts as not made: the next run looks again, and nobody reads a gated table.
    stopped = any(not outcome.passed and outcome.check.on_fail == "stop" for outcome in outcomes)
    fingerprint, upstream = ("stopped", {}) if stopped else seen
    result = Build(0, model.name, "check", 0, changed, 0, fingerprint, upstream, time.monotonic() - started)
    listable = builds.is_listable(cursor, model.qualified_name, changed)
    build_id = builds.record(cursor, result, context.run_id, context.as_of, has_changed_keys=listable)
    if changed and listable:
        builds.record_changed_keys(cursor, build_id, model.name, quarantine.CHANGES, asked)
    return changed
