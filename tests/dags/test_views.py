"""The page of the import ledger in a real API server of Airflow: who may open it, and what it shows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from tests.conftest import Postgres
from tests.dags.airflow_api import AirflowApi, airflow_api, make_metadata
from tests.sql.database import Warehouse, drop_database, make_template

DATABASE = "test_imports"
PAGES = ("/imports/", "/imports/batches", "/imports/batches/1", "/imports/changes")
NOW = datetime.now(UTC)
SCRIPT = "<script>alert('rejected')</script>"
MARKUP = "<img src=x onerror=alert(1)>"


def batch(**values: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("received", "loaded", "unchanged", "superseded", "rejected"), 0)
    times = {"started_at": NOW - timedelta(minutes=2), "finished_at": NOW - timedelta(minutes=1)}
    return {"run_id": "manual__1", "source": "erp", "entity": "region", "label": "full", **counts, **times, **values}


def fill(warehouse: Warehouse) -> None:
    """Batch 1 balances, 2 has lines that could not be read, 3 has lost rows, 4 is old, then more than a page."""
    old = {"started_at": NOW - timedelta(days=9), "finished_at": NOW - timedelta(days=9)}
    warehouse.insert(
        "ops.import_batch",
        [
            batch(received=3, loaded=2, unchanged=1, bytes=1234, cursor_to="2026-03-05 10:00"),
            batch(source="bank", entity="statement_line", label="ICBC.txt", received=120, rejected=120),
            batch(entity="customer", received=5, loaded=5, run_id="manual__2"),
            batch(source="gone", entity="thing", received=7, unchanged=7, run_id=MARKUP, **old),
            *(batch(source="web_log", entity="access", label="2026-03-05") for _number in range(60)),
        ],
    )
    warehouse.execute(
        "insert into staging.stg_erp__region (source_key, region_code, batch_id, is_quarantined)"
        " values ('CN-SH', 'CN-SH', 1, false), ('CN-XX', 'CN-XX', 1, true)"
    )
    line = {"batch_id": 2, "source": "bank", "entity": "statement_line", "file": "ICBC.txt"}
    warehouse.insert(
        "ops.rejected_line",
        [
            {**line, "line_number": 1, "reason": "wrong width of the line", "raw_text": "张三丰13800138000"},
            {**line, "line_number": 2, "reason": "wrong width of the line", "raw_text": SCRIPT},
            *(
                {**line, "line_number": number, "reason": "wrong width of the line", "raw_text": ""}
                for number in range(3, 121)
            ),
        ],
    )
    warehouse.insert(
        "ops.schema_change",
        [
            {
                "run_id": "manual__1", "source": "erp", "entity": "customer", "column_name": MARKUP, "kind": "missing",
                "type_before": "text", "policy": "stop", "action": "stopped", "suggestion": "customer_name",
            }
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def servers(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, AirflowApi]]:
    """One server in each language, beside a seeded ledger."""
    folder = tmp_path_factory.mktemp("airflow")
    database = make_template(postgres, DATABASE, load_workspace(REPOSITORY / "include" / "workspace.yml"))
    with closing(database.connect()) as connection:
        fill(Warehouse(connection))
    environment = {**make_metadata(postgres.settings, folder), "AIRFLOW_CONN_WAREHOUSE": database.dsn("cockpit_etl")}
    with ExitStack() as stack:
        yield {
            lang: stack.enter_context(
                airflow_api(postgres.settings, environment, folder / f"{lang}.log", COCKPIT_LANG=lang)
            )
            for lang in ("en", "zh")
        }
    drop_database(postgres, DATABASE)


@pytest.fixture(scope="module")
def api(servers: dict[str, AirflowApi]) -> AirflowApi:
    return servers["en"]


def text_of(page: str) -> str:
    """The page as a reader sees it, white space levelled."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def batches_on(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'href="/imports/batches/(\d+)"', page)]


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_a_login(path: str, api: AirflowApi) -> None:
    answer = api.get(path, signed_in=False)
    assert answer.status_code == 401
    assert "/api/v2/auth/login?next=" in answer.text
    assert "erp" not in text_of(answer.text)


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_a_wrong_token_is_no_login(token: str, servers: dict[str, AirflowApi]) -> None:
    stranger = AirflowApi(servers["en"].address, "")
    stranger._token = token
    assert stranger.get("/imports/").status_code in (401, 403)


@pytest.mark.parametrize("path", ["/imports/docs", "/imports/openapi.json", "/imports/redoc", "/imports/nothing"])
def test_nothing_else_is_there(path: str, api: AirflowApi) -> None:
    assert api.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_page_can_be_written_to(method: str, path: str, api: AirflowApi) -> None:
    assert api.request(method, path).status_code == 405


def test_the_navigation_leads_to_the_page(servers: dict[str, AirflowApi]) -> None:
    names = {}
    for lang, server in servers.items():
        plugins = server.get("/api/v2/plugins").json()["plugins"]
        views = next(plugin["external_views"] for plugin in plugins if plugin["name"] == "cockpit")
        names[lang] = [(view["name"], view["href"]) for view in views if view["url_route"] == "imports"]
    assert names == {"en": [("Imports", "/imports/")], "zh": [("导入台账", "/imports/")]}


def test_sources_show_what_came_in(api: AirflowApi) -> None:
    answer = api.get("/imports/")
    assert answer.status_code == 200
    text = text_of(answer.text)
    # A source whose file is gone keeps its figures; its batch is older than a day.
    assert re.search(r"gone gone \S+ \S+ 9 d 0 h ago no schedule 24 hours( 0){8} no batch ever 7 0 7 ", text)
    assert re.search(r"Huaxing ERP erp .* 24 hours 8 7 1 0 0 0 1 1 does not balance ever 8 7 1 ", text)
    assert re.search(r"Bank statements bank .* 24 hours 120 0 0 0 120 0 0 0 balances", text)
    assert re.search(r"Huaxing CRM crm – never loaded", text)


def test_a_page_says_where_it_may_be_shown_and_what_it_may_load(api: AirflowApi) -> None:
    headers = api.get("/imports/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert api.get("/imports/static/imports.css").headers["content-type"].startswith("text/css")


def test_pages_hold_no_script_and_no_style_of_their_own(api: AirflowApi) -> None:
    for path in PAGES:
        page = api.get(path).text
        assert re.findall(r"<script(?! src=\"/imports/static/)|<style|\son\w+=\"|\sstyle=|https?://", page) == []


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        pytest.param({"source": "erp"}, [3, 1], id="source"),
        pytest.param({"source": "erp", "entity": "customer"}, [3], id="entity"),
        pytest.param({"run_id": "manual__2"}, [3], id="run"),
        pytest.param({"unbalanced": "1"}, [3], id="out of balance"),
        pytest.param({"rejected": "1"}, [2], id="with rejected lines"),
        pytest.param({"rejected": "1", "source": "erp"}, [], id="none"),
        pytest.param({"before": "4"}, [3, 2, 1], id="further down"),
        pytest.param({"source": "", "entity": "", "run_id": "", "before": "3"}, [2, 1], id="empty fields"),
        pytest.param({"source": "' or 1=1 --"}, [], id="not SQL"),
    ],
)
def test_batches_are_narrowed(query: dict[str, str], numbers: list[int], api: AirflowApi) -> None:
    answer = api.get("/imports/batches", **query)
    assert answer.status_code == 200
    assert batches_on(answer.text) == numbers


def test_pages_of_batches_hold_each_once(api: AirflowApi) -> None:
    seen, query = [], "?"
    while query:
        page = api.get(f"/imports/batches{query}").text
        seen.append(batches_on(page))
        older = re.search(r'href="(\?[^"]*)">Older', page)
        query = html.unescape(older[1]) if older else ""
    assert [len(numbers) for numbers in seen] == [50, 14]
    assert [number for numbers in seen for number in numbers] == list(range(64, 0, -1))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/imports/batches?before=x", 400, id="no number"),
        pytest.param("/imports/batches?before=99999999999999999999", 400, id="number too long"),
        pytest.param(f"/imports/batches?source={'x' * 300}", 400, id="text too long"),
        pytest.param("/imports/batches?source=%00", 400, id="NUL"),
        pytest.param("/imports/batches/x", 400, id="no batch number"),
        pytest.param("/imports/batches/65", 404, id="no such batch"),
        pytest.param("/imports/batches/0", 404, id="zero"),
        pytest.param("/imports/batches/99999999999999999999", 404, id="batch number too great"),
        pytest.param("/imports/batches/2?offset=-1", 400, id="negative"),
    ],
)
def test_a_wrong_address_is_refused(path: str, status: int, api: AirflowApi) -> None:
    answer = api.get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_a_batch_shows_both_equations(api: AirflowApi) -> None:
    text = text_of(api.get("/imports/batches/1").text)
    assert "Batch 1 · Huaxing ERP · region balances" in text
    assert "At load 3 received = 2 loaded + 1 unchanged + 0 superseded + 0 rejected" in text
    assert "Now 2 loaded = 1 staged + 1 quarantined + 0 replaced + 0 removed" in text
    assert "1.2 kB" in text
    assert "2026-03-05 10:00" in text
    # Airflow knows no such run.
    assert "/dags/" not in api.get("/imports/batches/1").text
    assert "does not balance" in text_of(api.get("/imports/batches/3").text)


def test_rejected_lines_are_masked_and_paged(api: AirflowApi) -> None:
    first = api.get("/imports/batches/2").text
    assert "张*丰13*******00" in text_of(first)
    assert "13800138000" not in first
    assert len(re.findall("wrong width of the line", first)) == 100
    following = re.search(r'href="(\?[^"]*)">Next', first)
    assert following
    assert len(re.findall("wrong width of the line", api.get(f"/imports/batches/2{following[1]}").text)) == 20


def test_markup_of_a_source_is_text(api: AirflowApi) -> None:
    # Masking changes the words of a line, so the run and the column carry markup as well.
    for path in ("/imports/batches/2", "/imports/batches/4", "/imports/batches", "/imports/batches?before=5"):
        page = api.get(path).text
        assert "<img" not in page
        assert re.findall(r"<(?:script|s\*+t)(?! src=\"/imports/static/frame.js\")", page) == []
    assert "&lt;s****t&gt;" in api.get("/imports/batches/2").text
    assert html.escape(MARKUP) in api.get("/imports/changes").text
    searched = api.get("/imports/batches", run_id=f'"><{SCRIPT}').text
    assert SCRIPT not in searched
    assert 'value="&#34;&gt;&lt;&lt;script&gt;' in searched


def test_changes_say_what_was_done(api: AirflowApi) -> None:
    text = text_of(api.get("/imports/changes").text)
    assert "erp.customer" in text
    assert "missing text → – stop stopped before anything was written customer_name manual__1" in text
    assert "Nothing to show." in text_of(api.get("/imports/changes", source="bank").text)


def test_the_chinese_page_has_chinese_texts(servers: dict[str, AirflowApi]) -> None:
    api = servers["zh"]
    assert "华星 ERP erp" in text_of(api.get("/imports/").text)
    assert "行宽" in text_of(api.get("/imports/batches/2").text) or "宽度" in text_of(
        api.get("/imports/batches/2").text
    )
    assert "写入前停止" in text_of(api.get("/imports/changes").text)
    for path in PAGES:
        words = set(re.findall(r"[A-Za-z]{4,}", text_of(api.get(path).text)))
        assert words.isdisjoint({"Imports", "Sources", "received", "loaded", "balances", "Batch", "Ledger", "late"})
