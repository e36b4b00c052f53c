"""The outbox: messages are queued in the transaction of their cause and sent afterwards.

From our side each message is sent once: a cause queues it once, one sender at a time takes it, and what was sent is not
taken again. A provider may get it twice all the same, when a sender is killed (or the database breaks off) between the
provider's answer and our commit, or when an answer gets lost: such a message is tried again rather than lost.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import CockpitError, RuleFileError, TransientError
from cockpit.i18n import _, language
from cockpit.push.channels import Channels
from cockpit.push.markup import clean, one_line
from cockpit.push.message import (
    Channel,
    ChannelRefusedError,
    Message,
    RateLimitedError,
    Recipient,
    Resolver,
    require_link,
)
from cockpit.push.timing import Timing, back_off
from cockpit.rulebook.push import ChannelRule, Delivery, PushRules
from cockpit.warehouse.connections import is_defined
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.rows import one_row

logger = logging.getLogger(__name__)

_WHERE = "push.outbox"
# Whoever works on what has come in the meantime listens here.
_CHANNEL, _QUEUED = "cockpit_raw", "push_outbox"
_LONGEST_TITLE = 300
_LONGEST_TEXT = 100_000
_LONGEST_ANSWER = 300
# How long a sender sleeps before it looks again whether others have made room.
_LOOK_AGAIN_SECONDS = 5.0
_LOOK_AGAIN_SOON_SECONDS = 0.2


@dataclass(frozen=True)
class Notice:
    """What a cause wants to tell one person.

    Attributes:
        key: Names the cause; the same key is queued once per channel and person.
        topic: A topic of `topics.yml`.
        recipient: User name.
        text_markdown: See `Message`; values from data go through `markup.inert`.
        link: For this person alone; several stand one per line.
        group_text: What groups read instead, with totals only; without it groups get nothing.
        group_link: A page that asks for a login.
    """

    key: str
    topic: str
    recipient: str
    title: str
    text_markdown: str = field(repr=False)
    link: str | None = field(default=None, repr=False)
    group_text: str | None = None
    group_link: str | None = None


@dataclass
class Sending:
    """What came of emptying the outbox.

    Attributes:
        sent: Taken by the providers.
        failed: Will not be sent: refused, tried too often, or too old.
        again: Failed for now; tried again later.
        waiting: Due, but their connection has reached its limit, is paused, refused or not connected.
        refused: Connection -> why nothing can be sent that way before a person acts.
    """

    sent: int = 0
    failed: int = 0
    again: int = 0
    waiting: int = 0
    refused: dict[str, CockpitError] = field(default_factory=dict)


def queue(cursor: PgCursor, rules: PushRules, notice: Notice) -> int:
    """Queue a notice for the channels of its topic that are connected; sent only if the transaction is committed.

    Args:
        cursor: In the transaction of the cause.

    Returns:
        How many messages are new; 0 when it was queued before or the person can be reached by no channel.

    Raises:
        RuleFileError: the topic does not exist.
        TerminalError: a link is no web address.
    """
    topic = rules.topics.get(notice.topic)
    if topic is None:
        raise RuleFileError(_("unknown topic"), found=notice.topic, allowed=", ".join(rules.topics))
    require_link(notice.link)
    require_link(notice.group_link)
    count = 0
    for name in topic.channels:
        rule = rules.channels[name]
        connection = rule.connection_of(notice.recipient)
        is_group = rule.readers == "group"
        text = notice.group_text if is_group else notice.text_markdown
        if connection is None or text is None or not is_defined(connection):
            continue
        title = (topic.label_zh if language() == "zh" else topic.label) if is_group else notice.title
        cursor.execute(
            "insert into push.outbox (idempotency_key, topic, channel, connection, recipient, title, text_markdown,"
            " link, give_up_at) values (%s, %s, %s, %s, %s, %s, %s, %s,"
            " clock_timestamp() + make_interval(secs => %s))"
            " on conflict (idempotency_key, channel, recipient) do nothing",
            (
                notice.key,
                notice.topic,
                name,
                connection,
                "" if is_group else notice.recipient,
                one_line(title, _LONGEST_TITLE),
                clean(text[:_LONGEST_TEXT]),
                notice.group_link if is_group else notice.link,
                rules.delivery.give_up_after_hours * 3600,
            ),
        )
        count += cursor.rowcount
    if count:
        # Heard when the transaction is committed, by those who send.
        cursor.execute(f"notify {_CHANNEL}, '{_QUEUED}'")
    return count


def send_pending(
    connection: PgConnection,
    rules: PushRules,
    channels: Channels,
    people: Resolver,
    *,
    patience_seconds: float = 60.0,
    timing: Timing | None = None,
) -> Sending:
    """Send what is due, as fast as the providers' limits allow; any number of senders may do so at once.

    Args:
        connection: Without an open transaction; used for nothing else meanwhile.
        patience_seconds: So long it waits in all for connections that have reached their limit.

    Raises:
        TransientError: the database breaks off; what was sent before is noted.
    """
    sender = _Sender(connection, rules, channels, people, timing or Timing())
    connection.set_session(isolation_level=ISOLATION_LEVEL_READ_COMMITTED, autocommit=False)
    with database_errors(_WHERE):
        sender.run(patience_seconds)
    result = sender.result
    logger.info(
        "messages: %s sent, %s failed, %s tried again later, %s waiting",
        result.sent, result.failed, result.again, result.waiting,
    )  # fmt: skip
    return result


def forget_texts(connection: PgConnection, delivery: Delivery) -> int:
    """Remove the texts of messages that were sent or given up `keep_texts_days` ago; returns how many."""
    with database_errors(_WHERE), connection, connection.cursor() as cursor:
        cursor.execute(_statement("forget_texts"), {"seconds": delivery.keep_texts_days * 86_400})
        return int(cursor.rowcount)


@dataclass(frozen=True)
class _Claim:
    message_id: int
    attempts: int
    attempt_id: int


@dataclass(frozen=True)
class _Outcome:
    """What came of a try.

    Attributes:
        kind: As in `push.attempt`.
        wait: Seconds until the next one.
        counts: Whether it was the message's own fault.
    """

    kind: Literal["sent", "failed", "again", "limited", "refused"]
    answer: str
    wait: float = 0.0
    counts: bool = True
    error: CockpitError | None = None


class _Sender:
    def __init__(
        self, connection: PgConnection, rules: PushRules, channels: Channels, people: Resolver, timing: Timing
    ) -> None:
        self.result = Sending()
        self._connection = connection
        self._rules = rules
        self._channels = channels
        self._people = people
        self._timing = timing
        # Not tried any more in this run.
        self._closed: set[tuple[str, str]] = set()

    def run(self, patience_seconds: float) -> None:
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(_statement("give_up"), {"tries": self._rules.delivery.tries})
            self.result.failed += cursor.rowcount
        while True:
            wait = self._round()
            if wait is None:
                break
            if wait > patience_seconds:
                break
            # Another sender's try may end before it is counted out.
            nap = min(wait, _LOOK_AGAIN_SECONDS)
            if nap > 0:
                self._timing.sleep(nap)
                patience_seconds -= nap
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from push.outbox"
                " where state = 'queued' and next_try_at <= clock_timestamp() and give_up_at > clock_timestamp()"
            )
            self.result.waiting = int(one_row(cursor)[0])

    def _round(self) -> float | None:
        """Send one message of each connection that may be used; seconds to wait, None when nothing is due."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(_statement("list_due"), {"tries": self._rules.delivery.tries})
            due = [pair for pair in cursor.fetchall() if pair not in self._closed]
        waits = []
        for name, connection in due:
            channel = self._open(name, connection)
            if channel is None:
                self._closed.add((name, connection))
                continue
            claim, wait = self._claim(name, connection, channel.rule)
            waits.append(wait)
            if claim is not None:
                self._deliver(claim, channel, name, connection)
        return min(waits) if waits else None

    def _open(self, name: str, connection: str) -> Channel | None:
        try:
            return self._channels.get(name, connection)
        except CockpitError as error:
            self.result.refused[connection] = error
            return None

    def _claim(self, name: str, connection: str, rule: ChannelRule) -> tuple[_Claim | None, float]:
        """Reserve the next message, and seconds to wait when the connection may not be used yet."""
        values: dict[str, Any] = {
            "channel": name,
            "connection": connection,
            "messages": rule.messages,
            "period": rule.per_seconds,
            "pause": rule.pause_seconds,
            "lease": _lease_seconds(rule),
            "tries": self._rules.delivery.tries,
        }
        with self._connection, self._connection.cursor() as cursor:
            # Counting and reserving are one step, or two senders would both take the last place.
            cursor.execute("select pg_advisory_xact_lock(hashtextextended('push ' || %s, 0))", (connection,))
            cursor.execute(_statement("seconds_to_wait"), values)
            wait = float(one_row(cursor)[0])
            if wait > 0:
                return None, wait
            cursor.execute(_statement("claim"), values)
            row = cursor.fetchone()
        if row is None:
            # Another sender has it, or had it: the next look at what is due shows which.
            return None, _LOOK_AGAIN_SOON_SECONDS
        return _Claim(*row), 0.0

    def _deliver(self, claim: _Claim, channel: Channel, name: str, connection: str) -> None:
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(_statement("lock"), {"message_id": claim.message_id, "attempts": claim.attempts})
            row = cursor.fetchone()
            if row is None:
                return
            outcome = self._try(channel, claim, row)
            state = {"sent": "sent", "failed": "failed"}.get(outcome.kind, "queued")
            cursor.execute(
                _statement("settle"),
                {
                    "message_id": claim.message_id,
                    "attempt_id": claim.attempt_id,
                    "outcome": outcome.kind,
                    "state": state,
                    "counts": outcome.counts,
                    "wait": outcome.wait,
                    "answer": outcome.answer[:_LONGEST_ANSWER],
                },
            )
        self._note(claim, outcome, name, connection)

    def _try(self, channel: Channel, claim: _Claim, row: tuple[Any, ...]) -> _Outcome:
        key, username, title, text, link = row
        recipient = self._people(username) if username else None
        try:
            message = Message(
                recipient or Recipient(username), title or "", text or "", link, f"{key}/{claim.message_id}"
            )
            return _Outcome("sent", channel.send(message).answer)
        except RateLimitedError as error:
            # The pause is the connection's; the message itself is ready as soon as it is over.
            return _Outcome("limited", _short(error), 0.0, counts=False, error=error)
        except ChannelRefusedError as error:
            return _Outcome("refused", _short(error), self._later(1), counts=False, error=error)
        except TransientError as error:
            if claim.attempts >= self._rules.delivery.tries:
                return _Outcome("failed", _short(error), error=error)
            return _Outcome("again", _short(error), self._later(claim.attempts), error=error)
        except CockpitError as error:
            return _Outcome("failed", _short(error), error=error)

    def _later(self, tries: int) -> float:
        return back_off(tries, self._rules.delivery, self._timing)

    def _note(self, claim: _Claim, outcome: _Outcome, name: str, connection: str) -> None:
        match outcome.kind:
            case "sent":
                self.result.sent += 1
                return
            case "failed":
                self.result.failed += 1
            case "again" | "limited":
                self.result.again += 1
            case "refused":
                self.result.again += 1
                self._closed.add((name, connection))
                if outcome.error is not None:
                    self.result.refused[connection] = outcome.error
        # Names of connections may hold user names.
        logger.warning("message %s by %s: %s: %s", claim.message_id, name, outcome.kind, outcome.answer)


def _lease_seconds(rule: ChannelRule) -> float:
    """Longer than any try: connecting, signing on and sending each end after the time-out."""
    return max(60.0, 10 * rule.timeout_seconds)


def _short(error: CockpitError) -> str:
    return f"{error.message} ({error.found})" if error.found is not None else error.message


@functools.cache
def _statement(name: str) -> str:
    return (resources.files("cockpit.push") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
