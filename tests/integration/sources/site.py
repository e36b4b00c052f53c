"""A workspace in a folder, made by a test, and what it asks of its database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from psycopg2.extensions import connection as PgConnection

from cockpit.rulebook.workspace import Workspace, load_workspace
from cockpit.sources.load import LoadResult, load_entity
from cockpit.sources.loading.ledger import BatchResult
from cockpit.sources.loading.window import Interval


def described(**types: str) -> dict[str, dict[str, str]]:
    """Columns as a source file declares them."""
    return {name: {"type": kind, "description": name * 3, "description_zh": name} for name, kind in types.items()}


@dataclass
class Site:
    """A workspace in a folder, with its database open."""

    folder: Path
    warehouse: PgConnection
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    def declare(self, source: str, connector: str, entities: dict[str, Any], **more: str) -> None:
        self.sources[source] = {
            "source": source, "title": source, "title_zh": source, "owner": "tests", "connector": connector,
            **more, "entities": entities,
        }  # fmt: skip

    @property
    def workspace(self) -> Workspace:
        folder = self.folder / "sources"
        folder.mkdir(exist_ok=True)
        for name, source in self.sources.items():
            (folder / f"{name}.yml").write_text(
                yaml.safe_dump(source, allow_unicode=True, sort_keys=False), encoding="utf-8"
            )
        file = self.folder / "workspace.yml"
        settings = {
            "workspace": "site", "title": "Site", "title_zh": "测试", "warehouse": "site_warehouse",
            "sources": "sources", "models": "models", "currency": "CNY", "time_zone": "Asia/Shanghai",
        }  # fmt: skip
        file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        load_workspace.cache_clear()
        return load_workspace(file)

    def load(
        self,
        entity: str,
        *,
        full: bool = False,
        interval: Interval | None = None,
        on_batch: Callable[[BatchResult], None] | None = None,
    ) -> LoadResult:
        source, _, name = entity.partition(".")
        return load_entity(self.workspace, source, name, "test-run", full=full, interval=interval, on_batch=on_batch)

    def query(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self.warehouse, self.warehouse.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    def raw(self, table: str) -> list[tuple[Any, ...]]:
        """Key and payload of all rows, in key order."""
        return self.query(f"select key, payload from raw.{table} order by key")

    def assert_balanced(self) -> None:
        """The ledger agrees with raw: each batch's loaded rows are still there or replaced by a later batch."""
        tables = self.query("select source, entity from ops.import_batch group by source, entity")
        for source, entity in tables:
            rows = self.query(
                f"""
                select batch_id, loaded, coalesce(held, 0), coalesce(replaced, 0)
                from ops.import_batch
                left join (select batch_id, count(*) as held from raw.{source}__{entity} where deleted_at is null group by batch_id) as present
                    using (batch_id)
                left join (select batch_id, sum(row_count) as replaced from ops.batch_replacement group by batch_id)
                    as gone using (batch_id)
                where source = %s and entity = %s
                """,
                (source, entity),
            )
            unbalanced = [row for row in rows if row[1] != row[2] + row[3]]
            assert not unbalanced, f"{source}.{entity}: batch, loaded, held, replaced: {unbalanced}"
