"""Who messages go to and how they are reached: the rules, the people who log in, and the users of a source."""

from __future__ import annotations

from pathlib import Path

from psycopg2.extensions import cursor as PgCursor

from cockpit.push.message import Recipient, Resolver, directory_of_people, make_resolver
from cockpit.rulebook.push import PushRules, load_push
from cockpit.rulebook.security import Person, load_security
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import parse_query

# Beside the rules: a query with username, name, email and mobile of people who have no login here.
_ADDRESSES = "addresses.sql"


def push_rules(workspace: Workspace) -> PushRules | None:
    """The rules about messages; None for a workspace that sends none.

    Raises:
        RuleFileError: a file is wrong.
    """
    folder = workspace.settings.push
    return load_push(workspace.folder / folder, _people(workspace)) if folder else None


def resolver(cursor: PgCursor, context: BuildContext) -> Resolver:
    """How people are reached: by the address of their login, else by the one that a source has.

    Raises:
        RuleFileError: the query for addresses is not readable.
    """
    return make_resolver(directory_of_people(_people(context.workspace)), _from_source(cursor, context))


def _people(workspace: Workspace) -> dict[str, Person]:
    folder = workspace.settings.security
    return dict(load_security(workspace.folder / folder).people) if folder else {}


def _from_source(cursor: PgCursor, context: BuildContext) -> dict[str, Recipient]:
    workspace = context.workspace
    path: Path = workspace.folder / str(workspace.settings.push) / _ADDRESSES
    if not path.exists():
        return {}
    query = parse_query(path.read_text(encoding="utf-8"), path)
    cursor.execute(query.render(context.parameters()))
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {
        row["username"]: Recipient(row["username"], row["name"] or "", row["email"], row["mobile"])
        for row in rows
        if row["username"]
    }
