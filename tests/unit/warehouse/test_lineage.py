"""Which columns a column comes from, as the SQL says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.rulebook.workspace import find_workspace, load_workspace
from cockpit.warehouse.lineage import WHOLE, Lineage
from cockpit.warehouse.model_files import load_models
from tests.unit.warehouse.model_folder import ModelFolder, contract


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ModelFolder]:
    made = ModelFolder(tmp_path)
    made.add(
        "core",
        contract("core_a", "k", "x", "y"),
        "select s.sale_key as k, s.amount as x, 1 as y from staging.stg_sale as s",
    )
    made.add("core", contract("core_b", "k", "z"), "select s.sale_key as k, s.amount as z from staging.stg_sale as s")
    yield made
    load_workspace.cache_clear()


A, B = "core.core_a as a", "core.core_b as b"


@pytest.mark.parametrize(
    ("sql", "origins"),
    [
        pytest.param(f"select a.x as k from {A}", {"core_a.x"}, id="a column"),
        pytest.param(f"select a.x || b.z as k from {A} join {B} on a.k = b.k", {"core_a.x", "core_b.z"}, id="of two tables; the join's key does not count"),
        pytest.param(f"select max(a.x) filter (where a.y = '1') as k from {A} group by a.k", {"core_a.x", "core_a.y"}, id="aggregate; its filter counts"),
        pytest.param(f"with c as (select a.x as m, a.y from {A}) select c.m as k from c where c.y = '1'", {"core_a.x"}, id="through a CTE; conditions do not count"),
        pytest.param(f"with c as (select a.x as m from {A}), d as (select c.m as n from c) select d.n as k from d", {"core_a.x"}, id="through two CTEs"),
        pytest.param(f"select s.m as k from (select a.x as m from {A}) as s", {"core_a.x"}, id="through a subquery"),
        pytest.param(f"select a.x as k from {A} union all select b.z from {B}", {"core_a.x", "core_b.z"}, id="union, by place"),
        pytest.param(f"(select a.x as k from {A})", {"core_a.x"}, id="brackets"),
        pytest.param(f"select (select max(b.z) from {B} where b.k = a.k) as k from {A}", {"core_b.z"}, id="scalar subquery; what it is chosen by does not count"),
        pytest.param(f"select coalesce(a.x, (select b.z from {B} limit 1)) as k from {A}", {"core_a.x", "core_b.z"}, id="beside a scalar subquery"),
        pytest.param(f"select l.m as k from {A} cross join lateral (select b.z || a.y as m from {B}) as l", {"core_a.y", "core_b.z"}, id="lateral"),
        pytest.param(f"select sum(cast(a.x as int)) over (partition by a.y) as k from {A}", {"core_a.x", "core_a.y"}, id="window"),
        pytest.param(f"select case when a.y = '1' then a.x end as k from {A}", {"core_a.x", "core_a.y"}, id="case"),
        pytest.param(f"select part.word as k from {A} cross join unnest(string_to_array(a.x, ' ')) as part (word)", {"core_a.x"}, id="rows of a function"),
        pytest.param(f"select count(*) as k from {A}", set(), id="count of rows"),
        pytest.param("select 'x' as k", set(), id="constant"),
        pytest.param(f"with recursive r as (select a.x as m from {A} union all select r.m || '1' from r) select r.m as k from r", {"core_a.x"}, id="recursive"),
        pytest.param("select x as k from core.core_a", {"core_a.x"}, id="column without its table"),
    ],
)  # fmt: skip
def test_where_a_column_comes_from(folder: ModelFolder, sql: str, origins: set[str]) -> None:
    folder.add("core", contract("core_m", "k"), sql)
    graph = folder.load()
    assert set(map(str, Lineage(folder.workspace(), graph).direct(graph["core_m"])["k"])) == origins


def test_down_to_the_sources_and_to_core(folder: ModelFolder) -> None:
    scope = {"region": "k"}
    folder.add("marts", contract("mart_a", "k", row_scope=scope), "select a.x || a.y as k from core.core_a as a")
    folder.add("marts", contract("mart_b", "k", row_scope=scope), "select a.k from marts.mart_a as a")
    graph = folder.load()
    lineage = Lineage(folder.workspace(), graph)
    assert list(map(str, lineage.sources(graph["mart_b"], "k"))) == ["erp.sale.amount"]
    assert list(map(str, lineage.core(graph["mart_b"], "k"))) == ["core_a.x", "core_a.y"]
    assert list(map(str, lineage.readers(graph["core_a"], "x"))) == ["mart_a.k"]


def test_a_table_that_a_function_builds(folder: ModelFolder) -> None:
    folder.add("core", contract("core_m", "amount", "other", built_by="a:b", reads=["staging.stg_sale"]))
    graph = folder.load()
    direct = Lineage(folder.workspace(), graph).direct(graph["core_m"])
    assert list(map(str, direct["amount"])) == ["stg_sale.amount"]
    assert [each.column for each in direct["other"]] == [WHOLE]


def test_the_company_s_own_columns() -> None:
    workspace = find_workspace("huaxing")
    graph = load_models(workspace)
    lineage = Lineage(workspace, graph)
    for model in graph.models.values():
        direct = lineage.direct(model)
        assert list(direct) == list(model.contract.columns), model.name
        for column, origins in direct.items():
            for origin in origins:
                above = graph.models.get(origin.table.split(".")[1])
                known = above is None or origin.column in {*above.contract.columns, WHOLE}
                assert known, f"{model.name}.{column} <- {origin}"
    amounts = map(str, lineage.sources(graph["mart_receipt_daily"], "received_amount"))
    assert "erp.receipt.amount" in amounts
    # A golden record's value comes from the column that its rule names.
    assert list(map(str, lineage.direct(graph["core_customer"])["customer_name"])) == ["stg_customer.name"]
    # A column that its source calls otherwise.
    assert "legacy_crm.legacy_customer.客户编号" in map(str, lineage.sources(graph["core_order"], "customer_key"))
    # What standardising says beside a value belongs to its field.
    typed = lineage.direct(graph["stg_erp__customer"])
    assert list(map(str, typed["name_details"])) == ["erp.customer.name"]
    assert typed["batch_id"] == frozenset()
