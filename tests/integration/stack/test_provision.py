"""Databases and rights, asked as each role."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest

from cockpit.errors import StackError
from cockpit.stack import lifecycle, postgres, provision
from cockpit.stack.settings import DATABASES, ROLES, Settings
from tests.integration.stack.conftest import prepare_environment


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One server for all questions of this file."""
    with pytest.MonkeyPatch.context() as patch:
        prepare_environment(patch, tmp_path_factory.mktemp("provision") / "home")
        try:
            yield lifecycle.up(Settings.load(), services=["postgres"])
        finally:
            lifecycle.down(Settings.load())


def ask(settings: Settings, role: str, database: str, statement: str) -> list[tuple[object, ...]]:
    url = settings.database_address(role, database).render_as_string(hide_password=False)
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", [database.name for database in DATABASES])
def test_only_owner_and_readers_may_connect(database: Settings, role: str, name: str) -> None:
    entry = next(each for each in DATABASES if each.name == name)
    if role == entry.owner or role in entry.readers:
        assert ask(database, role, name, "select 1") == [(1,)]
    else:
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            ask(database, role, name, "select 1")


@pytest.mark.parametrize("role", ROLES)
def test_no_role_is_more_than_a_login(database: Settings, role: str) -> None:
    connection = postgres.connect(database)
    with connection.cursor() as cursor:
        cursor.execute(
            "select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls "
            "from pg_roles where rolname = %s",
            [role],
        )
        assert cursor.fetchone() == (False,)
    connection.close()


@pytest.mark.parametrize("name", ["cockpit", "cockpit_online_retail"])
def test_layers_belong_to_the_pipelines(database: Settings, name: str) -> None:
    rows = ask(
        database,
        "cockpit_etl",
        name,
        "select nspname from pg_namespace where pg_get_userbyid(nspowner) = 'cockpit_etl' order by 1",
    )

    assert [row[0] for row in rows] == ["core", "marts", "mdm", "ops", "quality", "raw", "security", "staging"]


def test_pipelines_cannot_read_the_truth(database: Settings) -> None:
    ask(database, "demo_truth", "cockpit", "create table if not exists truth.cause as select 'planted' as kind")

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(database, "cockpit_etl", "cockpit", "select * from truth.cause")


def test_truth_reads_later_tables_but_not_staging(database: Settings) -> None:
    ask(database, "cockpit_etl", "cockpit", "create table if not exists core.later as select 7 as n")
    ask(database, "cockpit_etl", "cockpit", "create table if not exists staging.later as select 7 as n")

    assert ask(database, "demo_truth", "cockpit", "select n from core.later") == [(7,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(database, "demo_truth", "cockpit", "select n from staging.later")


def test_source_reader_reads_and_cannot_write(database: Settings) -> None:
    ask(database, "erp_owner", "demo_erp", "create table if not exists public.region as select 'CN-SH' as region_code")

    assert ask(database, "erp_reader", "demo_erp", "select region_code from public.region") == [("CN-SH",)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(database, "erp_reader", "demo_erp", "delete from public.region")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(database, "erp_reader", "demo_erp", "create table public.mine (n int)")


def test_bi_reader_sees_no_layer_but_marts(database: Settings) -> None:
    ask(database, "cockpit_etl", "cockpit", "create table if not exists core.secret as select 1 as n")

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(database, "bi_reader", "cockpit", "select n from core.secret")


def test_repeating_changes_nothing_and_a_new_password_is_taken(database: Settings) -> None:
    (database.secrets / "erp_reader").write_text("another-password\n")

    provision.provision(database)
    provision.provision(database)

    assert ask(database, "erp_reader", "demo_erp", "select current_user") == [("erp_reader",)]


def test_a_foreign_role_of_the_same_name_is_not_taken_over(database: Settings) -> None:
    connection = postgres.connect(database)
    with connection.cursor() as cursor:
        cursor.execute("comment on role airflow is 'the other team''s Airflow'")
        (database.data / "migrations" / "provision").unlink()
        try:
            with pytest.raises(StackError, match="'airflow' belongs to something else"):
                provision.provision(database)
        finally:
            cursor.execute("comment on role airflow is 'CRM Cockpit'")
    connection.close()


def test_an_existing_server_can_be_used(database: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    admin = database.admin_database_url().render_as_string(hide_password=False)
    other = tmp_path_factory.mktemp("external") / "home"
    # The same server once more, as an external one: roles of the first home keep their passwords in its secrets.
    environ = {"COCKPIT_HOME": str(other), "COCKPIT_DB_URL": admin, "COCKPIT_ENVIRONMENTS": str(database.environments)}

    settings = lifecycle.up(Settings.load(environ), services=[])

    try:
        assert ask(settings, "cockpit_etl", "cockpit", "select current_user") == [("cockpit_etl",)]
        status = lifecycle.status(settings)
        assert (status.services[0].name, status.services[0].state) == ("postgres", "external")
        remembered = Settings.load({"COCKPIT_HOME": str(other)})
        assert remembered.is_external
    finally:
        lifecycle.down(settings)
        provision_again = database.data / "migrations" / "provision"
        provision_again.unlink(missing_ok=True)
        provision.provision(database)
