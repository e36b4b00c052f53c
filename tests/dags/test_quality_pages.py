"""The pages about quality in a real API server of Airflow: what they show, who may answer, and what an answer does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from cockpit.quality.campaigns import quarter_of
from cockpit.quality.samples import week_of
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from tests.conftest import Postgres
from tests.dags.airflow_api import AirflowApi, airflow_api, make_metadata
from tests.dags.test_views import text_of
from tests.sql.database import Warehouse, drop_database, make_template

DATABASE = "test_quality_pages"
TODAY = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
MARKUP = "<img src=x onerror=alert(1)>"
PAGES = (
    "/imports/quality/", "/imports/quality/sources/erp", "/imports/quality/sources/erp/receipt",
    "/imports/quality/owners", "/imports/quality/owners/admin", "/imports/quality/samples",
    "/imports/quality/campaigns",
)  # fmt: skip


def fill(warehouse: Warehouse) -> None:
    """Scores of today and a week ago, one row in a sample, one in a campaign."""
    rows: list[dict[str, Any]] = []
    for day, score in ((TODAY - timedelta(days=7), "0.90"), (TODAY, "0.95")):
        for place in (
            {"level": "company"},
            {"level": "source", "source": "erp"},
            {"level": "entity", "source": "erp", "entity": "receipt", "good": 95, "total": 100},
            {"level": "column", "source": "erp", "entity": "receipt", "column_name": "amount"},
            {"level": "owner", "owner": "admin"},
            {"level": "owner", "owner": MARKUP},
            {"level": "owner", "source": "erp", "entity": "receipt", "owner": "admin"},
        ):
            rows += [{"day": day, "score": score, "dimension": name, **place} for name in ("overall", "validity")]
    warehouse.insert("quality.score_daily", rows)
    warehouse.execute(
        "insert into staging.stg_crm__account (source_key, batch_id, account_id, account_number, name, name_received,"
        " status, standardised_by, invalid_columns) values ('1', 1, 1, 'A1', 'x', %s, 'customer', '', '{}')",
        (MARKUP,),
    )
    asked = {"owner": "admin", "source": "crm", "entity": "account", "key": "1"}
    warehouse.insert("quality.sample", [{"week": week_of(TODAY), "question": "So?", "question_zh": "对吗？", **asked}])
    warehouse.insert("quality.campaign", [{"name": "customers", "quarter": quarter_of(TODAY)}])
    warehouse.insert("quality.campaign_item", [{"campaign_id": 1, **asked}])


@pytest.fixture(scope="module")
def site(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, AirflowApi], Any]]:
    """A server in each language over one database, and the database."""
    folder = tmp_path_factory.mktemp("airflow")
    database = make_template(postgres, DATABASE, load_workspace(REPOSITORY / "include" / "workspace.yml"))
    environment = {**make_metadata(postgres.settings, folder), "AIRFLOW_CONN_WAREHOUSE": database.dsn("cockpit_etl")}
    with ExitStack() as stack:
        warehouse = Warehouse(stack.enter_context(closing(database.connect())))
        fill(warehouse)
        servers = {
            lang: stack.enter_context(
                airflow_api(postgres.settings, environment, folder / f"{lang}.log", COCKPIT_LANG=lang)
            )
            for lang in ("en", "zh")
        }
        yield servers, warehouse
    drop_database(postgres, DATABASE)


@pytest.fixture
def api(site: tuple[dict[str, AirflowApi], Any]) -> AirflowApi:
    return site[0]["en"]


def post(api: AirflowApi, path: str, **fields: str) -> requests.Response:
    return requests.post(
        api.address + path, data=fields, cookies={"_token": api.token}, timeout=30, allow_redirects=False
    )


def token_on(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_readers_and_hold_nothing_foreign(path: str, api: AirflowApi) -> None:
    assert api.get(path, signed_in=False).status_code == 401
    answer = api.get(path)
    assert answer.status_code == 200
    assert MARKUP not in answer.text
    assert re.findall(r"<script(?! src=\"/imports/)|<style|\son\w+=\"|\sstyle=|https?://", answer.text) == []


def test_scores_show_their_change(site: tuple[dict[str, AirflowApi], Any]) -> None:
    text = text_of(site[0]["en"].get("/imports/quality/").text)
    assert "Overall score 95.0 % +5.0 points against a week ago" in text
    assert "Huaxing ERP erp 95.0 % +5.0" in text
    assert "综合评分 95.0 % +5.0 个百分点（较一周前）" in text_of(site[0]["zh"].get("/imports/quality/").text)


@pytest.mark.parametrize("path", ["sources/nothing", "sources/erp/nothing", "owners/nobody", "sources/%00", "x"])
def test_what_has_no_score_is_not_found(path: str, api: AirflowApi) -> None:
    assert api.get(f"/imports/quality/{path}").status_code == 404


def test_the_navigation_leads_here(site: tuple[dict[str, AirflowApi], Any]) -> None:
    plugins = site[0]["zh"].get("/api/v2/plugins").json()["plugins"]
    views = next(plugin["external_views"] for plugin in plugins if plugin["name"] == "cockpit")
    assert [view["href"] for view in views if view["name"] == "数据质量"] == ["/imports/quality/"]


def test_an_answer_to_a_sample_is_kept_under_the_persons_name(site: tuple[dict[str, AirflowApi], Any]) -> None:
    servers, warehouse = site
    api = servers["en"]
    page = api.get("/imports/quality/samples").text
    fields = {"token": token_on(page), "answer": "wrong", "column": "name", "note": MARKUP, "owner": "admin"}
    answer = post(api, "/imports/quality/samples/1", **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/imports/quality/samples?owner=admin#row-1")
    found = "select answer, column_name, note, answered_by from quality.sample_answer"
    assert warehouse.query(found) == [("wrong", "name", MARKUP, "admin")]
    again = api.get("/imports/quality/samples")
    assert "Everything of this week is answered" in again.text
    assert MARKUP not in again.text


def test_a_campaign_shows_what_is_done(site: tuple[dict[str, AirflowApi], Any]) -> None:
    servers, _warehouse = site
    api = servers["en"]
    page = api.get("/imports/quality/campaigns?campaign=customers&owner=admin").text
    assert "0 of 1 done" in text_of(page)
    token = token_on(page)
    answer = post(api, "/imports/quality/campaigns/1", token=token, answer="right", campaign="customers", owner="admin")
    assert answer.status_code == 303
    page = api.get("/imports/quality/campaigns?campaign=customers&owner=admin").text
    assert "1 of 1 done" in text_of(page)
    assert "Nothing is open here." in page


@pytest.mark.parametrize("path", ["/imports/quality/samples/1", "/imports/quality/campaigns/1"])
@pytest.mark.parametrize("token", ["", "x", "99999999999.abc"])
def test_a_form_from_elsewhere_is_refused(path: str, token: str, site: tuple[dict[str, AirflowApi], Any]) -> None:
    servers, warehouse = site
    counted = "select (select count(*) from quality.sample_answer) + (select count(*) from quality.campaign_answer)"
    before = warehouse.query(counted)
    assert post(servers["en"], path, answer="right", token=token).status_code == 403
    assert warehouse.query(counted) == before
