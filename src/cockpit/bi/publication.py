"""From draft to published dashboard: what may follow what, and which roles a dashboard can be shown to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from cockpit.bi.compositions import NotAllowedError
from cockpit.bi.marts import marts_read_by
from cockpit.rulebook.security import SecurityRules


class Action(StrEnum):
    """A step in the life of a dashboard; the last one says how it stands."""

    ASKED = "asked"
    TAKEN_BACK = "taken_back"
    APPROVED = "approved"
    REFUSED = "refused"
    RETURNED = "returned"


# A step and the ones it may follow; None is a draft that nobody has asked to publish yet.
_AFTER: Mapping[Action, frozenset[Action | None]] = {
    Action.ASKED: frozenset({None, Action.TAKEN_BACK, Action.REFUSED, Action.RETURNED}),
    Action.TAKEN_BACK: frozenset({Action.ASKED}),
    Action.APPROVED: frozenset({Action.ASKED}),
    Action.REFUSED: frozenset({Action.ASKED}),
    Action.RETURNED: frozenset({Action.APPROVED}),
}
_DECISIONS = (Action.APPROVED, Action.REFUSED)


def is_locked(last: Action | None, *, is_published: bool) -> bool:
    """Whether a dashboard and its charts stay as they are: somebody is looking at them, or everybody is."""
    return is_published or last is Action.ASKED


def check_step(step: Action, last: Action | None, username: str, owners: Iterable[str], reason: str) -> None:
    """Refuse a step that does not follow, is not this person's to take, or has no reason.

    Args:
        step: What the person wants.
        last: The step before; None when there is none.
        username: Who takes it.
        owners: Whose dashboard it is.
        reason: Why; needed by requests and refusals.
    """
    if last not in _AFTER[step]:
        raise NotAllowedError("refused_step")
    is_owner = username in owners
    if step in _DECISIONS and is_owner:
        raise NotAllowedError("refused_own")
    if step in (Action.ASKED, Action.TAKEN_BACK) and not is_owner:
        raise NotAllowedError("refused_foreign")
    if step in (Action.ASKED, Action.REFUSED) and not reason.strip():
        raise NotAllowedError("refused_without_reason")


def roles_that_read(rules: SecurityRules, queries: Iterable[str]) -> tuple[str, ...]:
    """Roles whose subjects cover every mart that these datasets' queries read.

    A query that reads no mart is nobody's to show: who may see it cannot be told.
    """
    marts = [marts_read_by(query) for query in queries]
    if not marts or not all(marts):
        return ()
    wanted = frozenset[str]().union(*marts)
    readable = rules.readable()
    return tuple(name for name in rules.roles if wanted <= {entry.mart for entry in readable if entry.role == name})


def version_of(layout: Sequence[str | None], charts: Iterable[Sequence[str | None]]) -> str:
    """A short text that changes with the content: approved is what was looked at.

    Args:
        layout: Title, position and metadata of the dashboard.
        charts: What each of its charts consists of, in any order.
    """
    content: Any = [list(layout), sorted(map(list, charts), key=str)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
