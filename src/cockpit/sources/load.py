"""Load sources into raw: what a task or `./cockpit run` calls."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TypeAlias

from psycopg2.extensions import connection as PgConnection

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.source import FileSource, Source, SqlSource
from cockpit.rulebook.workspace import Workspace
from cockpit.sources import files, ledger, postgres
from cockpit.sources.files import DelimitedFile
from cockpit.sources.ledger import BatchResult
from cockpit.sources.loader import EntityLoader, Portion, Provenance, open_loader
from cockpit.warehouse.connections import connect
from cockpit.warehouse.faults import database_errors

logger = logging.getLogger(__name__)

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
    return _run(workspace, definition, [entity], _Run(run_id, full, on_batch))[0]


def load_source(
    workspace: Workspace, source: str, run_id: str, *, full: bool = False, on_batch: OnBatch | None = None
) -> list[LoadResult]:
    """Load all entities of a source; the tables of a database are read in one snapshot.

    Arguments and errors as for `load_entity`; the entities before a failing one stay loaded.
    """
    definition = _definition(workspace, source)
    return _run(workspace, definition, list(definition.entities), _Run(run_id, full, on_batch))


@dataclass(frozen=True)
class _Run:
    """What all loads of one run have in common."""

    run_id: str
    full: bool
    on_batch: OnBatch | None

    def tell(self, batches: list[BatchResult]) -> list[BatchResult]:
        if self.on_batch:
            for batch in batches:
                self.on_batch(batch)
        return batches


def _run(workspace: Workspace, source: Source, entities: list[str], run: _Run) -> list[LoadResult]:
    with _target(workspace) as target:
        if isinstance(source, SqlSource):
            with postgres.open_source(source) as opened:
                return [_load_table(target, opened, entity, run) for entity in entities]
        return [_load_files(target, workspace.folder, source, entity, run) for entity in entities]


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
        with database_errors(workspace.name):
            ledger.prepare(connection)
        yield connection


def _load_table(target: PgConnection, opened: postgres.PostgresSource, entity: str, run: _Run) -> LoadResult:
    started = time.monotonic()
    table = opened.table(entity)
    with (
        database_errors(f"{opened.name}.{entity}"),
        open_loader(target, opened.name, entity, run.run_id, table.position_type) as loader,
    ):
        with target, target.cursor() as cursor:
            after = None if run.full else ledger.last_cursor(cursor, opened.name, entity)
        label = "full" if after is None else "incremental"
        provenance = Provenance(cursor=after, schema_hash=table.schema_hash)
        with opened.rows(table, label, after) as rows:
            batches = loader.load(Portion(rows, postgres.COPY_COLUMNS, is_binary=True), provenance)
        batches = run.tell(batches or [loader.note_nothing_new(label, provenance)])
    return _summary(opened.name, entity, batches, started)


def _load_files(target: PgConnection, folder: Path, source: FileSource, entity: str, run: _Run) -> LoadResult:
    started = time.monotonic()
    where = f"{source.source}.{entity}"
    definition = source.entities[entity]
    pattern, paths = files.find_files(definition, folder, where)
    batches: list[BatchResult] = []
    with database_errors(where), open_loader(target, source.source, entity, run.run_id) as loader:
        for path in paths:
            with files.open_file(path, definition, where) as file:
                batches += _load_file(loader, file, run)
        if not paths:
            batches = run.tell([loader.note_nothing_new(pattern, Provenance())])
    return _summary(source.source, entity, batches, started)


def _load_file(loader: EntityLoader, file: DelimitedFile, run: _Run) -> list[BatchResult]:
    content = (loader.source, loader.entity, file.content_hash)
    provenance = Provenance(file=file.path.name, content_hash=file.content_hash)
    with loader.connection, loader.connection.cursor() as cursor:
        is_loaded = ledger.is_loaded(cursor, *content) and not run.full
        after_line, label = (0, None) if run.full else ledger.last_line(cursor, *content)
    if is_loaded:
        return run.tell([loader.note_nothing_new(file.path.name, provenance)])
    header = file.header()
    provenance = replace(provenance, schema_hash=hashlib.sha256("\n".join(header).encode()).hexdigest())
    has_new_keys = file.entity.key == "line" and not run.full
    batches: list[BatchResult] = []
    for rows in file.transactions(header, after_line, label):
        portion = Portion(rows, files.COPY_COLUMNS, has_new_keys=has_new_keys)
        batches += run.tell(loader.load(portion, provenance, before_commit=file.ensure_unchanged))
    file.ensure_unchanged()
    with loader.connection, loader.connection.cursor() as cursor:
        ledger.mark_loaded(cursor, *content, file.path.name)
    return batches or run.tell([loader.note_nothing_new(file.path.name, provenance)])


def _summary(source: str, entity: str, batches: list[BatchResult], started: float) -> LoadResult:
    result = LoadResult(
        source=source,
        entity=entity,
        batches=len(batches),
        received=sum(batch.received for batch in batches),
        loaded=sum(batch.loaded for batch in batches),
        unchanged=sum(batch.unchanged for batch in batches),
        superseded=sum(batch.superseded for batch in batches),
        rejected=sum(batch.rejected for batch in batches),
        seconds=round(time.monotonic() - started, 3),
    )
    logger.info(
        "%s.%s: %s batches, received %s, loaded %s, unchanged %s, superseded %s, rejected %s, %s s",
        *astuple(result),
    )
    return result
