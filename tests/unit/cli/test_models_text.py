"""What `cockpit models` shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.cli.models_text import column_text, explain_text, graph_text
from cockpit.cli.output import width
from cockpit.pipelines.explain_model import BuildFacts
from cockpit.rulebook.workspace import find_workspace, load_workspace
from cockpit.warehouse.lineage import Lineage
from cockpit.warehouse.model_files import load_models
from tests.unit.warehouse.model_folder import ModelFolder, contract


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ModelFolder]:
    made = ModelFolder(tmp_path)
    made.add("core", contract("core_sale", "k"), "select s.sale_key as k from staging.stg_sale as s")
    made.add("core", contract("core_day", "k"), "select '1' as k")
    yield made
    load_workspace.cache_clear()


def test_a_list(folder: ModelFolder) -> None:
    graph = folder.load()
    shown = graph_text(graph, graph.layer("core"), "text")
    assert shown.splitlines() == [
        "core  models: 2",
        "  core_day  table",
        "      <- nothing",
        "  core_sale  table",
        "      <- stg_sale",
    ]


def test_a_drawing_has_only_what_was_selected(folder: ModelFolder) -> None:
    graph = folder.load()
    shown = graph_text(graph, [graph["stg_sale"], graph["core_sale"]], "mermaid")
    assert shown.splitlines() == [
        "flowchart LR",
        "    subgraph staging",
        "        stg_sale",
        "    end",
        "    subgraph core",
        "        core_sale",
        "    end",
        "    stg_sale --> core_sale",
    ]


def test_data(folder: ModelFolder) -> None:
    graph = folder.load()
    (found,) = json.loads(graph_text(graph, [graph["stg_sale"]], "json"))
    assert (found["name"], found["reads"], found["read_by"]) == (
        "stg_sale",
        ["staging.stg_erp__sale"],
        ["core.core_sale"],
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_all_models_fit_80_columns(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", lang)
    monkeypatch.setenv("COLUMNS", "80")
    workspace = find_workspace("huaxing")
    graph = load_models(workspace)
    lineage = Lineage(workspace, graph)
    moment = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    facts = BuildFacts(
        "full", "unlisted", "core.core_customer", "r", moment, 1.25, (1, 2, 3), ("core.core_customer",), moment
    )
    shown = [graph_text(graph, list(graph.models.values()), "text")]
    shown += [explain_text(graph, model, facts, workspace, lineage) for model in graph.layer("marts")]
    # A name that is longer than the line is left whole.
    assert [line for text in shown for line in text.splitlines() if width(line) > 80 and " " in line.strip()] == []


def test_why_a_build_was_full(folder: ModelFolder) -> None:
    graph = folder.load()
    moment = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    facts = BuildFacts(
        "full", "unlisted", "staging.stg_sale", "r", moment, 1.25, (1, 20, 3), ("staging.stg_sale",), None
    )
    shown = " ".join(
        explain_text(graph, graph["core_sale"], facts, folder.workspace(), Lineage(folder.workspace(), graph)).split()
    )
    assert "2026-03-05 17:30 full, 1.25 s; 1 rows inserted, 20 updated, 3 deleted" in shown
    assert "full: staging.stg_sale had changed, which 'incremental' does not list" in shown
    assert "never" in explain_text(
        graph, graph["core_sale"], None, folder.workspace(), Lineage(folder.workspace(), graph)
    )


def test_a_column_is_followed_to_its_field(folder: ModelFolder) -> None:
    graph = folder.load()
    shown = column_text(graph, graph["stg_sale"], "amount", Lineage(folder.workspace(), graph))
    assert shown.splitlines() == [
        "stg_sale.amount  text",
        "  amountamountamount",
        "  <- stg_erp__sale.amount",
        "    <- erp.sale.amount",
    ]
    shown = column_text(graph, graph["stg_sale"], "sale_key", Lineage(folder.workspace(), graph))
    assert shown.splitlines()[-2:] == ["Columns that come from it", "  core_sale.k"]
