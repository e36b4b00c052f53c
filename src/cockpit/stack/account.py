"""Run the database server as an ordinary user when the platform itself is started by root.

PostgreSQL refuses to run as root. Everything else of the platform runs as whoever started it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path

from cockpit.errors import StackError
from cockpit.i18n import _

_ACCOUNTS = ("postgres", "nobody")
# Position of CAP_DAC_READ_SEARCH in the capability sets of linux/capability.h.
_DAC_READ_SEARCH = 2


def account() -> pwd.struct_passwd | None:
    """The user that the server runs as; None when no change of user is needed.

    Raises:
        StackError: started by root on a system without such a user.
    """
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StackError(
        _("there is no user to run PostgreSQL as"), allowed=", ".join(_ACCOUNTS), fix=_("Create the user 'postgres'.")
    )


def give(path: Path) -> None:
    """Hand a file or folder to the server's user."""
    user = account()
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def prefix(path: Path) -> list[str]:
    """The words before a command that make it run as the server's user.

    Args:
        path: The folder that the command works in; where a folder above it is closed to that user (for example
            after `mktemp -d`), the command may search and read, but never write, past file permissions.

    Returns:
        Empty when not root.

    Raises:
        StackError: started by root, and setpriv or the permission to pass closed folders is not available.
    """
    user = account()
    if user is None:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackError(
            _("PostgreSQL does not run as root, and 'setpriv' is not installed"),
            fix=_("Install util-linux, or start ./cockpit as an ordinary user."),
        )
    words = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    closed = closed_folder(path, user)
    if closed is not None:
        if not _may_pass_on(_DAC_READ_SEARCH):
            raise StackError(
                _("the user '{user}' cannot pass through this folder", user=user.pw_name),
                where=str(closed),
                fix=_("Open it (chmod o+x), or set COCKPIT_HOME to a folder that everyone can pass through."),
            )
        words += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return [*words, "--"]


def closed_folder(path: Path, user: pwd.struct_passwd) -> Path | None:
    """The topmost existing folder above `path` that a user without supplementary groups cannot pass through."""
    for folder in reversed(path.parents):
        if not folder.exists():
            return None
        status = folder.stat()
        if status.st_uid == user.pw_uid:
            needed = stat.S_IXUSR
        elif status.st_gid == user.pw_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return folder
    return None


def _may_pass_on(capability: int) -> bool:
    """Whether this process may give a capability to a child (Linux; containers often drop some)."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return False
    sets = dict(line.split(":\t", 1) for line in lines if line.startswith("Cap"))
    return all(int(sets[name], 16) >> capability & 1 for name in ("CapBnd", "CapPrm"))
