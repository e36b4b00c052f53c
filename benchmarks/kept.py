"""The figures of a benchmark as they are kept: one file for programs, one page for people."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def keep(name: str, result: Mapping[str, object], page: Sequence[str]) -> None:
    """Write `<name>.json` and the lines of `<name>.md`, which end with a line end."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(result, indent=2, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    (RESULTS / f"{name}.md").write_text("\n".join(page).rstrip("\n") + "\n", encoding="utf-8")


def machine() -> str:
    """What it was measured on."""
    return f"{platform.machine()}, {os.cpu_count()} cores"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> list[str]:
    """A table of a page; columns from that number on hold figures."""
    rule = ["---:" if place >= numbers_from else "---" for place in range(len(header))]
    return [f"| {' | '.join(header)} |", f"|{'|'.join(rule)}|", *(f"| {' | '.join(row)} |" for row in rows)]
