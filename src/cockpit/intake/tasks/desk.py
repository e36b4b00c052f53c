"""What a link opens, and the answer given by it: the side of the database.

A link is good for one task and one person. The row's lock is held from the look at the task's version to the end of
the answer, so that one link gives one answer, however often it is sent off.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from psycopg2.extensions import connection as PgConnection

from cockpit.domain.task_link import TaskLink, TaskLinkError, read_token
from cockpit.pipelines.recipients import push_rules
from cockpit.pipelines.run_context import run_context
from cockpit.push.link_keys import FILE_NAME, read_link_keys
from cockpit.quality import answers
from cockpit.quality.answers import Author, RowGoneError, Seen
from cockpit.quality.overlay import RowId
from cockpit.rulebook.contract import Check
from cockpit.rulebook.sources import Entity, Source
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.staging import TYPE_CHECK

logger = logging.getLogger(__name__)

Connect: TypeAlias = Callable[[], PgConnection]

# Why a link opens nothing. The last three say that the work is done.
Closed: TypeAlias = Literal["malformed", "forged", "expired", "superseded", "answered", "released", "gone"]

_STATEMENT_SECONDS = 20


class ClosedLinkError(Exception):
    """The link opens nothing (any more).

    Args:
        reason: Why; nothing of the row.
    """

    def __init__(self, reason: Closed) -> None:
        self.reason: Closed = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Reason:
    """A rule that holds the row back."""

    rule_id: str
    message: str
    message_zh: str

    def text(self, lang: str) -> str:
        """What the row's owner reads."""
        return self.message_zh if lang == "zh" else self.message


@dataclass(frozen=True)
class OpenTask:
    """A task that a link opens.

    Attributes:
        may_see_all: The person acts for the owner of the row; others see personal values masked.
        reasons: What holds the row back; never empty.
        checks: The model's checks by rule id.
    """

    task_id: int
    row: RowId
    person: str
    may_see_all: bool
    source: Source
    entity: Entity
    reasons: tuple[Reason, ...]
    checks: Mapping[str, Check]
    seen: Seen

    @property
    def may_be_confirmed(self) -> bool:
        """Whether the row can be right as it is: a value that cannot be read cannot."""
        return all(reason.rule_id != TYPE_CHECK.rule_id for reason in self.reasons)


@dataclass(frozen=True)
class Answer:
    """What a person sent off.

    Attributes:
        kind: What they say about the row.
        version: Of the row that they saw.
        changes: Our name of a column -> its new text.
    """

    kind: Literal["correct", "confirm"]
    version: str
    changes: Mapping[str, str | None]
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of an answer.

    Attributes:
        task: As it was when the answer came.
        is_accepted: False leaves everything as it was.
        needs_approval: A second person looks at it first.
        has_changed: The row is another one than the person saw.
        failing: Checks that the row would still fail.
        values: Its columns in staging as they would be then.
    """

    task: OpenTask
    is_accepted: bool
    needs_approval: bool = False
    has_changed: bool = False
    failing: tuple[Check, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


class Desk:
    """Opens links and takes answers.

    Args:
        workspace: Whose tasks.
        connect: Opens its database with the login for answers.
        secrets: Folder with the key of links.
    """

    def __init__(self, workspace: Workspace, connect: Connect, secrets: Path) -> None:
        self._workspace = workspace
        self._connect = connect
        self._secrets = secrets

    def verify(self, token: str) -> TaskLink:
        """Whether a link is genuine and its time is not over; asks no database.

        Raises:
            ClosedLinkError: it is not.
            StackError: there is no key.
        """
        try:
            return read_token(token, read_link_keys(self._secrets / FILE_NAME), time.time())
        except TaskLinkError as error:
            raise ClosedLinkError(error.reason) from None

    def open(self, link: TaskLink) -> OpenTask:
        """What the link shows.

        Raises:
            ClosedLinkError: the task has been answered, released or handed on.
            RuleFileError: a rule about the row is wrong.
            TransientError: the database is away.
        """
        context = run_context(self._workspace)
        with self._connected() as connection:
            return self._open(connection, context, link)

    def answer(self, link: TaskLink, answer: Answer) -> Outcome:
        """Take an answer.

        Raises:
            ClosedLinkError: as for `open`; somebody else may have been quicker.
            TerminalError: it makes no sense, such as a correction that changes nothing.
            TransientError: the database is away; nothing was kept.
        """
        context = run_context(self._workspace)
        with self._connected() as connection:
            row, _owner = self._row(connection, link)
            with _alone(connection, row):
                task = self._open(connection, context, link)
                if answer.version != task.seen.version:
                    return Outcome(task, is_accepted=False, has_changed=True)
                author = Author(link.person, "link")
                if answer.kind == "confirm":
                    given = answers.confirm(connection, context, row, answer.reason, author)
                else:
                    given = answers.correct(connection, context, row, answer.changes, answer.reason, author)
                values: Mapping[str, Any] = {}
                if given.failing:
                    values = answers.examine(connection, context, row, answer.changes).values
                logger.info("task %s: %s, accepted: %s", link.task_id, answer.kind, given.correction_id is not None)
                return Outcome(
                    task,
                    is_accepted=given.correction_id is not None,
                    needs_approval=given.needs_approval,
                    failing=given.failing,
                    values=values,
                )

    @contextmanager
    def _connected(self) -> Iterator[PgConnection]:
        with closing(self._connect()) as connection:
            with database_errors("quality.task"), connection, connection.cursor() as cursor:
                cursor.execute(f"set statement_timeout = '{_STATEMENT_SECONDS}s'")
            yield connection

    def _open(self, connection: PgConnection, context: BuildContext, link: TaskLink) -> OpenTask:
        row, owner = self._row(connection, link)
        with database_errors("quality.task"), connection, connection.cursor() as cursor:
            cursor.execute(
                "select rule_id, message, message_zh from quality.quarantine"
                " where source = %s and entity = %s and key = %s and released_at is null order by rule_id",
                (row.source, row.entity, row.key),
            )
            reasons = tuple(Reason(*found) for found in cursor.fetchall())
        model = context.graph.models.get(f"stg_{row.source}__{row.entity}")
        if not reasons or model is None:
            # Released a moment ago, or its source has been taken out.
            raise ClosedLinkError("released" if model else "gone")
        try:
            seen = answers.look(connection, context, row)
        except RowGoneError:
            raise ClosedLinkError("gone") from None
        source = context.workspace.source(row.source)
        rules = push_rules(context.workspace)
        return OpenTask(
            task_id=link.task_id,
            row=row,
            person=link.person,
            may_see_all=link.person == owner or (rules is not None and link.person in rules.people_of(owner)),
            source=source,
            entity=source.entities[row.entity],
            reasons=reasons,
            checks={check.rule_id: check for check in model.contract.checks},
            seen=seen,
        )

    def _row(self, connection: PgConnection, link: TaskLink) -> tuple[RowId, str]:
        """The task's row and owner, if the link still counts for it."""
        with database_errors("quality.task"), connection, connection.cursor() as cursor:
            cursor.execute(
                "select source, entity, key, owner, state, link_version from quality.task where task_id = %s",
                (link.task_id,),
            )
            found = cursor.fetchone()
        if found is None:
            raise ClosedLinkError("superseded")
        source, entity, key, owner, state, version = found
        if state in ("released", "gone"):
            raise ClosedLinkError(state)
        if state in ("answered", "waiting"):
            raise ClosedLinkError("answered")
        if version != link.version:
            raise ClosedLinkError("superseded")
        return RowId(source, entity, key), owner


@contextmanager
def _alone(connection: PgConnection, row: RowId) -> Iterator[None]:
    """Hold the lock that every answer about a row takes; the same session may take it again."""
    name = f"{row.raw_table} {row.key}"
    with database_errors("quality.task"), connection, connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtextextended(%s, 1))", (name,))
    # The connection is closed after one answer, which gives the lock back.
    yield
