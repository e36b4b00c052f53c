"""Whom a task can be given to."""

from __future__ import annotations

from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.pipelines.recipients import push_rules
from cockpit.rulebook.security import load_security
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views.database import select
from cockpit_airflow.views.desk.queue import SQL


def known_owners(connection: PgConnection, context: BuildContext) -> list[str]:
    """People with a login, teams, owners of tables, and everybody who has an open task: sorted names."""
    workspace = context.workspace
    names = {row["owner"] for row in select(connection, SQL / "owners.sql")}
    connection.rollback()
    for source in workspace.sources.values():
        names |= {source.owner, *(entity.owner for entity in source.entities.values() if entity.owner)}
    if workspace.settings.security:
        names |= set(load_security(workspace.folder / workspace.settings.security).people)
    rules = push_rules(workspace)
    if rules:
        names |= set(rules.teams)
    return sorted(names)


def require_known(connection: PgConnection, context: BuildContext, owner: str) -> None:
    """Refuse a name that nobody has: a task of nobody is seen by nobody.

    Raises:
        TerminalError: nobody has it.
    """
    if owner.strip() not in known_owners(connection, context):
        raise TerminalError(
            _("nobody is known by this name"), where="owner", fix=_("Choose one of the names that the page offers.")
        )
