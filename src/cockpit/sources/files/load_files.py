"""Load the files of an entity: each once by content, line by line, taken up again where it broke off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from cockpit.rulebook.sources import FileEntity
from cockpit.sources.files import folder as files
from cockpit.sources.files.folder import DelimitedFile
from cockpit.sources.loading import ledger
from cockpit.sources.loading.drift import EntityDrift, schema_hash
from cockpit.sources.loading.ledger import BatchResult
from cockpit.sources.loading.loader import EntityLoader, Portion, Provenance
from cockpit.sources.loading.reading import Observed

Tell: TypeAlias = Callable[[list[BatchResult]], list[BatchResult]]


def load_files(
    loader: EntityLoader, folder: Path, entity: FileEntity, drift: EntityDrift, *, full: bool, tell: Tell
) -> list[BatchResult]:
    """Load what is new in a folder.

    Args:
        folder: Relative paths begin here.
        drift: Decides what a file with other columns than the contract's leads to.
        full: Also files that were loaded before.
        tell: Told of batches after each commit; returns them.
    """
    pattern, paths = files.find_files(entity, folder, loader.where)
    batches: list[BatchResult] = []
    for path in paths:
        with files.open_file(path, entity, loader.where) as file:
            batches += _load_file(loader, file, drift, full=full, tell=tell)
    if not paths:
        batches = tell([loader.note_nothing_new(pattern, Provenance())])
    return batches


def _load_file(
    loader: EntityLoader, file: DelimitedFile, drift: EntityDrift, *, full: bool, tell: Tell
) -> list[BatchResult]:
    content = (loader.source, loader.entity, file.content_hash)
    provenance = Provenance(file=file.path.name, content_hash=file.content_hash)
    with loader.connection, loader.connection.cursor() as cursor:
        is_loaded = ledger.is_loaded(cursor, *content) and not full
        after_line, label = (0, None) if full else ledger.last_line(cursor, *content)
    if is_loaded:
        return tell([loader.note_nothing_new(file.path.name, provenance)])
    header = file.header()
    observed = Observed(dict.fromkeys(header, ""))
    drift.accept(loader.connection, observed)
    provenance = replace(provenance, schema_hash=schema_hash(observed))
    has_new_keys = file.entity.key == "line" and not full
    batches: list[BatchResult] = []
    for rows in file.transactions(header, after_line, label):
        portion = Portion(rows, files.COPY_COLUMNS, has_new_keys=has_new_keys)
        batches += tell(loader.load(portion, provenance, before_commit=file.ensure_unchanged))
    file.ensure_unchanged()
    with loader.connection, loader.connection.cursor() as cursor:
        ledger.mark_loaded(cursor, *content, file.path.name)
    return batches or tell([loader.note_nothing_new(file.path.name, provenance)])
