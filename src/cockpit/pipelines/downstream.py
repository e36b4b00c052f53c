"""Bring what one source, or what stewards decided, reaches up to date, as far as the marts, in one process.

For rows and decisions that people wait for: a task per model would spend more time on starting than on building.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing

from cockpit.pipelines import steps
from cockpit.pipelines.tell_owners import tell_quietly
from cockpit.pipelines.workspace import prepare_once
from cockpit.quality.gate import GateResult
from cockpit.warehouse.builds import Build
from cockpit.warehouse.connections import connect
from cockpit.warehouse.models import Model, ModelGraph
from cockpit.warehouse.runner import BlockedError, BuildContext
from cockpit.warehouse.tables import missing_tables

_DECISIONS = "mdm.decision"


def reached(graph: ModelGraph, source: str) -> list[Model]:
    """The models that rows of a source can change, in building order, its typed ones first."""
    return _behind(graph, {model.name for model in graph.typed(source)})


def reached_by_decisions(graph: ModelGraph) -> list[Model]:
    """The models that decisions about golden records can change, in building order."""
    return _behind(graph, {model.name for model in graph.models.values() if _DECISIONS in model.reads})


def refresh_source(context: BuildContext, source: str) -> list[Build]:
    """Build and check those models; what has not changed is left alone.

    What they read and nobody has built yet is built before them: on a new platform, or after an update that brings
    tables, a row must not wait for another source's load.

    Raises:
        TerminalError: a check stopped something; the models behind it stay as they were, the others were built.
        TransientError: the database broke off, or another run is between building and checking a model.
    """
    context.workspace.source(source)
    prepare_once(context)
    typed = {model.name for model in context.graph.typed(source)}
    models = _with_missing(context, reached(context.graph, source))
    results, checked, blocked = _build(context, models, typed)
    tell_quietly(context, [source])
    steps.raise_stops(checked)
    if blocked:
        raise blocked
    return results


def apply_decisions(context: BuildContext) -> list[Build]:
    """Match again, so that what stewards decided counts, and build and check what hangs on it.

    Raises:
        TerminalError, TransientError: as for `refresh_source`.
    """
    prepare_once(context)
    results, checked, blocked = _build(context, _with_missing(context, reached_by_decisions(context.graph)))
    steps.raise_stops(checked)
    if blocked:
        raise blocked
    return results


def _behind(graph: ModelGraph, first: Collection[str]) -> list[Model]:
    names = set(first)
    for model in graph.models.values():
        if any(upstream.name in names for upstream in graph.upstream(model)):
            names.add(model.name)
    return [model for model in graph.models.values() if model.name in names]


def _with_missing(context: BuildContext, models: list[Model]) -> list[Model]:
    """These and, in building order, what they read or are checked against and is not there yet."""
    known = {model.qualified_name: model for model in context.graph.models.values()}
    with closing(connect(context.workspace.settings.warehouse)) as connection, connection.cursor() as cursor:
        missing = missing_tables(cursor, known)
    chosen = {model.name for model in models}
    waiting = list(models)
    while waiting:
        model = waiting.pop()
        for name in (model.reads | model.looked_at) & missing:
            if known[name].name not in chosen:
                chosen.add(known[name].name)
                waiting.append(known[name])
    return [model for model in context.graph.models.values() if model.name in chosen]


def _build(
    context: BuildContext, models: list[Model], typed: Collection[str] = ()
) -> tuple[list[Build], list[GateResult], BlockedError | None]:
    """Layer by layer, each checked before the next reads it; what is blocked is left, and the first of it returned."""
    stages = (
        [model for model in models if model.name in typed],
        [model for model in models if model.layer in ("staging", "core") and model.name not in typed],
        [model for model in models if model.layer == "marts"],
    )
    results: list[Build] = []
    checked: list[GateResult] = []
    blocked: BlockedError | None = None
    for stage in stages:
        for model in stage:
            try:
                results.append(steps.build_model(context, model.name))
            except BlockedError as error:
                blocked = blocked or error
        checked += steps.check_models(context, stage)
    return results, checked, blocked
