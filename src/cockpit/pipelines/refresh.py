"""Run a whole workspace, sources to marts, without Airflow: the same steps in the same order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cockpit.errors import CockpitError
from cockpit.pipelines import steps
from cockpit.pipelines.build_models import build_all
from cockpit.pipelines.tell_owners import send_quietly, tell_quietly
from cockpit.pipelines.workspace import prepare
from cockpit.quality.gate import GateResult
from cockpit.rulebook.sources import FormSource
from cockpit.sources.load import LoadResult
from cockpit.warehouse.builds import Build
from cockpit.warehouse.runner import BlockedError, BuildContext


@dataclass
class Refresh:
    """What a run did.

    Attributes:
        failures: Loads that failed, by `source.entity`, sources whose file is wrong, and typed models that could not be
            built; the others went on.
        seconds: Wall time per stage, in order.
        bookkeeping: Models that show the ledger.
        blocked: Models that kept their rows of before because a check failed behind them.
    """

    run_id: str
    loads: list[LoadResult] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    failures: dict[str, CockpitError] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    bookkeeping: frozenset[str] = frozenset()
    blocked: dict[str, BlockedError] = field(default_factory=dict)

    @property
    def rows_changed(self) -> int:
        """Rows that differ from before, raw and models together."""
        return sum(load.loaded + load.deleted for load in self.loads) + self.table_rows_changed

    @property
    def table_rows_changed(self) -> int:
        """Rows of models that differ from before; the ledger's own marts, which grow with each run, aside."""
        return sum(build.changed for build in self.builds if build.model not in self.bookkeeping)


def refresh(context: BuildContext, progress: Callable[[str], None], *, full: bool = False) -> Refresh:
    """Load every source and bring every model up to date.

    Args:
        context: Workspace, clock, run id.
        progress: Called with the name of each finished stage.
        full: Compute every row of every model anew; the difference is still what is written.

    Returns:
        What was done. A source that cannot be loaded or typed is listed in `failures` and keeps its rows of before.

    Raises:
        CockpitError: the first failure after staging; what was finished before stays, a further run goes on from
            there. A check that stops something is raised last, when everything that does not hang on it is done.
    """
    bookkeeping = frozenset(model.name for model in context.graph.models.values() if model.is_about_loads)
    result = Refresh(context.run_id, bookkeeping=bookkeeping)

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        result.seconds[name] = round(time.monotonic() - started, 2)
        progress(f"{name:<10} {result.seconds[name]:6.1f} s")

    with stage("prepare"):
        prepare(context)
    with stage("load"):
        _load_all(context, result)
    typed = [model for source in context.workspace.sources for model in context.graph.typed(source)]
    checked: list[GateResult] = []
    with stage("staging"):
        result.builds += build_all(context, typed, result.blocked, full=full, failures=result.failures)
    with stage("checks"):
        checked += steps.check_models(context, [model for model in typed if model.name not in result.failures])
    # The data do not wait for a mail server that does not answer.
    _tell_owners(context)
    with stage("core"):
        # A model of core begins when the conformed tables that it reads are there, not when all are.
        shared = [*context.graph.conformed(), *context.graph.layer("core")]
        result.builds += build_all(context, shared, result.blocked, full=full)
        checked += steps.check_models(context, shared)
    with stage("marts"):
        result.builds += build_all(context, context.graph.layer("marts"), result.blocked, full=full)
        checked += steps.check_models(context, context.graph.layer("marts"))
    steps.raise_stops(checked)
    return result


def _tell_owners(context: BuildContext) -> None:
    if tell_quietly(context, context.workspace.sources):
        send_quietly(context)


def _load_all(context: BuildContext, result: Refresh) -> None:
    result.failures.update(context.workspace.broken_sources)
    for source in context.workspace.sources.values():
        # Forms are posted to the intake; there is nothing to fetch.
        if isinstance(source, FormSource):
            continue
        for entity in source.entities:
            try:
                result.loads.append(steps.load(context, source.source, entity))
            except CockpitError as error:
                result.failures[f"{source.source}.{entity}"] = error
