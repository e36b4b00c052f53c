"""Data Docs in a real API server of Airflow: who may read them, and that nothing else of the machine can be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import pytest
import requests

from cockpit.pipelines import steps
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from tests.conftest import Postgres
from tests.dags.airflow_api import AirflowApi, airflow_api, make_metadata
from tests.integration.quality.core_rows import fill_core
from tests.sql.database import Warehouse, context_of, drop_database, make_template, use_as_warehouse

DATABASE = "test_data_docs_page"
INDEX = "/imports/data-docs/en/index.html"
TABLE = "/imports/data-docs/en/core_receipt/index.html"


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the pages, with a secret beside it."""
    folder = tmp_path_factory.mktemp("home") / "data_docs"
    folder.mkdir()
    (folder.parent / "secret.html").write_text("TOP SECRET")
    (folder / "secret.html").write_text("TOP SECRET")
    return folder


@pytest.fixture(scope="module")
def servers(
    postgres: Postgres, docs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, AirflowApi]]:
    """Servers in both languages over the pages of core after its checks, and one without pages."""
    workspace = load_workspace(REPOSITORY / "include" / "workspace.yml")
    context = context_of(workspace, datetime.fromisoformat("2026-03-05T10:00+08:00"))
    database = make_template(postgres, DATABASE, workspace)
    with pytest.MonkeyPatch.context() as patch, closing(database.connect()) as connection:
        use_as_warehouse(database, patch)
        patch.setenv("COCKPIT_DATA_DOCS", str(docs))
        fill_core(Warehouse(connection), context)
        steps.check_models(context, context.graph.layer("core"))
    folder = tmp_path_factory.mktemp("airflow")
    environment = {**make_metadata(postgres.settings, folder), "AIRFLOW_CONN_WAREHOUSE": database.dsn("cockpit_etl")}
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                airflow_api(
                    postgres.settings,
                    environment,
                    folder / f"{name}.log",
                    COCKPIT_LANG=lang,
                    COCKPIT_DATA_DOCS=str(root),
                )
            )
            for name, lang, root in (
                ("en", "en", docs),
                ("zh", "zh", docs),
                ("empty", "en", folder / "nothing"),
            )
        }
    drop_database(postgres, DATABASE)


@pytest.fixture(scope="module")
def api(servers: dict[str, AirflowApi]) -> AirflowApi:
    return servers["en"]


@pytest.mark.parametrize("path", ["/imports/data-docs/", INDEX, TABLE, "/imports/data-docs/static/data_docs.css"])
def test_nobody_reads_without_a_login(path: str, api: AirflowApi) -> None:
    answer = api.get(path, signed_in=False)
    assert answer.status_code == 401
    assert "core_receipt" not in answer.text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_start_is_in_the_platforms_language(lang: str, servers: dict[str, AirflowApi]) -> None:
    answer = servers[lang].get("/imports/data-docs/")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/imports/data-docs/{lang}/index.html")
    page = servers[lang].get(answer.headers["location"])
    assert {"en": "What every table promises", "zh": "每张表的约定"}[lang] in page.text


def test_pages_and_their_style_have_the_right_types(api: AirflowApi) -> None:
    index, table = api.get(INDEX), api.get(TABLE)
    assert index.headers["content-type"] == table.headers["content-type"] == "text/html; charset=utf-8"
    assert 'href="core_receipt/index.html"' in index.text
    assert "amount_between" in table.text
    style = api.get("/imports/data-docs/static/data_docs.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")


def test_a_page_may_load_nothing_from_elsewhere(api: AirflowApi) -> None:
    headers = api.get(INDEX).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self';")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.html",
        "../../secret.html",
        "en/../../secret.html",
        "..%2fsecret.html",
        "%2e%2e/secret.html",
        "en%2f..%2f..%2fsecret.html",
        "..%252fsecret.html",
        "..%5csecret.html",
        "secret.html",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "en/index.html%00",
        "en/index.html/",
        "en/INDEX.html",
        "fr/index.html",
        "state/core_receipt.json",
        ".lock",
        "en/",
        "en",
        "static/",
        "en/core_receipt/20261122T000000000000Z.html",
        "en/core_receipt/index.html%0a",
        "en/" + "a" * 300 + "/index.html",
    ],
)
def test_nothing_else_can_be_read(path: str, api: AirflowApi) -> None:
    # As written: a client would resolve the dots before it asks.
    session = requests.Session()
    request = session.prepare_request(requests.Request("GET", api.address, cookies={"_token": api.token}))
    request.url = f"{api.address}/imports/data-docs/{path}"
    answer = session.send(request, timeout=30, allow_redirects=False)
    assert answer.status_code in (400, 404), answer.text
    assert "TOP SECRET" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(method: str, api: AirflowApi) -> None:
    assert api.request(method, TABLE).status_code == 405


def test_before_the_first_check_a_reader_is_told(servers: dict[str, AirflowApi]) -> None:
    answer = servers["empty"].get(INDEX)
    assert answer.status_code == 404
    assert "Nothing has been checked yet." in answer.text


def test_the_navigation_leads_there(servers: dict[str, AirflowApi]) -> None:
    names = {}
    for lang in ("en", "zh"):
        plugins = servers[lang].get("/api/v2/plugins").json()["plugins"]
        views = next(plugin["external_views"] for plugin in plugins if plugin["name"] == "cockpit")
        names[lang] = [(view["name"], view["href"]) for view in views if view["url_route"] == "data_docs"]
    assert names == {"en": [("Data Docs", "/imports/data-docs/")], "zh": [("数据文档", "/imports/data-docs/")]}
