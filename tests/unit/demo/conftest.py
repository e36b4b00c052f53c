from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cockpit.demo.company import Batch, Company, generate
from cockpit.demo.profile import Scale
from cockpit.demo.truth import Truth, TruthBuilder

MID_MONTH = datetime(2026, 11, 18, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="session")
def company() -> Company:
    return generate(Scale.SMALL, MID_MONTH, seed=7)


@pytest.fixture(scope="session")
def batch(company: Company) -> Batch:
    """The whole history; small fits into one batch."""
    (only,) = company.batches()
    return only


@pytest.fixture(scope="session")
def truth(company: Company, batch: Batch) -> Truth:
    builder = TruthBuilder(company)
    builder.add(batch)
    return builder.finish()
