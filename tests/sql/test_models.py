"""Each SQL model on literal rows: `<model>/<case>/given.yml` goes in, `expect.yml` must come out.

The real runner builds the model in a real database, so that types, time zone and parameters are the platform's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from cockpit.rulebook.files import Rule, load
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.runner import build
from tests.sql.database import Warehouse, context_of

FOLDER = Path(__file__).parent
CASES = sorted(file.parent for file in FOLDER.glob("*/*/given.yml"))


class Given(Rule):
    """What the model reads.

    Attributes:
        parameters: Replace those of workspace.yml.
        built: Models that are built from their own SQL before, because their rows are many.
        tables: Schema-qualified table -> its rows; tables that are not named are empty, columns too. Of a model
            that shows bookkeeping, the tables that the bookkeeping's views read.
    """

    as_of: datetime
    parameters: dict[str, float | str] = Field(default_factory=dict)
    built: tuple[str, ...] = ()
    tables: dict[str, tuple[dict[str, Any], ...]] = Field(default_factory=dict)


class Expect(Rule):
    """What comes out.

    Attributes:
        where: Condition that picks the rows to compare, where a model has many.
        rows: All of these rows, in any order; of the columns only those that are named.
    """

    where: str = "true"
    rows: tuple[dict[str, Any], ...]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_model(case: Path, warehouse: Warehouse, huaxing: Workspace) -> None:
    given, expect = load(case / "given.yml", Given), load(case / "expect.yml", Expect)
    context = context_of(huaxing, given.as_of, given.parameters)
    model = context.graph[case.parent.name]
    warehouse.create_tables(context.graph.upstream(model), context)
    # The ledger and the money that is held back are views: their rows are made of the tables below them.
    below = ("ops.", "staging.") if model.is_about_loads or "quality.held_amount" in model.reads else ()
    for table, rows in given.tables.items():
        assert table in model.reads or table.startswith(below), f"{model.name} does not read {table}"
        warehouse.insert(table, rows)
    for name in given.built:
        build(warehouse.connection, context.graph[name], context)

    build(warehouse.connection, model, context)

    columns = list(expect.rows[0]) if expect.rows else list(model.contract.grain)
    found = warehouse.query(f"select {', '.join(columns)} from {model.qualified_name} where {expect.where}")
    assert _sorted(dict(zip(columns, row, strict=True)) for row in found) == _sorted(expect.rows)


def test_every_model_of_core_and_marts_has_a_case(huaxing: Workspace) -> None:
    graph = load_models(huaxing)
    models = {model.name for layer in ("core", "marts") for model in graph.layer(layer)}
    assert {case.parent.name for case in CASES} == models


def _sorted(rows: Any) -> list[dict[str, Any]]:
    return sorted(({name: _comparable(value) for name, value in row.items()} for row in rows), key=_order)


def _order(row: Mapping[str, Any]) -> list[str]:
    return [str(value) for value in row.values()]


def _comparable(value: Any) -> Any:
    """Times in one zone; numbers to six decimals, which is more than money has and less than a ratio without end."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    return Decimal(str(value)).quantize(Decimal("0.000001"))
