"""Notice rows that come by themselves: the intake says in PostgreSQL what it has committed, and a DAG starts.

Nothing outside Airflow needs a login to Airflow for that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Hashable
from typing import Any

import asyncpg
from airflow.sdk import Asset, AssetWatcher
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from cockpit.errors import CockpitError
from cockpit.warehouse.connections import connection_url

logger = logging.getLogger(__name__)

# The intake notifies here; the payload is `<source>__<entity>`. Answers about held rows say `answers_<source>`, queued
# messages `push_outbox`, decisions about golden records `mdm_decisions`.
CHANNEL = "cockpit_raw"
ANSWERS = "answers_"
OUTBOX = "push_outbox"
DECISIONS = "mdm_decisions"

# Posts come in numbers: those of some seconds are staged together.
DEBOUNCE_SECONDS = 5.0
# Who decides goes on to the next pair: a run begins when nobody has decided for a while, or some have waited for long.
QUIET_SECONDS = 20.0
LONGEST_WAIT_SECONDS = 180.0
_LOOK_SECONDS = 30.0
_RECONNECT_SECONDS = 5.0

_NEWEST_BATCH = """
select coalesce(max(batch_id), 0)
from ops.import_batch
where source = $1 and entity = $2 and (loaded > 0 or deleted > 0)
"""
# The batch up to which staging was built; its table is not there before the first preparation.
_STAGED_BATCH = """
select cast(upstream ->> ('raw.' || $1 || '__' || $2) as bigint)
from ops.model_build
where model = 'stg_' || $1 || '__' || $2 and kind <> 'check'
order by build_id desc
limit 1
"""


# The newest answer about a row of a source that no build of its table has seen.
_NEWEST_ANSWER = """
select coalesce(max(answer.build_id), 0)
from ops.model_build as answer
where
    starts_with(answer.model, 'overlay_' || $1 || '__')
    and answer.inserted + answer.updated + answer.deleted > 0
    and not exists (
        select from ops.model_build as staged
        where
            staged.model = 'stg_' || substr(answer.model, length('overlay_') + 1)
            and staged.kind <> 'check'
            and staged.build_id > answer.build_id
    )
"""

# The newest decision that no build of what obeys them has read; they are written one after the other.
_NEWEST_DECISION = """
select coalesce(max(decision_id), 0)
from mdm.decision
having
    count(*) > coalesce(
        (
            select cast(upstream ->> 'mdm.decision' as bigint)
            from ops.model_build
            where upstream ->> 'mdm.decision' is not null and kind <> 'check'
            order by build_id desc
            limit 1
        ),
        0
    )
"""


class NewRowsTrigger(BaseEventTrigger):
    """Fires when rows were committed to one raw table.

    All triggers of one database share one connection, which listens. What was committed while nobody listened is
    found by comparing the ledger with the last build of staging, at the start and after each lost connection.

    Args:
        connection: Connection id of the workspace's database.
        source: Source system.
        entity: Its entity.
    """

    def __init__(self, *, connection: str, source: str, entity: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.connection = connection
        self.source = source
        self.entity = entity

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, for the triggerer."""
        arguments = {"connection": self.connection, "source": self.source, "entity": self.entity}
        return ("cockpit_airflow.triggers.NewRowsTrigger", arguments)

    def shared_stream_key(self) -> Hashable:
        """Triggers of one database listen together."""
        return (CHANNEL, self.connection)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[frozenset[str] | None]:
        """Names of raw tables that have new rows, at most every few seconds; None after each new connection."""
        failure = ""
        while True:
            try:
                async for tables in _listen(kwargs["connection"]):
                    failure = ""
                    yield tables
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, CockpitError) as error:
                if str(error) != failure:
                    failure = str(error)
                    logger.warning("not listening for new rows: %s", failure)
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """An event for each time that this table is named, or was before somebody listened."""
        table = self._table()
        announced = await self._newer_batch()
        if announced:
            yield _event(table)
        async for tables in shared_stream:
            if tables is None:
                newest = await self._newer_batch()
                if newest <= announced:
                    continue
                announced = newest
            elif table not in tables:
                continue
            yield _event(table)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """The same with a connection of its own."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event

    def _table(self) -> str:
        return f"{self.source}__{self.entity}"

    async def _newest(self, connection: Any) -> int:
        place = (self.source, self.entity)
        newest = int(await connection.fetchval(_NEWEST_BATCH, *place))
        is_prepared = await connection.fetchval("select to_regclass('ops.model_build') is not null")
        staged = await connection.fetchval(_STAGED_BATCH, *place) if is_prepared else 0
        return newest if newest > (staged or 0) else 0

    async def _newer_batch(self) -> int:
        """The newest batch that staging has not seen; 0 when there is none or nobody can tell."""
        try:
            connection = await _connect(self.connection)
            try:
                return await self._newest(connection)
            finally:
                await connection.close()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, CockpitError) as error:
            logger.warning("%s.%s: cannot tell what is new: %s", self.source, self.entity, error)
            return 0


class AnswersTrigger(NewRowsTrigger):
    """Fires when people have answered about rows of a source that are held back.

    Args:
        connection: Connection id of the workspace's database.
        source: Source system.
    """

    def __init__(self, *, connection: str, source: str) -> None:
        super().__init__(connection=connection, source=source, entity="")

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, for the triggerer."""
        return ("cockpit_airflow.triggers.AnswersTrigger", {"connection": self.connection, "source": self.source})

    def _table(self) -> str:
        return f"{ANSWERS}{self.source}"

    async def _newest(self, connection: Any) -> int:
        is_prepared = await connection.fetchval("select to_regclass('ops.model_build') is not null")
        return int(await connection.fetchval(_NEWEST_ANSWER, self.source)) if is_prepared else 0


class OutboxTrigger(NewRowsTrigger):
    """Fires when messages were queued.

    Args:
        connection: Connection id of the workspace's database.
    """

    def __init__(self, *, connection: str) -> None:
        super().__init__(connection=connection, source="push", entity="outbox")

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, for the triggerer."""
        return ("cockpit_airflow.triggers.OutboxTrigger", {"connection": self.connection})

    def _table(self) -> str:
        return OUTBOX

    async def _newest(self, _connection: Any) -> int:
        # What was queued while nobody listened is sent at the next fixed time.
        return 0


class DecisionsTrigger(NewRowsTrigger):
    """Fires when stewards have decided about golden records and then paused.

    Args:
        connection: Connection id of the workspace's database.
    """

    def __init__(self, *, connection: str) -> None:
        super().__init__(connection=connection, source="mdm", entity="decisions")

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, for the triggerer."""
        return ("cockpit_airflow.triggers.DecisionsTrigger", {"connection": self.connection})

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """An event for decisions that follow each other closely, when the last of them has been made."""
        async for event in _last_of_each_row(super().filter_shared_stream(shared_stream)):
            yield event

    def _table(self) -> str:
        return DECISIONS

    async def _newest(self, connection: Any) -> int:
        is_prepared = await connection.fetchval(
            "select to_regclass('ops.model_build') is not null and to_regclass('mdm.decision') is not null"
        )
        return int(await connection.fetchval(_NEWEST_DECISION) or 0) if is_prepared else 0


def queued(asset: Asset, connection: str) -> Asset:
    """The asset of messages in the outbox, with who notices them."""
    return Asset(
        name=asset.name,
        uri=asset.uri,
        watchers=[AssetWatcher(name="push_outbox", trigger=OutboxTrigger(connection=connection))],
    )


def answered(asset: Asset, connection: str, source: str) -> Asset:
    """The asset of people's answers about a source's rows, with who notices them."""
    trigger = AnswersTrigger(connection=connection, source=source)
    watcher = AssetWatcher(name=f"answers_{source}", trigger=trigger)
    return Asset(name=asset.name, uri=asset.uri, watchers=[watcher])


def decided(asset: Asset, connection: str) -> Asset:
    """The asset of what stewards decided about golden records, with who notices it."""
    watcher = AssetWatcher(name="mdm_decisions", trigger=DecisionsTrigger(connection=connection))
    return Asset(name=asset.name, uri=asset.uri, watchers=[watcher])


def watched(asset: Asset, connection: str, source: str, entity: str) -> Asset:
    """The asset of a raw table that changes by itself, with who notices it."""
    trigger = NewRowsTrigger(connection=connection, source=source, entity=entity)
    watcher = AssetWatcher(name=f"{source}__{entity}", trigger=trigger)
    return Asset(name=asset.name, uri=asset.uri, watchers=[watcher])


def _event(table: str) -> TriggerEvent:
    return TriggerEvent({"table": f"raw.{table}"})  # type: ignore[no-untyped-call]


async def _last_of_each_row(events: AsyncIterator[TriggerEvent]) -> AsyncIterator[TriggerEvent]:
    """The last of events that follow each other within QUIET_SECONDS; one at the latest after LONGEST_WAIT_SECONDS."""
    now = asyncio.get_running_loop().time
    # Not cancelled by waiting: a stream that is broken off begins anew.
    following = asyncio.ensure_future(anext(events))
    try:
        while True:
            try:
                event = await following
            except StopAsyncIteration:
                return
            deadline = now() + LONGEST_WAIT_SECONDS
            following = asyncio.ensure_future(anext(events))
            while (seconds := min(QUIET_SECONDS, deadline - now())) > 0:
                done, _waiting = await asyncio.wait({following}, timeout=seconds)
                if not done or following.exception() is not None:
                    break
                event = following.result()
                following = asyncio.ensure_future(anext(events))
            yield event
    finally:
        following.cancel()


async def _listen(connection_id: str) -> AsyncIterator[frozenset[str] | None]:
    connection = await _connect(connection_id)
    heard: asyncio.Queue[str] = asyncio.Queue()

    def hear(_connection: object, _process: int, _channel: str, payload: object) -> None:
        heard.put_nowait(str(payload))

    try:
        await connection.add_listener(CHANNEL, hear)
        yield None
        while True:
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    tables = {await heard.get()}
            except TimeoutError:
                # A connection that is gone without a word is noticed only by asking.
                await connection.execute("select 1", timeout=_LOOK_SECONDS)
                continue
            await asyncio.sleep(DEBOUNCE_SECONDS)
            while not heard.empty():
                tables.add(heard.get_nowait())
            yield frozenset(tables)
    finally:
        connection.terminate()


async def _connect(connection_id: str) -> Any:
    url = connection_url(connection_id).set(drivername="postgresql")
    return await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
