"""Open the channels of the rules by their connections; the place where another kind of channel is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cockpit.push.dingtalk import DingTalkChannel
from cockpit.push.mail import MailChannel
from cockpit.push.message import Channel
from cockpit.push.timing import Timing
from cockpit.rulebook.push import ChannelRule, DingTalkRule
from cockpit.warehouse.connections import connection_url, is_defined


class Channels(Protocol):
    """Where a sender finds its channels."""

    def get(self, channel: str, connection: str) -> Channel | None:
        """A channel of the rules over one of its connections; None when it is not (or no longer) connected.

        Raises:
            CockpitError: the connection is defined and not usable.
        """


class ConnectedChannels:
    """The channels of the rules, opened when they are needed first."""

    def __init__(self, rules: Mapping[str, ChannelRule], timing: Timing | None = None) -> None:
        self._rules = rules
        self._timing = timing or Timing()
        self._opened: dict[tuple[str, str], Channel] = {}

    def get(self, channel: str, connection: str) -> Channel | None:
        """As in `Channels`."""
        rule = self._rules.get(channel)
        if rule is None or not is_defined(connection):
            return None
        if (channel, connection) not in self._opened:
            self._opened[channel, connection] = self._open(rule, connection)
        return self._opened[channel, connection]

    def _open(self, rule: ChannelRule, connection: str) -> Channel:
        url = connection_url(connection)
        if isinstance(rule, DingTalkRule):
            return DingTalkChannel(rule, url, connection, self._timing)
        return MailChannel(rule, url, connection, self._timing)
