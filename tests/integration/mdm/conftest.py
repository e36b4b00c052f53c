"""A workspace database in which customers are matched; each test works in a fresh copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.mdm.decisions import Author
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse import builds
from cockpit.warehouse.builds import Build
from cockpit.warehouse.runner import BuildContext, build
from tests.conftest import Postgres
from tests.sql.database import Warehouse, context_of, copy_database, drop_database, make_template, use_as_warehouse
from tests.workspaces import WorkspaceDatabase

TEMPLATE, COPY = "test_mdm_template", "test_mdm"
LI_NA, WANG = Author("li.na", "desk"), Author("wang.wei", "cli")
AS_OF = datetime.fromisoformat("2026-03-05T10:00+08:00")


class MasterData(Warehouse):
    """Customers of staging and what is built from them."""

    def __init__(self, connection: PgConnection, context: BuildContext) -> None:
        super().__init__(connection)
        self.context = context

    def deliver(self, *rows: Mapping[str, Any]) -> None:
        """Add or replace customers: `key` is `source:key`, the other names are columns of stg_customer."""
        self.remove(*(row["key"] for row in rows))
        for row in rows:
            source, key = row["key"].split(":")
            values = {name: value for name, value in row.items() if name != "key"}
            self.insert("staging.stg_customer", [{"source": source, "source_key": key, "customer_key": key, **values}])

    def remove(self, *keys: str) -> None:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(
                "delete from staging.stg_customer where source || ':' || source_key = any(%s)", (list(keys),)
            )
            builds.note_changed_rows(cursor, "staging.stg_customer", keys, "test", AS_OF)
            # As a build of staging notes them for the cross reference.
            cursor.execute(
                "insert into ops.changed_key (build_id, model, columns, key)"
                " select build_id, model, 'source,source_key',"
                " jsonb_build_array(split_part(key ->> 0, ':', 1), split_part(key ->> 0, ':', 2)) from ops.changed_key"
                " where build_id = (select max(build_id) from ops.changed_key) and columns = 'key'"
            )

    def build(self, *models: str, as_of: datetime = AS_OF, full: bool = False) -> list[Build]:
        context = replace(self.context, as_of=as_of)
        names = models or ("core_customer_source", "core_customer", "core_customer_value", "core_customer_history")
        return [build(self.connection, self.context.graph[name], context, full=full) for name in names]

    def ids(self) -> dict[str, str]:
        """Record -> its golden id."""
        return dict(self.query("select source || ':' || source_key, customer_key from core.core_customer_source"))

    def groups(self) -> list[list[str]]:
        """The records of each golden customer."""
        found: dict[str, list[str]] = {}
        for record, golden in sorted(self.ids().items()):
            found.setdefault(golden, []).append(record)
        return sorted(found.values())

    def events(self, since: int = 0) -> list[tuple[Any, ...]]:
        return self.query(
            "select kind, golden_id, other_id, record_id from mdm.id_event where event_id > %s order by event_id",
            [since],
        )

    def last_event(self) -> int:
        return int(self.query("select coalesce(max(event_id), 0) from mdm.id_event")[0][0])

    def state(self) -> Sequence[Sequence[tuple[Any, ...]]]:
        """All that follows from events."""
        return [
            self.query("select entity, record_id, golden_id, since from mdm.membership order by 1, 2"),
            self.query("select entity, record_id, golden_id, left_at from mdm.former_member order by 1, 2"),
            self.query("select entity, golden_id, founding_record, born_event, redirect_to, merged_event, is_reused from mdm.golden_id order by 1, 2"),
        ]  # fmt: skip


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> Iterator[WorkspaceDatabase]:
    yield make_template(postgres, TEMPLATE, load_workspace(REPOSITORY / "include" / "workspace.yml"))
    for name in (COPY, TEMPLATE):
        drop_database(postgres, name)


@pytest.fixture
def master(template: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[MasterData]:
    """No customers yet."""
    database = copy_database(template, COPY)
    use_as_warehouse(database, monkeypatch)
    context = context_of(load_workspace(REPOSITORY / "include" / "workspace.yml"), AS_OF)
    with closing(database.connect()) as connection:
        yield MasterData(connection, context)
