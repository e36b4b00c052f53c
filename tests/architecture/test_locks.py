"""The locks install the very packages that were tested, from whichever index a user has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cockpit.rulebook.workspace import REPOSITORY

FOLDER = REPOSITORY / "requirements"
LOCKS = sorted(FOLDER.glob("*.txt"))


def requirements(lock: Path) -> dict[str, str]:
    """Name -> the whole entry, from its first line to the last hash."""
    text = re.sub(r"(?m)^\s*#.*\n", "", lock.read_text(encoding="utf-8")).replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line.strip()]
    return {re.split(r"[=\[; ]", entry, maxsplit=1)[0].lower(): entry for entry in entries}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_pinned_and_hashed(lock: Path) -> None:
    entries = requirements(lock)
    assert entries
    wrong = [name for name, entry in entries.items() if not re.search(r"==\S+.*--hash=sha256:[0-9a-f]{64}", entry)]
    assert wrong == []


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.name)
def test_no_index_is_named(file: Path) -> None:
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    assert [
        line for line in lines if "://" in line or re.match(r"\s*(-i|-f|--[\w-]*index\S*|--find-links)\b", line)
    ] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_the_lock_holds_what_is_asked_for(lock: Path) -> None:
    asked = {
        re.split(r"[<>=~\[; ]", line, maxsplit=1)[0].lower().replace("_", "-")
        for line in lock.with_suffix(".in").read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith(("#", "-"))
    }
    assert asked - set(requirements(lock)) == set()
