"""The generated channels through their real source files into a real warehouse, against what was planted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
import pytest

from cockpit.demo.channels import ChannelTruth, fill_channels, simulate_channels_day
from cockpit.demo.clock import Clock
from cockpit.demo.company import Company
from cockpit.rulebook.dictionary import load_dictionary
from cockpit.rulebook.sources import FileSource, load_source
from cockpit.rulebook.workspace import REPOSITORY
from cockpit.sources.files.template import write_template
from cockpit.sources.load import LoadResult
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.selection import select
from tests.integration.demo.channels_site import SOURCES, ChannelsSite
from tests.workspaces import make_workspace_database

ZONE = ZoneInfo("Asia/Shanghai")
NEXT_DAY = date(2026, 11, 19)


@dataclass
class Loaded:
    site: ChannelsSite
    context: BuildContext
    folder: Path
    truth: ChannelTruth
    results: dict[str, LoadResult]


@pytest.fixture(scope="module")
def loaded(postgres: Any, company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("channels")
    files = folder / "files"
    manual = load_source(
        REPOSITORY / "include/rules/sources/manual.yml", load_dictionary(REPOSITORY / "include/rules/dictionary.yml")
    )
    assert isinstance(manual, FileSource)
    truth = fill_channels(
        files, company, write_template=lambda entity, path: write_template(entity, manual, path, "zh")
    )
    assert truth is not None
    dsn = make_workspace_database(postgres, "demo_test_channels").dsn("cockpit_etl")
    with pytest.MonkeyPatch.context() as patch, closing(psycopg2.connect(dsn)) as warehouse:
        patch.setenv("COCKPIT_DEMO_FILES", str(files))
        patch.setenv("AIRFLOW_CONN_CHANNELS_WAREHOUSE", dsn)
        patch.setenv("AIRFLOW_CONN_CALL_CENTRE", f"sqlite:///{files / 'call_centre.sqlite'}")
        patch.setenv("COCKPIT_HOME", str(postgres.settings.home))
        site = ChannelsSite(folder, warehouse)
        context = site.context(company.clock.as_of)
        yield Loaded(site, context, files, truth, site.load(context, SOURCES))


def test_every_row_and_every_broken_line_is_counted(loaded: Loaded) -> None:
    figures = loaded.truth.figures
    for name, result in loaded.results.items():
        source, entity = name.split(".")
        broken = figures[source, entity, "broken_lines"]
        assert result.rejected == broken, name
        kept = figures[source, entity, "rows"] or figures[source, entity, "lines"] - broken
        assert result.loaded == kept, name


def test_broken_lines_are_listed_with_file_and_line(loaded: Loaded) -> None:
    found = loaded.site.query("select source, entity, file, line_number from ops.rejected_line")
    assert sorted(found) == sorted(tuple(line[:4]) for line in loaded.truth.broken_lines)


def test_the_second_load_finds_nothing_new(loaded: Loaded) -> None:
    again = loaded.site.load(loaded.context, SOURCES)
    assert {name: result.loaded for name, result in again.items() if result.loaded} == {}


def test_quarantine_holds_what_was_planted_and_nothing_else(loaded: Loaded) -> None:
    held = loaded.site.query("select source, entity, key, min(rule_id) from quality.quarantine group by 1, 2, 3")
    planted = {(system, entity, key) for system, _kind, entity, key in loaded.truth.anomalies}
    assert planted - {row[:3] for row in held} == set()
    assert [row for row in held if row[:3] not in planted] == []


def test_money_is_exact_whatever_the_file_looks_like(loaded: Loaded) -> None:
    for entity in ("sell_out", "sell_out_decimal_comma", "sell_out_tab"):
        ((rows, amount, dates),) = loaded.site.query(
            f"select count(*), sum(amount), count(sold_on) from staging.stg_distributors__{entity} where not is_quarantined"
        )
        figures = loaded.truth.figures
        assert (rows, int(amount * 100), dates) == (
            figures["distributors", entity, "clean_rows"],
            figures["distributors", entity, "clean_cents"],
            rows,
        )
    ((credit,),) = loaded.site.query("select sum(amount) from staging.stg_bank__statement_line where side = 'C'")
    assert int(credit * 100) == loaded.truth.figures["bank", "statement_line", "credit_cents"]


def test_what_nests_or_counts_days_arrives_typed(loaded: Loaded) -> None:
    people = "select count(*) filter (where contact_name is null) from staging.stg_legacy_crm__legacy_customer"
    assert loaded.site.query(people) == [(0,)]
    valid_from = "select distinct valid_from from staging.stg_trade_fair__price_list"
    assert loaded.site.query(valid_from) == [(date(2026, 1, 1),)]
    changed = "select count(*) from staging.stg_legacy_crm__legacy_attachment where uploaded_on is null"
    assert loaded.site.query(changed) == [(0,)]


def test_sessions_are_those_of_the_session_rule(loaded: Loaded) -> None:
    graph = loaded.context.graph
    behind = [model for model in select(graph, ["+core_web_session"]) if not model.is_source]
    loaded.site.build(loaded.context, behind)
    found = loaded.site.query(
        """
        select site, started_date, count(*), sum(page_view_count), count(distinct visitor), sum(dwell_seconds)
        from core.core_web_session group by site, started_date order by site, started_date
        """
    )
    sites = {
        "access": "web_site",
        "site_click": "product_selector",
        "mini_program_click": "mini_program",
        "crm_view": "crm",
    }
    expected = sorted(
        (sites[row.entity], row.business_date.date(), row.sessions, row.page_views, row.visitors, row.dwell_seconds)
        for table in loaded.truth.sessions
        for row in table.itertuples()
    )
    assert [tuple(int(v) if i > 1 else v for i, v in enumerate(row)) for row in found] == expected


def test_a_further_day_adds_what_it_brought(loaded: Loaded, company: Company) -> None:
    closing_time = datetime(2026, 11, 19, 19, tzinfo=ZONE)
    day = simulate_channels_day(loaded.folder, company, NEXT_DAY, Clock(closing_time))
    context = loaded.site.context(closing_time + timedelta(hours=1))
    results = loaded.site.load(context, SOURCES)
    for entity in ("access", "site_click", "mini_program_click"):
        figures = day.figures
        broken = figures["web_log", entity, "broken_lines"]
        assert results[f"web_log.{entity}"].loaded == figures["web_log", entity, "lines"] - broken
        assert results[f"web_log.{entity}"].rejected == broken
    assert results["distributors.sell_out"].loaded == day.figures["distributors", "sell_out", "rows"]
    # One corrected line; the others of the file are the same rows as before.
    assert results["distributors.sell_out_tab"].loaded == 1
    new_calls = day.figures["call_centre", "call", "rows"]
    assert results["call_centre.call"].loaded == new_calls + 5
