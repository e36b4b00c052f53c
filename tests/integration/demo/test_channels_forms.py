"""The generated form posts through the running intake, and what schema truth says about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.channels import fill_channels, post_forms
from cockpit.demo.channels.forms import FORMS, make_submissions
from cockpit.demo.company import Company
from cockpit.demo.fill import fill
from cockpit.demo.systems import Systems
from cockpit.errors import TerminalError, TransientError
from cockpit.warehouse.runner import BuildContext
from tests.integration.demo.channels_site import ChannelsSite
from tests.integration.intake.service import Intake
from tests.workspaces import WorkspaceDatabase, make_workspace_database

NAME = "demo_test_forms"


class Running:
    """The company's own forms, served."""

    def __init__(self, site: ChannelsSite, context: BuildContext, intake: Intake) -> None:
        self.site = site
        self.context = context
        self.url = intake.url
        self.secrets = {
            form: (intake.secrets / f"form_web_forms__{form}").read_text(encoding="utf-8").splitlines()[0]
            for form in FORMS
        }


@pytest.fixture(scope="module")
def database(postgres: Any) -> WorkspaceDatabase:
    made = make_workspace_database(postgres, NAME)
    with psycopg2.connect(postgres.dsn(NAME)) as connection, connection.cursor() as cursor:
        cursor.execute(f"grant connect on database {NAME} to intake")
    return made


@pytest.fixture(scope="module")
def running(
    database: WorkspaceDatabase, company: Company, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("forms")
    with pytest.MonkeyPatch.context() as patch, closing(database.connect()) as warehouse:
        patch.setenv("AIRFLOW_CONN_CHANNELS_WAREHOUSE", database.dsn("cockpit_etl"))
        patch.setenv("AIRFLOW_CONN_CHANNELS_WAREHOUSE_INTAKE", database.dsn("intake"))
        patch.setenv("COCKPIT_HOME", str(database.postgres.settings.home))
        site = ChannelsSite(folder, warehouse)
        context = site.context(company.clock.as_of, ["web_forms"])
        intake = Intake(context.workspace, database, folder / "secrets")
        intake.start()
        yield Running(site, context, intake)
        intake.stop()


def rows(connection: PgConnection, query: str) -> list[tuple[Any, ...]]:
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_posts_reach_raw_once_and_what_looks_invented_is_held(
    running: Running, systems: Systems, company: Company, tmp_path: Path
) -> None:
    fill(systems, company)
    fill_channels(tmp_path / "demo", company, systems.truth)
    submissions = make_submissions(company)
    report = post_forms(running.url, running.secrets, company, systems.truth)
    new = [each for each in submissions if not each.is_repeated]
    assert sum(report.accepted.values()) == sum(not each.is_invalid for each in new)
    assert report.repeated == len(submissions) - len(new)
    assert report.refused == sum(each.is_invalid for each in new) > 0
    assert {mark for _form, mark, _id in report.marked} == {"fake_registration", "placeholder_phone"}

    again = post_forms(running.url, running.secrets, company, systems.truth)
    assert again.accepted == {}
    assert sorted(again.marked) == sorted(report.marked)
    for form, count in report.accepted.items():
        assert running.site.query(f"select count(*) from raw.web_forms__{form}") == [(count,)]

    running.site.load(running.context, ["web_forms"])
    held = running.site.query("select entity, key from quality.quarantine")
    told = rows(systems.truth, "select entity, key from truth.anomaly where system = 'web_forms'")
    assert sorted(set(held)) == sorted(told)


def test_truth_of_the_files_lies_beside_that_of_the_erp(systems: Systems, company: Company, tmp_path: Path) -> None:
    before = rows(systems.truth, "select count(*) from truth.anomaly where system = 'erp'")
    for folder in ("first", "second"):
        planted = fill_channels(tmp_path / folder, company, systems.truth)
        assert planted is not None
        found = rows(systems.truth, "select count(*) from truth.anomaly where system = any(array['bank', 'manual', "
                     "'call_centre', 'distributors', 'trade_fair', 'legacy_crm', 'web_log', 'crm_use'])")  # fmt: skip
        assert found == [(len(planted.anomalies),)]
        figures = rows(systems.truth, "select value from truth.channel_figure where figure = 'credit_cents'")
        assert figures == [(planted.figures["bank", "statement_line", "credit_cents"],)]
        sessions = rows(systems.truth, "select sum(sessions) from truth.web_session where entity = 'access'")
        assert sessions == [(planted.figures["web_log", "access", "sessions"],)]
        receipts = rows(systems.truth, "select count(*) from truth.bank_receipt")
        assert receipts == [(planted.figures["bank", "statement_line", "receipts"],)]
    assert rows(systems.truth, "select count(*) from truth.anomaly where system = 'erp'") == before


def test_bank_lines_are_receipts_of_the_erp(systems: Systems) -> None:
    claims = rows(systems.truth, "select receipt_number, is_third_party from truth.bank_receipt order by 1")
    known = dict(rows(systems.erp, "select receipt_number, kind from receipt"))
    assert {known[number] for number, _third in claims} == {"bank"}
    assert 0 < sum(third for _number, third in claims) < len(claims) / 10


def test_a_wrong_secret_and_no_intake_are_said(running: Running, company: Company) -> None:
    with pytest.raises(TerminalError, match="401"):
        post_forms(running.url, dict.fromkeys(FORMS, "not-the-secret-at-all"), company)
    with pytest.raises(TransientError, match="does not answer"):
        post_forms("http://127.0.0.1:9", running.secrets, company)
