"""The company's own forms, from the post to the mart, and what of it is held back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest

from cockpit.pipelines.downstream import reached, refresh_source
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.runner import BuildContext
from tests.conftest import Postgres
from tests.integration.intake.service import Intake
from tests.sql.database import context_of, drop_database, use_as_warehouse
from tests.workspaces import make_workspace_database

NAME = "cockpit_test_forms"
GOOD = {
    "company": "上海示例仪器有限公司",
    "contact": "王小明",
    "phone": "13912345678",
    "region_code": "CN-SH",
    "consent": True,
}


@pytest.fixture
def site(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Intake, BuildContext]]:
    """The intake with the company's forms on a database where nothing has been loaded yet."""
    database = make_workspace_database(postgres, NAME)
    use_as_warehouse(database, monkeypatch)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_INTAKE", database.dsn("intake"))
    with closing(psycopg2.connect(postgres.dsn(NAME))) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"grant connect on database {NAME} to intake")
    workspace = load_workspace(REPOSITORY / "include" / "workspace.yml")
    service = Intake(workspace, database, tmp_path / "secrets")
    service.start()
    yield service, context_of(workspace, datetime(2026, 3, 5, tzinfo=UTC))
    service.stop()
    drop_database(postgres, NAME)


def test_a_post_becomes_a_lead_with_its_channel(site: tuple[Intake, BuildContext]) -> None:
    intake, context = site
    post(intake, "registration", GOOD | {"campaign": "spring"})
    post(intake, "campaign_page", GOOD | {"campaign": "expo", "region_code": "CN-BJ"})
    first = {build.model for build in refresh_source(context, "web_forms")}
    wanted = {model.name for model in reached(context.graph, "web_forms")}
    # Nobody has built core yet: what these models read is built before them, and once.
    assert first > wanted
    assert not {model.name for model in context.graph.models.values() if model.is_source} & (first - wanted)
    post(intake, "registration", GOOD | {"contact": "李华", "campaign": "summer"})
    assert {build.model for build in refresh_source(context, "web_forms")} == wanted

    assert intake.query("select lead_source, campaign, region_code, masked_phone from marts.mart_lead order by 2") == [
        ("h5", "expo", "CN-BJ", "+86*******5678"),
        ("website", "spring", "CN-SH", "+86*******5678"),
        ("website", "summer", "CN-SH", "+86*******5678"),
    ]
    assert {build.kind for build in refresh_source(context, "web_forms")} == {"fresh"}


# What is typed and the rule that holds it back; None for what only looks alike.
TYPED = [
    ({"phone": "13800138000"}, "lead_phone_placeholder__phone"),
    ({"phone": "138-0013-8000"}, "lead_phone_placeholder__phone"),
    ({"phone": "00000000"}, "lead_phone_placeholder__phone"),
    ({"phone": "1391234567"}, "lead_phone_impossible__phone"),
    ({"company": "测试公司"}, "invented_company__company"),
    ({"company": "asdfgh"}, "invented_company__company"),
    ({"contact": "123456"}, "invented_person__contact"),
    ({"phone": "+86 139-1234-5678"}, None),
    ({"phone": "021-62345678"}, None),
    ({"phone": "4008001234"}, None),
    ({"company": "无锡华测仪器有限公司"}, None),
    ({"company": "检测试剂有限公司"}, None),
]


def test_what_looks_invented_is_held_back(site: tuple[Intake, BuildContext]) -> None:
    intake, context = site
    for number, (change, _rule) in enumerate(TYPED):
        post(intake, "registration", GOOD | change | {"campaign": str(number)})
    refresh_source(context, "web_forms")

    leads = {campaign for (campaign,) in intake.query("select campaign from marts.mart_lead")}
    held = intake.query(
        "select payload ->> 'campaign', rule_id from quality.quarantine"
        " inner join raw.web_forms__registration using (key) order by cast(payload ->> 'campaign' as integer)"
    )
    assert held == [(str(number), rule) for number, (_change, rule) in enumerate(TYPED) if rule]
    assert leads == {str(number) for number, (_change, rule) in enumerate(TYPED) if rule is None}


def post(intake: Intake, form: str, fields: dict[str, object]) -> None:
    key = (intake.secrets / f"form_web_forms__{form}").read_text().strip()
    answer = intake.http.post(f"/forms/web_forms/{form}", json=fields, headers={"X-Form-Key": key})
    assert answer.status_code == 201, answer.text
