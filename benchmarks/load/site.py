"""What a benchmark of loading works on: two databases of its own, rows to load, a workspace."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import psycopg2
from psycopg2.extensions import connection as PgConnection

from cockpit.rulebook.workspace import Workspace, load_workspace
from cockpit.stack.settings import Settings

FOLDER = Path(__file__).parent
SOURCE, TARGET = "cockpit_bench_source", "cockpit_bench_target"

_COLUMNS = {
    "id": "bigint",
    "customer": "text",
    "product": "text",
    "amount": "numeric(12, 2)",
    "ordered_on": "date",
    "changed_at": "timestamptz",
    "is_paid": "boolean",
    "region_code": "text",
}


class Site:
    """Both databases, opened by their administrator."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        self.source_url = _url(settings, SOURCE)
        self.target_url = _url(settings, TARGET)
        self.workspace: Workspace = load_workspace(FOLDER / "workspace" / "workspace.yml")
        os.environ["AIRFLOW_CONN_BENCH_SOURCE"] = self.source_url
        os.environ["AIRFLOW_CONN_BENCH_TARGET"] = self.target_url
        os.environ["AIRFLOW_CONN_BENCH_TILL"] = f"sqlite:///{folder / 'till.db'}"
        os.environ["COCKPIT_BENCH_FOLDER"] = str(folder)

    def make_rows(self, table: str, rows: int, changed_percent: int = 0) -> None:
        """A table of the source, with a primary key as such tables have."""
        statement = (FOLDER / "sale.sql").read_text(encoding="utf-8")
        self.run(self.source_url, f"drop table if exists {table}")
        self.run(self.source_url, statement.format(table=table, rows=rows, changed_percent=changed_percent))
        self.run(self.source_url, f"alter table {table} add primary key (id)")
        self.run(self.source_url, f"vacuum analyze {table}")

    @contextmanager
    def as_sale(self, table: str) -> Iterator[None]:
        """Let a table of the source be the one that the workspace loads."""
        self.run(self.source_url, f"alter table {table} rename to sale")
        try:
            yield
        finally:
            self.run(self.source_url, f"alter table sale rename to {table}")

    def forget(self) -> None:
        """Empty the target, as before the first load, and let the server write out what is due."""
        self.run(self.target_url, "drop schema if exists raw, ops, plain cascade; create schema plain")
        self.run(self.target_url, "checkpoint")

    def copy_plain(self, table: str, form: str) -> None:
        """COPY out of the source into COPY of a table with the same types and no index, nothing else.

        Args:
            form: text, which is COPY's own choice, or binary.
        """
        self.run(self.target_url, "drop table if exists plain.sale")
        columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
        self.run(self.target_url, f"create table plain.sale ({columns})")
        reading, writing = os.pipe()
        with closing(psycopg2.connect(self.source_url)) as source, os.fdopen(reading, "rb") as output:
            thread = threading.Thread(
                target=_copy_out, args=(source, f"copy {table} to stdout (format {form})", writing)
            )
            thread.start()
            self._copy_in(f"copy plain.sale from stdin (format {form})", output)
            thread.join()

    def write_csv(self, table: str) -> Path:
        """The rows of a table as a file."""
        path = self.folder / "sale.csv"
        with closing(psycopg2.connect(self.source_url)) as source, source.cursor() as cursor, path.open("wb") as file:
            cursor.copy_expert(f"copy {table} to stdout (format csv, header)", file)
        return path

    def copy_csv(self, path: Path) -> None:
        r"""The file by `\\copy` into a table of texts."""
        self.run(self.target_url, f"create table plain.text ({', '.join(f'{name} text' for name in _COLUMNS)})")
        with path.open("rb") as file:
            self._copy_in("copy plain.text from stdin (format csv, header)", file)

    def write_sqlite(self, table: str) -> None:
        """The rows of a table as a SQLite database."""
        with (
            closing(psycopg2.connect(self.source_url)) as source,
            closing(sqlite3.connect(self.folder / "till.db")) as till,
            till,
        ):
            till.execute(
                "create table sale (id integer primary key, customer text, product text, amount decimal(12, 2),"
                " ordered_on date, changed_at datetime, is_paid boolean, region_code text)"
            )
            with source.cursor("rows") as cursor:
                cursor.itersize = 10_000
                cursor.execute(
                    "select id, customer, product, cast(amount as float), cast(ordered_on as text),"
                    f" cast(changed_at as text), cast(is_paid as integer), region_code from {table}"
                )
                till.executemany("insert into sale values (?, ?, ?, ?, ?, ?, ?, ?)", cursor)

    def _copy_in(self, statement: str, file: IO[bytes]) -> None:
        with closing(psycopg2.connect(self.target_url)) as target, target, target.cursor() as cursor:
            cursor.copy_expert(statement, file, 1 << 16)

    @staticmethod
    def run(url: str, statement: str) -> None:
        """Run one statement, outside a transaction."""
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)


@contextmanager
def open_site(settings: Settings, folder: Path) -> Iterator[Site]:
    """Make the databases; drop them at the end, whatever happened."""
    administer: Callable[[str], None] = lambda statement: Site.run(_url(settings, "postgres"), statement)  # noqa: E731
    for name in (SOURCE, TARGET):
        administer(f"drop database if exists {name} with (force)")
        administer(f"create database {name}")
    try:
        yield Site(settings, folder)
    finally:
        for name in (SOURCE, TARGET):
            administer(f"drop database if exists {name} with (force)")


def _url(settings: Settings, database: str) -> str:
    return settings.admin_database_url(database).render_as_string(hide_password=False)


def _copy_out(source: PgConnection, statement: str, writing: int) -> None:
    with os.fdopen(writing, "wb") as sink, source.cursor() as cursor:
        cursor.copy_expert(statement, sink)
