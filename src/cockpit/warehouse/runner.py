"""Build one model: compute its rows, apply the difference, remember what changed; all in one transaction.

Readers see the table before or after, never between, and never without its policies (ARCHITECTURE, decision 4).
"""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse import builds, standardised
from cockpit.warehouse.builds import Build, Kind, Reason
from cockpit.warehouse.connections import connect
from cockpit.warehouse.copy import copy_rows
from cockpit.warehouse.difference import AFFECTED, CHANGES, COMPUTED, Difference, apply_difference, count_as_changed
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.locks import exclusive
from cockpit.warehouse.models import Model, ModelGraph
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.sql_text import Query, Value
from cockpit.warehouse.standardised import RECEIVED
from cockpit.warehouse.tables import add_keys, drop_keys, ensure_table

log = logging.getLogger(__name__)

# Keys that changed in the tables which drive a model that a function builds; vanishes with the transaction.
_DRIVING = "driving"

# For each sort and hash of a build or check: few run at a time, and what does not fit is written to disk twice.
_WORK_MEMORY = "256MB"


class BlockedError(TerminalError):
    """A model is not built because a table that it reads, directly or through others, failed a check that stops."""


@dataclass(frozen=True)
class BuildContext:
    """What a build may depend on besides its tables.

    Attributes:
        as_of: The business clock (decision 9); aware.
        run_id: Who asked; Airflow's run id or the command line's.
    """

    workspace: Workspace
    graph: ModelGraph
    as_of: datetime
    run_id: str

    def parameters(self) -> dict[str, Value]:
        """Values for `:name` in models: clock, workspace and its YAML parameters."""
        local = self.as_of.astimezone(self.workspace.zone)
        return {
            "as_of": self.as_of,
            "business_date": local.date(),
            "time_zone": self.workspace.settings.time_zone,
            "currency": self.workspace.settings.currency,
            **self.workspace.parameters,
        }


@dataclass
class BuilderInput:
    """What a `built_by` function gets.

    Attributes:
        connection: Reads the build's own snapshot; cannot write.
        table: Name of the table that is built, without its schema: one function may build several.
        affected: Keys (see Contract.incremental) whose rows may have changed in the tables that drive the model; None
            when every row is to be computed. Their rows count as changed for those who read the table, also where they
            come out as before: what they stand for has changed.
        replaced: Set by the function, before its last row, when its rows are those of these keys alone; None when they
            are all.
        afterwards: What the function adds here is called in the transaction of the build, once its rows are in place:
            where it has more to write than the table, all of it is kept or nothing.
    """

    connection: PgConnection
    context: BuildContext
    table: str
    affected: Sequence[tuple[str, ...]] | None = None
    replaced: Collection[tuple[str, ...]] | None = None
    afterwards: list[Callable[[PgCursor], None]] = field(default_factory=list)


# Table -> its key columns and the table of affected keys; see Query.render_for_keys.
Narrowing: TypeAlias = dict[str, tuple[Sequence[str], str]]
Builder: TypeAlias = Callable[[BuilderInput], Iterable[Sequence[object]]]
# Called in the transaction of a build that changed rows, with the name of the table that was built and the table of
# what changed; see Contract.after.
After: TypeAlias = Callable[[PgCursor, BuildContext, str, str | None], None]


def build(connection: PgConnection, model: Model, context: BuildContext, *, full: bool = False) -> Build:
    """Bring one table up to date and record the build.

    Args:
        connection: To the workspace's database, not in a transaction.
        model: What to build; the tables that it reads must have been built.
        context: Clock, parameters and run id.
        full: Compute every row, also where only some are affected.

    Returns:
        The build with the number of rows that differ; kind 'fresh' when nothing it reads has changed.

    Raises:
        TerminalError: the SQL fails; the table stays as it was.
        BlockedError: a table behind it failed a check that stops; the table stays as it was.
        TransientError: connection lost or a deadlock; the table stays as it was.
        RuleFileError: a rule file that it depends on is wrong; the table stays as it was.
    """
    model.require_rules()
    started = time.monotonic()
    with database_errors(str(model.origin)), exclusive(connection, f"build {model.qualified_name}"):
        with connection, connection.cursor() as cursor:
            result = _Step(connection, cursor, model, context, started).run(full=full)
        if model.standardised and result.kind != "fresh":
            with connection, connection.cursor() as cursor:
                standardised.remember(cursor, model.standardised)
        return result


def due(connection: PgConnection, models: Sequence[Model], context: BuildContext) -> list[Model]:
    """Which models a build would do something for, directly or because it would for one that they read.

    The others are recorded as fresh, as their build would have been.

    Args:
        connection: To the workspace's database, not in a transaction.
        models: In building order; what they read besides has been built.
        context: Clock, parameters and run id.

    Returns:
        Those to build, in the same order; one whose rule file is wrong is among them, and its build says so.

    Raises:
        TerminalError, TransientError: as for `build`; nothing is recorded.
    """
    found: dict[str, Model] = {}
    with database_errors("ops.model_build"), connection, connection.cursor() as cursor:
        for model in models:
            follows = any(upstream.name in found for upstream in context.graph.upstream(model))
            if follows or model.fault or not _Step(connection, cursor, model, context).record_if_fresh():
                found[model.name] = model
    return list(found.values())


@dataclass(frozen=True)
class _State:
    """What a build starts from.

    Attributes:
        upstream: Table that the model reads -> its version now.
        fingerprint: Of everything else that its rows depend on.
        last: The build before; None when there was none.
        is_same: Whether that one had the same fingerprint, and what it made is still there.
    """

    upstream: dict[str, int]
    fingerprint: str
    last: Build | None
    is_same: bool

    @property
    def is_fresh(self) -> bool:
        """Whether a build would find nothing new."""
        return self.last is not None and self.is_same and self.last.upstream == self.upstream


class _Step:
    """One build within its transaction."""

    def __init__(
        self,
        connection: PgConnection,
        cursor: PgCursor,
        model: Model,
        context: BuildContext,
        started: float | None = None,
    ) -> None:
        self._connection = connection
        self._cursor = cursor
        self._model = model
        self._context = context
        self._started = time.monotonic() if started is None else started
        self._values = context.parameters()
        self._tracked = changed_columns(model, context.graph)
        self._has_changes = False
        self._is_partial = False
        self._is_unlisted = False
        self._reason = ""
        self._afterwards: list[Callable[[PgCursor], None]] = []

    def run(self, *, full: bool) -> Build:
        set_up(self._cursor, self._context)
        state = self._state()
        last, upstream = state.last, state.upstream
        if state.is_fresh and not full:
            return self._record_fresh(state)
        self._require_passed()
        self._require_checked()
        self._because("first" if last is None else "asked" if full and state.is_same else "definition")
        if self._model.contract.materialised == "view":
            return self._view(state.fingerprint, upstream)
        reshaped = ensure_table(self._cursor, self._model, self._context.workspace.models_folder)
        if reshaped and last and state.is_same:
            self._because("reshaped")
        affected = self._affected(last, upstream) if last and state.is_same and not full and not reshaped else None
        if affected is None and last and self._model.query is None and self._model.contract.incremental:
            driving = {*upstream} - {*self._model.contract.incremental.followed}
            self._is_unlisted = any(upstream[table] != last.upstream.get(table) for table in driving)
        difference = self._apply(affected)
        if affected is not None and not self._is_partial:
            self._because("by_function")
        return self._record("incremental" if self._is_partial else "full", difference, state.fingerprint, upstream)

    def record_if_fresh(self) -> bool:
        """Whether a build would find nothing new; recorded as one that did when it would."""
        state = self._state()
        if state.is_fresh:
            self._record_fresh(state)
        return state.is_fresh

    def _state(self) -> _State:
        upstream = {table: builds.version(self._cursor, table) for table in sorted(self._model.reads)}
        fingerprint = self._fingerprint()
        last = builds.last_build(self._cursor, self._model.name)
        is_same = last is not None and last.fingerprint == fingerprint and self._is_there()
        return _State(upstream, fingerprint, last, is_same)

    def _record_fresh(self, state: _State) -> Build:
        self._because("unchanged")
        return self._record("fresh", Difference(), state.fingerprint, state.upstream)

    def _because(self, reason: Reason, table: str = "") -> None:
        self._reason = f"{reason} {table}".strip()

    def _is_there(self) -> bool:
        """A view goes when a table that it reads is given another shape."""
        if self._model.contract.materialised != "view":
            return True
        self._cursor.execute("select to_regclass(%s) is not null", (self._model.qualified_name,))
        return bool(one_row(self._cursor)[0])

    def _require_passed(self) -> None:
        """Keep the rows of before while a table behind this one fails a check that stops."""
        gates = [gate.name for gate in self._context.graph.gates(self._model)]
        failing = builds.stopped(self._cursor, gates) if gates else set()
        if failing:
            raise BlockedError(
                _("waits for {tables}: a check has stopped what lies downstream", tables=", ".join(sorted(failing))),
                where=self._model.name,
                fix=_("Correct the rows or the check; Data Docs and quality.check_result say which."),
            )

    def _require_checked(self) -> None:
        """Refuse to read rows that no check has seen: an unchecked row must not pass as a good one."""
        for upstream in self._context.graph.upstream(self._model):
            if upstream.is_gated and not builds.is_checked(self._cursor, upstream.qualified_name):
                # Another source's checks may be under way; a failed one has to be run again.
                raise TransientError(
                    _("reads {table}, which has changed since its last check", table=upstream.name),
                    where=self._model.name,
                    fix=_("Run the checks of its layer first."),
                )

    def _fingerprint(self) -> str:
        names = self._model.parameters
        unknown = sorted(names - set(self._values))
        if unknown:
            raise TerminalError(
                _("uses an unknown parameter"),
                where=str(self._model.origin),
                found=f":{unknown[0]}",
                allowed=", ".join(f":{name}" for name in sorted(self._values)),
            )
        used = {name: str(self._values[name]) for name in sorted(names)}
        text = json.dumps([self._model.definition, used])
        digest = hashlib.sha256(text.encode())
        for rules in self._model.contract.rules:
            file = self._context.workspace.models_folder.parent / "rules" / rules
            # Whoever applies the rules says what is wrong with a file that is not there.
            digest.update(file.read_bytes() if file.exists() else b"")
        return digest.hexdigest()[:16]

    def _view(self, fingerprint: str, upstream: dict[str, int]) -> Build:
        if self._model.query is None:
            raise LookupError(f"{self._model.name} is a view without SQL; load_models refuses such a model")
        self._cursor.execute(
            f"create or replace view {self._model.qualified_name} as {self._model.query.render(self._values)}"
        )
        return self._record("full", Difference(), fingerprint, upstream)

    def _affected(self, last: Build, upstream: dict[str, int]) -> Narrowing | None:
        """Collect the keys whose rows must be computed again; None when they cannot be named."""
        incremental = self._model.contract.incremental
        if incremental is None:
            self._because("whole")
            return None
        changed = {
            table: last.upstream.get(table, 0) for table in upstream if upstream[table] != last.upstream.get(table)
        }
        driving = {table: since for table, since in changed.items() if table not in incremental.followed}
        for table, since in driving.items():
            if incremental.asks(table) is None:
                self._because("unlisted", table)
                return None
            if not builds.keys_are_known(self._cursor, table, since):
                self._because("unknown_keys", table)
                return None
        self._because("keys")
        types = [self._model.contract.columns[column].type for column in incremental.key]
        definition = ", ".join(f"key_{number} {kind}" for number, kind in enumerate(types, start=1))
        self._cursor.execute(f"create temp table {AFFECTED} ({definition}) on commit drop")
        for table, since in driving.items():
            if table in incremental.through:
                joined = incremental.through[table]
                own_types = [self._model.contract.columns[column].type for column in joined]
                builds.collect_joined(
                    self._cursor, AFFECTED, self._model.qualified_name, incremental.key, table, joined, own_types, since
                )
            elif table in incremental.via:
                shared = {column: column for column in incremental.via[table]}
                read = self._context.graph[table.split(".")[1]].contract.columns
                own_types = [read[column].type for column in shared]
                for driver, columns in incremental.reads.items():
                    builds.collect_joined(self._cursor, AFFECTED, driver, columns, table, shared, own_types, since)
            else:
                builds.collect_affected(self._cursor, AFFECTED, table, incremental.reads[table], types, since)
        self._cursor.execute(f"analyze {AFFECTED}")
        return {table: (columns, f"pg_temp.{AFFECTED}") for table, columns in incremental.reads.items()}

    def _apply(self, affected: Narrowing | None) -> Difference:
        """Compute rows and write the difference, and what else belongs to the build."""
        difference = self._write(affected)
        for write in self._afterwards:
            write(self._cursor)
        if self._model.contract.after and difference.total:
            after: After = _function(self._model.contract.after)
            changed = f"pg_temp.{CHANGES}" if self._has_changes else None
            after(self._cursor, self._context, self._model.name, changed)
        return difference

    def _write(self, affected: Narrowing | None) -> Difference:
        table = self._model.qualified_name
        self._cursor.execute(f"select not exists (select from {table})")
        (is_empty,) = one_row(self._cursor)
        # PostgreSQL refuses to copy into a table with row policies: what a function yields is copied beside it.
        if is_empty and not (self._model.layer == "marts" and self._model.query is None):
            # Nothing to compare with.
            drop_keys(self._cursor, self._model)
            inserted = self._compute(table, affected)
            add_keys(self._cursor, self._model)
            self._cursor.execute(f"analyze {table}")
            return Difference(inserted=inserted)
        self._compute(COMPUTED, affected)
        if self._is_partial:
            # All rows are compared in one pass, some are looked up.
            self._cursor.execute(f"create index on {COMPUTED} ({', '.join(self._model.contract.grain)})")
        self._cursor.execute(f"analyze {COMPUTED}")
        self._has_changes = True
        has_more = bool(self._model.contract.after) or (affected is not None and self._model.query is None)
        tracked = [*self._tracked, self._model.contract.grain] if has_more else self._tracked
        difference = apply_difference(self._cursor, self._model, tracked, only_affected=self._is_partial)
        builds.refresh_statistics(self._cursor, table, difference.total)
        if affected is not None and self._model.query is None:
            same = count_as_changed(self._cursor, self._model, tracked, _DRIVING)
            return replace(difference, updated=difference.updated + same)
        if self._is_unlisted and not difference.total:
            # What it stands for has changed; nobody knows where.
            return Difference(updated=1)
        return difference

    def _compute(self, into: str, affected: Narrowing | None) -> int:
        """Compute rows into the model's own empty table, or into a temporary one; how many they are."""
        contract = self._model.contract
        if self._model.query is None:
            if into == COMPUTED:
                definitions = ", ".join(f"{name} {column.type}" for name, column in contract.columns.items())
                self._cursor.execute(f"create temp table {COMPUTED} ({definitions}) on commit drop")
            return self._copy_from_builder(into, list(contract.columns), affected)
        self._is_partial = affected is not None
        sql = rows_of(self._cursor, self._model, self._context, affected)
        selected = ", ".join(
            f"cast(model.{name} as {column.type}) as {name}" for name, column in contract.columns.items()
        )
        selection = f"select {selected} from ({sql}) as model"
        if into == COMPUTED:
            # A table that is made by a select may be computed by several processes, an insert never.
            self._cursor.execute(f"create temp table {COMPUTED} on commit drop as {selection}")
        else:
            self._cursor.execute(f"insert into {into} ({', '.join(contract.columns)}) {selection}")
        return int(self._cursor.rowcount)

    def _copy_from_builder(self, into: str, columns: Sequence[str], affected: Narrowing | None) -> int:
        builder: Builder = _function(str(self._model.contract.built_by))
        keys: list[tuple[str, ...]] | None = None
        if affected is not None:
            self._cursor.execute(f"create temp table {_DRIVING} on commit drop as select distinct * from {AFFECTED}")
            self._cursor.execute(f"select * from {_DRIVING}")
            keys = self._cursor.fetchall()
        # A second connection, because the first will be busy with the COPY that these rows feed.
        self._cursor.execute("select pg_export_snapshot()")
        (snapshot,) = one_row(self._cursor)
        with closing(connect(self._context.workspace.settings.warehouse)) as reader:
            reader.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
            with reader.cursor() as cursor:
                cursor.execute("set transaction snapshot %s", (snapshot,))
            given = BuilderInput(reader, self._context, self._model.name, keys)
            count = copy_rows(self._cursor, into, columns, builder(given))
        self._afterwards = given.afterwards
        if given.replaced is not None:
            self._is_partial = True
            self._cursor.execute(f"truncate {AFFECTED}")
            names = [f"key_{number}" for number in range(1, len(self._key()) + 1)]
            copy_rows(self._cursor, AFFECTED, names, given.replaced)
            self._cursor.execute(f"analyze {AFFECTED}")
        return count

    def _key(self) -> tuple[str, ...]:
        return self._model.contract.incremental.key if self._model.contract.incremental else ()

    def _record(self, kind: Kind, difference: Difference, fingerprint: str, upstream: Mapping[str, int]) -> Build:
        # A first build lists no keys: nothing downstream can have been built before it.
        listable = (
            self._has_changes
            and not self._is_unlisted
            and builds.is_listable(self._cursor, self._model.qualified_name, difference.total)
        )
        result = Build(
            build_id=0,
            model=self._model.name,
            kind=kind,
            inserted=difference.inserted,
            updated=difference.updated,
            deleted=difference.deleted,
            fingerprint=fingerprint,
            upstream=dict(upstream),
            seconds=time.monotonic() - self._started,
            reason=self._reason,
        )
        build_id = builds.record(
            self._cursor,
            result,
            self._context.run_id,
            self._context.as_of,
            has_changed_keys=listable or difference.total == 0,
        )
        if listable and difference.total:
            builds.record_changed_keys(self._cursor, build_id, self._model.name, CHANGES, self._tracked)
        log.info("%s %s: %d rows changed in %.2f s", self._model.name, kind, result.changed, result.seconds)
        return replace(result, build_id=build_id)


def set_up(cursor: PgCursor, context: BuildContext) -> None:
    """Give the transaction of a build or check the business's time zone, and memory to work with."""
    cursor.execute(
        "select set_config('TimeZone', %s, true), set_config('work_mem', %s, true)",
        (context.workspace.settings.time_zone, _WORK_MEMORY),
    )


def rows_of(cursor: PgCursor, model: Model, context: BuildContext, affected: Narrowing | None = None) -> str:
    """The SQL of a model's rows, once what it needs beside its tables is there.

    Args:
        cursor: In a transaction; temporary tables with received and standardised texts are made in it.
        model: With SQL of its own.
        context: Clock and parameters.
        affected: Only rows of these keys; all when None.
    """
    values = context.parameters()

    def render(query: Query) -> str:
        return query.render_for_keys(values, affected) if affected else query.render(values)

    if model.query is None:
        raise LookupError(f"{model.name} is built by a function")
    rules = context.workspace.normalisation_folder
    if model.received is None or rules is None:
        return render(model.query)
    cursor.execute(f"drop table if exists pg_temp.{RECEIVED}")
    cursor.execute(f"create temp table {RECEIVED} on commit drop as {render(model.received)}")
    cursor.execute(f"analyze pg_temp.{RECEIVED}")
    standardised.fill(cursor, model.standardised, rules)
    return model.query.render(values)


def _function(name: str) -> Any:
    """The function of a contract's `module:function`."""
    module, _colon, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def changed_columns(model: Model, graph: ModelGraph) -> list[tuple[str, ...]]:
    """The sets of columns by which incremental models downstream, and the model's own checks, ask what changed here."""
    asked: dict[tuple[str, ...], None] = {}
    for other in graph.downstream(model):
        incremental = other.contract.incremental
        columns = incremental.asks(model.qualified_name) if incremental else None
        if columns is not None:
            asked[columns] = None
    if model.contract.checks:
        asked[model.contract.grain] = None
    return list(asked)
