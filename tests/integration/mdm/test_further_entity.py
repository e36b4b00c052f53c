"""An entity that the platform does not know: the files of the how-to, and nothing else, match it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from psycopg2.extensions import connection as PgConnection

from cockpit.mdm import decisions
from cockpit.mdm.clusters import MatchingRules
from cockpit.mdm.compared import ComparedFields, compare_now
from cockpit.pipelines import steps
from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.review import reviewed_entities
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.runner import BuildContext
from tests.integration.mdm.conftest import AS_OF, LI_NA
from tests.sql.database import context_of, use_as_warehouse
from tests.workspaces import make_workspace_database

HOW_TO = REPOSITORY / "docs/how-to/match-a-further-entity.md"
_FILE = re.compile(r"```yaml\n# (include/\S+)\n(.*?)```", re.DOTALL)
MODELS = ("core_supplier_source", "core_supplier")
VENDORS = """vendor_number,vendor_name,licence,phone,entered_on
1,上海华东仪表有限公司,91310000600037341N,021-60001234,2025-01-10
2,上海华东仪表,91310000600037341N,,2026-01-10
3,沈阳北方阀门有限公司,,024-23456789,2025-02-01
4,沈阳北方阀门有限公司,,024-23456789,2025-03-01
5,深圳南方电机有限公司,,0755-21000011,2025-04-01
"""


@dataclass
class Site:
    """A copy of `include` with the files of the how-to, and its database."""

    connection: PgConnection
    context: BuildContext

    def build(self, as_of: datetime = AS_OF, models: Sequence[str] = MODELS) -> None:
        self.context = replace(self.context, as_of=as_of)
        for name in models:
            steps.build_model(self.context, name)
            steps.check_models(self.context, [self.context.graph[name]])

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def golden(self) -> list[list[str]]:
        """Keys of the records of each golden supplier."""
        rows = self.query(
            "select array_agg(source_key order by source_key) from core.core_supplier_source group by supplier_key"
        )
        return sorted(keys for (keys,) in rows)


@pytest.fixture(scope="module")
def site(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("further")
    shutil.copytree(REPOSITORY / "include", folder / "include")
    for source in (folder / "include/rules/sources").glob("*.yml"):
        source.unlink()
    written = _FILE.findall(HOW_TO.read_text(encoding="utf-8"))
    for name, content in written:
        (folder / name).write_text(content, encoding="utf-8")
    assert len(written) == 7
    file = folder / "include/workspace.yml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name in ("security", "completion", "scores", "quality", "push"):
        settings.pop(name)
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    (folder / "vendors_2026.csv").write_text(VENDORS, encoding="utf-8")
    database = make_workspace_database(postgres, "test_further_entity")
    with pytest.MonkeyPatch.context() as patch, closing(database.connect()) as connection:
        use_as_warehouse(database, patch)
        patch.setenv("PURCHASING_FILES", str(folder))
        context = context_of(load_workspace(file), AS_OF)
        assert context.workspace.faults == []
        loaded = steps.load(context, "purchasing", "vendor")
        assert loaded.loaded == 5
        prepare(context)
        made = Site(connection, context)
        made.build(models=("stg_purchasing__vendor", "stg_supplier", *MODELS))
        yield made


def test_records_are_matched_under_ids_of_their_own(site: Site) -> None:
    assert site.golden() == [["1", "2"], ["3", "4"], ["5"]]
    ids = [key for (key,) in site.query("select supplier_key from core.core_supplier")]
    assert [key for key in ids if not re.fullmatch("S[0-9a-f]{12}", key)] == []
    assert site.query("select count(*), count(distinct golden_id) from mdm.membership where entity = 'supplier'") == [
        (5, 3)
    ]


def test_values_survive_by_its_rule_and_are_kept(site: Site) -> None:
    newest = "select supplier_name, phone, source_record_count from core.core_supplier where credit_code is not null"
    assert site.query(newest) == [("上海华东仪表", "021-60001234", 2)]
    assert site.query("select distinct entity, valid_to from mdm.golden_version") == [("supplier", None)]


def test_people_see_it_and_their_answers_count(site: Site) -> None:
    folder = site.context.workspace.models_folder
    assert "supplier" in reviewed_entities(folder)
    ids = dict(site.query("select source_key, supplier_key from core.core_supplier_source"))
    decisions.merge(site.connection, "supplier", ids["3"], ids["5"], LI_NA, "one owner")
    site.build(AS_OF + timedelta(days=1))
    assert site.golden() == [["1", "2"], ["3", "4", "5"]]
    assert site.query("select golden_id, redirect_to from mdm.golden_id where redirect_to is not null") == [
        (ids["5"], ids["3"])
    ]
    closed = "select golden_id from mdm.golden_version where valid_to is not null"
    assert {golden for (golden,) in site.query(closed)} >= {ids["5"]}


def test_why_two_are_one(site: Site) -> None:
    rules = MatchingRules.of(site.context.workspace.models_folder, "supplier")
    staged = site.context.graph["stg_supplier"].contract
    assert ComparedFields.of(rules, staged, frozenset()).column("credit_code") == "credit_code"
    with site.connection, site.connection.cursor() as cursor:
        ((left, right, probability, reasons),) = compare_now(
            cursor, rules, staged, "supplier", [("purchasing:3", "purchasing:4")]
        )
    assert (left, right) == ("purchasing:3", "purchasing:4")
    assert probability > 0.5
    assert [each.level for each in reasons.comparisons] == ["same name", None, "exact"]
