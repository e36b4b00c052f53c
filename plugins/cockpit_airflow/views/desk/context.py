"""Rules and models as the files say now: the pages live for weeks, a rule is saved at any time."""

from __future__ import annotations

import threading
from pathlib import Path

from cockpit.pipelines.run_context import run_context
from cockpit.rulebook.workspace import find_workspace, load_workspace
from cockpit.warehouse.runner import BuildContext

_ENDINGS = (".yml", ".sql", ".csv")


class _Watched:
    """What the files looked like when they were read last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: frozenset[tuple[str, int, int]] = frozenset()

    def context(self) -> BuildContext:
        with self._lock:
            workspace = find_workspace()
            state = _state(workspace.folder) | _state(workspace.models_folder)
            if self._state and state != self._state:
                load_workspace.cache_clear()
            context = run_context(find_workspace(), run_id="desk")
            self._state = state
            return context


_watched = _Watched()


def desk_context() -> BuildContext:
    """Workspace, models and clock for one request.

    Raises:
        RuleFileError: a file is wrong; says which and where.
    """
    return _watched.context()


def _state(folder: Path) -> frozenset[tuple[str, int, int]]:
    found = set()
    for file in folder.rglob("*"):
        if file.suffix in _ENDINGS:
            seen = file.stat()
            found.add((str(file), seen.st_mtime_ns, seen.st_size))
    return frozenset(found)
