"""The secrets that senders of forms share with us; two are valid at the same time, so that one can be replaced."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.rulebook.sources import FormSource
from cockpit.rulebook.workspace import Workspace
from cockpit.stack.secret_files import write_private

logger = logging.getLogger(__name__)

PREFIX = "COCKPIT_FORM_SECRET_"
_VALID_AT_ONCE = 2
_LEAST_LENGTH = 16


def form_sources(workspace: Workspace) -> Iterator[FormSource]:
    """The sources of a workspace that are forms."""
    for source in workspace.sources.values():
        if isinstance(source, FormSource):
            yield source


def secret_path(folder: Path, name: str) -> Path:
    """The file of a secret: one secret per line, the first one new, a second one still valid."""
    return folder / f"form_{name}"


def ensure_secrets(workspace: Workspace, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Make the secrets of forms that have none; existing ones stay."""
    for source in form_sources(workspace):
        for form in source.entities:
            name = source.secret_of(form)
            path = secret_path(folder, name)
            if not path.exists() and not environ.get(PREFIX + name.upper()):
                write_private(path, secrets.token_urlsafe(32) + "\n")


class SecretReader:
    """Reads secrets from variables and files; a changed file is read anew without a restart.

    Args:
        folder: `$COCKPIT_HOME/secrets`.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._environ = environ
        # Name -> (state of its file, secrets).
        self._read: dict[str, tuple[tuple[int, int], tuple[bytes, ...]]] = {}

    def valid(self, name: str) -> tuple[bytes, ...]:
        """The secrets of this name, at least one.

        Raises:
            StackError: there is none; the message never holds one.
        """
        text = self._environ.get(PREFIX + name.upper())
        if text:
            return _usable(text.replace(",", "\n"), PREFIX + name.upper())
        path = secret_path(self._folder, name)
        try:
            status = path.stat()
            state = (status.st_mtime_ns, status.st_size)
            if name not in self._read or self._read[name][0] != state:
                self._read[name] = (state, _usable(path.read_text(encoding="utf-8"), str(path)))
        except FileNotFoundError as error:
            raise StackError(
                _("this secret does not exist"), where=str(path), fix=_("Run './cockpit up', which makes it.")
            ) from error
        return self._read[name][1]


def _usable(text: str, where: str) -> tuple[bytes, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    usable = [line.encode() for line in lines[:_VALID_AT_ONCE] if len(line) >= _LEAST_LENGTH]
    if not usable:
        raise StackError(
            _("no usable secret"), where=where, allowed=_("{count} characters or more", count=_LEAST_LENGTH)
        )
    if len(lines) > len(usable):
        logger.warning("%s: %s of %s secrets are valid", where, len(usable), len(lines))
    return tuple(usable)
