"""The process supervisor: its configuration, and talking to it.

supervisord starts each service through the launcher, starts it again with growing pauses when it ends by itself,
and keeps and rotates its output.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import shlex
import subprocess
import time
import xmlrpc.client
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.stack import crashes
from cockpit.stack.services import Service
from cockpit.stack.settings import Settings, interpreter

logger = logging.getLogger(__name__)

# A process that lives shorter than this has failed to start and is tried again after 1, 2, 3 ... seconds.
START_SECONDS = 10
START_RETRIES = 20
LOG = "supervisord"


@dataclass(frozen=True)
class ProcessState:
    """The supervisor's view of one service.

    Args:
        state: STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN.
        pid: 0 when there is no process.
        started_at: Seconds since 1970 of its last start.
    """

    name: str
    state: str
    pid: int
    started_at: float

    @property
    def is_alive(self) -> bool:
        """Whether there is a process that is not being stopped."""
        return self.state in ("STARTING", "RUNNING")


def render_config(settings: Settings, services: Iterable[Service]) -> str:
    """supervisord.conf for these services; holds no secrets."""
    lines = [
        "[supervisord]",
        f"logfile={_value(settings.log_of(LOG))}",
        "logfile_maxbytes=10MB",
        "logfile_backups=3",
        "loglevel=info",
        f"pidfile={_value(settings.run / 'supervisord.pid')}",
        f"directory={_value(settings.home)}",
        f"childlogdir={_value(settings.logs)}",
        "umask=077",
        # Without a name of its own supervisord warns when it is root.
        *(["user=root"] if os.getuid() == 0 else []),
        "",
        "[unix_http_server]",
        f"file={_value(settings.socket)}",
        "chmod=0700",
        "",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for service in services:
        lines += [
            "",
            f"[program:{service.name}]",
            f"command={_command([interpreter(), '-m', 'cockpit.stack.launch', service.name])}",
            "autostart=false",
            "autorestart=true",
            f"startsecs={START_SECONDS}",
            f"startretries={START_RETRIES}",
            f"stopsignal={service.stop_signal}",
            f"stopwaitsecs={service.stop_seconds}",
            f"stopasgroup={str(service.stop_children_too).lower()}",
            "killasgroup=true",
            "redirect_stderr=true",
            # supervisord expands this value twice.
            f"stdout_logfile={_value(_value(settings.log_of(service.name)))}",
            "stdout_logfile_maxbytes=20MB",
            "stdout_logfile_backups=3",
        ]
    return "\n".join(lines) + "\n"


def _value(path: object) -> str:
    # supervisord expands %(...)s and takes " ;" for the beginning of a comment.
    text = str(path)
    if " ;" in text or "\n" in text:
        raise StackError(_("this path cannot be used"), where=text, fix=_("Set COCKPIT_HOME to another folder."))
    return text.replace("%", "%%")


def _command(words: Sequence[str]) -> str:
    return _value(shlex.join(words))


class Supervisor:
    """The supervisor of one home."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def is_running(self) -> bool:
        """Whether it answers."""
        try:
            with self._rpc() as rpc:
                rpc.getState()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False
        return True

    def start(self, services: Sequence[Service]) -> None:
        """Start the supervisor itself; services are started one by one.

        Raises:
            StackError: it does not come up, with the last line of its log.
        """
        config = self._settings.run / "supervisord.conf"
        descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(render_config(self._settings, services))
        self._settings.socket.unlink(missing_ok=True)
        done = subprocess.run(
            [interpreter(), "-m", "supervisor.supervisord", "-c", str(config)],
            env=_inherited() | self._settings.base_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        deadline = time.monotonic() + 15
        while done.returncode == 0 and time.monotonic() < deadline:
            if self.is_running():
                return
            time.sleep(0.05)
        log = self._settings.log_of(LOG)
        lines = (done.stdout + done.stderr).strip().splitlines() or tail(log, 1)
        raise StackError(
            _("the process supervisor does not start: {reason}", reason=lines[-1] if lines else "?"), where=str(log)
        )

    def start_service(self, name: str) -> None:
        """Start a service unless it is alive; does not wait for it."""
        with self._rpc() as rpc, contextlib.suppress(xmlrpc.client.Fault):
            rpc.startProcess(name, False)

    def stop_services(self, names: Sequence[str]) -> None:
        """Stop services together and wait for them."""
        with self._rpc() as rpc:
            for name in names:
                try:
                    rpc.stopProcess(name, False)
                except xmlrpc.client.Fault as fault:
                    if fault.faultCode not in (Faults.NOT_RUNNING, Faults.BAD_NAME):
                        raise
        # The supervisor kills what does not stop in its time; this is only a bound on our patience.
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if not any(state.pid for state in self.states().values() if state.name in names):
                return
            time.sleep(0.1)

    def shutdown(self) -> None:
        """End the supervisor; its services should be stopped already."""
        with self._rpc() as rpc:
            process = psutil.Process(rpc.getPID())
            rpc.shutdown()
        # It stops answering before it ends.
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(timeout=90)

    def states(self) -> dict[str, ProcessState]:
        """All services by name; empty when the supervisor does not answer."""
        try:
            with self._rpc() as rpc:
                answers: list[dict[str, Any]] = rpc.getAllProcessInfo()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return {}
        return {
            answer["name"]: ProcessState(
                name=answer["name"], state=answer["statename"], pid=answer["pid"], started_at=answer["start"]
            )
            for answer in answers
        }

    def crashes(self) -> dict[str, crashes.Crashes]:
        """Crashes by service since the last start."""
        log = self._settings.log_of(LOG)
        rotated = log.with_name(log.name + ".1")
        text = "".join(each.read_text(errors="replace") for each in (rotated, log) if each.exists())
        return crashes.parse(text)

    @contextlib.contextmanager
    def _rpc(self) -> Iterator[Any]:
        transport = SupervisorTransport(  # type: ignore[no-untyped-call]
            None, None, serverurl=f"unix://{self._settings.socket}"
        )
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            yield proxy.supervisor
        finally:
            transport.close()  # type: ignore[no-untyped-call]


def _inherited() -> dict[str, str]:
    """The user's environment without what services must not get."""
    return {
        name: value for name, value in os.environ.items() if name not in ("COCKPIT_DB_URL", "PYTHONDONTWRITEBYTECODE")
    }


def tail(log: Path, count: int) -> list[str]:
    """The last lines of a log that say something."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 64_000))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]
