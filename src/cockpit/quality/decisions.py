"""What a text stands for, decided by a steward: used from the next run on, like a synonym of the rule file."""

from __future__ import annotations

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.normalise.decided import decision_key
from cockpit.domain.normalise.standard import Standard
from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality.answers import checked_reason
from cockpit.rulebook.normalisation import load_standardiser
from cockpit.warehouse import builds
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.staging import overlay_of
from cockpit.warehouse.standardised import memory_of


def decide(
    connection: PgConnection, context: BuildContext, kind: str, text: str, answer: str, reason: str, by: str
) -> Standard:
    """Store what a text stands for and have the rows that hold it computed again.

    Args:
        connection: To the workspace's database, not in a transaction.
        context: Clock, models.
        kind: What the text was standardised as.
        text: As received; texts that differ in width, script or case only are decided with it.
        answer: A text that the rule understands, such as a code.
        reason: In the steward's words; kept.
        by: User name of the steward.

    Returns:
        What the text stands for now.

    Raises:
        TerminalError: the rule does not understand the answer.
    """
    folder = context.workspace.normalisation_folder
    if folder is None:
        raise TerminalError(_("this workspace standardises nothing"), where=context.workspace.name)
    standard = load_standardiser(folder, kind).standardise(answer)
    if standard.outcome != "ok":
        raise TerminalError(
            _("the answer is no value of this kind: {reason}", reason=standard.reason),
            where=kind,
            fix=_("Try it with './cockpit standardise {kind}'.", kind=kind),
        )
    with database_errors("quality.decision"), connection, connection.cursor() as cursor:
        cursor.execute(
            "insert into quality.decision (kind, text, answer, reason, decided_by) values (%s, %s, %s, %s, %s)",
            (kind, decision_key(text), answer, checked_reason(reason), by),
        )
        _forget(cursor, context, kind, text)
    return standard


def take_back(connection: PgConnection, context: BuildContext, decision_id: int, by: str) -> None:
    """Let the rule file speak again about a text.

    Raises:
        TerminalError: there is no such decision in force.
    """
    with database_errors("quality.decision"), connection, connection.cursor() as cursor:
        cursor.execute(
            "update quality.decision set undone_by = %s, undone_at = clock_timestamp()"
            " where decision_id = %s and undone_at is null returning kind, text",
            (by, decision_id),
        )
        found = cursor.fetchone()
        if found is None:
            raise TerminalError(_("this decision is not in force"), found=decision_id)
        _forget(cursor, context, *found)


def _forget(cursor: PgCursor, context: BuildContext, kind: str, text: str) -> None:
    """Forget the results for the text and its other spellings, and have their rows computed again."""
    key = decision_key(text)
    cursor.execute(f"select distinct text from {memory_of(kind)} where outcome <> 'ok' or reason = 'decided'")
    spellings = [spelling for (spelling,) in cursor.fetchall() if decision_key(spelling) == key]
    cursor.execute(f"delete from {memory_of(kind)} where text = any(%s)", (spellings,))
    for model in context.graph.layer("staging"):
        columns = [column.name for column in model.standardised if column.kind == kind]
        if not columns:
            continue
        condition = " or ".join(f"{name}_received = any(%(spellings)s)" for name in columns)
        cursor.execute(f"select source_key from {model.qualified_name} where {condition}", {"spellings": spellings})
        keys = [row_key for (row_key,) in cursor.fetchall()]
        if keys:
            builds.note_changed_rows(cursor, overlay_of(model.name), keys, f"decision__{kind}", context.as_of)
