"""Load the files of an entity: each content once, taken up again where it broke off or where it grew."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import CockpitError, TerminalError, TransientError
from cockpit.i18n import _
from cockpit.rulebook.sources.file import FolderEntity
from cockpit.sources.files.content import Fingerprint, Signature, open_content
from cockpit.sources.files.folder import FoundFile, FoundFiles, find_files
from cockpit.sources.files.history import Gone, Held, History
from cockpit.sources.files.register import KnownFile, Register, Version
from cockpit.sources.files.rows import RowEncoder, line_key
from cockpit.sources.files.tables import LineParser, Start, Table, open_table
from cockpit.sources.loading.copytext import COPY_COLUMNS, CopyText
from cockpit.sources.loading.drift import DriftStopError, EntityDrift, schema_hash
from cockpit.sources.loading.ledger import BatchResult
from cockpit.sources.loading.loader import EntityLoader, Portion, Provenance
from cockpit.sources.loading.reading import Observed

Tell: TypeAlias = Callable[[list[BatchResult]], list[BatchResult]]

# A file that changed this short a time before it was read may change again without showing another time.
_SETTLING_NS = 2_000_000_000


def load_files(
    loader: EntityLoader,
    folder: Path,
    entity: FolderEntity,
    drift: EntityDrift,
    *,
    full: bool,
    tell: Tell,
    line_parser: LineParser | None = None,
) -> list[BatchResult]:
    """Load what is new in a folder. A file that cannot be loaded does not keep the others from it.

    Args:
        folder: Relative paths begin here.
        drift: Decides what a file with other columns than the contract's leads to.
        full: Also files that were loaded before.
        tell: Told of batches after each commit; returns them.
        line_parser: How lines are understood, for logs.

    Returns:
        The ledger rows, at least one.

    Raises:
        TransientError: all that failed may succeed later.
        TerminalError: at least one file needs a person; the message names all that failed.
    """
    found = find_files(entity, folder, loader.where)
    return _FolderLoad(loader, entity, drift, full, tell, line_parser).run(found)


@dataclass(frozen=True)
class _Look:
    """One file as it was seen at the beginning of the run.

    Attributes:
        fingerprint: None when it shows the same size and time as when it was loaded, and was not read.
        is_settled: Whether a later change will show in its time.
    """

    file: FoundFile
    held: Held
    signature: Signature
    fingerprint: Fingerprint | None
    is_settled: bool


class _FolderLoad:
    """One run over the files of one entity."""

    def __init__(
        self,
        loader: EntityLoader,
        entity: FolderEntity,
        drift: EntityDrift,
        full: bool,
        tell: Tell,
        line_parser: LineParser | None,
    ) -> None:
        self._loader = loader
        self._entity = entity
        self._drift = drift
        self._full = full
        self._tell = tell
        self._line_parser = line_parser
        self._register = Register(loader.source, loader.entity)
        self._batches: list[BatchResult] = []
        self._faults: dict[str, CockpitError] = {}

    def run(self, found: FoundFiles) -> list[BatchResult]:
        with self._loader.connection, self._loader.connection.cursor() as cursor:
            versions = self._register.versions(cursor)
            known = self._register.known_files(cursor)
        looks = [look for file in found.files if (look := self._look(file, versions, known))]
        history = History(versions, known, [look.held for look in looks])
        done: set[str] = set()
        for look in looks:
            if look.held.content_hash in done or (history.is_loaded(look.held) and not self._full):
                continue
            try:
                self._load(look, history)
            except CockpitError as error:
                self._faults[look.file.name] = error
            done.add(look.held.content_hash)
        # Only now: what one file no longer holds may have moved to another.
        for look in looks:
            if look.file.name not in self._faults:
                self._settle(look, history, known.get(look.file.name))
        if not self._batches:
            self._note_nothing_new(found, looks)
        self._raise_faults()
        return self._batches

    def _look(self, file: FoundFile, versions: dict[str, Version], known: dict[str, KnownFile]) -> _Look | None:
        try:
            with open_content(file.path, file.name, self._entity, self._loader.where) as content:
                is_settled = time.time_ns() - content.signature.modified_ns > _SETTLING_NS
                before = known.get(file.name)
                version = versions.get(before.content_hash) if before else None
                if before and version and before.signature == content.signature and not self._full:
                    held = Held(file.name, version.content_hash, version.content_bytes)
                    if version.state == "loaded":
                        return _Look(file, held, content.signature, None, is_settled)
                lengths = {each.content_bytes for each in versions.values()}
                fingerprint = content.fingerprint(lengths)
                held = Held(file.name, fingerprint.content_hash, fingerprint.content_bytes, fingerprint.beginnings)
                return _Look(file, held, content.signature, fingerprint, is_settled)
        except CockpitError as error:
            self._faults[file.name] = error
            return None

    def _load(self, look: _Look, history: History) -> None:
        """Load one content to its end."""
        fingerprint = look.fingerprint
        if fingerprint is None:
            raise RuntimeError(f"{look.file.name} is to be loaded and was not read")
        with open_content(look.file.path, look.file.name, self._entity, self._loader.where, look.signature) as content:
            content.ensure_unchanged()
            with open_table(content, fingerprint, self._line_parser) as table:
                provenance = Provenance(file=look.file.name, content_hash=fingerprint.content_hash)
                if table.header is not None:
                    observed = Observed(dict.fromkeys(table.header, ""))
                    self._drift.accept(self._loader.connection, observed)
                    provenance = replace(provenance, schema_hash=schema_hash(observed))
                version, start, label = self._begin(look, fingerprint, history)
                encoder = RowEncoder(self._entity, version.identity, label or look.file.name)
                has_new_keys = (
                    self._entity.key == "line"
                    and version.identity == version.content_hash
                    and not version.since_batch_id
                    and not self._full
                )
                count = len(self._batches)
                rows = encoder.rows(table.header, table.records(start))
                for _number, group in groupby(rows, key=itemgetter(0)):
                    portion = Portion(CopyText(row for _same, row in group), COPY_COLUMNS, has_new_keys=has_new_keys)
                    self._add(self._load_portion(portion, provenance, table, encoder, content.ensure_unchanged))
                content.ensure_unchanged()
        if len(self._batches) == count:
            self._add([self._loader.note_nothing_new(look.file.name, provenance)])
        with self._loader.connection, self._loader.connection.cursor() as cursor:
            last_line = max(self._register.last_line(cursor, version)[0], start.after_line)
            self._register.mark_loaded(cursor, version.content_hash, last_line)
        history.versions[version.content_hash] = replace(version, state="loaded", last_line=last_line)

    def _begin(self, look: _Look, fingerprint: Fingerprint, history: History) -> tuple[Version, Start, str | None]:
        """Register the content, and find where its first new line is and which batch the line before belongs to."""
        identity = history.identity(look.held)
        relatives = [each for each in history.earlier(look.held) if each.identity == identity]
        complete = [each.content_bytes for each in relatives if each.state == "loaded"]
        with self._loader.connection, self._loader.connection.cursor() as cursor:
            version = self._register.begin(
                cursor, look.held.content_hash, look.file.name, identity, look.held.content_bytes
            )
            history.versions[version.content_hash] = version
            if self._full:
                return version, Start(), None
            reached = [self._register.last_line(cursor, version)]
            reached += [self._register.last_line(cursor, each) for each in relatives if each.state == "loading"]
        after_line, label = max(reached, key=itemgetter(0))
        start = Start(after_line)
        # Line feeds of wide characters are not counted while hashing; their lines are counted when they are read.
        if complete and fingerprint.encoding and len(fingerprint.encoding.line_feed) == 1:
            line_feeds = fingerprint.beginnings[max(complete)].line_feeds
            if line_feeds >= after_line:
                start, label = Start(line_feeds, max(complete)), None
        elif complete:
            after_line = max(after_line, *(each.last_line for each in relatives))
            start = Start(after_line)
        return version, start, label

    def _load_portion(
        self,
        portion: Portion,
        provenance: Provenance,
        table: Table,
        encoder: RowEncoder,
        ensure_unchanged: Callable[[], None],
    ) -> list[BatchResult]:
        def observed() -> Observed:
            return Observed(encoder.seen, is_complete=False)

        def before_commit() -> None:
            ensure_unchanged()
            if table.header is None and encoder.seen:
                with self._loader.connection.cursor() as cursor:
                    self._drift.accept_within(cursor, observed())

        if table.header is None:
            provenance = replace(provenance, schema_hash=lambda: schema_hash(observed()))
        try:
            return self._loader.load(portion, provenance, before_commit=before_commit)
        except DriftStopError as stop:
            self._drift.write_stop(self._loader.connection, stop)
            raise stop.refusal from None

    def _settle(self, look: _Look, history: History, known: KnownFile | None) -> None:
        """Remember what lies under the name now, and take back what lay there before and is gone."""
        # No time that any file has: it will be read again.
        signature = look.signature if look.is_settled else look.signature._replace(modified_ns=0)
        if known == KnownFile(look.held.content_hash, signature):
            return
        taken_back = history.gone(look.held)
        if taken_back and self._faults:
            # What is gone may lie in the file that could not be read.
            return
        for gone in taken_back:
            self._take_back(look.file.name, gone, history)
        with self._loader.connection, self._loader.connection.cursor() as cursor:
            self._register.watch(cursor, look.file.name, look.held.content_hash, signature)

    def _take_back(self, name: str, gone: Gone, history: History) -> None:
        if self._entity.key == "line" and self._entity.when_changed == "add":
            return

        def mark(cursor: PgCursor) -> None:
            self._register.mark_replaced(cursor, list(gone.versions))

        if self._entity.key == "line":
            provenance = Provenance(file=name, content_hash=gone.versions[0])
            deleted = self._loader.delete_lines(line_key(gone.identity), gone.after_line, provenance, mark)
            self._add([deleted] if deleted else [])
        else:
            # Rows with a key were merged; only a return of the old content has to be noticed.
            with self._loader.connection, self._loader.connection.cursor() as cursor:
                mark(cursor)
        for content_hash in gone.versions:
            history.versions[content_hash] = replace(history.versions[content_hash], state="replaced")

    def _note_nothing_new(self, found: FoundFiles, looks: list[_Look]) -> None:
        if self._faults:
            return
        label, provenance = found.pattern, Provenance()
        if len(looks) == 1:
            label = looks[0].file.name
            provenance = Provenance(file=label, content_hash=looks[0].held.content_hash)
        self._add([self._loader.note_nothing_new(label, provenance)])

    def _add(self, batches: list[BatchResult]) -> None:
        self._batches += self._tell(batches)

    def _raise_faults(self) -> None:
        faults = list(self._faults.values())
        if len(faults) == 1:
            raise faults[0]
        if faults:
            kind = TransientError if all(isinstance(fault, TransientError) for fault in faults) else TerminalError
            raise kind(
                _("{count} files could not be loaded; the others were", count=len(faults)),
                where=self._loader.where,
                fix=" ".join(f"{fault}." for fault in faults),
            )
