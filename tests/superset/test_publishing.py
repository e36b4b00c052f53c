"""What builders may and may not do with Superset, whatever they send, and how a draft becomes a published dashboard.

All requests are a browser's own, with its session and its token: a refusal is about the person.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
import requests

from cockpit.bi.bundle import asset_uuid
from cockpit.bi.check import check_assets
from cockpit.pipelines.export_approved import export_into
from cockpit.pipelines.publish import publish
from cockpit.rulebook.workspace import REPOSITORY, find_workspace
from cockpit.warehouse.metrics import metric_book
from tests.superset.browser_session import browser

# Builders of marketing and of finance; the analyst builds and approves; the lawyer approves; a viewer of sales.
BUILDER, OTHER_BUILDER, BOTH, APPROVER, VIEWER = "tang.ning", "xie.lin", "feng.yu", "cao.yi", "huang.jun"
READER = "chen.jing"
SQL_METRIC = {"expressionType": "SQL", "sqlExpression": "max(current_user)", "label": "x"}
SIMPLE_METRIC = {
    "expressionType": "SIMPLE",
    "column": {"column_name": "lost_count"},
    "aggregate": "SUM",
    "label": "Lost",
}


class Person:
    """A browser session with the few requests these tests make."""

    def __init__(self, stack: Any, username: str) -> None:
        self.base_url, self.username = stack.superset_url, username
        self.session = browser(stack.superset_url, username, stack.password(username))
        self.number = self.get("/api/v1/me/").json()["result"]["id"]

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, self.base_url + path, timeout=60, **more)

    def get(self, path: str) -> requests.Response:
        return self.send("GET", path)

    def titles(self, kind: str) -> set[str]:
        entries = self.get(f"/api/v1/{kind}/?q=(page_size:100)").json()["result"]
        return {entry.get("slice_name") or entry.get("dashboard_title") for entry in entries}

    def step(self, name: str, **form: Any) -> requests.Response:
        token = self.session.headers["X-CSRFToken"]
        data = {"csrf_token": token, **form}
        return self.send("POST", f"/publishing/{name}/", data=data, headers={"X-CSRFToken": ""}, allow_redirects=False)

    def query(self, dataset: int, chart: int | None = None, **query: Any) -> requests.Response:
        form_data = {"datasource": f"{dataset}__table", **({"slice_id": chart} if chart else {})}
        body = {
            "datasource": {"id": dataset, "type": "table"},
            "force": True,
            "queries": [{"row_limit": 100, **query}],
            "form_data": form_data,
            "result_format": "json",
            "result_type": "full",
        }
        return self.send("POST", "/api/v1/chart/data", json=body)


@pytest.fixture(scope="module")
def person(stack):
    known: dict[str, Person] = {}

    def log_in(username: str) -> Person:
        if username not in known:
            known[username] = Person(stack, username)
        return known[username]

    return log_in


@pytest.fixture(scope="module")
def datasets(administrator) -> dict[str, int]:
    numbers = {entry["uuid"]: entry["id"] for entry in administrator.list("/api/v1/dataset/")}
    return {name: numbers[asset_uuid("dataset", name, "en")] for name in ("funnel", "import_batch", "segment")}


@pytest.fixture(scope="module")
def template(administrator) -> dict[str, Any]:
    """The template of the funnel, as the administrator sees it."""
    wanted = asset_uuid("chart", "template_funnel", "en")
    number = next(e["id"] for e in administrator.list("/api/v1/chart/") if e["uuid"] == wanted)
    return administrator.get(f"/api/v1/chart/{number}")["result"]


def form_of(datasets: dict[str, int], **more: Any) -> str:
    form = {"datasource": f"{datasets['funnel']}__table", "viz_type": "funnel", "groupby": ["stage_name"]}
    return json.dumps({**form, "metric": "deals_reached", "adhoc_filters": [], **more})


class Draft:
    """A builder's dashboard with one chart."""

    def __init__(self, owner: Person, datasets: dict[str, int], title: str, **params: Any) -> None:
        answer = owner.send("POST", "/api/v1/dashboard/", json={"dashboard_title": title})
        assert answer.status_code == 201, answer.text
        self.owner, self.title, self.dashboard = owner, title, answer.json()["id"]
        answer = owner.send("POST", "/api/v1/chart/", json=chart_body(datasets, f"{title} chart", **params))
        assert answer.status_code == 201, answer.text
        self.chart = answer.json()["id"]
        answer = owner.send("PUT", f"/api/v1/dashboard/{self.dashboard}", json=self.with_charts(self.chart))
        assert answer.status_code == 200, answer.text

    def with_charts(self, *charts: int, **more: Any) -> dict[str, Any]:
        """What the browser sends when a dashboard is saved."""
        positions: dict[str, Any] = {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
            "GRID_ID": {"type": "GRID", "id": "GRID_ID", "parents": ["ROOT_ID"], "children": ["ROW-1"]},
            "ROW-1": {"type": "ROW", "id": "ROW-1", "children": [], "meta": {"background": "BACKGROUND_TRANSPARENT"}},
        }
        for number in charts:
            positions["ROW-1"]["children"].append(f"CHART-{number}")
            meta = {"chartId": number, "width": 6, "height": 50, "sliceName": "x"}
            positions[f"CHART-{number}"] = {"type": "CHART", "id": f"CHART-{number}", "children": [], "meta": meta}
        sent = {"certified_by": "", "certification_details": "", "css": "", "slug": None, "roles": [], "tags": []}
        metadata = {"positions": positions, "native_filter_configuration": [], "color_scheme": "cockpit"}
        owners = {"owners": [self.owner.number], "dashboard_title": self.title, "theme_id": None}
        return {**sent, **owners, "json_metadata": json.dumps(metadata), **more}

    def ask(self, *roles: str, reason: str = "The weekly meeting looks at it") -> requests.Response:
        return self.owner.step("ask", dashboard=self.dashboard, reason=reason, role=list(roles))


def chart_body(datasets: dict[str, int], title: str, **params: Any) -> dict[str, Any]:
    return {
        "slice_name": title,
        "viz_type": "funnel",
        "datasource_id": datasets["funnel"],
        "datasource_type": "table",
        "params": form_of(datasets, **params),
        "query_context": None,
        "owners": [],
        "dashboards": [],
    }


@pytest.fixture
def draft(person, datasets, administrator) -> Iterator[Draft]:
    made = Draft(person(BUILDER), datasets, "Funnel of the builder")
    yield made
    remove(administrator, made)


def remove(administrator, draft: Draft) -> None:
    administrator.delete(f"/api/v1/dashboard/{draft.dashboard}")
    administrator.delete(f"/api/v1/chart/{draft.chart}")


def stored(stack, table: str, number: int) -> dict[str, Any]:
    """A row of Superset's own database, past everything that could hide a change."""
    with psycopg2.connect(stack.dsn("superset", "superset")) as connection, connection.cursor() as cursor:
        cursor.execute(f"select to_jsonb(x) - 'changed_on' from {table} as x where id = %s", (number,))
        row = cursor.fetchone()
        if table != "dashboards" or row is None:
            return row[0] if row else {}
        cursor.execute("select array(select role_id from dashboard_roles where dashboard_id = %s)", (number,))
        roles = cursor.fetchone()[0]
        cursor.execute(
            "select array(select slice_id from dashboard_slices where dashboard_id = %s order by 1),"
            " array(select user_id from dashboard_user where dashboard_id = %s order by 1)",
            (number, number),
        )
        slices, owners = cursor.fetchone()
        return {**row[0], "roles": roles, "slices": slices, "owners": owners}


# --- Building -------------------------------------------------------------------------------------------------------


def test_a_builder_starts_from_a_template_and_saves_it_as_their_own(person, template, datasets, administrator):
    builder = person(BUILDER)
    assert {"Templates", "模板"} <= builder.titles("dashboard")
    page = builder.get("/publishing/")
    assert f"/explore/?slice_id={template['id']}" in page.text
    explored = builder.get(f"/api/v1/explore/?slice_id={template['id']}").json()["result"]
    form = {**explored["form_data"], "adhoc_filters": [], "metric": SIMPLE_METRIC}
    form.pop("slice_id", None)
    dataset = explored["dataset"]["id"]
    assert builder.query(dataset, columns=["stage_name"], metrics=[SIMPLE_METRIC]).status_code == 200
    body = chart_body({"funnel": dataset}, "My funnel") | {"params": json.dumps(form)}
    answer = builder.send("POST", "/api/v1/chart/", json=body)
    assert answer.status_code == 201, answer.text
    assert "My funnel" in builder.titles("chart")
    administrator.delete(f"/api/v1/chart/{answer.json()['id']}")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param({"columns": ["stage_name"], "metrics": ["deals_reached"]}, 200, id="saved metric"),
        pytest.param({"columns": ["region_name"], "metrics": [SIMPLE_METRIC]}, 200, id="simple aggregate"),
        pytest.param({"columns": ["stage_name"], "metrics": [SQL_METRIC]}, 403, id="SQL metric"),
        pytest.param({"columns": [{**SQL_METRIC, "sqlExpression": "version()"}], "metrics": []}, 403, id="SQL column"),
        pytest.param({"columns": ["stage_name"], "extras": {"where": "1 = 1"}}, 403, id="SQL filter"),
        pytest.param({"columns": ["stage_name"], "orderby": [["random()", True]]}, 403, id="SQL order"),
        pytest.param(
            {"columns": ["stage_name"], "metrics": [{**SIMPLE_METRIC, "column": {"column_name": "version()"}}]},
            403,
            id="foreign column",
        ),
        pytest.param(
            {"columns": ["stage_name"], "annotation_layers": [{"annotationType": "EVENT", "sourceType": "table"}]},
            403,
            id="annotation",
        ),
    ],
)
def test_free_queries_without_sql(query, status, person, datasets):
    answer = person(BUILDER).query(datasets["funnel"], **query)
    assert answer.status_code == status or (status == 403 and answer.status_code == 400), answer.text[:300]


def test_a_dataset_of_other_subjects_is_closed(person, datasets):
    builder = person(BUILDER)
    assert builder.query(datasets["import_batch"], columns=["source"], metrics=[]).status_code == 403
    body = chart_body({"funnel": datasets["import_batch"]}, "Foreign")
    assert builder.send("POST", "/api/v1/chart/", json=body).status_code == 403


def test_sql_of_a_stored_chart_of_the_repository_still_works(viewer, datasets, administrator):
    """As for any viewer; and only in the chart that stores it."""
    where = "coalesce(open_count, 0) >= 0"
    clause = {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": where}
    body = chart_body(datasets, "With SQL", adhoc_filters=[clause]) | {"is_managed_externally": True}
    chart = administrator.post("/api/v1/chart/", body)["id"]
    by_hand = administrator.post("/api/v1/chart/", body | {"is_managed_externally": False})["id"]
    query = {"columns": ["stage_name"], "metrics": ["deals_reached"], "extras": {"where": f"({where})"}}
    try:
        for username in (BUILDER, READER):
            one = {"id": chart, "datasource_id": datasets["funnel"]}
            answer = viewer(username).query(one, force=True, **query)
            assert answer.status_code == 200, f"{username}: {answer.text[:300]}"
            assert viewer(username).query({**one, "id": by_hand}, force=True, **query).status_code == 403
    finally:
        administrator.delete(f"/api/v1/chart/{chart}")
        administrator.delete(f"/api/v1/chart/{by_hand}")


# --- What is refused ------------------------------------------------------------------------------------------------

MARKDOWN = {"type": "MARKDOWN", "id": "M", "children": [], "meta": {"code": "<style>body{display:none}</style>"}}
OF_DASHBOARD = [
    pytest.param({"published": True}, id="published"),
    pytest.param({"published": "true"}, id="published as text"),
    pytest.param({"published": 1}, id="published as number"),
    pytest.param({"roles": [1]}, id="roles"),
    pytest.param({"owners": [1]}, id="another owner"),
    pytest.param({"certified_by": "Me"}, id="certification"),
    pytest.param({"certification_details": "checked"}, id="certification details"),
    pytest.param({"is_managed_externally": True}, id="managed"),
    pytest.param({"external_url": "https://x.example"}, id="external address"),
    pytest.param({"css": "body { display: none }"}, id="css"),
    pytest.param({"slug": "executive-cockpit-new"}, id="slug"),
    pytest.param({"uuid": "6d1f0f0e-5f5b-4b0c-9a8e-0c1f3a7be9d2"}, id="uuid"),
    pytest.param({"theme_id": 1}, id="theme"),
    pytest.param({"tags": [1]}, id="tags"),
    pytest.param({"json_metadata": json.dumps({"positions": {"M": MARKDOWN}})}, id="HTML in the layout"),
    pytest.param({"position_json": json.dumps({"M": MARKDOWN})}, id="HTML in the position"),
    pytest.param(
        {"json_metadata": json.dumps({"native_filter_configuration": [{"adhoc_filters": [SQL_METRIC]}]})},
        id="SQL in a filter",
    ),
]


@pytest.mark.parametrize("change", OF_DASHBOARD)
def test_a_builder_cannot_change_what_others_decide(change, draft, stack):
    before = stored(stack, "dashboards", draft.dashboard)
    answer = draft.owner.send("PUT", f"/api/v1/dashboard/{draft.dashboard}", json=change)
    assert answer.status_code == 403, answer.text
    assert answer.json()["message"]
    assert stored(stack, "dashboards", draft.dashboard) == before


@pytest.mark.parametrize("change", OF_DASHBOARD)
def test_nor_make_a_dashboard_with_it(change, person, stack):
    body = {"dashboard_title": "Forbidden from the start", **change}
    answer = person(BUILDER).send("POST", "/api/v1/dashboard/", json=body)
    assert answer.status_code == 403, answer.text
    assert "Forbidden from the start" not in person(BUILDER).titles("dashboard")


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "null", '{"published": true, "published": false, "css": "x"}'])
def test_tricks_with_the_form_of_a_request(body, draft, stack):
    before = stored(stack, "dashboards", draft.dashboard)
    headers = {"Content-Type": "application/json"}
    answer = draft.owner.send("PUT", f"/api/v1/dashboard/{draft.dashboard}", data=body, headers=headers)
    assert answer.status_code == 403, answer.text
    assert stored(stack, "dashboards", draft.dashboard) == before


def test_a_token_is_no_way_around_the_session(draft, viewer, stack):
    """The interface takes a bearer token too; the token against forged forms comes from the browser."""
    session = draft.owner.session
    before = stored(stack, "dashboards", draft.dashboard)
    path = f"{stack.superset_url}/api/v1/dashboard/{draft.dashboard}"
    answer = session.put(path, json={"published": True}, headers=viewer(BUILDER)._token, timeout=60)
    assert answer.status_code == 403, answer.text
    answer = viewer(BUILDER).request("PUT", f"/api/v1/dashboard/{draft.dashboard}", json={"published": True})
    assert answer.status_code in (400, 403)
    assert stored(stack, "dashboards", draft.dashboard) == before


OF_CHART = [
    pytest.param({"owners": [1]}, id="another owner"),
    pytest.param({"certified_by": "Me"}, id="certification"),
    pytest.param({"is_managed_externally": True}, id="managed"),
    pytest.param({"uuid": "6d1f0f0e-5f5b-4b0c-9a8e-0c1f3a7be9d2"}, id="uuid"),
    pytest.param({"cache_timeout": 86400}, id="cache"),
    pytest.param({"viz_type": "handlebars"}, id="template"),
    pytest.param({"params": json.dumps({"viz_type": "handlebars"})}, id="template in the form"),
    pytest.param({"params": json.dumps({"metrics": [SQL_METRIC]})}, id="SQL metric"),
    pytest.param({"params": json.dumps({"groupby": ["version()"]})}, id="SQL as column"),
    pytest.param({"params": json.dumps({"adhoc_filters": [{"sqlExpression": "1=1"}]})}, id="SQL filter"),
    pytest.param({"params": json.dumps({"annotation_layers": [{"value": 1}]})}, id="annotation"),
    pytest.param({"params": json.dumps({"datasource": "1__query"})}, id="foreign dataset in the form"),
    pytest.param({"query_context": json.dumps({"queries": [{"metrics": [SQL_METRIC]}]})}, id="SQL in the query"),
    pytest.param({"query_context": json.dumps({"queries": [{"extras": {"where": "1=1"}}]})}, id="where in the query"),
    pytest.param(
        {"query_context": json.dumps({"queries": [{"extras": {"where": "1=1"}}]}), "query_context_generation": True},
        id="query only",
    ),
]


@pytest.mark.parametrize("change", OF_CHART)
def test_a_builders_chart_stays_without_sql_and_without_others_decisions(change, draft, stack):
    before = stored(stack, "slices", draft.chart)
    answer = draft.owner.send("PUT", f"/api/v1/chart/{draft.chart}", json=change)
    assert answer.status_code == 403, answer.text
    assert stored(stack, "slices", draft.chart) == before


@pytest.mark.parametrize("change", OF_CHART)
def test_nor_can_one_be_made_with_them(change, person, datasets):
    body = {**chart_body(datasets, "Forbidden chart"), **change}
    answer = person(BUILDER).send("POST", "/api/v1/chart/", json=body)
    assert answer.status_code == 403, answer.text
    assert "Forbidden chart" not in person(BUILDER).titles("chart")


def test_what_belongs_to_the_repository_or_to_others_stays(person, template, datasets, stack, administrator):
    other = Draft(person(OTHER_BUILDER), datasets, "Of another")
    builder = person(BUILDER)
    dashboards = {entry["slug"]: entry["id"] for entry in administrator.list("/api/v1/dashboard/")}
    managed = dashboards["templates"]
    no_sql = {"query_context": json.dumps({"queries": []}), "query_context_generation": True}
    try:
        for table, number, path in (
            ("slices", template["id"], "chart"),
            ("slices", other.chart, "chart"),
            ("dashboards", managed, "dashboard"),
            ("dashboards", other.dashboard, "dashboard"),
        ):
            before = stored(stack, table, number)
            assert before
            bodies = [{"slice_name": "Mine"}, no_sql] if path == "chart" else [{"dashboard_title": "Mine"}]
            for body in bodies:
                assert builder.send("PUT", f"/api/v1/{path}/{number}", json=body).status_code == 403
            assert builder.send("DELETE", f"/api/v1/{path}/{number}").status_code == 403
            assert builder.send("DELETE", f"/api/v1/{path}/?q=!({number})").status_code == 403
            assert stored(stack, table, number) == before
        # Neither into a dashboard of others' nor others' into one's own.
        mine = Draft(builder, datasets, "Mine")
        answer = builder.send("PUT", f"/api/v1/chart/{mine.chart}", json={"dashboards": [managed]})
        assert answer.status_code == 403, answer.text
        path = f"/api/v1/dashboard/{mine.dashboard}"
        assert builder.send("PUT", path, json=mine.with_charts(mine.chart, other.chart)).status_code == 403
        assert builder.send("PUT", path, json=mine.with_charts(mine.chart, template["id"])).status_code == 200
        remove(administrator, mine)
    finally:
        remove(administrator, other)


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("POST", "/api/v1/dashboard/{dashboard}/copy/", {"json": {"dashboard_title": "x", "json_metadata": "{}"}}),
        ("POST", "/api/v1/dashboard/{dashboard}/embedded", {"json": {"allowed_domains": []}}),
        ("PUT", "/api/v1/dashboard/{dashboard}/colors", {"json": {"published": True}}),
        ("POST", "/api/v1/dashboard/import/", {"files": {"formData": ("x.zip", b"x")}}),
        ("POST", "/api/v1/chart/import/", {"files": {"formData": ("x.zip", b"x")}}),
        ("POST", "/api/v1/assets/import/", {"files": {"bundle": ("x.zip", b"x")}}),
        ("GET", "/api/v1/assets/export/", {}),
        ("GET", "/api/v1/dashboard/export/?q=!({dashboard})", {}),
        ("GET", "/api/v1/chart/export/?q=!({chart})", {}),
        ("PUT", "/api/v1/chart/warm_up_cache", {"json": {"chart_id": "{chart}"}}),
        ("POST", "/api/v1/dataset/", {"json": {"database": 1, "table_name": "x", "sql": "select 1"}}),
        ("PUT", "/api/v1/dataset/1", {"json": {"sql": "select 1"}}),
        ("POST", "/api/v1/dataset/duplicate", {"json": {"base_model_id": 1, "table_name": "x"}}),
        ("POST", "/datasource/save/", {"data": {"data": "{}"}}),
        ("POST", "/api/v1/sqllab/execute/", {"json": {"database_id": 1, "sql": "select 1"}}),
        ("GET", "/api/v1/database/", {}),
        ("GET", "/api/v1/database/1/schemas/", {}),
        ("POST", "/api/v1/tag/1/3/", {"json": {"properties": {"tags": ["x"]}}}),
        ("POST", "/api/v1/tag/", {"json": {"name": "x", "objects_to_tag": []}}),
        ("POST", "/api/v1/report/", {"json": {}}),
        ("POST", "/api/v1/theme/", {"json": {}}),
        ("POST", "/api/v1/css_template/", {"json": {}}),
        ("POST", "/api/v1/annotation_layer/", {"json": {"name": "x"}}),
        ("POST", "/api/v1/rowlevelsecurity/", {"json": {}}),
        ("POST", "/api/v1/security/guest_token/", {"json": {}}),
        ("GET", "/superset/explore/table/1/?action=saveas&slice_name=x&form_data=%7B%7D", {}),
        ("POST", "/superset/explore_json/", {"data": {"form_data": "{}"}}),
    ],
)
def test_other_ways_are_closed(method, path, more, draft, stack):
    before = stored(stack, "dashboards", draft.dashboard)
    path = path.format(dashboard=draft.dashboard, chart=draft.chart)
    answer = draft.owner.send(method, path, allow_redirects=False, **more)
    # Superset's older pages send people without the right away instead of saying so.
    refused = answer.status_code in (401, 403, 404) or (answer.status_code == 302 and "save" not in path)
    assert refused, f"{answer.status_code} {answer.text[:200]}"
    assert stored(stack, "dashboards", draft.dashboard) == before


# --- Drafts are private ---------------------------------------------------------------------------------------------


def sees(someone: Person, draft: Draft, uuid: str) -> dict[str, bool]:
    """By which ways somebody sees a draft."""
    explored = someone.get(f"/api/v1/explore/?slice_id={draft.chart}")
    return {
        "list of dashboards": draft.title in someone.titles("dashboard"),
        "list of charts": f"{draft.title} chart" in someone.titles("chart"),
        "dashboard": someone.get(f"/api/v1/dashboard/{draft.dashboard}").status_code == 200,
        "dashboard by UUID": someone.get(f"/api/v1/dashboard/{uuid}").status_code == 200,
        "its charts": someone.get(f"/api/v1/dashboard/{uuid}/charts").status_code == 200,
        "its datasets": someone.get(f"/api/v1/dashboard/{uuid}/datasets").status_code == 200,
        "its tabs": someone.get(f"/api/v1/dashboard/{uuid}/tabs").status_code == 200,
        "page": someone.get(f"/superset/dashboard/{draft.dashboard}/").status_code == 200,
        "chart": someone.get(f"/api/v1/chart/{draft.chart}").status_code == 200,
        "data of the chart": someone.get(f"/api/v1/chart/{draft.chart}/data/").status_code == 200,
        "explore": explored.status_code == 200 and f"{draft.title} chart" in explored.text,
    }


def uuid_of(administrator, draft: Draft) -> str:
    return next(e["uuid"] for e in administrator.list("/api/v1/dashboard/") if e["id"] == draft.dashboard)


@pytest.mark.parametrize("username", [OTHER_BUILDER, BOTH, APPROVER, VIEWER, READER])
def test_nobody_else_sees_a_draft(username, draft, person, administrator):
    uuid = uuid_of(administrator, draft)
    assert not any(sees(person(username), draft, uuid).values()), sees(person(username), draft, uuid)
    own = sees(draft.owner, draft, uuid)
    # Superset stores no query until the owner's browser has drawn the chart.
    assert {way for way, seen in own.items() if not seen} <= {"data of the chart"}


def test_a_drafts_name_is_not_told_by_the_charts_in_it(draft, person, template, datasets):
    owner = draft.owner
    path = f"/api/v1/dashboard/{draft.dashboard}"
    assert owner.send("PUT", path, json=draft.with_charts(draft.chart, template["id"])).status_code == 200
    for path in (f"/api/v1/chart/{template['id']}", f"/api/v1/explore/?slice_id={template['id']}", "/api/v1/chart/"):
        answer = person(OTHER_BUILDER).get(path)
        assert answer.status_code == 200, answer.text
        assert draft.title not in answer.text


# --- Asking and deciding --------------------------------------------------------------------------------------------


def page_version(someone: Person, draft: Draft) -> str:
    """What the form of a request says that it is about."""
    page = someone.get("/publishing/").text
    found = re.search(
        rf'name="dashboard" value="{draft.dashboard}"><input type="hidden" name="version" value="(\w+)"', page
    )
    return found[1] if found else ""


def decide(someone: Person, draft: Draft, decision: str, reason: str = "", version: str | None = None) -> int:
    seen = page_version(someone, draft) if version is None else version
    return someone.step("decide", dashboard=draft.dashboard, decision=decision, reason=reason, version=seen).status_code


def test_a_request_is_approved_and_the_dashboard_seen(draft, person, stack, administrator):
    approver, reader, uuid = person(APPROVER), person(READER), uuid_of(administrator, draft)
    assert draft.ask("executive", "marketing").status_code == 302
    # While it is asked for, the approver opens it by its UUID; others still do not.
    assert sees(approver, draft, uuid)["dashboard by UUID"]
    assert sees(approver, draft, uuid)["its charts"]
    assert not any(sees(reader, draft, uuid).values())
    # What is looked at stays as it is.
    path = f"/api/v1/dashboard/{draft.dashboard}"
    assert draft.owner.send("PUT", path, json={"dashboard_title": "Other"}).status_code == 403
    assert draft.owner.send("PUT", f"/api/v1/chart/{draft.chart}", json={"slice_name": "Other"}).status_code == 403
    assert draft.owner.send("DELETE", path).status_code == 403
    assert decide(approver, draft, "approve", "Fine") == 302
    row = stored(stack, "dashboards", draft.dashboard)
    assert (row["published"], row["certified_by"], len(row["roles"])) == (True, APPROVER, 2)
    assert draft.title in reader.titles("dashboard")
    assert sees(reader, draft, uuid)["page"]
    assert not sees(person(VIEWER), draft, uuid)["page"]
    # Published, it stays what was approved, until its owner takes it back to draft.
    assert draft.owner.send("PUT", path, json={"dashboard_title": "Other"}).status_code == 403
    assert draft.owner.send("PUT", f"/api/v1/chart/{draft.chart}", json={"slice_name": "Other"}).status_code == 403
    history = draft.owner.get("/publishing/").text
    assert APPROVER in history
    assert "The weekly meeting looks at it" in history
    assert draft.owner.step("return", dashboard=draft.dashboard).status_code == 302
    row = stored(stack, "dashboards", draft.dashboard)
    assert (row["published"], row["certified_by"], row["roles"]) == (False, None, [])
    assert not any(sees(reader, draft, uuid).values())
    assert draft.owner.send("PUT", path, json={"dashboard_title": draft.title}).status_code == 200


def test_a_request_is_refused_with_a_reason(draft, person, stack):
    assert draft.ask("executive").status_code == 302
    assert decide(person(APPROVER), draft, "refuse") == 403
    assert decide(person(APPROVER), draft, "refuse", "Too many colours") == 302
    assert not stored(stack, "dashboards", draft.dashboard)["published"]
    assert "Too many colours" in draft.owner.get("/publishing/").text
    assert draft.ask("executive", reason="Now with fewer").status_code == 302
    assert draft.owner.step("take-back", dashboard=draft.dashboard).status_code == 302
    assert decide(person(APPROVER), draft, "approve", version="x") == 403


def test_nobody_approves_their_own_request(person, datasets, stack, administrator):
    both = person(BOTH)
    own = Draft(both, datasets, "Of the analyst")
    try:
        assert own.ask("executive").status_code == 302
        version = page_version(person(APPROVER), own)
        assert version
        assert page_version(both, own) == ""
        assert decide(both, own, "approve", version=version) == 403
        assert not stored(stack, "dashboards", own.dashboard)["published"]
        assert decide(person(APPROVER), own, "approve", version=version) == 302
    finally:
        remove(administrator, own)


def test_who_may_take_which_step(draft, person, stack):
    for username in (OTHER_BUILDER, APPROVER):
        foreign = person(username).step("ask", dashboard=draft.dashboard, reason="x", role=["executive"])
        assert foreign.status_code == 403
    assert person(VIEWER).step("ask", dashboard=draft.dashboard, reason="x", role=["executive"]).status_code in (
        302,
        403,
    )
    assert draft.ask("executive", reason=" ").status_code == 403
    assert draft.ask().status_code == 403
    assert draft.ask("executive").status_code == 302
    # Only with the right to decide, and only with the token of the own page.
    for username in (BUILDER, OTHER_BUILDER, READER):
        assert decide(person(username), draft, "approve", version="x") in (302, 403)
    forged = person(APPROVER).send(
        "POST",
        "/publishing/decide/",
        data={"dashboard": draft.dashboard, "decision": "approve", "version": page_version(person(APPROVER), draft)},
        headers={"X-CSRFToken": ""},
        allow_redirects=False,
    )
    # To the login form, not to the page that comes after a decision.
    assert forged.status_code == 302
    assert forged.headers["Location"].startswith("/login/")
    assert not stored(stack, "dashboards", draft.dashboard)["published"]


@pytest.mark.parametrize("role", ["hr", "platform", "builder", "approver", "Admin", "Public", "nobody"])
def test_a_role_that_does_not_read_every_dataset_is_not_offered(role, draft, stack):
    """The funnel reads sales: not a subject of the people department, nor of a role without subjects."""
    assert f'value="{role}"' not in draft.owner.get("/publishing/").text
    assert draft.ask("executive", role).status_code == 403


def test_another_content_than_asked_for_is_not_approved(draft, person, administrator, stack):
    assert draft.ask("executive").status_code == 302
    version = page_version(person(APPROVER), draft)
    # Nobody but an administrator can.
    administrator.put(f"/api/v1/chart/{draft.chart}", {"slice_name": "Changed meanwhile"})
    assert decide(person(APPROVER), draft, "approve", version=version) == 403
    assert not stored(stack, "dashboards", draft.dashboard)["published"]


# --- Into the repository --------------------------------------------------------------------------------------------


def test_what_was_approved_becomes_files_that_pass_the_check(draft, person, stack, tmp_path, administrator):
    workspace = find_workspace("huaxing")
    body = {"params": form_of({"funnel": chart_dataset(administrator, draft)}, metric=SIMPLE_METRIC)}
    assert draft.owner.send("PUT", f"/api/v1/chart/{draft.chart}", json=body).status_code == 200
    waiting = Draft(draft.owner, {"funnel": chart_dataset(administrator, draft)}, "Not asked for")
    assert draft.ask("executive").status_code == 302
    assert decide(person(APPROVER), draft, "approve") == 302
    try:
        exported = {each.title: each for each in export_into(stack.settings, workspace, tmp_path / "approved")}
        assert waiting.title not in exported
        written = exported[draft.title]
        assert (written.roles, written.left_out) == (("executive",), ())
        folder = tmp_path / "superset"
        shutil.copytree(REPOSITORY / "superset", folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(tmp_path / "approved", folder, dirs_exist_ok=True)
        assert check_assets(folder, metric_book(workspace), workspace.settings.parameters) == []
        # Drafts and what was approved are no part of the repository: nothing to change, nothing to delete.
        assert publish(stack.settings, workspace).changes == ()
        assert stored(stack, "dashboards", waiting.dashboard)
        assert stored(stack, "dashboards", draft.dashboard)["published"]
    finally:
        remove(administrator, waiting)


def chart_dataset(administrator, draft: Draft) -> int:
    return next(e["datasource_id"] for e in administrator.list("/api/v1/chart/") if e["id"] == draft.chart)
