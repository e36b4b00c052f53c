"""The errors that users see.

Every error says where, what was found, what is allowed and what to do. Its kind tells a scheduler
whether another try can help and tells the command line which exit code to give.
"""

from __future__ import annotations

from cockpit.i18n import _


class CockpitError(Exception):
    """Base of all expected errors; the command line prints it without a traceback.

    Args:
        message: What went wrong, one sentence, already translated, never with personal data or secrets.
        where: `file:line`, table, service or source that it concerns.
        found: The offending value.
        allowed: What would have been accepted.
        fix: What to do now; a command where there is one.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        found: object = None,
        allowed: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.message = message
        self.where = where
        self.found = found
        self.allowed = allowed
        self.fix = fix
        super().__init__(self._text())

    def _text(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        detail = []
        if self.found is not None:
            detail.append(_("found {value}", value=repr(self.found)))
        if self.allowed:
            detail.append(_("allowed: {values}", values=self.allowed))
        text = f"{head} ({'; '.join(detail)})" if detail else head
        return f"{text}. {self.fix}" if self.fix else text


class TerminalError(CockpitError):
    """Another try gives the same result; a person has to act."""


class UsageError(TerminalError):
    """The command line was not understood."""

    exit_code = 2


class RuleFileError(TerminalError):
    """A file under include/ (or a workspace) is wrong; raised before any data are touched."""

    exit_code = 3


class StackError(TerminalError):
    """The platform's own services are not there or not usable."""

    exit_code = 4


class TransientError(CockpitError):
    """The same call may succeed later: connection lost, server starting, lock held."""

    exit_code = 75
