"""Turn a database driver's errors into ours: whether another try can help, and where it happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.errors import DiskFull

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _


@contextmanager
def database_errors(where: str) -> Iterator[None]:
    """Translate psycopg2's errors that leave the block, which must be one transaction or hold several whole ones.

    Args:
        where: `source.entity` or the model, for the message.

    Raises:
        TransientError: connection lost, server stopping, disk full, deadlock.
        TerminalError: any other refusal, such as a missing right or an expression that fails on the data.
    """
    try:
        yield
    except DiskFull as error:
        raise TransientError(
            _("the database's disk is full"),
            where=where,
            fix=_("Free space, then run it again; nothing of this step was kept."),
        ) from error
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise TransientError(
            _("the database broke off: {reason}", reason=_reason(error)),
            where=where,
            fix=_("Nothing of this step was kept; run it again. See './cockpit status'."),
        ) from error
    except psycopg2.Error as error:
        raise TerminalError(
            _("the database refused: {reason}", reason=_reason(error)),
            where=where,
            fix=_("What was there before is unchanged."),
        ) from error


def _reason(error: psycopg2.Error) -> str:
    # Only the first line: the detail may quote rows.
    return str(error).strip().partition("\n")[0] or type(error).__name__
