"""Which models the words of `--select` mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.errors import UsageError
from cockpit.rulebook.workspace import load_workspace
from cockpit.warehouse.models import ModelGraph
from cockpit.warehouse.selection import select
from tests.unit.warehouse.model_folder import ModelFolder, contract

SCOPE = {"region": "k"}


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[ModelGraph]:
    """stg_erp__sale -> stg_sale -> core_sale -> core_total -> mart_total; core_day reads nothing."""
    folder = ModelFolder(tmp_path)
    folder.add("core", contract("core_sale", "k"), "select s.sale_key as k from staging.stg_sale as s")
    folder.add("core", contract("core_total", "k", owner="finance"), "select s.k from core.core_sale as s")
    folder.add("core", contract("core_day", "k"), "select '1' as k")
    folder.add("marts", contract("mart_total", "k", row_scope=SCOPE), "select t.k from core.core_total as t")
    yield folder.load()
    load_workspace.cache_clear()


ALL = ["stg_erp__sale", "stg_sale", "core_day", "core_sale", "core_total", "mart_total"]


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        pytest.param([], ALL, id="all"),
        pytest.param(["core_sale"], ["core_sale"], id="name"),
        pytest.param(["core.core_sale"], ["core_sale"], id="name with its schema"),
        pytest.param(["core_sale+"], ["core_sale", "core_total", "mart_total"], id="downstream"),
        pytest.param(["+core_sale"], ["stg_erp__sale", "stg_sale", "core_sale"], id="upstream"),
        pytest.param(["+core_sale+"], [name for name in ALL if name != "core_day"], id="both"),
        pytest.param(["core_*"], ["core_day", "core_sale", "core_total"], id="pattern"),
        pytest.param(["layer:marts"], ["mart_total"], id="layer"),
        pytest.param(["layer:marts", "core_day"], ["core_day", "mart_total"], id="several, in building order"),
        pytest.param(["owner:finance+"], ["core_total", "mart_total"], id="owner and downstream"),
        pytest.param(["core_day+"], ["core_day"], id="nothing downstream"),
    ],
)
def test_selected(graph: ModelGraph, selectors: list[str], names: list[str]) -> None:
    assert [model.name for model in select(graph, selectors)] == names


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        pytest.param("core_sales", r"no model is selected \(found 'core_sales'; allowed: core_sale\b", id="close name"),
        pytest.param("zzz+", r"found 'zzz\+'; allowed: core_order, core_order\+", id="no name like it"),
        pytest.param(
            "layer:mart", r"found 'layer:mart'; allowed: layer:staging, layer:core, layer:marts\)", id="layer"
        ),
        pytest.param("owner:x", r"found 'owner:x'; allowed: owner:finance, owner:sales, owner:tests\)", id="owner"),
    ],
)
def test_selectors_that_name_nothing(graph: ModelGraph, selector: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        select(graph, [selector])
