"""PostgreSQL alone decides which rows a person sees: every identity but a valid one sees nothing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

from cockpit.bi.identity import connection_option, sign_identity
from cockpit.bi.scopes import write_security
from cockpit.rulebook.security import Person, Role, Scope, SecurityRules, Subject

MARTS = ("mart_region_attainment", "mart_receipt_daily", "mart_sales_monthly")
ZONE = ZoneInfo("Asia/Shanghai")
FOREIGN_KEY = hashlib.sha256(b"not the platform's key").digest()


def seconds_from_now(seconds: int) -> int:
    return int(time.time()) + seconds


@pytest.fixture(scope="module")
def identity_key(stack):
    return bytes.fromhex(stack.settings.secret("identity_key"))


@pytest.fixture
def regions_seen(stack) -> Callable[..., set[str]]:
    """Regions that a mart shows to bi_reader with this value of app.identity; None leaves it out."""

    def query(identity: str | None, mart: str = MARTS[0]) -> set[str]:
        options = connection_option(identity) if identity is not None else None
        with psycopg2.connect(stack.bi_dsn, options=options) as connection, connection.cursor() as cursor:
            cursor.execute(f"select distinct region_code from marts.{mart}")
            return {row[0] for row in cursor.fetchall()}

    return query


@pytest.fixture
def cursor(stack, identity_key):
    """bi_reader with the identity of an executive."""
    option = connection_option(sign_identity("chen.jing", identity_key, seconds_from_now(60)))
    connection = psycopg2.connect(stack.bi_dsn, options=option)
    with connection.cursor() as open_cursor:
        yield open_cursor
    connection.close()


@pytest.mark.parametrize("mart", MARTS)
def test_each_person_sees_their_regions(mart, regions_seen, identity_key):
    def seen_by(username: str) -> set[str]:
        return regions_seen(sign_identity(username, identity_key, seconds_from_now(60)), mart)

    assert len(seen_by("chen.jing")) > 3
    assert seen_by("zhao.min") == {"CN-SH"}
    assert seen_by("sun.hao") == {"CN-GD"}
    assert seen_by("wu.bin") == set()
    assert seen_by("nobody.at.all") == set()


def _swapped(key: bytes) -> str:
    _name, expiry, signature = sign_identity("zhao.min", key, seconds_from_now(60)).split("|")
    return f"chen.jing|{expiry}|{signature}"


def _prolonged(key: bytes) -> str:
    signature = sign_identity("chen.jing", key, seconds_from_now(-60)).rsplit("|", 1)[1]
    return f"chen.jing|{seconds_from_now(60)}|{signature}"


@pytest.mark.parametrize("mart", MARTS)
@pytest.mark.parametrize(
    "make_identity",
    [
        pytest.param(lambda _key: None, id="absent"),
        pytest.param(lambda _key: "", id="empty"),
        pytest.param(lambda _key: "chen.jing", id="plain name"),
        pytest.param(lambda key: sign_identity("chen.jing", key, seconds_from_now(-60)), id="expired"),
        pytest.param(lambda _key: sign_identity("chen.jing", FOREIGN_KEY, seconds_from_now(60)), id="foreign key"),
        pytest.param(_swapped, id="signature of somebody else"),
        pytest.param(_prolonged, id="expiry moved"),
        pytest.param(lambda key: sign_identity("chen.jing", key, seconds_from_now(60)).upper(), id="upper case"),
        pytest.param(lambda _key: f"chen.jing|{seconds_from_now(60)}|{'0' * 64}", id="no signature"),
        pytest.param(lambda _key: f"chen.jing|{'9' * 30}|{'0' * 64}", id="expiry out of range"),
        pytest.param(lambda _key: f"chen.jing|{seconds_from_now(60)}", id="part missing"),
        pytest.param(lambda _key: "|||' or true --", id="garbage"),
        pytest.param(lambda _key: f"陈静|{seconds_from_now(60)}|签名", id="not ascii"),
    ],
)
def test_every_other_identity_sees_nothing(make_identity, mart, regions_seen, identity_key):
    assert regions_seen(make_identity(identity_key), mart) == set()


def test_set_cannot_make_an_identity(cursor):
    cursor.execute("set app.identity = 'chen.jing'")
    cursor.execute("select count(*) from marts.mart_region_attainment")
    assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from security.identity_key",
        "select * from security.user_grant",
        "select * from security.role_mart",
        "select * from security.reader_rows('mart_receipt_daily', false)",
        "select security.verified_user()",
        "select security.hmac_sha256('a', 'b')",
        "select 1 from core.core_receipt",
        "select 1 from pg_authid",
        "select 1 from pg_stat_activity",
        "insert into marts.mart_receipt_daily default values",
        "create table marts.copy as select 1",
        "create temporary table copy as select 1",
        "alter table marts.mart_receipt_daily disable row level security",
        "drop policy reader_scope on marts.mart_receipt_daily",
        "set role cockpit_etl",
        "do $$ begin perform 1; end $$",
        "select pg_sleep(0)",
        "select set_config('app.identity', 'x', false)",
        "select query_to_xml('select 1', true, true, '')",
        "select table_to_xml('marts.mart_receipt_daily', true, true, '')",
        "select ts_stat('select 1')",
        "select ts_rewrite('a'::tsquery, 'select 1')",
        "select lo_creat(-1)",
        "select lo_import('/etc/passwd')",
        "select pg_read_file('/etc/passwd')",
        "select pg_ls_dir('/')",
        "copy marts.mart_receipt_daily to program 'true'",
        "select pg_terminate_backend(0)",
        "select pg_cancel_backend(0)",
        "select pg_advisory_lock(1)",
    ],
)
def test_bi_reader_may_do_nothing_but_read_marts(statement, cursor):
    cursor.connection.set_session(readonly=False)
    with pytest.raises(InsufficientPrivilege):
        cursor.execute(statement)


def test_rows_stay_hidden_in_a_parallel_plan(cursor, stack, identity_key):
    for setting in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"):
        cursor.execute(f"set {setting} = 0")
    cursor.execute("set debug_parallel_query = on")
    cursor.execute(f"set app.identity = '{sign_identity('zhao.min', identity_key, seconds_from_now(60))}'")
    cursor.execute("explain (costs off) select * from marts.mart_receipt_daily")
    assert any("Gather" in row[0] for row in cursor.fetchall())
    cursor.execute("select distinct region_code from marts.mart_receipt_daily")
    assert cursor.fetchall() == [("CN-SH",)]


def test_rows_are_protected_from_the_owner_of_a_view_too(stack, identity_key):
    """FORCE ROW LEVEL SECURITY: without it a masking view, owned by the pipelines' role, would leak."""
    with psycopg2.connect(stack.bi_dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select relname, relrowsecurity, relforcerowsecurity from pg_class "
            "where relnamespace = 'marts'::regnamespace and relkind = 'r'"
        )
        tables = cursor.fetchall()
    assert {name for name, _enabled, _forced in tables} >= set(MARTS)
    assert [name for name, enabled, forced in tables if not (enabled and forced)] == []


@pytest.fixture
def etl_cursor(stack):
    """The pipelines' role; everything is rolled back."""
    connection = psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))
    with connection.cursor() as open_cursor:
        yield open_cursor
    connection.rollback()
    connection.close()


def _verified(cursor, identity: str) -> str | None:
    cursor.execute("select set_config('app.identity', %s, true)", (identity,))
    cursor.execute("select security.verified_user()")
    return cursor.fetchone()[0]


def test_a_rotated_key_is_accepted_for_a_while(etl_cursor, identity_key):
    rules = SecurityRules(roles={}, people={}, subjects={})
    old = sign_identity("chen.jing", identity_key, seconds_from_now(60))
    assert write_security(etl_cursor, rules, ZONE, FOREIGN_KEY).key_rotated
    assert _verified(etl_cursor, sign_identity("chen.jing", FOREIGN_KEY, seconds_from_now(60))) == "chen.jing"
    assert _verified(etl_cursor, old) == "chen.jing"
    etl_cursor.execute(
        "update security.identity_key set retired_at = now() - interval '16 minutes' where slot = 'previous'"
    )
    assert _verified(etl_cursor, old) is None


def test_scopes_are_written_by_difference(etl_cursor, identity_key):
    def rules(*regions: str) -> SecurityRules:
        scopes = tuple(Scope(kind="region", key=region) for region in regions)
        person = Person(name="Li Lei", name_zh="李雷", email="li.lei@x.example", roles=("reader",), scopes=scopes)
        reader = Role(label="R", label_zh="读", permissions=("can_read on Chart",), subjects=("results",))
        results = Subject(label="R", label_zh="业绩", marts=("mart_receipt_daily",))
        return SecurityRules(roles={"reader": reader}, people={"li.lei": person}, subjects={"results": results})

    write_security(etl_cursor, rules("CN-SH"), ZONE, identity_key)
    change = write_security(etl_cursor, rules("CN-SH", "CN-GD"), ZONE, identity_key)
    assert (change.granted, change.revoked) == (1, 0)
    assert write_security(etl_cursor, rules("CN-SH", "CN-GD"), ZONE, identity_key).total == 0
    etl_cursor.execute(
        "select set_config('app.identity', %s, true)", (sign_identity("li.lei", identity_key, seconds_from_now(60)),)
    )
    etl_cursor.execute(
        "select array(select unnest(security.scope_keys('mart_receipt_daily', 'region')) order by 1),"
        " security.scope_keys('mart_sales_cube', 'region'), security.has_full_scope('mart_receipt_daily')"
    )
    assert etl_cursor.fetchone() == (["CN-GD", "CN-SH"], [], False)
    change = write_security(etl_cursor, rules(), ZONE, identity_key)
    assert (change.granted, change.revoked) == (0, 2)


@pytest.mark.parametrize(
    ("key", "message", "expected"),
    [
        pytest.param(
            "0b" * 20, b"Hi There".hex(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", id="1"
        ),
        pytest.param(
            b"Jefe".hex(),
            b"what do ya want for nothing?".hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            id="2",
        ),
        pytest.param("aa" * 20, "dd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", id="3"),
        pytest.param(
            "aa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First".hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            id="6",
        ),
    ],
)
def test_hmac_agrees_with_rfc_4231(key, message, expected, etl_cursor):
    etl_cursor.execute(
        "select encode(security.hmac_sha256(decode(%s, 'hex'), decode(%s, 'hex')), 'hex')", (message, key)
    )
    assert etl_cursor.fetchone()[0] == expected
