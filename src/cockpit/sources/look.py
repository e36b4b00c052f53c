"""Look at a source without loading it: does it answer, does it fit its contract, what do its rows look like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from psycopg2 import sql

from cockpit.domain.masking import mask
from cockpit.errors import CockpitError
from cockpit.rulebook.sources import Entity, FileSource, FormSource, LogSource, RestSource, Source
from cockpit.rulebook.workspace import Workspace
from cockpit.sources.files.look import observed_columns, sample
from cockpit.sources.files.tables import LineParser
from cockpit.sources.load import open_source
from cockpit.sources.loading import ledger
from cockpit.sources.loading.drift import Change, EntityDrift
from cockpit.sources.loading.loader import Portion
from cockpit.sources.loading.reading import Observed, OpenSource, Window
from cockpit.sources.loading.statements import statement
from cockpit.sources.logs.source import parser_of
from cockpit.warehouse.connections import connect
from cockpit.warehouse.faults import database_errors


@dataclass(frozen=True)
class EntityCheck:
    """What a look at one entity found.

    Attributes:
        columns: Columns that the source delivers; None when it could not be asked or tells them with its rows only.
        changes: Columns that are not as the contract or the last load says.
        error: Why it could not be asked.
    """

    source: str
    entity: str
    columns: int | None = None
    changes: tuple[Change, ...] = ()
    error: CockpitError | None = None

    @property
    def would_load(self) -> bool:
        """Whether a load would not stop."""
        return self.error is None and not any(change.stops for change in self.changes)


@dataclass(frozen=True)
class Preview:
    """The first rows of an entity as raw would hold them, personal values masked.

    Attributes:
        rejected: Reason and text of lines that would be rejected, the text masked.
    """

    rows: list[dict[str, object]]
    rejected: list[tuple[str, str]]


def check_source(workspace: Workspace, source: Source) -> Iterator[EntityCheck]:
    """Ask a source for the columns of each entity and compare them with the contract; nothing is written.

    A source that does not answer gives one error for all of its entities; it does not raise.
    """
    if isinstance(source, FormSource):
        yield from (EntityCheck(source.source, name, len(form.columns)) for name, form in source.entities.items())
        return
    if isinstance(source, FileSource | LogSource):
        for name, entity in source.entities.items():
            where = f"{source.source}.{name}"
            try:
                seen = observed_columns(entity, workspace.folder, where, _line_parser(workspace, source, name))
                yield _compared(workspace, source, name, seen)
            except CockpitError as error:
                yield EntityCheck(source.source, name, error=error)
        return
    try:
        with open_source(_impatient(source)) as opened:
            for name in source.entities:
                yield _check_entity(workspace, source, opened, name)
    except CockpitError as error:
        yield from (EntityCheck(source.source, name, error=error) for name in source.entities)


def _impatient(source: Source) -> Source:
    """With one further try at most: somebody is waiting, and nothing is lost by asking again."""
    return source.model_copy(update={"retries": min(source.retries, 1)}) if isinstance(source, RestSource) else source


def _check_entity(workspace: Workspace, source: Source, opened: OpenSource, name: str) -> EntityCheck:
    try:
        reading = opened.reading(name)
        observed = reading.observed
        if observed is None:
            # Only rows tell the columns: ask for a few.
            for delivery in reading.portions(Window(limit=1)):
                while delivery.portion.rows.read():
                    pass
                observed = delivery.observed() if delivery.observed else None
        return _compared(workspace, source, name, observed)
    except CockpitError as error:
        return EntityCheck(source.source, name, error=error)


def _compared(workspace: Workspace, source: Source, name: str, observed: Observed | None) -> EntityCheck:
    if observed is None or not observed.columns:
        return EntityCheck(source.source, name)
    entity = source.entities[name]
    drift = EntityDrift(source.source, name, "check", entity, entity.drift or source.drift)
    with closing(connect(workspace.settings.warehouse)) as connection:
        ledger.prepare(connection)
        with connection, connection.cursor() as cursor:
            changes = tuple(drift.look(cursor, observed))
    return EntityCheck(source.source, name, len(observed.columns), changes)


def preview(workspace: Workspace, source: Source, name: str, count: int) -> Preview:
    """The first rows of an entity, read by its connector and thrown away.

    Raises:
        CockpitError: it cannot be read.
    """
    entity = source.entities[name]
    where = f"{source.source}.{name}"
    if isinstance(source, FormSource):
        return Preview([], [])
    if isinstance(source, FileSource | LogSource):
        parser = _line_parser(workspace, source, name)
        portion = sample(source.entities[name], workspace.folder, where, count, parser)
        return _shown(workspace, entity, portion, "bigint", where, count)
    with open_source(_impatient(source)) as opened:
        reading = opened.reading(name)
        for delivery in reading.portions(Window(limit=count)):
            return _shown(workspace, entity, delivery.portion, reading.position_type, where, count)
    return Preview([], [])


def _line_parser(workspace: Workspace, source: FileSource | LogSource, name: str) -> LineParser | None:
    return parser_of(workspace, source, name) if isinstance(source, LogSource) else None


def _shown(
    workspace: Workspace, entity: Entity, portion: Portion, position_type: str, where: str, count: int
) -> Preview:
    """Let PostgreSQL read the rows as it would for a load, in a temporary table."""
    personal = {
        each
        for name, column in entity.columns.items()
        if column.sensitivity == "personal"
        for each in (name, *column.synonyms)
    }
    with closing(connect(workspace.settings.warehouse)) as connection, database_errors(where):
        connection.set_client_encoding("UTF8")
        with connection, connection.cursor() as cursor:
            cursor.execute("set local time zone 'UTC'")
            cursor.execute(statement("create_incoming", position_type=sql.SQL(position_type)))
            copy = sql.SQL("copy incoming ({}) from stdin with (format {})").format(
                sql.SQL(", ").join(map(sql.Identifier, portion.columns)),
                sql.SQL("binary" if portion.is_binary else "text"),
            )
            cursor.copy_expert(copy.as_string(cursor), portion.rows)  # type: ignore[arg-type]
            cursor.execute("select payload, reason, raw_text from incoming limit %s", (count,))
            found = cursor.fetchall()
    return Preview(
        rows=[_masked(payload, personal) for payload, reason, _text in found if reason is None],
        rejected=[(reason, str(mask(text))) for _payload, reason, text in found if reason is not None],
    )


def _masked(payload: dict[str, object], personal: set[str]) -> dict[str, object]:
    """A row with its personal values masked, within objects too: raw holds a record's `a.b` and its whole `a`."""
    shown: dict[str, object] = {}
    for column, value in payload.items():
        if column in personal:
            shown[column] = mask(value)
        elif isinstance(value, dict):
            inside = {name.removeprefix(f"{column}.") for name in personal if name.startswith(f"{column}.")}
            shown[column] = _masked(value, inside)
        else:
            shown[column] = value
    return shown
