"""A wrong rule file stops what needs it, before any data are touched, and nothing else; it is named by line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import RuleFileError
from cockpit.pipelines import steps
from cockpit.pipelines.refresh import Refresh, refresh
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.stage import stage_source
from cockpit.pipelines.tell_owners import tell_owners
from cockpit.quality import answers
from cockpit.quality.overlay import RowId
from cockpit.rulebook.workspace import REPOSITORY, load_workspace, workspace_files
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.runner import BuildContext
from tests.conftest import Postgres
from tests.workspaces import WorkspaceDatabase, make_workspace_database

ALL = ("crm.person", "crm.deal", "erp.person", "erp.deal")

WORKSPACE = """
    workspace: shop
    title: Shop
    title_zh: 店
    warehouse: broken_warehouse
    sources: sources
    models: models
    normalisation: normalisation
    quality: quality
    dictionary: dictionary.yml
    push: push
    currency: CNY
    time_zone: Asia/Shanghai
"""

DICTIONARY = """
    version: 1
    fields:
      phone: {description: Phone, description_zh: 电话, sensitivity: internal, standard: phone, synonyms: [tel]}
"""


def source(name: str) -> str:
    return f"""
    source: {name}
    title: {name.upper()}
    title_zh: {name.upper()}
    owner: sales
    connector: sql
    connection: broken_warehouse
    entities:
      person:
        table: {name}_person
        key: [id]
        cursor: id
        columns:
          id: {{type: bigint, required: true, description: Person, description_zh: 人}}
          phone: {{type: text, field: phone}}
        conforms_to: {{person: {{key: [id], columns: {{text: phone}}}}}}
      deal:
        table: {name}_deal
        key: [id]
        cursor: id
        columns:
          id: {{type: bigint, required: true, description: Deal, description_zh: 单}}
          amount: {{type: numeric, description: Amount, description_zh: 金额}}
        conforms_to: {{deal: {{key: [id], columns: {{amount: amount}}}}}}
    """


def rules(entity: str, condition: str = "amount < 0", name: str = "negative") -> str:
    column = "amount" if "deal" in entity else "phone"
    return f"""
    version: 1
    rules:
      - id: {name}
        entity: {entity}
        wrong_when: {condition}
        severity: quarantine
        offending: [{column}]
        message: The amount is negative
        message_zh: 金额为负
    """


def conformed(entity: str, column: str, kind: str) -> str:
    return f"""
    table: stg_{entity}
    description: All of all sources
    description_zh: 全部
    grain: [source, source_key]
    owner: sales
    columns:
      source: {{type: text, description: Source, description_zh: 来源}}
      source_key: {{type: text, description: Key, description_zh: 主键}}
      {column}: {{type: {kind}, description: Value, description_zh: 值}}
    """


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "test_broken_rules")


class Site:
    """The files of two sources with persons, who have telephones, and deals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        file = self.folder / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def context(self) -> BuildContext:
        load_workspace.cache_clear()
        return run_context(
            load_workspace(self.folder / "workspace.yml"), as_of=datetime(2026, 3, 5, tzinfo=UTC), run_id="test"
        )


class Shop:
    """The same with a database; each table holds a row that was staged, and one more waits in the sources."""

    def __init__(self, site: Site, connection: PgConnection) -> None:
        self.site = site
        self.connection = connection

    def run(self) -> Refresh:
        return refresh(self.site.context(), lambda _stage: None)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def put(self, number: int, amount: str = "5") -> None:
        """The same new row in each entity of each source."""
        for name in ("crm", "erp"):
            self.query(f"insert into {name}_person values ({number}, '1380013800{number}')")
            self.query(f"insert into {name}_deal values ({number}, '{amount}')")

    def counts(self, table: str) -> dict[str, int]:
        """Rows by entity of a layer."""
        return {name: self._count(table.format(*name.split("."))) for name in ALL}

    def united(self) -> dict[str, int]:
        """Rows of the tables that unite the sources."""
        return {name: self._count(f"staging.stg_{name}") for name in ("person", "deal")}

    def _count(self, table: str) -> int:
        return int(self.query(f"select count(*) from {table}")[0][0])


@pytest.fixture
def site(tmp_path: Path) -> Site:
    for name in ("normalisation", "push"):
        shutil.copytree(REPOSITORY / "include" / "rules" / name, tmp_path / name)
    site = Site(tmp_path)
    site.write("workspace.yml", WORKSPACE)
    site.write("dictionary.yml", DICTIONARY)
    for name in ("crm", "erp"):
        site.write(f"sources/{name}.yml", source(name))
        site.write(f"quality/{name}_deals.yml", rules(f"{name}.deal", name=f"{name}_negative"))
    site.write("quality/persons.yml", rules("crm.person", "phone = 'x'", "odd"))
    site.write("models/staging/stg_person.yml", conformed("person", "text", "text"))
    site.write("models/staging/stg_deal.yml", conformed("deal", "amount", "numeric"))
    (tmp_path / "models" / "security").symlink_to(REPOSITORY / "include" / "sql" / "security")
    return site


@pytest.fixture
def shop(site: Site, database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("AIRFLOW_CONN_BROKEN_WAREHOUSE", database.dsn("cockpit_etl"))
    with closing(database.connect()) as connection:
        shop = Shop(site, connection)
        shop.query(
            "drop schema if exists raw, staging, quality, ops, core, public cascade;"
            + "".join(f"create schema {name};" for name in ("raw", "staging", "quality", "ops", "core", "public"))
            + "".join(
                f"create table public.{name}_person (id bigint primary key, phone text);"
                f"create table public.{name}_deal (id bigint primary key, amount text);"
                for name in ("crm", "erp")
            )
        )
        shop.put(1)
        assert not shop.run().failures
        shop.put(2)
        yield shop


def typed(name: str) -> str:
    return f"stg_{name.replace('.', '__')}"


BREAKS: dict[str, tuple[Callable[[Site], object], set[str], str]] = {
    "a kind is not YAML": (
        lambda site: site.write("normalisation/phone.yml", "version: 1\nwords: [a\n"),
        {"crm.person", "erp.person"},
        r"normalisation/phone.yml:\d+: ",
    ),
    "a kind has an unknown key": (
        lambda site: site.change("normalisation/phone.yml", "version:", "versoin: 1\nversion:"),
        {"crm.person", "erp.person"},
        r"normalisation/phone.yml:\d+: versoin",
    ),
    "an example of a kind fails": (
        lambda site: site.change(
            "normalisation/phone.yml", "examples:\n", "examples:\n- {in: '13800138001', out: '1'}\n"
        ),
        {"crm.person", "erp.person"},
        r"normalisation/phone.yml:\d+: examples: ",
    ),
    "a kind's file is gone": (
        lambda site: (site.folder / "normalisation" / "phone.yml").unlink(),
        {"crm.person", "erp.person"},
        r"normalisation/phone.yml:1: ",
    ),
    "a kind's file is not UTF-8": (
        lambda site: (site.folder / "normalisation" / "phone.yml").write_bytes(b"version: 1\n\xff\xfe\x00"),
        {"crm.person", "erp.person"},
        r"normalisation/phone.yml:2: ",
    ),
    "a quality file is not YAML": (
        lambda site: site.change("quality/crm_deals.yml", "message: The", "message: [The"),
        {"crm.deal"},
        r"quality/crm_deals.yml:\d+: ",
    ),
    "a quality rule has an unknown key": (
        lambda site: site.change("quality/crm_deals.yml", "severity:", "severty:"),
        {"crm.deal"},
        r"quality/crm_deals.yml:\d+: rules.0.severty",
    ),
    "a quality rule has a wrong type": (
        lambda site: site.change("quality/crm_deals.yml", "[amount]", "7"),
        {"crm.deal"},
        r"quality/crm_deals.yml:\d+: rules.0.offending",
    ),
    "a quality rule's SQL cannot be read": (
        lambda site: site.change("quality/crm_deals.yml", "amount < 0", "amount < ("),
        {"crm.deal"},
        r"quality/crm_deals.yml:\d+: ",
    ),
    "a quality rule names an unknown column": (
        lambda site: site.change("quality/crm_deals.yml", "amount < 0", "amuont < 0"),
        {"crm.deal"},
        r"quality/crm_deals.yml:\d+: .*amuont",
    ),
    "a quality rule names an unknown parameter": (
        lambda site: site.change("quality/crm_deals.yml", "amount < 0", "amount < :treshold"),
        {"crm.deal"},
        r"quality/crm_deals.yml:\d+: .*treshold",
    ),
    "a quality rule has another's id": (
        lambda site: site.change("quality/erp_deals.yml", "erp_negative", "crm_negative"),
        {"erp.deal"},
        r"quality/erp_deals.yml:\d+: ",
    ),
    "nobody knows what a quality rule is about": (
        lambda site: site.change("quality/crm_deals.yml", "crm.deal", "crm.dael"),
        set(ALL),
        r"quality/crm_deals.yml:\d+: .*crm.dael",
    ),
    "a quality rule is about nothing": (
        lambda site: site.change("quality/crm_deals.yml", "    entity: crm.deal\n", ""),
        set(ALL),
        r"quality/crm_deals.yml:\d+: ",
    ),
    "a quality file is empty": (
        lambda site: site.write("quality/crm_deals.yml", ""),
        set(ALL),
        r"quality/crm_deals.yml:1: rules: ",
    ),
}


# Seen when texts are standardised: trying examples takes longer than reading the files of a DAG may.
AT_THE_BUILD = ("a kind has an unknown key", "an example of a kind fails")
WHOLE_RUNS = (*AT_THE_BUILD, "a quality file is not YAML", "a quality rule names an unknown column")


@pytest.mark.parametrize(
    ("spoil", "stopped", "message"),
    [pytest.param(*case, id=name) for name, case in BREAKS.items() if name not in AT_THE_BUILD],
)
def test_only_the_tables_that_a_rule_is_about_have_a_fault(
    spoil: Callable[[Site], object], stopped: set[str], message: str, site: Site
) -> None:
    spoil(site)
    faults = {name: model.fault for name, model in site.context().graph.models.items() if model.fault}
    assert set(faults) == {typed(name) for name in stopped}
    for error in faults.values():
        assert re.search(message, str(error)), error


@pytest.mark.parametrize(("spoil", "stopped", "message"), [pytest.param(*BREAKS[name], id=name) for name in WHOLE_RUNS])
def test_other_tables_take_new_rows_and_these_stay_as_they_were(
    spoil: Callable[[Site], object], stopped: set[str], message: str, shop: Shop
) -> None:
    spoil(shop.site)
    result = shop.run()
    assert set(result.failures) == {typed(name) for name in stopped}
    for error in result.failures.values():
        assert isinstance(error, RuleFileError)
        assert re.search(message, str(error)), error
    assert shop.counts("raw.{}__{}") == dict.fromkeys(ALL, 2)
    assert shop.counts("staging.stg_{}__{}") == {name: 1 if name in stopped else 2 for name in ALL}
    assert shop.united() == {
        entity: sum(1 if name in stopped else 2 for name in ALL if name.endswith(entity))
        for entity in ("person", "deal")
    }


def test_nobody_answers_for_a_row_while_its_rules_cannot_be_read(shop: Shop) -> None:
    shop.put(3, "-5")
    shop.run()
    row = RowId("crm", "deal", "3")
    assert [check.rule_id for check in examine(shop, row).failing] == ["crm_negative"]
    shop.site.change("quality/crm_deals.yml", "severity:", "severty:")
    with pytest.raises(RuleFileError, match="severty"):
        examine(shop, row)
    shop.site.change("quality/crm_deals.yml", "severty:", "severity:")
    shop.query("update crm_deal set amount = '-6' where id = 3")
    assert not shop.run().failures
    assert shop.query("select key from quality.quarantine where released_at is null and source = 'crm'") == [("3",)]


def examine(shop: Shop, row: RowId) -> answers.Examined:
    return answers.examine(shop.connection, shop.site.context(), row, {"amount": "-7"})


def test_a_source_that_cannot_be_read_keeps_its_rows_and_the_others_are_loaded_and_typed(shop: Shop) -> None:
    shop.site.change("sources/crm.yml", "connector: sql", "connector: sqll")
    with pytest.raises(RuleFileError, match=r"sources/crm.yml:\d+: connector: .*sqll"):
        shop.run()
    two = {"erp.person": 2, "erp.deal": 2}
    assert shop.counts("raw.{}__{}") == {"crm.person": 1, "crm.deal": 1, **two}
    assert shop.counts("staging.stg_{}__{}") == {"crm.person": 1, "crm.deal": 1, **two}
    # Rows of the source that cannot be read are not taken for gone.
    assert shop.united() == {"person": 2, "deal": 2}
    with pytest.raises(RuleFileError, match="sqll"):
        steps.load(shop.site.context(), "crm", "deal")
    with pytest.raises(RuleFileError, match="sqll"):
        stage_source(shop.site.context(), "crm")
    shop.site.change("sources/crm.yml", "connector: sqll", "connector: sql")
    assert not shop.run().failures
    assert shop.united() == {"person": 4, "deal": 4}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        pytest.param("workspace.yml", "workspace: [", id="workspace"),
        pytest.param("dictionary.yml", "version: 1\nfieds: {}\n", id="dictionary"),
        pytest.param("models/staging/stg_deal.yml", "table: stg_deal\ngrain: 7\n", id="contract"),
    ],
)
def test_what_all_else_depends_on_stops_all_before_data_are_touched(file: str, text: str, site: Site) -> None:
    site.write(file, text)
    with pytest.raises(RuleFileError, match=rf"{file}:\d+: "):
        site.context()


def test_broken_messages_keep_no_row_from_being_used(shop: Shop) -> None:
    shop.site.write("push/topics.yml", "topics: 7\n")
    assert not shop.run().failures
    assert shop.united() == {"person": 4, "deal": 4}
    with pytest.raises(RuleFileError, match=r"push/topics.yml:\d+: "):
        tell_owners(shop.site.context(), "crm")


def test_errors_are_told_in_chinese(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "zh")
    site.change("quality/crm_deals.yml", "severity:", "severty:")
    (fault,) = {str(model.fault) for model in site.context().graph.models.values() if model.fault}
    assert "不是已知的键" in fault


@pytest.mark.parametrize("path", workspace_files().values(), ids=workspace_files())
def test_the_rules_that_come_with_the_platform_have_no_fault(path: Path) -> None:
    load_workspace.cache_clear()
    workspace = load_workspace(path)
    assert [*workspace.faults, *load_models(workspace).faults] == []


def test_a_source_that_cannot_be_read_is_a_failing_dag_and_the_others_are_there(tmp_path: Path) -> None:
    for name in ("src", "dags", "plugins", "include", "examples"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "include" / "rules" / "sources" / "shop.yml"
    source.write_text(
        source.read_text(encoding="utf-8").replace("connector: rest", "connector: rset"), encoding="utf-8"
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "COCKPIT_"))}
    result = subprocess.run(
        [sys.executable, str(REPOSITORY / "tests" / "dags" / "describe_dags.py"), str(tmp_path / "dags")],
        env={
            **inherited,
            "PYTHONPATH": os.pathsep.join([str(tmp_path / "src"), str(tmp_path / "plugins")]),
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
            "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(tmp_path / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    described = json.loads(result.stdout[result.stdout.index('{"errors"') :])
    assert described["errors"] == {}
    assert set(described["dags"]["load_shop"]["tasks"]) == {"rule_file"}
    assert "shop.yml:" in described["dags"]["load_shop"]["doc"]
    assert {"load_erp", "stage_erp", "build_core", "build_marts"} < set(described["dags"])
    assert "stage_shop" not in described["dags"]
