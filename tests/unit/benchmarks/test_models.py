"""The dbt project that the benchmark of models writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from benchmarks.models.project import STATISTICS, model_text, write_project
from cockpit.rulebook.workspace import load_workspace
from cockpit.warehouse.models import ModelGraph
from tests.unit.warehouse.model_folder import ModelFolder, contract


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[ModelGraph]:
    folder = ModelFolder(tmp_path)
    folder.add("core", contract("core_sale", "k"), "select s.sale_key as k from staging.stg_sale as s")
    folder.add(
        "core",
        contract("core_sale_big", "k", "t", indexes=[["t"]]),
        "-- Like core.core_sale.\nselect s.k, '{{ 1 }}' as t from core.core_sale as s where 1 > :threshold",
    )
    yield folder.load()
    load_workspace.cache_clear()


def test_a_model_reads_the_others_by_ref(graph: ModelGraph) -> None:
    models = [graph["core_sale"], graph["core_sale_big"]]
    text = model_text(graph["core_sale_big"], models, {"threshold": 0.8})
    assert text.splitlines()[0] == '{{ config(indexes=[{"columns": ["k"], "unique": True}, {"columns": ["t"]}]) }}'
    assert text.count("{% endraw %}{{ ref('core_sale') }}{% raw %}") == 1
    # Braces of the SQL stay what they are.
    assert "'{{ 1 }}'" in text
    assert "1 > 0.8" in text
    assert "cast(model.k as text) as k" in text
    # A table that nobody of these makes is read where it lies.
    assert "staging.stg_sale" in model_text(graph["core_sale"], models, {})


def test_a_project_holds_no_password(graph: ModelGraph, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    write_project(folder, [graph["core_sale"]], {}, threads=2, after_each=[STATISTICS])
    profile = yaml.safe_load((folder / "profiles.yml").read_text())["bench"]["outputs"]["bench"]
    assert (profile["threads"], profile["password"]) == (2, "{{ env_var('BENCH_PASSWORD') }}")
    project = yaml.safe_load((folder / "dbt_project.yml").read_text())
    assert project["models"] == {"+materialized": "table", "+post-hook": ["analyze {{ this }}"]}
    assert [file.name for file in (folder / "models").iterdir()] == ["core_sale.sql"]
