"""The workspace of a small shop, whose source and models a test gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from cockpit.rulebook.workspace import REPOSITORY

_WORKSPACE = """
    workspace: shop
    title: Shop
    title_zh: 商店
    warehouse: shop_warehouse
    sources: sources
    models: models
    currency: CNY
    time_zone: Asia/Shanghai
"""


def write_shop(folder: Path, files: Mapping[str, str]) -> None:
    """Write workspace.yml and further files, by their paths in the folder; the connection id is `shop_warehouse`."""
    for name, text in {"workspace.yml": _WORKSPACE, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "security").symlink_to(REPOSITORY / "include" / "sql" / "security")
