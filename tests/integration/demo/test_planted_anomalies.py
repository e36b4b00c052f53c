"""The whole demo company through its sources and rules: what was planted is found, what is right is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest

from cockpit.demo.apis.fill import fill_apis
from cockpit.demo.channels import fill_channels
from cockpit.demo.company import Company
from cockpit.demo.fill import fill
from cockpit.demo.score import TruthScore, score
from cockpit.demo.systems import Systems
from cockpit.pipelines.refresh import refresh
from cockpit.pipelines.run_context import run_context
from cockpit.rulebook.sources import FileSource
from cockpit.rulebook.workspace import find_workspace
from cockpit.sources.files.template import write_template
from tests.integration.demo.apis_process import serve
from tests.workspaces import make_workspace_database

# Wrong rows whose own value is right: rules say so, and the row goes on.
ONLY_WARNED = {
    ("crm", "contact", "email_domain_typo"),
    ("crm", "contract", "receipt_before_signing"),
    ("crm", "opportunity_stage_history", "stage_backwards"),
    ("shop", "member", "placeholder_phone"),
    ("wecom", "external_contact", "placeholder_phone"),
}


@dataclass(frozen=True)
class Scored:
    """The score, and the warehouse to look closer."""

    score: TruthScore
    dsn: str

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


@pytest.fixture(scope="module")
def scored(postgres: Any, company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scored]:
    files = tmp_path_factory.mktemp("planted") / "files"
    workspace = find_workspace("huaxing")
    manual = workspace.sources["manual"]
    assert isinstance(manual, FileSource)
    warehouse = make_workspace_database(postgres, "demo_test_planted")
    admin = postgres.dsn(warehouse.name)
    addresses = {name: postgres.create_database(f"demo_test_planted_{name}") for name in ("erp", "crm", "apis")}
    with (
        closing(psycopg2.connect(addresses["erp"])) as erp,
        closing(psycopg2.connect(addresses["crm"])) as crm,
        closing(psycopg2.connect(addresses["apis"])) as apis,
        closing(psycopg2.connect(admin)) as truth,
        pytest.MonkeyPatch.context() as patch,
    ):
        with truth, truth.cursor() as cursor:
            cursor.execute("create schema if not exists truth")
        fill(Systems(erp=erp, crm=crm, truth=truth), company)
        fill_apis(apis, company, truth)
        fill_channels(
            files, company, truth, write_template=lambda entity, path: write_template(entity, manual, path, "zh")
        )
        with serve(addresses["apis"]) as process:
            variables = {
                "AIRFLOW_CONN_WAREHOUSE": warehouse.dsn("cockpit_etl"),
                "AIRFLOW_CONN_ERP": addresses["erp"],
                "AIRFLOW_CONN_CRM": addresses["crm"],
                "AIRFLOW_CONN_CALL_CENTRE": f"sqlite:///{files / 'call_centre.sqlite'}",
                "COCKPIT_DEMO_FILES": str(files),
                "COCKPIT_HOME": str(postgres.settings.home),
                **process.connections(),
            }
            for name, value in variables.items():
                patch.setenv(name, value)
            result = refresh(run_context(workspace, as_of=company.clock.as_of), lambda _text: None)
            assert result.failures == {}
        yield Scored(score(truth), admin)


def test_every_planted_row_is_found(scored: Scored) -> None:
    quality = scored.score.quality
    missed = [kind for kind in quality.kinds if kind.caught_count < kind.planted_count]
    assert missed == []
    assert quality.recall == 1.0
    assert len(quality.kinds) > 50
    assert len({kind.system for kind in quality.kinds}) == 12


def test_what_is_wrong_is_held_back_unless_a_rule_says_otherwise(scored: Scored) -> None:
    passing = {
        (kind.system, kind.entity, kind.kind)
        for kind in scored.score.quality.kinds
        if kind.held_count < kind.caught_count
    }
    assert passing <= ONLY_WARNED


def test_at_most_one_clean_row_in_a_thousand_is_held(scored: Scored) -> None:
    quality = scored.score.quality
    assert quality.clean_row_count > 300_000
    assert quality.wrongly_held_share is not None
    assert quality.wrongly_held_share <= 0.001
    assert list(quality.false_alarms) == []


def test_no_boundary_case_is_held(scored: Scored) -> None:
    held = scored.query(
        "select b.system, b.entity, b.kind, q.rule_id from truth.boundary_case as b"
        " join quality.quarantine as q on q.source = b.system and q.entity = b.entity and q.key = b.key"
        " where q.released_at is null"
    )
    assert held == []


def test_warnings_about_clean_rows_are_few(scored: Scored) -> None:
    quality = scored.score.quality
    warned = sum(entry.row_count for entry in quality.warnings)
    assert warned <= quality.clean_row_count * 0.01, quality.warnings


def test_records_of_one_customer_are_found_in_all_systems(scored: Scored) -> None:
    matching = scored.score.matching
    assert matching.precision is not None
    assert matching.precision >= 0.995
    assert matching.recall_with_review is not None
    assert matching.recall_with_review >= 0.95
    assert matching.merged_trap_share == 0
    assert {variant.system for variant in matching.variants} == {"erp", "crm"}
    assert sum(trap.planted_count for trap in matching.traps) > 900


def test_every_source_of_customers_and_persons_says_what_matching_needs(scored: Scored) -> None:
    counts = scored.query(
        "select source, count(*), count(name_parts), count(phone), count(email), count(address), count(division_code)"
        " from staging.stg_customer group by source order by source"
    )
    assert [source for source, *_counts in counts] == ["crm", "erp", "legacy_crm"]
    for source, rows, parts, *others in counts:
        assert parts == rows, source
        assert min(others) > 0, source
    persons = scored.query("select source, count(*), count(name) from staging.stg_contact group by source order by 1")
    assert [source for source, *_counts in persons] == ["crm", "manual", "shop", "trade_fair", "wecom"]
    assert all(rows == names for _source, rows, names in persons)


def test_orders_and_receipts_find_their_customer(scored: Scored) -> None:
    for table in ("core_order", "core_receipt"):
        assert scored.query(f"select count(*) from core.{table} where customer_key is null") == [(0,)], table


def test_truth_knows_the_persons_of_all_sources(scored: Scored) -> None:
    known = scored.query(
        "select contact.source, count(person.key) > 0, count(*) = count(distinct contact.source_key)"
        " from staging.stg_contact as contact left join truth.person as person"
        " on person.system = contact.source and person.key = contact.source_key and person.entity <> 'lead'"
        " group by contact.source"
    )
    assert all(some and once for _source, some, once in known)
    assert len(known) == 5
