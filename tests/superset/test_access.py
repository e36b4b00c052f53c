"""What each person gets out of Superset, by every way that a viewer can post to it."""

from __future__ import annotations

import re
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import jwt
import psycopg2
import pytest
import requests

from cockpit.stack import query_log

TITLES = {"Attainment by region this month", "本月各区域达成率"}
BY_REGION = {"columns": ["region_code"], "metrics": ["received"]}
RECEIPTS = {"columns": ["received_date"], "metrics": ["received"]}
PEOPLE = ("chen.jing", "zhao.min", "sun.hao", "wu.bin")


@pytest.fixture(scope="session")
def chart(viewer):
    """The map, in the language that this Superset has."""
    charts = viewer("chen.jing").client.list("/api/v1/chart/")
    return next(entry for entry in charts if entry["slice_name"] in TITLES)


def regions(answer) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {row["region_code"] for row in answer.json()["result"][0]["data"]}


def test_each_person_gets_their_rows(viewer, chart):
    seen = {person: regions(viewer(person).query(chart, force=True, **BY_REGION)) for person in PEOPLE}
    assert len(seen["chen.jing"]) > 3
    assert seen["zhao.min"] == {"CN-SH"}
    assert seen["sun.hao"] == {"CN-GD"}
    assert seen["wu.bin"] == set()


def test_a_cached_result_stays_with_its_person(viewer, chart):
    executive = viewer("chen.jing")
    everything = regions(executive.query(chart, force=True, **BY_REGION))
    again = executive.query(chart, **BY_REGION)
    assert again.json()["result"][0]["is_cached"], "the cache is off, so this test would prove nothing"
    assert regions(again) == everything
    assert regions(viewer("wu.bin").query(chart, **BY_REGION)) == set()
    assert regions(viewer("zhao.min").query(chart, **BY_REGION)) == {"CN-SH"}


def test_totals_and_counts_hide_other_rows_too(viewer, chart):
    # By another dataset column than the scope, and with no column at all.
    unmapped = viewer("wu.bin").query(chart, force=True, columns=["month"], metrics=["received", "region_count"])
    assert unmapped.json()["result"][0]["data"] == []
    total = viewer("wu.bin").query(chart, force=True, columns=[], metrics=["region_count"])
    assert total.json()["result"][0]["data"] in ([], [{"region_count": 0}])


def sql_metric(expression: str) -> dict[str, str]:
    return {"expressionType": "SQL", "sqlExpression": expression, "label": "x"}


ATTACKS = [
    pytest.param({"metrics": [sql_metric("max(current_setting('app.identity'))")]}, id="metric: read the identity"),
    pytest.param(
        {"metrics": [sql_metric("max(query_to_xml('select 1', true, true, '')::text)")]}, id="metric: run SQL"
    ),
    pytest.param({"metrics": [sql_metric("count(*)")]}, id="metric: harmless, but not stored"),
    pytest.param({"columns": [sql_metric("version()")], "metrics": ["received"]}, id="column"),
    pytest.param({"columns": ["version()"], "metrics": []}, id="column as text"),
    pytest.param(
        {
            "columns": ["version()"],
            "metrics": [
                {
                    "expressionType": "SIMPLE",
                    "aggregate": "MAX",
                    "column": {"column_name": "region_code"},
                    "label": "version()",
                }
            ],
        },
        id="column that is the label of a metric",
    ),
    pytest.param(
        {"columns": [{**sql_metric("version()"), "columnType": "BASE_AXIS"}], "metrics": ["received"]}, id="axis"
    ),
    pytest.param({**BY_REGION, "extras": {"where": "1 = 1"}}, id="where"),
    pytest.param({**BY_REGION, "extras": {"having": "count(*) > 0"}}, id="having"),
    pytest.param({**BY_REGION, "where": "1 = 1"}, id="where, old name"),
    pytest.param({**BY_REGION, "orderby": [[sql_metric("random()"), True]]}, id="order"),
    pytest.param({**BY_REGION, "orderby": [["random()", True]]}, id="order as text"),
    pytest.param(
        {**BY_REGION, "filters": [{"col": sql_metric("version()"), "op": "==", "val": "x"}]}, id="filter column"
    ),
    pytest.param(
        {
            **BY_REGION,
            "series_columns": ["region_code"],
            "series_limit": 1,
            "series_limit_metric": sql_metric("count(*)"),
        },
        id="series limit",
    ),
    pytest.param(
        {
            **BY_REGION,
            "metrics": [
                {"expressionType": "SIMPLE", "aggregate": "MAX", "column": {"column_name": "version()"}, "label": "x"}
            ],
        },
        id="simple metric on a foreign column",
    ),
    pytest.param(
        {
            **BY_REGION,
            "metrics": [
                {
                    "expressionType": "SIMPLE",
                    "aggregate": "MAX",
                    "column": {"column_name": "region_code", "expression": "version()"},
                    "label": "x",
                }
            ],
        },
        id="simple metric with an expression",
    ),
    pytest.param(
        {
            **BY_REGION,
            "annotation_layers": [{"annotationType": "EVENT", "sourceType": "line", "name": "x", "value": 1}],
        },
        id="annotation layer",
    ),
]


@pytest.mark.parametrize("query", ATTACKS)
@pytest.mark.parametrize("person", ["chen.jing", "wu.bin"])
def test_sql_that_is_not_stored_in_the_chart_is_refused(query, person, viewer, chart):
    answer = viewer(person).query(chart, force=True, **query)
    assert answer.status_code in (400, 403), answer.text
    assert "PostgreSQL" not in answer.text


def test_the_charts_own_queries_are_not_refused(viewer, chart):
    filtered = {
        **BY_REGION,
        "filters": [{"col": "is_current_month", "op": "==", "val": True}],
        "orderby": [["received", False]],
        "extras": {"time_grain_sqla": "P1M", "where": "", "having": ""},
    }
    assert len(regions(viewer("chen.jing").query(chart, force=True, **filtered))) > 3


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/api/v1/sqllab/execute/", {"database_id": 1, "sql": "select 1"}, id="SQL Lab"),
        pytest.param("POST", "/api/v1/dataset/", {"database": 1, "table_name": "x"}, id="new dataset"),
        pytest.param("POST", "/api/v1/chart/", {"slice_name": "x", "datasource_id": 1}, id="new chart"),
        pytest.param("GET", "/api/v1/database/", None, id="databases"),
        pytest.param("GET", "/api/v1/database/1", None, id="database"),
        pytest.param("GET", "/api/v1/dataset/1", None, id="dataset with its SQL"),
        pytest.param("GET", "/api/v1/assets/export/", None, id="export of everything"),
        pytest.param("GET", "/api/v1/security/users/", None, id="users"),
        pytest.param("GET", "/api/v1/rowlevelsecurity/", None, id="row rules"),
        pytest.param(
            "POST", "/api/v1/security/guest_token/", {"user": {}, "resources": [], "rls": []}, id="guest token"
        ),
        pytest.param("POST", "/superset/explore_json/", {"form_data": "{}"}, id="legacy charts"),
        pytest.param("GET", "/datasource/samples?datasource_id=1&datasource_type=table", None, id="samples"),
    ],
)
def test_a_viewer_may_not(method, path, body, browser, stack):
    answer = browser("zhao.min").request(method, stack.superset_url + path, json=body, allow_redirects=False)
    # Superset's older pages send people without the right away instead of saying so.
    assert answer.status_code in (302, 401, 403, 404, 405), f"{answer.status_code} {answer.text[:300]}"


def test_a_guest_token_is_no_identity(viewer, chart, stack):
    """Whoever could make one would choose any username."""
    token = jwt.encode(
        {
            "user": {"username": "chen.jing"},
            "resources": [],
            "rls_rules": [],
            "iat": 0,
            "exp": 9_999_999_999,
            "aud": stack.superset_url,
            "type": "guest",
        },
        # What Superset uses when nobody has set another.
        "test-guest-secret-change-me",
        algorithm="HS256",
    )
    answer = requests.post(
        f"{stack.superset_url}/api/v1/chart/data",
        headers={"X-GuestToken": token},
        json={"datasource": {"id": chart["datasource_id"], "type": "table"}, "queries": [BY_REGION]},
        timeout=60,
    )
    assert answer.status_code == 401, answer.text


def test_the_log_of_the_login_page_leaves_the_session_alone(stack):
    """Its answer races with the login's, and must not put the session from before in its place."""
    browser = requests.Session()
    assert "session" in browser.get(f"{stack.superset_url}/login/", timeout=60).cookies
    answer = browser.post(f"{stack.superset_url}/superset/log/?explode=events", data={"events": "[]"}, timeout=60)
    assert answer.status_code == 204
    assert "Set-Cookie" not in answer.headers


def test_the_administrators_unsigned_database_role_sees_nothing(stack):
    with psycopg2.connect(stack.bi_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from marts.mart_region_attainment")
        assert cursor.fetchone() == (0,)


def test_the_databases_log_says_who_asked(viewer, chart, stack):
    today = datetime.now(ZoneInfo(stack.settings.time_zone)).date()
    log = stack.settings.query_logs / f"{today}.log"
    begin = log.stat().st_size if log.exists() else 0

    viewer("sun.hao").query(chart, force=True, **BY_REGION)

    deadline = time.monotonic() + 10
    while True:
        # The collector may be a moment behind.
        text = log.read_bytes()[begin:].decode()
        found = [asked for asked in query_log.statements(text.split("\n")) if "GROUP BY region_code" in asked.text]
        if found or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert {asked.person for asked in found} == {"sun.hao"}
    assert re.findall("[0-9a-f]{64}", text) == [], "a signature"
