"""What is known of an entity's files: which contents were loaded, and what lay under which name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from psycopg2.extensions import cursor as PgCursor

from cockpit.sources.files.content import Signature

# `replaced`: other content has come in its place, so that it would be loaded anew if it returned.
State: TypeAlias = Literal["loading", "loaded", "replaced"]


@dataclass(frozen=True)
class Version:
    """One content that a file of the entity had.

    Attributes:
        file: Name of the file when it was loaded.
        identity: Content hash of the version that it grew from, its own where it did not; part of the keys of a file
            that has none.
        content_bytes: Length of the uncompressed content.
        last_line: Last line with a record, the lines of earlier versions included; 0 until it is loaded.
        since_batch_id: Batches up to this one belong to an earlier time, before it was replaced.
    """

    content_hash: str
    file: str
    identity: str
    content_bytes: int
    last_line: int
    state: State
    since_batch_id: int


@dataclass(frozen=True)
class KnownFile:
    """What lay under a name when it was last looked at."""

    content_hash: str
    signature: Signature


class Register:
    """The files of one entity in the ledger's database."""

    def __init__(self, source: str, entity: str) -> None:
        self._place = {"source": source, "entity": entity}

    def versions(self, cursor: PgCursor) -> dict[str, Version]:
        """All contents by their hash."""
        cursor.execute(
            "select content_hash, file, identity, content_bytes, last_line, state, since_batch_id"
            " from ops.loaded_file where source = %(source)s and entity = %(entity)s",
            self._place,
        )
        return {row[0]: Version(*row) for row in cursor.fetchall()}

    def known_files(self, cursor: PgCursor) -> dict[str, KnownFile]:
        """The files by their name."""
        cursor.execute(
            "select file, content_hash, stored_bytes, modified_ns"
            " from ops.watched_file where source = %(source)s and entity = %(entity)s",
            self._place,
        )
        return {
            file: KnownFile(content_hash, Signature(stored_bytes, modified_ns))
            for file, content_hash, stored_bytes, modified_ns in cursor.fetchall()
        }

    def begin(self, cursor: PgCursor, content_hash: str, file: str, identity: str, content_bytes: int) -> Version:
        """Note that a content is being loaded, before its first row is."""
        cursor.execute(
            "insert into ops.loaded_file as held"
            " (source, entity, content_hash, file, identity, content_bytes, state, loaded_at)"
            " values (%(source)s, %(entity)s, %(content_hash)s, %(file)s, %(identity)s, %(content_bytes)s,"
            " 'loading', null)"
            " on conflict (source, entity, content_hash) do update"
            " set file = excluded.file, identity = excluded.identity, content_bytes = excluded.content_bytes,"
            " state = 'loading', loaded_at = null"
            " returning content_hash, file, identity, content_bytes, last_line, state, since_batch_id",
            {
                **self._place,
                "content_hash": content_hash,
                "file": file,
                "identity": identity,
                "content_bytes": content_bytes,
            },
        )
        row = cursor.fetchone()
        if row is None:
            raise RuntimeError("insert returned no row")
        return Version(*row)

    def mark_loaded(self, cursor: PgCursor, content_hash: str, last_line: int) -> None:
        """Note that a content was loaded to its end."""
        cursor.execute(
            "update ops.loaded_file set state = 'loaded', loaded_at = now(), last_line = %(last_line)s"
            " where source = %(source)s and entity = %(entity)s and content_hash = %(content_hash)s",
            {**self._place, "content_hash": content_hash, "last_line": last_line},
        )

    def mark_replaced(self, cursor: PgCursor, content_hashes: list[str]) -> None:
        """Note that contents are no longer what their files hold."""
        cursor.execute(
            "update ops.loaded_file set state = 'replaced', last_line = 0,"
            " since_batch_id = (select coalesce(max(batch_id), 0) from ops.import_batch"
            " where source = %(source)s and entity = %(entity)s)"
            " where source = %(source)s and entity = %(entity)s and content_hash = any(%(content_hashes)s)",
            {**self._place, "content_hashes": content_hashes},
        )

    def watch(self, cursor: PgCursor, file: str, content_hash: str, signature: Signature) -> None:
        """Note what lies under a name now."""
        cursor.execute(
            "insert into ops.watched_file (source, entity, file, content_hash, stored_bytes, modified_ns)"
            " values (%(source)s, %(entity)s, %(file)s, %(content_hash)s, %(stored_bytes)s, %(modified_ns)s)"
            " on conflict (source, entity, file) do update"
            " set content_hash = excluded.content_hash, stored_bytes = excluded.stored_bytes,"
            " modified_ns = excluded.modified_ns, seen_at = clock_timestamp()",
            {
                **self._place,
                "file": file,
                "content_hash": content_hash,
                "stored_bytes": signature.stored_bytes,
                "modified_ns": signature.modified_ns,
            },
        )

    def last_line(self, cursor: PgCursor, version: Version) -> tuple[int, str | None]:
        """Last line of a content that is in raw and the label of its batch; 0 and None when none was loaded."""
        cursor.execute(
            "select cast(cursor_to as bigint), label from ops.import_batch"
            " where source = %(source)s and entity = %(entity)s and content_hash = %(content_hash)s"
            " and batch_id > %(since_batch_id)s and cursor_to is not null"
            " order by cast(cursor_to as bigint) desc limit 1",
            {**self._place, "content_hash": version.content_hash, "since_batch_id": version.since_batch_id},
        )
        row = cursor.fetchone()
        return (row[0], row[1]) if row else (0, None)
