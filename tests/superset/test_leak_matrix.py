"""Every person, every dataset, every way in: nobody gets a row or a telephone number that is not theirs.

What somebody may see is worked out apart (scope_oracle). Ways past Superset are tried for everybody with every dataset;
ways through it, which take a tenth of a second each, for a part of the pairs, and for all of them in the full matrix.
The last tests open one defence after another and ask whether the matrix would have noticed.
"""

from __future__ import annotations

import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import psycopg2
import pytest

from cockpit.bi.assets import load_assets
from cockpit.bi.bundle import build_bundle
from cockpit.bi.identity import connection_option, sign_identity
from cockpit.bi.metrics import with_metrics
from cockpit.bi.render import Renderer
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.metrics import metric_book
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.tables import protection
from tests.superset import scope_oracle
from tests.superset.opened import opened_superset
from tests.superset.scope_oracle import PEOPLE, ROLES, held_by

Rows = list[tuple[Any, ...]]
HUAXING = load_workspace(REPOSITORY / "include" / "workspace.yml")
ASSETS = with_metrics(load_assets(REPOSITORY / "superset"), metric_book(HUAXING))
# More than any reader needs; a table that is longer must at least hold nothing foreign.
LIMIT = 5000
REFUSED = (401, 403, 404)


def text_columns(dataset: str) -> list[str]:
    return [name for name, column in ASSETS.datasets[dataset].columns.items() if column.type == "TEXT"]


DATASETS = tuple(name for name in ASSETS.datasets if text_columns(name))


def queries() -> dict[str, str]:
    """The SQL of each dataset, as it is in Superset."""
    renderer = Renderer("en", ASSETS.labels["en"], HUAXING.parameters)
    bundle = build_bundle(ASSETS, {"en": renderer}, "postgresql://bi_reader:XXXXXXXXXX@localhost/cockpit")
    return {name: bundle[f"datasets/{name}.en.yaml"]["sql"] for name in DATASETS}


def some_pairs(share: int) -> list[tuple[str, str]]:
    """Each person and each dataset several times, but only one pair in so many."""
    pairs = [(person, dataset) for dataset in DATASETS for person in PEOPLE]
    return [
        (person, dataset)
        for person, dataset in pairs
        if (DATASETS.index(dataset) + list(PEOPLE).index(person)) % share == 0
    ]


@dataclass(frozen=True)
class Cell:
    """A person who asks for a dataset, and what they may get."""

    username: str
    dataset: str
    allowed: Counter[tuple[Any, ...]]

    def leak(self, rows: Rows | None) -> str | None:
        """What is wrong with an answer; None for a refusal, and for rows that are all the person's."""
        if rows is None:
            return None
        foreign = Counter(rows) - self.allowed
        if foreign:
            return f"{self.username} got {foreign.total()} foreign rows of {self.dataset}"
        return None

    def loss(self, rows: Rows | None) -> str | None:
        """What is missing from an answer that should hold everything."""
        wanted = min(self.allowed.total(), LIMIT)
        if len(rows or ()) != wanted:
            return f"{self.username} got {len(rows or ())} of {wanted} rows of {self.dataset}"
        return None


@pytest.fixture(scope="module")
def version(stack) -> Iterator[Callable[[], str]]:
    """Changes with each build of a mart: the platform goes on working while it is tested."""
    marts = list(scope_oracle.CONTRACTS)
    with closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def ask() -> str:
            cursor.execute("select marts.data_version(%s)", (marts,))
            (answer,) = cursor.fetchone()
            return str(answer)

        yield ask


@pytest.fixture(scope="module")
def settled(version) -> Callable[[Callable[[], list[str]]], list[str]]:
    """The faults of a search; it is made again if a mart was built between a look at it and the oracle's."""

    def search_again(search: Callable[[], list[str]]) -> list[str]:
        while True:
            before, faults = version(), search()
            if not faults or version() == before:
                return faults

    return search_again


@pytest.fixture(scope="module")
def allowed(stack, version) -> Iterator[Callable[[str, str], Cell]]:
    """What each person may see of each dataset, worked out once for each build of the marts."""
    sql, known = queries(), dict[tuple[str, str, str], Cell]()
    with closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection:
        # No lock is kept: other tests change policies.
        connection.autocommit = True
        narrowed: list[str] = []

        def cell(username: str, dataset: str) -> Cell:
            key = (version(), username, dataset)
            if key not in known:
                if narrowed[-1:] != [username]:
                    scope_oracle.narrow(connection, username)
                    narrowed.append(username)
                rows = scope_oracle.expected(connection, sql[dataset], text_columns(dataset))
                known[key] = Cell(username, dataset, Counter(rows))
            return known[key]

        yield cell


@pytest.fixture(scope="module")
def ask_database(stack) -> Callable[..., Rows]:
    """A dataset's rows as Superset's login gets them, if Superset were tricked into sending just this query."""
    sql, key = queries(), bytes.fromhex(stack.settings.secret("identity_key"))

    def ask(username: str, dataset: str, identity: str | None = None, prefix: str = "") -> Rows:
        signed = sign_identity(username, key, int(time.time()) + 60) if identity is None else identity
        options = connection_option(signed)
        names = ", ".join(f"cast({name} as text)" for name in text_columns(dataset))
        with closing(psycopg2.connect(stack.bi_dsn, options=options)) as connection, connection.cursor() as cursor:
            cursor.execute(f"{prefix}select {names} from ({sql[dataset]}) as dataset")
            return cursor.fetchall()

    return ask


def test_the_oracle_gives_something_to_refuse(allowed):
    """Otherwise the matrix would compare nothing with nothing."""
    everything = sum(allowed("chen.jing", dataset).allowed.total() > 0 for dataset in DATASETS)
    assert everything > len(DATASETS) - 5
    for username in PEOPLE:
        seen = sum(allowed(username, dataset).allowed.total() for dataset in DATASETS)
        assert (seen > 0) == any(True for _held in held_by(username)), username
    assert {role for person in PEOPLE.values() for role in person.get("roles", ())} == set(ROLES)


def faults_in_database(ask_database, allowed, usernames=tuple(PEOPLE), datasets=DATASETS) -> list[str]:
    faults = []
    for username in usernames:
        for dataset in datasets:
            cell = allowed(username, dataset)
            rows = ask_database(username, dataset)
            faults += filter(None, [cell.leak(rows)])
            if len(rows) != cell.allowed.total():
                faults.append(f"{username} got {len(rows)} of {cell.allowed.total()} rows of {dataset}")
    return faults


def test_a_signed_query_gets_the_persons_rows_and_all_of_them(ask_database, allowed, settled, matrix):
    faults = settled(lambda: faults_in_database(ask_database, allowed))
    matrix("signed SQL as bi_reader", len(PEOPLE) * len(DATASETS), faults)


@pytest.mark.parametrize(
    "way",
    ["absent", "plain name", "expired", "replayed for another", "of nobody"],
)
def test_any_other_identity_gets_nothing(way, ask_database, stack, matrix):
    key, soon = bytes.fromhex(stack.settings.secret("identity_key")), int(time.time()) + 60
    identity = {
        "absent": "",
        "plain name": "chen.jing",
        "expired": sign_identity("chen.jing", key, soon - 120),
        "replayed for another": "chen.jing|" + sign_identity("zhao.min", key, soon).split("|", 1)[1],
        "of nobody": sign_identity("nobody.at.all", key, soon),
    }[way]
    faults = [dataset for dataset in DATASETS if ask_database("", dataset, identity)]
    matrix(f"identity: {way}", len(DATASETS), faults)


def test_explain_tells_no_value(ask_database, allowed, matrix):
    """Estimates may tell how long a table is, and never what stands in it."""
    sql, faults = queries(), []
    for dataset in DATASETS:
        plan = "\n".join(line for (line,) in ask_database("wu.bin", dataset, prefix="explain (analyze, verbose) "))
        rows = list(allowed("chen.jing", dataset).allowed)[:200]
        # Names of customers, people and products: words such as "open" are part of any plan.
        values = {value for row in rows for value in row if value and not value.isascii() and value not in sql[dataset]}
        faults += [f"{dataset}: {value}" for value in values if value in plan]
    matrix("explain as somebody without a scope", len(DATASETS), faults)


# --- Through Superset ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def charts(administrator) -> dict[str, dict[str, Any]]:
    """A chart of each dataset, with its number and the dataset's."""
    titles = {ASSETS.labels["en"].dataset[name]: name for name in DATASETS if name in ASSETS.labels["en"].dataset}
    numbers = {entry["id"]: titles.get(entry["table_name"]) for entry in administrator.list("/api/v1/dataset/")}
    found = {}
    for chart in administrator.list("/api/v1/chart/"):
        if name := numbers.get(chart["datasource_id"]):
            found.setdefault(name, chart)
    return found


def post_data(viewer, chart, columns, **more: Any):
    body = {
        "datasource": {"id": chart["datasource_id"], "type": "table"},
        "force": more.pop("force", True),
        "result_format": more.pop("result_format", "json"),
        "result_type": more.pop("result_type", "full"),
        "form_data": {"slice_id": chart["id"], "datasource": f"{chart['datasource_id']}__table"},
        "queries": [{"columns": columns, "metrics": [], "row_limit": LIMIT, **more}],
    }
    return viewer.request("POST", "/api/v1/chart/data", json=body)


def rows_of_json(answer, columns) -> Rows | None:
    if answer.status_code in REFUSED:
        return None
    assert answer.status_code == 200, answer.text[:300]
    return [tuple(row.get(name) for name in columns) for row in answer.json()["result"][0]["data"]]


def by_chart(viewer, chart, columns) -> Rows | None:
    return rows_of_json(post_data(viewer, chart, columns), columns)


def by_cache(viewer, chart, columns) -> Rows | None:
    """After the chairwoman has looked at the same."""
    return rows_of_json(post_data(viewer, chart, columns, force=False), columns)


def by_detail(viewer, chart, columns) -> Rows | None:
    return rows_of_json(post_data(viewer, chart, columns, result_type="drill_detail"), columns)


def by_samples(viewer, chart, columns) -> Rows | None:
    number = chart["datasource_id"]
    path = f"/datasource/samples?datasource_type=table&datasource_id={number}&force=true"
    answer = viewer.request("POST", path, json={})
    if answer.status_code in REFUSED:
        return None
    return [tuple(row.get(name) for name in columns) for row in answer.json()["result"]["data"]]


def by_csv(viewer, chart, columns) -> Rows | None:
    return rows_of_file(post_data(viewer, chart, columns, result_format="csv"), pd.read_csv)


def by_excel(viewer, chart, columns) -> Rows | None:
    return rows_of_file(
        post_data(viewer, chart, columns, result_format="xlsx"), partial(pd.read_excel, engine="openpyxl")
    )


def rows_of_file(answer, read) -> Rows | None:
    if answer.status_code in REFUSED:
        return None
    assert answer.status_code == 200, answer.text[:300]
    frame = read(io.BytesIO(answer.content), dtype=str, keep_default_na=False)
    return [tuple(as_in_file(value) for value in row) for row in frame.itertuples(index=False, name=None)]


def as_in_file(value: Any) -> str:
    """A file tells nothing from an empty text, and Superset puts a quote before what a spreadsheet would calculate."""
    return "" if value is None else str(value).replace("\\|", "|").lstrip("'").strip()


WAYS: dict[str, Callable[..., Rows | None]] = {
    "chart": by_chart,
    "cache": by_cache,
    "drill to detail": by_detail,
    "samples": by_samples,
    "CSV": by_csv,
    "Excel": by_excel,
}
FILES = ("CSV", "Excel")


def faults_of_way(way: str, pairs, viewer, charts, allowed) -> list[str]:
    faults = []
    for username, dataset in pairs:
        columns, cell = text_columns(dataset), allowed(username, dataset)
        if way == "cache":
            by_cache(viewer("chen.jing"), charts[dataset], columns)
        rows = WAYS[way](viewer(username), charts[dataset], columns)
        # Superset asks for each combination of values once.
        distinct = {tuple(map(as_in_file, row)) if way in FILES else row for row in cell.allowed}
        cell = Cell(username, dataset, Counter(distinct))
        rows = None if rows is None else list(set(rows))
        faults += filter(None, [cell.leak(rows)])
        # Whoever may open the dataset gets all of it, and who may not is refused.
        if way in ("chart", *FILES) and rows is not None:
            faults += filter(None, [cell.loss(rows)])
    return faults


@pytest.mark.parametrize(
    "share",
    [pytest.param(9, id="some"), pytest.param(1, id="all", marks=[pytest.mark.full, pytest.mark.timeout(3600)])],
)
@pytest.mark.parametrize("way", WAYS)
def test_superset_shows_each_person_their_rows(way, share, viewer, charts, allowed, settled, matrix):
    assert len(charts) > len(DATASETS) - 5
    pairs = [(username, dataset) for username, dataset in some_pairs(share) if dataset in charts]
    faults = settled(lambda: faults_of_way(way, pairs, viewer, charts, allowed))
    matrix(f"Superset: {way}", len(pairs), faults)


SQL = {"expressionType": "SQL", "sqlExpression": "max(current_user)", "label": "x"}


def other_ways(viewer, session, chart, column) -> dict[str, Any]:
    """Ways that an author has and a viewer has not, whatever the dataset."""
    number = chart["datasource_id"]

    def send(method: str, path: str, **more: Any):
        return session.request(method, viewer.base_url + path, timeout=60, **more)

    virtual = {"database": 1, "table_name": "x", "sql": "select 1 as one", "schema": "marts"}
    return {
        "ad-hoc metric": post_data(viewer, chart, [], metrics=[SQL]),
        "ad-hoc column": post_data(viewer, chart, [{**SQL, "sqlExpression": "current_user"}]),
        "ad-hoc filter": post_data(viewer, chart, [column], extras={"where": "1 = 1"}),
        "ad-hoc order": post_data(viewer, chart, [column], orderby=[["random()", True]]),
        "SQL Lab": send("POST", "/api/v1/sqllab/execute/", json={"database_id": 1, "sql": "select 1"}),
        "virtual dataset": send("POST", "/api/v1/dataset/", json=virtual),
        "new chart": send(
            "POST", "/api/v1/chart/", json={"slice_name": "x", "datasource_id": number, "datasource_type": "table"}
        ),
        "guest token": send("POST", "/api/v1/security/guest_token/", json={"user": {}, "resources": [], "rls": []}),
        "dataset's definition": send("GET", f"/api/v1/dataset/{number}"),
        "databases": send("GET", "/api/v1/database/1"),
        "tables": send("GET", "/api/v1/database/1/tables/?q=(schema_name:marts)"),
        "others' queries": send("GET", "/api/v1/query/1"),
        "export": send("GET", f"/api/v1/dataset/export/?q=!({number})"),
    }


def test_no_viewer_has_another_way(viewer, browser, charts, administrator, matrix):
    def may_build(username: str, chart: dict[str, Any]) -> bool:
        seen = {entry["id"] for entry in viewer(username).client.list("/api/v1/chart/")}
        return "builder" in PEOPLE[username].get("roles", ()) and chart["id"] in seen

    cells, faults = 0, []
    for position, username in enumerate(PEOPLE):
        dataset = list(charts)[position % len(charts)]
        column = text_columns(dataset)[0]
        for way, answer in other_ways(viewer(username), browser(username), charts[dataset], column).items():
            if way == "new chart" and may_build(username, charts[dataset]):
                # What a builder may and may not do is asked by test_publishing.
                assert answer.status_code == 201, answer.text[:300]
                administrator.delete(f"/api/v1/chart/{answer.json()['id']}")
                continue
            cells += 1
            # 400 would be about the request and not about the person.
            if answer.status_code not in (401, 403, 404):
                faults.append(f"{username} was not refused: {way} ({answer.status_code} {answer.text[:80]})")
    matrix("Superset: other ways", cells, faults)


# --- Would it have been noticed? ----------------------------------------------------------------------------------


@contextmanager
def opened(stack, statement: str, mart: str) -> Iterator[None]:
    """One defence switched off, and on again."""
    model = load_models(HUAXING)[mart]
    with closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            try:
                yield
            finally:
                cursor.execute(protection(model, HUAXING.models_folder))


@pytest.mark.parametrize(
    ("statement", "mart", "username", "dataset"),
    [
        pytest.param(
            "alter policy reader_scope on marts.mart_customer using (true)",
            "mart_customer",
            "huang.jun",
            "customer",
            id="a policy that lets everything through",
        ),
        pytest.param(
            "alter table marts.mart_opportunity disable row level security",
            "mart_opportunity",
            "wu.bin",
            "opportunity",
            id="no policy at all",
        ),
        pytest.param(
            "alter policy reader_scope on marts.mart_sales_cube using "
            "(region_code in (select unnest(security.scope_keys('mart_sales_cube', 'region|business_unit'))))",
            "mart_sales_cube",
            "liu.wei",
            "sales_cube",
            id="a policy that shows too little",
        ),
        pytest.param(
            "alter policy reader_scope on marts.mart_customer using (security.has_full_scope('mart_team_month'))",
            "mart_customer",
            "deng.ping",
            "customer",
            id="the subject of another mart",
        ),
        pytest.param(
            "drop view marts.mart_customer_contact_masked; create view marts.mart_customer_contact_masked as "
            "select * from marts.mart_customer_contact; "
            "grant select on marts.mart_customer_contact_masked to bi_reader; "
            "alter view marts.mart_customer_contact_masked owner to bi_masker",
            "mart_customer_contact",
            "chen.jing",
            "customer_contact",
            id="no masks",
        ),
    ],
)
def test_a_defence_that_is_off_is_noticed(statement, mart, username, dataset, stack, ask_database, allowed):
    assert faults_in_database(ask_database, allowed, [username], [dataset]) == []
    with opened(stack, statement, mart):
        assert faults_in_database(ask_database, allowed, [username], [dataset]) != []
    assert faults_in_database(ask_database, allowed, [username], [dataset]) == []


@pytest.mark.parametrize("defence", ["foreign SQL", "shared cache", "drafts"])
def test_a_defence_of_superset_that_is_off_is_noticed(defence, stack, charts, allowed, administrator):
    with opened_superset(stack, "none") as closed:
        assert faults_without(defence, closed, charts, allowed, administrator) == []
    with opened_superset(stack, defence) as person:
        assert faults_without(defence, person, charts, allowed, administrator) != []


def faults_without(defence, person, charts, allowed, administrator) -> list[str]:
    """What the matrix finds about one defence, asked of another Superset."""
    if defence == "shared cache":
        return faults_of_way("cache", [("huang.jun", "customer")], person, charts, allowed)
    if defence == "foreign SQL":
        answer = post_data(person("chen.jing"), charts["customer"], [], metrics=[SQL])
        return [] if answer.status_code in REFUSED else [f"not refused: {answer.text[:80]}"]
    # Superset itself shows a chart to everybody who reads its dataset.
    body = {"slice_name": "A draft", "datasource_id": charts["customer"]["datasource_id"], "datasource_type": "table"}
    draft = administrator.post("/api/v1/chart/", body)["id"]
    try:
        answer = person("chen.jing").request("GET", f"/api/v1/chart/{draft}")
        return [] if answer.status_code in REFUSED else [f"not refused: {answer.text[:80]}"]
    finally:
        administrator.delete(f"/api/v1/chart/{draft}")


@pytest.fixture(scope="module")
def matrix(stack) -> Iterator[Callable[[str, int, list[str]], None]]:
    """Notes one way in; all of them are written to the logs of the test's home and printed."""
    lines: list[tuple[str, int, int]] = []

    def note(way: str, cells: int, faults: list[str]) -> None:
        lines.append((way, cells, len(faults)))
        assert cells
        assert faults == []

    yield note
    total = ("all", sum(cells for _way, cells, _faults in lines), sum(faults for _way, _cells, faults in lines))
    table = "\n".join(f"{way:44} {cells:>7,} cells {faults:>4} leaks" for way, cells, faults in [*lines, total])
    (stack.settings.home.parent / "leak_matrix.txt").write_text(f"{table}\n", encoding="utf-8")
    sys.stdout.write(f"\n{table}\n")
