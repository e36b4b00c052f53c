"""The tools that keep the code in one style and its layers apart find nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.rulebook.workspace import REPOSITORY

PROGRAMS = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("ruff check --no-cache .", id="ruff"),
        pytest.param("ruff format --check --no-cache .", id="ruff format"),
        pytest.param("mypy", id="mypy"),
        pytest.param("lint-imports --no-cache", id="import-linter"),
        pytest.param("yamllint --strict .", id="yamllint"),
        pytest.param("sqlfluff lint --disable-progress-bar include/sql", id="sqlfluff"),
    ],
)
def test_the_tool_finds_nothing(command: str) -> None:
    program, *arguments = command.split()
    result = subprocess.run(
        [str(PROGRAMS / program), *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "plugins"])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout[-4000:]}{result.stderr[-2000:]}"
