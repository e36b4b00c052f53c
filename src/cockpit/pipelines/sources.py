"""What a person does with sources: list, check, preview and load them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from cockpit.errors import RuleFileError, UsageError
from cockpit.i18n import _
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
    source = workspace.sources.get(source_name)
    if source is None:
        raise RuleFileError(_("unknown source"), found=source_name, allowed=", ".join(workspace.sources))
    if entity and entity not in source.entities:
        raise RuleFileError(_("unknown entity"), where=source_name, found=entity, allowed=", ".join(source.entities))
    return source, [entity] if entity else list(source.entities)


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
