"""Who gets which messages, by which channel and how fast: `include/rules/push`."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load

# Place in the name of a connection for the user name.
PERSON = "{person}"
# Only these have a name of their own among connections, where `.` becomes `_`.
_PLAIN_USERNAME = re.compile(r"[a-z0-9]+(\.[a-z0-9]+)*", re.ASCII)


class ChannelBase(Rule):
    """What all channels have.

    Attributes:
        connection: Its connection; for a DingTalk robot of a single person with the place `{person}`.
        readers: person: nobody but the recipient reads it. group: others read it too, so that it never carries rows
            or links of one person, only totals.
        messages: So many in any `per_seconds` at most, all processes together.
        pause_seconds: For how long nothing is sent after the provider said that it was too much.
        timeout_seconds: Longest wait for the provider.
        max_bytes: Of a whole message; a longer text is cut.
    """

    connection: str
    readers: Literal["person", "group"]
    messages: int = Field(ge=1, le=10_000)
    per_seconds: float = Field(gt=0, le=86_400)
    pause_seconds: float = Field(ge=0, le=86_400)
    timeout_seconds: float = Field(gt=0, le=300)
    max_bytes: int = Field(ge=2_000, le=10_000_000)

    @field_validator("connection")
    @classmethod
    def _a_name(cls, connection: str) -> str:
        if not re.fullmatch(IDENTIFIER, connection.replace(PERSON, "x")):
            raise ValueError(_("{name} is no name of a connection", name=connection))
        return connection

    def connection_of(self, username: str) -> str | None:
        """The connection by which a person is reached; None for a user name that cannot stand in one."""
        if PERSON not in self.connection:
            return self.connection
        if not _PLAIN_USERNAME.fullmatch(username):
            return None
        return self.connection.replace(PERSON, username.replace(".", "_"))


class DingTalkRule(ChannelBase):
    """A robot of a DingTalk group.

    Attributes:
        keyword: Put into each message when the robot asks for one.
    """

    kind: Literal["dingtalk"]
    keyword: str = ""

    @model_validator(mode="after")
    def _readers_fit(self) -> DingTalkRule:
        if (self.readers == "person") != (PERSON in self.connection):
            message = _(
                "a robot is read by its whole group: 'readers: person' needs one robot each, 'connection: ...{person}'"
            )
            raise MisfitError(message, "readers")
        return self


class EmailRule(ChannelBase):
    """Electronic mail.

    Attributes:
        sender: Address that messages come from.
        sender_name: Shown beside it.
    """

    kind: Literal["email"]
    readers: Literal["person"] = "person"
    sender: str = Field(pattern=r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$")
    sender_name: str
    sender_name_zh: str

    @field_validator("connection")
    @classmethod
    def _one_server(cls, connection: str) -> str:
        if PERSON in connection:
            raise ValueError(_("all mail goes through one connection"))
        return connection


ChannelRule: TypeAlias = Annotated[DingTalkRule | EmailRule, Field(discriminator="kind")]


class Delivery(Rule):
    """How often and for how long a message is tried.

    Attributes:
        tries: So many failed ones, and it is given up.
        first_wait_seconds: After the first failed try; doubled after each further one.
        longest_wait_seconds: Between two tries.
        give_up_after_hours: Older messages are not sent any more.
        keep_texts_days: Texts of messages that were sent or given up are removed after that time.
    """

    tries: int = Field(ge=1, le=100)
    first_wait_seconds: float = Field(gt=0)
    longest_wait_seconds: float = Field(gt=0)
    give_up_after_hours: float = Field(gt=0)
    keep_texts_days: float = Field(ge=0)


class ChannelsFile(Rule):
    """Contents of `channels.yml`."""

    version: int = 1
    delivery: Delivery
    channels: dict[str, ChannelRule] = Field(min_length=1)


class Topic(Rule):
    """A kind of message.

    Attributes:
        label: Title of what a group reads.
        channels: All of them are used, as far as they are connected.
    """

    label: str
    label_zh: str
    channels: tuple[str, ...] = Field(min_length=1)


class TaskMessages(Rule):
    """How owners are told about rows that are held back.

    Attributes:
        links: So many tasks of one person have a link in one message; the others are counted.
        valid_hours: A link opens its task for that time.
    """

    links: int = Field(default=5, ge=1, le=20)
    valid_hours: float = Field(default=168, gt=0, le=24 * 90)


class TopicsFile(Rule):
    """Contents of `topics.yml`.

    Attributes:
        tasks: Messages about rows that are held back.
        teams: Owner as sources and models name it -> user names of the people who act for it.
    """

    version: int = 1
    topics: dict[str, Topic] = Field(min_length=1)
    tasks: TaskMessages = TaskMessages()
    teams: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class PushRules(Rule):
    """Both files, checked against each other."""

    delivery: Delivery
    channels: dict[str, ChannelRule]
    topics: dict[str, Topic]
    teams: dict[str, tuple[str, ...]]
    tasks: TaskMessages = TaskMessages()

    def people_of(self, owner: str) -> tuple[str, ...]:
        """User names of a team; anybody else stands for themselves."""
        return self.teams.get(owner, (owner,))


def load_push(folder: Path, people: Collection[str] | None = None) -> PushRules:
    """Read channels.yml and topics.yml of a folder.

    Args:
        people: All user names that teams may hold; not looked at when None.

    Raises:
        RuleFileError: a file is wrong, or names a channel or person that does not exist.
    """
    channels = load(folder / "channels.yml", ChannelsFile)
    topics = load(folder / "topics.yml", TopicsFile)
    where = str(folder / "topics.yml")
    for name, topic in topics.topics.items():
        unknown = sorted(set(topic.channels) - set(channels.channels))
        if unknown:
            raise RuleFileError(
                _("topic {name} has an unknown channel", name=name),
                where=where,
                found=", ".join(unknown),
                allowed=", ".join(channels.channels),
            )
    for name, members in topics.teams.items():
        strangers = sorted(set(members) - set(members if people is None else people))
        if strangers:
            raise RuleFileError(
                _("team {name} has an unknown member", name=name), where=where, found=", ".join(strangers)
            )
    return PushRules(
        delivery=channels.delivery,
        channels=channels.channels,
        topics=topics.topics,
        teams=topics.teams,
        tasks=topics.tasks,
    )
