"""Settings of a home in a temporary folder, with secrets; nothing is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.stack import secret_files
from cockpit.stack.settings import Settings, make_folders


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "home", environments=tmp_path / "env")
    make_folders(made)
    secret_files.ensure(made)
    return made
