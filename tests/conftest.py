"""The real platform for tests: one PostgreSQL for all, and once, for those that ask, the whole demo.

It lives in a home of its own beside the user's, is made anew for each test run, and is taken down afterwards. Two
processes share the tests by file, each with a home and a PostgreSQL of its own; all tests of the demo go to one.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from psycopg2 import sql

from cockpit.stack import lifecycle
from cockpit.stack.settings import REPOSITORY, Settings

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
_HOMES = Path(os.environ.get("COCKPIT_HOME") or REPOSITORY / ".cockpit").absolute()
HOME = _HOMES / ("test-home" if _WORKER == "gw0" else f"test-home-{_WORKER}")
# How fast a machine is says nothing about an example.
settings.register_profile("cockpit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cockpit")

# They start services, and choose ports for them.
_START_SERVICES = REPOSITORY / "tests/integration/stack"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests belong to one process; those of the demo come first, since nothing takes longer."""
    platform = [item for item in items if _needs_platform(item)]
    others = [item for item in items if not _needs_platform(item)]
    for item in platform:
        item.add_marker(pytest.mark.xdist_group("platform"))
        # The first of them waits for the demo.
        item.add_marker(pytest.mark.timeout(1200))
    for item in others:
        item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(REPOSITORY))))
    items[:] = [*platform, *others]


def _needs_platform(item: pytest.Item) -> bool:
    return "stack" in getattr(item, "fixturenames", ()) or item.path.is_relative_to(_START_SERVICES)


class Postgres:
    """The platform's PostgreSQL, as its administrator."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def create_database(self, name: str) -> str:
        """An empty database of that name; returns its URL."""
        with closing(psycopg2.connect(self.dsn("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
                cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.dsn(name)

    def forgo_the_disk(self) -> None:
        """No waiting for the disk: what a crash of the machine would lose is thrown away anyway."""
        with closing(psycopg2.connect(self.dsn("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("alter system set fsync = off")
                cursor.execute("alter system set full_page_writes = off")
                cursor.execute("select pg_reload_conf()")

    def dsn(self, database: str) -> str:
        """The administrator's URL of a database."""
        return self.settings.admin_database_url(database).render_as_string(hide_password=False)


class Stack:
    """The running platform with the demo company in it."""

    def __init__(self, settings: Settings, output: str) -> None:
        self.settings = settings
        self.demo_output = output
        self.superset_url = settings.addresses()["superset"]
        self.airflow_url = settings.addresses()["airflow"]

    def password(self, username: str) -> str:
        """Of one of the demo's people."""
        return self.settings.secret(f"user_{username}")

    @property
    def admin_password(self) -> str:
        return self.password("admin")

    @property
    def bi_dsn(self) -> str:
        """The warehouse as Superset reaches it, without an identity."""
        return self.settings.database_address("bi_reader", "cockpit").render_as_string(hide_password=False)

    def dsn(self, role: str, database: str) -> str:
        """A database as one of the platform's roles."""
        return self.settings.database_address(role, database).render_as_string(hide_password=False)


def _environment(**variables: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COCKPIT_", "AIRFLOW_", "PYTEST_", "COLUMNS"))
    }
    real_data = os.environ.get("COCKPIT_REAL_DATA")
    return {
        **inherited,
        **({"COCKPIT_REAL_DATA": str(Path(real_data).absolute())} if real_data else {}),
        "COCKPIT_HOME": str(HOME),
        "COCKPIT_ENVIRONMENTS": str(Path(sys.prefix).parent),
        **variables,
    }


def _cockpit(*arguments: str, timeout: float = 600, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command; keyword arguments are further environment variables."""
    return subprocess.run(
        [str(REPOSITORY / "cockpit"), *arguments],
        env=_environment(**variables),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture(scope="session")
def platform_settings() -> Iterator[Settings]:
    """A fresh home for this test run; everything in it is stopped and removed at the end."""
    settings = Settings.load(_environment())
    lifecycle.down(settings)
    lifecycle.remove(settings)
    yield settings
    lifecycle.down(settings)
    if not os.environ.get("COCKPIT_KEEP_TEST_HOME"):
        lifecycle.remove(settings)


@pytest.fixture(scope="session")
def postgres(platform_settings: Settings) -> Postgres:
    """A real PostgreSQL with the platform's databases and roles."""
    _HOMES.mkdir(parents=True, exist_ok=True)
    with (_HOMES / "test-homes.lock").open("w") as lock:
        # Two that start at one moment would choose the same ports.
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = Postgres(lifecycle.up(platform_settings, services=["postgres"]))
    server.forgo_the_disk()
    return server


@pytest.fixture(scope="session")
def cockpit(postgres: Postgres) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `./cockpit ...` as a user would, in the home of this test run; does not raise on a failure."""
    return _cockpit


@pytest.fixture(scope="session")
def stack(postgres: Postgres) -> Stack:
    """The whole platform after `./cockpit demo`, which is what most users run first."""
    result = _cockpit("demo", timeout=1100)
    assert result.returncode == 0, f"./cockpit demo failed:\n{result.stdout}\n{result.stderr}"
    return Stack(Settings.load(_environment()), result.stdout)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data sets; tests that take it are marked realdata."""
    folder = os.environ.get("COCKPIT_REAL_DATA")
    if not folder:
        pytest.skip("COCKPIT_REAL_DATA names no folder with the public data sets")
    return Path(folder).absolute()
