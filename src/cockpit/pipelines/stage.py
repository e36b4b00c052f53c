"""Type and check what one source delivered, in one process: most entities are small, and starting costs more."""

from __future__ import annotations

from cockpit.errors import CockpitError
from cockpit.pipelines import steps
from cockpit.pipelines.tell_owners import tell_quietly
from cockpit.pipelines.workspace import prepare_once
from cockpit.quality.gate import GateResult
from cockpit.warehouse.builds import Build
from cockpit.warehouse.runner import BuildContext


def stage_source(context: BuildContext, source: str) -> tuple[list[Build], list[GateResult]]:
    """Bring a source's typed models up to date and hold failing rows back.

    A model that cannot be built keeps its rows of before; the others go on. Rows of other sources whose rules ask the
    tables of this one are looked at again.

    Returns:
        Builds, and what the checks found; one that stops is no error here.

    Raises:
        CockpitError: the first failure, after everything else was done.
    """
    context.workspace.source(source)
    prepare_once(context)
    built: list[Build] = []
    sound = []
    failure: CockpitError | None = None
    for model in context.graph.typed(source):
        try:
            built.append(steps.build_model(context, model.name))
            sound.append(model)
        except CockpitError as error:
            failure = failure or error
    results = steps.check_models(context, [*sound, *context.graph.asking(sound)])
    tell_quietly(context, [source])
    if failure:
        raise failure
    return built, results
