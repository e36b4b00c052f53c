"""The folder of Data Docs: where it lies, one writer at a time, files that change as a whole."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "COCKPIT_DATA_DOCS"


def folder_of(workspace: str) -> Path | None:
    """Where a workspace's pages lie, `$COCKPIT_DATA_DOCS/<workspace>`; None without the variable."""
    root = os.environ.get(VARIABLE)
    return Path(root) / workspace if root else None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One writer at a time; the system releases the lock of a process that was killed."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write(path: Path, text: str) -> None:
    """Replace a file as a whole; one that holds this text already is left alone."""
    content = text.encode("utf-8", errors="replace")
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".new", delete=False) as handle:
        handle.write(content)
    Path(handle.name).replace(path)
