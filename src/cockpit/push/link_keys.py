"""The secrets that sign links to tasks: the first one signs, all of them are valid."""

from __future__ import annotations

from pathlib import Path

from cockpit.domain.task_link import MINIMUM_SECRET_BYTES
from cockpit.errors import StackError
from cockpit.i18n import _

FILE_NAME = "task_link_key"


def read_link_keys(path: Path) -> tuple[bytes, ...]:
    """Read the file of the secrets, one per line; read it anew for each use, so that a replaced one counts at once.

    To replace one: write a new one as the first line, keep the old one below until its links have expired.

    Args:
        path: `$COCKPIT_HOME/secrets/task_link_key`.

    Raises:
        StackError: there is no such file, or a line is too short; the message never holds one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise StackError(
            _("this secret does not exist"), where=str(path), fix=_("Run './cockpit up', which makes it.")
        ) from error
    keys = tuple(line.strip().encode() for line in text.splitlines() if line.strip())
    if not keys or any(len(key) < MINIMUM_SECRET_BYTES for key in keys):
        raise StackError(
            _("no usable secret"), where=str(path), allowed=_("{count} characters or more", count=MINIMUM_SECRET_BYTES)
        )
    return keys
