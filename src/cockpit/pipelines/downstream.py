"""Bring what one source reaches up to date, from its typed rows to the marts, in one process.

For rows that people wait for: a task per model would spend more time on starting than on building.
"""

from __future__ import annotations

from cockpit.pipelines import steps
from cockpit.pipelines.tell_owners import tell_quietly
from cockpit.pipelines.workspace import prepare_once
from cockpit.quality.gate import GateResult
from cockpit.warehouse.builds import Build
from cockpit.warehouse.models import Model, ModelGraph
from cockpit.warehouse.runner import BlockedError, BuildContext


def reached(graph: ModelGraph, source: str) -> list[Model]:
    """The models that rows of a source can change, in building order, its typed ones first."""
    names = {model.name for model in graph.typed(source)}
    for model in graph.models.values():
        if any(upstream.name in names for upstream in graph.upstream(model)):
            names.add(model.name)
    return [model for model in graph.models.values() if model.name in names]


def refresh_source(context: BuildContext, source: str) -> list[Build]:
    """Build and check those models; what has not changed is left alone.

    Raises:
        TerminalError: a check stopped something; the models behind it stay as they were, the others were built.
        TransientError: the database broke off, or another run is between building and checking a model.
    """
    context.workspace.source(source)
    prepare_once(context)
    models = reached(context.graph, source)
    typed = {model.name for model in context.graph.typed(source)}
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
    tell_quietly(context, [source])
    steps.raise_stops(checked)
    if blocked:
        raise blocked
    return results
