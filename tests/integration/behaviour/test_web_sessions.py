"""From log files to sessions by the real platform: counted by hand, against pandas, and incrementally as in full."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest

from cockpit.pipelines import steps
from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.completion import Completion
from cockpit.rulebook.sources import LogSource
from cockpit.rulebook.workspace import REPOSITORY, Workspace, load_workspace
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.selection import select
from tests.conftest import Postgres
from tests.sql.database import Warehouse, context_of, copy_database, drop_database, make_template, use_as_warehouse
from tests.workspaces import WorkspaceDatabase

TEMPLATE, COPY = "test_behaviour_template", "test_behaviour"
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)


def workspace_with(entities: dict[str, Any]) -> Workspace:
    """The company's workspace with one source of logs and no other."""
    company = load_workspace(REPOSITORY / "include" / "workspace.yml")
    source = LogSource.model_validate({
        "source": "web", "title": "Web", "title_zh": "网站", "owner": "marketing", "connector": "log", "entities": entities,
        "personal_data": {"basis": "legitimate_interest", "purpose": "Reach of pages", "purpose_zh": "页面访问统计"},
    })  # fmt: skip
    # The company's completions are about sources that this workspace has not.
    return company.model_copy(update={"sources": {"web": source}, "completion": Completion()})


@dataclass
class Site:
    """A database with one source of logs, and the steps of a run."""

    warehouse: Warehouse
    context: BuildContext
    entities: list[str] = field(default_factory=list)

    def run(self, *, full: bool = False) -> dict[str, int]:
        """Load and build; returns the number of changed rows of each model of behaviour that changed."""
        graph = self.context.graph
        for name in self.entities:
            steps.load(self.context, "web", name)
        typed = graph.typed("web")
        builds = [steps.build_model(self.context, model.name, full=full) for model in typed]
        steps.check_models(self.context, typed)
        behind = [model for model in select(graph, ["+core_web_session"]) if not model.is_source]
        builds += [steps.build_model(self.context, model.name, full=full) for model in behind]
        return {build.model: build.changed for build in builds if build.changed}


@pytest.fixture(scope="module")
def template(postgres: Postgres) -> Iterator[WorkspaceDatabase]:
    yield make_template(postgres, TEMPLATE, load_workspace(REPOSITORY / "include" / "workspace.yml"))
    for name in (COPY, TEMPLATE):
        drop_database(postgres, name)


@pytest.fixture
def open_site(template: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    database = copy_database(template, COPY)
    use_as_warehouse(database, monkeypatch)
    with closing(database.connect()) as connection:

        def opened(as_of: str = "2026-03-31T10:00+08:00", **entities: dict[str, Any]) -> Site:
            context = context_of(workspace_with(entities), datetime.fromisoformat(as_of))
            prepare(context)
            return Site(Warehouse(connection), context, list(entities))

        yield opened


def line(
    at: str,
    target: str,
    *,
    address: str = "203.0.113.7",
    status: int = 200,
    referrer: str = "-",
    agent: str = BROWSER,
    user: str = "-",
) -> str:
    moment = datetime.fromisoformat(f"2026-03-{at}+08:00").strftime("%d/%b/%Y:%H:%M:%S %z")
    return f'{address} - {user} [{moment}] "GET {target} HTTP/1.1" {status} 512 "{referrer}" "{agent}"\n'


def sessions(site: Site) -> list[tuple[Any, ...]]:
    return site.warehouse.query(
        "select to_char(started_at at time zone 'Asia/Shanghai', 'DD HH24:MI:SS'), page_view_count,"
        " cast(dwell_seconds as integer), entry_path, exit_path, referrer_host, utm_source"
        " from core.core_web_session order by started_at, entry_path"
    )


def test_sessions_as_counted_by_hand(open_site: Any, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(
        line("05T23:40:00", "/?utm_source=baidu&phone=13800138000", referrer="https://www.baidu.com/s?wd=x")
        + line("05T23:40:01", "/app.css")
        + line("05T23:50:00", "/products", referrer="https://www.huaxing.example/")
        # Exactly 30 minutes later, on the next day: the same visit.
        + line("06T00:20:00", "/contact")
        + line("06T00:50:01", "/late", referrer="https://huaxing.example/contact")
        # Another person in the same office, and a program.
        + line("06T00:20:00", "/b", address="203.0.113.8")
        + line("06T00:21:00", "/c", address="203.0.113.8")
        + line("06T00:21:00", "/b", address="203.0.113.9", agent="curl/8.5.0")
        + line("06T00:22:00", "/missing", status=404)
        + "203.0.113.7 hung up\n"
        # Not finished yet: left for the next time.
        + line("06T01:10:00", "/half")[:-1]
    )  # fmt: skip
    site = open_site(
        access={"path": str(log), "format": "combined", "site": "website", "hosts": ["www.huaxing.example"]}
    )
    site.run()
    assert sessions(site) == [
        ("05 23:40:00", 3, 2400, "/", "/contact", "baidu.com", "baidu"),
        ("06 00:20:00", 2, 60, "/b", "/c", None, None),
        ("06 00:50:01", 1, 0, "/late", "/late", None, None),
    ]
    assert site.run() == {}

    with log.open("a") as file:
        file.write("\n" + line("06T00:40:00", "/between"))
    site.run()
    # The late line lies between two visits and makes one of them; the half one is complete now.
    assert sessions(site) == [
        ("05 23:40:00", 6, 5400, "/", "/half", "baidu.com", "baidu"),
        ("06 00:20:00", 2, 60, "/b", "/c", None, None),
    ]
    assert site.run(full=True) == {}
    assert site.warehouse.query("select file, line_number, reason, raw_text from ops.rejected_line") == [
        ("access.log", 10, "not a line of this log format", "203.0.113.0 hung up")
    ]
    ledger = site.warehouse.query(
        "select sum(received), sum(loaded), sum(rejected), bool_and(is_balanced) from ops.import_ledger"
    )
    assert ledger == [(12, 11, 1, True)]
    ((raw,),) = site.warehouse.query("select string_agg(payload::text, ' ') from raw.web__access")
    assert not re.search(r"203\.0\.113\.[789]|13800138000", raw)


def test_clicks_with_keys_split_a_visit_when_one_is_corrected(open_site: Any, tmp_path: Path) -> None:
    log = tmp_path / "clicks.jsonl"
    click = '{{"id": {}, "visited_at": "2026-03-05T{}+08:00", "event": "{}", "url": "{}", "visitor": "d1", "dwell_seconds": {}}}\n'.format
    log.write_text(
        click(1, "09:00:00", "page_view", "/a", 5)
        + click(2, "09:20:00", "page_view", "/b", 5)
        + click(3, "09:20:30", "click", "/b#buy", 0)
        + click(4, "09:45:00", "page_view", "/c", 12)
    )
    site = open_site(clicks={
        "path": str(tmp_path / "*.jsonl"), "format": "clicks", "site": "app", "key": ["id"],
        "columns": {"id": {"type": "text", "description": "Number", "description_zh": "编号"}},
    })  # fmt: skip
    site.run()
    assert sessions(site) == [("05 09:00:00", 3, 2712, "/a", "/c", None, None)]
    (tmp_path / "corrected.jsonl").write_text(click(2, "08:00:00", "page_view", "/b", 7))
    assert site.run()["core_web_session"] == 3
    assert sessions(site) == [
        ("05 08:00:00", 1, 7, "/b", "/b", None, None),
        ("05 09:00:00", 1, 5, "/a", "/a", None, None),
        ("05 09:45:00", 1, 12, "/c", "/c", None, None),
    ]
    assert site.run(full=True) == {}


def test_incremental_equals_full(open_site: Any, tmp_path: Path) -> None:
    random = Random(7)
    site = open_site(access={"path": str(tmp_path / "*.log"), "format": "combined", "site": "website"})
    begin = datetime(2026, 3, 5, tzinfo=UTC)
    incremental = 0
    for number in range(8):
        # Late and out of order, so that visits are joined, begin earlier, and turn into those of bots.
        lines = [
            line(
                f"{(moment := begin + timedelta(minutes=random.randint(0, 3 * 1440))).day:02}T{moment:%H:%M:%S}",
                random.choice(["/a", "/b", "/c.css", "/robots.txt" if random.random() < 0.1 else "/d"]),
                address=f"10.0.0.{random.randint(1, 40)}",
                status=random.choice([200, 200, 200, 304, 404]),
            )
            for _line in range(60)
        ]
        (tmp_path / f"part{number}.log").write_text("".join(lines))
        incremental += site.run().get("core_web_session", 0)
        assert site.run(full=True) == {}, f"part {number}"
    assert incremental > 100
    kinds = site.warehouse.query(
        "select distinct model from ops.model_build where kind = 'incremental' and inserted + updated + deleted > 0 and model like 'core%'"
    )
    assert {model for (model,) in kinds} == {"core_page_view", "core_web_session"}


@pytest.fixture(scope="module")
def real_log(real_data: Path) -> Path:
    return real_data / "behaviour_access_logs" / "apache_access.log.gz"


REAL = re.compile(r'(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+)[^"]*" (\d{3}) (\S+) "([^"]*)" "([^"]*)"')


@pytest.fixture(scope="module")
def requests(real_log: Path) -> pd.DataFrame:
    """The same file, read by a few lines of pandas."""
    with gzip.open(real_log, "rt", encoding="utf-8") as file:
        rows = [match.groups() for text in file if (match := REAL.fullmatch(text.rstrip("\n")))]
    frame = pd.DataFrame(rows, columns=["address", "time", "method", "target", "status", "bytes", "referrer", "agent"])
    frame["at"] = pd.to_datetime(frame["time"], format="%d/%b/%Y:%H:%M:%S %z", utc=True)
    frame["path"] = frame["target"].str.split("?").str[0].str.split("#").str[0]
    return frame


@pytest.mark.realdata
def test_a_real_log(open_site: Any, real_log: Path, requests: pd.DataFrame) -> None:
    site = open_site(
        access={"path": str(real_log), "format": "combined", "site": "blog", "hosts": ["semicomplete.com"]}
    )
    site.run()
    query = site.warehouse.query

    assert query("select received, loaded, rejected from ops.import_batch") == [
        (10_000, len(requests), 10_000 - len(requests))
    ]
    stored = query(
        "select string_agg(payload::text, E'\\n') from raw.web__access union all select string_agg(raw_text, E'\\n') from ops.rejected_line"
    )
    full_addresses = set(requests["address"]) | {"46.118.127.106"}
    # An address whose last number is zero is its own network.
    full_addresses = {address for address in full_addresses if not address.endswith(".0")}
    found = set(re.findall(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", "\n".join(text for (text,) in stored)))
    assert found & full_addresses == set()

    columns = query(
        "select count(*), sum(bytes), count(distinct network), count(*) filter (where status = 404) from staging.stg_web__access"
    )
    assert columns == [(
        len(requests), int(pd.to_numeric(requests["bytes"], errors="coerce").sum()),
        requests["address"].str.rpartition(".")[0].nunique(), int((requests["status"] == "404").sum()),
    )]  # fmt: skip

    rules = site.context.workspace.behaviour
    assert rules is not None
    bot = "|".join(f"(?:{rule.pattern})" for rule in rules.bots.agents)
    visitor = requests["address"] + " " + requests["agent"]
    requests["visitor"] = visitor
    asked = set(visitor[requests["path"].isin(rules.bots.paths)])
    requests["is_bot"] = requests["agent"].str.contains(bot, case=False, regex=True) | visitor.isin(asked)
    extension = requests["path"].str.extract(r"\.([A-Za-z0-9]+)$")[0].str.lower()
    pages = requests[
        requests["method"].isin(rules.page_views.methods)
        & requests["status"].astype(int).isin(rules.page_views.statuses)
        & ~extension.isin(rules.page_views.asset_extensions)
        & ~requests["path"].str.startswith(rules.page_views.ignored_paths)
    ]
    assert query(
        "select count(*), count(*) filter (where is_bot), count(distinct visitor) from core.core_page_view"
    ) == [(len(pages), int(pages["is_bot"].sum()), pages["visitor"].nunique())]

    people = pages[~pages["is_bot"]].sort_values(["visitor", "at"], kind="stable")
    begins = people.groupby("visitor")["at"].diff().fillna(pd.Timedelta(days=1)) > pd.Timedelta(minutes=30)
    number = begins.cumsum()
    dwell = (people.groupby(number)["at"].max() - people.groupby(number)["at"].min()).dt.total_seconds().sum()
    assert query("select count(*), sum(page_view_count), sum(dwell_seconds) from core.core_web_session") == [
        (int(begins.sum()), len(people), int(dwell))
    ]
    entries = people[begins]["path"].value_counts().to_dict()
    assert dict(query("select entry_path, count(*) from core.core_web_session group by entry_path")) == entries
