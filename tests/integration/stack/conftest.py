"""A real PostgreSQL under a real supervisor, in a home of its own for each test."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.stack import lifecycle
from cockpit.stack.settings import Ports, Settings


def prepare_environment(patch: pytest.MonkeyPatch, home: Path) -> None:
    """A home of its own with the environments that the tests run in, on ports that no other stack will take."""
    for variable in [name for name in os.environ if name.startswith(("COCKPIT_", "AIRFLOW_"))]:
        if variable != "COCKPIT_ENVIRONMENTS":
            patch.delenv(variable)
    patch.setenv("COCKPIT_HOME", str(home))
    if "COCKPIT_ENVIRONMENTS" not in os.environ:
        patch.setenv("COCKPIT_ENVIRONMENTS", str(Path(sys.prefix).parent))
    for name in Ports.model_fields:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            patch.setenv(f"COCKPIT_{name.upper()}_PORT", str(probe.getsockname()[1]))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home, nothing in it yet."""
    prepare_environment(monkeypatch, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def database(home: Path) -> Iterator[Settings]:
    """Settings of a home whose database runs."""
    try:
        yield lifecycle.up(Settings.load(), services=["postgres"])
    finally:
        lifecycle.down(Settings.load())
