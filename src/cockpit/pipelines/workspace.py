"""Prepare a workspace's database: bookkeeping, staging tables, ledger view, row security. Repeatable."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from psycopg2.extensions import connection as PgConnection

from cockpit import mdm, push, quality, warehouse
from cockpit.bi import scopes
from cockpit.bi.identity import read_identity_key
from cockpit.quality import completions, held_amounts, rights
from cockpit.rulebook.security import load_security
from cockpit.rulebook.sources import FormSource
from cockpit.sources import forms
from cockpit.sources.loading import ledger, raw_tables
from cockpit.warehouse import builds, staging, standardised
from cockpit.warehouse.connections import connect
from cockpit.warehouse.locks import exclusive
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.tables import ensure_table, protect

_LEDGER_VIEW = Path(__file__).parent / "import_ledger.sql"


def prepare(context: BuildContext) -> None:
    """Bring the database to what the rule files say; the data stay as they are.

    Raises:
        StackError: the database or its roles are not there.
    """
    with _preparing(context) as connection:
        _prepare(connection, context)


def prepare_once(context: BuildContext) -> None:
    """Prepare unless the same models, rules and people were prepared last; errors as for `prepare`."""
    with closing(connect(context.workspace.settings.warehouse)) as connection:
        if _is_prepared(connection, context):
            return
    with _preparing(context) as connection:
        # Another task may have done it while this one waited.
        if not _is_prepared(connection, context):
            _prepare(connection, context)


@contextmanager
def _preparing(context: BuildContext) -> Iterator[PgConnection]:
    with (
        closing(connect(context.workspace.settings.warehouse)) as connection,
        exclusive(connection, "prepare workspace"),
    ):
        yield connection


def _is_prepared(connection: PgConnection, context: BuildContext) -> bool:
    with connection, connection.cursor() as cursor:
        cursor.execute("select obj_description(to_regnamespace('ops'), 'pg_namespace')")
        return cursor.fetchone() == (_fingerprint(context),)


def _prepare(connection: PgConnection, context: BuildContext) -> None:
    ledger.prepare(connection)
    for source in context.workspace.sources.values():
        if isinstance(source, FormSource):
            forms.prepare_tables(connection, source)
    raw_tables.make_missing(connection, staging.raw_tables(context.workspace))
    for package in (warehouse, quality, push, mdm):
        _apply(connection, Path(str(package.__file__)).parent / "schema.sql")
    scopes.install_security(connection, context.workspace.models_folder / "security")
    _apply_people(connection, context)
    with connection, connection.cursor() as cursor:
        standardised.create_memory(
            cursor, [column for model in context.graph.models.values() for column in model.standardised]
        )
        held_amounts.drop(cursor)
        # Conformed ones too: core finds an empty table where a source has not delivered yet.
        tables = [entity.staging_table for entity in staging.source_entities(context.workspace)]
        for name in [*tables, *(model.name for model in context.graph.conformed())]:
            # One whose mapping cannot be read keeps its shape too.
            if not (context.graph[name].fault and context.graph[name].query is None):
                ensure_table(cursor, context.graph[name], context.workspace.models_folder)
        organisation = [name for name in scopes.ORGANISATION if name in context.graph.models]
        for name in organisation:
            ensure_table(cursor, context.graph[name], context.workspace.models_folder)
        scopes.bind_organisation(cursor, organisation)
        for mart in context.graph.layer("marts"):
            protect(cursor, mart, context.workspace.models_folder)
        cursor.execute(_LEDGER_VIEW.read_text(encoding="utf-8"))
        cursor.execute(completions.view(context.graph))
        cursor.execute(held_amounts.view(context))
        rights.let_answer(cursor, context.graph)
        builds.forget_old_keys(cursor)
        cursor.execute("comment on schema ops is %s", (_fingerprint(context),))


def _fingerprint(context: BuildContext) -> str:
    """Changes whenever another preparation could come out."""
    digest = hashlib.sha256(_LEDGER_VIEW.read_bytes())
    folders = [Path(__file__).parents[1], context.workspace.models_folder / "security"]
    if context.workspace.settings.security:
        folders.append(context.workspace.folder / context.workspace.settings.security)
    for folder in folders:
        for file in sorted((*folder.glob("*.yml"), *folder.glob("*.sql"), *folder.glob("*/schema.sql"))):
            digest.update(file.read_bytes())
    for model in context.graph.models.values():
        digest.update(model.definition.encode())
    digest.update(rights.described(context.graph).encode())
    digest.update(completions.view(context.graph).encode())
    digest.update(held_amounts.view(context).encode())
    home = os.environ.get("COCKPIT_HOME")
    if home and context.workspace.settings.security:
        digest.update(hashlib.sha256(read_identity_key(Path(home) / "secrets" / "identity_key")).digest())
    return f"Bookkeeping of CRM Cockpit, prepared as {digest.hexdigest()[:16]}"


def _apply_people(connection: PgConnection, context: BuildContext) -> None:
    folder = context.workspace.settings.security
    home = os.environ.get("COCKPIT_HOME")
    if folder and home:
        key = read_identity_key(Path(home) / "secrets" / "identity_key")
        rules = load_security(context.workspace.folder / folder)
        scopes.apply_security(connection, rules, context.workspace.zone, key)


def _apply(connection: PgConnection, script: Path) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(script.read_text(encoding="utf-8"))
