"""What the login of the pages for tasks may do: look at rows with an open task, and write answers about them.

It is the login behind addresses that are reachable without a password, so PostgreSQL refuses what answering does not
need (docs/adr/0017-task-links.md). Which columns it reads follows from the rules.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

from cockpit.quality.quarantine import source_entity
from cockpit.quality.row_rules import asked_columns
from cockpit.warehouse.models import ModelGraph
from cockpit.warehouse.standardised import memory_of

# The login; where a server does not have it, there are no pages for tasks.
ROLE = "cockpit_tasks"

_OPEN = (
    "exists (select from quality.task as open_task where open_task.source = {source}"
    " and open_task.entity = {entity} and open_task.key = {table}.key and open_task.closed_at is null)"
)
_MAY_BE_READ = {
    "quality.task": ("task_id", "source", "entity", "key", "owner", "state", "link_version", "opened_at", "closed_at"),
    "quality.quarantine": ("source", "entity", "key", "rule_id", "message", "message_zh", "released_at"),
    "quality.decision": ("decision_id", "kind", "text", "answer", "undone_at"),
    "quality.correction": ("correction_id", "source", "entity", "key", "kind", "changes", "undoes"),
    "quality.correction_end": ("correction_id", "column_name"),
    "quality.overlay": ("source", "entity", "key", "patch"),
    "ops.model_build": ("build_id",),
}
_MAY_BE_WRITTEN = (
    ("insert", "quality.correction", ()),
    ("update", "quality.task", ("state", "link_version")),
    ("insert", "quality.overlay", ()),
    ("update", "quality.overlay", ("patch",)),
    ("delete", "quality.overlay", ()),
    ("insert", "ops.model_build", ()),
    ("insert", "ops.changed_key", ()),
)


@dataclass(frozen=True)
class _Policy:
    """Which rows of a table the login sees (`using`) and may write (`check`); None for none at all."""

    using: str | None
    check: str | None = None


def _of_open_tasks(table: str, made: str = "true") -> _Policy:
    name = table.split(".")[1]
    condition = _OPEN.format(source=f"{name}.source", entity=f"{name}.entity", table=name)
    return _Policy(condition, f"{made} and {condition}")


_POLICIES = {
    "quality.task": _Policy("true", "state in ('answered', 'waiting') and closed_at is null"),
    "quality.correction": _of_open_tasks(
        "quality.correction", "made_through = 'link' and kind in ('correct', 'confirm')"
    ),
    "quality.overlay": _of_open_tasks("quality.overlay"),
    "ops.model_build": _Policy("true", "starts_with(model, 'overlay_') and kind = 'incremental'"),
    "ops.changed_key": _Policy(None, "starts_with(model, 'overlay_')"),
}


def let_answer(cursor: PgCursor, graph: ModelGraph) -> None:
    """Give the login its rights and take back those that no rule needs any more; can be repeated.

    Args:
        cursor: As the owner of the workspace, after all tables are there.
        graph: Its models.
    """
    cursor.execute("select current_database() from pg_roles where rolname = %s", (ROLE,))
    found = cursor.fetchone()
    if found is None:
        return
    # Policies lock their tables, and grants write the tables' entries in the catalogue. The other way round, a vacuum
    # that has a table and waits for its entry would wait for this transaction, and this transaction for the table.
    for table, policy in _policies(graph).items():
        _protect(cursor, table, policy)
    for statement in _grants(graph):
        cursor.execute(statement)
    cursor.execute(
        sql.SQL("grant temporary on database {} to {}").format(sql.Identifier(found[0]), sql.Identifier(ROLE))
    )


def described(graph: ModelGraph) -> str:
    """Changes whenever `let_answer` has something else to do."""
    text = "\n".join([*_grants(graph), *(f"{table} {policy}" for table, policy in _policies(graph).items())])
    return hashlib.sha256(text.encode()).hexdigest()


def _grants(graph: ModelGraph) -> list[str]:
    statements = [
        f"revoke all on all tables in schema raw, staging, quality, ops from {ROLE}",
        f"grant usage on schema raw, staging, quality, ops to {ROLE}",
    ]
    asked: dict[str, set[str]] = {}
    memories: set[str] = set()
    for model in graph.models.values():
        if not (model.is_source and model.is_gated):
            continue
        statements.append(f"grant select on raw.{'__'.join(source_entity(model))} to {ROLE}")
        memories |= {memory_of(column.kind) for column in model.standardised}
        for table, columns in asked_columns(model, graph).items():
            asked.setdefault(table, set()).update(columns)
    # Needed to make a table like it; a policy hides its rows.
    statements += [f"grant select on {memory} to {ROLE}" for memory in sorted(memories)]
    for table, columns in sorted({**{name: set(names) for name, names in _MAY_BE_READ.items()}, **asked}.items()):
        statements.append(f"grant select ({', '.join(sorted(columns))}) on {table} to {ROLE}")
    for right, table, names in _MAY_BE_WRITTEN:
        of_columns = f" ({', '.join(names)})" if names else ""
        statements.append(f"grant {right}{of_columns} on {table} to {ROLE}")
    return statements


def _policies(graph: ModelGraph) -> dict[str, _Policy]:
    policies = dict(_POLICIES)
    for model in graph.models.values():
        if model.is_source and model.is_gated:
            source, entity = source_entity(model)
            name = f"{source}__{entity}"
            policies[f"raw.{name}"] = _Policy(_OPEN.format(source=f"'{source}'", entity=f"'{entity}'", table=name))
            policies.update({memory_of(column.kind): _Policy(None) for column in model.standardised})
    return policies


def _protect(cursor: PgCursor, table: str, policy: _Policy) -> None:
    """Put the policy on a table unless it is there: that takes a lock for which readers wait."""
    mark = f"tasks_{hashlib.sha256(repr(policy).encode()).hexdigest()[:12]}"
    cursor.execute("select polname from pg_policy where polrelid = cast(%s as regclass)", (table,))
    present = {name for (name,) in cursor.fetchall()}
    if mark in present:
        return
    for name in present:
        if name.startswith("tasks_") or name == "others":
            cursor.execute(sql.SQL("drop policy {} on {}").format(sql.Identifier(name), sql.SQL(table)))
    cursor.execute(f"alter table {table} enable row level security")
    # For all other logins their grants decide, as before.
    cursor.execute(
        f"create policy others on {table} to public"
        f" using (current_user <> '{ROLE}') with check (current_user <> '{ROLE}')"
    )
    cursor.execute(
        f"create policy {mark} on {table} to {ROLE}"
        f" using ({policy.using or 'false'}) with check ({policy.check or 'false'})"
    )
