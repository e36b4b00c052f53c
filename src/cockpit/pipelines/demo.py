"""Fill the generated company's ERP and let Airflow take its data to the marts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from cockpit.demo.company import generate
from cockpit.demo.fill import fill, stored_generation
from cockpit.demo.profile import Scale
from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.pipelines.run_context import run_context
from cockpit.rulebook.workspace import Workspace
from cockpit.stack.airflow_client import AirflowClient, DagRun
from cockpit.stack.settings import Settings
from cockpit.warehouse.connections import connect

_CHAIN_TIMEOUT_SECONDS = 1800


def fill_company(
    workspace: Workspace, scale: Scale, seed: int, data_folder: Path, tell: Callable[[str], None]
) -> datetime:
    """Make sure the company is in its ERP database.

    Returns:
        The business time of its data: that of an earlier fill with the same seed and scale, else now.

    Raises:
        StackError: another company is there, or the scale needs more disk or memory than there is.
    """
    with closing(connect("erp_owner")) as erp, closing(connect("demo_truth")) as truth:
        stored = stored_generation(truth)
        if stored and (stored.scale, stored.seed) != (scale, seed):
            # The warehouse would keep the other company's rows: an ERP does not say what it has forgotten.
            raise StackError(
                _("another demo company is there already"),
                found=f"--scale {stored.scale.value} --seed {stored.seed}",
                fix=_("Go on with it, or remove it with './cockpit reset' first."),
            )
        as_of = stored.as_of if stored else run_context(workspace).as_of
        result = fill(erp, truth, generate(scale, as_of, seed), data_folder=data_folder, on_progress=_shares(tell))
    if result.is_reused:
        tell(_("The demo company is there already"))
    else:
        rows = sum(result.rows.values())
        tell(_("Demo company filled: {rows:,} rows in its ERP", rows=rows))
    return as_of


def _shares(tell: Callable[[str], None]) -> Callable[[float], None]:
    """Tell each tenth of the orders, so that a large company is seen to grow."""
    told = 0

    def progress(share: float) -> None:
        nonlocal told
        if share < 1 and int(share * 10) > told:
            told = int(share * 10)
            tell(_("Demo company: {share:.0%} of its orders written", share=share))

    return progress


def run_dags(settings: Settings, workspace: Workspace, as_of: datetime, tell: Callable[[str], None]) -> None:
    """Start the load of every source and wait until the marts that it leads to are built.

    Raises:
        TerminalError: a task failed; names the DAG, its tasks and the page with the log.
        TransientError: Airflow does not answer or does not finish in time.
    """
    client = AirflowClient(settings)
    loads = [f"load_{source}" for source in workspace.sources]
    for dag_id in (*loads, "build_marts"):
        client.wait_for_dag(dag_id, timeout=120)
    begin = datetime.now(as_of.tzinfo) - timedelta(seconds=1)
    for dag_id in loads:
        client.trigger(dag_id, {"as_of": as_of.isoformat()})
    tell(_("Airflow runs {dags}", dags=", ".join(loads)))

    def finished(run: DagRun) -> None:
        tell(_("{dag} has finished", dag=run.dag_id))

    stages = [f"stage_{source}" for source in workspace.sources]
    client.follow([*loads, *stages, "build_core", "build_marts"], begin, _CHAIN_TIMEOUT_SECONDS, finished)
