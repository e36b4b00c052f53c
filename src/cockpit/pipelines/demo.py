"""Fill the generated company's systems, add days to them, and let Airflow take their data to the marts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from cockpit.demo.apis.day import simulate_apis_day
from cockpit.demo.apis.fill import fill_apis, holds_apis
from cockpit.demo.capacity import patience_seconds
from cockpit.demo.channels import fill_channels, simulate_channels_day
from cockpit.demo.channels.forms import post_forms
from cockpit.demo.clock import Clock
from cockpit.demo.company import Company, generate
from cockpit.demo.fill import Generation, fill, stored_generation
from cockpit.demo.profile import Scale
from cockpit.demo.simulate import SimulatedDay, simulate_day
from cockpit.demo.systems import Systems
from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.pipelines.run_context import run_context
from cockpit.rulebook.sources import FileSource, FormSource
from cockpit.rulebook.workspace import Workspace
from cockpit.sources.files.template import write_template
from cockpit.stack.airflow_client import AirflowClient, DagRun
from cockpit.stack.settings import Settings
from cockpit.warehouse.connections import connect

_MANUAL = "manual"


@dataclass(frozen=True)
class Filled:
    """The company in its systems.

    Attributes:
        as_of: Business time of its data: that of an earlier fill with the same seed and scale or of the last day
            that was added to it, else now.
    """

    company: Company
    as_of: datetime


def fill_company(
    settings: Settings, workspace: Workspace, scale: Scale, seed: int, tell: Callable[[str], None]
) -> Filled:
    """Make sure the company is in all its systems; its forms are posted later, by `run_dags`.

    Raises:
        StackError: another company is there, or the scale needs more disk or memory than there is.
    """
    with _systems() as systems, closing(connect("apis_owner")) as apis:
        stored = stored_generation(systems.truth)
        if stored and (stored.scale, stored.seed) != (scale, seed):
            # The warehouse would keep the other company's rows: an ERP does not say what it has forgotten.
            raise StackError(
                _("another demo company is there already"),
                found=f"--scale {stored.scale.value} --seed {stored.seed}",
                fix=_("Go on with it, or remove it with './cockpit reset' first."),
            )
        as_of = stored.as_of if stored else run_context(workspace).as_of
        company = generate(scale, as_of, seed)
        result = fill(systems, company, data_folder=settings.data, on_progress=_shares(tell))
        # A new fill has emptied truth, which has to be told again.
        if not result.is_reused or not holds_apis(apis, company):
            fill_apis(apis, company, systems.truth)
        fill_channels(settings.demo_files, company, systems.truth, write_template=_template_writer(workspace))
    settings.demo_mark.touch()
    if result.is_reused:
        tell(_("The demo company is there already"))
    else:
        rows = sum(result.rows.values())
        tell(_("Demo company filled: {rows:,} rows in its ERP and CRM", rows=rows))
    return Filled(company, _business_time(company, stored) if stored else as_of)


def add_day(settings: Settings, day: date | None, tell: Callable[[str], None]) -> Filled:
    """Add a business day to all systems of the company.

    Args:
        settings: Where its files lie.
        day: Later than every day that is there; the next one when absent.
        tell: Gets a line for people.

    Returns:
        The company, and the end of that day.

    Raises:
        StackError: the company has not been generated.
        TerminalError: the day lies before the last one that is there.
    """
    with _systems() as systems, closing(connect("apis_owner")) as apis:
        stored = stored_generation(systems.truth)
        if stored is None:
            raise StackError(_("the demo company has not been generated yet"), fix=_("Run './cockpit demo' first."))
        chosen = day or stored.last_day + timedelta(days=1)
        result = simulate_day(systems, chosen)
        company = generate(stored.scale, stored.as_of, stored.seed)
        closing_time = _closing_time(company, chosen)
        simulate_apis_day(apis, systems.erp, stored.seed, chosen, systems.truth)
        if not result.is_reused:
            clock = Clock.at(closing_time, company.profile.company.time_zone)
            simulate_channels_day(settings.demo_files, company, chosen, clock, systems.truth)
    tell(_describe(result))
    return Filled(company, closing_time)


def _template_writer(workspace: Workspace) -> Callable[[str, Path], None]:
    """Writes the empty Excel template of an entity of manual entry, as people of the company get it."""
    source = workspace.sources[_MANUAL]
    if not isinstance(source, FileSource):
        raise TypeError(f"{_MANUAL} is not read from files")
    return lambda entity, path: write_template(entity, source, path, "zh")


@contextmanager
def _systems() -> Iterator[Systems]:
    """ERP, CRM and truth as their owners, closed at the end."""
    with (
        closing(connect("erp_owner")) as erp,
        closing(connect("crm_owner")) as crm,
        closing(connect("demo_truth")) as truth,
    ):
        yield Systems(erp=erp, crm=crm, truth=truth)


def _business_time(company: Company, stored: Generation) -> datetime:
    """The fill's, or the end of the last day that was added."""
    return stored.as_of if stored.last_day == stored.business_date else _closing_time(company, stored.last_day)


def _closing_time(company: Company, day: date) -> datetime:
    return datetime.combine(day, time(company.profile.company.rhythm.closing_hour), tzinfo=company.clock.as_of.tzinfo)


def _describe(result: SimulatedDay) -> str:
    if result.is_reused:
        return _("{day} is there already", day=result.day.isoformat())
    return _(
        "{day} added: {orders} orders, {receipts} receipts, {leads} leads; {deleted} rows deleted in the CRM",
        day=result.day.isoformat(),
        orders=result.new_orders,
        receipts=result.new_receipts,
        leads=result.crm.get("lead.new", 0),
        deleted=sum(count for name, count in result.crm.items() if name.endswith(".deleted")),
    )


def _shares(tell: Callable[[str], None]) -> Callable[[float], None]:
    """Tell each tenth of the orders, so that a large company is seen to grow."""
    told = 0

    def progress(share: float) -> None:
        nonlocal told
        if share < 1 and int(share * 10) > told:
            told = int(share * 10)
            tell(_("Demo company: {share:.0%} of its orders written", share=share))

    return progress


def run_dags(
    settings: Settings, workspace: Workspace, filled: Filled, tell: Callable[[str], None], post: Callable[[], None]
) -> None:
    """Load and stage every source, then build core and marts once for all of them.

    Core waits until all sources are staged: left alone, it would start again after each of them. Posted forms wait for
    core: the first of them would build whatever they read from sources that are half loaded. Marts wait for the forms.

    Args:
        settings: Where Airflow answers.
        workspace: Its sources are loaded.
        filled: Its time is that of the whole chain, its scale says how long Airflow may take.
        tell: Gets a line for people.
        post: Sends what the company's web pages have for the intake, while the sources are loaded.

    Raises:
        TerminalError: a task failed; names the DAG, its tasks and the page with the log.
        TransientError: Airflow does not answer or does not finish in time.
    """
    client = AirflowClient(settings)
    fetched = [name for name, source in workspace.sources.items() if not isinstance(source, FormSource)]
    posted = [name for name in workspace.sources if name not in fetched]
    chain = [f"{step}_{source}" for step in ("load", "stage") for source in fetched]
    refreshed = [f"refresh_{source}" for source in posted]
    for dag_id in (*chain, *refreshed, "build_core", "build_marts"):
        client.wait_for_dag(dag_id, timeout=120)
    as_of, patience = filled.as_of, patience_seconds(filled.company.profile, filled.company.scale)
    conf = {"as_of": as_of.isoformat()}

    def finished(run: DagRun) -> None:
        tell(_("{dag} has finished", dag=run.dag_id))

    def run(dag_ids: list[str]) -> None:
        begin = _now(as_of)
        for dag_id in dag_ids:
            client.trigger(dag_id, conf)
        client.follow(dag_ids, begin, patience, finished)

    with client.paused("build_marts", *refreshed):
        with client.paused("build_core"):
            begin = _now(as_of)
            for source in fetched:
                client.trigger(f"load_{source}", conf)
            tell(_("Airflow loads {count} sources", count=len(fetched)))
            post()
            client.follow(chain, begin, patience, finished)
        run(["build_core"])
    run(refreshed)
    run(["build_marts"])


def _now(as_of: datetime) -> datetime:
    return datetime.now(as_of.tzinfo) - timedelta(seconds=1)


def send_forms(settings: Settings, workspace: Workspace, company: Company, tell: Callable[[str], None]) -> None:
    """Post the company's forms to the running intake; those that it has are not taken twice.

    Raises:
        TransientError: the intake does not answer.
        TerminalError: it refuses what it should take, or takes what it should refuse.
    """
    secrets = {
        form: settings.secret(f"form_{source.secret_of(form)}").splitlines()[0]
        for source in workspace.sources.values()
        if isinstance(source, FormSource)
        for form in source.entities
    }
    with closing(connect("demo_truth")) as truth:
        report = post_forms(settings.addresses()["intake"], secrets, company, truth)
    tell(_("Forms posted: {accepted:,} taken, {refused:,} refused",
           accepted=sum(report.accepted.values()), refused=report.refused))  # fmt: skip
