"""How long Superset shows a result again: until the marts, the rules or the day change, and no longer."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from types import SimpleNamespace

import psycopg2
import pytest

from cockpit.stack.settings import REPOSITORY

TITLES = {"Attainment by region this month", "本月各区域达成率"}
BY_REGION = {"columns": ["region_code"], "metrics": ["received"]}
BUILD = (
    "insert into ops.model_build (build_id, model, run_id, as_of, kind, inserted, updated, deleted, fingerprint, upstream,"
    " has_changed_keys, started_at, seconds) overriding system value"
    " values ({number}, '{model}', 'test_cache', now(), 'full', {rows}, 0, 0, '', '{{}}', false, now(), 1)"
)


def built(model: str, rows: int) -> str:
    return BUILD.format(number="{number}", model=model, rows=rows)


GRANT = (
    "insert into security.user_grant (username, role, scope_kind, scope_key, business_unit, starts, ends)"
    " values ('test.cache', 'executive', 'all', '', '', {starts}, 'infinity')"
)


@pytest.fixture
def etl(stack):
    """The pipelines' role; what a test writes is taken back."""
    connection = psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        yield cursor
        cursor.execute("delete from ops.model_build where run_id = 'test_cache'")
        cursor.execute("delete from security.user_grant where username = 'test.cache'")
    connection.close()


def version(stack) -> str:
    """As Superset asks for it."""
    with closing(psycopg2.connect(stack.bi_dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("select marts.data_version('{mart_region_attainment,mart_receipt_daily}')")
        return cursor.fetchone()[0]


def next_build(etl) -> int:
    etl.execute("select nextval(pg_get_serial_sequence('ops.model_build', 'build_id'))")
    return etl.fetchone()[0]


def test_a_new_build_is_seen_at_once(viewer, etl):
    charts = viewer("chen.jing").client.list("/api/v1/chart/")
    chart = next(entry for entry in charts if entry["slice_name"] in TITLES)

    def is_cached() -> bool:
        return bool(viewer("chen.jing").query(chart, **BY_REGION).json()["result"][0]["is_cached"])

    is_cached()
    assert is_cached()
    etl.execute(BUILD.format(number=next_build(etl), model="mart_region_attainment", rows=1))
    # The version is asked for once a second.
    time.sleep(1.1)
    assert not is_cached()
    assert is_cached()


@pytest.mark.parametrize(
    ("statement", "is_new"),
    [
        pytest.param(built("mart_receipt_daily", rows=1), True, id="rows changed"),
        pytest.param(built("mart_receipt_daily", rows=0), False, id="nothing to do"),
        pytest.param(built("mart_lead", rows=1), False, id="another mart"),
        pytest.param(built("core_org_unit", rows=1), True, id="the organisation, which scopes hang on"),
        pytest.param(GRANT.format(starts="now() - interval '1 hour'"), True, id="a grant"),
        pytest.param(GRANT.format(starts="now() + interval '1 hour'"), False, id="a grant that has not begun"),
    ],
)
def test_the_version_changes_with_what_people_see(statement, is_new, stack, etl):
    number = next_build(etl)
    before = version(stack)

    etl.execute(statement.replace("{number}", str(number)))

    assert (version(stack) != before) is is_new


def test_a_grant_that_begins_is_a_new_version(stack, etl):
    etl.execute(GRANT.format(starts="now() + interval '1 second'"))
    before = version(stack)

    time.sleep(1.1)

    assert version(stack) != before


@contextmanager
def without_function(etl):
    etl.execute("alter function marts.data_version(text[]) rename to no_version")
    try:
        yield
    finally:
        etl.execute("alter function marts.no_version(text[]) rename to data_version")


def test_without_a_version_results_live_for_minutes(stack, etl, monkeypatch):
    specification = importlib.util.spec_from_file_location("data_version", REPOSITORY / "superset/data_version.py")
    module = importlib.util.module_from_spec(specification)
    # Its classes look themselves up.
    monkeypatch.setitem(sys.modules, "data_version", module)
    specification.loader.exec_module(module)

    dataset = SimpleNamespace(
        sql="select 1 from marts.mart_lead_masked as lead inner join marts.mart_receipt_daily as receipt on true",
        metrics=(),
        database=SimpleNamespace(sqlalchemy_uri_decrypted=stack.bi_dsn),
    )
    assert module.marts_of(dataset) == ["mart_lead", "mart_receipt_daily"]
    known = module.data_key(dataset)
    with without_function(etl):
        assert module.data_key(dataset) == known, "it is not asked for at every request"
        monkeypatch.setattr(module, "_ASKED_AGAIN_SECONDS", 0)
        assert module.data_key(dataset)[0] == f"data=unknown {int(time.time() // 300)}"
    assert module.data_key(dataset) == known


def test_a_full_cache_makes_room_for_many(stack, tmp_path):
    """In Superset's own environment, which has the library."""
    script = (
        f"from result_cache import ResultCache\ncache = ResultCache({str(tmp_path)!r}, threshold=100)\n"
        "for number in range(101): cache.set(str(number), number)\n"
        "assert cache._file_count == 101\n"
        "cache.set('one more', 1)\n"
        "assert cache._file_count == 76, cache._file_count\n"
        "assert cache.get('one more') == 1 and sum(cache.get(str(number)) is not None for number in range(101)) == 75\n"
    )
    python = stack.settings.program("superset", "python")
    subprocess.run([python, "-c", script], cwd=REPOSITORY / "superset", check=True)
