"""Build models side by side, each as soon as what it reads is done, and check them step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field

from cockpit.errors import CockpitError, TerminalError
from cockpit.i18n import _
from cockpit.pipelines import steps
from cockpit.pipelines.workspace import prepare_once
from cockpit.quality.gate import GateResult
from cockpit.warehouse import builds
from cockpit.warehouse.builds import Build
from cockpit.warehouse.connections import Connections, connect
from cockpit.warehouse.models import Model, ModelGraph
from cockpit.warehouse.runner import BlockedError, BuildContext
from cockpit.warehouse.tables import missing_tables

# PostgreSQL does the work; two statements at a time keep the small machine busy without fighting for memory.
_PARALLEL_BUILDS = 2
# Of a model that was never built: what is not known may be long, and begins early.
_UNKNOWN_SECONDS = 5.0


@dataclass
class BuiltModels:
    """What a run of models did.

    Attributes:
        builds: In the order in which they ended.
        checked: What the checks of each step found.
        blocked: Models that kept their rows of before because a check failed behind them.
    """

    builds: list[Build] = field(default_factory=list)
    checked: list[GateResult] = field(default_factory=list)
    blocked: dict[str, BlockedError] = field(default_factory=dict)


def build_models(
    context: BuildContext, models: Sequence[Model], on_built: Callable[[Build], None], *, full: bool = False
) -> BuiltModels:
    """Build some models from what is there, without loading sources, and check them.

    Args:
        context: Workspace, clock, run id.
        models: Those to build; what they read besides stays as it is.
        on_built: Called with each build when it has ended.
        full: Compute every row of them anew; the difference is still what is written.

    Returns:
        What was done. A check that stops something is in it, and is no error here.

    Raises:
        TerminalError: a table that they read, or that their checks ask, has never been built.
        CockpitError: the first model that could not be built; its table stays as it was.
    """
    prepare_once(context)
    _require_built(context, models)
    result = BuiltModels()
    for step in range(3):
        chosen = [model for model in models if model.step == step]
        result.builds += build_all(context, chosen, result.blocked, full=full, on_built=on_built)
        result.checked += steps.check_models(context, chosen) if chosen else []
    return result


def _require_built(context: BuildContext, models: Sequence[Model]) -> None:
    chosen = {model.qualified_name for model in models}
    with closing(connect(context.workspace.settings.warehouse)) as connection, connection.cursor() as cursor:
        for model in models:
            needed = {each.qualified_name for each in context.graph.upstream(model)} | model.looked_at
            missing = missing_tables(cursor, needed - chosen)
            if missing:
                raise TerminalError(
                    _("{table} has never been built", table=min(missing)),
                    where=model.name,
                    fix=_("Build it too: './cockpit models run --select +{name}'", name=model.name),
                )


def build_all(
    context: BuildContext,
    models: Sequence[Model],
    blocked: dict[str, BlockedError],
    *,
    full: bool,
    failures: dict[str, CockpitError] | None = None,
    on_built: Callable[[Build], None] | None = None,
) -> list[Build]:
    """Build models of one step as soon as the ones that they read are done; a failed check blocks what hangs on it.

    Of those that could begin, the one begins that most seconds of work wait for.

    Args:
        failures: Takes the errors of models that cannot be built while the others go on; without it they are raised.
    """
    if not models:
        return []
    done: dict[str, Build] = {}
    names = {model.name for model in models}
    running: dict[Future[Build], Model] = {}
    with Connections(context.workspace.settings.warehouse) as connections:
        with connections.one() as connection, connection, connection.cursor() as cursor:
            waiting = longest_first(context.graph, models, builds.last_seconds(cursor))
        with ThreadPoolExecutor(_PARALLEL_BUILDS) as pool:
            while waiting or running:
                for model in list(waiting):
                    if len(running) == _PARALLEL_BUILDS:
                        break
                    needs = {upstream.name for upstream in context.graph.upstream(model)} & names
                    if needs <= {*done, *blocked, *(failures or {})}:
                        waiting.remove(model)
                        future = pool.submit(steps.build_model, context, model.name, full=full, connections=connections)
                        running[future] = model
                finished, _pending = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name = running.pop(future).name
                    try:
                        done[name] = future.result()
                    except BlockedError as error:
                        blocked[name] = error
                    except CockpitError as error:
                        if failures is None:
                            raise
                        failures[name] = error
                    else:
                        if on_built:
                            on_built(done[name])
    return list(done.values())


def longest_first(graph: ModelGraph, models: Sequence[Model], seconds: dict[str, float]) -> list[Model]:
    """Models ordered by the longest chain of work that begins with them.

    Args:
        seconds: How long each took when it was last built.
    """
    names = {model.name for model in models}
    ahead: dict[str, float] = {}
    # In building order, so that whoever reads a model has been looked at before it.
    for model in reversed([each for each in graph.models.values() if each.name in names]):
        after = max((ahead[other.name] for other in graph.downstream(model) if other.name in ahead), default=0.0)
        ahead[model.name] = after + seconds.get(model.name, _UNKNOWN_SECONDS)
    return sorted(models, key=lambda model: -ahead[model.name])
