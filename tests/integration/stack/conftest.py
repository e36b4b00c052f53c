"""A real PostgreSQL under a real supervisor, in a home of its own for each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.stack import lifecycle
from cockpit.stack.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home with the environments that the tests themselves run in."""
    for variable in [name for name in os.environ if name.startswith(("COCKPIT_", "AIRFLOW_"))]:
        if variable != "COCKPIT_ENVIRONMENTS":
            monkeypatch.delenv(variable)
    monkeypatch.setenv("COCKPIT_HOME", str(tmp_path / "home"))
    if "COCKPIT_ENVIRONMENTS" not in os.environ:
        monkeypatch.setenv("COCKPIT_ENVIRONMENTS", str(Path(sys.prefix).parent))
    return tmp_path / "home"


@pytest.fixture
def database(home: Path) -> Iterator[Settings]:
    """Settings of a home whose database runs."""
    settings = lifecycle.up(Settings.load(), services=["postgres"])
    try:
        yield settings
    finally:
        lifecycle.down(settings)
