"""Decide what a file is that lies in the folder now: known, new, grown, moved, or other content under an old name.

Pure: what is known comes from the register, what is there from looking at the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cockpit.sources.files.content import Beginning
from cockpit.sources.files.register import KnownFile, Version


@dataclass(frozen=True)
class Held:
    """What a file holds now.

    Attributes:
        beginnings: Length -> its first so many bytes; only lengths of known versions.
    """

    name: str
    content_hash: str
    content_bytes: int
    beginnings: Mapping[int, Beginning] = field(default_factory=dict)


@dataclass(frozen=True)
class Gone:
    """Content that a file held and that nothing in the folder holds any more.

    Attributes:
        identity: Whose rows are concerned.
        after_line: Lines up to this one are still held by another version.
        versions: Hashes of the contents that are gone.
    """

    identity: str
    after_line: int
    versions: tuple[str, ...]


class History:
    """The versions of an entity's files, before and during one run.

    Attributes:
        versions: By content hash; kept up to date by who loads.
    """

    def __init__(self, versions: dict[str, Version], known: Mapping[str, KnownFile], held: Iterable[Held]) -> None:
        self.versions = versions
        self._known = known
        self._held = {each.name: each for each in held}

    def is_loaded(self, held: Held) -> bool:
        """Whether all rows of this content are in raw already, perhaps from a file of another name."""
        version = self.versions.get(held.content_hash)
        return version is not None and version.state == "loaded"

    def identity(self, held: Held) -> str:
        """Which rows the file's rows belong to: those of the version that it grew from, or its own."""
        version = self.versions.get(held.content_hash)
        if version:
            return version.identity
        grown_from = max(
            (each for each in self.earlier(held) if self._grows(each, held)),
            key=lambda each: each.content_bytes,
            default=None,
        )
        return grown_from.identity if grown_from else held.content_hash

    def earlier(self, held: Held) -> list[Version]:
        """Versions that are the beginning of what the file holds and whose rows are in raw, wholly or in part."""
        found = (self.versions.get(beginning.content_hash) for beginning in held.beginnings.values())
        return [version for version in found if version and version.state != "replaced"]

    def gone(self, held: Held) -> list[Gone]:
        """What the file held when it was last looked at, or when a load of it broke off, and nothing holds now."""
        known = self._known.get(held.name)
        before = {known.content_hash} if known else set()
        before |= {
            version.content_hash
            for version in self.versions.values()
            if version.state == "loading" and version.file == held.name
        }
        present: dict[str, Version] = {}
        for each in self._held.values():
            version = self.versions.get(each.content_hash)
            if version and version.content_bytes >= present.get(version.identity, version).content_bytes:
                present[version.identity] = version
        found: dict[str, Gone] = {}
        for content_hash in sorted(before - {held.content_hash}):
            version = self.versions.get(content_hash)
            if version is None or version.state == "replaced" or version.content_bytes == 0:
                continue
            kept = present.get(version.identity)
            if kept and kept.content_bytes >= version.content_bytes:
                continue
            kept_bytes = kept.content_bytes if kept else -1
            gone = tuple(
                each.content_hash
                for each in self.versions.values()
                if each.identity == version.identity and each.state != "replaced" and each.content_bytes > kept_bytes
            )
            found[version.identity] = Gone(version.identity, kept.last_line if kept else 0, gone)
        return list(found.values())

    def _grows(self, version: Version, held: Held) -> bool:
        """Whether the file is the one that held the version, with lines added, rather than a copy of its beginning."""
        is_newest = all(
            each.content_bytes <= version.content_bytes
            for each in self.versions.values()
            if each.identity == version.identity and each.state != "replaced"
        )
        places = {name for name, known in self._known.items() if known.content_hash == version.content_hash}
        if version.state == "loading":
            places.add(version.file)
        return is_newest and (held.name in places or not any(self._holds(name, version) for name in places))

    def _holds(self, name: str, version: Version) -> bool:
        """Whether a file still holds the version, perhaps with lines added."""
        held = self._held.get(name)
        if held is None:
            return False
        beginning = held.beginnings.get(version.content_bytes)
        return held.content_hash == version.content_hash or (
            beginning is not None and beginning.content_hash == version.content_hash
        )
