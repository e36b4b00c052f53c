"""Tell people about rows that are held back: each gets links to tasks of theirs, in the outbox and then sent."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.task_link import TaskLink, make_token
from cockpit.errors import CockpitError, TerminalError
from cockpit.i18n import _, language
from cockpit.pipelines.recipients import push_rules, resolver
from cockpit.pipelines.workspace import prepare_once
from cockpit.push.channels import ConnectedChannels
from cockpit.push.link_keys import FILE_NAME, read_link_keys
from cockpit.push.markup import inert
from cockpit.push.message import Resolver
from cockpit.push.outbox import Notice, Sending, forget_texts, queue, send_pending
from cockpit.rulebook.push import PushRules
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.connections import connect, is_defined
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext

log = logging.getLogger(__name__)

TOPIC = "quality_task"
TOTALS = "quality_task_totals"
_DEFAULT_URL = "http://127.0.0.1:8090"
_LONGEST_KEY = 40


@dataclass(frozen=True)
class Told:
    """What became of the open tasks of a source.

    Attributes:
        waiting: Open tasks.
        links: New links in messages.
        messages: New messages in the outbox, over all channels.
        unreachable: Tasks for whose people no channel is connected or no address is known; they wait in the desk.
    """

    waiting: int = 0
    links: int = 0
    messages: int = 0
    unreachable: int = 0


@dataclass(frozen=True)
class _Task:
    task_id: int
    link_version: int
    entity: str
    key: str
    owner: str
    messages: tuple[str, ...]
    messages_zh: tuple[str, ...]
    told: frozenset[str]


@dataclass
class _Share:
    """Tasks of one person: those with a link that still opens them, and those without."""

    linked: int = 0
    new: list[_Task] = field(default_factory=list)


@dataclass(frozen=True)
class IssuedLink:
    """A link for one person."""

    address: str
    person: str
    expires_at: datetime


def tell_owners(context: BuildContext, source: str) -> Told:
    """Queue messages about the open tasks of a source; nobody is told twice while a link is good.

    A person holds at most so many links at a time as the rules say. The other tasks are counted in the message, and
    get their links when these are answered.

    Raises:
        RuleFileError: the rules about messages are wrong.
        StackError: there is no key to sign links with.
        TransientError: the database broke off; nothing was queued.
    """
    prepare_once(context)
    rules = push_rules(context.workspace)
    return _tell(context, rules, source) if rules else Told()


def tell_quietly(context: BuildContext, sources: Iterable[str]) -> int:
    """Tell the owners of some sources; a failure is logged and no more, because the data do not wait for messages.

    Args:
        context: Of a workspace that has been prepared.

    Returns:
        The number of new messages in the outbox.
    """
    messages = 0
    try:
        rules = push_rules(context.workspace)
        for source in sources if rules else ():
            messages += _tell(context, rules, source).messages if rules else 0
    except CockpitError as error:
        log.warning("people were not told about rows that are held back: %s", error)
    return messages


def send_quietly(context: BuildContext) -> None:
    """Send what is due where nobody else does; a failure is logged, and the messages wait for the next run."""
    try:
        send_messages(context)
    except CockpitError as error:
        log.warning("people were not told about rows that are held back: %s", error)


def _tell(context: BuildContext, rules: PushRules, source: str) -> Told:
    with (
        database_errors("push.outbox"),
        closing(connect(context.workspace.settings.warehouse)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        # Two sources that tell at the same time would count a person's links wrongly.
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('cockpit tell owners', 0))")
        told = _Teller(cursor, context, rules, source).run()
    if told.unreachable:
        log.info(
            "%s: %d of %d open tasks wait in the desk: no connected channel reaches their people",
            source, told.unreachable, told.waiting,
        )  # fmt: skip
    if told.messages:
        log.info("%s: %d links in %d messages", source, told.links, told.messages)
    return told


def send_messages(context: BuildContext, *, patience_seconds: float = 60.0) -> Sending:
    """Send what is due in the outbox and remove texts that are old enough.

    Raises:
        CockpitError: nothing can be sent by a connection before a person acts; the others were used.
        TransientError: the database broke off.
    """
    prepare_once(context)
    rules = push_rules(context.workspace)
    if rules is None:
        return Sending()
    with closing(connect(context.workspace.settings.warehouse)) as connection:
        with database_errors("push.outbox"), connection, connection.cursor() as cursor:
            people = resolver(cursor, context)
        channels = ConnectedChannels(rules.channels)
        sending = send_pending(connection, rules, channels, people, patience_seconds=patience_seconds)
        forget_texts(connection, rules.delivery)
    for error in sending.refused.values():
        raise error
    return sending


def issue_link(context: BuildContext, task_id: int, person: str | None = None) -> IssuedLink:
    """Make a link to an open task, to hand over or to try out; whoever was sent one can still use theirs.

    Args:
        person: Who answers by it; the first person that acts for the task's owner when None.

    Raises:
        TerminalError: there is no such open task.
        StackError: there is no key to sign links with.
    """
    rules = push_rules(context.workspace)
    with (
        database_errors("quality.task"),
        closing(connect(context.workspace.settings.warehouse)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "select owner, link_version from quality.task where task_id = %s and state = 'open' and closed_at is null",
            (task_id,),
        )
        found = cursor.fetchone()
        if found is None:
            raise TerminalError(
                _("there is no open task of this number"), found=task_id, fix=_("See './cockpit tasks list'.")
            )
        owner, version = found
        who = person or (rules.people_of(owner)[0] if rules else owner)
        hours = rules.tasks.valid_hours if rules else 24.0
        expires_at = _now(cursor) + timedelta(hours=hours)
    return IssuedLink(_address(task_id, who, version, expires_at, _keys()), who, expires_at)


@dataclass(frozen=True)
class OpenTask:
    """A row that waits for an answer.

    Attributes:
        message: Of the first rule that holds it back, in English; `message_zh` in Chinese.
    """

    task_id: int
    source: str
    entity: str
    key: str
    owner: str
    state: str
    message: str
    message_zh: str


def open_tasks(workspace: Workspace, owner: str | None, limit: int) -> tuple[int, list[OpenTask]]:
    """How many tasks wait, and the newest of them.

    Args:
        owner: Only those of this owner; all when None.
    """
    with (
        database_errors("quality.task"),
        closing(connect(workspace.settings.warehouse)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select to_regclass('quality.task') is null")
        if one_row(cursor)[0]:
            return 0, []
        statement = (Path(__file__).parent / "open_tasks.sql").read_text(encoding="utf-8")
        cursor.execute(statement, {"owner": owner, "limit": limit})
        tasks = [OpenTask(*row) for row in cursor.fetchall()]
        cursor.execute(
            "select count(*) from quality.task where closed_at is null and state = 'open'"
            " and (%(owner)s is null or owner = %(owner)s)",
            {"owner": owner},
        )
        return int(one_row(cursor)[0]), tasks


class _Teller:
    """One source's tasks within one transaction."""

    def __init__(self, cursor: PgCursor, context: BuildContext, rules: PushRules, source: str) -> None:
        self._cursor = cursor
        self._context = context
        self._rules = rules
        self._source = source
        self._people: Resolver = resolver(cursor, context)
        # A hundred thousand tasks belong to a few owners.
        self._acting: dict[tuple[str, str], list[str]] = {}
        self._expires_at = _now(cursor) + timedelta(hours=rules.tasks.valid_hours)

    def run(self) -> Told:
        tasks = self._open_tasks()
        shares, unreachable = self._shares(tasks)
        links = messages = 0
        for person, share in sorted(shares.items()):
            chosen = share.new[: max(0, self._rules.tasks.links - share.linked)]
            if not chosen:
                continue
            queued = self._queue(person, chosen, len(share.new) - len(chosen))
            if not queued:
                unreachable |= {task.task_id for task in share.new}
                continue
            links += len(chosen)
            messages += queued
        messages += self._queue_totals(len(tasks), links) if links or unreachable else 0
        return Told(len(tasks), links, messages, len(unreachable))

    def _open_tasks(self) -> list[_Task]:
        statement = (Path(__file__).parent / "untold_tasks.sql").read_text(encoding="utf-8")
        self._cursor.execute(statement, {"source": self._source})
        return [
            _Task(task_id, version, entity, key, owner, tuple(english), tuple(chinese), frozenset(told))
            for task_id, version, entity, key, owner, english, chinese, told in self._cursor.fetchall()
            # A table that has been taken out of its source has nobody to be told.
            if entity in self._context.workspace.source(self._source).entities
        ]

    def _shares(self, tasks: Iterable[_Task]) -> tuple[Mapping[str, _Share], set[int]]:
        """Tasks by person, and the numbers of those for which nobody can be reached."""
        shares: dict[str, _Share] = defaultdict(_Share)
        unreachable: set[int] = set()
        for task in tasks:
            place = (task.owner, task.entity)
            if place not in self._acting:
                self._acting[place] = self._people_for(*place)
            people = self._acting[place]
            if not people:
                unreachable.add(task.task_id)
            for person in people:
                if person in task.told:
                    shares[person].linked += 1
                else:
                    shares[person].new.append(task)
        for person, share in shares.items():
            share.linked += self._links_of_other_sources(person)
        return shares, unreachable

    def _people_for(self, owner: str, entity_name: str) -> list[str]:
        """Who acts for the owner; who acts for the table's owner where that person cannot be reached."""
        source = self._context.workspace.source(self._source)
        for name in (owner, source.entities[entity_name].owner or source.owner):
            reached = [person for person in self._rules.people_of(name) if self._is_reachable(person)]
            if reached:
                return reached
        return []

    def _is_reachable(self, person: str) -> bool:
        known = self._people(person)
        topic = self._rules.topics.get(TOPIC)
        for name in topic.channels if topic else ():
            rule = self._rules.channels[name]
            connection = rule.connection_of(person)
            if rule.readers == "group" or connection is None or not is_defined(connection):
                continue
            if rule.kind != "email" or (known is not None and known.email):
                return True
        return False

    def _links_of_other_sources(self, person: str) -> int:
        self._cursor.execute(
            "select count(distinct notice.task_id) from quality.notice as notice"
            " inner join quality.task as task using (task_id, link_version)"
            " where notice.person = %s and notice.expires_at > clock_timestamp() and task.source <> %s"
            " and task.state = 'open' and task.closed_at is null",
            (person, self._source),
        )
        return int(one_row(self._cursor)[0])

    def _queue(self, person: str, tasks: list[_Task], more: int) -> int:
        """Queue one message with the links of these tasks; nothing is kept when no channel is connected."""
        self._cursor.execute("savepoint notice")
        numbers = []
        for task in tasks:
            self._cursor.execute(
                "insert into quality.notice (task_id, link_version, person, expires_at) values (%s, %s, %s, %s)"
                " returning notice_id",
                (task.task_id, task.link_version, person, self._expires_at),
            )
            numbers.append(int(one_row(self._cursor)[0]))
        keys = _keys()
        notice = Notice(
            key=f"{TOPIC}/{numbers[0]}",
            topic=TOPIC,
            recipient=person,
            title=_("{count} rows to correct or confirm", count=len(tasks) + more),
            text_markdown=self._text(tasks, more),
            link="\n".join(_address(task.task_id, person, task.link_version, self._expires_at, keys) for task in tasks),
        )
        queued = queue(self._cursor, self._rules, notice)
        self._cursor.execute("release savepoint notice" if queued else "rollback to savepoint notice")
        return queued

    def _text(self, tasks: list[_Task], more: int) -> str:
        lines = [_("These rows do not pass a check and are missing in reports until you correct or confirm them.")]
        lines.append("")
        for number, task in enumerate(tasks, start=1):
            reasons = task.messages_zh if language() == "zh" else task.messages
            place = f"**{number}** " if len(tasks) > 1 else ""
            lines.append(f"- {place}{inert(self._row_name(task))}: {inert('; '.join(reasons), 400)}")
        lines.append("")
        if more:
            lines.append(
                _("{count} more wait; they follow when these are answered. A data steward helps with many.", count=more)
            )
        until = self._expires_at.astimezone(self._context.workspace.zone).strftime("%Y-%m-%d %H:%M")
        lines.append(_("The links are for you alone and open until {until}. Do not pass them on.", until=until))
        return "\n".join(lines)

    def _row_name(self, task: _Task) -> str:
        """What the person knows the row by; a key that is personal or made by us is left out."""
        source = self._context.workspace.source(self._source)
        title = source.title_zh if language() == "zh" else source.title
        entity = source.entities[task.entity]
        is_plain = entity.key != "line" and all(
            entity.columns[column].sensitivity != "personal" for column in entity.key
        )
        key = f" {task.key}" if is_plain and len(task.key) <= _LONGEST_KEY else ""
        return f"{title} {task.entity}{key}"

    def _queue_totals(self, waiting: int, new: int) -> int:
        """Tell groups how many rows wait, once a business day; no row is named."""
        if TOTALS not in self._rules.topics:
            return 0
        source = self._context.workspace.source(self._source)
        title = source.title_zh if language() == "zh" else source.title
        text = _("{source}: {count} rows wait for an answer, {new} of them new.", source=title, count=waiting, new=new)
        day = self._context.parameters()["business_date"]
        notice = Notice(f"{TOTALS}/{self._source}/{day}", TOTALS, "", text, "", group_text=text)
        return queue(self._cursor, self._rules, notice)


def _now(cursor: PgCursor) -> datetime:
    # Links live in real time, whatever business time a run is for.
    cursor.execute("select clock_timestamp()")
    moment: datetime = one_row(cursor)[0]
    return moment


def _keys() -> tuple[bytes, ...]:
    return read_link_keys(Path(os.environ.get("COCKPIT_HOME", ".cockpit")) / "secrets" / FILE_NAME)


def _address(task_id: int, person: str, version: int, expires_at: datetime, keys: tuple[bytes, ...]) -> str:
    token = make_token(TaskLink(task_id, person, version, int(expires_at.timestamp())), keys)
    return f"{os.environ.get('COCKPIT_TASK_URL', _DEFAULT_URL).rstrip('/')}/tasks/{token}"
