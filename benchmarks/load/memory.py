"""Load once in a process of its own and print by how many bytes its memory grew at most."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.load.site import FOLDER
from cockpit.rulebook.workspace import load_workspace
from cockpit.sources.load import load_entity

_STATUS = Path("/proc/self/status")


def main(source: str) -> None:
    """Load its entity `sale`; connections come from the environment."""
    workspace = load_workspace(FOLDER / "workspace" / "workspace.yml")
    # The kernel keeps the greatest size itself; 5 makes it begin anew from here, where all modules are imported.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    idle = _kilobytes("VmRSS")
    load_entity(workspace, source, "sale", "bench-memory")
    print((_kilobytes("VmHWM") - idle) * 1024)


def _kilobytes(name: str) -> int:
    found = re.search(rf"(?m)^{name}:\s+(\d+) kB$", _STATUS.read_text(encoding="ascii"))
    if found is None:
        raise RuntimeError(f"{_STATUS} does not tell {name}")
    return int(found[1])


if __name__ == "__main__":
    main(sys.argv[1])
