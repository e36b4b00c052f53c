"""A message to one person, and what a channel does with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _
from cockpit.rulebook.push import ChannelRule
from cockpit.rulebook.security import Person

# No brackets, quotes or spaces: it stands in Markdown and HTML as it is.
_LINK = re.compile(r"https?://[A-Za-z0-9\-._~:/?#@!$&*+,;=%]+", re.ASCII)
_LONGEST_LINK = 2000


@dataclass(frozen=True)
class Recipient:
    """A person and how to reach them; a channel uses what it needs.

    Attributes:
        username: Empty for a message to a group.
    """

    username: str
    name: str = field(default="", repr=False)
    email: str | None = field(default=None, repr=False)
    mobile: str | None = field(default=None, repr=False)


Resolver: TypeAlias = Callable[[str], Recipient | None]


@dataclass(frozen=True)
class Message:
    """What is sent.

    Attributes:
        title: One line.
        text_markdown: Paragraphs, `#` headings, `-` lists, `>` quotes and `**bold**`. It cannot hold links: what looks
            like one is shown and leads nowhere.
        link: The only address that can be followed; several stand one per line.
        key: Names the message, so that a mail server can tell a repeated one; not shown.
    """

    recipient: Recipient
    title: str
    text_markdown: str = field(repr=False)
    # A signed link is a key to a task.
    link: str | None = field(default=None, repr=False)
    key: str = ""

    def __post_init__(self) -> None:
        require_link(self.link)

    def links(self) -> list[tuple[str, str]]:
        """Label and address of each link; several are numbered."""
        links = self.link.split("\n") if self.link else []
        if len(links) == 1:
            return [(_("Open"), links[0])]
        return [(_("Open {number}", number=number), link) for number, link in enumerate(links, start=1)]


@dataclass(frozen=True)
class Receipt:
    """What a provider said when it took a message: no secrets, no personal data."""

    answer: str


class Channel(Protocol):
    """One way to people, signed on and paced."""

    @property
    def rule(self) -> ChannelRule:
        """What the rules say about it."""

    def send(self, message: Message) -> Receipt:
        """Hand a message over to the provider; after an error it may have arrived none the less.

        Raises:
            RateLimitedError: the provider takes no more for a while.
            TransientError: no answer, a time-out, or the provider has a fault.
            ChannelRefusedError: no message at all can be sent this way before a person acts.
            TerminalError: this message cannot be sent: unknown recipient, or its text is refused.
        """


class RateLimitedError(TransientError):
    """The provider takes no more messages for a while.

    Args:
        wait_seconds: For how long.
    """

    def __init__(self, message: str, wait_seconds: float, **parts: str) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(message, where=parts.get("where"), found=parts.get("found"), fix=parts.get("fix"))


class ChannelRefusedError(TerminalError):
    """The channel itself is refused: signature, password, certificate or address; every message would be."""


def require_link(link: str | None) -> None:
    """Refuse what is no plain web address, or several, one per line.

    Raises:
        TerminalError: the message never holds the address, which may be a key.
    """
    if link is not None and not all(len(one) <= _LONGEST_LINK and _LINK.fullmatch(one) for one in link.split("\n")):
        raise TerminalError(_("the link of a message is no web address"), allowed="https://host/path")


def make_resolver(*directories: Mapping[str, Recipient]) -> Resolver:
    """Look people up in several directories; an address that one does not know is taken from the next."""

    def resolve(username: str) -> Recipient | None:
        entries = [directory[username] for directory in directories if username in directory]
        if not entries:
            return None
        return Recipient(
            username,
            name=next((entry.name for entry in entries if entry.name), ""),
            email=next((entry.email for entry in entries if entry.email), None),
            mobile=next((entry.mobile for entry in entries if entry.mobile), None),
        )

    return resolve


def directory_of_people(people: Mapping[str, Person]) -> dict[str, Recipient]:
    """The people of `include/rules/security/people.yml`."""
    return {
        username: Recipient(username, name=person.name_zh or person.name, email=person.email)
        for username, person in people.items()
    }
