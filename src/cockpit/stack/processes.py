"""Find and end the processes of one home, also those whose supervisor was killed."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterable, Sequence

import psutil

from cockpit.stack import postgres
from cockpit.stack.settings import Settings

logger = logging.getLogger(__name__)

_MARK = "COCKPIT_STACK_ID"


def leftovers(settings: Settings) -> list[psutil.Process]:
    """Every process of this home, the database server and its children last.

    Processes are known by a variable in their environment. The database server's children overwrite theirs and
    run as another user, so they are found through the server's lock file and as its children.
    """
    server = postgres.running_postmaster(settings)
    database = [server, *_children(server)] if server is not None else []
    found = [process for process in psutil.process_iter() if _is_ours(process, settings.stack_id)]
    family = {process.pid: process for each in found for process in (each, *_children(each))}
    for process in database:
        family.pop(process.pid, None)
    mine = {process.pid for process in _ancestry()}
    return [*(process for pid, process in family.items() if pid not in mine), *database]


def _is_ours(process: psutil.Process, stack_id: str) -> bool:
    try:
        return process.environ().get(_MARK) == stack_id
    except (psutil.Error, OSError):
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _ancestry() -> list[psutil.Process]:
    """This command itself and what started it: a task of Airflow may call the command line."""
    this = psutil.Process()
    return [this, *this.parents()]


def end(processes: Sequence[psutil.Process], settings: Settings, seconds: float = 8) -> int:
    """Ask processes to end, the database server after its clients, and kill those that do not.

    Patience is short: without a supervisor nobody reads their output, and some hang on that when they end.

    Returns:
        How many there were.
    """
    server = postgres.running_postmaster(settings)
    database = {server.pid, *(child.pid for child in _children(server))} if server is not None else set()
    clients = [process for process in processes if process.pid not in database]
    # Parents end their children in the order that they need; a child that ends first would look like a crash.
    members = {process.pid for process in clients}
    heads = [process for process in clients if _parent_id(process) not in members]
    _end(heads, signal.SIGTERM, clients, seconds)
    if server is not None:
        # Only the server is told: it ends its children itself, and a signal to them would look like a crash.
        _end([server], signal.SIGINT, [server, *_children(server)], max(seconds, 60))
    return len(processes)


def _end(
    told: Iterable[psutil.Process], how: signal.Signals, awaited: Sequence[psutil.Process], seconds: float
) -> None:
    _signal(told, how)
    _gone, alive = psutil.wait_procs(awaited, timeout=seconds)
    if alive:
        logger.warning("killing %s processes that did not end within %s s", len(alive), seconds)
        _signal(alive, signal.SIGKILL)
        psutil.wait_procs(alive, timeout=10)


def _parent_id(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None


def _signal(processes: Iterable[psutil.Process], how: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(how)
        except psutil.NoSuchProcess:
            continue


def memory_mb(pid: int) -> float | None:
    """Memory of a process and its children in MB, shared pages divided among those that share them (PSS)."""
    try:
        root = psutil.Process(pid)
    except psutil.Error:
        return None
    return sum(_proportional_memory(process) for process in (root, *_children(root))) / 2**20


def own_memory_mb(pid: int) -> float | None:
    """Memory of one process alone in MB."""
    try:
        return _proportional_memory(psutil.Process(pid)) / 2**20
    except psutil.Error:
        return None


def _proportional_memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        # PSS exists on Linux only; private memory is the closest thing elsewhere.
        return int(getattr(full, "pss", 0) or full.uss)
    except psutil.AccessDenied:
        # Another user's process without the right to look into it: resident minus shared is close.
        info = process.memory_info()
        return int(info.rss - getattr(info, "shared", 0))
    except psutil.Error:
        return 0
