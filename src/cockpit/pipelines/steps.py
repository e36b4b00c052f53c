"""The steps of a run. Each is one Airflow task; `refresh` calls the same functions in the same order."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cockpit.quality.gate import GateResult, check
from cockpit.rulebook.sources import CursorEntity, has_time_cursor
from cockpit.sources.load import LoadResult, load_entity
from cockpit.sources.loading.window import Interval
from cockpit.warehouse.builds import Build
from cockpit.warehouse.connections import connect
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext, build

log = logging.getLogger(__name__)


def load(context: BuildContext, source: str, entity: str, interval: Interval | None = None) -> LoadResult:
    """Load what is new in one entity of a source into raw, or an interval of the past."""
    return load_entity(context.workspace, source, entity, context.run_id, interval=interval)


def load_past(context: BuildContext, source: str, entity: str, interval: Interval) -> LoadResult | None:
    """Read again what changed in an interval of time; None for an entity that cannot be asked for one."""
    definition = context.workspace.sources[source].entities[entity]
    if not isinstance(definition, CursorEntity) or not has_time_cursor(definition):
        return None
    return load(context, source, entity, interval)


def build_model(context: BuildContext, name: str, *, full: bool = False) -> Build:
    """Bring one model up to date."""
    connection = connect(context.workspace.settings.warehouse)
    try:
        return build(connection, context.graph[name], context, full=full)
    finally:
        connection.close()


def check_models(context: BuildContext, models: Sequence[Model]) -> list[GateResult]:
    """Run the checks of several models in one process, because Great Expectations takes seconds to import.

    Raises:
        TerminalError: the first check with `on_fail: stop` that failed, after all models were looked at.
    """
    connection = connect(context.workspace.settings.warehouse)
    results: list[GateResult] = []
    failure: Exception | None = None
    try:
        for model in models:
            try:
                results.append(check(connection, model, context))
            except Exception as error:
                failure = failure or error
    finally:
        connection.close()
    if failure:
        raise failure
    return results
