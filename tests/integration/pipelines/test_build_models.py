"""Building chosen models without loading, what is remembered of it, and what is explained."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import TerminalError
from cockpit.pipelines.build_models import build_models, longest_first
from cockpit.pipelines.explain_model import last_build_facts
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.steps import due_models
from cockpit.rulebook.workspace import find_workspace
from cockpit.warehouse.builds import Build
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.selection import select
from tests.conftest import Postgres
from tests.workspaces import WorkspaceDatabase, make_workspace_database

AS_OF = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "test_build_models")


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """The file that events of builds are written to."""
    return tmp_path / "told" / "events.jsonl"


@pytest.fixture
def context(database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: Path) -> BuildContext:
    monkeypatch.setenv("COCKPIT_OPENLINEAGE", str(told))
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", database.dsn("cockpit_etl"))
    monkeypatch.setenv("COCKPIT_DATA_DOCS", str(tmp_path))
    monkeypatch.delenv("COCKPIT_HOME", raising=False)
    return run_context(find_workspace("huaxing"), as_of=AS_OF, run_id="test")


def build(context: BuildContext, *selectors: str, full: bool = False) -> dict[str, Build]:
    found: list[Build] = []
    build_models(context, select(context.graph, selectors), found.append, full=full)
    return {each.model: each for each in found}


def reason(context: BuildContext, model: str) -> tuple[str, str]:
    facts = last_build_facts(context, context.graph[model])
    assert facts
    return facts.reason, facts.about


def test_chosen_models_are_built_and_what_happened_is_told(database: WorkspaceDatabase, context: BuildContext) -> None:
    with pytest.raises(TerminalError, match=r"mart_receipt_daily: core\.core_receipt has never been built\. Build it"):
        build(context, "mart_receipt_daily")
    before = build(context, "+mart_receipt_daily")
    # The checks of the cross reference ask for golden customers.
    assert "core_customer" in before
    assert {each.kind for each in before.values()} == {"full"}
    assert reason(context, "mart_receipt_daily") == ("first", "")
    assert last_build_facts(context, context.graph["core_order"]) is None

    again = build(context, "+mart_receipt_daily")
    assert {each.kind for each in again.values()} == {"fresh"}
    assert {each.reason for each in again.values()} == {"unchanged"}
    facts = last_build_facts(context, context.graph["mart_receipt_daily"])
    assert facts
    assert facts.looked_at

    assert {each.kind for each in build(context, "mart_receipt_daily", full=True).values()} == {"full"}
    assert reason(context, "mart_receipt_daily") == ("asked", "")


def test_what_hangs_on_a_change_is_due_and_the_rest_is_noted_as_fresh(
    database: WorkspaceDatabase, context: BuildContext
) -> None:
    names = list(build(context, "+mart_receipt_daily"))
    names = [model.name for model in context.graph.models.values() if model.name in names]
    assert due_models(context, names) == []
    noted = "select distinct model from ops.model_build where run_id = %s and kind = 'fresh'"
    fresh_run = replace(context, run_id="all fresh")
    assert due_models(fresh_run, names) == []
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(noted, ("all fresh",))
        assert {name for (name,) in cursor.fetchall()} == set(names)
        cursor.execute("delete from ops.model_build where model = 'core_receipt'")
        connection.commit()
        one_run = replace(context, run_id="one is due")
        due = due_models(one_run, names)
        # Behind it in the same order; what it reads is left alone.
        assert due == [name for name in names if name in {"core_receipt", *due}]
        assert {"core_receipt", "mart_receipt_daily"} <= set(due) < set(names)
        reading = {"core_receipt"}
        for name in names:
            if any(upstream.name in reading for upstream in context.graph.upstream(context.graph[name])):
                reading.add(name)
        assert set(due) == reading
        cursor.execute(noted, ("one is due",))
        assert {name for (name,) in cursor.fetchall()} == set(names) - set(due)
    assert build(context, *due)["core_receipt"].reason == "first"


def events(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def require_openlineage(event: dict[str, Any]) -> None:
    """What the specification 2-0-2 asks of a run event and of every facet."""
    assert {"eventTime", "producer", "schemaURL", "run", "job"} <= set(event)
    assert event["eventType"] in ("START", "COMPLETE", "FAIL")
    assert datetime.fromisoformat(event["eventTime"]).tzinfo
    assert str(uuid.UUID(event["run"]["runId"])) == event["run"]["runId"]
    assert {"namespace", "name"} <= set(event["job"])
    facets = [*event["run"]["facets"].values(), *event["job"]["facets"].values()]
    for dataset in (*event["inputs"], *event["outputs"]):
        assert {"namespace", "name"} <= set(dataset)
        facets += [*dataset.get("facets", {}).values(), *dataset.get("outputFacets", {}).values()]
    for facet in facets:
        assert facet["_schemaURL"].startswith("https://openlineage.io/spec/facets/")
        assert facet["_producer"]


def test_builds_are_told_with_their_columns(
    database: WorkspaceDatabase, context: BuildContext, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(context, "+mart_receipt_daily")
    told.unlink(missing_ok=True)
    # As Airflow sets them for each task.
    monkeypatch.setenv("AIRFLOW_CTX_DAG_ID", "build_marts")
    monkeypatch.setenv("AIRFLOW_CTX_TASK_ID", "mart_receipt_daily")
    build(context, "mart_receipt_daily", full=True)
    begun, done = events(told)
    require_openlineage(begun)
    require_openlineage(done)
    assert (begun["eventType"], done["eventType"]) == ("START", "COMPLETE")
    assert begun["run"]["runId"] == done["run"]["runId"]
    assert done["job"]["name"] == "marts.mart_receipt_daily"
    assert done["run"]["facets"]["parent"]["job"]["name"] == "build_marts.mart_receipt_daily"
    assert [each["name"] for each in done["inputs"]] == ["test_build_models.core.core_receipt"]
    (output,) = done["outputs"]
    assert output["name"] == "test_build_models.marts.mart_receipt_daily"
    assert output["namespace"] == done["inputs"][0]["namespace"]
    columns = output["facets"]["columnLineage"]["fields"]
    (origin,) = columns["received_amount"]["inputFields"]
    assert (origin["name"], origin["field"]) == ("test_build_models.core.core_receipt", "amount")
    assert set(columns) == {field["name"] for field in output["facets"]["schema"]["fields"]}
    assert "postgres" in output["namespace"]
    # A password of the database would be in its address.
    assert database.dsn("cockpit_etl").split(":")[2].split("@")[0] not in told.read_text(encoding="utf-8")

    build(context, "mart_receipt_daily")
    assert len(events(told)) == 2, "nothing had to be done"


def test_a_large_file_of_events_begins_anew(context: BuildContext, told: Path) -> None:
    build(context, "+mart_receipt_daily")
    told.parent.mkdir(exist_ok=True)
    told.write_text("x" * 20_000_001)
    build(context, "mart_receipt_daily", full=True)
    assert len(events(told)) == 2
    assert told.with_name("events.jsonl.1").stat().st_size == 20_000_001


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Something that takes events, and what it got."""
    got: list[dict[str, Any]] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Taking) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}/api/v1/lineage", got
        made.shutdown()


def test_events_go_to_a_server_and_a_build_does_not_wait_for_a_dead_one(
    context: BuildContext, server: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, got = server
    build(context, "+mart_receipt_daily")
    monkeypatch.setenv("COCKPIT_OPENLINEAGE", address)
    build(context, "mart_receipt_daily", full=True)
    assert [each["eventType"] for each in got] == ["START", "COMPLETE"]
    # Nobody listens there.
    monkeypatch.setenv("COCKPIT_OPENLINEAGE", "http://127.0.0.1:9/")
    assert build(context, "mart_receipt_daily", full=True)["mart_receipt_daily"].kind == "full"
    monkeypatch.setenv("COCKPIT_OPENLINEAGE", "off")
    build(context, "mart_receipt_daily", full=True)
    assert len(got) == 2


def test_a_model_that_cannot_be_built_stops_the_run(
    database: WorkspaceDatabase, context: BuildContext, told: Path
) -> None:
    build(context, "+mart_receipt_daily")
    with closing(database.connect()) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("alter table core.core_receipt rename column amount to amount_lost")
        try:
            with pytest.raises(TerminalError, match=r"mart_receipt_daily\.sql: the database refused"):
                build(context, "mart_receipt_daily", full=True)
        finally:
            with connection, connection.cursor() as cursor:
                cursor.execute("alter table core.core_receipt rename column amount_lost to amount")
    failed = events(told)[-1]
    require_openlineage(failed)
    assert failed["eventType"] == "FAIL"
    assert "the database refused" in failed["run"]["facets"]["errorMessage"]["message"]


def test_whatever_most_work_waits_for_begins_first(context: BuildContext) -> None:
    chain = select(context.graph, ["core_customer_source+"])
    chosen = [model for model in chain if model.layer == "core"]
    seconds = {model.name: 1.0 for model in chosen} | {"core_customer_source": 0.1}
    ordered = [model.name for model in longest_first(context.graph, chosen, seconds)]
    # It takes the least itself, but everything waits for it.
    assert ordered[0] == "core_customer_source"
    alone = [context.graph["core_target"], context.graph["core_region"]]
    named = [model.name for model in longest_first(context.graph, alone, {"core_target": 1.0, "core_region": 9.0})]
    assert named == ["core_region", "core_target"]
