"""Load sources into raw: what a task or `./cockpit sources load` calls."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import astuple, dataclass, replace
from typing import TypeAlias
from zoneinfo import ZoneInfo

from psycopg2.extensions import connection as PgConnection

from cockpit.errors import RuleFileError, TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources import CursorEntity, FileSource, FormSource, LogSource, RestSource, Source, SqlSource
from cockpit.rulebook.workspace import Workspace
from cockpit.sources import forms
from cockpit.sources.databases import any_database, postgres
from cockpit.sources.files.load_files import load_files
from cockpit.sources.loading import ledger
from cockpit.sources.loading.drift import DriftStopError, EntityDrift, schema_hash
from cockpit.sources.loading.ledger import BatchResult
from cockpit.sources.loading.loader import EntityLoader, Provenance, open_loader
from cockpit.sources.loading.reading import BACK_FILL, FULL, Delivery, OpenSource, StraightReading, Window
from cockpit.sources.loading.window import Interval, choose_window
from cockpit.sources.logs.source import parser_of
from cockpit.sources.rest import reader as rest
from cockpit.warehouse.connections import connect, connection_url
from cockpit.warehouse.faults import database_errors

logger = logging.getLogger(__name__)

OnBatch: TypeAlias = Callable[[BatchResult], None]


@dataclass(frozen=True)
class LoadResult:
    """What one run did to one entity: the sums of its ledger rows.

    Attributes:
        batches: Ledger rows written, at least one; none for forms, which the intake loads.
        deleted: Rows that are gone from the source.
        schema_changes: Columns that were found new, missing, retyped or back.
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
    deleted: int
    schema_changes: int
    seconds: float


@dataclass(frozen=True)
class LoadRun:
    """What all loads of one run have in common.

    Attributes:
        full: Read from the beginning.
        interval: Read this interval of the past instead of what is new.
        zone: Of dates and times that a person typed.
    """

    run_id: str
    full: bool
    interval: Interval | None
    zone: ZoneInfo
    on_batch: OnBatch | None

    def tell(self, batches: list[BatchResult]) -> list[BatchResult]:
        """Report committed batches; returns them."""
        if self.on_batch:
            for batch in batches:
                self.on_batch(batch)
        return batches


def load_entity(
    workspace: Workspace,
    source: str,
    entity: str,
    run_id: str,
    *,
    full: bool = False,
    interval: Interval | None = None,
    on_batch: OnBatch | None = None,
) -> LoadResult:
    """Bring one entity of a source into raw: what is new since the last time, everything, or a past interval.

    Args:
        workspace: Its database is the target.
        run_id: Written to the ledger; says which run a batch belongs to.
        full: Read databases from the beginning and files that were loaded before; raw still changes only where
            the source did.
        interval: Read the rows whose cursor lies within; the next load begins where it would have begun anyway.
        on_batch: Told of each batch after it is committed.

    Raises:
        RuleFileError: the workspace has no such source or entity.
        TransientError: the same call may succeed later; what was committed stays, the rest is taken up again.
        TerminalError: a person has to act.
    """
    definition = _definition(workspace, source, entity)
    run = LoadRun(run_id, full, interval, workspace.zone, on_batch)
    return _run(workspace, definition, [entity], run)[0]


def load_source(
    workspace: Workspace,
    source: str,
    run_id: str,
    *,
    full: bool = False,
    interval: Interval | None = None,
    on_batch: OnBatch | None = None,
) -> list[LoadResult]:
    """Load all entities of a source; the tables of a database are read in one snapshot.

    Arguments and errors as for `load_entity`; the entities before a failing one stay loaded.
    """
    definition = _definition(workspace, source)
    run = LoadRun(run_id, full, interval, workspace.zone, on_batch)
    return _run(workspace, definition, list(definition.entities), run)


def open_source(source: Source) -> AbstractContextManager[OpenSource]:
    """Open a source that is read by queries.

    Raises:
        StackError, TerminalError: unknown connection, wrong credentials.
        TransientError: no answer.
    """
    if isinstance(source, SqlSource):
        if connection_url(source.connection).get_backend_name() == "postgresql":
            return postgres.open_source(source)
        return any_database.open_source(source)
    if isinstance(source, RestSource):
        return rest.open_source(source)
    raise TerminalError(_("this source cannot be opened"), where=source.source, found=source.connector)


def _run(workspace: Workspace, source: Source, entities: list[str], run: LoadRun) -> list[LoadResult]:
    with _target(workspace) as target:
        if isinstance(source, FileSource | LogSource):
            if run.interval:
                raise TerminalError(
                    _("files have no cursor, so no interval of them can be loaded"),
                    where=source.source,
                    fix=_("Load them again with --full."),
                )
            return [_load_files(target, workspace, source, entity, run) for entity in entities]
        if isinstance(source, FormSource):
            # Nothing to fetch: the intake stores each submission when it arrives.
            forms.prepare_tables(target, source)
            return [_summary(_drift(source, entity, run), [], time.monotonic()) for entity in entities]
        with open_source(source) as opened:
            return [_load_reading(target, source, opened, entity, run) for entity in entities]


def _definition(workspace: Workspace, source: str, entity: str | None = None) -> Source:
    definition = workspace.source(source)
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


def _load_reading(
    target: PgConnection, source: Source, opened: OpenSource, entity_name: str, run: LoadRun
) -> LoadResult:
    """Load an entity that is read by queries: databases and web APIs."""
    started = time.monotonic()
    entity = source.entities[entity_name]
    if not isinstance(entity, CursorEntity):
        raise TypeError(f"{source.source}.{entity_name} is not read by queries")
    drift = _drift(source, entity_name, run)
    reading = opened.reading(entity_name)
    with (
        database_errors(drift.where),
        open_loader(target, source.source, entity_name, run.run_id, reading.position_type) as loader,
    ):
        if reading.observed:
            drift.accept(target, reading.observed)
        window = choose_window(loader, entity, full=run.full, interval=run.interval, zone=run.zone)
        batches: list[BatchResult] = []
        is_read_to_the_end = False
        # Nothing to compare with, and nothing to compare: the rows go where they belong.
        if not loader.is_indexed and window == Window() and isinstance(reading, StraightReading):
            batches += run.tell(_load_straight(loader, reading))
            is_read_to_the_end = bool(batches)
        for delivery in reading.portions(window) if not batches else ():
            batches += run.tell(_load_portion(loader, delivery, drift, window))
            is_read_to_the_end = delivery.provenance.holds_cursor
        if not batches or not is_read_to_the_end:
            hashed = schema_hash(reading.observed) if reading.observed else None
            ended = Provenance(cursor=window.seen, holds_cursor=window.label != BACK_FILL, schema_hash=hashed)
            batches += run.tell([loader.note_nothing_new(window.label, ended)])
        if entity.deletes and not run.interval:
            with reading.keys() as keys:
                deletes = loader.delete_missing(keys, entity.deletes)
            batches += run.tell([deletes] if deletes else [])
    return _summary(drift, batches, started)


def _load_straight(loader: EntityLoader, reading: StraightReading) -> list[BatchResult]:
    """The first rows of an entity whose source keeps its keys apart; none when it does not."""
    if not reading.has_unique_keys:
        return []
    hashed = schema_hash(reading.observed) if reading.observed else None
    batch = loader.load_straight(reading.straight, FULL, reading.newest(), Provenance(schema_hash=hashed))
    return [batch] if batch else []


def _load_portion(loader: EntityLoader, delivery: Delivery, drift: EntityDrift, window: Window) -> list[BatchResult]:
    observed, look = delivery.observed, delivery.before_commit

    def before_commit() -> None:
        if observed and (seen := observed()).columns:
            with loader.connection.cursor() as cursor:
                drift.accept_within(cursor, seen)
        if look:
            look()

    holds_cursor = delivery.provenance.holds_cursor and window.label != BACK_FILL
    provenance = replace(delivery.provenance, holds_cursor=holds_cursor)
    try:
        return loader.load(delivery.portion, provenance, before_commit=before_commit)
    except DriftStopError as stop:
        drift.write_stop(loader.connection, stop)
        raise stop.refusal from None


def _load_files(
    target: PgConnection, workspace: Workspace, source: FileSource | LogSource, entity_name: str, run: LoadRun
) -> LoadResult:
    started = time.monotonic()
    drift = _drift(source, entity_name, run)
    with database_errors(drift.where), open_loader(target, source.source, entity_name, run.run_id) as loader:
        batches = load_files(
            loader,
            workspace.folder,
            source.entities[entity_name],
            drift,
            full=run.full,
            tell=run.tell,
            line_parser=parser_of(workspace, source, entity_name) if isinstance(source, LogSource) else None,
        )
    return _summary(drift, batches, started)


def _drift(source: Source, entity_name: str, run: LoadRun) -> EntityDrift:
    entity = source.entities[entity_name]
    return EntityDrift(source.source, entity_name, run.run_id, entity, entity.drift or source.drift)


def _summary(drift: EntityDrift, batches: list[BatchResult], started: float) -> LoadResult:
    source, entity = drift.where.split(".")
    result = LoadResult(
        source=source,
        entity=entity,
        batches=len(batches),
        received=sum(batch.received for batch in batches),
        loaded=sum(batch.loaded for batch in batches),
        unchanged=sum(batch.unchanged for batch in batches),
        superseded=sum(batch.superseded for batch in batches),
        rejected=sum(batch.rejected for batch in batches),
        deleted=sum(batch.deleted for batch in batches),
        schema_changes=len(drift.changes),
        seconds=round(time.monotonic() - started, 3),
    )
    logger.info(
        "%s.%s: %s batches, received %s, loaded %s, unchanged %s, superseded %s, rejected %s, deleted %s,"
        " schema changes %s, %s s",
        *astuple(result),
    )
    return result
