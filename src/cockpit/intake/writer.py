"""Write submissions to raw: one thread per form, many submissions per commit.

What arrives while a commit runs goes into the next one. A submission is answered when its commit is done, so the
answer is never ahead of the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import CockpitError
from cockpit.rulebook.sources import FormSource
from cockpit.rulebook.sources.form import RESERVED, SIGNATURE
from cockpit.sources.loading.copytext import COPY_COLUMNS, CopyText, encode_record
from cockpit.sources.loading.drift import EntityDrift, schema_hash
from cockpit.sources.loading.loader import EntityLoader, Portion, Provenance, open_loader
from cockpit.sources.loading.reading import Observed

logger = logging.getLogger(__name__)

# Whoever waits for new rows listens here; the payload is `<source>__<entity>`.
CHANNEL = "cockpit_raw"

# A commit costs a write to disk: at most forty a second and form, or a busy form would write the ledger full.
_PAUSE_SECONDS = 0.025
_ROWS_PER_COMMIT = 500
_MOST_WAITING = 2_000
# A commit whose answer was lost is looked up as soon as the database is back; senders wait this long for it.
_DOUBT_SECONDS = 8
_DOUBT_PAUSE_SECONDS = 0.2
_RETRY_SECONDS = 1
# Names of unknown fields that are written to the list of observed columns; a sender could make up any number.
_MOST_NEW_NAMES = 50
# Signatures of this age are read back at the start; twice what a clock may be off.
_REMEMBERED = "10 minutes"


@dataclass(frozen=True)
class Submission:
    """What a sender posted, ready to be stored.

    Attributes:
        submission_id: Its key in raw; the same for each repetition under one idempotency key.
        fields: As sent.
        signature: Of a signed request; None for a key.
    """

    submission_id: str
    received_at: datetime
    fields: Mapping[str, Any]
    client_tag: str | None = None
    idempotency_key: str | None = None
    signature: str | None = None

    def payload(self) -> dict[str, Any]:
        """What raw holds of it."""
        own = {
            "submission_id": self.submission_id,
            "received_at": self.received_at.isoformat(timespec="microseconds"),
            "client_tag": self.client_tag,
            "idempotency_key": self.idempotency_key,
            SIGNATURE: self.signature,
        }
        return {**self.fields, **{name: value for name, value in own.items() if value is not None}}


@dataclass(frozen=True)
class Stored:
    """A submission that is committed.

    Attributes:
        received_at: When it was first received, as stored.
        is_new: False for the repetition of an earlier one.
    """

    submission_id: str
    received_at: str
    is_new: bool


class ConflictError(Exception):
    """The idempotency key was used for a submission of other content."""


class OverloadedError(Exception):
    """More is waiting than will be written soon."""


class UnavailableError(Exception):
    """The database does not take it now; nothing was accepted."""


Outcome: TypeAlias = Stored | ConflictError | UnavailableError
Connect: TypeAlias = Callable[[], PgConnection]


@dataclass(frozen=True)
class _Waiting:
    submission: Submission
    future: asyncio.Future[Stored]


class FormWriter:
    """The one writer of a form's raw table.

    Args:
        connect: Opens a connection to the workspace's database.
        zone: Where business days begin; a batch of the ledger holds one day.
        on_ready: Called, in the writer's thread, with signatures and idempotency keys of recent requests before the
            first submission after each connection.
    """

    def __init__(
        self,
        source: FormSource,
        form: str,
        *,
        run_id: str,
        zone: ZoneInfo,
        connect: Connect,
        on_ready: Callable[[Iterable[tuple[str, str | None]]], None],
    ) -> None:
        self.where = f"{source.source}.{form}"
        self._source = source
        self._form = form
        self._run_id = run_id
        self._zone = zone
        self._connect = connect
        self._on_ready = on_ready
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name=f"writer {self.where}", daemon=True)
        self._opened = contextlib.ExitStack()
        self._loader: EntityLoader | None = None
        self._is_available = threading.Event()
        self._committed_at = 0.0
        declared = source.entities[form]
        self._drift = EntityDrift(source.source, form, run_id, declared, source.drift_of(form))
        self._names = set(declared.columns)
        self._new_names: set[str] = set()
        self._must_note = True
        # Whether a commit of the present batch may have happened without our knowing.
        self._is_in_doubt = False
        self._last_failure = ""

    @property
    def is_available(self) -> bool:
        """Whether the database was there at the last look."""
        return self._is_available.is_set()

    def start(self) -> None:
        """Begin to write, as soon as the database is there."""
        self._thread.start()

    def stop(self) -> None:
        """Write what was accepted, then end; blocks."""
        self._queue.put(None)
        self._thread.join()

    def submit(self, submission: Submission) -> asyncio.Future[Stored]:
        """Hand a submission over; the future is done when its commit is.

        The future raises ConflictError or UnavailableError.

        Raises:
            UnavailableError: the database is not there.
            OverloadedError: too many are waiting.
        """
        if not self.is_available:
            raise UnavailableError
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Waiting(submission, future))
        except queue.Full:
            raise OverloadedError from None
        return future

    # In the writer's thread

    def _run(self) -> None:
        is_ending = False
        while not is_ending:
            if self._loader is None and not self._open():
                is_ending = self._refuse_waiting()
                continue
            batch, is_ending = self._collect()
            if batch:
                self._answer(batch, self._write(batch))
        self._close()

    def _collect(self) -> tuple[list[_Waiting], bool]:
        """What waits now, after a pause since the last commit; and whether to end after it."""
        first = self._queue.get()
        if first is None:
            return [], True
        batch = [first]
        ready_at = self._committed_at + _PAUSE_SECONDS
        while len(batch) < _ROWS_PER_COMMIT:
            try:
                waiting = self._queue.get(timeout=max(0.0, ready_at - time.monotonic()))
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _refuse_waiting(self) -> bool:
        """Answer what waits while the database is away; True when told to end."""
        deadline = time.monotonic() + _RETRY_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                waiting = self._queue.get(timeout=left)
            except queue.Empty:
                return False
            if waiting is None:
                return True
            self._answer([waiting], [UnavailableError()])
        return False

    def _open(self) -> bool:
        """Connect and lock the form; False when that does not work now."""
        try:
            connection = self._opened.enter_context(contextlib.closing(self._connect()))
            connection.set_client_encoding("UTF8")
            loader = self._opened.enter_context(
                open_loader(connection, self._source.source, self._form, self._run_id, "timestamptz")
            )
            self._on_ready(_recent_signatures(loader))
        except (CockpitError, psycopg2.Error) as error:
            # Tried every second: the same reason is written once.
            if _reason(error) != self._last_failure:
                self._last_failure = _reason(error)
                logger.warning("%s: not ready: %s", self.where, self._last_failure)
            self._close()
            return False
        self._loader, self._last_failure = loader, ""
        self._is_available.set()
        return True

    def _close(self) -> None:
        self._is_available.clear()
        self._loader = None
        opened, self._opened = self._opened, contextlib.ExitStack()
        try:
            opened.close()
        except (CockpitError, psycopg2.Error) as error:
            logger.warning("%s: not closed in order: %s", self.where, _reason(error))

    def _write(self, batch: Sequence[_Waiting]) -> list[Outcome]:
        """Commit; where the connection breaks, open another one and find out what became of it."""
        deadline = time.monotonic() + _DOUBT_SECONDS
        self._is_in_doubt = False
        # The second try is for a connection that broke while nothing was asked of it.
        tries = 0
        while tries < 2 or (self._is_in_doubt and time.monotonic() < deadline):
            if tries >= 2:
                time.sleep(_DOUBT_PAUSE_SECONDS)
            tries += 1
            try:
                if self._loader is not None or self._open():
                    return self._commit([waiting.submission for waiting in batch])
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                logger.warning("%s: the database broke off: %s", self.where, _reason(error))
                self._close()
            except (CockpitError, psycopg2.Error) as error:
                if isinstance(error, psycopg2.DataError) and len(batch) > 1:
                    # One that the database cannot hold must not take the others with it.
                    middle = len(batch) // 2
                    return [*self._write(batch[:middle]), *self._write(batch[middle:])]
                logger.warning("%s: the database refused: %s", self.where, _reason(error))
                break
        return [UnavailableError() for _waiting in batch]

    def _commit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """One transaction for those that raw does not hold yet."""
        loader = self._loader
        if loader is None:
            raise LookupError("the form is not open")
        held = _held(loader, [each.submission_id for each in submissions])
        outcomes: list[Outcome] = []
        fresh: list[Mapping[str, Any]] = []
        for submission in submissions:
            payload = submission.payload()
            earlier = held.get(submission.submission_id)
            if earlier is None:
                held[submission.submission_id] = payload
                fresh.append(payload)
                outcomes.append(Stored(submission.submission_id, payload["received_at"], is_new=True))
            elif _content(earlier) == _content(payload):
                # A commit whose answer was lost is not a repetition.
                is_new = earlier["received_at"] == payload["received_at"]
                outcomes.append(Stored(submission.submission_id, earlier["received_at"], is_new))
            else:
                outcomes.append(ConflictError())
        if fresh:
            self._load(loader, fresh)
        self._committed_at = time.monotonic()
        return outcomes

    def _load(self, loader: EntityLoader, payloads: Sequence[Mapping[str, Any]]) -> None:
        observed = self._observe(payloads)
        self._is_in_doubt = True

        def before_commit() -> None:
            with loader.connection.cursor() as cursor:
                if self._must_note:
                    self._drift.accept_within(cursor, observed)
                # Heard when the transaction is committed, and not at all when it is not.
                table = sql.Literal(f"{loader.source}__{loader.entity}")
                cursor.execute(sql.SQL("notify {}, {}").format(sql.Identifier(CHANNEL), table))

        rows = CopyText(iter([self._encode(payload) for payload in payloads]))
        # No key repeats and raw has none of them: compared above, and nobody else writes this table.
        portion = Portion(rows, COPY_COLUMNS, has_new_keys=True)
        loader.load(portion, Provenance(schema_hash=schema_hash(observed)), before_commit)
        self._must_note = False

    def _encode(self, payload: Mapping[str, Any]) -> str:
        received_at = datetime.fromisoformat(payload["received_at"])
        return encode_record(
            payload,
            key=payload["submission_id"],
            label=received_at.astimezone(self._zone).date().isoformat(),
            position=payload["received_at"],
        )

    def _observe(self, payloads: Sequence[Mapping[str, Any]]) -> Observed:
        """The form's columns and those beyond it that were ever sent, up to a bound."""
        before = len(self._new_names)
        for payload in payloads:
            for name in payload:
                if name not in self._names and name != SIGNATURE and len(self._new_names) < _MOST_NEW_NAMES:
                    self._new_names.add(name)
        self._must_note = self._must_note or len(self._new_names) > before
        return Observed(dict.fromkeys([*self._names, *sorted(self._new_names)], ""), is_complete=False)

    def _answer(self, batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Stored], Outcome]]] = {}
        for waiting, outcome in zip(batch, outcomes, strict=True):
            by_loop.setdefault(waiting.future.get_loop(), []).append((waiting.future, outcome))
        for loop, answers in by_loop.items():
            loop.call_soon_threadsafe(_resolve, answers)


def now() -> datetime:
    """The moment of receipt; a fact about the request, not business time."""
    return datetime.now(UTC)


def _resolve(answers: Sequence[tuple[asyncio.Future[Stored], Outcome]]) -> None:
    for future, outcome in answers:
        if future.done():
            # The sender has gone; the row stays.
            continue
        if isinstance(outcome, Stored):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)


def _held(loader: EntityLoader, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Payloads of those keys that raw holds."""
    with loader.connection, loader.connection.cursor() as cursor:
        cursor.execute(f"select key, payload from {loader.table.as_string(cursor)} where key = any(%s)", (list(keys),))
        return dict(cursor.fetchall())


def _content(payload: Mapping[str, Any]) -> str:
    """What the sender filled in, in one form whether it comes from the sender or from raw."""
    fields = {name: value for name, value in payload.items() if name not in RESERVED}
    return json.dumps(fields, sort_keys=True, default=str)


def _recent_signatures(loader: EntityLoader) -> list[tuple[str, str | None]]:
    """Signatures and idempotency keys of the requests that could still be replayed, with the newest batches."""
    with loader.connection, loader.connection.cursor() as cursor:
        cursor.execute(
            f"select payload ->> %s, payload ->> 'idempotency_key' from {loader.table.as_string(cursor)}"
            " where payload ? %s and batch_id >= (select min(batch_id) from ops.import_batch"
            " where source = %s and entity = %s and finished_at > now() - cast(%s as interval))",
            (SIGNATURE, SIGNATURE, loader.source, loader.entity, _REMEMBERED),
        )
        return cursor.fetchall()


def _reason(error: Exception) -> str:
    # Only the first line: the detail may quote rows.
    return str(error).strip().partition("\n")[0] or type(error).__name__
