"""What a person does with sources: list, check, preview, load and stage them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cockpit.domain.masking import mask
from cockpit.errors import RuleFileError, UsageError
from cockpit.i18n import _
from cockpit.pipelines import steps
from cockpit.pipelines.downstream import reached
from cockpit.pipelines.stage import stage_source
from cockpit.rulebook.sources import FormSource, Source
from cockpit.rulebook.workspace import Workspace
from cockpit.sources.load import LoadResult, load_entity
from cockpit.sources.loading import ledger
from cockpit.sources.loading.window import Interval
from cockpit.warehouse.connections import connect
from cockpit.warehouse.runner import BuildContext


@dataclass(frozen=True)
class SourceState:
    """A source and its last load.

    Attributes:
        loaded_at: End of its last batch; None before the first.
        changes: Columns of it that were found changed, ever.
    """

    source: Source
    loaded_at: datetime | None
    changes: int


def source_states(workspace: Workspace) -> list[SourceState]:
    """Every source of the workspace, in the order of their names."""
    with closing(connect(workspace.settings.warehouse)) as connection:
        ledger.prepare(connection)
        with connection, connection.cursor() as cursor:
            cursor.execute("select source, max(finished_at) from ops.import_batch group by source")
            loaded: dict[str, datetime] = dict(cursor.fetchall())
            cursor.execute("select source, count(*) from ops.schema_change group by source")
            changes: dict[str, int] = dict(cursor.fetchall())
    return [
        SourceState(source, loaded.get(name), changes.get(name, 0))
        for name, source in sorted(workspace.sources.items())
    ]


def chosen(workspace: Workspace, name: str) -> tuple[Source, list[str]]:
    """The source and entities that `SOURCE` or `SOURCE.ENTITY` names.

    Raises:
        RuleFileError: there is no such source or entity.
    """
    source_name, _dot, entity = name.partition(".")
    source = workspace.source(source_name)
    if entity and entity not in source.entities:
        raise RuleFileError(_("unknown entity"), where=source_name, found=entity, allowed=", ".join(source.entities))
    return source, [entity] if entity else list(source.entities)


@dataclass(frozen=True)
class RejectedLine:
    """A line that could not be read.

    Attributes:
        place: `file:line`; empty where the source has neither.
        reason: Key of a text in both languages.
        text: As received, masked.
    """

    entity: str
    place: str
    reason: str
    text: str


def rejected_lines(workspace: Workspace, name: str, count: int) -> list[RejectedLine]:
    """The lines that the last loads rejected, the newest first.

    Raises:
        RuleFileError: there is no such source or entity.
    """
    source, entities = chosen(workspace, name)
    with closing(connect(workspace.settings.warehouse)) as connection:
        ledger.prepare(connection)
        with connection, connection.cursor() as cursor:
            cursor.execute(_sql("rejected_lines.sql"), (source.source, entities, count))
            found = cursor.fetchall()
    return [RejectedLine(entity, place, reason, str(mask(text))) for entity, place, reason, text in found]


def load(
    context: BuildContext,
    name: str,
    *,
    full: bool,
    interval: Interval | None,
    on_loaded: Callable[[LoadResult], None],
) -> Iterator[Exception]:
    """Load the entities that a name means; each failure is given back and the others go on.

    Raises:
        RuleFileError, UsageError: the name means nothing that can be loaded.
    """
    source, entities = chosen(context.workspace, name)
    if isinstance(source, FormSource):
        raise UsageError(_("forms are posted to the intake; there is nothing to load"), where=source.source, found=name)
    for entity in entities:
        try:
            on_loaded(
                load_entity(context.workspace, source.source, entity, context.run_id, full=full, interval=interval)
            )
        except Exception as error:
            yield error


@dataclass(frozen=True)
class HeldRows:
    """Rows that one rule holds back.

    Attributes:
        message: What the row's owner reads, in English; `message_zh` in Chinese.
    """

    rule_id: str
    rows: int
    message: str
    message_zh: str


@dataclass(frozen=True)
class StagedEntity:
    """Where the rows of one entity are after staging.

    Attributes:
        current: Loaded rows that are neither replaced nor gone from the source.
        changed: Rows of the typed table that differ from before.
        held: By rule; a row that several rules hold back counts for each.
    """

    source: str
    entity: str
    current: int
    staged: int
    quarantined: int
    changed: int
    held: tuple[HeldRows, ...]


def stage(context: BuildContext, name: str) -> list[StagedEntity]:
    """Type and check again what raw holds of a source, and unite it with the others; the source is not asked.

    Raises:
        RuleFileError: there is no such source.
        CockpitError: the first model or check that failed; the others were brought up to date.
    """
    source, _entities = chosen(context.workspace, name)
    if name != source.source:
        # Checks of one entity may refer to another one.
        raise UsageError(_("a source is staged as a whole"), found=name, allowed=source.source)
    builds, checks = stage_source(context, source.source)
    steps.raise_stops(checks)
    for model in reached(context.graph, source.source):
        if model in context.graph.conformed():
            steps.build_model(context, model.name)
    changed = {build.model: build.changed for build in builds}
    return list(_staged(context, source, changed))


def _staged(context: BuildContext, source: Source, changed: dict[str, int]) -> Iterator[StagedEntity]:
    with closing(connect(context.workspace.settings.warehouse)) as connection, connection.cursor() as cursor:
        cursor.execute(_sql("staged_rows.sql"), (source.source,))
        counts = {entity: (int(staged), int(held)) for entity, staged, held in cursor.fetchall()}
        cursor.execute(_sql("held_rows.sql"), (source.source,))
        held = [(entity, HeldRows(*rule)) for entity, *rule in cursor.fetchall()]
    for name in source.entities:
        staged, quarantined = counts.get(name, (0, 0))
        yield StagedEntity(
            source=source.source,
            entity=name,
            current=staged + quarantined,
            staged=staged,
            quarantined=quarantined,
            changed=changed.get(f"stg_{source.source}__{name}", 0),
            held=tuple(rule for entity, rule in held if entity == name),
        )


def _sql(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
