"""A link opens one task for one person, once, as long as the task is open; the page shows a hostile row inert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from cockpit.domain.task_link import TaskLink, make_token
from tests.conftest import Postgres
from tests.integration.intake.deals import Deals, make_database, open_deals
from tests.workspaces import WorkspaceDatabase


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_database(postgres, "test_task_links")


@pytest.fixture
def deals(tmp_path: Path, database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deals]:
    with open_deals(tmp_path, database, monkeypatch) as made:
        yield made


def test_a_row_is_corrected_by_its_link_and_reaches_the_mart(deals: Deals) -> None:
    deals.put(1)
    deals.put(2, opened="2025-12-01")
    deals.run()
    assert deals.total() == [("500", 1)]
    token = deals.token()
    page = deals.get(token)
    assert page.status_code == 200
    assert "Signed before it was opened" in page.text
    refused = deals.answer(token, signed="2026-01-15")
    assert refused.status_code == 422
    assert re.search(r'id="e-signed">Signed before it was opened', refused.text)
    assert 'value="2026-01-15"' in refused.text
    assert deals.query("select count(*) from quality.correction") == [(0,)]
    accepted = deals.answer(token, signed="2026-02-02", reason="typo")
    assert (accepted.status_code, "Thank you" in accepted.text) == (200, True)
    assert deals.query("select changes, made_by, made_through, reason from quality.correction") == [
        ({"signed": {"before": "2026-01-01", "after": "2026-02-02"}}, "rep1", "link", "typo")
    ]
    deals.run()
    assert deals.total() == [("1000", 2)]
