"""Give a task to somebody else; who had it before, who gave it on and why is kept."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality.answers import checked_reason
from cockpit.warehouse.faults import database_errors

_LONGEST_OWNER = 100


def assign(connection: PgConnection, tasks: Sequence[int], owner: str, reason: str, by: str) -> int:
    """Make somebody the owner of tasks; links that were sent are useless from then on.

    Args:
        connection: To the workspace's database, not in a transaction.
        tasks: Their numbers; closed ones and those that the owner has already stay as they are.
        owner: User name of a person, or a unit.
        reason: In the author's words; kept.
        by: User name of who gives them on.

    Returns:
        How many have another owner now.

    Raises:
        TerminalError: no reason, or no usable name.
    """
    name = owner.strip()
    if not name or len(name) > _LONGEST_OWNER or not name.isprintable():
        raise TerminalError(
            _("this is no name of a person or unit"),
            where="owner",
            allowed=_("1 to {count} characters", count=_LONGEST_OWNER),
        )
    text = checked_reason(reason)
    with database_errors("quality.task"), connection, connection.cursor() as cursor:
        # In one order, so that two who assign at the same time do not wait for each other in a circle.
        cursor.execute(
            "select task_id, owner from quality.task"
            " where task_id = any(%s) and closed_at is null and owner <> %s order by task_id for update",
            (list(tasks), name),
        )
        before = cursor.fetchall()
        numbers = [number for number, _owner in before]
        cursor.execute(
            "insert into quality.assignment (task_id, owner_before, owner_after, reason, made_by)"
            " select task_id, owner, %s, %s, %s from quality.task where task_id = any(%s)",
            (name, text, by, numbers),
        )
        cursor.execute(
            "update quality.task set owner = %s, link_version = link_version + 1 where task_id = any(%s)",
            (name, numbers),
        )
    return len(numbers)
