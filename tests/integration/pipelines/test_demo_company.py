"""The demo as a user sees it: what it prints, what it leaves behind, and that a second run changes nothing."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from contextlib import closing
from subprocess import CompletedProcess

import psycopg2
import psycopg2.errors
import pytest

from cockpit.rulebook.sources import FormSource
from cockpit.rulebook.workspace import find_workspace
from tests.conftest import Stack

Command = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(scope="module")
def report(stack: Stack, cockpit: Command) -> dict:
    result = cockpit("report", "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_ledger_balances_and_every_row_is_somewhere(report: dict) -> None:
    assert report["ledger"]["is_balanced"]
    loaded = {f"{entry['source']}__{entry['entity']}": entry["loaded"] for entry in report["ledger"]["entities"]}
    assert loaded["erp__customer"] == 2000
    assert loaded["erp__sales_order"] == 20000
    # Every entity of every source has delivered.
    assert {name for name, rows in loaded.items() if rows} == set(report["rows"]["raw"])
    for entry in report["ledger"]["entities"]:
        assert entry["staged"] + entry["quarantined"] + entry["replaced"] + entry["removed"] == entry["loaded"]
        held = report["rows"]["raw"][f"{entry['source']}__{entry['entity']}"]
        assert held == entry["loaded"] - entry["replaced"]


def test_the_platform_found_what_was_planted(report: dict) -> None:
    truth = report["truth"]
    assert truth["matching"]["precision"] >= 0.995
    assert truth["matching"]["recall"] >= 0.9
    assert truth["matching"]["recall_with_review"] >= 0.95
    assert truth["matching"]["merged_trap_share"] <= 1e-4
    assert truth["quality"]["recall"] == 1.0
    assert truth["quality"]["false_alarm_count"] == 0
    assert truth["attainment"]["difference_count"] == 0
    assert truth["attainment"]["region_month_count"] > 900
    assert truth["causes"]
    assert all(cause["is_shown"] for cause in truth["causes"])


def test_each_stage_went_through_the_scheduler_and_was_timed(report: dict, stack: Stack) -> None:
    assert [stage["stage"] for stage in report["stages"]] == ["load", "staging", "core", "marts"]
    assert report["pipeline_seconds"] > 0
    with closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection, connection.cursor() as cursor:
        cursor.execute("select distinct split_part(run_id, '__', 1) from ops.model_build order by 1")
        # The demo itself starts core once for all sources, and the forms that it has posted. People of other tests
        # may have answered about rows, and the hour of a schedule may have come.
        assert {kind for (kind,) in cursor} - {"answer", "scheduled"} == {"asset_triggered", "manual"}


def test_a_second_run_changes_nothing_and_the_ledger_says_so(stack: Stack, cockpit: Command, report: dict) -> None:
    # The demo's business time, since the pace of the current month depends on the day. The first run takes up what
    # people of other tests have answered since.
    cockpit("run", "huaxing", "--as-of", _as_of(stack))
    result = cockpit("run", "huaxing", "--as-of", _as_of(stack))
    assert result.returncode == 0, result.stderr
    assert " 0 loaded, 0 rows changed in tables" in result.stdout
    with closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select sum(loaded), sum(rejected), bool_and(received = unchanged), count(distinct (source, entity))"
            " from ops.import_batch where run_id = (select run_id from ops.import_batch order by batch_id desc limit 1)"
        )
        sources = find_workspace("huaxing").sources.values()
        fetched = sum(len(source.entities) for source in sources if not isinstance(source, FormSource))
        assert cursor.fetchone() == (0, 0, True, fetched)


def test_a_second_demo_reuses_what_is_there(stack: Stack, cockpit: Command, report: dict) -> None:
    result = cockpit("demo", timeout=900)
    assert result.returncode == 0, result.stderr
    assert "The demo company is there already" in result.stderr
    assert "Dashboards published: 0 changes" in result.stderr
    again = json.loads(cockpit("report", "--json").stdout)["rows"]
    # The ledger says of each load that it found nothing.
    assert again["marts"].pop("mart_import_ledger") > report["rows"]["marts"]["mart_import_ledger"]
    # Rows that people of other tests have answered since are held no more.
    assert again["marts"].pop("mart_held_row") <= report["rows"]["marts"]["mart_held_row"]
    # The day is measured again; what people of other tests have answered since is evidence of more scores.
    assert again["marts"].pop("mart_data_quality") >= report["rows"]["marts"]["mart_data_quality"]
    assert again["marts"] == {name: rows for name, rows in report["rows"]["marts"].items() if name in again["marts"]}
    assert {layer: again[layer] for layer in ("raw", "staging", "core")} == {
        layer: report["rows"][layer] for layer in ("raw", "staging", "core")
    }


def test_another_company_is_refused_instead_of_mixed(stack: Stack, cockpit: Command) -> None:
    result = cockpit("demo", "--seed", "2")
    assert result.returncode == 4
    assert "another demo company is there already" in result.stderr
    assert "./cockpit reset" in result.stderr


def test_pipelines_cannot_read_the_truth(stack: Stack) -> None:
    with (
        closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute("select * from truth.anomaly")


def test_the_report_fits_a_terminal_in_both_languages(stack: Stack, cockpit: Command) -> None:
    english, chinese = cockpit("report"), cockpit("report", COCKPIT_LANG="zh")
    assert "The ledger balances." in english.stdout
    assert "The ledger" not in chinese.stdout
    for text in (english.stdout, chinese.stdout, stack.demo_output):
        assert max(_width(line) for line in text.splitlines()) <= 80


def test_all_services_are_healthy(stack: Stack, cockpit: Command) -> None:
    result = cockpit("status", "--json")
    assert result.returncode == 0
    assert "postgres" in result.stdout


def _as_of(stack: Stack) -> str:
    with closing(psycopg2.connect(stack.dsn("demo_truth", "cockpit"))) as connection, connection.cursor() as cursor:
        cursor.execute("select as_of from truth.generation")
        row = cursor.fetchone()
        assert row is not None
        return row[0].isoformat()


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)
