"""The DAGs hold each model once, in the order of the graph, and tell a reader who owns what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cockpit.rulebook.sources import FormSource
from cockpit.rulebook.workspace import REPOSITORY, find_workspace
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.models import ModelGraph

BUILD = "BuildOperator"


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "COCKPIT_"))}
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("describe_dags.py")), str(REPOSITORY / "dags")],
        env={
            **inherited,
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY / "plugins")]),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout[result.stdout.index('{"errors"') :]))


@pytest.fixture(scope="module")
def dags(described: dict[str, Any]) -> dict[str, Any]:
    return dict(described["dags"])


@pytest.fixture(scope="module")
def graph() -> ModelGraph:
    return load_models(find_workspace("huaxing"))


def test_every_file_can_be_read(described: dict[str, Any]) -> None:
    assert described["errors"] == {}
    sources = find_workspace("huaxing").sources.values()
    expected = {"apply_decisions", "build_core", "build_marts", "keep_house", "measure_quality", "send_messages"}
    for source in sources:
        # Forms come by themselves and are brought to their marts in one task.
        steps = ("refresh",) if isinstance(source, FormSource) else ("load", "stage")
        expected |= {f"{step}_{source.source}" for step in steps}
    assert set(described["dags"]) == expected


def test_each_model_behind_the_typed_ones_is_one_task_of_one_dag(dags: dict[str, Any], graph: ModelGraph) -> None:
    tasks = [
        (task["model"], dag_id)
        for dag_id, dag in dags.items()
        for task in dag["tasks"].values()
        if task["kind"] == BUILD
    ]
    expected = []
    for model in graph.models.values():
        _source, _sign, entity = model.name.removeprefix("stg_").partition("__")
        if model.layer == "marts":
            expected.append((model.name, "build_marts"))
        elif model.layer == "core" or not entity:
            expected.append((model.name, "build_core"))
    assert sorted(tasks) == sorted(expected)


def test_forms_reach_their_marts_in_one_task(dags: dict[str, Any]) -> None:
    refresh = dags["refresh_web_forms"]
    workspace = find_workspace("huaxing")
    raw = {f"cockpit://warehouse/raw/web_forms__{form}" for form in workspace.sources["web_forms"].entities}
    assert set(refresh["waits_for"]) == raw
    assert set(refresh["watchers"]) == raw
    assert list(refresh["tasks"]) == ["refresh"]
    given = set(refresh["tasks"]["refresh"]["outlets"])
    assert {"cockpit://warehouse/staging/stg_lead", "cockpit://warehouse/marts/mart_lead"} < given
    assert "cockpit://warehouse/marts/mart_receipt_daily" not in given


def test_tasks_follow_the_graph(dags: dict[str, Any], graph: ModelGraph) -> None:
    for dag in dags.values():
        for name, task in dag["tasks"].items():
            if task["kind"] == BUILD:
                within = {model.name for model in graph.upstream(graph[name])} & set(dag["tasks"])
                assert within <= _everything_before(dag, name), name


def test_core_hears_of_a_source_when_it_is_typed_and_checked(dags: dict[str, Any]) -> None:
    for source in find_workspace("huaxing").sources.values():
        if not isinstance(source, FormSource):
            tasks = dags[f"stage_{source.source}"]["tasks"]
            assert {name: task["kind"] for name, task in tasks.items()} == {
                "stage": "StageOperator",
                "stopped": "StopOperator",
            }
            assert tasks["stage"]["outlets"] == [f"cockpit://warehouse/staging/{source.source}"]


@pytest.mark.parametrize("dag_id", ["build_core", "build_marts"])
def test_one_task_says_first_which_models_are_due(dags: dict[str, Any], dag_id: str) -> None:
    tasks = dags[dag_id]["tasks"]
    built = [name for name, task in tasks.items() if task["kind"] == BUILD]
    assert set(tasks["prepare"]["models"]) == set(built)
    assert all("prepare" in tasks[name]["after"] for name in built)


@pytest.mark.parametrize(("dag_id", "layer"), [("build_core", "core"), ("build_marts", "marts")])
def test_a_layer_is_announced_after_its_checks(
    dags: dict[str, Any], graph: ModelGraph, dag_id: str, layer: str
) -> None:
    checks = dags[dag_id]["tasks"]["checks"]
    conformed = {model.name for model in graph.conformed()} if layer == "core" else set()
    assert set(checks["models"]) == set(checks["after"]) == {model.name for model in graph.layer(layer)} | conformed
    assert checks["outlets"] == [f"cockpit://warehouse/{layer}"]
    stopped = dags[dag_id]["tasks"]["stopped"]
    assert (stopped["after"], stopped["outlets"]) == (["checks"], [])


def test_first_views_hold_nothing_up(dags: dict[str, Any]) -> None:
    tasks = dags["build_marts"]["tasks"]
    assert tasks["first_views"]["after"] == ["checks"]
    assert not any("first_views" in task["after"] for task in tasks.values())


def test_assets_chain_load_stage_core_marts(dags: dict[str, Any]) -> None:
    def gives(dag_id: str) -> set[str]:
        return {uri for task in dags[dag_id]["tasks"].values() for uri in task["outlets"]}

    fetched = [name for name, source in find_workspace("huaxing").sources.items() if not isinstance(source, FormSource)]
    for source in fetched:
        assert dags[f"load_{source}"]["waits_for"] == []
        # People's answers start it too.
        answers = f"cockpit://warehouse/answers/{source}"
        assert set(dags[f"stage_{source}"]["waits_for"]) == gives(f"load_{source}") | {answers}
        assert dags[f"stage_{source}"]["watchers"] == [answers]
    assert set(dags["build_core"]["waits_for"]) == {f"cockpit://warehouse/staging/{source}" for source in fetched}
    assert set(dags["build_marts"]["waits_for"]) == {"cockpit://warehouse/core"} < gives("build_core")
    assert "cockpit://warehouse/marts" in gives("build_marts")


def test_decisions_about_golden_records_lead_to_a_run(dags: dict[str, Any], graph: ModelGraph) -> None:
    apply = dags["apply_decisions"]
    assert apply["waits_for"] == apply["watchers"] == ["cockpit://warehouse/mdm/decision"]
    given = set(apply["tasks"]["apply"]["outlets"])
    obeying = {
        f"cockpit://warehouse/core/{model.name}" for model in graph.layer("core") if "mdm.decision" in model.reads
    }
    assert obeying
    assert obeying | {"cockpit://warehouse/core/core_order", "cockpit://warehouse/marts/mart_receipt_daily"} <= given
    assert "cockpit://warehouse/core/core_calendar" not in given


def test_messages_are_sent_when_there_are_some(dags: dict[str, Any]) -> None:
    assert dags["send_messages"]["watchers"] == ["cockpit://warehouse/push/outbox"]


def test_the_load_follows_the_sources_schedule(dags: dict[str, Any]) -> None:
    workspace = find_workspace("huaxing")
    source = workspace.sources["erp"]
    schedule = dags["load_erp"]["schedule"]
    assert (schedule["expression"], schedule["timezone"]) == (source.schedule, workspace.settings.time_zone)
    assert set(dags["load_erp"]["tasks"]) == set(source.entities)


def test_a_reader_finds_meaning_and_owner(dags: dict[str, Any], graph: ModelGraph) -> None:
    for dag_id, dag in dags.items():
        assert dag["doc"], dag_id
        assert dag["description"], dag_id
        assert dag["tags"], dag_id
        # A second run beside the first would only wait for the same locks; a missed night is made up by the next.
        assert (dag["catchup"], dag["max_active_runs"]) == (False, 1), dag_id
        for name, task in dag["tasks"].items():
            assert task["doc"], f"{dag_id}.{name}"
            assert task["retries"] >= 1, f"{dag_id}.{name}"
            assert task["owner"] not in ("", "airflow"), f"{dag_id}.{name}"
            if task["kind"] == BUILD:
                contract = graph[name].contract
                assert task["owner"] == contract.owner
                assert contract.description in task["doc"]
                assert contract.description_zh in task["doc"]


def _everything_before(dag: dict[str, Any], name: str) -> set[str]:
    before: set[str] = set()
    waiting = list(dag["tasks"][name]["after"])
    while waiting:
        task = waiting.pop()
        if task not in before:
            before.add(task)
            waiting += dag["tasks"][task]["after"]
    return before
