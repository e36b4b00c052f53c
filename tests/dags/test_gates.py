"""The gate between two layers in Airflow: red where a check failed, skipped behind it, the rest goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cockpit.pipelines import steps
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from tests.conftest import Postgres
from tests.dags.airflow_api import make_metadata
from tests.integration.quality.core_rows import fill_core
from tests.sql.database import Warehouse, context_of, drop_database, make_template, use_as_warehouse
from tests.workspaces import WorkspaceDatabase

DATABASE = "test_gate_dags"
MARTS = "cockpit://warehouse/marts"


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> Iterator[WorkspaceDatabase]:
    """Core with a few rows; no mart has been built."""
    workspace = load_workspace(REPOSITORY / "include" / "workspace.yml")
    made = make_template(postgres, DATABASE, workspace)
    with closing(made.connect()) as connection:
        fill_core(Warehouse(connection), context_of(workspace, datetime.fromisoformat("2026-03-05T10:00+08:00")))
    yield made
    drop_database(postgres, DATABASE)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that events of builds are written to."""
    return tmp_path_factory.mktemp("told") / "events.jsonl"


@pytest.fixture(scope="module")
def run(
    postgres: Postgres, database: WorkspaceDatabase, told: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Any]]:
    """Runs a DAG; each state by task, and the assets that were announced so far."""
    metadata = make_metadata(postgres.settings, tmp_path_factory.mktemp("airflow"))
    warehouse = {"AIRFLOW_CONN_WAREHOUSE": database.dsn("cockpit_etl"), "COCKPIT_OPENLINEAGE": str(told)}
    # Nobody answers there: a Superset that happens to run is left alone.
    environment = {**metadata, **warehouse, "COCKPIT_SUPERSET_PORT": "1"}
    script = Path(__file__).with_name("run_dag.py")

    def run_dag(dag_id: str) -> dict[str, Any]:
        result = subprocess.run(
            [sys.executable, str(script), str(REPOSITORY / "dags"), dag_id],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, result.stderr[-3000:]
        return dict(json.loads(result.stdout.splitlines()[-1]))

    return run_dag


def test_a_failed_check_of_core_skips_what_hangs_on_it(
    run: Callable[[str], dict[str, Any]], database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_as_warehouse(database, monkeypatch)
    context = context_of(
        load_workspace(REPOSITORY / "include" / "workspace.yml"), datetime.fromisoformat("2026-03-05T10:00+08:00")
    )
    with closing(database.connect()) as connection:
        warehouse = Warehouse(connection)
        warehouse.execute("update core.core_receipt set amount = -5")
        assert steps.check_models(context, [context.graph["core_receipt"]])[0].stop
        done = run("build_marts")
        assert done["run"] == "success", done
        assert done["assets"].count(MARTS) == 1
        assert done["tasks"].pop("checks") == "success"
        # Nothing was stopped among the marts themselves.
        assert done["tasks"].pop("stopped") == "skipped"
        # That nobody can be asked for their first view is no fault of the build.
        assert done["tasks"].pop("first_views") == "success"
        skipped = {name for name, state in done["tasks"].items() if state == "skipped"}
        receipt = context.graph["core_receipt"]
        assert skipped == {mart.name for mart in context.graph.layer("marts") if receipt in context.graph.gates(mart)}
        assert skipped >= {"mart_receipt_daily", "mart_region_attainment"}
        assert set(done["tasks"].values()) == {"success", "skipped"}
        assert warehouse.query("select count(*) from marts.mart_lead") == [(1,)]


def test_a_failed_check_makes_the_run_red_and_the_layer_is_announced(
    run: Callable[[str], dict[str, Any]], database: WorkspaceDatabase, told: Path
) -> None:
    with closing(database.connect()) as connection:
        warehouse = Warehouse(connection)
        # Built from core as it is, with an amount that no mart may show.
        warehouse.execute("update core.core_receipt set amount = -5")
        warehouse.execute("delete from ops.model_build where model = 'core_receipt' and kind = 'check'")
        done = run("build_marts")
        assert done["run"] == "failed", done
        assert done["tasks"]["checks"] == "success"
        assert done["tasks"]["stopped"] == "failed"
        assert done["tasks"]["mart_receipt_daily"] == "success"
        assert MARTS in done["assets"]
        # Each build is told as an event, with its task and the columns that its columns come from.
        events = [json.loads(line) for line in told.read_text(encoding="utf-8").splitlines()]
        (event,) = (
            each
            for each in events
            if each["job"]["name"] == "marts.mart_receipt_daily" and each["eventType"] == "COMPLETE"
        )
        assert event["run"]["facets"]["parent"]["job"]["name"] == "build_marts.mart_receipt_daily"
        (output,) = event["outputs"]
        (origin,) = output["facets"]["columnLineage"]["fields"]["received_amount"]["inputFields"]
        assert (origin["name"], origin["field"]) == (f"{DATABASE}.core.core_receipt", "amount")
