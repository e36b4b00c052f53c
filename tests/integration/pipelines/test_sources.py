"""What docs/how-to/add-a-source.md promises: look, load, stage, correct, add a synonym, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import UsageError
from cockpit.pipelines import sources
from cockpit.pipelines.report import report
from cockpit.pipelines.run_context import run_context
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.sources.look import check_source, preview
from cockpit.warehouse.runner import BuildContext
from tests.conftest import Postgres
from tests.workspaces import make_workspace_database

HEADER = "编号,公司名称,手机号,签约日期,年框金额"
FIRST = (
    f"{HEADER}\n"
    'P001,上海晨光仪器有限公司,13800138001,2026-03-02,"1,200,000.00"\n'
    "P003,苏州远航检测技术有限公司,13700137003,2026-03-15,98,000.50\n"
    'P004,成都北斗测控技术有限公司,,2026-13-01,"310,000.00"\n'
)


def partners(folder: Path, **columns: Any) -> dict[str, Any]:
    return {
        "source": "partners", "title": "Partners", "title_zh": "伙伴", "owner": "channel-sales", "connector": "file",
        "personal_data": {"basis": "contract", "purpose": "To reach the partner", "purpose_zh": "联系伙伴"},
        "entities": {
            "partner": {
                "path": f"{folder}/*.csv",
                "key": ["编号"],
                "numbers": {"thousands": ","},
                "columns": {
                    "编号": {"name": "partner_code", "type": "text", "required": True, "description": "Number", "description_zh": "编号"},
                    "customer_name": {"type": "text", "field": "customer_name"},
                    "phone": {"type": "text", "field": "phone"} | columns.get("phone", {}),
                    "签约日期": {"name": "signed_date", "type": "date", "description": "Date", "description_zh": "日期"},
                    "年框金额": {"name": "amount", "type": "numeric", "description": "Amount", "description_zh": "金额"},
                },
                "conforms_to": {
                    "customer": {
                        "key": ["partner_code"],
                        "columns": {"customer_key": "partner_code", "name": "customer_name", "phone": "phone"},
                    }
                },
            }
        },
    }  # fmt: skip


class Partners:
    """A workspace with this one source."""

    def __init__(self, folder: Path, warehouse: PgConnection) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.files.mkdir()
        (folder / "sources").mkdir()
        self._warehouse = warehouse

    def context(self, **columns: Any) -> BuildContext:
        source = yaml.safe_dump(partners(self.files, **columns), allow_unicode=True)
        (self.folder / "sources" / "partners.yml").write_text(source, encoding="utf-8")
        settings = yaml.safe_load((REPOSITORY / "include" / "workspace.yml").read_text(encoding="utf-8"))
        rules = REPOSITORY / "include" / "rules"
        settings |= {
            "workspace": "partners", "warehouse": "partners_warehouse", "sources": "sources",
            "models": str(REPOSITORY / "include" / "sql"), "dictionary": str(rules / "dictionary.yml"),
            "behaviour": str(rules / "behaviour"), "lifecycle": str(rules / "lifecycle.yml"),
            "rfm": str(rules / "rfm.yml"), "segments": str(rules / "segments"),
        }  # fmt: skip
        for name in ("security", "normalisation", "quality", "push", "scores", "completion"):
            settings.pop(name, None)
        file = self.folder / "workspace.yml"
        file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        load_workspace.cache_clear()
        return run_context(load_workspace(file), as_of=datetime(2026, 6, 1, tzinfo=UTC), run_id="test-run")

    def load(self, context: BuildContext) -> list[tuple[int, int, int, int]]:
        results: list[tuple[int, int, int, int]] = []
        errors = sources.load(
            context,
            "partners",
            full=False,
            interval=None,
            on_loaded=lambda load: results.append((load.received, load.loaded, load.unchanged, load.rejected)),
        )
        assert list(errors) == []
        return results

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self._warehouse, self._warehouse.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


@pytest.fixture
def site(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Partners]:
    database = make_workspace_database(postgres, "cockpit_test_partners")
    monkeypatch.setenv("AIRFLOW_CONN_PARTNERS_WAREHOUSE", database.dsn("cockpit_etl"))
    monkeypatch.setenv("COCKPIT_HOME", str(postgres.settings.home))
    with closing(database.connect()) as connection:
        yield Partners(tmp_path, connection)


def test_a_file_from_the_first_look_to_a_synonym(site: Partners) -> None:
    context = site.context()
    source = context.workspace.sources["partners"]
    (site.files / "2026-03.csv").write_text(FIRST, encoding="utf-8")

    (look,) = check_source(context.workspace, source)
    assert (look.columns, look.changes, look.would_load) == (5, (), True)
    shown = preview(context.workspace, source, "partner", 5)
    assert [row["手机号"] for row in shown.rows] == ["13*******01", ""]
    assert [reason for reason, _text in shown.rejected] == ["wrong number of fields"]

    assert site.load(context) == [(3, 2, 0, 1)]
    (line,) = sources.rejected_lines(context.workspace, "partners", 20)
    assert (line.place, line.reason) == ("2026-03.csv:3", "wrong number of fields")
    assert "13700137003" not in line.text

    (staged,) = sources.stage(context, "partners")
    assert (staged.current, staged.staged, staged.quarantined, staged.changed) == (2, 1, 1, 2)
    assert [(rule.rule_id, rule.rows) for rule in staged.held] == [("values_fit_types", 1)]

    right = FIRST.replace(",98,000.50", ',"98,000.50"').replace("2026-13-01", "2026-03-31")
    (site.files / "2026-03.csv").write_text(right, encoding="utf-8")
    assert site.load(context) == [(3, 2, 1, 0)]
    (staged,) = sources.stage(context, "partners")
    assert (staged.current, staged.staged, staged.quarantined, staged.held) == (3, 3, 0, ())
    assert site.load(context) == [(0, 0, 0, 0)]

    later = f'{HEADER.replace("手机号", "移动电话号")}\nP005,武汉长江仪表有限公司,13600136005,2026-04-08,"75,000.00"\n'
    (site.files / "2026-04.csv").write_text(later, encoding="utf-8")
    (look,) = check_source(context.workspace, source)
    assert [(change.column, change.kind, change.suggestion) for change in look.changes] == [
        ("phone", "missing", "移动电话号"),
        ("移动电话号", "new", None),
    ]
    site.load(context)
    sources.stage(context, "partners")
    phone = "select phone from staging.stg_customer where customer_key = 'P005'"
    assert site.query(phone) == [(None,)]
    (staged,) = sources.stage(site.context(phone={"synonyms": ["移动电话号"]}), "partners")
    assert staged.changed == 1
    assert site.query(phone) == [("13600136005",)]


def test_a_source_that_was_never_loaded_is_staged_as_empty_and_loads_afterwards(site: Partners) -> None:
    context = site.context()
    (staged,) = sources.stage(context, "partners")
    assert (staged.current, staged.changed) == (0, 0)

    (site.files / "2026-03.csv").write_text(FIRST, encoding="utf-8")
    assert site.load(context) == [(3, 2, 0, 1)]
    (staged,) = sources.stage(context, "partners")
    assert staged.current == 2
    assert site.query("select count(*) from pg_index where indrelid = 'raw.partners__partner'::regclass") >= [(1,)]


def test_a_source_is_staged_as_a_whole(site: Partners) -> None:
    with pytest.raises(UsageError, match="staged as a whole"):
        sources.stage(site.context(), "partners.partner")


def test_a_report_can_be_read_before_anything_was_built(site: Partners) -> None:
    context = site.context()
    assert report(context).ledger.entities == []
