"""A workspace with models in a temporary folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cockpit.rulebook.workspace import Workspace, load_workspace
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.models import ModelGraph

SOURCE: dict[str, Any] = {
    "source": "erp", "title": "ERP", "title_zh": "ERP", "owner": "sales", "connector": "sql", "connection": "erp",
    "entities": {
        "sale": {
            "table": "sale",
            "key": ["sale_id"],
            "columns": {
                "sale_id": {"type": "bigint", "required": True, "description": "Number", "description_zh": "编号"},
                "shop": {"type": "text", "description": "Shop", "description_zh": "门店"},
                "amount": {"type": "numeric", "description": "Amount", "description_zh": "金额"},
            },
            "conforms_to": {
                "sale": {"key": ["sale_id"], "columns": {"sale_key": "cast(sale_id as text)", "amount": "amount"}},
            },
        }
    },
}  # fmt: skip


def contract(table: str, *columns: str, **more: Any) -> dict[str, Any]:
    """A contract whose columns are all texts and whose grain is the first one."""
    return {
        "table": table, "description": table, "description_zh": table, "grain": [columns[0]], "owner": "tests",
        "columns": {name: {"type": "text", "description": name * 3, "description_zh": name} for name in columns},
        **more,
    }  # fmt: skip


class ModelFolder:
    """Files of a workspace; each model is given as its contract and its SQL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source: dict[str, Any] = SOURCE
        self.add("staging", contract("stg_sale", "source", "source_key", "sale_key", "amount"))

    def add(self, layer: str, model: Mapping[str, Any], sql: str | None = None) -> None:
        folder = self.folder / "sql" / layer
        folder.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(dict(model), allow_unicode=True, sort_keys=False)
        (folder / f"{model['table']}.yml").write_text(text, encoding="utf-8")
        if sql is not None:
            (folder / f"{model['table']}.sql").write_text(sql, encoding="utf-8")

    def add_metric(self, metric: str, **keys: Any) -> None:
        """A file with one metric; keys that do not matter are filled in."""
        folder = self.folder / "metrics"
        folder.mkdir(parents=True, exist_ok=True)
        written = {
            "id": metric, "name": metric, "name_zh": "指标", "description": metric * 3, "description_zh": "指标",
            "unit": "rows", "format": "number", "direction": "none", "owner": "tests", **keys,
        }  # fmt: skip
        text = yaml.safe_dump({"metrics": [written]}, allow_unicode=True, sort_keys=False)
        (folder / f"{metric}.yml").write_text(text, encoding="utf-8")

    def workspace(self) -> Workspace:
        sources = self.folder / "sources"
        for folder in (sources, self.folder / "metrics"):
            folder.mkdir(exist_ok=True)
        (sources / "erp.yml").write_text(
            yaml.safe_dump(self.source, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        file = self.folder / "workspace.yml"
        settings = {
            "workspace": "made", "title": "Made", "title_zh": "测试", "warehouse": "warehouse", "sources": "sources",
            "metrics": "metrics", "models": "sql", "currency": "CNY", "time_zone": "Asia/Shanghai", "parameters": {"threshold": 0.8},
        }  # fmt: skip
        file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        load_workspace.cache_clear()
        return load_workspace(file)

    def load(self) -> ModelGraph:
        return load_models(self.workspace())
