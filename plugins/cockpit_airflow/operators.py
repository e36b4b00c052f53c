"""Operators: one step of a run each, with its figures in the task's log and XCom.

A transient fault is left to Airflow's retries; a permanent one fails the task at once, because another try would
give the same result.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    DownstreamTasksSkipped,
)

from cockpit.errors import CockpitError, TransientError

if TYPE_CHECKING:
    from cockpit.quality.gate import GateResult


class StepOperator(BaseOperator):
    """Run one step with the business time that the run was started with.

    The time travels from DAG to DAG in the assets' events, so that everything that one load caused is computed for
    the same moment.
    """

    ui_color = "#e8f1fa"

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the step; returns its figures."""
        # Imported here: the scheduler reads DAG files often and needs none of it.
        from cockpit.pipelines.run_context import run_context
        from cockpit.warehouse.runner import BlockedError

        try:
            run = run_context(as_of=business_time(context), run_id=context["run_id"])
            figures = self.step(run)
        except BlockedError as error:
            # Not a fault of this model: the failed check is red, what waits for it is skipped.
            raise AirflowSkipException(str(error)) from error
        except TransientError as error:
            raise AirflowException(str(error)) from error
        except CockpitError as error:
            raise AirflowFailException(str(error)) from error
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = {"as_of": run.as_of.isoformat(), **figures}
        self.log.info("%s", figures)
        return figures

    @abstractmethod
    def step(self, run: Any) -> dict[str, Any]:
        """What the subclass does; returns counts for the log."""


class PrepareOperator(StepOperator):
    """Bring the workspace's bookkeeping and row security to what the rule files say, and say what has to be built.

    Starting a task takes longer than seeing that a model has nothing to do: the tasks of such models are skipped.
    """

    def __init__(self, *, models: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.models = list(models)

    def execute(self, context: Context) -> dict[str, Any]:
        """Prepare; returns what is due and how many models are not.

        Raises:
            DownstreamTasksSkipped: some are not; the step has succeeded.
        """
        figures = super().execute(context)
        fresh = sorted({*self.models} - {*figures["due"]})
        if not fresh:
            return figures
        context["ti"].xcom_push(key="return_value", value=figures)
        raise DownstreamTasksSkipped(tasks=fresh)  # type: ignore[no-untyped-call]

    def step(self, run: Any) -> dict[str, Any]:
        """Prepare."""
        from cockpit.pipelines import steps
        from cockpit.pipelines.workspace import prepare

        prepare(run)
        due = steps.due_models(run, self.models)
        return {"due": due, "fresh": len(self.models) - len(due)}


class LoadOperator(StepOperator):
    """Load what is new in one entity of a source; in a back-fill, what changed in the run's data interval."""

    def __init__(self, *, source: str, entity: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.entity = entity
        self._interval: Any = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Load; the context tells whether the run is a back-fill."""
        self._interval = past_interval(context)
        return super().execute(context)

    def step(self, run: Any) -> dict[str, Any]:
        """Load."""
        from cockpit.pipelines import steps
        from cockpit.pipelines.workspace import prepare_once

        prepare_once(run)
        if self._interval is None:
            result = steps.load(run, self.source, self.entity)
        else:
            past = steps.load_past(run, self.source, self.entity, self._interval)
            if past is None:
                return {"skipped": "no cursor of time"}
            result = past
        return {
            "received": result.received,
            "loaded": result.loaded,
            "unchanged": result.unchanged,
            "rejected": result.rejected,
            "deleted": result.deleted,
            "schema_changes": result.schema_changes,
        }


class CheckingOperator(StepOperator):
    """A step that checks rows; the stop behind it fails when a check stopped something.

    The step itself succeeds, so that what does not hang on the failed check goes on.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the step; when nothing was stopped, the stop behind it is skipped.

        Raises:
            DownstreamTasksSkipped: nothing was stopped; the step has succeeded.
        """
        figures = super().execute(context)
        if figures["stopped"]:
            return figures
        context["ti"].xcom_push(key="return_value", value=figures)
        stops = [task.task_id for task in self.downstream_list if isinstance(task, StopOperator)]
        raise DownstreamTasksSkipped(tasks=stops)  # type: ignore[no-untyped-call]


class StopOperator(BaseOperator):
    """Fail, because a check with `on_fail: stop` failed in the task before; skipped otherwise."""

    ui_color = "#fdeceb"

    def execute(self, context: Context) -> None:
        """Say which checks.

        Raises:
            AirflowFailException: always.
        """
        (before,) = self.upstream_task_ids
        figures = context["ti"].xcom_pull(task_ids=before)
        raise AirflowFailException("\n".join(figures["stopped"]))


class BuildOperator(StepOperator):
    """Bring one model up to date."""

    def __init__(self, *, model: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model

    def step(self, run: Any) -> dict[str, Any]:
        """Build."""
        from cockpit.pipelines import steps

        result = steps.build_model(run, self.model)
        return {
            "kind": result.kind,
            "inserted": result.inserted,
            "updated": result.updated,
            "deleted": result.deleted,
        }


class StageOperator(CheckingOperator):
    """Type and check everything that a source delivered, in one process."""

    def __init__(self, *, source: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source

    def step(self, run: Any) -> dict[str, Any]:
        """Stage."""
        from cockpit.pipelines.stage import stage_source

        builds, checks = stage_source(run, self.source)
        return {
            **{build.model: build.changed for build in builds if build.changed},
            **_findings(checks),
        }


class SendMessagesOperator(StepOperator):
    """Send what is due in the outbox, such as messages that a provider did not take at first."""

    def step(self, run: Any) -> dict[str, Any]:
        """Send, and remove old texts."""
        from cockpit.pipelines.tell_owners import send_messages

        sending = send_messages(run)
        return {"sent": sending.sent, "failed": sending.failed, "again": sending.again, "waiting": sending.waiting}


class MeasureQualityOperator(StepOperator):
    """Measure how good the data are; draw samples and begin campaigns when they are due."""

    def step(self, run: Any) -> dict[str, Any]:
        """Measure."""
        from cockpit.pipelines.measure_quality import measure_quality

        result = measure_quality(run)
        return {
            "read": len(result.measured.read),
            "carried": len(result.measured.carried),
            "overall": result.measured.overall,
            "drawn": result.drawn,
            "to_verify": result.to_verify,
        }


class KeepHouseOperator(StepOperator):
    """Remove logs that are past their time."""

    def step(self, run: Any) -> dict[str, Any]:  # noqa: ARG002 (files have days of the clock, not of a run)
        """Remove."""
        from cockpit.pipelines.keep_house import keep_house
        from cockpit.stack.settings import Settings

        return dict(keep_house(Settings.load()))


class FirstViewsOperator(StepOperator):
    """Compute what people see first, so that nobody waits for it; what fails is in the figures, and fails nothing."""

    def step(self, run: Any) -> dict[str, Any]:
        """Ask Superset as each person."""
        from cockpit.pipelines.first_views import compute_first_views_quietly
        from cockpit.stack.settings import Settings

        found = compute_first_views_quietly(Settings.load(), run.workspace)
        return asdict(found) if found else {"skipped": True}


class RefreshOperator(StepOperator):
    """Build and check everything that rows of one source reach, in one process."""

    def __init__(self, *, source: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source

    def step(self, run: Any) -> dict[str, Any]:
        """Refresh."""
        from cockpit.pipelines.downstream import refresh_source

        return {build.model: build.changed for build in refresh_source(run, self.source) if build.changed}


class ApplyDecisionsOperator(StepOperator):
    """Match again with what stewards decided, and build and check what hangs on it, in one process."""

    def step(self, run: Any) -> dict[str, Any]:
        """Apply."""
        from cockpit.pipelines.downstream import apply_decisions

        return {build.model: build.changed for build in apply_decisions(run) if build.changed}


class CheckOperator(CheckingOperator):
    """Run the checks of several models in one process."""

    def __init__(self, *, models: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.models = list(models)

    def step(self, run: Any) -> dict[str, Any]:
        """Check."""
        from cockpit.pipelines import steps

        results = steps.check_models(run, [run.graph[name] for name in self.models])
        return {"changed": sum(result.changed for result in results), **_findings(results)}


def _findings(results: Sequence[GateResult]) -> dict[str, Any]:
    return {
        "held_back": sum(result.held_back for result in results),
        "warnings": [f"{result.model}.{rule}" for result in results for rule in result.warnings],
        "stopped": [str(result.stop) for result in results if result.stop],
    }


def past_interval(context: Context) -> Any:
    """The data interval of a back-fill's run; None for every other run, which loads what is new."""
    from cockpit.sources.loading.window import Interval

    run: Any = context["dag_run"]
    if run.run_type != "backfill" or run.data_interval_start is None or run.data_interval_end is None:
        return None
    return Interval(run.data_interval_start.isoformat(), run.data_interval_end.isoformat())


def business_time(context: Context) -> datetime | None:
    """The `as_of` of the run's configuration, else the latest of the assets that triggered it, else none.

    Raises:
        TerminalError: somebody typed what is no date or time into the configuration.
    """
    from cockpit.pipelines.run_context import parse_as_of
    from cockpit.rulebook.workspace import find_workspace

    run: Any = context["dag_run"]
    texts = [(run.conf or {}).get("as_of")]
    if not texts[0]:
        events = [event for events in context["triggering_asset_events"].values() for event in events]
        texts = [event.extra.get("as_of") for event in events if event.extra]
    zone = find_workspace().zone
    return max((parse_as_of(str(text), zone) for text in texts if text), default=None)
