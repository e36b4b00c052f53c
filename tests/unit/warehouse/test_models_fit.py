"""Models that do not fit together are refused before anything runs."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.workspace import find_workspace, load_workspace
from tests.unit.warehouse.model_folder import SOURCE, ModelFolder, contract

SCOPE = {"region": "k"}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ModelFolder]:
    yield ModelFolder(tmp_path)
    load_workspace.cache_clear()


def test_models_come_after_the_ones_they_read(folder: ModelFolder) -> None:
    folder.add("marts", contract("mart_z", "k", row_scope=SCOPE), "select c.k from core.core_b as c")
    folder.add("core", contract("core_a", "k"), "select b.k from core.core_b as b")
    folder.add("core", contract("core_b", "k"), "select s.sale_key as k from staging.stg_sale as s")
    graph = folder.load()
    assert list(graph.models) == ["stg_erp__sale", "stg_sale", "core_b", "core_a", "mart_z"]
    assert [model.name for model in graph.layer("core")] == ["core_b", "core_a"]
    assert [model.name for model in graph.downstream(graph["core_b"])] == ["core_a", "mart_z"]
    assert [model.name for model in graph.upstream(graph["stg_sale"])] == ["stg_erp__sale"]
    assert graph["stg_erp__sale"].reads == {"raw.erp__sale", "quality.overlay_erp__sale"}


def test_a_model_that_is_built_by_a_function(folder: ModelFolder) -> None:
    folder.add("core", contract("core_a", "k", built_by="a.b:c", reads=["staging.stg_sale"]))
    assert folder.load()["core_a"].reads == {"staging.stg_sale"}


def test_an_unknown_model(folder: ModelFolder) -> None:
    with pytest.raises(RuleFileError, match=r"unknown model \(found 'core_x'; allowed: stg_erp__sale, stg_sale\)"):
        folder.load()["core_x"]


GOOD = "select s.sale_key as k from staging.stg_sale as s"


@pytest.mark.parametrize(
    ("layer", "model", "sql", "message"),
    [
        pytest.param("core", contract("core_a", "k"), "select s.k from staging.stg_other as s", r"core_a\.sql:1: reads an unknown table \(found 'staging\.stg_other'; allowed: core\.core_a, mdm\..*, ops\.import_ledger, ops\.schema_change, .*raw\.erp__sale, staging\.stg_erp__sale, staging\.stg_sale\)", id="unknown table"),
        pytest.param("marts", contract("mart_a", "k", row_scope=SCOPE), GOOD, r"mart_a\.sql:1: reads a layer that it must not read \(found 'staging\.stg_sale'; allowed: core, marts, ops, quality\)", id="mart reads staging"),
        pytest.param("core", contract("core_a", "k"), "select r.key as k from raw.erp__sale as r", r"core_a\.sql:1: reads a layer that it must not read \(found 'raw\.erp__sale'", id="core reads raw"),
        pytest.param("core", contract("core_a", "k"), "select a.k from core.core_a as a", r"core_a\.sql:1: models read each other in a circle \(found 'core_a -> core_a'\)", id="reads itself"),
        pytest.param("core", contract("core_a", "k", "more"), GOOD, r"core_a\.yml:12: the contract describes columns that the SQL does not give \(found 'more'\)", id="SQL gives too little"),
        pytest.param("core", contract("core_a", "k"), GOOD.replace("as k", "as k, 1 as extra"), r"core_a\.sql:1: the SQL gives columns that the contract does not describe \(found 'extra'\)", id="SQL gives too much"),
        pytest.param("marts", contract("mart_a", "k"), "select 1 as k", r"mart_a\.sql:1: a mart says by which columns its rows are permitted\. Add row_scope with its columns, or '\{\}' for rows about the whole company\.", id="mart without row_scope"),
        pytest.param("core", contract("core_a", "k", materialised="incremental", incremental={"key": ["k"], "reads": {"core.core_b": ["k"]}}), GOOD, r"core_a\.sql:1: incremental names a table that the model does not read \(found 'core\.core_b'; allowed: staging\.stg_sale\)", id="incremental by a stray table"),
        pytest.param("core", contract("core_a", "k", materialised="incremental", incremental={"key": ["k"], "reads": {"staging.stg_sale": ["sale_key"]}, "via": {"staging.stg_erp__sale": ["order_key"]}}), GOOD.replace(" as s", " as s left join staging.stg_erp__sale as e on s.sale_key = e.shop"), r"core_a\.yml:[0-9]+: incremental\.via staging\.stg_erp__sale: staging\.stg_erp__sale has no such column \(found 'order_key'", id="via by a stray column"),
        pytest.param("core", contract("core_a", "k"), None, r"core_a\.yml:1: a model has either an SQL file or built_by \(allowed: core_a\.sql \| built_by: module:function\)", id="contract without SQL"),
        pytest.param("core", contract("core_a", "k", built_by="a:b", reads=["staging.stg_sale"]), GOOD, r"core_a\.yml:1: a model has either an SQL file or built_by", id="both"),
        pytest.param("core", contract("core_a", "k"), f"{GOOD} where s.amount > :treshold", r"core_a\.sql:1: uses an unknown parameter \(found 'treshold'; allowed: as_of, business_date, .*currency, .*threshold, .*time_zone\)", id="unknown parameter"),
        pytest.param("core", contract("core_a", "k", built_by="a:b", reads=["staging.stg_sale"], parameters=["busines_date"]), None, r"core_a\.yml:[0-9]+: uses an unknown parameter \(found 'busines_date'; allowed: as_of, business_date", id="unknown parameter of a function"),
        pytest.param("core", contract("core_a", "k", checks=[{"id": "r", "expect": "condition", "condition": "j > 1"}]), GOOD, r"core_a\.sql:1: the condition of r names an unknown column \(found 'j'; allowed: k\)", id="condition on an unknown column"),
        pytest.param("core", contract("core_a", "k", checks=[{"id": "r", "expect": "condition", "condition": "k > :x"}]), GOOD, r"core_a\.sql:1: the condition of r uses an unknown parameter \(found 'x'", id="condition with an unknown parameter"),
        pytest.param("core", contract("core_a", "k", checks=[{"id": "r", "expect": "condition", "condition": "k >"}]), GOOD, r"core_a\.sql:1: SQL condition is not readable \(found 'k >'\)", id="condition that is no SQL"),
        pytest.param("core", contract("core_a", "k"), "selec 1", r"core_a\.sql:1: ", id="no SQL"),
    ],
)  # fmt: skip
def test_models_that_do_not_fit(
    folder: ModelFolder, layer: str, model: dict[str, Any], sql: str | None, message: str
) -> None:
    folder.add(layer, model, sql)
    with pytest.raises(RuleFileError, match=message):
        folder.load()


LONG = """-- Grain: one row per sale; reads staging.stg_sales no more.
with sale as (
    select s.sale_key
    from staging.stg_sale as s
)

select
    sale.sale_key as k
from sale
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("staging.stg_sale as", "staging.stg_sales as", r"core_a\.sql:4: reads an unknown table", id="table"),
        pytest.param("staging.stg_sale as", "raw.erp__sale as", r"core_a\.sql:4: reads a layer that it must not", id="layer"),
        pytest.param("as k", "as k,\n    1 as extra", r"core_a\.sql:9: the SQL gives columns .*found 'extra'", id="column"),
        pytest.param("from sale\n", "from sale\nwhere 1 > :tresh", r"core_a\.sql:10: uses an unknown parameter", id="parameter"),
    ],
)  # fmt: skip
def test_faults_are_named_with_their_line(folder: ModelFolder, old: str, new: str, message: str) -> None:
    folder.add("core", contract("core_a", "k"), LONG.replace(old, new))
    with pytest.raises(RuleFileError, match=message):
        folder.load()


def test_the_line_that_closes_a_circle(folder: ModelFolder) -> None:
    folder.add("core", contract("core_a", "k"), "select b.k from core.core_b as b")
    folder.add("core", contract("core_b", "k"), "select\n    a.k\nfrom core.core_a as a")
    with pytest.raises(RuleFileError, match=r"core_b\.sql:3: models .* \(found 'core_a -> core_b -> core_a'\)"):
        folder.load()


def test_a_circle_is_named(folder: ModelFolder) -> None:
    for one, other in (("core_a", "core_b"), ("core_b", "core_c"), ("core_c", "core_a")):
        folder.add("core", contract(one, "k"), f"select o.k from core.{other} as o")
    with pytest.raises(RuleFileError, match=r"circle \(found 'core_a -> core_b -> core_c -> core_a'\)"):
        folder.load()


def test_sql_without_a_contract(folder: ModelFolder) -> None:
    (folder.folder / "sql" / "core").mkdir()
    (folder.folder / "sql" / "core" / "core_a.sql").write_text(GOOD)
    with pytest.raises(
        RuleFileError, match=r"core_a\.sql:1: a model needs a contract beside its SQL \(allowed: core_a\.yml\)"
    ):
        folder.load()


def test_a_source_that_gives_an_unknown_column(folder: ModelFolder) -> None:
    folder.source = copy.deepcopy(SOURCE)
    folder.source["entities"]["sale"]["conforms_to"]["sale"]["columns"]["shop"] = "shop"
    graph = folder.load()
    assert [model.name for model in graph.models.values() if model.fault] == ["stg_sale"]
    with pytest.raises(
        RuleFileError, match=r"erp\.yml:1: conforms_to\.sale gives a column .*found 'shop'; allowed: amount, sale_key"
    ):
        graph["stg_sale"].require_rules()


def test_a_source_whose_conformed_key_is_no_column_of_ours(folder: ModelFolder) -> None:
    folder.source = copy.deepcopy(SOURCE)
    folder.source["entities"]["sale"]["columns"]["shop"]["name"] = "store"
    folder.source["entities"]["sale"]["conforms_to"]["sale"]["key"] = ["shop", "sale_id"]
    with pytest.raises(
        RuleFileError,
        match=r"erp\.yml:\d+: .*conforms_to\.sale\.key: names shop, which is not .*sale_id, source_key, store",
    ):
        folder.workspace().source("erp")


def test_a_source_under_another_name(folder: ModelFolder) -> None:
    folder.source = {**SOURCE, "source": "crm"}
    with pytest.raises(
        RuleFileError, match=r"erp\.yml:1: source differs from the file's name \(found 'crm'; allowed: erp\)"
    ):
        folder.workspace().source("erp")


def test_an_unknown_workspace() -> None:
    with pytest.raises(RuleFileError, match=r"unknown workspace \(found 'nobody'; allowed: huaxing, online_retail\)"):
        find_workspace("nobody")


def test_a_definition_changes_with_contract_and_sql(folder: ModelFolder) -> None:
    folder.add("core", contract("core_a", "k"), GOOD)
    first = folder.load()["core_a"].definition
    assert folder.load()["core_a"].definition == first
    folder.add("core", contract("core_a", "k"), f"{GOOD} where true")
    second = folder.load()["core_a"].definition
    folder.add("core", contract("core_a", "k", owner="others"), f"{GOOD} where true")
    assert len({first, second, folder.load()["core_a"].definition}) == 3
