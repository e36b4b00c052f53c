"""Run a program and watch how much memory it and the processes that it starts take."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_EVERY_SECONDS = 0.05
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def run_measured(command: Sequence[str], environ: Mapping[str, str]) -> tuple[dict[str, Any], float]:
    """The JSON object that a program prints when it is done, and its peak memory until then.

    What it does after that line, such as writing results for us, is not watched.

    Returns:
        The object, and MB of resident memory, all its processes together.

    Raises:
        RuntimeError: it ended without that line, or failed after it.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environ}) as process:
        watch = _Watch(process.pid)
        watch.start()
        told = None
        for line in process.stdout or ():
            if line.startswith("{"):
                told = json.loads(line)
                break
        watch.stop()
        process.communicate()
    if told is None or process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}")
    return told, watch.peak / 1e6


class _Watch(threading.Thread):
    """Samples the memory of a process and its descendants until told to stop; bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self.peak = max(self.peak, _resident(self._pid))

    def stop(self) -> None:
        """Sample no more."""
        self._ended.set()
        self.join()


def _resident(pid: int) -> int:
    """Bytes of a process and all below it; one that ended meanwhile counts nothing."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text(encoding="ascii").split()
        ]
    except (OSError, IndexError):
        return 0
    return pages * _PAGE_BYTES + sum(_resident(child) for child in children)
