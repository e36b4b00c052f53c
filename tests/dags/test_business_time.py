"""The business time of a run comes from whoever started it, in the workspace's time zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cockpit.errors import TerminalError


@pytest.fixture(scope="module")
def business_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Any], datetime | None]]:
    with pytest.MonkeyPatch.context() as patch:
        # Airflow makes its home when it is imported.
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        from cockpit_airflow.operators import business_time

        yield business_time


def started(conf: dict[str, Any] | None, *extras: dict[str, Any] | None) -> dict[str, Any]:
    """The context of a task: configuration of its run and extras of the asset events that triggered it."""
    events = [SimpleNamespace(extra=extra) for extra in extras]
    return {"dag_run": SimpleNamespace(conf=conf), "triggering_asset_events": {"asset": events}}


@pytest.mark.parametrize(
    ("context", "moment"),
    [
        pytest.param(started(None), None, id="nobody says"),
        pytest.param(started({}, None, {}), None, id="events without a time"),
        pytest.param(started({"as_of": "2026-03-05T18:00"}), "2026-03-05T18:00+08:00", id="typed by a person"),
        pytest.param(started({"as_of": "2026-03-05"}), "2026-03-05T00:00+08:00", id="a day"),
        pytest.param(started({"as_of": "2026-03-05T10:00+00:00"}), "2026-03-05T18:00+08:00", id="with its offset"),
        pytest.param(
            started({"as_of": "2026-03-05"}, {"as_of": "2026-03-09T00:00+08:00"}),
            "2026-03-05T00:00+08:00",
            id="a person first",
        ),
        pytest.param(
            started(None, {"as_of": "2026-03-05T09:00+08:00"}, {"as_of": "2026-03-05T02:00+00:00"}, {"rows": 1}),
            "2026-03-05T10:00+08:00",
            id="the latest event whatever its offset",
        ),
    ],
)
def test_business_time(business_time: Callable[[Any], datetime | None], context: Any, moment: str | None) -> None:
    assert business_time(context) == (datetime.fromisoformat(moment) if moment else None)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", 20261301])
def test_what_is_no_time_is_refused(business_time: Callable[[Any], datetime | None], text: Any) -> None:
    with pytest.raises(TerminalError, match="allowed: 2026-03-05, 2026-03-05T18:00"):
        business_time(started({"as_of": text}))
