"""Memory of the runner: what was built from which state, and which keys each build changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse.rows import one_row

# Above this share of a table, listing changed keys costs more than a full build downstream.
_MAX_LISTED_SHARE = 0.2
_MIN_LISTED_ROWS = 10_000

# Above this share of a table, its statistics no longer say what is in it.
_ANALYSED_SHARE = 0.1
_MIN_ANALYSED_ROWS = 1_000

# In place of a fingerprint: a check that stopped something counts as not made, so that the next run looks again.
STOPPED = "stopped"

_STAGING_VERSION = (
    "coalesce((select max(build_id) from ops.model_build"
    " where starts_with(model, 'stg_') and inserted + updated + deleted > 0), 0)"
)

Kind = Literal["full", "incremental", "fresh", "check"]

# Why a build was of its kind; behind `unlisted` and `unknown_keys` stands the table that it is about.
Reason = Literal[
    # Nothing that it reads has changed.
    "unchanged",
    # There was none before, or the view had gone.
    "first",
    # SQL, contract, parameters, rules or business date are others.
    "definition",
    # Columns or key of the table have changed.
    "reshaped",
    # Every row was asked for.
    "asked",
    # Materialised as a table: any change computes all of it.
    "whole",
    # A table changed that `incremental` does not list.
    "unlisted",
    # So much of a table changed that its keys were not listed.
    "unknown_keys",
    # Only rows of the keys that changed.
    "keys",
    # The function that builds it computed all, although only some keys had changed.
    "by_function",
]


@dataclass(frozen=True)
class Build:
    """One build as recorded.

    Attributes:
        build_id: Grows with each build; 0 before the first.
        inserted, updated, deleted: Rows that differ from before.
        upstream: Table -> its version when this one was built from it.
        reason: A `Reason`, with a table where it is about one; empty for checks and builds of older versions.
    """

    build_id: int
    model: str
    kind: Kind
    inserted: int
    updated: int
    deleted: int
    fingerprint: str
    upstream: dict[str, int]
    seconds: float
    reason: str = ""

    @property
    def changed(self) -> int:
        """Rows that differ from before."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True)
class CheckedState:
    """What a check depends on.

    Attributes:
        rules: Fingerprint of the checks and of the values that they are asked with.
        versions: Table that they look at -> its content version.
    """

    rules: str
    versions: dict[str, int]


def last_build(cursor: PgCursor, model: str) -> Build | None:
    """The newest build that computed the table (checks and fresh ones repeat its fingerprint)."""
    cursor.execute(
        "select build_id, model, kind, inserted, updated, deleted, fingerprint, upstream,"
        " cast(seconds as double precision), reason from ops.model_build"
        " where model = %s and kind <> 'check' order by build_id desc limit 1",
        (model,),
    )
    row = cursor.fetchone()
    return Build(*row) if row else None


def last_seconds(cursor: PgCursor) -> dict[str, float]:
    """How long each model took when it last did something; models that were never built are not in it."""
    cursor.execute(
        "select distinct on (model) model, cast(seconds as double precision) from ops.model_build"
        " where kind in ('full', 'incremental') order by model, build_id desc"
    )
    return dict(cursor.fetchall())


def last_check(cursor: PgCursor, model: str) -> CheckedState | None:
    """What the newest check saw; None before the first."""
    cursor.execute(
        "select fingerprint, upstream from ops.model_build where model = %s and kind = 'check'"
        " order by build_id desc limit 1",
        (model,),
    )
    row = cursor.fetchone()
    return CheckedState(*row) if row else None


def content_version(cursor: PgCursor, table: str) -> int:
    """Like `version` but blind to checks, which only set flags."""
    cursor.execute(
        "select coalesce(max(build_id), 0) from ops.model_build"
        " where model = %s and kind <> 'check' and inserted + updated + deleted > 0",
        (table.split(".")[1],),
    )
    return int(one_row(cursor)[0])


def rows_added(cursor: PgCursor, model: str, since: int) -> int:
    """By how many rows the table has grown since a build, if it was not made anew; negative when it has shrunk."""
    cursor.execute(
        "select coalesce(sum(inserted - deleted), 0) from ops.model_build where model = %s and build_id > %s",
        (model, since),
    )
    return int(one_row(cursor)[0])


def is_checked(cursor: PgCursor, table: str) -> bool:
    """Whether the newest check has seen the newest rows; a table that never had any needs none."""
    newest = content_version(cursor, table)
    seen = last_check(cursor, table.split(".")[1])
    return newest == 0 or (seen is not None and seen.versions.get(table) == newest)


def stopped(cursor: PgCursor, models: Sequence[str]) -> set[str]:
    """Which of these models failed a check with `on_fail: stop` when they were last checked."""
    cursor.execute(
        "select model from (select distinct on (model) model, fingerprint from ops.model_build"
        " where kind = 'check' and model = any(%s) order by model, build_id desc) as newest where fingerprint = %s",
        (list(models), STOPPED),
    )
    return {name for (name,) in cursor.fetchall()}


def is_listable(cursor: PgCursor, table: str, changed: int) -> bool:
    """Whether the changed keys are few enough to be worth listing."""
    if changed <= _MIN_LISTED_ROWS:
        return True
    cursor.execute(
        "select %s <= greatest(reltuples, 0) * %s from pg_class where oid = to_regclass(%s)",
        (changed, _MAX_LISTED_SHARE, table),
    )
    return bool(one_row(cursor)[0])


def refresh_statistics(cursor: PgCursor, table: str, changed: int) -> None:
    """Let the planner know a table again when much of it has changed; its own service looks once a minute at most."""
    if changed < _MIN_ANALYSED_ROWS:
        return
    cursor.execute(
        "select %s > greatest(reltuples, 0) * %s from pg_class where oid = to_regclass(%s)",
        (changed, _ANALYSED_SHARE, table),
    )
    if one_row(cursor)[0]:
        cursor.execute(f"analyze {table}")


def version(cursor: PgCursor, table: str) -> int:
    """The state of a table as a number: the last build that changed it, for raw the last batch that did.

    Decisions on master data, and on what it is matched by, change with each one that is made. Bookkeeping changes with
    each batch and with each build or check of staging, which say where its rows are now; the money that is held back
    changes with the latter only.

    Args:
        cursor: Within the snapshot that the build reads.
        table: Schema-qualified.
    """
    schema, name = table.split(".")
    if schema == "raw":
        source, entity = name.split("__", 1)
        cursor.execute(
            "select coalesce(max(batch_id), 0) from ops.import_batch"
            " where source = %s and entity = %s and (loaded > 0 or deleted > 0)",
            (source, entity),
        )
    elif schema == "ops":
        cursor.execute(
            "select coalesce((select max(batch_id) from ops.import_batch), 0)"
            f" + coalesce((select max(change_id) from ops.schema_change), 0) + {_STAGING_VERSION}"
        )
    elif table in ("mdm.decision", "mdm.model_use"):
        # Written only, never changed.
        cursor.execute(f"select count(*) from {table}")
    elif table == "quality.held_amount":
        cursor.execute(f"select {_STAGING_VERSION}")
    elif table == "quality.quarantine":
        # Reasons come and go one by one, also of rows that stay where they are.
        cursor.execute("select coalesce(max(quarantine_id), 0) + count(released_at) from quality.quarantine")
    else:
        cursor.execute(
            "select coalesce(max(build_id), 0) from ops.model_build"
            " where model = %s and inserted + updated + deleted > 0",
            (name,),
        )
    return int(one_row(cursor)[0])


def keys_are_known(cursor: PgCursor, table: str, since: int) -> bool:
    """Whether every change of a table after that version can be named key by key."""
    schema, name = table.split(".")
    if schema == "raw":
        return since > 0
    cursor.execute(
        "select coalesce(bool_and(has_changed_keys), true) from ops.model_build"
        " where model = %s and build_id > %s and inserted + updated + deleted > 0",
        (name, since),
    )
    # Corrections begin with none; a table begins with a build that lists no keys.
    return bool(one_row(cursor)[0]) and (since > 0 or schema == "quality")


def collect_affected(
    cursor: PgCursor, into: str, table: str, columns: Sequence[str], types: Sequence[str], since: int
) -> None:
    """Add to table `into` (key_1, key_2, ...) the keys of rows of `table` that changed after a version."""
    schema, name = table.split(".")
    if schema == "raw":
        cursor.execute(
            f"insert into {into} select distinct {', '.join(columns)} from {table} where batch_id > %s", (since,)
        )
        return
    keys = ", ".join(f"cast(key ->> {position} as {kind})" for position, kind in enumerate(types))
    cursor.execute(
        f"insert into {into} select distinct {keys} from ops.changed_key"
        " where model = %s and columns = %s and build_id > %s",
        (name, ",".join(columns), since),
    )


def collect_joined(
    cursor: PgCursor,
    into: str,
    model: str,
    key: Sequence[str],
    table: str,
    joined: Mapping[str, str],
    types: Sequence[str],
    since: int,
) -> None:
    """Add to table `into` (key_1, key_2, ...) the keys of a model's rows that name rows of `table` which changed.

    Args:
        cursor: Within the snapshot that the build reads.
        into: Table of affected keys.
        model: Schema-qualified, as it was built last: the one that is built, or one that drives it.
        key: Its columns that hold the incremental key.
        table: Schema-qualified, of core or marts.
        joined: Column of the model -> column of the table.
        types: Of these columns of the model.
        since: Version of the table that the model which is built was built from.
    """
    changed = ", ".join(f"cast(key ->> {position} as {kind})" for position, kind in enumerate(types))
    cursor.execute(
        f"insert into {into} select distinct {', '.join(key)} from {model} where ({', '.join(joined)}) in"
        f" (select {changed} from ops.changed_key where model = %s and columns = %s and build_id > %s)",
        (table.split(".")[1], ",".join(joined.values()), since),
    )


def record(cursor: PgCursor, build: Build, run_id: str, as_of: datetime, *, has_changed_keys: bool) -> int:
    """Write one build and the business time that it was made for; returns its id."""
    cursor.execute(
        "insert into ops.model_build (model, run_id, as_of, kind, inserted, updated, deleted, fingerprint, upstream,"
        " has_changed_keys, started_at, seconds, reason)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp() - make_interval(secs => %s), %s, %s)"
        " returning build_id",
        (
            build.model,
            run_id,
            as_of,
            build.kind,
            build.inserted,
            build.updated,
            build.deleted,
            build.fingerprint,
            json.dumps(build.upstream),
            has_changed_keys,
            build.seconds,
            round(build.seconds, 3),
            build.reason,
        ),
    )
    return int(one_row(cursor)[0])


def record_changed_keys(
    cursor: PgCursor, build_id: int, model: str, changes: str, column_sets: Sequence[Sequence[str]]
) -> None:
    """Log the keys in temporary table `changes` (columns old_<name>, new_<name>) for each set of columns asked for."""
    for columns in column_sets:
        for side in ("old", "new"):
            key = ", ".join(f"{side}_{column}" for column in columns)
            cursor.execute(
                f"insert into ops.changed_key (build_id, model, columns, key)"
                f" select distinct %s, %s, %s, jsonb_build_array({key}) from {changes}"
                f" where {side}_exists",
                (build_id, model, ",".join(columns)),
            )


def note_changed_rows(
    cursor: PgCursor, table: str, keys: Sequence[str], run_id: str, as_of: datetime, *, column: str = "key"
) -> None:
    """Say that rows of a table which no model builds have changed, so that models downstream compute them again.

    Args:
        cursor: In the transaction of the change.
        table: Schema-qualified, as the models downstream name it.
        keys: Values of its column.
        run_id, as_of: Who changed them, and the business time.
        column: That the models downstream name.
    """
    name = table.split(".")[1]
    build = Build(0, name, "incremental", 0, len(keys), 0, "", {}, 0.0)
    build_id = record(cursor, build, run_id, as_of, has_changed_keys=True)
    cursor.execute(
        "insert into ops.changed_key (build_id, model, columns, key)"
        " select %s, %s, %s, jsonb_build_array(key) from unnest(cast(%s as text[])) as changed (key)",
        (build_id, name, column, list(keys)),
    )


def forget_old_keys(cursor: PgCursor) -> None:
    """Drop changed keys that are a week old; a model that has not read them by then is built in full."""
    cursor.execute(
        "with old as (update ops.model_build set has_changed_keys = false"
        " where has_changed_keys and started_at < now() - interval '7 days' and inserted + updated + deleted > 0"
        " returning build_id)"
        " delete from ops.changed_key where build_id in (select old.build_id from old)"
    )
