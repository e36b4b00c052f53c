"""Start, stop and look at the whole stack."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cockpit.errors import RuleFileError, StackError, TransientError
from cockpit.i18n import _
from cockpit.stack import health, migrations, ports, postgres, processes, provision, query_log, secret_files
from cockpit.stack.crashes import Crashes
from cockpit.stack.secret_files import write_private
from cockpit.stack.services import API_SERVER, DEMO_APIS, INTAKE, POSTGRES, SUPERSET, fingerprint
from cockpit.stack.services import services as all_services
from cockpit.stack.settings import Settings, make_folders
from cockpit.stack.supervision import ProcessState, Supervisor, tail

# Called with one line of text for each stage; what it returns is not looked at.
Progress = Callable[[str], object]

# A bound for hanging only: crashes are noticed at once, and a busy machine may take minutes.
_START_TIMEOUT_SECONDS = 300
_LEAST_FREE_BYTES = 1 << 30
_EXTERNAL = "external"
_ADDRESS_OF = {
    POSTGRES: "postgres",
    API_SERVER: "airflow",
    SUPERSET: "superset",
    INTAKE: "intake",
    DEMO_APIS: "demo_apis",
}


@dataclass(frozen=True)
class ServiceStatus:
    """One line of `./cockpit status`.

    Args:
        name: Service.
        address: Where it is reached; None for processes without one.
        state: `healthy`, `starting`, `failed`, `stopped`, or `external` for a server that is not ours.
        pid: Its process.
        memory_mb: With all its children; None when it does not run or is external.
        uptime_seconds: Since its last start.
        crashes: Unwanted ends since the stack was started.
    """

    name: str
    address: str | None
    state: str
    pid: int | None = None
    memory_mb: float | None = None
    uptime_seconds: float | None = None
    crashes: Crashes | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether it can do its work."""
        return self.state in ("healthy", _EXTERNAL)


@dataclass(frozen=True)
class StackStatus:
    """All services of one home.

    Args:
        supervisor_memory_mb: None when the supervisor does not run.
        leftover_count: Processes that run without a supervisor, because it was killed.
    """

    services: tuple[ServiceStatus, ...]
    supervisor_memory_mb: float | None = None
    leftover_count: int = 0

    @property
    def is_healthy(self) -> bool:
        """Whether every service can do its work."""
        return all(service.is_healthy for service in self.services)

    @property
    def is_stopped(self) -> bool:
        """Whether no process of ours runs."""
        return not self.leftover_count and all(service.state in ("stopped", _EXTERNAL) for service in self.services)

    @property
    def memory_mb(self) -> float:
        """Memory of all processes of ours together."""
        return sum(service.memory_mb or 0 for service in self.services) + (self.supervisor_memory_mb or 0)


def up(settings: Settings, services: Sequence[str] | None = None, progress: Progress = lambda _text: None) -> Settings:
    """Start what does not run yet and wait until it is healthy; may be repeated.

    Args:
        services: Names to start; all that are wanted by default. The database is always started first.
        progress: Called with a line of text for each stage.

    Returns:
        The settings with the ports in use.

    Raises:
        StackError: a port is taken, the disk is full, or a service does not start; names log and way out. Without
            the database everything is stopped again; without another service the rest runs on.
    """
    make_folders(settings)
    with _exclusive(settings, progress):
        supervisor = Supervisor(settings)
        # A command that needs the database alone leaves the rest as it is.
        if services is None and supervisor.is_running() and not _is_current(settings):
            progress(_("Restarting: the settings have changed"))
            _stop(settings)
        if not supervisor.is_running():
            _clean_up(settings, progress)
        chosen = [
            each.name
            for each in all_services(settings)
            if (each.is_wanted(settings) if services is None else each.name in services)
        ]
        states = supervisor.states()
        waiting = [name for name in (POSTGRES, *chosen) if name not in states or not states[name].is_alive]
        settings = ports.settle(settings, {_ADDRESS_OF[name] for name in waiting if _is_local(settings, name)})
        _check_disk(settings)
        secret_files.ensure(settings)
        _start_database(settings, supervisor, progress)
        provision.provision(settings)
        if any(name != POSTGRES for name in chosen):
            migrations.migrate(settings, progress)
            (settings.home / "airflow").mkdir(mode=0o700, exist_ok=True)
        rest = [name for name in chosen if name != POSTGRES]
        if rest:
            progress(_("Starting {names}", names=", ".join(rest)))
        for name in rest:
            supervisor.start_service(name)
        _wait(settings, supervisor, chosen, progress)
    return settings


def down(settings: Settings, progress: Progress = lambda _text: None) -> int:
    """Stop everything of this home, also what a killed supervisor left behind.

    Returns:
        How many processes were left behind and had to be ended one by one.
    """
    if not settings.run.exists():
        return 0
    with _exclusive(settings, progress):
        return _stop(settings)


def status(settings: Settings) -> StackStatus:
    """What runs now and how it is."""
    supervisor = Supervisor(settings)
    states = supervisor.states()
    healthy = health.healthy_services(settings, states) if states else set()
    crashed = supervisor.crashes() if states else {}
    found = [
        _service_status(settings, each.name, states.get(each.name), each.name in healthy, crashed.get(each.name))
        for each in all_services(settings)
        if each.is_wanted(settings) or each.name in healthy
    ]
    if settings.is_external:
        state = _EXTERNAL if health.database_answers(settings) else "failed"
        found.insert(0, ServiceStatus(POSTGRES, settings.addresses()["postgres"], state))
    return StackStatus(
        services=tuple(found),
        supervisor_memory_mb=_supervisor_memory(settings) if states else None,
        leftover_count=0 if states else len(processes.leftovers(settings)),
    )


def _service_status(
    settings: Settings, name: str, state: ProcessState | None, is_healthy: bool, crashed: Crashes | None
) -> ServiceStatus:
    kind = _ADDRESS_OF.get(name)
    address = settings.addresses()[kind] if kind else None
    if state is None or (state.pid == 0 and state.state == "STOPPED"):
        return ServiceStatus(name, address, "stopped", crashes=crashed)
    alive_word = "healthy" if is_healthy else "starting"
    return ServiceStatus(
        name=name,
        address=address,
        state=alive_word if state.is_alive else "failed",
        pid=state.pid or None,
        memory_mb=processes.memory_mb(state.pid) if state.pid else None,
        uptime_seconds=time.time() - state.started_at if state.pid else None,
        crashes=crashed,
    )


def _supervisor_memory(settings: Settings) -> float | None:
    try:
        pid = int((settings.run / "supervisord.pid").read_text())
    except (OSError, ValueError):
        return None
    return processes.own_memory_mb(pid)


def _is_local(settings: Settings, name: str) -> bool:
    """Whether a service listens on a port of this machine."""
    return name in _ADDRESS_OF and not (settings.is_external and name == POSTGRES)


@contextlib.contextmanager
def _exclusive(settings: Settings, progress: Progress) -> Iterator[None]:
    """One up or down at a time; the second waits for the first."""
    with (settings.run / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(_("Waiting for another './cockpit up' or 'down' to finish"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_current(settings: Settings) -> bool:
    path = settings.run / "fingerprint"
    try:
        return path.read_text() == fingerprint(settings)
    except (OSError, RuleFileError):
        # A secret was deleted to get a new one.
        return False


def _clean_up(settings: Settings, progress: Progress) -> None:
    """End what a killed supervisor left running."""
    left = processes.leftovers(settings)
    if left:
        progress(_("Ending {count} processes that an earlier run left behind", count=len(left)))
        processes.end(left, settings)


def _stop(settings: Settings) -> int:
    supervisor = Supervisor(settings)
    if supervisor.is_running():
        states = supervisor.states()
        supervisor.stop_services([name for name in states if name != POSTGRES])
        supervisor.stop_services([POSTGRES] if POSTGRES in states else [])
        supervisor.shutdown()
    return processes.end(processes.leftovers(settings), settings)


def _check_disk(settings: Settings) -> None:
    free = shutil.disk_usage(settings.home).free
    if free < _LEAST_FREE_BYTES:
        raise StackError(
            _("the disk is nearly full: {free} MB are free", free=free >> 20),
            where=str(settings.home),
            allowed=">= 1024 MB",
            fix=_("Free some space, or set COCKPIT_HOME to another disk."),
        )


def _start_database(settings: Settings, supervisor: Supervisor, progress: Progress) -> None:
    services = all_services(settings)
    if settings.is_external:
        postgres.wait_until_ready(settings, seconds=10)
        postgres.check_version(settings)
    else:
        if postgres.initialise(settings):
            progress(_("Database folder made"))
        postgres.make_log_folder(settings)
        query_log.remove_old(settings)
    if not supervisor.is_running():
        supervisor.start(services)
        write_private(settings.run / "fingerprint", fingerprint(settings))
    if not settings.is_external:
        progress(_("Starting {names}", names=POSTGRES))
        supervisor.start_service(POSTGRES)
        _wait_for_database(settings, supervisor)


def _wait_for_database(settings: Settings, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    while True:
        try:
            postgres.wait_until_ready(settings, seconds=2)
        except TransientError:
            # After kill -9 a restart fails once or twice while old children still hold the memory: BACKOFF is normal.
            state = supervisor.states().get(POSTGRES)
            failed_often = supervisor.crashes().get(POSTGRES)
            hopeless = state is None or state.state == "FATAL" or (failed_often is not None and failed_often.count >= 3)
            if hopeless or time.monotonic() > deadline:
                failure = _start_error(settings, POSTGRES)
                # Nothing works without it, and a server that comes up later would only surprise.
                _stop(settings)
                raise failure from None
        else:
            return


def _wait(settings: Settings, supervisor: Supervisor, names: Sequence[str], progress: Progress) -> None:
    """Wait until all are healthy, telling which became so."""
    started = time.monotonic()
    waiting = set(names)
    while True:
        states = supervisor.states()
        # A service without an address is healthy by what the API server reports: without that one, living is enough.
        healthy = health.healthy_services(settings, states)
        if API_SERVER not in names:
            healthy |= {name for name in names if name not in _ADDRESS_OF and name in states and states[name].is_alive}
        for name in sorted(waiting & healthy):
            progress(_("{name} is healthy after {seconds} s", name=name, seconds=round(time.monotonic() - started)))
        waiting -= healthy
        if not waiting:
            return
        crashed = supervisor.crashes()
        for name in sorted(waiting):
            # One crash may be a race at the start; the second shows that the service cannot run.
            if name not in states or states[name].state == "FATAL" or (name in crashed and crashed[name].count >= 3):
                raise _start_error(settings, name)
        if time.monotonic() - started > _START_TIMEOUT_SECONDS:
            raise _start_error(settings, sorted(waiting)[0])
        time.sleep(0.25)


def _start_error(settings: Settings, name: str) -> StackError:
    log = settings.newest_log_of(name)
    return StackError(
        _("{name} does not start: {reason}", name=name, reason=postgres.reason_in("\n".join(tail(log, 40)))),
        where=str(log),
        fix=_("Read the log ('./cockpit logs {name}'), then './cockpit down' and './cockpit up'.", name=name),
    )


def remove(settings: Settings, with_environments: bool = False) -> None:
    """Remove data, logs, secrets and ports of a stopped home; environments only when asked.

    Environments outside the home may serve other homes and stay.
    """
    folders = [settings.data, settings.logs, settings.run, settings.secrets, settings.home / "airflow"]
    if with_environments and settings.environments.is_relative_to(settings.home):
        folders.append(settings.environments)
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
