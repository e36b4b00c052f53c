"""What stewards decide, from the decision to the marts, in one step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from cockpit.mdm.decisions import Author, merge
from cockpit.pipelines import steps
from cockpit.pipelines.downstream import apply_decisions, reached_by_decisions
from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from tests.conftest import Postgres
from tests.integration.mdm.conftest import MasterData
from tests.sql.database import context_of, drop_database, use_as_warehouse
from tests.workspaces import make_workspace_database

NAME = "cockpit_test_decisions"


@pytest.fixture
def master(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[MasterData]:
    """Every table of the company is built and empty."""
    database = make_workspace_database(postgres, NAME)
    use_as_warehouse(database, monkeypatch)
    context = context_of(load_workspace(REPOSITORY / "include" / "workspace.yml"), datetime(2026, 3, 5, tzinfo=UTC))
    prepare(context)
    for model in context.graph.models.values():
        steps.build_model(context, model.name)
        if model.is_gated:
            steps.check_models(context, [model])
    with closing(database.connect()) as connection:
        yield MasterData(connection, context)
    drop_database(postgres, NAME)


def test_a_decision_reaches_the_marts(master: MasterData) -> None:
    master.deliver({"key": "crm:1", "name": "东方仪表厂"}, {"key": "erp:1", "name": "西域水泵行"})
    builds = apply_decisions(master.context)
    assert [build.model for build in builds] == [model.name for model in reached_by_decisions(master.context.graph)]
    assert len(set(master.ids().values())) == 2
    assert {build.kind for build in apply_decisions(master.context)} == {"fresh"}

    merge(master.connection, "customer", "crm:1", "erp:1", Author("li.na", "desk"), "one licence")
    changed = {build.model for build in apply_decisions(master.context) if build.changed}
    assert {"core_customer_source", "core_customer"} <= changed
    assert len(set(master.ids().values())) == 1
