"""The business clock: what "today" means in a run."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from cockpit.errors import TerminalError
from cockpit.pipelines.run_context import parse_as_of, run_context
from cockpit.rulebook.workspace import find_workspace

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-05", "2026-03-05T00:00+08:00"),
        ("2026-03-05T18:00", "2026-03-05T18:00+08:00"),
        ("2026-03-05 18:00:30", "2026-03-05T18:00:30+08:00"),
        ("2026-03-05T10:00Z", "2026-03-05T18:00+08:00"),
        ("2024-02-29", "2024-02-29T00:00+08:00"),
    ],
)
def test_a_time_without_an_offset_is_the_workspaces(text: str, moment: str) -> None:
    assert parse_as_of(text, SHANGHAI) == datetime.fromisoformat(moment)


@pytest.mark.parametrize("text", ["", "today", "2026-02-30", "05/03/2026"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TerminalError) as error:
        parse_as_of(text, SHANGHAI)
    assert str(error.value) == (
        f"the business time is not readable (found {text!r}; allowed: 2026-03-05, 2026-03-05T18:00)"
    )


def test_the_clock_can_be_set_for_all_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_AS_OF", "2026-03-05T18:00")
    assert run_context().as_of == datetime(2026, 3, 5, 18, tzinfo=SHANGHAI)
    given = datetime(2025, 1, 1, tzinfo=SHANGHAI)
    assert run_context(as_of=given).as_of == given


def test_without_a_setting_it_is_now_in_the_workspaces_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COCKPIT_AS_OF", raising=False)
    before = datetime.now(SHANGHAI)
    as_of = run_context().as_of
    assert before <= as_of <= datetime.now(SHANGHAI)
    assert as_of.tzinfo == SHANGHAI


@pytest.mark.parametrize(("workspace", "day"), [("huaxing", date(2026, 4, 1)), ("online_retail", date(2026, 3, 31))])
def test_the_business_day_ends_at_midnight_of_the_workspace(workspace: str, day: date) -> None:
    as_of = datetime.fromisoformat("2026-03-31T16:30+00:00")
    parameters = run_context(find_workspace(workspace), as_of=as_of).parameters()
    assert parameters["business_date"] == day
    assert parameters["as_of"] == as_of


def test_the_workspace_gives_its_currency_and_its_own_parameters() -> None:
    parameters = run_context(find_workspace("online_retail")).parameters()
    assert (parameters["currency"], parameters["time_zone"]) == ("GBP", "Europe/London")
    assert (parameters["pace_threshold"], parameters["holiday_calendar"]) == (0.8, "GB")


def test_each_run_without_an_id_gets_one_of_its_own() -> None:
    assert run_context(run_id="scheduled__1").run_id == "scheduled__1"
    assert run_context().run_id != run_context().run_id


def test_staging_is_typed_per_source_and_conformed_for_all() -> None:
    context = run_context(find_workspace("huaxing"))
    typed = {model.name for source in context.workspace.sources for model in context.graph.typed(source)}
    conformed = {model.name for model in context.graph.conformed()}
    assert typed | conformed == {model.name for model in context.graph.layer("staging")}
    assert typed & conformed == set()
    assert "stg_erp__receipt" in typed
    assert "stg_receipt" in conformed
    assert context.graph.typed("nobody") == []
