"""Files as they lie in a watched folder."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources.file import FolderEntity

_ENVIRONMENT = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class FoundFile:
    """A file, and its path below the folder that the pattern begins with."""

    path: Path
    name: str


@dataclass(frozen=True)
class FoundFiles:
    """What an entity's path means now.

    Attributes:
        pattern: As declared, below the folder.
        files: By name; none when nothing fits the pattern.
        young: Names of files that changed too short a time ago to be read.
    """

    pattern: str
    files: list[FoundFile]
    young: list[str]


def find_files(entity: FolderEntity, folder: Path, where: str) -> FoundFiles:
    """Look for the entity's files.

    Args:
        folder: Relative paths begin here; a value from the environment begins at the working directory.
        where: `source.entity`, for messages.

    Raises:
        TerminalError: a variable is not set, or the file or the folder does not exist.
    """
    base, pattern = _split(folder / _filled_in(entity.path, where))
    # A name that is no pattern may hold characters that would make it one.
    found = base.glob(pattern) if "*" in pattern else [base / pattern]
    paths = sorted(path for path in found if path.is_file())
    if not paths and ("*" not in pattern or not base.is_dir()):
        raise TerminalError(
            _("no such file or folder"),
            where=where,
            found=str(base / pattern),
            fix=_("Correct 'path' or put the file there."),
        )
    newest = time.time() - entity.min_age_seconds
    files: list[FoundFile] = []
    young: list[str] = []
    for path in paths:
        name = path.relative_to(base).as_posix()
        if entity.min_age_seconds and path.stat().st_mtime > newest:
            young.append(name)
        else:
            files.append(FoundFile(path, name))
    return FoundFiles(pattern, files, young)


def _filled_in(path: str, where: str) -> str:
    def value(match: re.Match[str]) -> str:
        text = os.environ.get(match[1])
        if not text:
            raise TerminalError(
                _("the environment variable {name} is not set", name=match[1]),
                where=where,
                fix=_("Set it; it is needed for the path {path}.", path=path),
            )
        return str(Path(text).absolute()) if match.start() == 0 else text

    return _ENVIRONMENT.sub(value, path)


def _split(path: Path) -> tuple[Path, str]:
    """The folder that a pattern begins with, and the rest."""
    parts = path.parts
    first = next((number for number, part in enumerate(parts) if "*" in part), len(parts) - 1)
    return Path(*parts[:first]), str(Path(*parts[first:]))
