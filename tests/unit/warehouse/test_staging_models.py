"""Staging is generated from the sources' mappings: columns, checks and the conformed tables that core reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cockpit.rulebook.workspace import find_workspace
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.models import Model
from cockpit.warehouse.received_text import fits_type
from tests.unit.warehouse.model_folder import SOURCE, ModelFolder

FLAT: dict[str, Any] = {
    "source": "erp", "title": "Shop", "title_zh": "商店", "owner": "sales", "connector": "file",
    "entities": {
        "line": {
            "path": "lines.csv",
            "key": "line",
            "columns": {
                "No": {"name": "number", "type": "text", "description": "Number", "description_zh": "号"},
                "It's": {"name": "amount", "type": "numeric", "description": "Amount", "description_zh": "额"},
                "At": {"name": "sold_at", "type": "timestamp", "description": "Time", "description_zh": "时间"},
            },
            "conforms_to": {
                "sale": {
                    "key": ["number"], "latest_by": "sold_at", "where": "number <> ''",
                    "columns": {"sale_key": "number", "amount": "amount"},
                },
            },
        }
    },
}  # fmt: skip


def models(folder: Path, source: dict[str, Any]) -> tuple[Model, Model]:
    made = ModelFolder(folder)
    made.source = source
    graph = made.load()
    typed = next(model for model in graph.layer("staging") if "__" in model.name)
    return typed, graph["stg_sale"]


def test_every_column_is_typed_and_what_does_not_fit_is_listed(tmp_path: Path) -> None:
    typed, _conformed = models(tmp_path, SOURCE)
    assert typed.query is not None
    assert typed.query.columns == ("source_key", "batch_id", "sale_id", "shop", "amount", "invalid_columns")
    # Each text is taken from its row once and judged once.
    assert typed.query.text.count("nullif(btrim(payload ->> 'amount'), '') as amount") == 1
    assert typed.query.text.count(fits_type("texts.amount", "numeric")) == 1
    assert 'case when received."fits 2" then cast(received.amount as numeric) end as amount' in typed.query.text
    assert "case when not received.\"fits 2\" then 'amount' end" in typed.query.text
    # Deleted rows stay in raw; corrections of stewards are laid over the others.
    assert "from raw.erp__sale as raw left join quality.overlay" in typed.query.text
    assert "where raw.deleted_at is null" in typed.query.text


def test_the_contract_follows_from_the_source(tmp_path: Path) -> None:
    contract = models(tmp_path, SOURCE)[0].contract
    assert (contract.grain, contract.owner, contract.materialised) == (("source_key",), "sales", "incremental")
    assert {name: column.type for name, column in contract.columns.items()} == {
        "source_key": "text", "batch_id": "bigint", "sale_id": "bigint", "shop": "text", "amount": "numeric",
        "invalid_columns": "text[]",
    }  # fmt: skip
    assert [(check.rule_id, check.on_fail) for check in contract.checks] == [
        ("values_fit_types", "quarantine"),
        ("sale_id_not_null", "quarantine"),
    ]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # In a file 7 and 007 are two texts and one number.
        pytest.param("bigint", ["key_written_differently"], id="number"),
        pytest.param("text", [], id="text"),
    ],
)
def test_keys_of_files_that_differ_only_in_writing_hold_their_rows_back(
    kind: str, expected: list[str], tmp_path: Path
) -> None:
    line = FLAT["entities"]["line"]
    number = {"type": kind, "name": "number", "description": "Number", "description_zh": "号"}
    entity = {**line, "key": ["No"], "columns": {**line["columns"], "No": number}, "conforms_to": {}}
    contract = models(tmp_path, {**FLAT, "entities": {"line": entity}})[0].contract
    checks = [check for check in contract.checks if check.expect == "unique"]
    assert [check.rule_id for check in checks] == expected
    assert all(check.columns == ("number",) for check in checks)


def test_conformed_rows_are_those_that_passed(tmp_path: Path) -> None:
    conformed = models(tmp_path, SOURCE)[1]
    assert conformed.query is not None
    assert conformed.query.reads == {"staging.stg_erp__sale"}
    assert "WHERE NOT is_quarantined" in conformed.query.render({})
    assert conformed.contract.incremental is not None
    assert conformed.contract.incremental.reads == {"staging.stg_erp__sale": ("source_key",)}


def test_a_flat_export_is_grouped_by_the_conformed_key(tmp_path: Path) -> None:
    typed, conformed = models(tmp_path, FLAT)
    assert typed.query is not None
    assert conformed.query is not None
    assert "CAST(number AS TEXT) AS sale_group_key" in typed.query.render({})
    assert "payload ->> 'It''s'" in typed.query.render({})
    sql = conformed.query.render({})
    assert "SELECT DISTINCT ON (sale_group_key)" in sql
    assert "WHERE NOT is_quarantined AND sale_group_key IS NOT NULL AND (number <> '')" in sql
    assert "ORDER BY sale_group_key, sold_at DESC NULLS LAST, source_key DESC" in sql
    assert conformed.contract.incremental is not None
    assert conformed.contract.incremental.reads == {"staging.stg_erp__line": ("sale_group_key",)}


def test_an_entity_without_a_source_is_an_empty_table(tmp_path: Path) -> None:
    made = ModelFolder(tmp_path)
    entity = {**SOURCE["entities"]["sale"], "conforms_to": {}}
    made.source = {**SOURCE, "entities": {"sale": entity}}
    conformed = made.load()["stg_sale"]
    assert conformed.query is not None
    assert conformed.reads == set()
    assert conformed.contract.materialised == "table"
    assert conformed.query.render({}).endswith("WHERE FALSE")


@pytest.mark.parametrize("workspace", ["huaxing", "online_retail"])
def test_the_shipped_workspaces_fit(workspace: str) -> None:
    graph = load_models(find_workspace(workspace))
    order = list(graph.models)
    for model in graph.models.values():
        for upstream in graph.upstream(model):
            assert order.index(upstream.name) < order.index(model.name)
