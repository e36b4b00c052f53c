"""Choose free ports once and remember them; say who holds a port that is taken."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

import psutil

from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.stack.secret_files import write_private
from cockpit.stack.settings import Ports, Settings

# Further ports tried upwards from the preferred one, at the first start only.
_ATTEMPTS = 100


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the services do it: a connection in TIME_WAIT does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose(preferred: int, taken: set[int], free: Callable[[int], bool]) -> int:
    """The first free port from the preferred one upwards.

    Raises:
        StackError: none of the next hundred is free.
    """
    for port in range(preferred, min(preferred + _ATTEMPTS, 65536)):
        if port not in taken and free(port):
            return port
    raise StackError(
        _("no free port from {first} upwards", first=preferred), fix=_("Stop a server or set COCKPIT_*_PORT.")
    )


def holder(port: int) -> str:
    """Who listens on a port, for example `nginx (process 4711)`; processes of other users may stay unnamed."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                # Some programs put their whole command line into their name.
                name = psutil.Process(connection.pid).name()[:40]
                return _("{name} (process {pid})", name=name, pid=connection.pid)
    except psutil.Error:
        pass
    return _("another user's process")


def settle(settings: Settings, starting: Collection[str]) -> Settings:
    """Fix the ports of services that are about to start.

    At the first start the next free port is taken. Later the remembered one is kept even when it is taken:
    Superset's stored connection and people's bookmarks hold it, so a silent move would break both.

    Args:
        starting: Names of the ports whose services start now; the others are not looked at once chosen.

    Raises:
        StackError: a remembered port or one set by a variable is taken; names its holder.
    """
    file = settings.run / "ports.json"
    is_first = not file.exists()
    chosen: dict[str, int] = {}

    def free_from(port: int) -> int:
        return choose(port, set(chosen.values()), lambda number: is_free(settings.bind, number))

    for name, port in settings.ports.model_dump().items():
        if is_first and name not in settings.fixed_ports:
            chosen[name] = free_from(port)
        elif name in starting and not is_free(settings.bind, port):
            raise StackError(
                _("port {port} is taken by {holder}", port=port, holder=holder(port)),
                where=name,
                fix=_(
                    "Stop it, or move the service: {variable}={port} ./cockpit up",
                    variable=f"COCKPIT_{name.upper()}_PORT",
                    port=free_from(port + 1),
                ),
            )
        else:
            chosen[name] = port
    ports = Ports(**chosen)
    write_private(file, ports.model_dump_json(indent=1) + "\n")
    return settings.model_copy(update={"ports": ports})
