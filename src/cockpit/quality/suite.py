"""Translate the checks of a contract into a Great Expectations suite.

Great Expectations evaluates; what a failure means (hold rows back, stop, warn) is decided by `quality.gate`.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.contract import Check

# Before the import: it logs each step and each metric otherwise.
logging.getLogger("great_expectations").setLevel(logging.WARNING)

RULE_COLUMN = "rule_"

# Great Expectations keeps its context in a global variable of the process.
_ONE_AT_A_TIME = threading.Lock()

# Counts come from one scan. Values of rows are never asked for: a complete result would read each failing value of
# each check in a query of its own, and somebody's data would stand in results and documents.
_RESULT_FORMAT = {
    "result_format": "BASIC",
    "return_unexpected_index_query": True,
    "exclude_unexpected_values": True,
    "partial_unexpected_count": 0,
}


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes:
        failed_count: Rows that break it; for a check of the table as a whole 0 or 1.
        failing_rows: SQL that selects the keys of these rows; None when there are none.
    """

    check: Check
    passed: bool
    row_count: int
    failed_count: int
    failing_rows: str | None


@dataclass(frozen=True)
class Evaluation:
    """What the checks of one table found.

    Attributes:
        outcomes: One per check, in the order of the contract.
        validation: Great Expectations' own result (ExpectationSuiteValidationResult), for its documents.
    """

    outcomes: tuple[Outcome, ...]
    validation: Any


def evaluate(
    database_url: str,
    schema: str,
    table: str,
    key: Sequence[str],
    checks: Sequence[Check],
    previous_rows: int | None,
    rows: int,
) -> Evaluation:
    """Run checks on one table or view; one evaluation at a time, others wait.

    Args:
        database_url: SQLAlchemy URL with the password.
        schema, table: What to check; for each check that `is_computed` it has a boolean column `rule_<id>`.
        key: Columns that identify a row.
        checks: Promises of the contract.
        previous_rows: Row count at the last check, for `row_count_change`; None when there was none.
        rows: How many the model has; the table need not hold those that are known to pass.

    Raises:
        TerminalError: a check cannot be evaluated, such as a condition that divides by zero on some row.
    """
    with _ONE_AT_A_TIME:
        result = _validate(database_url, schema, table, key, [_expectation(check, previous_rows) for check in checks])
    # The order of results differs from the order of the suite.
    by_rule = {item.expectation_config.meta["rule_id"]: item for item in result.results}
    _require_evaluated(table, by_rule)
    return Evaluation(tuple(_outcome(check, by_rule.get(check.rule_id), rows) for check in checks), result)


def _validate(database_url: str, schema: str, table: str, key: Sequence[str], expectations: Sequence[Any]) -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # This one sets its own level when it is imported, to tell of a folder that nothing is written to.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    suite = gx.ExpectationSuite(name=table, expectations=[item for item in expectations if item is not None])
    context.suites.add(suite)
    source = context.data_sources.add_postgres(name="warehouse", connection_string=database_url)
    with _disconnecting(source):
        asset = source.add_table_asset(name=table, table_name=table, schema_name=schema)
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(name=table, data=asset.add_batch_definition_whole_table("all"), suite=suite)
        )
        return definition.run(result_format={**_RESULT_FORMAT, "unexpected_index_column_names": list(key)})


@contextmanager
def _disconnecting(source: Any) -> Iterator[None]:
    """Close the connections of a data source at the end.

    Left to the garbage collector, those of many tables would be open at once, until the server takes no more.
    """
    try:
        yield
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()


def is_computed(check: Check) -> bool:
    """True when the checked table needs a boolean column for it, because Great Expectations cannot ask in SQL.

    Its own check of several columns for repeats asks for the failing rows with a query that PostgreSQL refuses.
    """
    return check.expect in ("condition", "references") or (check.expect == "unique" and len(check.columns) > 1)


def _expectation(check: Check, previous_rows: int | None) -> Any:
    from great_expectations.expectations import core as gxe

    # What Data Docs show beside the sentence of Great Expectations.
    meta = {"rule_id": check.rule_id, **check.model_dump(include=_SHOWN, exclude_none=True)}
    column: Any = check.column
    if is_computed(check):
        return gxe.ExpectColumnValuesToBeInSet(column=RULE_COLUMN + check.rule_id, value_set=[True], meta=meta)
    match check.expect:
        case "not_null":
            return gxe.ExpectColumnValuesToNotBeNull(column=column, meta=meta)
        case "unique":
            return gxe.ExpectColumnValuesToBeUnique(column=column or check.columns[0], meta=meta)
        case "between":
            return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=check.min, max_value=check.max, meta=meta)
        case "in_set":
            return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(check.values), meta=meta)
        case "matches":
            return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=str(check.pattern), meta=meta)
        case "row_count_change":
            if previous_rows is None:
                return None
            share = float(check.max_ratio or 0)
            return gxe.ExpectTableRowCountToBeBetween(
                min_value=int(previous_rows * (1 - share)), max_value=int(previous_rows * (1 + share)) + 1, meta=meta
            )


_SHOWN = {"expect", "on_fail", "column", "condition", "refers_to", "message", "message_zh", "why", "why_zh"}


def _require_evaluated(table: str, by_rule: dict[str, Any]) -> None:
    for rule, item in by_rule.items():
        failure = item.exception_info if isinstance(item.exception_info, dict) else {}
        # One entry, or one per metric that could not be computed.
        failures = [failure] if "raised_exception" in failure else list(failure.values())
        raised = [each for each in failures if each.get("raised_exception")]
        if raised:
            raise TerminalError(
                _("check '{rule}' could not be evaluated", rule=rule),
                where=table.removeprefix("checked_"),
                found=_fault(str(raised[0].get("exception_message", ""))),
                fix=_("Correct the check in the contract, or the rows that it cannot be computed for."),
            )


def _fault(message: str) -> str:
    """The database's kind of error, such as DivisionByZero; the rest of the message may quote a row."""
    found = re.search(r"\(psycopg2\.(?:errors\.)?(\w+)\)", message)
    return found[1] if found else message.partition(":")[0][:80]


def _outcome(check: Check, item: Any, rows: int) -> Outcome:
    if item is None:
        return Outcome(check, True, rows, 0, None)
    failed = int(item.result.get("unexpected_count") or (0 if item.success else 1))
    query = item.result.get("unexpected_index_query") if not item.success else None
    return Outcome(check, bool(item.success), rows, failed, query)
