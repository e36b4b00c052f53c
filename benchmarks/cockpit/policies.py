"""What row policies cost on a large scan: a mart of the product with its own policies, beside a plain WHERE."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extensions import connection as PgConnection

from benchmarks.database import workspace_database
from cockpit.bi.identity import connection_option, sign_identity
from cockpit.bi.scopes import apply_security, bind_organisation, install_security
from cockpit.pipelines.run_context import run_context
from cockpit.rulebook.security import Person, Role, Scope, SecurityRules, Subject
from cockpit.rulebook.workspace import find_workspace
from cockpit.stack.settings import Settings
from cockpit.warehouse.tables import ensure_table

DATABASE = "cockpit_bench_policies"
MART = "mart_receipt_daily"
REGIONS = 16
# A quarter of the rows.
OWN_REGIONS = 4
_KEY = os.urandom(32)
_QUERY = f"select sum(received_amount), sum(receipt_count), count(*) from marts.{MART}"
_PERIOD = "received_date >= date '1900-01-01'"
Question = tuple[PgConnection, str]


def measure_policies(settings: Settings, rows: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of the same question with policies and without, the kinds taking turns in each round.

    Returns:
        For each kind medians of both, and how many times longer it takes with policies: `full` and `part` scan the
        table with the period that every chart has; `full_bare` without any WHERE; `part_indexed` while the plain WHERE
        may use an index on the region, which a policy, being an OR, cannot.
    """
    with workspace_database(settings, DATABASE):
        _prepare(settings, rows)
        own = ", ".join(f"'R{number:02}'" for number in range(OWN_REGIONS))
        part = f"{_QUERY} where {_PERIOD} and region_code in ({own})"
        with (
            closing(_reader(settings, "everything")) as everything,
            closing(_reader(settings, "part")) as some,
            closing(_connect(settings, "cockpit_etl")) as owner,
        ):
            asked = f"{_QUERY} where {_PERIOD}"
            measured = _compare(
                rounds,
                {
                    "full": ((everything, asked), (owner, asked)),
                    "full_bare": ((everything, _QUERY), (owner, _QUERY)),
                    "part": ((some, asked), (owner, part)),
                },
            )
            with owner, owner.cursor() as cursor:
                cursor.execute(f"create index on marts.{MART} (region_code, received_date)")
            return measured | _compare(rounds, {"part_indexed": ((some, asked), (owner, part))})


def _compare(rounds: int, kinds: Mapping[str, tuple[Question, Question]]) -> dict[str, Any]:
    """Each kind asked with policies, then without."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    # The first round only warms.
    for number in range(rounds + 1):
        for name, (with_policies, plain) in kinds.items():
            policy_seconds, answer = _ask(*with_policies)
            plain_seconds, right = _ask(*plain)
            if answer != right or not answer[2]:
                raise RuntimeError(f"{name}: with policies another answer came out")
            if number:
                taken[name].append((policy_seconds, plain_seconds))
    found = {}
    for name, pairs in taken.items():
        policy_ms, plain_ms = (statistics.median(each) * 1000 for each in zip(*pairs, strict=True))
        found[name] = {
            "policy_ms": round(policy_ms, 1),
            "plain_ms": round(plain_ms, 1),
            "times": round(policy_ms / plain_ms, 3),
        }
    return found


def _prepare(settings: Settings, rows: int) -> None:
    workspace = find_workspace("huaxing")
    context = run_context(workspace, run_id="bench")
    with closing(_connect(settings, "cockpit_etl")) as connection:
        install_security(connection, workspace.models_folder / "security")
        with connection, connection.cursor() as cursor:
            bind_organisation(cursor, ())
            ensure_table(cursor, context.graph[MART], workspace.models_folder)
            cursor.execute(
                f"insert into marts.{MART} (received_date, region_code, received_amount, receipt_count)"
                " select date '1900-01-01' + day, 'R' || lpad(cast(region as text), 2, '0'), day %% 997, 1 + day %% 7"
                " from generate_series(1, %s) as day cross join generate_series(0, %s) as region",
                (rows // REGIONS, REGIONS - 1),
            )
        apply_security(connection, _rules(), workspace.zone, _KEY)
        connection.autocommit = True
        with connection.cursor() as cursor:
            # Both kinds are to scan; what an index changes is measured apart.
            cursor.execute(f"drop index marts.{MART}_region_code_received_date")
            cursor.execute(f"vacuum analyze marts.{MART}")


def _rules() -> SecurityRules:
    def person(*scopes: Scope) -> Person:
        return Person(name="N", name_zh="名", email="n@x.example", roles=("reader",), scopes=scopes)

    reader = Role(label="R", label_zh="读", permissions=("can_read on Chart",), subjects=("results",))
    regions = [Scope(kind="region", key=f"R{number:02}") for number in range(OWN_REGIONS)]
    return SecurityRules(
        roles={"reader": reader},
        people={"everything": person(Scope(kind="all")), "part": person(*regions)},
        subjects={"results": Subject(label="R", label_zh="业绩", marts=(MART,))},
    )


def _reader(settings: Settings, username: str) -> PgConnection:
    # Valid for the whole measurement: what a check costs does not depend on it.
    identity = sign_identity(username, _KEY, int(time.time()) + 3600)
    return _connect(settings, "bi_reader", options=connection_option(identity))


def _connect(settings: Settings, role: str, **more: str) -> PgConnection:
    url = settings.database_address(role, DATABASE).render_as_string(hide_password=False)
    return psycopg2.connect(url, **more)


def _ask(connection: PgConnection, query: str) -> tuple[float, tuple[Any, ...]]:
    with connection, connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(query)
        (answer,) = cursor.fetchall()
        return time.perf_counter() - started, answer
