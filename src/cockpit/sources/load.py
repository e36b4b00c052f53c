"""Load sources into raw: what a task or `./cockpit run` calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from psycopg2.extensions import connection as PgConnection

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.source import FileEntity, FileSource, Source, SqlSource
from cockpit.rulebook.workspace import Workspace
from cockpit.sources import files, ledger, postgres
from cockpit.sources.faults import database_errors
from cockpit.sources.ledger import BatchResult
from cockpit.sources.loader import EntityLoader, Portion, open_loader
from cockpit.warehouse.connections import connect

OnBatch: TypeAlias = Callable[[BatchResult], None]


@dataclass(frozen=True)
class LoadResult:
    """What one run did to one entity: the sums of its ledger rows.

    Attributes:
        batches: Ledger rows written, at least one.
        seconds: From opening the source to the last commit.
    """

    source: str
    entity: str
    batches: int
    received: int
    loaded: int
    unchanged: int
    superseded: int
    rejected: int
    seconds: float


def load_entity(
    workspace: Workspace,
    source: str,
    entity: str,
    run_id: str,
    *,
    full: bool = False,
    on_batch: OnBatch | None = None,
) -> LoadResult:
    """Bring one entity of a source into raw: what is new since the last time, or everything.

    Args:
        workspace: Its database is the target.
        run_id: Written to the ledger; says which run a batch belongs to.
        full: Read databases from the beginning and files that were loaded before; raw still changes only where
            the source did.
        on_batch: Told of each batch after it is committed.

    Raises:
        RuleFileError: the workspace has no such source or entity.
        TransientError: the same call may succeed later; what was committed stays, the rest is taken up again.
        TerminalError: a person has to act.
    """
    definition = _definition(workspace, source, entity)
    with _target(workspace) as target:
        if isinstance(definition, SqlSource):
            with postgres.open_source(definition) as opened:
                return _load_table(target, opened, definition, entity, run_id, full, on_batch)
        return _load_files(target, workspace.folder, definition, entity, run_id, full, on_batch)


def load_source(
    workspace: Workspace, source: str, run_id: str, *, full: bool = False, on_batch: OnBatch | None = None
) -> list[LoadResult]:
    """Load all entities of a source; the tables of a database are read in one snapshot.

    Arguments and errors as for `load_entity`; the entities before a failing one stay loaded.
    """
    definition = _definition(workspace, source)
    with _target(workspace) as target:
        if isinstance(definition, SqlSource):
            with postgres.open_source(definition) as opened:
                return [
                    _load_table(target, opened, definition, entity, run_id, full, on_batch)
                    for entity in definition.entities
                ]
        return [
            _load_files(target, workspace.folder, definition, entity, run_id, full, on_batch)
            for entity in definition.entities
        ]


def _definition(workspace: Workspace, source: str, entity: str | None = None) -> Source:
    definition = workspace.sources.get(source)
    if definition is None:
        raise RuleFileError(_("unknown source"), found=source, allowed=", ".join(workspace.sources))
    if entity is not None and entity not in definition.entities:
        raise RuleFileError(_("unknown entity"), where=source, found=entity, allowed=", ".join(definition.entities))
    return definition


@contextmanager
def _target(workspace: Workspace) -> Iterator[PgConnection]:
    with closing(connect(workspace.settings.warehouse)) as connection:
        connection.set_client_encoding("UTF8")
        if not ledger.is_prepared(connection):
            ledger.prepare(connection)
        yield connection


def _load_table(
    target: PgConnection,
    opened: postgres.PostgresSource,
    source: SqlSource,
    entity: str,
    run_id: str,
    full: bool,
    on_batch: OnBatch | None,
) -> LoadResult:
    started = time.monotonic()
    table = opened.table(entity)
    with (
        database_errors(f"{source.source}.{entity}"),
        open_loader(target, source.source, entity, run_id, table.position_type) as loader,
    ):
        with target, target.cursor() as cursor:
            seen = ledger.last_cursor(cursor, source.source, entity)
        after = None if full else seen
        label = "full" if after is None else "incremental"
        with opened.rows(table, label, after) as rows:
            portion = Portion(
                rows, postgres.COPY_COLUMNS, is_binary=True, cursor=seen, schema_hash=table.schema_hash
            )
            batches = loader.load(portion) or [loader.note_nothing_new(label, portion)]
    return _summary(source.source, entity, _told(batches, on_batch), started)


def _load_files(
    target: PgConnection,
    folder: Path,
    source: FileSource,
    entity: str,
    run_id: str,
    full: bool,
    on_batch: OnBatch | None,
) -> LoadResult:
    started = time.monotonic()
    where = f"{source.source}.{entity}"
    definition = source.entities[entity]
    pattern, paths = files.find_files(definition, folder, where)
    batches: list[BatchResult] = []
    with database_errors(where), open_loader(target, source.source, entity, run_id) as loader:
        for path in paths:
            batches += _load_file(loader, path, definition, full, on_batch)
        if not paths:
            batches += _told([loader.note_nothing_new(pattern, Portion(_NO_ROWS, ()))], on_batch)
    return _summary(source.source, entity, batches, started)
