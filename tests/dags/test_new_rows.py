"""The trigger that starts a DAG when the intake has committed rows."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from tests.conftest import Postgres

NAME = "cockpit_test_trigger"


@pytest.fixture(scope="module")
def dsn(postgres: Postgres) -> str:
    return postgres.create_database(NAME)


@pytest.fixture
def run(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Runs a statement in the database of the connection `trigger_warehouse`, which begins with an empty ledger."""
    monkeypatch.setenv("AIRFLOW_CONN_TRIGGER_WAREHOUSE", dsn)
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "drop schema if exists ops cascade; create schema ops;"
                "create table ops.import_batch (batch_id bigint, source text, entity text, loaded bigint, deleted bigint)"
            )
            yield cursor.execute


@pytest.fixture
def triggers(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    # Airflow makes its home when it is imported.
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
    from cockpit_airflow import triggers

    monkeypatch.setattr(triggers, "DEBOUNCE_SECONDS", 0.2)
    monkeypatch.setattr(triggers, "_LOOK_SECONDS", 0.5)
    monkeypatch.setattr(triggers, "_RECONNECT_SECONDS", 0.1)
    return triggers


def trigger_of(triggers: Any, entity: str = "page") -> Any:
    return triggers.NewRowsTrigger(connection="trigger_warehouse", source="web", entity=entity)


def run_apart(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: the browser of other tests keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def next_event(events: AsyncIterator[Any], seconds: float = 5) -> Any:
    """The payload of the next event; None when there is none within this time."""
    try:
        async with asyncio.timeout(seconds):
            return (await anext(events)).payload
    except TimeoutError:
        return None


def test_it_can_be_made_anew_from_what_it_says(triggers: Any) -> None:
    path, arguments = trigger_of(triggers).serialize()
    assert path == "cockpit_airflow.triggers.NewRowsTrigger"
    assert triggers.NewRowsTrigger(**json.loads(json.dumps(arguments))).serialize() == (path, arguments)


def test_posts_of_some_seconds_are_one_event(triggers: Any, run: Callable[[str], None]) -> None:
    async def listen() -> list[Any]:
        events = trigger_of(triggers).run()
        waiting = asyncio.create_task(next_event(events))
        await asyncio.sleep(1)
        for payload in ("web__page", "web__other", "web__page"):
            run(f"notify cockpit_raw, '{payload}'")
        return [await waiting, await next_event(events, 1)]

    assert run_apart(listen()) == [{"table": "raw.web__page"}, None]


def test_another_table_is_not_its_business(triggers: Any, run: Callable[[str], None]) -> None:
    async def listen() -> Any:
        waiting = asyncio.create_task(next_event(trigger_of(triggers, "server").run(), 2))
        await asyncio.sleep(1)
        run("notify cockpit_raw, 'web__page'")
        return await waiting

    assert run_apart(listen()) is None


@pytest.mark.parametrize(
    ("staged", "is_new"),
    [
        pytest.param(None, True, id="before the first preparation"),
        pytest.param("{}", True, id="never built"),
        pytest.param('{"raw.web__page": 6}', True, id="built before"),
        pytest.param('{"raw.web__page": 7}', False, id="built from it"),
    ],
)
def test_what_was_committed_while_nobody_listened(
    triggers: Any, run: Callable[[str], None], staged: str | None, is_new: bool
) -> None:
    run("insert into ops.import_batch values (7, 'web', 'page', 3, 0), (8, 'web', 'page', 0, 0), (9, 'erp', 'x', 1, 0)")
    if staged is not None:
        run("create table ops.model_build (build_id bigint, model text, kind text, upstream jsonb)")
        run(f"insert into ops.model_build values (1, 'stg_web__page', 'incremental', '{staged}')")
        run("insert into ops.model_build values (2, 'stg_web__page', 'check', '{}'), (3, 'stg_erp__x', 'full', '{}')")

    async def listen() -> list[Any]:
        found = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                async for event in trigger_of(triggers).run():
                    found.append(event.payload)  # noqa: PERF401
        return found

    # Told once, although the first look and the new connection both find it.
    assert run_apart(listen()) == ([{"table": "raw.web__page"}] if is_new else [])


def test_it_listens_again_after_a_lost_connection(triggers: Any, run: Callable[[str], None]) -> None:
    async def listen() -> list[Any]:
        events = trigger_of(triggers).run()
        waiting = asyncio.create_task(next_event(events, 10))
        await asyncio.sleep(1)
        run(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        # In between, and heard by nobody.
        run("insert into ops.import_batch values (7, 'web', 'page', 3, 0)")
        first = await waiting
        waiting = asyncio.create_task(next_event(events, 10))
        await asyncio.sleep(1)
        run("notify cockpit_raw, 'web__page'")
        return [first, await waiting]

    assert run_apart(listen()) == [{"table": "raw.web__page"}] * 2


def test_it_waits_for_a_database_that_is_not_there(
    triggers: Any, run: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, dsn: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TRIGGER_WAREHOUSE", "postgresql://nobody:x@127.0.0.1:1/nothing")

    async def listen() -> Any:
        waiting = asyncio.create_task(next_event(trigger_of(triggers).run(), 10))
        await asyncio.sleep(1)
        monkeypatch.setenv("AIRFLOW_CONN_TRIGGER_WAREHOUSE", dsn)
        await asyncio.sleep(1)
        run("notify cockpit_raw, 'web__page'")
        return await waiting

    assert run_apart(listen()) == {"table": "raw.web__page"}


@pytest.mark.parametrize(
    ("trigger", "payload"),
    [
        pytest.param("AnswersTrigger", "answers_web", id="answers"),
        pytest.param("OutboxTrigger", "push_outbox", id="messages"),
    ],
)
def test_what_people_and_messages_cause(triggers: Any, run: Callable[[str], None], trigger: str, payload: str) -> None:
    made = getattr(triggers, trigger)
    arguments = {"connection": "trigger_warehouse"} | ({"source": "web"} if trigger == "AnswersTrigger" else {})
    path, said = made(**arguments).serialize()
    assert (path, said) == (f"cockpit_airflow.triggers.{trigger}", arguments)

    async def listen() -> list[Any]:
        events = made(**arguments).run()
        waiting = asyncio.create_task(next_event(events))
        await asyncio.sleep(1)
        for other in ("web__page", "answers_other", payload):
            run(f"notify cockpit_raw, '{other}'")
        return [await waiting, await next_event(events, 1)]

    assert run_apart(listen()) == [{"table": f"raw.{payload}"}, None]


@pytest.mark.parametrize(
    ("builds", "is_new"),
    [
        pytest.param("(1, 'stg_web__page', 'full', '{}')", False, id="no answer"),
        pytest.param("(1, 'overlay_web__page', 'incremental', '{}')", True, id="never built"),
        pytest.param(
            "(1, 'stg_web__page', 'full', '{}'), (2, 'overlay_web__page', 'incremental', '{}')", True, id="since"
        ),
        pytest.param(
            "(1, 'overlay_web__page', 'incremental', '{}'), (2, 'stg_web__page', 'incremental', '{}')",
            False,
            id="built",
        ),
        pytest.param(
            "(1, 'overlay_web__page', 'incremental', '{}'), (2, 'stg_web__page', 'check', '{}')",
            True,
            id="checked only",
        ),
        pytest.param("(1, 'overlay_website__page', 'incremental', '{}')", False, id="another source"),
    ],
)
def test_answers_given_while_nobody_listened(
    triggers: Any, run: Callable[[str], None], builds: str, is_new: bool
) -> None:
    run(
        "create table ops.model_build (build_id bigint, model text, kind text, upstream jsonb,"
        " inserted bigint default 0, updated bigint default 1, deleted bigint default 0)"
    )
    run(f"insert into ops.model_build (build_id, model, kind, upstream) values {builds}")

    async def listen() -> Any:
        trigger = triggers.AnswersTrigger(connection="trigger_warehouse", source="web")
        return await next_event(trigger.run(), 2)

    assert run_apart(listen()) == ({"table": "raw.answers_web"} if is_new else None)


@pytest.fixture
def decisions(run: Callable[[str], None]) -> Callable[[str], None]:
    """An empty book of decisions and of builds."""
    run(
        "drop schema if exists mdm cascade; create schema mdm;"
        "create table mdm.decision (decision_id bigint);"
        "create table ops.model_build (build_id bigint, model text, kind text, upstream jsonb)"
    )
    return run


def test_decisions_that_follow_each_other_lead_to_one_run(
    triggers: Any, decisions: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "QUIET_SECONDS", 1.2)
    trigger = triggers.DecisionsTrigger(connection="trigger_warehouse")
    assert trigger.serialize() == (
        "cockpit_airflow.triggers.DecisionsTrigger", {"connection": "trigger_warehouse"},
    )  # fmt: skip

    async def listen() -> list[Any]:
        events = trigger.run()
        waiting = asyncio.create_task(next_event(events, 10))
        await asyncio.sleep(1)
        for _decision in range(4):
            decisions("notify cockpit_raw, 'mdm_decisions'")
            await asyncio.sleep(0.6)
            assert not waiting.done()
        first = await waiting
        return [first, await next_event(events, 2)]

    assert run_apart(listen()) == [{"table": "raw.mdm_decisions"}, None]


def test_who_never_pauses_does_not_keep_decisions_waiting(
    triggers: Any, decisions: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "QUIET_SECONDS", 1.0)
    monkeypatch.setattr(triggers, "LONGEST_WAIT_SECONDS", 2.0)

    async def listen() -> Any:
        waiting = asyncio.create_task(next_event(triggers.DecisionsTrigger(connection="trigger_warehouse").run(), 10))
        await asyncio.sleep(1)
        for _decision in range(8):
            decisions("notify cockpit_raw, 'mdm_decisions'")
            await asyncio.sleep(0.5)
        return waiting.done() and waiting.result()

    assert run_apart(listen()) == {"table": "raw.mdm_decisions"}


@pytest.mark.parametrize(
    ("builds", "is_new"),
    [
        pytest.param(None, True, id="never built"),
        pytest.param("""(1, 'core_customer_source', 'full', '{"mdm.decision": 2}')""", False, id="read"),
        pytest.param("""(1, 'core_customer_source', 'full', '{"mdm.decision": 1}')""", True, id="since"),
        pytest.param(
            """(1, 'core_customer_source', 'full', '{"mdm.decision": 1}'),
            (2, 'core_customer_source', 'check', '{"mdm.decision": 2}')""",
            True,
            id="checked only",
        ),
        pytest.param("""(1, 'core_order', 'full', '{"core.core_customer_source": 7}')""", True, id="another model"),
    ],
)
def test_decisions_made_while_nobody_listened(
    triggers: Any, decisions: Callable[[str], None], builds: str | None, is_new: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "QUIET_SECONDS", 0.3)
    decisions("insert into mdm.decision values (3), (4)")
    if builds:
        decisions(f"insert into ops.model_build (build_id, model, kind, upstream) values {builds}")

    async def listen() -> Any:
        return await next_event(triggers.DecisionsTrigger(connection="trigger_warehouse").run(), 2)

    assert run_apart(listen()) == ({"table": "raw.mdm_decisions"} if is_new else None)
