"""Every workspace has the rule files and parameters that the shared models ask for, also the one of the how-to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.model_files import load_models

HOW_TO = REPOSITORY / "docs" / "how-to" / "second-workspace.md"
WRITTEN = [
    REPOSITORY / "include" / "workspace.yml",
    *sorted((REPOSITORY / "examples").glob("*/workspace.yml")),
    REPOSITORY / "benchmarks" / "quality" / "workspace" / "workspace.yml",
]


def require_sound(file: Path) -> None:
    workspace = load_workspace(file)
    assert workspace.faults == []
    assert load_models(workspace).faults == []


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: str(file.relative_to(REPOSITORY).parent))
def test_the_models_find_what_they_need(file: Path) -> None:
    require_sound(file)


def test_the_workspace_of_the_how_to_does_too(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), flags=re.DOTALL)
    (block,) = (block for block in blocks if block.lstrip().startswith("workspace:"))
    (tmp_path / "include").symlink_to(REPOSITORY / "include")
    folder = tmp_path / "examples" / "garden_shop"
    (folder / "sources").mkdir(parents=True)
    indent = " " * (len(block) - len(block.lstrip()))
    (folder / "workspace.yml").write_text(re.sub(f"^{indent}", "", block, flags=re.MULTILINE), encoding="utf-8")
    require_sound(folder / "workspace.yml")
