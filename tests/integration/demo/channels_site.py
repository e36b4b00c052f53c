"""A workspace of the channels' own source files with a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from psycopg2.extensions import connection as PgConnection

from cockpit.pipelines import steps
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.sources.load import LoadResult
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from tests.quality_rules import copy_quality_rules

RULES = REPOSITORY / "include" / "rules"
SOURCES = ("call_centre", "web_log", "crm_use", "distributors", "bank", "trade_fair", "legacy_crm", "manual")


@dataclass
class ChannelsSite:
    """Loads and stages the channels as the company's own workspace does, without its other sources.

    Attributes:
        folder: Of the workspace file.
        warehouse: Its database.
    """

    folder: Path
    warehouse: PgConnection

    def context(self, as_of: datetime, chosen: Sequence[str] = SOURCES) -> BuildContext:
        sources = self.folder / "sources"
        sources.mkdir(exist_ok=True)
        for name in chosen:
            shutil.copy(RULES / "sources" / f"{name}.yml", sources)
        settings = yaml.safe_load((REPOSITORY / "include" / "workspace.yml").read_text(encoding="utf-8"))
        named = {key: value for key, value in settings.items() if str(value).startswith("rules/")}
        settings |= {key: str(REPOSITORY / "include" / value) for key, value in named.items()}
        settings |= {
            "workspace": "channels",
            "warehouse": "channels_warehouse",
            "sources": "sources",
            "models": str(REPOSITORY / "include" / "sql"),
            "quality": str(copy_quality_rules(self.folder / "quality", chosen)),
        }
        for name in ("security", "completion", "scores"):
            settings.pop(name, None)
        file = self.folder / "workspace.yml"
        file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        load_workspace.cache_clear()
        return run_context(load_workspace(file), as_of=as_of, run_id="channels-test")

    def load(self, context: BuildContext, sources: Sequence[str]) -> dict[str, LoadResult]:
        """Load and stage sources; results by `source.entity`."""
        results: dict[str, LoadResult] = {}
        for source in sources:
            for entity in context.workspace.sources[source].entities:
                results[f"{source}.{entity}"] = steps.load(context, source, entity)
        prepare(context)
        self.build(context, [model for source in sources for model in context.graph.typed(source)])
        return results

    def build(self, context: BuildContext, models: Sequence[Model]) -> None:
        for model in models:
            steps.build_model(context, model.name)
        steps.check_models(context, models)

    def query(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self.warehouse, self.warehouse.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()
