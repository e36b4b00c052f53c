"""Look at the files of an entity without loading them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from cockpit.rulebook.sources.file import FolderEntity
from cockpit.sources.files.content import open_content
from cockpit.sources.files.folder import FoundFile, find_files
from cockpit.sources.files.rows import RowEncoder
from cockpit.sources.files.tables import LineParser, Start, open_table
from cockpit.sources.loading.copytext import COPY_COLUMNS, CopyText
from cockpit.sources.loading.loader import Portion
from cockpit.sources.loading.reading import Observed

# Records that are read where only they tell the columns.
_RECORDS = 100


def observed_columns(
    entity: FolderEntity, folder: Path, where: str, line_parser: LineParser | None = None
) -> Observed | None:
    """Columns of the newest file; None when there is none yet.

    Args:
        folder: Relative paths begin here.
        where: `source.entity`, for messages.
        line_parser: How lines are understood, for logs.

    Raises:
        TerminalError: the folder is not there, or the file does not fit its entity.
    """
    file = _newest(entity, folder, where)
    if file is None:
        return None
    with open_content(file.path, file.name, entity, where) as content:
        fingerprint = content.fingerprint()
        with open_table(content, fingerprint, line_parser) as table:
            if table.header is not None:
                return Observed(dict.fromkeys(table.header, ""))
            encoder = RowEncoder(entity, fingerprint.content_hash, file.name)
            for _row in islice(encoder.rows(None, table.records(Start())), _RECORDS):
                pass
            return Observed(encoder.seen, is_complete=False)


def sample(
    entity: FolderEntity, folder: Path, where: str, count: int, line_parser: LineParser | None = None
) -> Portion:
    """The first rows of the newest file, as they would be loaded; arguments and errors as for `observed_columns`."""
    file = _newest(entity, folder, where)
    rows: list[str] = []
    if file is not None:
        with open_content(file.path, file.name, entity, where) as content:
            fingerprint = content.fingerprint()
            with open_table(content, fingerprint, line_parser) as table:
                encoder = RowEncoder(entity, fingerprint.content_hash, file.name)
                rows = [row for _number, row in islice(encoder.rows(table.header, table.records(Start())), count)]
    return Portion(CopyText(iter(rows)), COPY_COLUMNS)


def _newest(entity: FolderEntity, folder: Path, where: str) -> FoundFile | None:
    found = find_files(entity, folder, where)
    return max(found.files, key=lambda file: file.path.stat().st_mtime_ns, default=None)
