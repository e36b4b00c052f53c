"""Task groups that several DAGs share: one task per model, in the order in which the models read each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, get_parsing_context

from cockpit.pipelines.run_context import run_context
from cockpit.warehouse.models import Model, ModelGraph
from cockpit_airflow.operators import BuildOperator, CheckingOperator, PrepareOperator, StopOperator

# A lost connection or a server that starts again is over within minutes.
DEFAULT_ARGUMENTS: Mapping[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
}


def is_wanted(dag_id: str) -> bool:
    """Whether a DAG has to be made: all when the files are read, one when its task runs."""
    running = get_parsing_context().dag_id
    return running is None or running == dag_id


def graph() -> ModelGraph:
    """The models of the company's workspace."""
    return run_context().graph


def asset(*parts: str) -> Asset:
    """The asset of a table or layer: `cockpit://warehouse/<parts>`."""
    return Asset(name="/".join(parts), uri=f"cockpit://warehouse/{'/'.join(parts)}")


def build_tasks(models: Sequence[Model], models_graph: ModelGraph) -> dict[str, BuildOperator]:
    """One task per model, each after the tasks of the models that it reads, and all after the one that prepares.

    Where one of them runs, that one alone: its process has no use for the others, and making them takes longer than
    most builds.
    """
    running = get_parsing_context().task_id
    tasks: dict[str, BuildOperator] = {}
    prepare = PrepareOperator(
        task_id="prepare",
        models=[model.name for model in models],
        doc_md="Bookkeeping, row security and people; changes nothing twice. Models that nothing has changed for are"
        " skipped.",
    )
    for model in [model for model in models if model.name == running] or models:
        contract = model.contract
        tasks[model.name] = BuildOperator(
            task_id=model.name,
            model=model.name,
            owner=contract.owner,
            outlets=[asset(model.layer, model.name)],
            # What it reads may be skipped: it is as it should be, or a failed check blocks it, and this model then too.
            trigger_rule="none_failed",
            doc_md=f"**{contract.description}** · {contract.description_zh}\n\n"
            f"Grain: {', '.join(contract.grain)}. Reads: {', '.join(sorted(model.reads)) or 'nothing'}.",
        )
        prepare >> tasks[model.name]
        for upstream in models_graph.upstream(model):
            if upstream.name in tasks:
                tasks[upstream.name] >> tasks[model.name]
    return tasks


def stop_after(checks: CheckingOperator) -> StopOperator:
    """The task that fails when a check stopped something, so that the run is red and its owner is told."""
    stop = StopOperator(
        task_id="stopped",
        doc_md="Fails when a check with `on_fail: stop` failed: the tables downstream of that one keep their rows of"
        " before, all others go on. Skipped when nothing was stopped.",
    )
    checks >> stop
    return stop
