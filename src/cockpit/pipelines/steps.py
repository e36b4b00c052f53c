"""The steps of a run. Each is one Airflow task; `refresh` calls the same functions in the same order."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

from cockpit.errors import CockpitError
from cockpit.pipelines.lineage_events import tell_built, tell_failed
from cockpit.quality.gate import GateResult, check
from cockpit.quality.overlay import end_outdated
from cockpit.rulebook.sources import CursorEntity, has_time_cursor
from cockpit.sources.load import LoadResult, load_entity
from cockpit.sources.loading.window import Interval
from cockpit.warehouse.builds import Build
from cockpit.warehouse.connections import Connections, connect
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BlockedError, BuildContext, build, due
from cockpit.warehouse.staging import OVERLAY

log = logging.getLogger(__name__)

# PostgreSQL does most of their work, which is why threads are enough.
_PARALLEL_CHECKS = 2


def load(context: BuildContext, source: str, entity: str, interval: Interval | None = None) -> LoadResult:
    """Load what is new in one entity of a source into raw, or an interval of the past."""
    return load_entity(context.workspace, source, entity, context.run_id, interval=interval)


def load_past(context: BuildContext, source: str, entity: str, interval: Interval) -> LoadResult | None:
    """Read again what changed in an interval of time; None for an entity that cannot be asked for one."""
    definition = context.workspace.source(source).entities[entity]
    if not isinstance(definition, CursorEntity) or not has_time_cursor(definition):
        return None
    return load(context, source, entity, interval)


def build_model(
    context: BuildContext, name: str, *, full: bool = False, connections: Connections | None = None
) -> Build:
    """Bring one model up to date.

    Args:
        connections: To the workspace's database, where several models are built; one is opened without them.
    """
    model = context.graph[name]
    with ExitStack() as stack:
        if connections is None:
            connections = stack.enter_context(Connections(context.workspace.settings.warehouse))
        connection = stack.enter_context(connections.one())
        for source, entity in corrected_entities(model):
            with connection, connection.cursor() as cursor:
                end_outdated(cursor, source, entity, context.run_id, context.as_of)
        try:
            result = build(connection, model, context, full=full)
        except BlockedError:
            raise
        except CockpitError as error:
            tell_failed(context, model, error)
            raise
    tell_built(context, model, result)
    return result


def due_models(context: BuildContext, names: Sequence[str]) -> list[str]:
    """Which of these models, given in building order, have to be built; the others are recorded as fresh."""
    with closing(connect(context.workspace.settings.warehouse)) as connection:
        return [model.name for model in due(connection, [context.graph[name] for name in names], context)]


def corrected_entities(model: Model) -> list[tuple[str, str]]:
    """Source and entity of a typed model, over whose rows corrections are laid; none for other models."""
    overlays = [name for name in model.reads if name.startswith(OVERLAY)]
    return [(parts[0], parts[1]) for parts in (name.removeprefix(OVERLAY).split("__", 1) for name in overlays)]


def check_models(context: BuildContext, models: Sequence[Model]) -> list[GateResult]:
    """Run the checks of several models in one process, because Great Expectations takes seconds to import.

    Returns:
        One result per model, in their order; one that a check stopped says so in `stop`.

    Raises:
        CockpitError: the first model that could not be checked, after all were looked at.
    """
    with (
        Connections(context.workspace.settings.warehouse) as connections,
        ThreadPoolExecutor(_PARALLEL_CHECKS) as pool,
    ):

        def look_at(model: Model) -> GateResult:
            with connections.one() as connection:
                return check(connection, model, context)

        futures = [pool.submit(look_at, model) for model in models]
    return [future.result() for future in futures]


def raise_stops(results: Sequence[GateResult]) -> None:
    """Fail when a check stopped something, once everything that does not hang on it is done.

    Raises:
        TerminalError: the first of them.
    """
    for result in results:
        if result.stop:
            raise result.stop
