"""Models that are computed in part are changed at random and compared with themselves computed in full.

Those that are not are named here.
"""

from __future__ import annotations

from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.model_files import load_models
from tests.sql import (
    test_incremental,
    test_incremental_crm,
    test_incremental_marketing,
    test_incremental_service,
    test_segments,
)

EXERCISED = {
    *test_incremental.EXERCISED,
    *test_incremental_crm.INCREMENTAL,
    *test_incremental_marketing.MODELS,
    *test_incremental_service.EXERCISED,
    *test_segments.EXERCISED,
}
# Why no random rounds of tables reach them.
ELSEWHERE = {
    "core_contact": "golden records by the same SQL as core_customer and core_product",
    "core_customer_source": "matches a long list in part: tests/integration/mdm/test_following.py",
    "core_product_source": "matches a long list in part: tests/integration/mdm/test_following.py",
    "core_contact_source": "matches a long list in part: tests/integration/mdm/test_following.py",
}


def test_every_incremental_model_is_exercised(huaxing: Workspace) -> None:
    """Those of staging follow from their source's description, one like the other."""
    graph = load_models(huaxing)
    incremental = {
        model.name for layer in ("core", "marts") for model in graph.layer(layer) if model.contract.incremental
    }
    assert incremental - EXERCISED == set(ELSEWHERE)
