"""A source of logs in a few lines: what it need not say, and what is refused with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.behaviour import Behaviour, load_behaviour
from cockpit.rulebook.sources import LogSource, load_source
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.sql_text import parse_expression

SOURCE = """\
source: web
title: Web site
title_zh: 网站
owner: marketing
connector: log
personal_data: {basis: legitimate_interest, purpose: Reach of pages, purpose_zh: 页面访问统计}
entities:
  access:
    path: access*.log
    format: combined
    site: website
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    return tmp_path / "web.yml"


def read(file: Path, text: str) -> LogSource:
    file.write_text(text, encoding="utf-8")
    source = load_source(file)
    assert isinstance(source, LogSource)
    return source


def refusal(file: Path, text: str) -> str:
    with pytest.raises(RuleFileError) as error:
        read(file, text)
    return str(error.value).replace(f"{file.parent}/", "")


def test_columns_and_mapping_need_not_be_said(file: Path) -> None:
    entity = read(file, SOURCE).entities["access"]
    assert list(entity.columns) == [
        "visited_at", "method", "path", "query", "status", "bytes", "network", "visitor", "username", "referrer", "user_agent",
        "utm_source", "utm_medium", "utm_campaign",
    ]  # fmt: skip
    assert (entity.key, entity.ip, entity.is_growing, entity.when_changed) == ("line", "shorten", True, "add")
    conform = entity.conforms_to["page_view"]
    assert conform.columns["site"] == "'website'"
    assert "dwell_seconds" not in conform.columns
    for name, expression in conform.columns.items():
        assert parse_expression(expression, name).columns <= set(entity.columns), name


def test_what_a_file_says_comes_first(file: Path) -> None:
    text = SOURCE + (
        "    columns:\n"
        "      username: {type: text, description: Who, description_zh: 谁, sensitivity: internal}\n"
        "    conforms_to: {}\n"
    )
    entity = read(file, text).entities["access"]
    assert entity.columns["username"].description == "Who"
    assert entity.columns["path"].description == "Path of the page, without query"
    assert entity.conforms_to == {}


def test_further_columns_of_clicks_come_from_their_own_names(file: Path) -> None:
    text = SOURCE.replace("combined", "clicks") + (
        "    fields: {visited_at: ts, event_id: meta.id}\n"
        "    columns:\n"
        "      event_id: {type: text, description: Number, description_zh: 编号}\n"
        "      element: {type: text, description: Button, description_zh: 按钮}\n"
    )
    names = read(file, text).entities["access"].json_names()
    assert (names["visited_at"], names["event_id"], names["element"], names["url"]) == (
        "ts",
        "meta.id",
        "element",
        "url",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(SOURCE.replace("combined", "iis"), "web.yml:10: entities.access.format: has a value that is not known (found 'iis'; allowed: 'combined', 'common', 'nginx_json' or 'clicks')", id="unknown format"),
        pytest.param(SOURCE.replace("    site: website\n", ""), "web.yml:8: entities.access.site: is missing. Add 'site: ...'.", id="no site"),
        pytest.param(SOURCE.replace("format: combined", "format: combined\n    ip: keep"), "web.yml:11: entities.access.ip: has a value that is not known (found 'keep'; allowed: 'shorten', 'hash' or 'drop')", id="full addresses"),
        pytest.param(SOURCE + "    fields: {url: uri}\n", "web.yml:12: entities.access.fields: is for lines of JSON; the places of combined are fixed", id="names for a line without names"),
        pytest.param(SOURCE.replace("combined", "nginx_json") + "    fields: {link: uri}\n", "web.yml:12: entities.access.fields.link: names link, which is not in columns (allowed: address, bytes, host, method, referrer, status, url, user_agent, username, utm_campaign, utm_medium, utm_source, visited_at, visitor)", id="name that nothing has"),
        pytest.param(SOURCE.replace(SOURCE.splitlines()[5] + "\n", ""), "is personal data, and nothing says why it may be processed", id="no basis"),
    ],
)  # fmt: skip
def test_what_is_refused(file: Path, text: str, message: str) -> None:
    assert message in refusal(file, text)


def test_logs_need_rules_about_what_is_personal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/web.yml").write_text(SOURCE, encoding="utf-8")
    file = tmp_path / "workspace.yml"
    text = "workspace: a\ntitle: A\ntitle_zh: 甲\nwarehouse: w\nsources: sources\nmodels: sql\ncurrency: CNY\ntime_zone: Asia/Shanghai\n"
    file.write_text(text, encoding="utf-8")
    (error,) = load_workspace(file).faults
    assert re.search(
        r"web\.yml:1: a source of logs needs the workspace's behaviour rules.*Add 'behaviour: rules/behaviour'",
        str(error),
    )
    file.write_text(f"{text}behaviour: {REPOSITORY / 'include/rules/behaviour'}\n", encoding="utf-8")
    load_workspace.cache_clear()
    assert set(load_workspace(file).sources) == {"web"}
    load_workspace.cache_clear()


def test_rules_as_parameters_of_sql() -> None:
    rules = load_behaviour(REPOSITORY / "include/rules/behaviour")
    changed = rules.model_copy(
        update={
            "page_views": rules.page_views.model_copy(
                update={"ignored_paths": ("/a_b%", "/c\\"), "statuses": (200, 304)}
            )
        }
    )
    parameters = changed.parameters()
    assert parameters["ignored_paths"] == "/a\\_b\\%%,/c\\\\%"
    assert parameters["page_view_statuses"] == "200,304"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("bots.yml", "agents:\n  - {id: a, pattern: '(', examples: [x]}\n", "bots.yml:2: agents.0.pattern: is no regular expression: ", id="no pattern"),
        pytest.param("bots.yml", "agents:\n  - {id: a, pattern: 'x*', examples: [x]}\n", "bots.yml:2: agents.0.pattern: fits every text", id="fits all"),
        pytest.param("bots.yml", "agents:\n  - {id: a, pattern: x, examples: []}\n", "bots.yml:2: agents.0.examples: has too few entries", id="no example"),
        pytest.param("bots.yml", "agents: []\npaths: ['/a,b']\n", "bots.yml:2: paths.0: is not of the right form", id="comma in a list"),
        pytest.param("page_views.yml", "events: [view]\nmethods: [GET]\nstatuses: [200]\nlongest_dwell_seconds: 0\n", "page_views.yml:4: longest_dwell_seconds: is outside the allowed range", id="no time"),
    ],
)  # fmt: skip
def test_rules_that_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, message: str
) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    for each in ("bots.yml", "page_views.yml", "privacy.yml"):
        original = (REPOSITORY / "include/rules/behaviour" / each).read_text(encoding="utf-8")
        (tmp_path / each).write_text(text if each == name else original, encoding="utf-8")
    with pytest.raises(RuleFileError) as error:
        load_behaviour(tmp_path)
    assert message in str(error.value)


def test_the_companys_rules_are_read() -> None:
    assert isinstance(load_behaviour(REPOSITORY / "include/rules/behaviour"), Behaviour)
