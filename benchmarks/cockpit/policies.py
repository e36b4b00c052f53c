"""What row policies cost on a large scan: a mart of the product with its own policies, beside a plain WHERE."""

from __future__ import annotations

import os
import statistics
import time
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


def measure_policies(settings: Settings, rows: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of the same question with policies and without, the kinds taking turns in each round.

    Returns:
        For `full` and `part`: medians of both, and how many times longer it takes with policies.
    """
    with workspace_database(settings, DATABASE):
        _prepare(settings, rows)
        own = ", ".join(f"'R{number:02}'" for number in range(OWN_REGIONS))
        kinds = {
            "full": (_reader(settings, "everything"), _QUERY),
            "full_plain": (_connect(settings, "cockpit_etl"), _QUERY),
            "part": (_reader(settings, "part"), _QUERY),
            "part_plain": (_connect(settings, "cockpit_etl"), f"{_QUERY} where region_code in ({own})"),
        }
        try:
            taken: dict[str, list[float]] = {name: [] for name in kinds}
            answers: dict[str, Any] = {}
            # The first round only warms.
            for number in range(rounds + 1):
                for name, (connection, query) in kinds.items():
                    seconds, answers[name] = _ask(connection, query)
                    if number:
                        taken[name].append(seconds)
        finally:
            for connection, _query in kinds.values():
                connection.close()
    if answers["full"] != answers["full_plain"] or answers["part"] != answers["part_plain"] or not answers["part"][2]:
        raise RuntimeError("with policies another answer came out")
    medians = {name: statistics.median(seconds) * 1000 for name, seconds in taken.items()}
    return {
        name: {
            "policy_ms": round(medians[name], 1),
            "plain_ms": round(medians[f"{name}_plain"], 1),
            "times": round(medians[name] / medians[f"{name}_plain"], 3),
        }
        for name in ("full", "part")
    }


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
