"""After a build of the marts: what people see first is computed before they come."""

from __future__ import annotations

import logging

from cockpit.bi.warm import Warmed, by_importance, warm
from cockpit.errors import StackError
from cockpit.i18n import LANGUAGES, _
from cockpit.rulebook.security import load_security
from cockpit.rulebook.workspace import Workspace
from cockpit.stack.settings import Settings

logger = logging.getLogger(__name__)

AT_A_TIME = 2
SECONDS = 120.0


def compute_first_views(
    settings: Settings, workspace: Workspace, *, at_a_time: int = AT_A_TIME, seconds: float = SECONDS
) -> Warmed:
    """Ask Superset for everybody's first view, in the platform's language before the others.

    Raises:
        StackError: the workspace has no people.
        TransientError: Superset does not answer.
    """
    if workspace.settings.security is None:
        raise StackError(
            _("nobody may look at this workspace"), where=workspace.name, fix=_("Add security: to its workspace.yml.")
        )
    rules = load_security(workspace.folder / workspace.settings.security)
    usernames = by_importance(rules)
    languages = sorted(LANGUAGES, key=lambda lang: lang != settings.language)
    passwords = {username: settings.secret(f"user_{username}") for username in usernames}
    return warm(settings.superset_address, usernames, passwords, languages, at_a_time=at_a_time, seconds=seconds)


def compute_first_views_quietly(settings: Settings, workspace: Workspace) -> Warmed | None:
    """As `compute_first_views`; a fault is written to the log, because the marts are right without it."""
    try:
        return compute_first_views(settings, workspace)
    except Exception as error:
        logger.warning("first views were not computed: %s", error)
        return None
