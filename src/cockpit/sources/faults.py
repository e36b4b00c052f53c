"""Turn a database driver's errors into ours: whether another try can help, and where it happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _


@contextmanager
def database_errors(where: str) -> Iterator[None]:
    """Translate psycopg2's errors that leave the block.

    Args:
        where: `source.entity`, for the message.

    Raises:
        TransientError: connection lost, server stopping, disk full, deadlock.
        TerminalError: any other refusal, such as a missing right.
    """
    try:
        yield
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise TransientError(
            _("the database broke off: {reason}", reason=_reason(error)),
            where=where,
            fix=_("Nothing of this batch was written; run the load again."),
        ) from error
    except psycopg2.Error as error:
        raise TerminalError(_("the database refused: {reason}", reason=_reason(error)), where=where) from error


def _reason(error: psycopg2.Error) -> str:
    # Only the first line: the detail may quote rows.
    return str(error).strip().partition("\n")[0] or type(error).__name__
